"""A probe process with the toy's catalogue."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from steps.probe_process import main
from tests.crash import toy

COMMAND = (sys.executable, "-P", __file__)

if __name__ == "__main__":
    sys.exit(main(toy.find, toy.no_targets))

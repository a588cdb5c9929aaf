"""A runner with the toy's catalogue: what a launcher of the tests starts."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from steps.run.runner import World, main
from tests.crash import toy

WORLD = World(find=toy.find, open_targets=toy.no_targets)
COMMAND = (sys.executable, "-P", __file__)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], WORLD))

"""`rekindle attach` on a run of the test's own, as a program of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from tui.app import run_attached

if __name__ == "__main__":
    sys.exit(run_attached(Path(sys.argv[1])))

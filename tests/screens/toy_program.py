"""The wizard on the toy procedure, as a program of its own: for tests in a real terminal."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.screens.support import ToyService, home_app
from tui.app import run_app


def main() -> int:
    """Run it; the argument is the folder of its runs."""
    service = ToyService(Path(sys.argv[1]))
    app = home_app(service)
    return run_app(app, mouse=False)


if __name__ == "__main__":
    sys.exit(main())

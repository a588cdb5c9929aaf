"""The wizard on the toy procedure, as a program of its own: for tests in a real terminal."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.screens.support import ToyService
from tests.screens.toy import SITE
from tui.app import RekindleApp, run_app
from tui.screens.home import HomeScreen


def main() -> int:
    """Run it; the argument is the folder of its runs."""
    service = ToyService(Path(sys.argv[1]))
    app = RekindleApp(
        service, first=lambda: HomeScreen(SITE, service.procedures(), service.runs)
    )
    return run_app(app, mouse=False)


if __name__ == "__main__":
    sys.exit(main())

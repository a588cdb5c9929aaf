"""Plain mode on the deploy interview, as a program of its own: its folder, the generation."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.screens.deploy_interview import PROCEDURE, SITE, DeployService
from tests.screens.test_deploy_interview import ERAS, prepared
from tui.plain import PlainWalk
from tui.plain_lines import Left, Lines


class Interviewed(PlainWalk):
    """The interview alone: what comes after it is another's test."""

    def _look(self) -> bool:
        return False


def main() -> int:
    """Walk through the interview until the input ends."""
    era = sys.argv[2]
    service = DeployService(Path(sys.argv[1]), era, ERAS[era][0])
    session = prepared(era)
    assert session.procedure is PROCEDURE
    assert session.site is SITE
    try:
        return Interviewed(Lines(), service, session).go()
    except Left:
        return 130


if __name__ == "__main__":
    sys.exit(main())

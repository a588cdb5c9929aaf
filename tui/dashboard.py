"""The way to the dashboard from Home, and from there to a repair."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from config.site import Site
from tui.screens.dashboard import DashboardScreen
from tui.widgets.place import Place
from tui.wizard import show, unlock

if TYPE_CHECKING:
    from steps.virtual_machine.dashboard.board import Board
    from tui.app import RekindleApp
    from tui.session import Session

PROCEDURE = "virtual_machine.repair"


async def open_dashboard(app: RekindleApp, site: Site) -> None:
    """Get the site's secrets, then look and show. Esc comes back."""
    service = app.service
    assert service is not None
    if not await unlock(app, service, site):
        return

    def look(cancel: threading.Event) -> Board:
        from steps import catalogue
        from steps.virtual_machine.dashboard.board import Board

        return Board.from_json(service.survey(catalogue.find(PROCEDURE), {}, cancel))

    place = Place("Rekindle", site=site.name, drill=site.practice)
    await show(app, DashboardScreen(place, site, look))


def repair_session(wanted: DashboardScreen.Repair) -> Session:
    """A repair with machine and iteration answered already."""
    from steps import catalogue
    from tui.session import Session

    answers = {"machine": wanted.machine, "leaf": wanted.leaf}
    return Session(wanted.site, catalogue.find(PROCEDURE), dict(answers))

"""The pictures of the README: the real wizard on a practice site, from Home to the report.

`make screenshots` runs it. Everything lies below one temporary folder, which is removed at the end;
in the pictures that folder reads as the one a host would use.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

FOLDER = Path(__file__).parents[1] / "screenshots"
SIZE = (80, 24)
AS_ON_A_HOST = "/var/lib/rekindle"
PATIENCE = 120.0


def temporary_home() -> Path:
    """A folder whose path is as long as the one it stands for, so that columns stay in place."""
    random_part = 8
    room = len(AS_ON_A_HOST) - len(tempfile.gettempdir()) - 1 - random_part
    home = Path(tempfile.mkdtemp(prefix="rekindle"[:room]))
    if len(str(home)) != len(AS_ON_A_HOST):
        home.rmdir()
        raise ValueError(f"{home} is not as long as {AS_ON_A_HOST}: set TMPDIR to /tmp.")
    return home


class Album:
    """Writes pictures of the screen in front."""

    def __init__(self, home: Path) -> None:
        self._home = str(home)

    def take(self, pilot: Pilot[Any], name: str) -> None:
        """Write NAME.svg, with nothing of this machine in it and nothing to be fetched."""
        svg = pilot.app.export_screenshot(title="Rekindle")
        svg = re.sub(r"@font-face\s*{[^}]*}", "", svg).replace("Fira Code,", "")
        # The screen shortens a path, so any beginning of it may stand there.
        for length in range(len(self._home), len(tempfile.gettempdir()), -1):
            svg = svg.replace(self._home[:length], AS_ON_A_HOST[:length])
        # Identifiers that differ from picture to picture would make every picture a change.
        svg = re.sub(r"terminal-\d+", "terminal", svg)
        (FOLDER / f"{name}.svg").write_text(svg)
        print(f"screenshots/{name}.svg")


def text_of(pilot: Pilot[Any]) -> str:
    """What stands on the screen."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def screen(pilot: Pilot[Any], name: str, word: str = "") -> None:
    """Wait for the screen of that class, with that word on it."""
    end = time.monotonic() + PATIENCE
    while type(pilot.app.screen).__name__ != name or word not in text_of(pilot):
        if time.monotonic() > end:
            raise TimeoutError(f"{name} {word!r} never came:\n{text_of(pilot)}")
        await asyncio.sleep(0.05)
    await pilot.pause()


async def picture_of_home(site: Any, service: Any, album: Album) -> None:
    """Home, the cursor on its first procedure."""
    from tui.app import RekindleApp
    from tui.screens.home import HomeScreen

    app = RekindleApp(
        lambda: HomeScreen(lambda: site, service.procedures, service.runs), service=service
    )
    async with app.run_test(size=SIZE) as pilot:
        await screen(pilot, "HomeScreen", "Restore a machine")
        album.take(pilot, "home")


async def pictures_of_a_restore(session: Any, service: Any, scenario: Any, album: Album) -> None:
    """Interview, conflicts, review, run, report."""
    from tui.app import RekindleApp

    app = RekindleApp(service=service, main=lambda app: app.walk(session))
    async with app.run_test(size=SIZE) as pilot:
        await screen(pilot, "InterviewScreen", " ok ")
        while "checking" in text_of(pilot):
            await asyncio.sleep(0.1)
        album.take(pilot, "interview")
        await pilot.press("f2")
        await decide(pilot, scenario, album)
        await pilot.press("f2")
        await screen(pilot, "ReviewScreen")
        album.take(pilot, "review")
        await start(pilot)
        await watch(pilot, scenario, album)
        album.take(pilot, "report")
        await pilot.press("escape")


async def decide(pilot: Pilot[Any], scenario: Any, album: Album) -> None:
    """Decide as the scenario says; the picture is taken half way, on a row with a story."""
    from tui.widgets.conflict_words import KEYS

    await screen(pilot, "ConflictsScreen")
    wanted = scenario.resolutions()
    view: Any = pilot.app.screen
    while view.desk.conflicts.still_open(view.desk.decided):
        row = view.query_one("ConflictTable").current
        if row == "net0.mac":
            album.take(pilot, "conflicts")
        await pilot.press(KEYS[wanted[row].decision])
        await pilot.pause()


async def start(pilot: Pilot[Any]) -> None:
    """Type the name where it is asked for, and press the button."""
    view: Any = pilot.app.screen
    for line in view.query("#typed"):
        line.value = view._plan.confirm_by_typing
    view.query_one("#start").focus()
    await pilot.press("enter")


async def watch(pilot: Pilot[Any], scenario: Any, album: Album) -> None:
    """Answer the run's questions until the report is there; one picture while it works."""
    from tui.widgets.pick_list import PickList

    taken = False
    end = time.monotonic() + PATIENCE
    while type(pilot.app.screen).__name__ != "ReportScreen":
        text = text_of(pilot)
        if not taken and len(re.findall(r"^ +done ", text, re.MULTILINE)) >= 7:
            album.take(pilot, "run")
            taken = True
        for choices in pilot.app.screen.query("#choices").results(PickList):
            known = {option.id for option in choices.options} & set(scenario.prompts.values())
            if known:
                choices.pick(known.pop() or "")
                choices.focus()
                await pilot.press("enter")
        if time.monotonic() > end:
            raise TimeoutError(f"the run does not end:\n{text}")
        await asyncio.sleep(0.05)
    await screen(pilot, "ReportScreen", "web01")


async def pictures_of_a_night(site: Any, service: Any, session: Any, album: Album) -> None:
    """What is stuck, the machines, and the run of a night with a lane for each."""
    from tui.app import RekindleApp
    from tui.screens.home import HomeScreen

    app = RekindleApp(
        lambda: HomeScreen(lambda: site, service.procedures, service.runs), service=service
    )
    async with app.run_test(size=SIZE) as pilot:
        await screen(pilot, "HomeScreen", "Back up machines")
        await pilot.press("b")
        await screen(pilot, "DashboardScreen", "db02")
        album.take(pilot, "backups")
        await pilot.press("escape")
        await screen(pilot, "HomeScreen", "Back up machines")
        await pilot.press("m")
        await screen(pilot, "MachinesScreen", "db02")
        album.take(pilot, "machines")
    app = RekindleApp(service=service, main=lambda app: app.walk(session))
    async with app.run_test(size=SIZE) as pilot:
        await screen(pilot, "InterviewScreen")
        await pilot.press("f2")
        await screen(pilot, "ReviewScreen", "steps, about")
        await start(pilot)
        await lanes(pilot, album)
        await screen(pilot, "ReportScreen")
        await pilot.press("escape")


async def lanes(pilot: Pilot[Any], album: Album) -> None:
    """One picture once some machines have their snapshot and others are at it."""
    end = time.monotonic() + PATIENCE
    while "Snapshot" not in text_of(pilot) or type(pilot.app.screen).__name__ != "RunScreen":
        if time.monotonic() > end:
            raise TimeoutError(f"no snapshot is taken:\n{text_of(pilot)}")
        await asyncio.sleep(0.05)
    await asyncio.sleep(4.0)
    album.take(pilot, "lanes")


async def pictures_of_a_lost_engine(
    site: Any, service: Any, session: Any, scenario: Any, archive: Path, album: Album
) -> None:
    """What its backup holds; what stands in the way of a restore, and the plan of it."""
    from tui.app import RekindleApp
    from tui.screens.home import HomeScreen
    from tui.widgets.conflict_words import KEYS

    app = RekindleApp(
        lambda: HomeScreen(lambda: site, service.procedures, service.runs), service=service
    )
    async with app.run_test(size=SIZE) as pilot:
        await screen(pilot, "HomeScreen", "Restore a machine")
        await pilot.press("i")
        await screen(pilot, "InspectScreen")
        pilot.app.screen.query_one("#archive", Input).value = str(archive)
        await pilot.press("enter")
        await screen(pilot, "InspectionScreen", "[Summary]")
        album.take(pilot, "inspection")
    app = RekindleApp(service=service, main=lambda app: app.walk(session))
    async with app.run_test(size=SIZE) as pilot:
        await screen(pilot, "InterviewScreen", " ok ")
        await to("ConflictsScreen", pilot)
        album.take(pilot, "engine-conflicts")
        view: Any = pilot.app.screen
        wanted = scenario.resolutions()
        while view.desk.conflicts.still_open(view.desk.decided):
            await pilot.press(KEYS[wanted[view.query_one("ConflictTable").current].decision])
            await pilot.pause()
        await pilot.press("f2")
        await screen(pilot, "ReviewScreen")
        album.take(pilot, "engine-review")


async def run_from(pilot: Pilot[Any], answered: str) -> None:
    """Go from an interview that shows so to the run."""
    await screen(pilot, "InterviewScreen", answered)
    await to("ReviewScreen", pilot)
    await screen(pilot, "ReviewScreen", "steps, about")
    await start(pilot)


async def picture_of_a_backup(service: Any, session: Any, album: Album) -> None:
    """The run of a backup of the engine, the failover host free and engine-backup at work."""
    from tui.app import RekindleApp

    app = RekindleApp(service=service, main=lambda app: app.walk(session))
    async with app.run_test(size=SIZE) as pilot:
        await run_from(pilot, " ok ")
        await screen(pilot, "RunScreen", "> run     Back up the engine")
        album.take(pilot, "engine-backup")
        await screen(pilot, "ReportScreen")
        await pilot.press("escape")


async def picture_of_hosts_added_again(site: Any, service: Any, album: Album) -> None:
    """The run that adds hosts again: one is back, the other waits for its operator."""
    from steps import catalogue
    from tui.app import RekindleApp
    from tui.session import Session

    given = {"hosts": ("host-02", "host-03"), "looked_from": "host-01.practice.invalid"}
    session = Session(site, catalogue.find("hosted_engine.rejoin"), dict(given))
    app = RekindleApp(service=service, main=lambda app: app.walk(session))
    async with app.run_test(size=SIZE) as pilot:
        await run_from(pilot, "[*] host-03")
        await screen(pilot, "RunScreen", "Confirm 'Host has been Rebooted' for host-03?")
        album.take(pilot, "engine-rejoin")
        await pilot.press("up", "up", "enter")
        await screen(pilot, "ReportScreen")
        await pilot.press("escape")


async def to(name: str, pilot: Pilot[Any]) -> None:
    """F2 goes as far as what was checked so far lets it; the host is looked at page by page."""
    end = time.monotonic() + PATIENCE
    while type(pilot.app.screen).__name__ != name:
        if time.monotonic() > end:
            raise TimeoutError(f"{name} is not reached:\n{text_of(pilot)}")
        if type(pilot.app.screen).__name__ == "InterviewScreen":
            await pilot.press("f2")
        await asyncio.sleep(1.0)


def lost_archive(site: Any, folder: Path) -> Path:
    """The backup of the practice engine, fetched from the practice backup server."""
    from steps.drill.lost_engine import build
    from steps.targets.open import open_targets

    (server,) = site.backup_servers
    targets = open_targets(site, {})
    try:
        copy = folder / build.ARCHIVE
        targets.shell(server.name).get(f"{server.folder}/{build.ARCHIVE}", str(copy))
    finally:
        targets.close()
    return copy


async def shoot(scenario: Any, home: Path) -> None:
    """The pictures of one drill, on its practice site that is up."""
    from config.site_file import load_site
    from steps import catalogue
    from steps.drill.places import default_places
    from steps.drill.systems import system_of
    from tui.service import RealService
    from tui.session import Session

    places, album = default_places(scenario.name), Album(home)
    site, system, service = load_site(places.site_file), system_of(scenario), RealService()
    given = system.given(scenario, system.scene(places))
    session = Session(site, catalogue.find(scenario.procedure), dict(given))
    if scenario.system == "lost-engine":
        session.secrets.update(system.secrets(system.scene(places)))
        archive = lost_archive(site, home)
        await pictures_of_a_lost_engine(site, service, session, scenario, archive, album)
    elif scenario.system == "engine-backup":
        session.secrets.update(system.secrets(system.scene(places)))
        await picture_of_a_backup(service, session, album)
    elif scenario.from_home:
        await pictures_of_a_night(site, service, session, album)
    else:
        await picture_of_home(site, service, album)
        await pictures_of_a_restore(session, service, scenario, album)


def shoot_hosts_added_again(home: Path) -> None:
    """The site of that procedure's own tests: no drill begins after a restore."""
    from tests.real.recovery_world import restored_site
    from tui.service import RealService

    with restored_site() as (world, first):
        world.hosts_to_be_added_again(first)
        asyncio.run(picture_of_hosts_added_again(world.site, RealService(), Album(home)))


def main() -> int:
    """Build each practice site, take the pictures, remove everything again.

    With names of drills (or `rejoin`) only the pictures of those.
    """
    home = temporary_home()
    os.environ["REKINDLE_HOME"] = str(home)
    from steps.drill.child import ask_child
    from steps.drill.places import default_places
    from steps.drill.scenario import (
        BACKUP_NIGHT,
        BACKUP_WITHOUT_MAINTENANCE,
        LOST_ENGINE_FAILOVER,
        RESTORE_MACHINE,
    )
    from steps.drill.systems import system_of

    wanted = sys.argv[1:]
    drills = (RESTORE_MACHINE, BACKUP_NIGHT, LOST_ENGINE_FAILOVER, BACKUP_WITHOUT_MAINTENANCE)

    FOLDER.mkdir(exist_ok=True)
    try:
        for scenario in (drill for drill in drills if not wanted or drill.name in wanted):
            folder = str(default_places(scenario.name).folder)
            try:
                ask_child(system_of(scenario).build, [folder], print)
                asyncio.run(shoot(scenario, home))
            finally:
                ask_child("steps.drill.take_down", [folder], print)
        if not wanted or "rejoin" in wanted:
            shoot_hosts_added_again(home)
    finally:
        shutil.rmtree(home)
    return 0


if __name__ == "__main__":
    sys.exit(main())

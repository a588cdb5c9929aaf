"""The Inspect screen: from Home to what was found, at 80x24, and the same in plain lines."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from config.errors import Interrupted
from steps.hosted_engine.archive.engine_model import Vm
from steps.hosted_engine.archive.inspect import inspect
from steps.hosted_engine.rehearsal.rehearsal import (
    Rehearsal,
    RehearsedDatabase,
    RestoreError,
    Stage,
    TableRows,
)
from tests.engine_archives import MODERN, build
from tests.screens.support import ToyService, home_app, screen_text, wait_for
from tests.screens.terminal import PATIENCE
from tests.screens.test_pictures import compare
from tests.screens.test_plain import walk
from tests.unit.dump_support import CustomDump
from tui.app import RekindleApp
from tui.hanging import wrapped
from tui.inspect_report import parts
from tui.rehearsal_report import rehearsal_part
from tui.screens.inspect import InspectScreen
from tui.screens.inspection import InspectionScreen

SIZE = (80, 24)
HOST = ("vds_id", "vds_name", "host_name", "pm_enabled")
MACHINE = ("vm_guid", "vm_name", "entity_type", "origin", "auto_startup", "lease_sd_id")
TABLES = {
    "vds_static": (
        HOST, [("1", "node1", "10.1.0.11", "t"), ("2", "node2", "node2.example.com", "f")]
    ),
    "vds_dynamic": (("vds_id", "status"), [("1", "3"), ("2", "2")]),
    "vds_statistics": (("vds_id", "ha_configured"), [("1", "t"), ("2", "t")]),
    "vm_static": (
        MACHINE, [("7", "web01", "VM", "3", "t", None), ("8", "HostedEngine", "VM", "6", "f", None)]
    ),
    "vm_dynamic": (
        ("vm_guid", "status", "run_on_vds", "migrating_to_vds"),
        [("7", "1", "1", None), ("8", "1", "1", None)],
    ),
}  # fmt: skip
GOOD = MODERN.but(dumps={"engine_backup.db": CustomDump(14, "zlib").dump(TABLES)})


@pytest.fixture
def archive(tmp_path):
    return build(tmp_path / "engine.backup", GOOD)


@pytest.fixture
def service(tmp_path):
    return ToyService(tmp_path)


async def look(pilot, path, **lines):
    """From Home to the look, with these lines typed."""
    await wait_for(pilot, "drilled")
    await pilot.press("i")
    await wait_for(pilot, "Installed engine")
    for name, text in {"archive": str(path), **lines}.items():
        pilot.app.screen.query_one(f"#{name}").value = text
    await pilot.press("enter")


async def test_from_home_to_what_was_found(service, archive):
    async with home_app(service).run_test(size=SIZE) as pilot:
        await look(pilot, archive, addresses="10.1.0.5, 10.1.0.11")
        text = await wait_for(pilot, "[Summary]")
        assert "ready: node2" in text
        assert "fit for a restore" in text.splitlines()[0]
        compare("inspection-80x24", text, SIZE)
        await pilot.press("h")
        assert "10.1.0.11" in await wait_for(pilot, "[Hosts 2]")
        await pilot.press("e")
        text = await wait_for(pilot, "[Effects]")
        assert "web01" in text
        assert "HostedEngine   Up on node1" in text
        await pilot.press("right")
        text = await wait_for(pilot, "[Conflicts 1]")
        assert "! node1" in text
        assert "the deployment itself would miss it" in " ".join(text.split())


async def test_all_the_parts_can_be_reached_by_one_key_and_back_round(service, archive):
    async with home_app(service).run_test(size=SIZE) as pilot:
        await look(pilot, archive)
        await wait_for(pilot, "[Summary]")
        seen = []
        for _ in range(7):
            await pilot.press("right")
            seen.append(screen_text(pilot.app).partition("[")[2].partition("]")[0].split()[0])
        assert seen == [
            "Hosts", "Machines", "Storage", "Effects", "Conflicts", "Problems", "Summary"
        ]  # fmt: skip


async def test_going_back_keeps_what_was_typed(service, archive):
    async with home_app(service).run_test(size=SIZE) as pilot:
        await look(pilot, archive, name="node2")
        await wait_for(pilot, "[Summary]")
        await pilot.press("escape")
        text = await wait_for(pilot, "Installed engine")
        assert "node2" in text
        pilot.app.screen.query_one("#archive").value = "/backup/engine.backup"
        text = await wait_for(pilot, "/backup/engine.backup")
        compare("inspect-80x24", text, SIZE)
        await pilot.press("escape")
        assert "Restore a machine" in await wait_for(pilot, "drilled")


async def test_an_archive_that_is_not_fit_opens_with_its_problems(service, tmp_path):
    path = tmp_path / "empty.backup"
    path.touch()
    async with home_app(service).run_test(size=SIZE) as pilot:
        await look(pilot, path)
        text = await wait_for(pilot, "[Problems 1]")
        assert "! empty-file: " in text
        assert "do: " in text
        assert "no archive" in text.splitlines()[0]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"archive": "/nowhere/x"}, "There is no file '/nowhere/x'"),
        ({"archive": "~nobody-like-this/x"}, "There is no file"),
        ({"addresses": "10.1"}, "is not an address"),
        ({"version": "newest"}, "is not a version"),
    ],
)
async def test_what_cannot_be_right_is_said_and_can_be_mended(service, archive, lines, said):
    async with home_app(service).run_test(size=SIZE) as pilot:
        await look(pilot, archive, **lines)
        assert "error " in await wait_for(pilot, said)
        for name in lines:
            value = str(archive) if name == "archive" else ""
            pilot.app.screen.query_one(f"#{name}").value = value
        await pilot.press("enter")
        await wait_for(pilot, "[Summary]")


async def test_a_look_tells_how_far_it_is_and_can_be_stopped(service, archive, monkeypatch):
    begun = threading.Event()

    def slow(values, progress, cancel):
        progress(300, 900)
        begun.set()
        assert cancel.wait(PATIENCE)
        raise Interrupted("stopped")

    monkeypatch.setattr("tui.screens.inspect.look", slow)
    async with home_app(service).run_test(size=SIZE) as pilot:
        await look(pilot, archive)
        text = await wait_for(pilot, "300 B of 900 B")
        assert "[######" in text
        assert begun.is_set()
        await pilot.press("escape")
        await wait_for(pilot, "The rest may stay empty")


async def test_thousands_of_machines_scroll_at_once(archive):
    found = inspect(archive)
    many = tuple(Vm(str(n), f"vm{n}", "Up", "node1", None, True, False, None, None)
                 for n in range(5000))  # fmt: skip
    object.__setattr__(found, "vms", many)
    assert len(parts(found)[2].rows) == 5000
    app = RekindleApp(lambda: InspectionScreen(found, "x"))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("m")
        await wait_for(pilot, "vm0 ")
        await pilot.press("end")
        await wait_for(pilot, "vm4999")


async def test_help_explains_the_screen(service):
    async with RekindleApp(InspectScreen).run_test(size=SIZE) as pilot:
        await wait_for(pilot, "Installed engine")
        await pilot.press("f1")
        assert "where a new host would clash" in await wait_for(pilot, "Help: Inspect")


def test_plain_mode_asks_the_same_and_tells_the_same(tmp_path, archive):
    done = walk(tmp_path, "inspect", str(archive), "NODE1", *[""] * 5, "quit", procedure="")
    assert done.returncode == 0
    for words in (
        "Installed engine:",
        "fit for a restore",
        "ready: node2",
        "the new host has its name",
    ):
        assert words in done.stdout


def test_plain_mode_says_what_is_wrong_and_goes_on(tmp_path):
    done = walk(tmp_path, "inspect", "/nowhere", *[""] * 6, "inspect", "", *[""] * 6, "quit",
                procedure="")  # fmt: skip
    assert "error   There is no file '/nowhere'" in done.stdout
    assert done.stdout.count("Open which?") == 3


# -- the rehearsal ----------------------------------------------------------------------------

TABLE = TableRows("public.vm_static", 2, 2)
WHOLE = RehearsedDatabase(
    "db", "db/engine_backup.db", "custom", "none", "12.9", 5000, 9000, 1.5, (TABLE,), ()
)
REHEARSED = Rehearsal("engine.backup", "0" * 64, "2026-01-02T03:04:05Z", "15.18", 2.5, (WHOLE,))


@pytest.fixture
def slow_rehearsal(monkeypatch):
    """A rehearsal that goes on until it is let go, or stopped."""
    let_go = threading.Event()

    def work(path, *, progress, cancel):
        progress(Stage("restoring db", 300, 900))
        while not let_go.wait(0.01):
            if cancel.is_set():
                raise Interrupted("The rehearsal was stopped.")
        return REHEARSED

    monkeypatch.setattr("steps.hosted_engine.rehearsal.rehearse.rehearse", work)
    return let_go


async def begin_rehearsal(pilot, archive):
    await look(pilot, archive)
    await wait_for(pilot, "[Summary]")
    await pilot.press("r")
    await wait_for(pilot, "Rehearse the restore of the databases?")
    await pilot.press("down", "enter")
    return await wait_for(pilot, "restoring db [")


async def test_a_rehearsal_is_confirmed_watched_and_told(service, archive, slow_rehearsal):
    async with home_app(service).run_test(size=SIZE) as pilot:
        text = await begin_rehearsal(pilot, archive)
        assert "300 bytes of 900 bytes" in text
        await pilot.press("s")
        assert "Rehearsal" in await wait_for(pilot, "[Summary]")
        slow_rehearsal.set()
        await pilot.press("left")
        text = await wait_for(pilot, "every row came back")
        assert "1 tables, 2 rows" in text
        assert "[Rehearsal]" in text


async def test_leaving_the_question_begins_no_rehearsal(service, archive, slow_rehearsal):
    async with home_app(service).run_test(size=SIZE) as pilot:
        await look(pilot, archive)
        await wait_for(pilot, "[Summary]")
        await pilot.press("r")
        await wait_for(pilot, "Rehearse the restore")
        await pilot.press("enter")
        await wait_for(pilot, "[Summary]")
        assert "Rehearsal" not in screen_text(pilot.app)


async def test_esc_ends_a_rehearsal_first_and_then_goes_back(service, archive, slow_rehearsal):
    async with home_app(service).run_test(size=SIZE) as pilot:
        await begin_rehearsal(pilot, archive)
        await pilot.press("escape")
        text = await wait_for(pilot, "error   The rehearsal was stopped")
        assert "[Rehearsal]" in text
        await pilot.press("escape")
        await wait_for(pilot, "Installed engine")


async def test_what_is_no_archive_cannot_be_rehearsed(service, tmp_path):
    path = tmp_path / "empty.backup"
    path.touch()
    async with home_app(service).run_test(size=SIZE) as pilot:
        await look(pilot, path)
        await wait_for(pilot, "[Problems 1]")
        await pilot.press("r")
        await wait_for(pilot, "Nothing to rehearse")


def test_what_differs_stands_first_and_is_marked():
    lost = TableRows("public.vds_static", 4, 2)
    errors = (
        RestoreError("must be owner of language plpgsql", 1, "engine-backup passes over it"),
        RestoreError("function f() does not exist", 3),
    )
    bad = replace(WHOLE, tables=(TABLE, lost, TableRows("public.gone", 7, None)), errors=errors)
    told = "\n".join(wrapped(rehearsal_part(replace(REHEARSED, databases=(bad,))).rows, 78))
    assert "NOT whole" in told
    for line in (
        "! db ",
        "! public.vds_static 2 rows; the backup has 4",
        "! public.gone    is not there; the backup has 7",
        "! error          function f() does not exist (3 times)",
    ):
        assert line in told
    assert told.index("! error") < told.index("passed over")


async def test_all_parts_stay_in_view_however_large_the_counts(archive, slow_rehearsal):
    found = inspect(archive)
    many = tuple(Vm(str(n), f"vm{n}", "Up", "node1", None, True, False, None, None)
                 for n in range(12345))  # fmt: skip
    object.__setattr__(found, "vms", many)
    app = RekindleApp(lambda: InspectionScreen(found, str(archive)))
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, "Machines 12345")
        await pilot.press("r")
        await wait_for(pilot, "Rehearse the restore")
        await pilot.press("down", "enter")
        await wait_for(pilot, "[Rehearsal]")
        await pilot.resize_terminal(100, 24)
        await wait_for(pilot, "Machines 12345 Storage Effects Conflicts 0 Problems 0 [Rehearsal]")


async def test_a_rehearsal_that_failed_is_said_in_the_title(service, archive, monkeypatch):
    bad = replace(REHEARSED, databases=(replace(WHOLE, tables=(TableRows("a.b", 2, 1),)),))
    monkeypatch.setattr(
        "steps.hosted_engine.rehearsal.rehearse.rehearse", lambda path, progress, cancel: bad
    )
    async with home_app(service).run_test(size=SIZE) as pilot:
        await look(pilot, archive)
        await wait_for(pilot, "[Summary]")
        await pilot.press("r")
        await wait_for(pilot, "Rehearse the restore")
        await pilot.press("down", "enter")
        text = await wait_for(pilot, "! a.b")
        assert "the rehearsal FAILED" in text.splitlines()[0]

"""What is taken back of a database that was made: what this run made, and nothing of others."""

from __future__ import annotations

from dataclasses import replace

from steps.hosted_engine.machine_restore import step_database
from steps.hosted_engine.machine_restore.database_found import Found
from steps.hosted_engine.machine_restore.databases import manual
from steps.hosted_engine.machine_restore.step_database import DatabaseMade
from tests.unit.machine_support import MACHINE, Machine
from tests.unit.test_recovery_steps import Context

PLACE = manual("db", name="engine", user="engine", server=MACHINE)
EMPTY = Found("engine", "UTF8", "en_US.UTF-8", "en_US.UTF-8", 0, 0)


class Server:
    """A database server that notes what it is told."""

    def __init__(self, databases):
        self.databases, self.told = dict(databases), []

    def sql(self, text):
        self.told.append(text)
        return []


def made(tmp_path, monkeypatch, server, place):
    monkeypatch.setattr(step_database, "find_database", lambda at, name: at.databases.get(name))
    step = DatabaseMade(Machine(tmp_path / place.name, monkeypatch).job(), place)
    monkeypatch.setattr(step, "postgres", lambda _context: server)
    return step


def test_undo_drops_what_this_run_made_and_not_what_bears_a_name_that_was_answered_later(
    tmp_path, monkeypatch
):
    server = Server({"engine": replace(EMPTY, tables=3), "theirs": EMPTY})
    context = Context(None)
    step = made(tmp_path, monkeypatch, server, PLACE)
    server.databases["engine"] = replace(EMPTY, tables=3)
    step.renew(context)
    aside = context.facts["database.aside.db"]
    server.databases = {"engine": EMPTY, aside: replace(EMPTY, tables=3), "theirs": EMPTY}
    later = made(tmp_path, monkeypatch, server, replace(PLACE, name="theirs", user="others"))
    server.told.clear()
    later.undo(context)
    assert server.told == [
        'DROP DATABASE "engine"', f'ALTER DATABASE "{aside}" RENAME TO "engine"',
    ]  # fmt: skip


def test_undo_of_a_step_that_has_made_nothing_touches_nothing(tmp_path, monkeypatch):
    server = Server({"engine": EMPTY})
    made(tmp_path, monkeypatch, server, PLACE).undo(Context(None))
    assert server.told == []

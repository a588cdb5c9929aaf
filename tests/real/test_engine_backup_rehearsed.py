"""A backup whose databases are restored on the way, from a real pg_dump into a real PostgreSQL."""

from __future__ import annotations

import json

import pytest

from config.errors import StepFailed
from steps.hosted_engine.backup import step_make
from steps.procedure import Outcome
from tests.engine_archives import MODERN, build
from tests.unit.engine_backup_world import context_of, given, make_world, plan_of
from tests.unit.restore_world import carry_out


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(step_make, "POLL_SECONDS", 0.02)
    return make_world(tmp_path / "world", monkeypatch)


def next_archive(world, dump: bytes) -> None:
    """What engine-backup writes next."""
    (world.folder / "archive-none").unlink()
    build(world.folder / "archive-none", MODERN.but(dumps={"engine_backup.db": dump}))


def test_every_row_of_the_backup_comes_back_before_anything_older_goes(world, postgres):
    asked = given(failover="none", rehearse=True)
    next_archive(world, postgres.dump("engine-4.5", "--format=custom"))
    plan, context = plan_of(world, asked), context_of(world, asked)
    names = [step.name for step in plan.steps]
    assert names.index("server.record") < names.index("rehearsal.databases") < names.index("tidy")
    carry_out(plan, context)
    kept = json.loads((world.folder / "run" / "keep" / "rehearsal.json").read_text())
    (database,) = kept["databases"]
    hosts = max(row["in_database"] for row in database["tables"] if "vds_static" in row["table"])
    assert hosts > 3
    step = plan.steps[names.index("rehearsal.databases")]
    assert step.verify(context).outcome is Outcome.DONE
    assert world.on_machine() == []


def test_a_backup_that_does_not_come_back_whole_is_told_and_stays(world, postgres):
    data = postgres.dump("engine-4.5", "--format=plain")
    torn = data.replace(b"CREATE TABLE public.vds_dynamic", b"CREATE TABLE public.elsewhere", 1)
    assert torn != data
    asked = given(failover="none", rehearse=True)
    next_archive(world, torn)
    plan, context = plan_of(world, asked), context_of(world, asked)
    with pytest.raises(StepFailed, match="did not come back whole"):
        carry_out(plan, context)
    assert "engine.backup" in world.on_server()


def test_a_rehearsal_that_was_put_off_takes_the_archive_from_the_server(world, postgres):
    asked = given(failover="none", rehearse=True)
    next_archive(world, postgres.dump("engine-4.5", "--format=custom"))
    plan, context = plan_of(world, asked), context_of(world, asked)
    context.finished.add("rehearsal.databases")
    carry_out(plan, context)
    step = next(step for step in plan.steps if step.name == "rehearsal.databases")
    assert step.verify(context).outcome is Outcome.NOT_DONE
    step.apply(context)
    assert step.verify(context).outcome is Outcome.DONE
    assert not (world.folder / "run" / "archive").exists()

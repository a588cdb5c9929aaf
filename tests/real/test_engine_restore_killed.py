"""Whole restores on the practice site whose runner is killed at every boundary of every step.

A real runner, ended by SIGKILL where a step begins, where it has done its work and could not say so
yet, and where it finds that nothing is to be done. The next one goes on, and is killed at the next
boundary; the last one goes to the end, which is the same as that of an undisturbed restore.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.site import lose_host
from steps.drill.practice_engine.standing import ANSIBLE_HOSTS, FAILOVER, FIRST, NEW
from steps.drill.practice_hosts import engine_machine
from steps.drill.practice_hosts import first_world as places
from steps.hosted_engine.restore.procedure import PROCEDURE
from steps.run.events import Event, Finish
from steps.run.journal import read_journal
from tests.crash import site_driver
from tests.crash.run_support import Driver
from tests.real.engine_site_support import standing_site
from tests.real.test_engine_restore_site import (
    ARCHIVE,
    MIXED,
    NEWER,
    OLDER,
    RestoreSite,
    found_in,
)

KILLED = -9
BOUNDARIES = ("after step-started", "before step-done", "before step-already")
THEIR_OWN = ("/var/log/", "/var/lib/ovirt-hosted-engine-setup/answers/", "pycache")
ON_THE_WAY_BACK = ("after step-undoing", "before step-undone")
ACTS = ("Manual fencing", "was removed", "was added", "Activation", "started by", "restarted")
"""What the engine's event log says of everything that is to happen once."""


@dataclass(frozen=True)
class Way:
    """One way to restore: its site, its answers, what it does, and what is there in the end."""

    answers: dict
    hosts: dict
    dead: tuple[str, ...]
    starts: int
    """How often the engine's machine is started."""
    acts: tuple[str, ...]
    found: dict
    taken_back: str = ""
    """The last step that can be undone: a first run is killed there, and taken back."""


WAYS = {
    "the guide's": Way(
        OLDER | {"variant": "failover-host", "host": FAILOVER, "host_fqdn": FAILOVER},
        MIXED, ("host-01", "host-03"), 3, (
            "Activation of host hosted_engine_1 initiated.",
            "Host host-02 was removed by admin@internal.",
            "Host hosted_engine_1 was added by admin@internal.",
            "Manual fencing of host host-03 was confirmed by the user.",
        ),
        {"Default": "up", "vm_build": "down"},
    ),
    "the newer tool's": Way(
        NEWER | {"variant": "new-hardware", "host": NEW, "host_fqdn": NEW, "host_name": NEW},
        ANSIBLE_HOSTS, ("host-01", "host-03"), 1, (
            f"Host {NEW} was added by admin@internal.",
            "Manual fencing of host host-03 was confirmed by the user.",
        ),
        {"Default": "up", "vm_build": "down"}, "tool.start",
    ),
    "onto a machine": Way(
        {"variant": "machine", "databases": "automatic"},
        ANSIBLE_HOSTS, ("host-03",), 0,
        ("Manual fencing of host host-03 was confirmed by the user.",), {}, "archive.bring",
    ),
}  # fmt: skip


@contextmanager
def lost(way: Way):
    """The way's site, its engine lost after a backup."""
    with standing_site(hosts=way.hosts) as standing:
        site = RestoreSite(standing)
        site.back_up()
        if way.answers["variant"] == "machine":
            engine_machine.shut_down(standing.world, 0)
            standing.fresh_machine(FIRST)
            for host in way.dead:
                lose_host(standing.built.engine, host)
        else:
            site.lose(*way.dead)
        yield site


class Mortal:
    """Runners on one site, each killed at the next boundary."""

    def __init__(self, site: RestoreSite, driver: Driver) -> None:
        self.site, self.driver = site, driver

    def live(self, run, die_at, *, undo=False) -> int:
        return self.driver.ask(
            {"run": str(run.path), "secrets": self.site.secrets, "die_at": die_at, "undo": undo}
        )

    def deaths(self, run) -> list[str]:
        file = site_driver.deaths_of(run.path)
        return file.read_text().splitlines() if file.exists() else []

    def through(self, run) -> None:
        """Killed at every boundary in turn, and then to the end."""
        while self.live(run, BOUNDARIES) == KILLED:
            pass
        assert run.view().outcome is Finish.DONE, run.journal_file.read_text()[-3000:]

    def taken_back(self, run, last: str) -> None:
        """Killed at every boundary up to that step's end, and taken back; killed there too."""
        while f"before step-done {last}" not in self.deaths(run):
            assert self.live(run, BOUNDARIES) == KILLED, run.journal_file.read_text()[-3000:]
        while self.live(run, ON_THE_WAY_BACK, undo=run.view().undo is None) == KILLED:
            pass
        assert run.view().outcome is Finish.UNDONE, run.journal_file.read_text()[-3000:]
        assert sum("step-undon" in death for death in self.deaths(run)) >= 1


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_killed_at_every_boundary_of_every_step_a_restore_does_nothing_twice(way):
    with lost(way) as site, Driver((sys.executable, "-P", site_driver.__file__)) as driver:
        mortal = Mortal(site, driver)
        if way.taken_back:
            before = files_of(site)
            mortal.taken_back(site.run(**way.answers), way.taken_back)
            assert files_of(site) == before
        started, known = site.standing.facts()["engine"]["boot"], logs_of(site)
        run = site.run(**way.answers)
        mortal.through(run)
        assert_every_step_met_death(mortal, run)
        assert_everything_once(site, run, way, started)
        assert_each_tool_ran_once(logs_of(site) - known)
        assert_nothing_left(site)
        assert found_in(site.assert_done(run)).items() >= way.found.items()


def files_of(site: RestoreSite) -> dict[str, str]:
    """Every file of every host by its checksum, without what the tools themselves keep."""
    found = {}
    for path in (site.standing.built.folder / "hosts").glob("*/root/**/*"):
        if path.is_file() and not any(own in str(path) for own in THEIR_OWN):
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def assert_every_step_met_death(mortal: Mortal, run) -> None:
    ends = [death.split()[-1] for death in mortal.deaths(run) if death.startswith("before")]
    frozen = run.frozen()
    plan = PROCEDURE.plan(frozen.site, frozen.given, frozen.resolutions, frozen.survey)
    assert sorted(ends) == sorted(step.name for step in plan.steps)


def assert_everything_once(site: RestoreSite, run, way: Way, started: int) -> None:
    facts = site.standing.facts()
    said = Counter(event["text"] for event in facts[db.KEY]["events"])
    acts = {text: times for text, times in said.items() if any(act in text for act in ACTS)}
    assert acts == dict.fromkeys(way.acts, 1)
    assert facts.get("damage", []) == []
    assert facts["engine"]["boot"] - started == way.starts
    asked = {e["name"] for e in read_journal(run.journal_file) if e["event"] == Event.ASKED}
    assert asked <= set(run.frozen().prompts), "a killed runner leads to no question of its own"


def logs_of(site: RestoreSite) -> set[str]:
    """The logs of the tools: each start of one has its own."""
    hosts = site.standing.built.folder / "hosts"
    return {path.name for path in hosts.glob("*/root/var/log/**/*.log")}


def assert_each_tool_ran_once(logs: set[str]) -> None:
    tools = ("ovirt-hosted-engine-setup-", "ovirt-engine-setup-", "restore-")
    started = Counter(tool for tool in tools for name in logs if name.startswith(tool))
    assert set(started.values()) == {1}, logs


def assert_nothing_left(site: RestoreSite) -> None:
    """The archive on its server alone, no password file, no folder of ours."""
    hosts = site.standing.hosts
    archive = hosts.root(places.BACKUP) / ARCHIVE.lstrip("/")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    found = files_of(site)
    assert [path for path, held in found.items() if held == digest] == [str(archive)]
    left = (site.standing.built.folder / "hosts").glob("*/root/var/lib/rekindle/*")
    assert [*left, *(path for path in found if "password-" in path)] == []

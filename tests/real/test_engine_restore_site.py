"""Whole restores on the practice site: real SSH, real archives, the engine behind its real API."""

from __future__ import annotations

import time
from contextlib import contextmanager

import pytest

from config.secrets import Secret
from steps.conflicts import Decision, Resolution
from steps.drill.practice_engine.site import lose_host
from steps.drill.practice_engine.standing import (
    ANSIBLE_HOSTS,
    FAILOVER,
    FIRST,
    NEW,
)
from steps.drill.practice_hosts import engine_machine
from steps.drill.practice_hosts import first_world as places
from steps.drill.practice_hosts.answers import ANSIBLE, CLASSIC
from steps.drill.practice_hosts.drill_system import SECRETS
from steps.hosted_engine.restore.conflict_set import restore_conflicts
from steps.hosted_engine.restore.procedure import PROCEDURE
from steps.hosted_engine.restore.survey import survey
from steps.procedure import ProbeInput
from steps.run.directory import create_run
from steps.run.events import Finish
from steps.run.report import write_reports
from steps.targets.open import open_targets
from tests.real.engine_site_support import Standing, standing_site
from tests.unit import engine_restore_support as support
from tests.unit.deploy_support import Deploying

ARCHIVE = "/var/backup/ovirt-engine/engine.backup"
REBOOTED = {f"rebooted.host-0{number}": "rebooted" for number in (1, 2, 3)}
PROMPTS = REBOOTED | {
    "machine.host-key": "trust", "engine.ca": "accept",
    "menu.OVEHOSTED_INSTALLING_OS.1": "continue", "setup.preview": "OK",
}  # fmt: skip
PATIENCE = 400.0
STORAGE = f"{places.STORAGE}:{places.OTHER_EXPORT}"
MIXED = ANSIBLE_HOSTS | {FAILOVER: places.GUIDE, NEW: places.GUIDE}


class RestoreSite:
    """A practice site with an archive on its backup server."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        password = standing.built.engine.password_file.read_text().strip()
        self.secrets = SECRETS | {"engine password": password}

    def targets(self):
        return open_targets(self.standing.site, {n: Secret(t) for n, t in self.secrets.items()})

    def back_up(self, *, failover: bool = True) -> None:
        """As the guide has it: the failover host in maintenance, the archive on a server."""
        targets = self.targets()
        engine = targets.engine()
        host = engine.host_named("host-02")
        if failover:
            engine.maintain_host(host.id, "backup")
            self.standing.until(lambda: engine.host(host.id).status == "maintenance")
        machine, server = targets.shell(places.ENGINE), targets.shell(places.BACKUP)
        machine.run(
            ["engine-backup", "--mode=backup", "--scope=all", "--file=/root/e", "--log=/root/l"]
        )
        server.make_directory(ARCHIVE.rpartition("/")[0])
        local = self.standing.built.folder / "fetched"
        machine.get("/root/e", str(local))
        server.put(str(local), ARCHIVE)
        if failover:
            engine.activate_host(host.id)
            self.standing.until(lambda: engine.host(host.id).status == "up")
        targets.close()

    def run(self, prompts=PROMPTS, **answers):
        """A run of these answers, every row decided as suggested."""
        given = support.complete({"archive": f"{places.BACKUP}:{ARCHIVE}"} | answers)
        site, targets = self.standing.site, self.targets()
        found = survey(ProbeInput(site, given, targets))
        targets.close()
        conflicts = restore_conflicts(site, given, found)
        resolutions = {r.id: Resolution(r.default or Decision.ACCEPT) for r in conflicts.rows}
        blocking = conflicts.blocking(resolutions)
        assert not blocking, blocking
        folder = self.standing.built.folder / f"run-{time.monotonic_ns()}"
        return create_run(
            site, PROCEDURE.name, given, resolutions, found, prompts, folder=folder / "runs"
        )

    def look(self, probe: str, **answers):
        """What a probe of the interview says about these answers."""
        given = {"archive": f"{places.BACKUP}:{ARCHIVE}"} | answers
        targets = self.targets()
        found = PROCEDURE.probes[probe](ProbeInput(self.standing.site, given, targets))
        targets.close()
        return found

    def lose(self, *hosts: str) -> None:
        """The engine is gone with these hosts."""
        engine_machine.destroy(self.standing.world)
        for host in hosts:
            lose_host(self.standing.built.engine, host)

    def restore(self, run) -> dict:
        """To its end; what nobody answered in advance is a failure."""
        deploying = Deploying(run, self.secrets, procedure=PROCEDURE).start()
        until = time.monotonic() + PATIENCE
        while deploying.ended is None:
            question = deploying.switches.question
            assert question is None, (question.name, question.text, question.detail)
            assert time.monotonic() < until, run.journal_file.read_text()[-3000:]
            time.sleep(0.05)
        return self.assert_done(run)

    def assert_done(self, run) -> dict:
        view = run.view()
        assert view.outcome is Finish.DONE, run.journal_file.read_text()
        for path in run.path.rglob("*"):
            data = path.read_text(errors="replace") if path.is_file() else ""
            assert not any(secret in data for secret in self.secrets.values()), path
        return write_reports(run, PROCEDURE)


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))


@pytest.fixture
def lost():
    """A site whose engine is lost, with a backup of a time when host-02 had been made free."""

    @contextmanager
    def standing_for(hosts=MIXED, dead=("host-01", "host-03"), **more):
        with standing_site(hosts=hosts) as standing:
            site = RestoreSite(standing)
            site.back_up(**more)
            site.lose(*dead)
            yield site

    return standing_for


def found_in(data) -> dict[str, str]:
    return {row[1]: row[3] for row in data["tables"][0]["rows"]}


_OTHERS = ("fqdn", "host", "host_fqdn", "host_name")
NEWER = {name: value for name, value in ANSIBLE.items() if name not in _OTHERS} | {
    "storage_connection": STORAGE, "data_center": "Default", "cluster": "Default",
}  # fmt: skip
OLDER = {k: v for k, v in CLASSIC.items() if k != "host"} | {
    "storage_connection": STORAGE,
    "databases": "automatic",
}


def test_the_interview_suggests_the_host_that_was_made_free_and_takes_its_place_from_the_backup():
    with standing_site() as standing:
        site = RestoreSite(standing)
        site.back_up()
        assert site.look("variant").suggested == "failover-host"
        hosts = site.look("hosts", variant="failover-host")
        assert (hosts.suggested, hosts.choices[0].note) == (
            FAILOVER, "host-02 in the backup, made free",
        )  # fmt: skip
        assert site.look("hosts", variant="new-hardware").suggested == NEW
        host = site.look("host", host=FAILOVER, era="4.5")
        assert not [finding for finding in host.findings if finding.level == "error"]
        assert host.values == {
            "cluster": "Default", "data_center": "Default", "host_name": "host-02",
        }  # fmt: skip
        assert site.look("databases").suggested == "automatic"
        assert site.look("has-history").suggested is True


def test_after_a_backup_without_maintenance_new_hardware_is_suggested_and_says_why():
    with standing_site() as standing:
        site = RestoreSite(standing)
        site.back_up(failover=False)
        assert site.look("variant").suggested == "new-hardware"
        told = " ".join(finding.text for finding in site.look("archive").findings)
        assert "no failover host was ready" in told


def test_a_backup_is_restored_onto_a_machine_that_was_installed_anew():
    with standing_site() as standing:
        site = RestoreSite(standing)
        site.back_up()
        engine_machine.shut_down(standing.world, 0)
        standing.fresh_machine(FIRST)
        data = site.restore(site.run(variant="machine", databases="automatic"))
        assert found_in(data)["host-03"] == "up"
        assert standing.has("hosts", "host-02") is not None


@pytest.mark.parametrize("variant", ["failover-host", "new-hardware"])
def test_the_newer_tool_restores_a_lost_engine(lost, variant):
    host = FAILOVER if variant == "failover-host" else NEW
    with lost(ANSIBLE_HOSTS, dead=["host-01"]) as site:
        run = site.run(**NEWER, variant=variant, host=host, host_fqdn=host, host_name=host)
        data = site.restore(run)
        found = found_in(data)
        assert found["Default"] == "up"
        assert found["vm_build"].startswith("up on host-03")
        assert ("host-02" in found) == (variant == "new-hardware")
        assert site.standing.facts()["engine"]["host"] == host


@pytest.mark.parametrize("variant", ["failover-host", "new-hardware"])
def test_the_guides_way_restores_a_lost_engine(lost, variant):
    host = FAILOVER if variant == "failover-host" else NEW
    with lost() as site:
        run = site.run(**OLDER, variant=variant, host=host, host_fqdn=host)
        data = site.restore(run)
        found = found_in(data)
        assert found["Default"] == "up"
        assert ("host-02" in found) == (variant == "new-hardware")
        assert found["vm_build"] == "down"
        assert site.standing.has("hosts", "hosted_engine_1")["status"] == "up"
        assert site.standing.facts()["engine"]["host"] == host

"""Whole restores on the practice site: real SSH, real archives, the engine behind its real API."""

from __future__ import annotations

import time

import pytest

from config.secrets import Secret
from steps.conflicts import Decision, Resolution
from steps.drill.practice_engine.standing import (
    FIRST,
)
from steps.drill.practice_hosts import engine_machine
from steps.drill.practice_hosts import first_world as places
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
    "menu.OVEHOSTED_INSTALLING_OS.1": "continue",
}  # fmt: skip
PATIENCE = 240.0


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

    def restoring(self, run) -> Deploying:
        deploying = Deploying(run, self.secrets, procedure=PROCEDURE)
        deploying.patience = PATIENCE
        return deploying.start()

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


def test_a_backup_is_restored_onto_a_machine_that_was_installed_anew():
    with standing_site() as standing:
        site = RestoreSite(standing)
        site.back_up()
        engine_machine.shut_down(standing.world, 0)
        standing.fresh_machine(FIRST)
        run = site.run(variant="machine", databases="automatic")
        site.restoring(run).end()
        data = site.assert_done(run)
        found = {row[1]: row[3] for row in data["tables"][0]["rows"]}
        assert found["host-03"] == "up"
        assert standing.has("hosts", "host-02") is not None

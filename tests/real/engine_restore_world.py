"""A restore by the newer tool in a small world: a scripted tool, a practice engine, real files.

The practice engine stands for the restored one: two of its hosts are lost, the third is the one
that was deployed on. What the tool would have done to it has been done beforehand.
"""

from __future__ import annotations

import copy
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from config.site import EngineHost, ShellAccess, Site
from steps.conflicts import Decision, Resolution
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.site import lose_host
from steps.drill.practice_hosts.engine_machine import start
from steps.hosted_engine.archive.engine_model import DataCenter, EngineModel, Host, Vm
from steps.hosted_engine.restore.archive_place import ArchivePlace
from steps.hosted_engine.restore.conflict_set import restore_conflicts
from steps.hosted_engine.restore.newcomer_look import HostLook
from steps.hosted_engine.restore.procedure import PROCEDURE
from steps.run.directory import RunDirectory, create_run
from tests.crash.toy_deploy import UP
from tests.engine_archives import MODERN, build
from tests.real.engine_support import HOSTS, Practice, practising
from tests.unit import engine_restore_support as support
from tests.unit import scripted_tool
from tests.unit.deploy_support import Folder, an_engine
from tests.unit.dump_support import CustomDump
from tests.unit.test_known_from_backup import TABLES

OURS = HOSTS[1]
LOST = (HOSTS[0], HOSTS[2])
ADMIN, ROOT = "s3cret-admin-77", "s3cret-root-77"
YES_NO = {"valid": ["Yes", "No"], "default": "Yes"}
ACTS = [
    {"stages": ["Initializing", "Environment customization"]},
    {"ask": "DEPLOY_PROCEED", "text": "Are you sure you want to continue? ", **YES_NO},
    {"ask": "ENGINE_ADMIN_PASSWORD", "text": "Enter engine admin password: ", "hidden": True,
     "case_sensitive": True},
    {"stages": ["Misc configuration", "Closing up"]},
    {"ask": "OVEHOSTED_STORAGE_DOMAIN_CONNECTION", "case_sensitive": True,
     "text": "Please specify the full shared storage connection path to use: "},
    {"stages": ["Clean up", "Termination"]},
    {"log": ["INFO", "Hosted Engine successfully deployed"]},
]  # fmt: skip
RECEIVED = [
    ["DEPLOY_PROCEED", "Yes"],
    ["ENGINE_ADMIN_PASSWORD", ADMIN],
    ["OVEHOSTED_STORAGE_DOMAIN_CONNECTION", "nas:/new"],
]
PROMPTS = {"rebooted.host-01": "rebooted", "rebooted.host-03": "rebooted"}


@dataclass
class RestoreWorld:
    """Where it stands, and one run after another in it."""

    folder: Path
    practice: Practice
    fqdn: str
    first: dict = field(default_factory=dict)
    """The engine's world as the tool leaves it."""

    def again(self) -> None:
        """As it was before any run."""
        self.practice.places.world.write(copy.deepcopy(self.first))

    def secrets(self) -> dict[str, str]:
        return {
            "engine password": self.practice.password.reveal(),
            "admin_password": ADMIN,
            "root_password": ROOT,
        }

    def site(self, folder: Path) -> Site:
        command = (sys.executable, scripted_tool.__file__, str(folder / "script.json"),
                   str(folder / "received"))  # fmt: skip
        host = EngineHost(OURS, ShellAccess(), command, str(folder / "work"))
        return Site("toys", engine_hosts=(host,), engine=self.practice.access)

    def run(self, name: str, acts=ACTS, prompts=PROMPTS, **answers) -> RunDirectory:
        """A run directory on a fresh script, with what a survey would have found."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "script.json").write_text(json.dumps(acts))
        (folder / "status").write_text(json.dumps(UP))
        archive = folder / "engine.backup"
        dump = CustomDump(14, "zlib").dump(TABLES)
        build(archive, MODERN.but(dumps={"engine_backup.db": dump}))
        given = support.complete(
            support.ANSIBLE
            | {"archive": str(archive), "host": OURS, "host_fqdn": OURS, "host_name": "host-02"}
            | answers
        )
        site = self.site(folder)
        survey = self.survey(given, archive)
        found = restore_conflicts(site, given, survey.to_json())
        resolutions = {r.id: Resolution(r.default or Decision.ACCEPT) for r in found.rows}
        assert not found.blocking(resolutions), found.blocking(resolutions)
        return create_run(
            site, PROCEDURE.name, given, resolutions, survey.to_json(), prompts,
            folder=folder / "runs",
        )  # fmt: skip

    def survey(self, given, archive: Path):
        facts = self.practice.facts()
        look = HostLook("host-02", OURS, ("192.0.2.12",), facts["hosts"][OURS]["uuid"], "4.5", "")
        inspection = support.an_inspection(
            self.model(), engine_fqdn=self.fqdn, scopes=("files", "db"), dwh_present=False
        )
        found = support.a_survey(given, look, inspection, ArchivePlace("", str(archive)))
        return replace(
            found,
            sha256=hashlib.sha256(archive.read_bytes()).hexdigest(),
            size=archive.stat().st_size,
        )

    def model(self) -> EngineModel:
        """What the backup knew: our host under another id, made free, and the others."""
        known = self.practice.facts()[db.KEY]
        names = {host["id"]: host["name"] for host in known["hosts"]}
        hosts = [_host(h) for h in known["hosts"] if h["address"] != OURS]
        ours = support.host(
            2, name="host-02", address=OURS, status_name="Maintenance", vms=0,
            hardware_uuid=self.practice.facts()["hosts"][OURS]["uuid"], management_ipv4=None,
        )  # fmt: skip
        machines = tuple(
            _machine(m, names.get(m["host"], "host-03" if m["name"] != "vm_archive" else ""))
            for m in known["machines"]
        )
        centers = tuple(
            DataCenter(c["id"], c["name"], "Up", "4.7", "host-01") for c in known["data_centers"]
        )
        return replace(
            support.MODEL, hosts=(ours, *hosts), vms=machines, data_centers=centers, clusters=()
        )


def _host(record) -> Host:
    return support.host(
        9, id=record["id"], name=record["name"], address=record["address"],
        hardware_uuid=record["uuid"], power_management=False, management_ipv4=None,
    )  # fmt: skip


def _machine(record, host: str) -> Vm:
    return support.machine(
        record["name"], host or None, id=record["id"], ha=record["ha"],
        status_name="Up" if host else "Down", engine_vm=record["name"] == "HostedEngine",
    )  # fmt: skip


def _lost(practice: Practice):
    return [host for host in practice.engine.hosts() if host.address in LOST]


@contextmanager
def restore_world(folder: Path) -> Iterator[RestoreWorld]:
    """The practice engine as the tool leaves it, and an engine's health page."""
    with practising(folder / "practice") as practice, an_engine() as page:
        start(practice.places.world, OURS, healthy_in=0.0)
        practice.told("machines", "HostedEngine", host=practice.host_id("host-02"))
        for name in LOST:
            lose_host(practice.places, name.partition(".")[0])
        until = time.monotonic() + 120
        while any(
            h.status != "non_responsive" for h in practice.engine.hosts() if h.address in LOST
        ):
            assert time.monotonic() < until, practice.engine.hosts()
            time.sleep(0.05)
        yield RestoreWorld(folder, practice, page.fqdn, copy.deepcopy(practice.facts()))


def assert_restored(world: RestoreWorld, run: RunDirectory) -> None:
    """The tool was answered once, nothing stays on the host, no secret stands anywhere."""
    folder = run.path.parents[1]
    assert Folder(folder).received() == RECEIVED
    assert Folder(folder).on_host() == []
    for path in run.path.rglob("*"):
        data = path.read_text(errors="replace") if path.is_file() else ""
        assert not any(secret in data for secret in world.secrets().values()), path

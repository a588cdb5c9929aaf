"""An engine that was restored: practice hosts behind real SSH, a practice engine beside them."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from config.questions import Group, Interview, Kind, Question
from config.secrets import Secret
from config.site_file import load_site
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.places import EnginePlaces
from steps.drill.practice_engine.server import PracticeServer
from steps.drill.practice_engine.site import (
    build_engine,
    name_engine,
    restore_database,
    saved_database,
)
from steps.drill.practice_hosts.first_world import ANSIBLE, ENGINE
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.site import build_hosts, start_servers, stop_all
from steps.drill.processes import recorded_number
from steps.hosted_engine.deploy_job import DeployJob
from steps.hosted_engine.recovery.recovery_job import (
    BackupHost,
    BackupMachine,
    Limits,
    RecoveryJob,
)
from steps.procedure import Plan, Procedure
from steps.run.directory import create_run
from steps.run.runner import open_site_targets
from steps.targets.open import ENGINE_PASSWORD
from steps.targets.ovirt_engine import OvirtEngine
from tests.unit.run_support import Operator

HOSTS = tuple(f"host-0{number}.practice.invalid" for number in (1, 2, 3))
CARRIER = HOSTS[0]
SPEED = 600.0
SOON = 60.0
LIMITS = Limits(SOON, SOON, SOON, SOON, SOON, SOON, SOON, SOON, SOON, every=0.02)
NEW_NAME = "hosted_engine_1"
CONFIGURATION = "etc/ovirt-hosted-engine/hosted-engine.conf"


class Running(Operator):
    """One life of a run on that world."""

    patience = 240.0

    def log(self, step: str) -> str:
        self.session.logs.flush()
        path = self.session.run.step_log(step)
        return path.read_text() if path.exists() else ""

    def evidence(self, step: str) -> str:
        return self.view.steps[step].evidence

    def states(self) -> dict[str, str]:
        return {name: step.state.value for name, step in self.view.steps.items()}


class Restored:
    """The world, its engine as a test asks it, and the runs on it."""

    def __init__(self, folder: Path) -> None:
        self.hosts, self.places = HostPlaces(folder), EnginePlaces(folder)
        self.engine: OvirtEngine

    @property
    def site(self):
        return load_site(self.hosts.site_file)

    @property
    def password(self) -> Secret:
        return Secret(self.places.password_file.read_text().strip())

    def facts(self) -> dict:
        return self.places.world.read()

    def told(self, kind: str, name: str, **changes: object) -> None:
        """Change what the engine knows, as time or another administrator would."""
        with self.places.world.change() as facts:
            next(r for r in facts[db.KEY][kind] if r["name"] == name).update(changes)

    def mend(self) -> None:
        with self.places.world.change() as facts:
            facts["faults"] = {}

    def fault(self, name: str, host: str) -> None:
        with self.places.world.change() as facts:
            facts["faults"][name] = host

    def root(self, host: str) -> Path:
        return self.hosts.root(host)

    def id_of(self, name: str) -> str:
        host = self.engine.host_named(name)
        assert host is not None
        return host.id

    def begin(self, first: dict, lost: tuple[str, ...] = HOSTS[1:]) -> None:
        """The backup is of a day when host-01 was the failover host; since then all was lost.

        host-02 managed the storage and carried the engine; two machines ran on host-03. Today the
        engine is deployed on host-01, restored, and its machine runs there.
        """
        facts = json.loads(json.dumps(first))
        facts["started"] = time.time()
        database = facts[db.KEY]
        one, two, _three = database["hosts"]
        one.update(status="maintenance", spm="none")
        two.update(spm="spm")
        database["machines"][0]["host"] = two["id"]
        for host in lost:
            facts["hosts"][host]["dead"] = True
        for name in HOSTS:
            facts["hosts"][name]["ha"].update(joined=False, score=0)
            shutil.rmtree(self.root(name) / "etc/ovirt-hosted-engine", ignore_errors=True)
            shutil.rmtree(self.root(name) / "root/.ssh", ignore_errors=True)
        _runs_on(facts, CARRIER)
        self.places.world.write(facts)
        self._deploy_on(CARRIER)
        self.backup = saved_database(self.places)
        restore_database(self.places, self.backup, fence_delay=1e9)

    def _deploy_on(self, host: str) -> None:
        file = self.root(host) / CONFIGURATION
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"fqdn={ENGINE}\nvmid={self.facts()[db.KEY]['machines'][0]['id']}\n")
        with self.places.world.change() as facts:
            facts["hosts"][host]["ha"].update(joined=True, score=3400)

    def agents(self, *, active: bool) -> None:
        """Whether the high availability services run on the carrier."""
        with self.places.world.change() as facts:
            for name in ("ovirt-ha-agent", "ovirt-ha-broker"):
                facts["hosts"][CARRIER]["services"][name] = "active" if active else "inactive"

    def machine_starts(self) -> None:
        """As the agents start it, once they run."""
        with self.places.world.change() as facts:
            _runs_on(facts, CARRIER)

    def tool_adds_host(self) -> None:
        """As the deployment does when it goes on; the old storage manager keeps it waiting."""
        from steps.targets.engine import NewHost

        cluster = self.engine.clusters()[0].id
        password = Secret(self.hosts.password_file.read_text().strip())
        self.engine.add_host(NewHost(NEW_NAME, CARRIER, cluster, password))
        self.told("hosts", NEW_NAME, status="non_operational", detail="storage_domain_unreachable",
                  due=[])  # fmt: skip

    def hosts_to_be_added_again(self, first: dict) -> None:
        """The engine is back on host-01. host-02 is not operational; host-03 was rebooted, and the
        engine still believes machines on it. Both carry the configuration of the old engine.
        """
        self.begin(first, lost=())
        self.engine.remove_host(self.id_of("host-01"))
        self.tool_adds_host()
        self.agents(active=True)
        with self.places.world.change() as facts:
            for name in HOSTS[1:]:
                facts["hosts"][name]["services"] |= {"ovirt-ha-agent": "active"}
                facts["hosts"][name]["ha"].update(joined=True, score=0)
                file = self.root(name) / CONFIGURATION
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("fqdn=old\nvmid=1\nhost_id=7\n")
            ours = next(h for h in facts[db.KEY]["hosts"] if h["name"] == NEW_NAME)
            ours.update(status="up", detail="", spm="spm")
            two, three = facts[db.KEY]["hosts"][:2]
            two.update(status="non_operational", due=[], spm="none")
            three.update(status="non_responsive", due=[], spm="none")
            for machine in facts[db.KEY]["machines"]:
                if machine["host"] == three["id"]:
                    machine.update(status="unknown", due=[])
                if machine["host"] == two["id"]:
                    machine["host"] = ""

    def job(self, **changes: object) -> RecoveryJob:
        hosts = tuple(
            BackupHost(host["id"], host["name"], host["address"], host["uuid"])
            for host in self.backup["hosts"]
        )
        names = {host.id: host.name for host in hosts}
        machines = tuple(
            BackupMachine(m["id"], m["name"], names[m["host"]], m["ha"], m["ha"])
            for m in self.backup["machines"]
            if m["host"] and m["name"] != "HostedEngine"
        )
        host = self.site.engine_host(CARRIER)
        deploy = DeployJob("practice", host, "classic", ENGINE, "", lambda _context: None, (), True)
        given = {"in_the_way": hosts[:1], "hosts": hosts, "machines": machines, "limits": LIMITS}
        return RecoveryJob(deploy, NEW_NAME, **(given | changes))

    def running(self, folder: Path, phases, prompts=None, run=None, site=None) -> Running:
        """A run of these phases; the engine's password is its only secret."""
        plan = Plan("toy.recovery", "the engine", "Recover", tuple(phases))
        procedure = Procedure(
            "toy.recovery", "toy", "Recover", "", "", "", TOY, {}, lambda _probe: {},
            lambda *_given: plan,
        )  # fmt: skip
        run = run or create_run(
            site or self.site, procedure.name, {}, {}, {}, prompts or {}, folder=folder / "runs"
        )
        made = Running(run, procedure, secret="", open_targets=open_site_targets)
        made.session.add_secret(ENGINE_PASSWORD, self.password)
        return made


TOY = Interview((Group("toy", "Toy", (Question("toy", "Toy", Kind.TEXT),)),))


def _runs_on(facts: dict, host: str) -> None:
    facts["engine"].update(
        state="running", host=host, fqdn=ENGINE, up_at=0.0, healthy_at=0.0, down_at=None
    )


@contextmanager
def restored_site():
    """Hosts and engine, standing; `begin` puts the world back."""
    with tempfile.TemporaryDirectory(prefix="rekindle-practice-") as folder:
        world = Restored(Path(folder) / "site")
        build_hosts(world.hosts, dict.fromkeys(HOSTS, ANSIBLE), SPEED)
        server = None
        try:
            build_engine(world.places, HOSTS)
            start_servers(world.hosts)
            server = PracticeServer(world.places, recorded_number(world.places.port_file))
            name_engine(world.places, world.hosts.site_file)
            world.engine = OvirtEngine(world.site.engine, world.password, 20)
            yield world, world.facts()
        finally:
            if server is not None:
                world.engine.close()
                server.close()
            stop_all(world.hosts)

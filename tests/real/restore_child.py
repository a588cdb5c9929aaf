"""One restore on a practice site, in a process of its own: an embedded hypervisor wants that.

Called as `python -m tests.real.restore_child FOLDER` with a script as JSON on standard input; says
what was seen, moment by moment, as one JSON object on the last line of its output.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from config.errors import RekindleError
from config.secrets import Secret
from config.site import ShellAccess, Site
from config.site_file import load_site
from steps.conflicts import Desk, Resolution
from steps.drill import practice_machine as practice
from steps.drill.places import STORAGE, Places
from steps.drill.practice_hypervisor import PracticeHypervisor
from steps.drill.score import holds
from steps.drill.truth import Truth
from steps.ldif_text import dump_entries
from steps.procedure import Plan, ProbeInput
from steps.targets import Targets
from steps.targets.directory import Entry
from steps.targets.open import open_targets
from steps.virtual_machine.restore import PROCEDURE
from tests.unit.restore_world import MemoryContext, carry_out, take_back


class Scene:
    """One practice site as a script wants it."""

    def __init__(self, folder: Path, script: dict[str, Any]) -> None:
        self.places = Places(folder)
        self.script = script
        self.truth = Truth.read(self.places.truth)
        password = Secret(self.places.password_file.read_text().strip())
        self.secrets = {"directory password": password}
        self.site = self._site(load_site(self.places.site_file))
        self.targets: Targets = open_targets(self.site, self.secrets)
        self.given = {
            "machine": practice.MACHINE, "iteration": self.truth.leaf,
            "mode": script.get("mode", "with-state"), "shutdown_limit": 0,
        }  # fmt: skip

    def _site(self, site: Site) -> Site:
        node = site.nodes[0]
        if "ssh" in self.script:
            found = self.script["ssh"]
            shell = ShellAccess(
                "ssh", "127.0.0.1", found["port"], found["user"], Path(found["key"]),
                known_hosts=Path(found["known_hosts"]),
            )  # fmt: skip
            node = replace(node, shell=shell)
        if self.script.get("ldif_folder"):
            site = self._without_server(site)
        return replace(site, nodes=(node,))

    def _without_server(self, site: Site) -> Site:
        """The same directory as a folder of LDIF files."""
        assert site.directory is not None
        folder = Path(self.script["ldif_folder"])
        entries = open_targets(site, self.secrets).directory().subtree(site.directory.base)
        folder.mkdir(parents=True)
        (folder / "site.ldif").write_text(dump_entries(entries))
        return replace(site, directory=replace(site.directory, url="", ldif_folder=folder))

    def plan(self) -> Plan:
        """Interview, survey, conflicts, plan: as the wizard goes."""
        probe = ProbeInput(self.site, self.given, self.targets)
        for name in PROCEDURE.probes:
            found = PROCEDURE.probes[name](probe)
            assert not [f for f in found.findings if f.level == "error"], (name, found)
        survey = json.loads(json.dumps(PROCEDURE.survey(probe)))
        assert PROCEDURE.conflicts is not None
        desk = Desk(PROCEDURE.conflicts(self.site, self.given, survey))
        for row in desk.conflicts.rows:
            if row.id in desk.conflicts.still_open(desk.decided):
                wanted = self.script.get("decisions", {}).get(row.id)
                desk.decide(row.id, Resolution.parse(wanted or (row.default or row.allowed[0])))
        blocking = desk.conflicts.blocking(desk.decided)
        assert not blocking, blocking
        return PROCEDURE.plan(self.site, self.given, desk.decided, survey)

    def prepare(self) -> None:
        """What the script wants to be otherwise before the restore."""
        name = practice.MACHINE
        hypervisor, directory = self.targets.hypervisor(self.truth.node), self.targets.directory()
        self._definition = hypervisor.xml(name, inactive=True)
        self._entries = self._own_entries()
        if self.script.get("undefined"):
            hypervisor.destroy(name)
            hypervisor.undefine(name)
        if self.script.get("entry_gone"):
            for entry in reversed(self._entries):
                directory.delete(entry.dn)

    def tidy_up(self) -> None:
        """As it was before `prepare`."""
        hypervisor, directory = self.targets.hypervisor(self.truth.node), self.targets.directory()
        if self.script.get("undefined"):
            hypervisor.define(self._definition)
            hypervisor.start(practice.MACHINE)
        if self.script.get("entry_gone"):
            for entry in self._entries:
                directory.add(entry.dn, entry.attributes)

    def _own_entries(self) -> list[Entry]:
        directory, base = self.targets.directory(), self.truth.base
        lease = directory.get(practice.lease_dn(base))
        assert lease is not None
        found = [*directory.subtree(practice.machine_dn(base)), lease]
        operational = ("entryCSN", "modifiersName", "modifyTimestamp")
        return [
            Entry(e.dn, {n: v for n, v in e.attributes.items() if n not in operational})
            for e in found
        ]

    def seen(self, *, boots: bool = False) -> dict[str, Any]:
        """The world as it is now; `boots`: a guest that runs has a system to boot."""
        directory = self.targets.directory()
        base = self.truth.base
        entry = directory.get(practice.machine_dn(base))
        leaf = directory.get(f"ou={self.truth.leaf},ou=backup,{practice.machine_dn(base)}")
        lease = directory.get(practice.lease_dn(base))
        retain = self.places.retain / STORAGE / practice.MACHINE
        return {
            **self._machine(boots=boots),
            "contents": {
                disk.target: self._content(disk.image) for disk in self.truth.now.disks
            },
            "live": sorted(path.name for path in self.places.live.iterdir()),
            "retain": sorted(p.name for p in retain.rglob("*") if p.is_file()),
            "memory_entry": entry and entry.text("sstMemory"),
            "description": entry and entry.text("description"),
            "status": entry and entry.text("sstStatus"),
            "lease": lease and lease.text("dhcpHWAddress"),
            "leaf": leaf and leaf.text("sstProvisioningMode"),
            "disks_entry": sorted(
                e.text("sstDisk") or "" for e in directory.subtree(practice.machine_dn(base))
                if e.text("sstDisk")
            ),
        }  # fmt: skip

    def _content(self, image: str) -> str:
        path = self.places.live / image
        patterns = {disk.image: disk.pattern for disk in self.truth.now.disks}
        return "then" if holds(path, patterns[image]) else "now" if holds(path, 0xEE) else "?"

    def _machine(self, *, boots: bool) -> dict[str, Any]:
        self.targets.hypervisor(self.truth.node).close()
        hypervisor = PracticeHypervisor(self.site.nodes[0].uri)
        try:
            status = hypervisor.domain(practice.MACHINE)
            if status is None:
                return {"state": None, "persistent": False, "boot": None}
            boot = self._same_boot(hypervisor, boots) if status.active else None
            return {"state": status.state, "persistent": status.persistent, "same_boot": boot}
        finally:
            hypervisor.close()

    def _same_boot(self, hypervisor: PracticeHypervisor, boots: bool) -> bool | None:
        """None where nothing in it counts, also after the time that a busy host needs to boot."""
        until = time.monotonic() + (240 if boots else 0)
        while (mark := hypervisor.memory_mark(practice.MACHINE)) is None:
            if time.monotonic() > until:
                return None
            time.sleep(0.2)
        return mark.boot == self.truth.boot


def main() -> None:
    """Prepare, restore, look, take back, look."""
    scene = Scene(Path(sys.argv[1]), json.load(sys.stdin))
    run = Path(scene.places.folder).with_name("run-" + scene.script["name"])
    run.mkdir()
    scene.prepare()
    before = scene.seen()
    try:
        plan = scene.plan()
        context = MemoryContext(scene.targets, scene.given, run, cleanup="keep",
                                shut_down="destroy")  # fmt: skip
        put_off = carry_out(plan, context)
        after = scene.seen(boots=True)
        take_back(plan, context)
        undone = scene.seen()
        scene.tidy_up()
    except RekindleError as error:
        print(json.dumps({"error": str(error)}))
        sys.exit(1)
    finally:
        scene.targets.close()
    steps = [step.name for step in plan.steps]
    print(json.dumps({"before": before, "after": after, "undone": undone, "put_off": put_off,
                      "steps": steps, "commands": [c for s in plan.steps for c in s.commands()],
                      "facts": context.facts, "log": context.lines}))  # fmt: skip


if __name__ == "__main__":
    main()

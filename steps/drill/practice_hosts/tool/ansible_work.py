"""What 4.5 does after its questions, task by task. Reference, sections 5.2 to 5.4."""

from __future__ import annotations

import json
import secrets
import string
import uuid
from pathlib import Path
from typing import Final

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.backup_tool.words import Fatal
from steps.drill.practice_engine.database import Record
from steps.drill.practice_hosts import engine_machine as machine
from steps.drill.practice_hosts.tool import ansible_engine, engine_side
from steps.drill.practice_hosts.tool.ansible_questions import CORE, VM, restores
from steps.drill.practice_hosts.tool.ansible_storage import ask_disk, ask_storage
from steps.drill.practice_hosts.tool.classic_work import CONFIGURATION, NON_OPERATIONAL
from steps.drill.practice_hosts.tool.dialects import ERROR, Ended
from steps.drill.practice_hosts.tool.session import Session

ROLE: Final = "ovirt.ovirt.hosted_engine_setup"
SETUP_ROLE: Final = "ovirt.ovirt.engine_setup"
NO_ADDRESS: Final = "bootstrap-no-address"
LEASE_TRIES, LEASE_SECONDS = 90, 10.0
HEALTH_TRIES, HEALTH_SECONDS = 180, 5.0
HOST_TRIES, HOST_SECONDS = 120, 10.0
PAUSE_SECONDS: Final = 24 * 3600.0
_LOCK_LETTERS: Final = string.ascii_lowercase + string.digits + "_"
_LOOK: Final = 0.05
"""Our own seconds between two looks at a lock file."""


class TaskFailed(Ended):
    """A task of the role failed."""


def task(
    session: Session, name: str, seconds: float = 2.0, *, role: str = ROLE, on: str = "localhost",
    result: str = "changed",
) -> None:  # fmt: skip
    """One task that goes well."""
    session.say(f"TASK [{role} : {name}]")
    session.pause(seconds)
    session.say(f"{result}: [{on}]")


def fail(session: Session, name: str, error: dict[str, object], *, ignored: bool = False) -> None:
    """One task that fails, with ansible's own JSON; ends the play unless it is ignored."""
    session.say(f"TASK [{ROLE} : {name}]")
    session.say(f"fatal: [localhost]: FAILED! => {json.dumps(error)}", ERROR)
    if not ignored:
        raise TaskFailed("Failed executing ansible-playbook")


def bootstrap(session: Session) -> None:
    """Clean, local machine, engine, host; up to the storage questions."""
    session.say("Cleaning previous attempts")
    task(session, "Execute just a specific set of steps", result="ok")
    task(session, "Stop libvirt service")
    task(session, "Destroy local storage-pool localvm", result="ok")
    session.say("Starting local VM")
    session.changed = True
    _local_machine(session, exists=True)
    task(session, "Install ovirt-engine-appliance rpm", 30, result="ok")
    task(session, "Extract appliance to local VM directory", 120)
    task(session, "Create local VM", 20)
    session.die_if("tool-killed")
    _lease(session)
    task(session, "Wait for the local VM", 60, on="localhost -> engine", result="ok")
    record = _restore(session)
    task(session, "Execute engine-setup", 300, role=SETUP_ROLE, on="localhost -> engine")
    if engine_side.has_engine(session.world.read()):
        ansible_engine.take_up(session, record)
    task(session, "Wait for ovirt-engine service to start", 60, result="ok")
    _host(session)


def _local_machine(session: Session, *, exists: bool) -> None:
    with session.world.change() as facts:
        facts["hosts"][session.name]["local_machine"] = exists


def _lease(session: Session) -> None:
    name = "Get local VM IP"
    if not session.world.fault(NO_ADDRESS):
        task(session, name, 30)
        return
    session.pause(LEASE_TRIES * LEASE_SECONDS)
    mac = session.environment.text(VM + "vmMACAddr")
    command = f"virsh -r net-dhcp-leases default | grep -i {mac} | awk '{{ print $5 }}'"
    fail(session, name, {
        "attempts": LEASE_TRIES, "changed": True, "cmd": command, "rc": 0, "stderr": "",
        "stdout": "", "msg": "non-zero return code",
    })  # fmt: skip


def _restore(session: Session) -> Record | None:
    """What the restored engine knows; None where nothing is restored, or no engine is there."""
    if not restores(session):
        return None
    guest = "localhost -> engine"
    task(session, "Copy the backup file to the engine VM for restore", 20, on=guest)
    record = None
    if engine_side.has_engine(session.world.read()):
        record = _restored(session)
    task(session, "Run engine-backup", 120, on=guest)
    task(session, "Remove previous hosted-engine VM", on=guest)
    task(session, "Rename previous HE storage domain to avoid name conflicts", on=guest)
    return record


def _restored(session: Session) -> Record:
    """Restore the file; a failure pauses, so that somebody can mend it, and is tried again once."""
    file = Path(session.environment.text(CORE + "restoreFromFile"))
    try:
        return ansible_engine.restore(session, file)[0]
    except Fatal as fatal:
        fail(session, "Run engine-backup", ansible_engine.told(fatal), ignored=True)
        session.say("...ignoring")
    pause(session)
    try:
        return ansible_engine.restore(session, file)[0]
    except Fatal as fatal:
        fail(session, "Fail if engine-backup failed", ansible_engine.told(fatal))
        raise


def _host(session: Session) -> None:
    added = _added(session) if engine_side.has_engine(session.world.read()) else ""
    task(session, "Add host", 10)
    if session.environment.get(CORE + "pauseonRestore"):
        pause(session)
    task(session, "Wait for the host to be up", 60, result="ok")
    if _is_non_operational(session, added):
        fail(session, "Notify the user about a failure", _non_operational(session), ignored=True)
        session.say("...ignoring")
        pause(session)
        if _is_non_operational(session, added):
            fail(session, "Fail if the host is not up", _non_operational(session))


def _added(session: Session) -> str:
    name = session.environment.text("OVEHOSTED_ENGINE/appHostName")
    cluster = session.environment.text("OVEHOSTED_ENGINE/clusterName")
    try:
        return engine_side.add_host(session, name, cluster)
    except db.Fault as fault:
        message = f'Fault reason is "{fault.reason}". Fault detail is "{fault.detail}".'
        fail(session, "Add host", {
            "changed": False, "msg": f"{message} HTTP response code is {fault.status}.",
        })  # fmt: skip
        raise


def _is_non_operational(session: Session, added: str) -> bool:
    """Waits until the engine has made up its mind."""
    if not added:
        return bool(session.world.fault(NON_OPERATIONAL))
    for _attempt in range(HOST_TRIES):
        record = engine_side.host_record(session, added)
        status = record["status"] if record else "removed"
        if status == "up":
            return bool(session.world.fault(NON_OPERATIONAL))
        if status in ("non_operational", "install_failed", "non_responsive", "removed"):
            return True
        session.pause(HOST_SECONDS)
    return True


def _non_operational(session: Session) -> dict[str, object]:
    return {
        "changed": False,
        "msg": f"The host {session.name} has been set in non_operational status, deployment"
        " errors:   code 1120: Failed to configure management network on host due to setup"
        " networks failure.,   fix accordingly and re-deploy.",
    }


def pause(session: Session) -> None:
    """Wait until the lock file is gone. Nobody is asked."""
    letters = "".join(secrets.choice(_LOCK_LETTERS) for _ in range(8))
    lock = Path(f"/tmp/ansible.{letters}_he_setup_lock")  # noqa: S108  (the role's own place)
    task(session, "Create temporary lock file")
    lock.touch()
    session.say(f"TASK [{ROLE} : Pause execution until {lock} is removed, delete it once ready to"
                " proceed]")  # fmt: skip
    waited = 0.0
    speed = float(session.world.read()["speed"])
    while lock.exists():
        if waited > PAUSE_SECONDS:
            raise TaskFailed("Failed executing ansible-playbook")
        session.pause(_LOOK * speed)
        waited += _LOOK * speed
    session.say("ok: [localhost]")


def storage_and_target(session: Session) -> None:
    """Storage, disk, the machine on it, HA; up to an engine that is well."""
    ask_storage(session)
    task(session, "Check storage domain free space", result="ok")
    task(session, "Activate storage domain", 20)
    ask_disk(session)
    session.say("Creating Target VM")
    task(session, "Add HE disks", 20)
    task(session, "Add VM", 10)
    task(session, "Copy local VM disk to shared storage", 240)
    task(session, "Verify copy of VM disk", 30)
    task(session, "Start ovirt-ha-broker service on the host")
    task(session, "Initialize lockspace volume", 10)
    task(session, "Start ovirt-ha-agent service on the host")
    task(session, "Exit HE maintenance mode")
    _mark_deployed(session)
    _health(session)


def _mark_deployed(session: Session) -> None:
    identity = str(uuid.uuid4())
    session.environment.set(VM + "vmUUID", identity)
    fqdn = session.environment.text("OVEHOSTED_NETWORK/fqdn")
    CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    CONFIGURATION.write_text(f"fqdn={fqdn}\nvmid={identity}\nhost_id=1\n")
    if engine_side.has_engine(session.world.read()):
        path = session.environment.text("OVEHOSTED_STORAGE/storageDomainConnection")
        engine_side.name_engine_parts(session, path.partition(":")[2])
    machine.new_disk(session.world)
    machine.installed(session.world, set_up=True)
    with session.world.change() as facts:
        host = facts["hosts"][session.name]
        host["local_machine"] = False
        host["ha"].update(score=3400, joined=True)
        for service in ("ovirt-ha-agent", "ovirt-ha-broker", "vdsmd", "sanlock"):
            host["services"][service] = "active"
        ansible_engine.on_its_own_disk(facts)
        mac = session.environment.text(VM + "vmMACAddr").lower()
        facts["engine"].update(fqdn=fqdn, mac=mac)
        taken = mac in facts["network"]["neighbours"].values()
    machine.start(
        session.world, session.name, healthy_in=None if taken else machine.BOOT_SECONDS
    )  # fmt: skip


def _health(session: Session) -> None:
    name = "Check engine VM health"
    for _attempt in range(HEALTH_TRIES):
        facts = session.world.read()
        if machine.is_healthy(facts, session.world.now(facts)):
            task(session, name, 0, result="ok")
            return
        session.pause(HEALTH_SECONDS)
    status = {"vm": "up", "health": "bad", "detail": "Up", "reason": "failed liveliness check"}
    fail(session, name, {
        "attempts": HEALTH_TRIES, "changed": True, "cmd": ["hosted-engine", "--vm-status",
        "--json"], "rc": 0, "stdout": json.dumps({"1": {"engine-status": status}}),
    }, ignored=True)  # fmt: skip
    facts = session.world.read()
    mac, fqdn = facts["engine"]["mac"], facts["engine"]["fqdn"]
    other = next((ip for ip, m in facts["network"]["neighbours"].items() if m == mac), "")
    if other:
        fail(session, "Fail on Engine IP mismatch", {
            "changed": False,
            "msg": f"Engine VM IP address is {other} while the engine's he_fqdn {fqdn} resolves to"
            f" {', '.join(facts['dns'].get(fqdn, []))}. If you are using DHCP, check your DHCP"
            " reservation configuration",
        })  # fmt: skip
    fail(session, "Fail if the engine VM is not healthy", {
        "changed": False,
        "msg": "Failed to start engine VM: the engine health check did not pass. Check the engine"
        " logs on the engine VM.",
    })  # fmt: skip


def finish(session: Session) -> None:
    """The last lines before the clean-up of the tool."""
    session.say("Cleaning temporary resources")
    task(session, "Clean local storage pools", result="ok")

"""What the tool of the guide's days does after its preview. Reference, sections 3.4 and 3.5."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Final

from steps.drill.practice_engine import database as db
from steps.drill.practice_hosts import engine_machine as machine
from steps.drill.practice_hosts.tool import engine_side, menus, storage
from steps.drill.practice_hosts.tool.dialects import ERROR, WARNING, Ended, Query
from steps.drill.practice_hosts.tool.session import Session

CONFIGURATION: Final = Path("/etc/ovirt-hosted-engine/hosted-engine.conf")
NON_OPERATIONAL: Final = "host-non-operational"
RESTORED: Final = "engine-restored"
"""Set where the engine was restored: other hosts hold the storage, so this one is not taken in."""
OS_SECONDS: Final = 600.0
ENGINE_SECONDS: Final = 900.0
OPERATIONAL_SECONDS: Final = 120
TRIES: Final = 600
_BEFORE_STORAGE: Final = (
    ("Configuring libvirt", 5.0), ("Configuring VDSM", 10.0), ("Starting vdsmd", 10.0),
    ("Waiting for VDSM hardware info", 3.0), ("Waiting for VDSM hardware info", 3.0),
    ("Configuring the management bridge", 10.0),
)  # fmt: skip
_STORAGE: Final = (
    ("Creating Storage Domain", 20.0), ("Creating Storage Pool", 20.0),
    ("Connecting Storage Pool", 5.0), ("Verifying sanlock lockspace initialization", 5.0),
    ("Creating VM Image", 30.0), ("Disconnecting Storage Pool", 5.0),
    ("Start monitoring domain", 5.0), ("Configuring VM", 2.0),
    ("Updating hosted-engine configuration", 1.0),
)  # fmt: skip
_CONSOLE: Final = """\
You can now connect to the VM with the following command:
\t/usr/bin/remote-viewer vnc://localhost:5900
Use temporary password "{password}" to connect to vnc console.
Please note that in order to use remote-viewer you need to be able to run graphical applications.
This means that if you are using ssh you have to supply the -Y flag \
(enables trusted X11 forwarding).
Otherwise you can run the command from a terminal in your preferred desktop environment.
If you cannot run graphical applications you can connect to the graphic console from another host \
or connect to the console using the following command:
virsh -c qemu+tls://{host}/system console HostedEngine
If you need to reboot the VM you will need to start it manually using the command:
hosted-engine --vm-start
You can then set a temporary password using the command:
hosted-engine --add-console-password"""
_INSTALL: Final = """\
Please install and setup the engine in the VM.
You may also be interested in subscribing to "agent" RHN/Satellite channel and installing \
ovirt-engine-guest-agent-common package in the VM."""
_SHUT_DOWN: Final = """\
Please shutdown the VM allowing the system to launch it as a monitored service.
The system will wait until the VM is down."""


def change_host(session: Session) -> None:
    """Stage "Misc configuration": libvirt, vdsm, bridge, storage."""
    _steps(session, _BEFORE_STORAGE)
    session.die_if("tool-killed")
    block = session.environment.text("OVEHOSTED_STORAGE/domainType") in ("iscsi", "fc")
    if block:
        _volume_group(session)
    else:
        _room(session)
    _steps(session, _STORAGE)
    _mark_deployed(session)


def _steps(session: Session, steps: tuple[tuple[str, float], ...]) -> None:
    for text, seconds in steps:
        session.say(text)
        session.pause(seconds)


def _volume_group(session: Session) -> None:
    session.say("Creating Volume Group")
    kind = session.environment.text("OVEHOSTED_STORAGE/domainType")
    guid = session.environment.text("OVEHOSTED_STORAGE/LunID")
    lun = next(lun for lun in storage.luns_of(session, kind) if lun["guid"] == guid)
    if not lun["used"] or session.environment.get("OVEHOSTED_ENGINE/forceCreateVG"):
        return
    session.say(f"Error creating Volume Group: Failed to initialize physical device: "
                f"('/dev/mapper/{guid}',)", ERROR)  # fmt: skip
    note = (
        "The selected device is already used.\n"
        "To create a vg on this device, you must use Force.\n"
        "WARNING: This will destroy existing data on the device.\n"
        "(@VALUES@)[@DEFAULT@]? "
    )
    query = Query("OVEHOSTED_FORCE_CREATEVG", note, "Abort", ("Force", "Abort"), folded=True)
    if session.ask(query) != "force":
        raise Ended("Aborted by user")
    session.environment.set("OVEHOSTED_ENGINE/forceCreateVG", True)


def _room(session: Session) -> None:
    connection = session.environment.text("OVEHOSTED_STORAGE/storageDomainConnection")
    kind = session.environment.text("OVEHOSTED_STORAGE/domainType")
    export = storage.export_of(session, connection, kind)
    if export["free"] < storage.LEAST:
        free = export["free"] >> 20
        raise Ended(f"Error: mount point contains only {free}MB of available space"
                    " while a minimum of 20480MB is required")  # fmt: skip


def _mark_deployed(session: Session) -> None:
    identity = str(uuid.uuid4())
    session.environment.set("OVEHOSTED_VM/vmUUID", identity)
    CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    CONFIGURATION.write_text(
        f"fqdn={session.environment.text('OVEHOSTED_NETWORK/fqdn')}\nvmid={identity}\n"
        f"host_id={session.environment.text('OVEHOSTED_STORAGE/hostID') or '1'}\n"
        f"storage={session.environment.text('OVEHOSTED_STORAGE/storageDomainConnection')}\n"
    )
    with session.world.change() as facts:
        path = session.environment.text("OVEHOSTED_STORAGE/storageDomainConnection")
        export = facts["storage"]["exports"].get(path.partition(":")[2].rstrip("/"))
        if export is not None:
            export["used"] = True
        facts["engine"].update(
            fqdn=session.environment.text("OVEHOSTED_NETWORK/fqdn"),
            mac=session.environment.text("OVEHOSTED_VM/vmMACAddr").lower(),
        )  # fmt: skip


def close_up(session: Session) -> None:
    """Stage "Closing up": the machine, its menus, the engine, the host in it, HA."""
    _run_machine(session, menus.OS_INSTALLED)
    session.dialect.note("Waiting for VM to shut down...")
    _wait_until_down(session)
    _run_machine(session, menus.ENGINE_INSTALLED)
    session.say(f"Engine replied: {machine.HEALTHY}")
    session.say("Connecting to the Engine")
    _cluster(session)
    _take_in(session)
    session.dialect.note(_SHUT_DOWN)
    by_itself = session.environment.get("OVEHOSTED_VM/automateVMShutdown") is True
    if by_itself or not engine_side.has_engine(session.world.read()):
        machine.shut_down(session.world)
    _wait_until_down(session)
    session.say("Enabling and starting HA services")
    _start_services(session)
    session.dialect.note("Hosted Engine successfully set up")


def _run_machine(session: Session, menu: str) -> None:
    """Start it and put the menu, until somebody continues; the engine must be up for the second."""
    _create(session, menu)
    while True:
        action = menus.choose(session, menu)
        if action == menus.RESTART:
            _create(session, menu)
        elif action in (menus.ABORT, menus.DESTROY):
            if action == menus.DESTROY:
                machine.destroy(session.world)
            raise Ended("Setup aborted by user")
        elif menu == menus.OS_INSTALLED or _is_healthy(session):
            return
        else:
            session.say("Engine health status page is not yet reachable.", ERROR)


def _create(session: Session, menu: str) -> None:
    session.say("Creating VM")
    session.pause(5)
    installing = menu == menus.OS_INSTALLED
    # Somebody simulated installs the machine's system; its engine only where no other can do it.
    ready = machine.BOOT_SECONDS if engine_side.has_engine(session.world.read()) else ENGINE_SECONDS
    if installing:
        machine.new_disk(session.world)
    else:
        machine.installed(session.world)
    password = machine.start(
        session.world, session.name,
        healthy_in=None if installing or _has_other_address(session) else ready,
        down_in=OS_SECONDS if installing else None,
    )  # fmt: skip
    session.dialect.note(_CONSOLE.format(password=password, host=session.name))
    if not installing:
        session.dialect.note(_INSTALL)


def _has_other_address(session: Session) -> bool:
    """A MAC address that another machine has: DHCP gives that machine's address."""
    facts = session.world.read()
    return facts["engine"]["mac"] in facts["network"]["neighbours"].values()


def _wait_until_down(session: Session) -> None:
    while machine.is_up(facts := session.world.read(), session.world.now(facts)):
        session.pause(2)


def _is_healthy(session: Session) -> bool:
    facts = session.world.read()
    return machine.is_healthy(facts, session.world.now(facts))


def _cluster(session: Session) -> None:
    note = (
        "Enter the name of the cluster to which you want to add the host (@VALUES@) [@DEFAULT@]: "
    )
    known = engine_side.clusters(session)
    query = Query("cluster_name", note, known[0], known)
    session.answered("OVEHOSTED_ENGINE/clusterName", query)


def _take_in(session: Session) -> None:
    """600 looks a second apart; a line every 30. Not to be taken in is not the end of it."""
    name = session.environment.text("OVEHOSTED_ENGINE/appHostName")
    added = _add(session, name) if engine_side.has_engine(session.world.read()) else ""
    session.say("Waiting for the host to become operational in the engine. This may take several"
                " minutes...")  # fmt: skip
    for tries in range(TRIES - 1, -1, -1):
        if _taken_in(session, name, added, TRIES - tries):
            return
        if tries % 30 == 0:
            session.say("Still waiting for VDSM host to become operational...")
            session.pause(30)
    session.say("Timed out while waiting for host to start. Please check the logs.", ERROR)
    session.say(f"Unable to add {name} to the manager", ERROR)


def _add(session: Session, name: str) -> str:
    """Add the host, until the engine takes it or somebody aborts; returns its id there."""
    cluster = session.environment.text("OVEHOSTED_ENGINE/clusterName")
    while True:
        try:
            return engine_side.add_host(session, name, cluster)
        except db.Fault as fault:
            session.say(f"Cannot automatically add the host to cluster {cluster}:"
                        f"\n{fault.detail}", ERROR)  # fmt: skip
        if menus.choose_after_failure(session) == menus.ABORT:
            raise Ended("Setup aborted by user")


def _taken_in(session: Session, name: str, added: str, waited: int) -> bool:
    if not added:
        restored = session.world.fault(RESTORED)
        return not restored and waited >= OPERATIONAL_SECONDS and _operational(session, name)
    # Looks at the engine are a second apart there; the pauses between them are made in one.
    record = engine_side.host_record(session, added) if waited % 30 == 1 else None
    if record is None:
        return False
    if record["status"] == "up":
        session.say("The VDSM Host is now operational")
        return True
    network = record["status"] == "non_operational" and record["detail"] == "network_unreachable"
    return network and _operational(session, name, non_operational=True)


def _operational(session: Session, name: str, *, non_operational: bool = False) -> bool:
    """Whether it is up, or left as it is by whoever was asked."""
    if non_operational or session.world.fault(NON_OPERATIONAL):
        session.dialect.note(
            f"The host {name} is in non-operational state.\n"
            "Please try to activate it via the engine webadmin UI.\n"
        )
        if session.environment.get("OVEHOSTED_ENGINE/promptNonOperational") is not False:
            note = "Retry checking host status or ignore this and continue (@VALUES@)[@DEFAULT@]? "
            query = Query("OVEHOSTED_NON_OPERATIONAL", note, "Retry", ("Retry", "Ignore"),
                          folded=True)  # fmt: skip
            if session.ask(query) == "retry":
                return False
        session.say("Host left in non-operational state", WARNING)
        return True
    session.say("The VDSM Host is now operational")
    return True


def _start_services(session: Session) -> None:
    with session.world.change() as facts:
        host = facts["hosts"][session.name]
        for service in ("ovirt-ha-agent", "ovirt-ha-broker", "vdsmd", "sanlock"):
            host["services"][service] = "active"
        host["ha"].update(score=2400, joined=True)
    machine.start(
        session.world, session.name,
        healthy_in=None
        if _has_other_address(session)
        else machine.AGENT_SECONDS + machine.BOOT_SECONDS,
        up_in=machine.AGENT_SECONDS,
    )  # fmt: skip

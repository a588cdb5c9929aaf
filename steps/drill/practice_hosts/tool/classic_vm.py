"""Network and machine questions of the guide's days. Reference, section 3.2, rows 16 to 28."""

from __future__ import annotations

import random
from pathlib import Path

from steps.drill.practice_hosts.first_world import GUIDE
from steps.drill.practice_hosts.tool import rules
from steps.drill.practice_hosts.tool.dialects import Ended, Query
from steps.drill.practice_hosts.tool.session import Session, Wrong

VM = "OVEHOSTED_VM/"
NETWORK = "OVEHOSTED_NETWORK/"
CPU_MODELS = (
    ("model_Haswell", "Intel Haswell Family"),
    ("model_Haswell-noTSX", "Intel Haswell-noTSX Family"),
    ("model_SandyBridge", "Intel SandyBridge Family"),
    ("model_Westmere", "Intel Westmere Family"), ("model_Nehalem", "Intel Nehalem Family"),
    ("model_Penryn", "Intel Penryn Family"), ("model_Conroe", "Intel Conroe Family"),
)  # fmt: skip
_ISO_MARK = (32769, b"CD001")


def ask_network(session: Session) -> None:
    """Rows 16 to 18; NetworkManager that runs ends it."""
    session.dialect.note("\n--== NETWORK CONFIGURATION ==--\n\n")
    running = session.host["services"]["NetworkManager"] == "active"
    if running and session.environment.get(NETWORK + "refuseDeployingWithNM") is not False:
        raise Ended("hosted-engine cannot be deployed while NetworkManager is running, please stop"
                    " and disable it before proceeding")  # fmt: skip
    nics = tuple(sorted(session.host["nics"], reverse=True))
    default = "em1" if "em1" in nics else nics[0]
    note = "Please indicate a nic to set ovirtmgmt bridge on: (@VALUES@) [@DEFAULT@]: "
    session.answered(NETWORK + "bridgeIf", Query("ovehosted_bridge_if", note, default, nics))
    _firewall(session)
    gateway = session.world.read()["network"]["gateway"]
    note = "Please indicate a pingable gateway IP address [@DEFAULT@]: "
    session.answered(
        NETWORK + "gateway", Query("OVEHOSTED_GATEWAY", note, gateway), rules.pinged(session)
    )


def _firewall(session: Session) -> None:
    if session.environment.get(NETWORK + "firewallManager") is not None:
        return
    if "iptables" not in session.host["services"]:
        return
    query = Query(
        "OHOSTED_NETWORK_FIREWALL_MANAGER",
        "iptables was detected on your computer, do you wish setup to configure it?"
        " (@VALUES@)[@DEFAULT@]: ", "Yes", rules.YES_NO, folded=True,
    )  # fmt: skip
    session.environment.set(
        NETWORK + "firewallManager", "iptables" if session.ask(query) == "yes" else ""
    )


def ask_machine(session: Session) -> None:
    """Rows 19 to 28."""
    session.dialect.note("\n--== VM CONFIGURATION ==--\n\n")
    boot = _boot(session)
    if boot == "disk":
        _appliance(session)
    note = "Please specify an alias for the Hosted Engine image [@DEFAULT@]: "
    session.answered(
        "OVEHOSTED_STORAGE/imgAlias",
        Query("OVEHOSTED_STORAGE_IMG_ALIAS", note, "hosted_engine"),
    )
    _cpu_type(session)
    if boot == "cdrom":
        _media(session)
    _sizes(session)
    note = "Please specify the console type you would like to use to connect to the VM"
    query = Query(
        "OVEHOSTED_VM_CONSOLE_TYPE", f"{note} (@VALUES@) [@DEFAULT@]: ", "vnc", ("vnc", "spice")
    )
    if session.environment.get("OVEHOSTED_VDSM/consoleType") is None:
        chosen = session.ask(query)
        session.environment.set(
            "OVEHOSTED_VDSM/consoleType", "qxl" if chosen == "spice" else chosen
        )


def _boot(session: Session) -> str:
    default = "cdrom" if session.host["build"] == GUIDE else "disk"
    note = "Please specify the device to boot the VM from (@VALUES@) [@DEFAULT@]: "
    query = Query("OVEHOSTED_VMENV_BOOT", note, default, ("cdrom", "disk", "pxe"))
    return str(session.answered(VM + "vmBoot", query))


def _appliance(session: Session) -> None:
    def check(text: str) -> str:
        if not Path(text).is_file():
            raise Wrong(f"The specified OVF archive is not readable: {text}")
        return text

    note = "Please specify path to OVF archive you would like to use [@DEFAULT@]: "
    query = Query("OVEHOSTED_VMENV_OVF", note, "None")
    session.answered(VM + "ovfArchive", query, check)
    session.environment.set(VM + "cloudInitISO", "skip")


def _cpu_type(session: Session) -> None:
    models = [model for model, _family in CPU_MODELS]

    def check(text: str) -> str:
        if text not in models:
            raise Wrong("Invalid CPU type specified")
        return text

    if session.environment.get("OVEHOSTED_VDSM/cpu") is None:
        session.dialect.note("The following CPU types are supported by this host:")
        session.dialect.note("\n".join(f"\t - {name}: {family}" for name, family in CPU_MODELS))
    note = "Please specify the CPU type to be used by the VM [@DEFAULT@]: "
    query = Query("ovehosted_vmenv_cpu_type", note, models[0])
    session.answered("OVEHOSTED_VDSM/cpu", query, check)


def _media(session: Session) -> None:
    def check(text: str) -> str:
        path = Path(text)
        if not path.is_file():
            raise Wrong("The specified installation media is not readable. Please ensure that"
                        f" {text} could be read by qemu user or kvm group or specify another"
                        " installation media.")  # fmt: skip
        with path.open("rb") as media:
            media.seek(_ISO_MARK[0])
            if media.read(len(_ISO_MARK[1])) != _ISO_MARK[1]:
                raise Wrong("The specified installation media is not valid.")
        return text

    note = (
        "Please specify path to installation media you would like to use [@DEFAULT@]: "
    )  # fmt: skip
    session.answered(VM + "vmCDRom", Query("OVEHOSTED_VMENV_CDROM", note, "None"), check)


def _sizes(session: Session) -> None:
    host = session.host
    for key, name, prompt, least, most, proceed in (
        (VM + "vmVCpus", "ovehosted_vmenv_cpu", "Please specify the number of virtual CPUs for the"
         " VM", 2, host["cpus"], "CPU_PROCEED"),
        ("OVEHOSTED_STORAGE/imgSizeGB", "ovehosted_vmenv_mem", "Please specify the disk size of"
         " the VM in GB", 25, 1 << 16, "DISK_PROCEED"),
        (VM + "vmMACAddr", "", "", 0, 0, ""),
        (VM + "vmMemSizeMB", "ovehosted_vmenv_mem", "Please specify the memory size of the VM in"
         " MB", 4096, host["memory_mb"], "MEMORY_PROCEED"),
    ):  # fmt: skip
        if name:
            _size(session, key, name, prompt, least, most, proceed)
        else:
            _mac(session)


def _size(
    session: Session, key: str, name: str, prompt: str, least: int, most: int, proceed: str
) -> None:
    note = f"{prompt} [Defaults to minimum requirement: @DEFAULT@]: "
    query = Query(name, note, str(least))
    check = rules.number(1, most, f"Invalid value specified: '{{value}}' (at most {most})")
    while True:
        value = int(str(session.answered(key, query, check)))
        if value >= least or _proceeds(session, proceed, value, least):
            session.environment.set(key, value if key.endswith("MemSizeMB") else str(value))
            return
        session.environment.set(key, None)


def _proceeds(session: Session, name: str, value: int, least: int) -> bool:
    session.say(f"Minimum requirements not met: {value} is less than {least}", "WARNING")
    note = f"Continue with specified {rules.SMALL_VALUES[name]}? (@VALUES@)[@DEFAULT@]: "
    return session.ask(Query(name, note, "No", rules.YES_NO, folded=True)) == "yes"


def _mac(session: Session) -> None:
    drawn = ":".join(f"{random.randrange(n):02x}" for n in (0x80, 256, 256))  # noqa: S311
    note = (
        "You may specify a unicast MAC address for the VM or accept a randomly generated default"
        " [@DEFAULT@]: "
    )
    query = Query("ovehosted_vmenv_mac", note, f"00:16:3e:{drawn}")
    session.answered(VM + "vmMACAddr", query, rules.mac(anchored=False))

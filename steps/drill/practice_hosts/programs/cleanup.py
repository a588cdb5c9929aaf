"""`ovirt-hosted-engine-cleanup`: what is left behind on the host goes; shared storage stays.

Reference, section 10.1. The guide's days have no such program.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from steps.drill.practice_hosts import engine_machine as machine
from steps.drill.practice_hosts.programs.context import Context

_FILES: Final = (
    "/etc/ovirt-hosted-engine/answers.conf", "/etc/ovirt-hosted-engine/hosted-engine.conf",
    "/etc/vdsm/vdsm.conf", "/etc/pki/vdsm/certs/cacert.pem", "/etc/pki/vdsm/certs/vdsmcert.pem",
)  # fmt: skip
_STOPPED: Final = (
    "ovirt-ha-agent", "ovirt-ha-broker", "vdsmd", "supervdsmd", "libvirtd", "sanlock",
)  # fmt: skip
_WARNING: Final = (
    "This will de-configure the host to run ovirt-hosted-engine-setup from scratch.\n"
    "Caution, this operation should be used with care.\n"
)


def run(context: Context, arguments: list[str]) -> int:
    """Ask (unless -q), then remove."""
    if str(context.host()["build"]).startswith("1."):
        return context.complain("ovirt-hosted-engine-cleanup: command not found", 127)
    if "-h" in arguments:
        print("Usage: ovirt-hosted-engine-cleanup [-q] [-h]")
        return 0
    if "-q" not in arguments:
        print(_WARNING)
        if input("Are you sure you want to proceed? [y/n]\n").strip() != "y":
            return 1
    _destroy(context)
    _stop(context)
    _remove()
    return 0


def _banner(text: str) -> None:
    print(f"  -=== {text} ===- ", flush=True)


def _destroy(context: Context) -> None:
    _banner("Destroy hosted-engine VM")
    if context.facts()["engine"]["host"] == context.host_name:
        machine.destroy(context.world)
    else:
        print("You must run deploy first")
    _banner("Killing left-behind HostedEngine processes")
    _banner("Undefining the VM in libvirt")


def _stop(context: Context) -> None:
    _banner("Stop HA services")
    _banner("Shutdown sanlock")
    _banner("Disconnecting the hosted-engine storage domain")
    _banner("De-configure VDSM networks")
    _banner("Stop other services")
    with context.world.change() as facts:
        host = context.host(facts)
        host["local_machine"] = False
        host["ha"].update(joined=False, score=0)
        for service in _STOPPED:
            host["services"][service] = "inactive"


def _remove() -> None:
    _banner("De-configure external daemons")
    _banner("Removing configuration files")
    for name in _FILES:
        file = Path(name)
        if file.exists():
            file.unlink()
            print(f"- removing {name}")
        else:
            print(f"? {name} already missing")
    for folder in Path("/var/tmp").glob("localvm*"):  # noqa: S108  (the tool's own place)
        shutil.rmtree(folder)
        print(f"- removing {folder}")

"""The one entry of every simulated program: `main.py NAME ARGUMENTS`, as a stub on PATH calls it.

Starts in some hundredths of a second: nothing outside the standard library, each part when needed.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

from steps.drill.practice_hosts.first_world import MACHINE, SERVER
from steps.drill.practice_hosts.programs.context import Context

HOST: Final = "host"
_EVERYWHERE: Final = {
    "ip": "network", "ping": "network", "dig": "network", "nc": "network", "curl": "network",
    "rpm": "system", "systemctl": "system", "service": "system", "dmidecode": "system",
    "nproc": "system",
}  # fmt: skip
_HOST: Final = {
    "hosted-engine": "hosted_engine",
    "ovirt-hosted-engine-cleanup": "cleanup",
    "mount": "storage", "showmount": "storage", "df": "storage", "stat": "storage",
    "multipath": "storage", "lsblk": "storage", "iscsiadm": "storage", "gluster": "storage",
    "virsh": "system", "ss": "system", "sanlock": "system", "lscpu": "system",
}  # fmt: skip
_MACHINE: Final = {
    "shutdown": "machine", "poweroff": "machine", "engine-backup": "engine_backup",
    "engine-setup": "engine_setup", "engine-config": "engine_setup",
    "psql": "postgres", "postgresql-setup": "postgres_server", "practice-boot": "postgres_server",
    "engine-cleanup": "engine_setup",
    **dict.fromkeys(
        ("initdb", "pg_ctl", "createdb", "createuser", "dropdb", "dropuser", "pg_dump",
         "pg_dumpall", "pg_restore", "pg_isready"), "postgres_server"),
}  # fmt: skip
_SERVER: Final = {"hostname": "network"}
_KINDS: Final = {HOST: _HOST, MACHINE: _MACHINE | _SERVER, SERVER: _SERVER}


def programs_of(kind: str) -> tuple[str, ...]:
    """Every program that is simulated on such a computer; all others are its own."""
    return (*_EVERYWHERE, *_KINDS[kind])


def main(arguments: list[str]) -> int:
    """Run the program of that name; returns its exit code."""
    name, *rest = arguments
    places = {**_EVERYWHERE, **_HOST, **_MACHINE, **_SERVER}
    module = importlib.import_module(f"steps.drill.practice_hosts.programs.{places[name]}")
    run = getattr(module, name.replace("-", "_") if hasattr(module, name.replace("-", "_"))
                  else "run")  # fmt: skip
    return int(run(Context.of_host(name), rest))


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(141)
    sys.exit(code)

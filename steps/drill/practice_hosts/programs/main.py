"""The one entry of every simulated program: `main.py NAME ARGUMENTS`, as a stub on PATH calls it.

Starts in some hundredths of a second: nothing outside the standard library, each part when needed.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

from steps.drill.practice_hosts.programs.context import Context

_PLACES: Final = {
    "hosted-engine": "hosted_engine",
    "ovirt-hosted-engine-cleanup": "cleanup",
    "ip": "network", "ping": "network", "dig": "network", "nc": "network", "curl": "network",
    "mount": "storage", "showmount": "storage", "df": "storage", "stat": "storage",
    "multipath": "storage", "lsblk": "storage", "iscsiadm": "storage", "gluster": "storage",
    "rpm": "system", "systemctl": "system", "service": "system", "dmidecode": "system",
    "virsh": "system", "ss": "system", "nproc": "system", "sanlock": "system", "lscpu": "system",
}  # fmt: skip
NAMES: Final = tuple(_PLACES)
"""Every program that is simulated; all others are this host's own."""


def main(arguments: list[str]) -> int:
    """Run the program of that name; returns its exit code."""
    name, *rest = arguments
    module = importlib.import_module(f"steps.drill.practice_hosts.programs.{_PLACES[name]}")
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

"""The inventory of the backup that is to be restored: read once, then kept in the cache.

The archive is read on this machine: where it is the host itself, or where a copy of the same size
lies here under the same path. Passwords and keys in it are never kept.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from config.errors import Interrupted, RekindleError
from steps.hosted_engine.kept_json import keep, kept_file, read_kept
from steps.hosted_engine.known_hosts import Inventory, KnownHost, KnownMachine
from steps.procedure import ProbeInput

if TYPE_CHECKING:
    from steps.hosted_engine.archive.contents import Contents
    from steps.hosted_engine.archive.tables import Table

SECONDS: Final = 20.0
"""How long reading may take within one look; a bigger archive is left to `rekindle inspect`."""

_FORMAT: Final = 1


def known_from_backup(probe: ProbeInput) -> Inventory | None:
    """What the backup of these answers knows; None where none can be read here."""
    answer = probe.given.get("backup_file")
    if not isinstance(answer, str) or not answer:
        return None
    path = Path(answer)
    try:
        status = path.stat()
    except OSError:
        return None
    if not _is_that_of_the_host(probe, answer, status.st_size):
        return None
    kept = _kept_file(path, status)
    found = kept_inventory(kept)
    if found is None:
        found = _read(path)
        if found is not None:
            keep_inventory(kept, found)
    return found


def _is_that_of_the_host(probe: ProbeInput, path: str, size: int) -> bool:
    name = str(probe.given.get("host", ""))
    host = probe.site.engine_host(name)
    if host is None or host.shell.kind == "local":
        return True
    try:
        there = probe.targets.shell(name).status(path)
    except RekindleError:
        return False
    return there is not None and there.size == size


def _kept_file(path: Path, status: os.stat_result) -> Path:
    parts = (path.resolve(), status.st_size, status.st_mtime_ns, status.st_ino)
    return kept_file("inventories", *parts)


def kept_inventory(file: Path) -> Inventory | None:
    """What was kept there; None where nothing of use was."""
    try:
        data = read_kept(file, _FORMAT)
        return inventory_from_data(data) if data is not None else None
    except (KeyError, TypeError, AttributeError):
        # Whatever lies there is only a cache: it is read anew.
        return None


def keep_inventory(file: Path, inventory: Inventory) -> None:
    """Keep it there for the next look."""
    keep(file, _FORMAT, asdict(inventory))


def inventory_from_data(data: Mapping[str, Any]) -> Inventory:
    """The inventory again, out of its own data (`asdict`)."""
    return Inventory(
        data["origin"],
        data["engine_fqdn"],
        tuple(
            KnownHost(h["name"], tuple(h["addresses"]), h["hardware_uuid"]) for h in data["hosts"]
        ),
        tuple(
            KnownMachine(m["name"], tuple(m["macs"]), tuple(m["addresses"]))
            for m in data["machines"]
        ),
        data.get("live", False),
        data.get("silent", ""),
    )


def _read(path: Path) -> Inventory | None:
    from steps.hosted_engine.archive.archive_reader import read_archive

    cancel = threading.Event()
    clock = threading.Timer(SECONDS, cancel.set)
    clock.start()
    try:
        contents = read_archive(path, cancel=cancel)
    except (Interrupted, RekindleError):
        return None
    finally:
        clock.cancel()
    return inventory_of(contents, str(path)) if contents.complete else None


def inventory_of(contents: Contents, path: str) -> Inventory | None:
    """The inventory out of an archive that was read; None where it brings no hosts."""
    from steps.hosted_engine.archive.model_rows import build_model

    model = build_model(contents.tables)
    if model.hosts is None:
        return None
    hosts = tuple(
        KnownHost(
            host.name,
            tuple(a for a in (host.address, host.management_ipv4, host.management_ipv6) if a),
            host.hardware_uuid or "",
        )
        for host in model.hosts
    )
    macs = _by_machine(contents.tables.find("vm_interface"), "mac_addr")
    addresses = _by_machine(contents.tables.find("vm_dynamic"), "vm_ip")
    machines = tuple(
        KnownMachine(vm.name, macs.get(vm.id, ()), addresses.get(vm.id, ()))
        for vm in model.vms or ()
    )
    name = contents.engine_files.engine_fqdn or model.engine_fqdn or ""
    return Inventory(f"the backup {path}", name, hosts, machines)


def _by_machine(table: Table | None, column: str) -> dict[str, tuple[str, ...]]:
    """The values of a column by machine; one cell may hold several, parted by blanks."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in table or ():
        machine, value = row.get("vm_guid"), row.get(column)
        if machine and value:
            found[machine] += value.split()
    return {key: tuple(values) for key, values in found.items()}

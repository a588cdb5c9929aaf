"""`rekindle conflicts --site`: today read from a real hypervisor and a directory of LDIF files."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import rmtree

import pytest

from steps.drill.embedded import end_guests, forget_root, prepare_root
from steps.ldif_text import dump_entries
from tests.real.hypervisor_support import PASSWORD, make_machine
from tests.unit.machine_documents import entry

BASE = "dc=example,dc=org"
SERVICES = f"ou=virtualization,ou=services,{BASE}"
NODE = "node-01.example.org"
LEAF = "20261102T040000Z"
DEFINE = """
import sys
from steps.targets.libvirt_hypervisor import LibvirtHypervisor
hypervisor = LibvirtHypervisor(sys.argv[1])
hypervisor.define(sys.stdin.read())
hypervisor.close()
"""


def tree():
    """The directory above the machine."""
    units = [f"ou=services,{BASE}", SERVICES, f"ou=virtual machines,{SERVICES}"]
    return (
        entry(BASE, "dcObject organization", dc="example", o="Example"),
        *(entry(dn, "organizationalUnit", ou=dn.split(",")[0][3:]) for dn in units),
    )


def machine_entry(machine, description):
    return entry(
        f"sstVirtualMachine={machine.name},ou=virtual machines,{SERVICES}",
        "sstVirtualizationVirtualMachine sstSpice",
        sstVirtualMachine=machine.name, sstMemory=str(64 << 20), sstVCPU="1", sstNode=NODE,
        description=description, sstSpicePort="5900", sstSpicePassword=PASSWORD,
    )  # fmt: skip


@pytest.fixture
def place(tmp_path, capabilities):
    """A defined machine, a site that knows it, and a backup of it that differs."""
    root = Path(tempfile.mkdtemp(prefix="rk-"))
    uri = prepare_root(root, capabilities)
    machine = make_machine(tmp_path / "machine")
    subprocess.run(
        [sys.executable, "-c", DEFINE, uri], input=machine.xml.replace("65536", "131072"),
        text=True, check=True, capture_output=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    directory = tmp_path / "directory"
    directory.mkdir()
    (directory / "all.ldif").write_text(dump_entries([*tree(), machine_entry(machine, "as it is")]))
    (directory / "all.ldif").chmod(0o600)
    site = tmp_path / "site.yaml"
    site.write_text(
        f"name: test\nnodes:\n  - name: {NODE}\n    uri: {uri}\n    shell:\n      kind: local\n"
        f"    console_address: 127.0.0.1\ndirectory:\n  base: {BASE}\n  ldif_folder: {directory}\n"
    )
    backup = tmp_path / "backup"
    backup.mkdir()
    (backup / f"{machine.name}.ldif.{LEAF}").write_text(
        dump_entries([machine_entry(machine, "as it was")])
    )
    (backup / f"{machine.name}.xml.{LEAF}").write_text(machine.xml)
    for image in machine.images:
        (backup / f"{image.name}.{LEAF}").write_bytes(image.read_bytes())
    yield machine, site, backup
    end_guests(root)
    forget_root(root)
    rmtree(root)


def test_today_is_read_from_the_site(place):
    machine, site, backup = place
    program = Path(sys.executable).with_name("rekindle")
    done = subprocess.run(
        [program, "conflicts", "--site", site, "--backup", backup, "--vm", machine.name, "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["mode"] == "cold"
    assert [row["id"] for row in found["rows"]] == ["memory", "description"]
    memory, description = found["rows"]
    assert memory["sources"]["xml_backup"] == str(64 << 20)
    assert memory["sources"]["xml_now"] == str(128 << 20)
    assert description["sources"]["directory_now"] == "as it is"
    assert found["blocking"] == []
    assert PASSWORD not in done.stdout + done.stderr

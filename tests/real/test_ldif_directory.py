"""What is particular to a directory of LDIF files: its files, its lock, hands that edit them."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from config.errors import InvalidInput, Refused
from steps.ldif_text import parse_entries
from steps.targets.directory import Change, Entry
from steps.targets.directory_names import child
from steps.targets.ldif_directory import LdifDirectory
from tests.real.slapd_support import (
    BASE,
    LEASE_DN,
    MACHINE,
    MACHINE_DN,
    MACHINES,
    write_ldif_folder,
)

OTHER = "8f5a7e1c-2b61-4f0d-9d3e-5b1f1c1a0002"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_ldif_folder(tmp_path / "ldif")


@pytest.fixture
def directory(folder: Path) -> LdifDirectory:
    return LdifDirectory(folder, BASE)


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("[!.]*")}


def changed_files(folder: Path, before: dict[str, bytes]) -> set[str]:
    after = files(folder)
    return {name for name in before | after if before.get(name) != after.get(name)}


def read(directory: LdifDirectory, dn: str) -> Entry:
    entry = directory.get(dn)
    assert entry is not None
    return entry


def set_memory(directory: LdifDirectory, value: str) -> None:
    entry = read(directory, MACHINE_DN)
    change = Change("replace", "sstMemory", (value.encode(),))
    directory.modify(MACHINE_DN, [change], expected_csn=entry.entry_csn)


def test_a_change_goes_to_the_file_the_entry_came_from(
    folder: Path, directory: LdifDirectory
) -> None:
    before = files(folder)
    set_memory(directory, "1")
    assert changed_files(folder, before) == {f"{MACHINE}.ldif"}


def test_other_records_and_comments_keep_their_bytes(
    folder: Path, directory: LdifDirectory
) -> None:
    file = folder / "dhcp.ldif"
    text = file.read_text().replace("dn: ou=dhcp", "# kept\ndn:  ou=dhcp", 1)
    wrapped = text.replace("dhcpNetMask: 24", "dhcpNetMask: 2\n 4\n# inside")
    file.write_text(wrapped.replace("\n", "\r\n"))
    before = file.read_bytes()
    lease = read(directory, LEASE_DN)
    change = Change("replace", "dhcpStatements", (b"fixed-address 10.1.0.99",))
    directory.modify(LEASE_DN, [change], expected_csn=lease.entry_csn)
    start = before.index(b"dn: cn=" + MACHINE.encode())
    assert file.read_bytes()[:start] == before[:start]
    assert read(directory, LEASE_DN).text("dhcpStatements") == "fixed-address 10.1.0.99"
    directory.delete(LEASE_DN)
    assert file.read_bytes().rstrip() == before[:start].rstrip()


def test_a_record_in_the_middle_is_replaced_and_removed_alone(
    folder: Path, directory: LdifDirectory
) -> None:
    disk = f"sstDisk=vda,ou=devices,{MACHINE_DN}"
    around = [entry.dn for entry in directory.subtree(MACHINE_DN)]
    change = Change("replace", "sstSourceFile", (b"/elsewhere\n",))
    directory.modify(disk, [change], expected_csn=read(directory, disk).entry_csn)
    assert read(directory, disk).values("sstSourceFile") == (b"/elsewhere\n",)
    assert [entry.dn for entry in directory.subtree(MACHINE_DN)] == around
    directory.delete(disk)
    assert [e.dn for e in directory.subtree(MACHINE_DN)] == [dn for dn in around if dn != disk]
    assert parse_entries((folder / f"{MACHINE}.ldif").read_bytes(), "file")


def test_a_new_machine_gets_its_own_file_and_takes_it_along_when_it_goes(
    folder: Path, directory: LdifDirectory
) -> None:
    dn = child("sstVirtualMachine", OTHER, MACHINES)
    directory.add(dn, {"objectClass": (b"x",), "sstVirtualMachine": (OTHER.encode(),)})
    directory.add(f"ou=devices,{dn}", {"objectClass": (b"x",), "ou": (b"devices",)})
    assert (folder / f"{OTHER}.ldif").is_file()
    assert len(parse_entries((folder / f"{OTHER}.ldif").read_bytes(), "file")) == 2
    directory.delete(f"ou=devices,{dn}")
    directory.delete(dn)
    assert not (folder / f"{OTHER}.ldif").exists()


@pytest.mark.parametrize("name", ["../evil", "/etc/x", ".hidden", "a\nb", "x" * 300, "-"])
def test_no_name_leaves_the_folder(folder: Path, directory: LdifDirectory, name: str) -> None:
    before = set(folder.parent.rglob("*"))
    dn = child("sstVirtualMachine", name, MACHINES)
    directory.add(dn, {"objectClass": (b"x",), "sstVirtualMachine": (name.encode(),)})
    (new,) = [p for p in set(folder.parent.rglob("*")) - before if p.name != ".lock"]
    assert new.parent == folder
    assert new.name.endswith(".ldif")
    assert read(directory, dn).values("sstVirtualMachine") == (name.encode(),)


def test_a_file_edited_by_hand_since_it_was_read_refuses_the_change(
    folder: Path, directory: LdifDirectory
) -> None:
    entry = read(directory, MACHINE_DN)
    file = folder / f"{MACHINE}.ldif"
    file.write_text(file.read_text().replace("sstVCPU: 1", "sstVCPU: 8"))
    with pytest.raises(Refused, match=f"owner of {MACHINE}"):
        directory.modify(
            MACHINE_DN, [Change("delete", "description")], expected_csn=entry.entry_csn
        )
    assert read(directory, MACHINE_DN).text("sstVCPU") == "8"


def test_only_content_counts_for_the_guard_not_its_spelling(
    folder: Path, directory: LdifDirectory
) -> None:
    entry = read(directory, MACHINE_DN)
    file = folder / f"{MACHINE}.ldif"
    file.write_text("# moved\n\n" + file.read_text().replace("sstVCPU: 1", "sstVCPU:: MQ=="))
    assert read(directory, MACHINE_DN).entry_csn == entry.entry_csn


def test_operational_attributes_of_an_export_are_not_shown_and_stay_where_true(
    folder: Path, directory: LdifDirectory
) -> None:
    file = folder / f"{MACHINE}.ldif"
    stored = "sstVCPU: 1\nentryUUID: 1-2-3\nentryCSN: 2020#0\nmodifiersName: cn=old"
    file.write_text(file.read_text().replace("sstVCPU: 1", stored, 1))
    entry = read(directory, MACHINE_DN)
    assert not {"entryuuid", "entrycsn", "modifiersname"} & {k.lower() for k in entry.attributes}
    assert entry.entry_csn != "2020#0"
    assert entry.modified_by != "cn=old"
    set_memory(directory, "1")
    text = file.read_text()
    assert "entryUUID: 1-2-3" in text
    assert "entryCSN" not in text
    assert "modifiersName" not in text


def test_an_entry_in_two_files_is_refused_naming_both(
    folder: Path, directory: LdifDirectory
) -> None:
    (folder / "copy.ldif").write_bytes((folder / "dhcp.ldif").read_bytes())
    with pytest.raises(InvalidInput) as invalid:
        directory.get(BASE)
    assert "copy.ldif" in invalid.value.message
    assert "dhcp.ldif" in invalid.value.message


def test_a_broken_file_is_named_with_its_line_and_stops_every_change(
    folder: Path, directory: LdifDirectory
) -> None:
    entry = read(directory, MACHINE_DN)
    (folder / "broken.ldif").write_text("dn: ou=x,dc=org\nou x\n")
    before = files(folder)
    with pytest.raises(InvalidInput, match=r"broken\.ldif, line 2"):
        directory.modify(MACHINE_DN, [Change("delete", "sstNode")], expected_csn=entry.entry_csn)
    assert files(folder) == before


def test_a_file_that_repeats_an_entry_is_read_but_not_changed(
    folder: Path, directory: LdifDirectory
) -> None:
    file = folder / "dhcp.ldif"
    file.write_text(file.read_text() + "\n" + file.read_text())
    lease = read(directory, LEASE_DN)
    before = files(folder)
    with pytest.raises(InvalidInput, match="more than once"):
        directory.modify(
            LEASE_DN, [Change("delete", "dhcpStatements")], expected_csn=lease.entry_csn
        )
    with pytest.raises(InvalidInput, match="more than once"):
        directory.delete(LEASE_DN)
    assert files(folder) == before


def test_a_folder_that_begins_with_machines_takes_more_of_them(tmp_path: Path) -> None:
    whole = write_ldif_folder(tmp_path / "whole")
    folder = tmp_path / "ldif"
    folder.mkdir()
    (whole / f"{MACHINE}.ldif").rename(folder / f"{MACHINE}.ldif")
    directory = LdifDirectory(folder, BASE)
    dn = child("sstVirtualMachine", OTHER, MACHINES)
    directory.add(dn, {"objectClass": (b"x",), "sstVirtualMachine": (OTHER.encode(),)})
    assert {entry.dn for entry in directory.children(MACHINES)} == {dn, MACHINE_DN}


def test_a_name_outside_the_base_is_not_added(directory: LdifDirectory) -> None:
    with pytest.raises(InvalidInput, match="not below"):
        directory.add("ou=x,dc=elsewhere", {"objectClass": (b"x",), "ou": (b"x",)})


def test_a_missing_folder_is_said_so(tmp_path: Path) -> None:
    directory = LdifDirectory(tmp_path / "none", BASE)
    for use in (lambda: directory.get(BASE), lambda: directory.delete(BASE)):
        with pytest.raises(InvalidInput, match="none"):
            use()


def test_the_mode_of_a_file_stays_and_a_new_one_is_for_its_owner_alone(
    folder: Path, directory: LdifDirectory
) -> None:
    (folder / f"{MACHINE}.ldif").chmod(0o640)
    set_memory(directory, "1")
    assert (folder / f"{MACHINE}.ldif").stat().st_mode & 0o777 == 0o640
    dn = child("sstVirtualMachine", OTHER, MACHINES)
    directory.add(dn, {"objectClass": (b"x",), "sstVirtualMachine": (OTHER.encode(),)})
    assert (folder / f"{OTHER}.ldif").stat().st_mode & 0o777 == 0o600


def test_a_writer_waits_for_the_lock_and_a_reader_does_not(
    folder: Path, directory: LdifDirectory
) -> None:
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    writer = threading.Thread(target=set_memory, args=(directory, "1"))
    writer.start()
    time.sleep(0.2)
    assert writer.is_alive()
    assert read(directory, MACHINE_DN).text("sstMemory") == "67108864"
    os.close(descriptor)
    writer.join(240)
    assert read(directory, MACHINE_DN).text("sstMemory") == "1"


_COUNT_UP = """
import sys
from pathlib import Path
from config.errors import Refused
from steps.targets.directory import Change
from steps.targets.ldif_directory import LdifDirectory
directory = LdifDirectory(Path(sys.argv[1]), sys.argv[2])
done = 0
while done < 25:
    entry = directory.get(sys.argv[3])
    value = str(int(entry.text("sstMemory")) + 1).encode()
    try:
        directory.modify(
            sys.argv[3], [Change("replace", "sstMemory", (value,))], expected_csn=entry.entry_csn
        )
        done += 1
    except Refused:
        pass
"""


def test_writers_in_several_processes_lose_no_change(
    folder: Path, directory: LdifDirectory
) -> None:
    set_memory(directory, "0")
    command = [sys.executable, "-c", _COUNT_UP, str(folder), BASE, MACHINE_DN]
    root = Path(__file__).parents[2]
    writers = [subprocess.Popen(command, cwd=root) for _ in range(3)]
    assert [writer.wait(240) for writer in writers] == [0, 0, 0]
    assert read(directory, MACHINE_DN).text("sstMemory") == "75"


def test_a_kill_in_the_middle_of_writing_leaves_the_old_content(
    folder: Path, directory: LdifDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(folder)
    real: Callable[[int], None] = os.fsync

    def power_cut(descriptor: int) -> None:
        real(descriptor)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", power_cut)
    with pytest.raises(KeyboardInterrupt):
        set_memory(directory, "1")
    monkeypatch.undo()
    assert files(folder) == before

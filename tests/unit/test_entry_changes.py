"""From the entries that are to the entries that shall be."""

from __future__ import annotations

from steps.targets.directory import Change, Entry
from steps.virtual_machine.entry_changes import (
    Standing,
    changes,
    difference_words,
    entries_below,
    entries_elsewhere,
    moves,
    reverse,
    same,
    without_backups,
)

MACHINE = "sstVirtualMachine=m,ou=virtual machines,dc=x"


def entry(dn: str, **attributes: str | tuple[str, ...]) -> Entry:
    values = {
        name: tuple(v.encode() for v in ((value,) if isinstance(value, str) else value))
        for name, value in attributes.items()
    }
    return Entry(dn, {"objectClass": (b"top",), **values})


def test_status_node_and_migration_are_never_compared_nor_written():
    old = entry(MACHINE, sstStatus="running", sstNode="a", sstMigrationNode="b", sstMemory="1")
    new = entry(MACHINE, sstStatus="off", sstMemory="1")
    assert same(old, new)
    assert changes(old, new) == ()


def test_operational_attributes_do_not_count():
    assert same(entry(MACHINE, entryCSN="1"), entry(MACHINE, entryCSN="2"))


def test_the_order_of_values_does_not_count():
    assert same(entry(MACHINE, sstFeature=("a", "b")), entry(MACHINE, sstFeature=("b", "a")))


def test_a_change_replaces_adds_or_deletes_whole_attributes():
    old = entry(MACHINE, sstMemory="1", description="x", sstFeature=("a", "b"))
    new = entry(MACHINE, sstMemory="2", sstFeature=("b", "a"), sstVCPU="4")
    assert changes(old, new) == (
        Change("delete", "description"),
        Change("replace", "sstMemory", (b"2",)),
        Change("replace", "sstVCPU", (b"4",)),
    )


def test_entries_go_children_first_and_come_parents_first():
    parent, child = entry("ou=devices," + MACHINE), entry("sstDisk=vda,ou=devices," + MACHINE)
    assert [move.dn for move in moves([parent, child], [])] == [child.dn, parent.dn]
    assert [move.dn for move in moves([], [child, parent])] == [parent.dn, child.dn]


def test_a_dn_is_the_same_in_any_case_and_spacing():
    assert moves([entry("OU=Devices, " + MACHINE)], [entry("ou=devices," + MACHINE)]) == ()


def test_an_entry_stands_where_its_content_says():
    old, new = entry(MACHINE, sstMemory="1"), entry(MACHINE, sstMemory="2")
    (move,) = moves([old], [new])
    assert move.standing(old) is Standing.OLD
    assert move.standing(new) is Standing.NEW
    assert move.standing(entry(MACHINE, sstMemory="3")) is Standing.NEITHER
    assert move.standing(None) is Standing.NEITHER


def test_the_way_back_is_the_way_in_reverse():
    old = [entry(MACHINE, sstMemory="1"), entry("sstDisk=vdc," + MACHINE)]
    new = [entry(MACHINE, sstMemory="2"), entry("sstDisk=vda," + MACHINE)]
    forth = moves(old, new)
    back = reverse(forth)
    assert [move.dn for move in back] == [move.dn for move in reversed(forth)]
    assert all((b.old, b.new) == (f.new, f.old) for b, f in zip(back, reversed(forth), strict=True))


def test_backups_are_left_out_and_a_backup_elsewhere_is_not():
    leaf = entry(f"ou=20260101T000000Z,ou=backup,{MACHINE}")
    plan, people = entry(f"OU=Backup,{MACHINE}"), entry(f"ou=people,{MACHINE}")
    assert without_backups([leaf, plan, people]) == (people,)
    far = entry("sstVirtualMachine=m,ou=virtual machines,ou=backup,dc=x")
    assert without_backups([far]) == (far,)


def test_the_lease_is_what_is_not_below_the_machine():
    own, lease = entry(f"ou=devices,{MACHINE}"), entry("cn=m,ou=dhcp,dc=x")
    assert entries_below([own, lease], MACHINE.upper()) == (own,)
    assert entries_elsewhere([own, lease], MACHINE) == (lease,)


def test_differences_are_named_without_values():
    before = [entry(MACHINE, sstSpicePassword="secret"), entry("ou=a," + MACHINE)]
    now = [entry(MACHINE, sstSpicePassword="other"), entry("ou=b," + MACHINE)]
    words = "\n".join(difference_words(before, now))
    assert "sstSpicePassword" in words
    assert "ou=a" in words
    assert "deleted" in words
    assert "added" in words
    assert "secret" not in words
    assert "other" not in words

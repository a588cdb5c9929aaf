"""What both kinds of directory promise: LDAP on a real slapd, and a folder of LDIF files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from config.errors import InvalidInput, Refused
from steps.targets.directory import Change
from steps.targets.directory_names import child, equals
from tests.real.slapd_support import (
    BASE,
    LEAF_DN,
    LEASE_DN,
    MACHINE,
    MACHINE_DN,
    MACHINES,
    World,
)

MODE = "sstProvisioningMode"
UNIT = (b"organizationalUnit",)


def unit(name: str) -> dict[str, tuple[bytes, ...]]:
    return {"objectClass": UNIT, "ou": (name.encode(),)}


def replace(attribute: str, value: str) -> Change:
    return Change("replace", attribute, (value.encode(),))


def test_an_entry_is_read_with_what_guards_its_change(world: World) -> None:
    entry = world.directory.get(MACHINE_DN)
    assert entry is not None
    assert entry.text("sstdisplayname") == "web01"
    assert entry.entry_csn
    assert entry.modified_by
    assert entry.modified_at.endswith("Z")
    assert not any(name.lower() == "entrycsn" for name in entry.attributes)


def test_values_are_bytes_and_survive_as_they_are(world: World) -> None:
    entry = world.directory.get(MACHINE_DN)
    assert entry is not None
    assert entry.values("sstSpicePassword") == (b"\x00\xffsecret\xfe",)
    new = bytes(range(256))
    change = Change("replace", "sstSpicePassword", (new,))
    world.directory.modify(MACHINE_DN, [change], expected_csn=entry.entry_csn)
    again = world.other.get(MACHINE_DN)
    assert again is not None
    assert again.values("sstSpicePassword") == (new,)


def test_a_name_in_other_letters_and_spaces_is_the_same_name(world: World) -> None:
    other = MACHINE_DN.upper().replace(",", " , ").replace("VIRTUAL MACHINES", "virtual  machines")
    found = world.directory.get(other)
    assert found is not None
    assert found.text("sstVirtualMachine") == MACHINE


def test_what_is_not_there_is_none_or_empty(world: World) -> None:
    gone = child("sstVirtualMachine", "no-such", MACHINES)
    assert world.directory.get(gone) is None
    assert world.directory.subtree(gone) == ()
    assert world.directory.children(gone) == ()
    assert world.directory.search(gone, "(objectClass=*)") == ()


def test_children_are_one_level_and_the_subtree_has_parents_first(world: World) -> None:
    names = {entry.dn.split(",")[0] for entry in world.directory.children(MACHINE_DN)}
    assert names == {"ou=devices", "ou=backup"}
    subtree = [entry.dn for entry in world.directory.subtree(MACHINE_DN)]
    assert subtree[0] == MACHINE_DN
    assert len(subtree) == 6
    assert all(dn.partition(",")[2] in subtree[:n] for n, dn in enumerate(subtree) if n)


def test_a_search_finds_by_value_anywhere_below(world: World) -> None:
    found = world.directory.search(BASE, equals("sstMacAddress", "52:54:00:0A:01:02"))
    assert [entry.dn for entry in found] == [f"sstInterface=net0,ou=devices,{MACHINE_DN}"]
    leases = world.directory.search(BASE, "(&(objectClass=dhcpHost)(!(cn=nobody)))")
    assert [entry.dn for entry in leases] == [LEASE_DN]


@pytest.mark.parametrize("value", ["a*b(c)\\d", "*", ")(objectClass=*", "ä,ö=ü", "x\ny"])
def test_a_value_with_special_characters_finds_itself_only(world: World, value: str) -> None:
    for number, text in enumerate([value, "decoy"]):
        dn = child("ou", f"unit {number}", MACHINES)
        world.directory.add(dn, {**unit(f"unit {number}"), "description": (text.encode(),)})
    found = world.directory.search(MACHINES, equals("description", value))
    assert [entry.values("description") for entry in found] == [(value.encode(),)]


@pytest.mark.parametrize("name", ["a,b", "#x", ' "quoted" ', "a+b=c;<d>", "back\\slash", "ö"])
def test_an_entry_may_have_any_name(world: World, name: str) -> None:
    dn = child("ou", name, MACHINES)
    world.directory.add(dn, unit(name))
    found = world.directory.get(dn)
    assert found is not None
    assert found.values("ou") == (name.encode(),)
    assert [entry.dn for entry in world.directory.children(MACHINES)].count(found.dn) == 1
    world.directory.delete(dn)
    assert world.directory.get(dn) is None


def test_adding_what_is_there_is_refused_and_says_who_wrote_it(world: World) -> None:
    dn = child("ou", "new", MACHINES)
    world.other.add(dn, unit("new"))
    with pytest.raises(Refused) as refused:
        world.directory.add(dn, {**unit("new"), "description": (b"mine",)})
    assert dn in refused.value.message
    assert world.other_name in refused.value.message
    found = world.directory.get(dn)
    assert found is not None
    assert found.text("description") is None


def test_adding_below_nothing_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="no entry ou=missing"):
        world.directory.add(f"ou=x,ou=missing,{BASE}", unit("x"))
    assert world.directory.get(f"ou=x,ou=missing,{BASE}") is None


def test_an_entry_that_does_not_hold_its_name_or_class_is_not_added(world: World) -> None:
    dn = child("ou", "new", MACHINES)
    with pytest.raises(InvalidInput):
        world.directory.add(dn, {"objectClass": UNIT, "ou": (b"other",)})
    with pytest.raises(InvalidInput):
        world.directory.add(dn, {"ou": (b"new",)})
    assert world.directory.get(dn) is None


def test_a_change_of_what_was_read_is_made_whole(world: World) -> None:
    entry = world.directory.get(MACHINE_DN)
    assert entry is not None
    changes = [
        replace("sstMemory", "134217728"),
        Change("add", "sstFeature", (b"acpi", b"apic")),
        Change("delete", "sstVirtualMachineType"),
        Change("delete", "sstBelongsToCustomerUID", (b"4000000",)),
        Change("add", "sstBelongsToCustomerUID", (b"4000009",)),
    ]
    world.directory.modify(MACHINE_DN, changes, expected_csn=entry.entry_csn)
    now = world.other.get(MACHINE_DN)
    assert now is not None
    assert now.text("sstMemory") == "134217728"
    assert set(now.values("sstFeature")) == {b"acpi", b"apic"}
    assert now.values("sstVirtualMachineType") == ()
    assert now.values("sstBelongsToCustomerUID") == (b"4000009",)
    assert now.entry_csn != entry.entry_csn


def test_a_change_after_somebody_elses_is_refused_and_names_them(world: World) -> None:
    entry = world.directory.get(MACHINE_DN)
    assert entry is not None
    world.other.modify(MACHINE_DN, [replace("description", "x")], expected_csn=entry.entry_csn)
    with pytest.raises(Refused) as refused:
        world.directory.modify(
            MACHINE_DN, [replace("sstMemory", "1")], expected_csn=entry.entry_csn
        )
    now = world.directory.get(MACHINE_DN)
    assert now is not None
    assert world.other_name in refused.value.message
    assert now.modified_at in refused.value.message
    assert now.entry_csn in refused.value.message
    assert (now.text("description"), now.text("sstMemory")) == ("x", "67108864")


def test_a_change_of_an_entry_that_is_gone_is_refused(world: World) -> None:
    entry = world.directory.get(LEASE_DN)
    assert entry is not None
    world.other.delete(LEASE_DN)
    change = [replace("dhcpStatements", "fixed-address 10.1.0.8")]
    with pytest.raises(Refused, match="gone"):
        world.directory.modify(LEASE_DN, change, expected_csn=entry.entry_csn)
    with pytest.raises(Refused, match="gone"):
        world.directory.transition(LEASE_DN, "cn", MACHINE, "x")
    assert world.directory.get(LEASE_DN) is None


def test_a_change_without_a_guard_is_not_made(world: World) -> None:
    with pytest.raises(InvalidInput, match="entryCSN"):
        world.directory.modify(MACHINE_DN, [replace("sstMemory", "1")], expected_csn="")


def test_a_change_that_cannot_be_applied_changes_nothing(world: World) -> None:
    entry = world.directory.get(MACHINE_DN)
    assert entry is not None
    wrong = [
        [replace("description", "x"), Change("delete", "sstVCPU", (b"7",))],
        [replace("description", "x"), Change("add", "sstBelongsToCustomerUID", (b"4000000",))],
        [replace("description", "x"), replace("sstVirtualMachine", "other")],
        [replace("description", "x"), Change("delete", "sstFeature")],
        [replace("description", "x"), Change("shuffle", "sstVCPU", (b"7",))],
        [replace("description", "x"), Change("add", "sstVCPU")],
    ]
    for changes in wrong:
        with pytest.raises(InvalidInput):
            world.directory.modify(MACHINE_DN, changes, expected_csn=entry.entry_csn)
    assert world.directory.get(MACHINE_DN) == entry


def test_a_transition_goes_from_the_expected_value_only(world: World) -> None:
    world.directory.transition(
        LEAF_DN, MODE, "finished", "unretainSmallFiles", [replace("sstProvisioningState", "0")]
    )
    now = world.directory.get(LEAF_DN)
    assert now is not None
    assert now.values(MODE) == (b"unretainSmallFiles",)
    assert now.text("sstProvisioningState") == "0"
    with pytest.raises(Refused, match=r"is now unretainSmallFiles, expected was finished"):
        world.directory.transition(LEAF_DN, MODE, "finished", "restore")
    assert world.directory.get(LEAF_DN) == now


def test_a_transition_whose_other_changes_fail_changes_nothing(world: World) -> None:
    before = world.directory.get(LEAF_DN)
    with pytest.raises(InvalidInput):
        world.directory.transition(
            LEAF_DN, MODE, "finished", "restore", [Change("delete", "description", (b"x",))]
        )
    assert world.directory.get(LEAF_DN) == before


def test_of_eight_transitions_at_once_exactly_one_wins(world: World) -> None:
    def attempt(number: int) -> str:
        directory = world.directory if number % 2 else world.other
        try:
            directory.transition(LEAF_DN, MODE, "finished", f"by-{number}")
        except Refused as error:
            return error.message
        return "won"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(8)))
    assert answers.count("won") == 1
    winner = f"by-{answers.index('won')}"
    now = world.directory.get(LEAF_DN)
    assert now is not None
    assert now.text(MODE) == winner
    assert all(winner in answer for answer in answers if answer != "won")


def test_deleting_is_leaf_first_and_what_is_gone_is_fine(world: World) -> None:
    backup = f"ou=backup,{MACHINE_DN}"
    with pytest.raises(Refused, match="entries below"):
        world.directory.delete(backup)
    assert world.directory.get(LEAF_DN) is not None
    world.directory.delete(LEAF_DN)
    world.directory.delete(backup)
    world.directory.delete(backup)
    assert world.directory.get(backup) is None
    assert len(world.directory.subtree(MACHINE_DN)) == 4


def test_a_guarded_delete_is_refused_after_a_change(world: World) -> None:
    entry = world.directory.get(LEASE_DN)
    assert entry is not None
    change = [replace("dhcpStatements", "fixed-address 10.1.0.8")]
    world.other.modify(LEASE_DN, change, expected_csn=entry.entry_csn)
    with pytest.raises(Refused, match="was changed"):
        world.directory.delete(LEASE_DN, expected_csn=entry.entry_csn)
    now = world.directory.get(LEASE_DN)
    assert now is not None
    world.directory.delete(LEASE_DN, expected_csn=now.entry_csn)
    assert world.directory.get(LEASE_DN) is None
    world.directory.delete(LEASE_DN, expected_csn=now.entry_csn)


@pytest.mark.parametrize("dn", ["no equals sign", "=x,dc=org", "ou=a,,dc=org"])
def test_what_is_no_name_is_said_so(world: World, dn: str) -> None:
    with pytest.raises(InvalidInput):
        world.directory.get(dn)


@pytest.mark.parametrize("bad", ["a\0b", "a\udcffb"])
def test_what_no_directory_can_hold_is_refused_by_every_call(world: World, bad: str) -> None:
    dn = f"ou={bad},{MACHINES}"
    entry = world.directory.get(MACHINE_DN)
    assert entry is not None
    csn = entry.entry_csn
    odd = [Change("replace", bad, (b"1",))]
    for use in (
        lambda: world.directory.get(dn),
        lambda: world.directory.children(dn),
        lambda: world.directory.subtree(dn),
        lambda: world.directory.search(dn, "(cn=x)"),
        lambda: world.directory.search(BASE, f"(cn={bad})"),
        lambda: world.directory.add(dn, {"objectClass": UNIT, "ou": (b"x",)}),
        lambda: world.directory.add(child("ou", "n", MACHINES), {**unit("n"), bad: (b"1",)}),
        lambda: world.directory.modify(dn, [replace("description", "x")], expected_csn=csn),
        lambda: world.directory.modify(MACHINE_DN, odd, expected_csn=csn),
        lambda: world.directory.transition(dn, MODE, "finished", "restore"),
        lambda: world.directory.transition(LEAF_DN, MODE, "finished", "restore", odd),
        lambda: world.directory.delete(dn),
        lambda: world.directory.delete(dn, expected_csn=csn),
    ):
        with pytest.raises(InvalidInput):
            use()
    assert world.directory.get(MACHINE_DN) == entry


@pytest.mark.parametrize("text", ["", "sstNode=x", "(sstNode=x", "(&(a=b)", "(a=b))", "(=x)"])
def test_what_is_no_filter_is_said_so(world: World, text: str) -> None:
    with pytest.raises(InvalidInput):
        world.directory.search(BASE, text)


def test_a_closed_directory_opens_again(world: World) -> None:
    assert world.directory.get(MACHINE_DN) is not None
    world.directory.close()
    world.directory.close()
    assert world.directory.get(MACHINE_DN) is not None

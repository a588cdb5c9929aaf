"""The effective backup plan: who wins, what is assumed, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvalidInput
from config.site import MachineStorage
from steps.targets.directory import Entry
from steps.virtual_machine.backup_plan import (
    PLAN_CLASS,
    Ownership,
    effective_plan,
    plan_places,
)

SITE = MachineStorage(backup_root="/site/backup", retain_root="/site/retain")


def plan_entry(dn: str, **attributes: str) -> Entry:
    values = {name: (value.encode(),) for name, value in attributes.items()}
    return Entry(dn, {"objectClass": (b"organizationalUnit", PLAN_CLASS.encode()), **values})


def plain_entry(dn: str) -> Entry:
    return Entry(dn, {"objectClass": (b"organizationalUnit",)})


def test_the_first_entry_with_the_class_wins():
    own, pool = plain_entry("ou=backup,own"), plan_entry("ou=backup,pool")
    assert effective_plan([own, pool, plan_entry("global")], SITE).origin == "ou=backup,pool"


def test_the_winner_wins_whole_nothing_is_inherited():
    own = plan_entry("own", sstBackupExcludeFromBackup="TRUE")
    everywhere = plan_entry("global", sstBackupRootDirectory="file:///elsewhere")
    plan = effective_plan([own, None, everywhere], SITE)
    assert plan.backup_root == "/site/backup"
    assert "sstBackupRootDirectory" in plan.assumed


def test_without_any_plan_the_documented_defaults_hold():
    plan = effective_plan([None, None, None], SITE)
    assert plan.origin == ""
    assert plan.images == Ownership("root", "vm-storage", 0o660)
    assert plan.directories == Ownership("root", "vm-storage", 0o770)
    assert (plan.image_format, plan.force_start) == ("qcow2", False)


def test_the_class_counts_in_any_letter_case():
    entry = Entry("x", {"objectclass": (PLAN_CLASS.upper().encode(),)})
    assert effective_plan([entry], SITE).origin == "x"


def test_values_are_read():
    plan = effective_plan(
        [
            plan_entry(
                "x",
                sstBackupRootDirectory="file:///b%20b/c",
                sstBackupRetainDirectory="file://localhost/r",
                sstVirtualizationDiskImageOwner="qemu",
                sstVirtualizationDiskImageGroup="kvm",
                sstVirtualizationDiskImagePermission="0640",
                sstVirtualizationVirtualMachineForceStart="true",
            )
        ],
        SITE,
    )
    assert (plan.backup_root, plan.retain_root) == ("/b b/c", "/r")
    assert plan.images == Ownership("qemu", "kvm", 0o640)
    assert plan.force_start


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("sstBackupRootDirectory", "ssh://host/backup"),
        ("sstBackupRootDirectory", "file://host/backup"),
        ("sstBackupRootDirectory", "file:///a/../../etc"),
        ("sstBackupRootDirectory", "file://"),
        ("sstBackupRootDirectory", "/plain/path"),
        ("sstBackupRetainDirectory", "file:///a%00b"),
        ("sstBackupRetainDirectory", "file:///a%0ab"),
        ("sstVirtualizationDiskImagePermission", "rw-rw----"),
        ("sstVirtualizationDiskImagePermission", "4777"),
        ("sstVirtualizationDiskImagePermission", "668"),
        ("sstVirtualizationDiskImageOwner", "-R root"),
        ("sstVirtualizationDiskImageGroup", "a:b"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_its_place(attribute: str, value: str):
    with pytest.raises(InvalidInput) as caught:
        effective_plan([plan_entry("ou=backup,x", **{attribute: value})], SITE)
    assert attribute in str(caught.value)


def test_where_to_look_in_order():
    assert plan_places("sstVirtualMachine=m,ou=vms", "p", "ou=v,dc=x") == (
        "ou=backup,sstVirtualMachine=m,ou=vms",
        "ou=backup,sstVirtualMachinePool=p,ou=virtual machine pools,ou=v,dc=x",
        "ou=backup,ou=configuration,ou=v,dc=x",
    )
    assert plan_places("", "", "ou=v,dc=x") == ("ou=backup,ou=configuration,ou=v,dc=x",)


@settings(max_examples=150)
@given(st.text(max_size=60))
def test_a_hostile_directory_is_a_sound_absolute_path_or_refused(text: str):
    entry = Entry("x", {"objectClass": (PLAN_CLASS.encode(),),
                        "sstBackupRootDirectory": (text.encode("utf-8", "replace"),)})  # fmt: skip
    try:
        root = effective_plan([entry], SITE).backup_root
    except InvalidInput:
        return
    assert root.startswith("/")
    assert ".." not in root.split("/")
    assert root.isprintable()

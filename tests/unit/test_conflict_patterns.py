"""What the five sources add up to: which rows appear, and with which values."""

from dataclasses import replace

import pytest

from config.errors import InvalidInput
from tests.unit.conflict_support import BOOT, KEEP, LIVE, at, choose, codes, compare, ids, row
from tests.unit.machine_documents import (
    GIB,
    LEASE_DN,
    MACHINE_DN,
    NAME,
    SUBNET,
    THEN,
    VDA,
    VDB,
    VDC,
    Card,
    Scene,
    entry,
    host_facts,
    set_images,
    since,
)

MORE = replace(THEN, memory=8 * GIB)


def test_a_changed_field_shows_what_every_source_says():
    found = row(compare(since(MORE)), "memory")
    assert found.values == {
        "directory_backup": "4 GiB", "directory_now": "8 GiB", "xml_backup": "4 GiB",
        "xml_state": "4 GiB", "xml_now": "8 GiB",
    }  # fmt: skip
    assert [(p.entry, p.attribute) for p in found.ldap] == [("", "sstMemory")]
    assert found.xpath == ("/domain/memory", "/domain/currentMemory")


CHANGES = {
    "memory": (MORE, "", "sstMemory", "/domain/memory"),
    "vcpu": (replace(THEN, vcpus=4), "", "sstVCPU", "/domain/vcpu"),
    "features": (replace(THEN, features=("acpi",)), "", "sstFeature", "/domain/features"),
    "boot": (replace(THEN, boot=("cdrom", "hd")), "", "sstOSBootDevice", "/domain/os/boot[1]/@dev"),
    "clock": (replace(THEN, clock="localtime"), "", "sstClockOffset", "/domain/clock/@offset"),
    "on-crash": (replace(THEN, on_crash="destroy"), "", "sstOnCrash", "/domain/on_crash"),
    "emulator": (replace(THEN, emulator="/usr/libexec/qemu-kvm"), "ou=devices", "sstEmulator",
                 "/domain/devices/emulator"),
    "memballoon": (replace(THEN, memballoon="none"), "ou=devices", "sstMemBalloon",
                   "/domain/devices/memballoon/@model"),
    "spice-port": (replace(THEN, port=5911), "", "sstSpicePort",
                   "/domain/devices/graphics[1]/@port"),
    "spice-password": (replace(THEN, password="anderes1"), "", "sstSpicePassword",
                       "/domain/devices/graphics[1]/@passwd"),
    "vdb.source": (THEN.with_disk("vdb", image="new.qcow2"), "sstDisk=vdb,ou=devices",
                   "sstSourceFile", "/domain/devices/disk[2]/source/@file"),
    "vdb.bus": (THEN.with_disk("vdb", bus="scsi"), "sstDisk=vdb,ou=devices", "sstTargetBus",
                "/domain/devices/disk[2]/target/@bus"),
    "vda.driver-cache": (THEN.with_disk("vda", cache="writeback"), "sstDisk=vda,ou=devices",
                         "sstDriverCache", "/domain/devices/disk[1]/driver/@cache"),
    "net0.mac": (THEN.with_card(mac="52:54:00:0b:01:02"), "sstInterface=net0,ou=devices",
                 "sstMacAddress", "/domain/devices/interface[1]/mac/@address"),
    "net0.model": (THEN.with_card(model="e1000"), "sstInterface=net0,ou=devices", "sstModelType",
                   "/domain/devices/interface[1]/model/@type"),
    "net0.bridge": (THEN.with_card(bridge="br-prod"), "sstInterface=net0,ou=devices",
                    "sstSourceBridge", "/domain/devices/interface[1]/source/@bridge"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_field_of_the_table_gives_its_own_row_and_no_other(name):
    now, place, attribute, xpath = CHANGES[name]
    conflicts = compare(since(now))
    extra = {"vdb.source": ["vdb.volume-name"]}.get(name, [])
    assert ids(conflicts) == [name, *extra]
    found = row(conflicts, name)
    assert (found.ldap[0].entry, found.ldap[0].attribute) == (place, attribute)
    assert found.xpath[0] == xpath


DIRECTORY_ONLY = {
    "display-name": ("sstDisplayName", "Webserver"),
    "hostname": ("sstNetworkHostname", "web02"),
    "domain-name": ("sstNetworkDomainName", "example.com"),
    "pool": ("sstVirtualMachinePool", "7b6a4b0e-0000-4000-8000-00000000aaaa"),
    "machine-kind": ("sstVirtualMachineType", "template"),
    "machine-subkind": ("sstVirtualMachineSubType", "golden"),
    "customer": ("sstBelongsToCustomerUID", "4000999"),
    "reseller": ("sstBelongsToResellerUID", "4000998"),
    "person": ("sstBelongsToPersonUID", "4000997"),
    "billing": ("sstBelongsToBillingUID", "4000996"),
    "profile": ("labeledURI", "ldap:///other"),
    "sstThinProvisioningVirtualMachine": ("sstThinProvisioningVirtualMachine", "TRUE"),
    "objectClass": ("objectClass", "sstSomething"),
}


@pytest.mark.parametrize("name", DIRECTORY_ONLY)
def test_a_directory_only_attribute_gives_a_row_with_free_choice(name):
    attribute, value = DIRECTORY_ONLY[name]
    first, *rest = THEN.entries()
    changed = type(first)(first.dn, {**first.attributes, attribute: (value.encode(),)})
    from steps.ldif_text import dump_entries

    conflicts = compare(Scene(), directory_now=dump_entries([changed, *rest]).encode())
    assert ids(conflicts) == [name]
    found = row(conflicts, name)
    assert found.field_class == "directory-only"
    assert [(p.entry, p.attribute) for p in found.ldap] == [("", attribute)]
    assert found.xpath == ()
    assert {KEEP, LIVE} <= set(found.allowed)
    assert BOOT in found.refused


def test_description_is_the_directorys_with_or_without_an_xml_that_has_it():
    now = replace(THEN, description="blue")
    assert row(compare(since(now)), "description").xpath == ()
    xml = [m.replace("  <memory", "  <description>web front</description>\n  <memory", 1)
           for m in (THEN.live_xml(), THEN.state_xml())]  # fmt: skip
    today = now.inactive_xml().replace("  <memory", "  <description>blue</description>\n  <memory")
    conflicts = compare(since(now), xml_backup=xml[0], xml_state=xml[1], xml_now=today)
    assert ids(conflicts) == ["description"]
    assert row(conflicts, "description").xpath == ("/domain/description",)
    result = conflicts.results(choose(conflicts, LIVE))
    assert at(result.restore_xml, "/domain/description") == "blue"


# --- A, C and D disagree: the backup is inconsistent with itself ---


def test_an_edit_of_the_running_machine_before_the_backup_lets_the_state_win():
    """LDAP already had 8 GiB, the guest still ran with 4."""
    scene = Scene(then=MORE, state=THEN, now=MORE, defined=MORE)
    conflicts = compare(scene, xml_backup=THEN.live_xml())
    found = row(conflicts, "memory")
    assert found.default == KEEP
    assert conflicts.result("memory", choose(conflicts)) == "4 GiB"
    assert codes(conflicts.warnings) == ["backup-inconsistent"]


def test_an_inconsistency_that_was_repaired_since_is_no_row():
    scene = Scene(then=MORE, state=THEN)
    conflicts = compare(scene, xml_backup=THEN.live_xml())
    assert ids(conflicts) == []
    assert codes(conflicts.warnings) == ["backup-inconsistent"]


def test_state_and_backup_xml_that_differ_are_told():
    conflicts = compare(Scene(), xml_backup=MORE.live_xml())
    assert codes(conflicts.warnings) == ["backup-inconsistent"]
    assert "4294967296" in conflicts.warnings[0].message


# --- B and E disagree: drift ---


def test_a_directory_that_changed_alone_is_todays_value():
    conflicts = compare(Scene(now=replace(THEN, clock="localtime")))
    found = row(conflicts, "clock")
    assert conflicts.result("clock", {"clock": _(LIVE)}) == "localtime"
    assert codes(conflicts.warnings) == ["drift"]
    assert found.values["xml_now"] == "utc"


def test_a_hypervisor_that_changed_alone_is_todays_value_and_keeping_the_backup_repairs_it():
    drifted = THEN.with_card(bridge="br-prod")
    conflicts = compare(Scene(defined=drifted))
    assert ids(conflicts) == ["net0.bridge"]
    assert conflicts.result("net0.bridge", {"net0.bridge": _(LIVE)}) == "br-prod"
    assert codes(conflicts.warnings) == ["drift"]


def _(decision):
    from steps.conflicts import Resolution

    return Resolution(decision)


# --- something is missing ---


def test_a_recovery_takes_the_backup_without_asking():
    conflicts = compare(Scene(now=None, defined=None))
    assert ids(conflicts) == []
    assert codes(conflicts.warnings) == ["entry-gone", "not-defined"]
    entries = conflicts.results({}).entries
    assert [e.dn for e in entries] == [e.dn for e in THEN.entries()]


def test_an_empty_live_directory_is_a_gone_entry():
    assert ids(compare(Scene(defined=None), directory_now=b"")) == []


def test_only_the_entry_is_gone_compares_with_the_hypervisor():
    conflicts = compare(Scene(now=None, defined=MORE))
    assert ids(conflicts) == ["memory"]


def test_only_the_hypervisor_has_forgotten_it_compares_with_the_directory():
    assert ids(compare(Scene(now=MORE, defined=None))) == ["memory"]


def test_a_missing_backup_ldif_leaves_the_xmls():
    conflicts = compare(since(MORE), directory_backup=None)
    assert ids(conflicts) == ["memory"]
    assert "no-backup-ldif" in codes(conflicts.warnings)


def test_a_missing_backup_xml_leaves_the_states():
    conflicts = compare(since(MORE), xml_backup=None)
    assert ids(conflicts) == ["memory"]
    assert codes(conflicts.warnings) == ["no-backup-xml"]


def test_no_definition_and_no_entry_anywhere_block():
    nothing = {"xml_backup": None, "xml_state": None, "xml_now": None}
    assert codes(compare(Scene(), **nothing).always_blocking) == ["no-definition"]
    blocked = compare(Scene(), directory_backup=None, directory_now=None).always_blocking
    assert "no-entry" in codes(blocked)


def test_the_ldif_of_another_machine_is_refused():
    other = THEN.ldif().replace(NAME.encode(), b"other-vm")
    with pytest.raises(InvalidInput, match="other-vm"):
        compare(Scene(), directory_now=other)


def test_without_a_memory_state_it_becomes_a_cold_start_and_says_why():
    for state, word in (("missing", "no state file"), ("not-running", "no memory state")):
        conflicts = compare(Scene(), state=state, xml_state=None)
        assert conflicts.mode == "cold"
        assert conflicts.warnings[0].code == "cold-start"
        assert word in conflicts.warnings[0].message
    assert compare(Scene(), "cold", state="missing", xml_state=None).warnings == ()


# --- devices ---


def test_an_added_disk_is_one_row():
    conflicts = compare(since(replace(THEN, disks=(VDA, VDB, VDC))))
    assert ids(conflicts) == ["vdc"]
    found = row(conflicts, "vdc")
    assert found.device == "vdc"
    assert found.values["directory_backup"] is None
    assert found.values["xml_now"] == VDC.path
    assert found.xpath == ("/domain/devices/disk[3]",)
    assert (found.ldap[0].entry, found.ldap[0].attribute) == ("sstDisk=vdc,ou=devices", "sstDisk")
    assert codes(conflicts.warnings) == ["disk-added"]


def test_a_removed_disk_is_one_row():
    conflicts = compare(since(replace(THEN, disks=(VDA,))))
    assert ids(conflicts) == ["vdb"]
    assert row(conflicts, "vdb").default == KEEP


def test_a_replaced_disk_is_one_removed_and_one_added():
    conflicts = compare(since(replace(THEN, disks=(VDA, VDC))))
    assert ids(conflicts) == ["vdb", "vdc"]


def test_a_disk_attached_to_the_running_machine_only():
    conflicts = compare(Scene(defined=replace(THEN, disks=(VDA, VDB, VDC))))
    assert ids(conflicts) == ["vdc"]


def test_a_disk_that_only_the_directory_ever_had_is_told_and_not_asked():
    more = replace(THEN, disks=(VDA, VDB, VDC))
    scene = Scene(then=more, now=more, state=THEN, images=set_images(THEN))
    conflicts = compare(scene, xml_backup=THEN.live_xml())
    assert ids(conflicts) == []
    assert "backup-inconsistent" in codes(conflicts.warnings)


SECOND = Card("net1", "52:54:00:0a:01:03", "br-prod")


def test_an_added_and_a_removed_card():
    both = replace(THEN, cards=(*THEN.cards, SECOND))
    assert ids(compare(since(both))) == ["net1"]
    assert ids(compare(Scene(then=both))) == ["net1"]


def test_cards_are_matched_by_mac_before_position():
    both = replace(THEN, cards=(*THEN.cards, SECOND))
    turned = replace(both, cards=tuple(reversed(both.cards)), address="10.1.0.7")
    conflicts = compare(Scene(then=both, now=both, defined=turned))
    assert ids(conflicts) == []


def test_a_card_whose_mac_changed_is_matched_by_position():
    both = replace(THEN, cards=(*THEN.cards, SECOND))
    changed = replace(both, cards=(THEN.cards[0], replace(SECOND, mac="52:54:00:0a:01:44")))
    assert ids(compare(Scene(then=both, now=changed, defined=changed))) == ["net1.mac"]


# --- the lease ---


def test_the_mac_of_the_lease_is_the_cards_row():
    found = row(compare(since(THEN.with_card(mac="52:54:00:0b:01:02"))), "net0.mac")
    assert [(p.entry, p.attribute) for p in found.ldap] == [
        ("sstInterface=net0,ou=devices", "sstMacAddress"), ("DHCP", "dhcpHWAddress"),
    ]  # fmt: skip


def test_a_lease_that_left_its_card_is_a_row_of_its_own_coupled_with_the_mac():
    live = THEN.live_ldif().replace(b"ethernet 52:54:00:0a:01:02", b"ethernet 52:54:00:77:77:77")
    assert ids(compare(Scene(), directory_now=live)) == ["dhcp.hardware-address"]
    now = THEN.with_card(mac="52:54:00:0b:01:02")
    live = now.live_ldif().replace(b"ethernet 52:54:00:0b:01:02", b"ethernet 52:54:00:77:77:77")
    conflicts = compare(since(now), directory_now=live)
    assert ids(conflicts) == ["net0.mac", "dhcp.hardware-address"]
    assert row(conflicts, "net0.mac").coupled == ("dhcp.hardware-address",)


def test_a_changed_fixed_address():
    found = row(compare(since(replace(THEN, address="10.1.0.77"))), "dhcp.fixed-address")
    assert [(p.entry, p.attribute) for p in found.ldap] == [("DHCP", "dhcpStatements")]
    assert found.values["directory_now"] == "10.1.0.77"


def test_other_statements_of_the_lease():
    live = THEN.live_ldif().replace(
        b"dhcpStatements: fixed-address 10.1.0.7",
        b"dhcpStatements: fixed-address 10.1.0.7\ndhcpStatements: next-server 10.1.0.1",
    )
    assert ids(compare(Scene(), directory_now=live)) == ["dhcp.statements"]


def test_a_lease_that_went_and_one_that_came():
    without = replace(THEN, lease=False)
    gone = row(compare(Scene(now=without)), "dhcp")
    assert gone.ldap[0].entry == "DHCP"
    assert gone.default == KEEP
    assert row(compare(Scene(then=without)), "dhcp").default == LIVE


# --- entries and attributes that nobody here knows ---


def test_a_grant_that_was_given_since_is_asked():
    grant = entry(f"uid=4000123,ou=people,{MACHINE_DN}", "account", uid="4000123")
    people = entry(f"ou=people,{MACHINE_DN}", "organizationalUnit", ou="people")
    then, now = replace(THEN, extra_entries=(people,)), replace(THEN, extra_entries=(people, grant))
    conflicts = compare(Scene(then=then, now=now))
    assert ids(conflicts) == ["entry.uid-4000123-ou-people"]
    assert conflicts.rows[0].default == LIVE
    assert conflicts.rows[0].ldap[0].entry == "uid=4000123,ou=people"


def test_an_attribute_below_settings_that_nobody_here_knows():
    then = entry(f"ou=settings,{MACHINE_DN}", "organizationalUnit", ou="settings", sstFoo="1")
    now = entry(f"ou=settings,{MACHINE_DN}", "organizationalUnit", ou="settings", sstFoo="2")
    conflicts = compare(
        Scene(then=replace(THEN, extra_entries=(then,)), now=replace(THEN, extra_entries=(now,)))
    )
    assert ids(conflicts) == ["ou-settings.sstFoo"]
    assert "=" not in conflicts.rows[0].id


def test_operational_attributes_and_backup_jobs_are_never_compared():
    assert b"entryCSN" in THEN.live_ldif()
    assert b"sstProvisioningMode" in THEN.backup_ldif()
    assert ids(compare(Scene())) == []


# --- settings that are inherited unless the machine has its own ---


def settings(**attributes):
    return entry(f"ou=usb,ou=settings,{MACHINE_DN}", "organizationalUnit", ou="usb", **attributes)


def test_usb_sound_and_screens_are_rows_where_the_directory_has_them():
    then = replace(THEN, extra_entries=(settings(sstAllowUSB="TRUE", sstAllowSound="FALSE"),),
                   extra=(("sstNumberOfScreens", "1"),))  # fmt: skip
    now = replace(THEN, extra_entries=(settings(sstAllowUSB="FALSE", sstAllowSound="TRUE"),),
                  extra=(("sstNumberOfScreens", "2"),))  # fmt: skip
    conflicts = compare(Scene(then=then, now=now))
    assert ids(conflicts) == ["screens", "usb", "sound"]
    assert row(conflicts, "usb").ldap[0].entry == "ou=usb,ou=settings"


def test_screens_of_the_xml_alone_are_a_row_too():
    assert ids(compare(Scene(defined=replace(THEN, heads=2)))) == ["screens"]


# --- what only the XML knows ---


@pytest.mark.parametrize(
    ("name", "now"),
    [
        ("cpu", replace(THEN, cpu_model="Nehalem")),
        ("video", replace(THEN, video="vga")),
        ("devices.channel", replace(THEN, channel=False)),
        ("console-type", replace(THEN, console="vnc")),
    ],
)
def test_hardware_that_only_the_xml_knows(name, now):
    conflicts = compare(Scene(defined=now))
    assert ids(conflicts) == [name]
    assert row(conflicts, name).ldap == ()
    assert row(conflicts, name).values["directory_now"] is None


def test_a_new_machine_type_is_a_row():
    newer = replace(THEN, machine_type="pc-i440fx-8.2")
    facts = host_facts(machine_types=("pc-i440fx-7.2", "pc-i440fx-8.2"))
    conflicts = compare(Scene(defined=newer, facts=facts))
    assert ids(conflicts) == ["machine-type"]
    assert row(conflicts, "machine-type").values["xml_now"] == "pc-i440fx-8.2"


# --- node, console address, runtime ---


def test_status_and_migration_offer_only_todays_value():
    then = replace(THEN, status="paused", extra=(("sstMigrationNode", "node-09"),))
    conflicts = compare(Scene(then=then))
    assert ids(conflicts) == ["status", "migration-node"]
    for found in conflicts.rows:
        assert found.allowed == (LIVE,)
    assert conflicts.still_open({}) == []


def test_the_node_of_today_is_the_only_choice():
    moved = replace(THEN, node="node-02.example.com", listen="10.0.0.22")
    facts = host_facts(this_node="node-02.example.com", this_node_console_address="10.0.0.22")
    conflicts = compare(since(moved, facts=facts))
    assert ids(conflicts) == ["console-address", "node"]
    assert row(conflicts, "node").allowed == (LIVE,)
    assert conflicts.result("node", {}) == "node-02.example.com"


def test_a_recovery_on_another_node_takes_this_node():
    facts = host_facts(this_node="node-02.example.com", this_node_console_address="10.0.0.22")
    conflicts = compare(Scene(now=None, defined=None, facts=facts))
    assert ids(conflicts) == ["console-address", "node"]
    assert conflicts.result("node", {}) == "node-02.example.com"
    found = row(conflicts, "console-address")
    assert KEEP in found.refused
    assert conflicts.result("console-address", choose(conflicts)) == "10.0.0.22"


def test_a_listen_address_that_works_anywhere_is_no_conflict():
    anywhere = replace(THEN, listen="0.0.0.0")
    facts = host_facts(this_node="node-02.example.com", this_node_console_address="10.0.0.22")
    scene = Scene(then=anywhere, now=None, defined=None, facts=facts)
    assert ids(compare(scene)) == ["node"]


def test_a_lease_in_another_subnet():
    moved = LEASE_DN.replace("10.1.0.0", "10.2.0.0")
    live = replace(THEN, address="10.2.0.7").live_ldif().replace(LEASE_DN.encode(), moved.encode())
    assert SUBNET in LEASE_DN
    assert ids(compare(Scene(), directory_now=live)) == ["dhcp.fixed-address"]


def test_rows_stand_in_groups():
    now = replace(THEN, memory=8 * GIB, port=5911, description="x", address="10.1.0.9",
                  disks=(VDA, VDB, VDC)).with_card(bridge="br-prod")  # fmt: skip
    groups = [found.group for found in compare(since(now)).rows]
    assert groups == sorted(
        groups, key=["machine", "console", "disk", "network", "directory"].index
    )

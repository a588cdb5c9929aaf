"""What a review of the comparison with fixtures of its own found; each failed before its repair."""

from dataclasses import replace

import pytest

from steps.conflicts import Desk, Resolution
from steps.virtual_machine.host_facts import OtherMachine
from tests.unit.conflict_support import (
    BOOT,
    CUSTOM,
    KEEP,
    LIVE,
    at,
    by_dn,
    choose,
    codes,
    compare,
    ids,
    row,
)
from tests.unit.machine_documents import (
    LEAF,
    LEASE_DN,
    MACHINE_DN,
    NAME,
    THEN,
    VDA,
    VDB,
    Card,
    Scene,
    host_facts,
    set_images,
    since,
)

OTHER = "77777777-5a10-4c42-9b6e-0f1d2c3b4a59"
SECOND = Card("net1", "52:54:00:0a:01:03")


def edited(machine, *changes):
    """The machine's three XMLs with texts replaced in each, as sources of a comparison."""
    found = {
        "xml_backup": machine.live_xml(),
        "xml_state": machine.state_xml(),
        "xml_now": machine.inactive_xml(),
    }
    for old, new in changes:
        assert all(old in xml for xml in found.values())
        found = {name: xml.replace(old, new) for name, xml in found.items()}
    return found


# --- false conflicts ---------------------------------------------------------------------------


def test_libvirts_default_mode_of_hyperv_is_no_difference():
    machine = replace(THEN, features=("acpi", "hyperv:relaxed+state=on,vapic+state=on"))
    said = "<hyperv mode='custom'><relaxed state='on'/><vapic state='on'/></hyperv>"
    xmls = edited(replace(THEN, features=("acpi",)), ("<acpi/>", f"<acpi/>{said}"))
    conflicts = compare(since(machine, then=machine), **xmls)
    assert ids(conflicts) == []
    assert codes(conflicts.warnings) == []


def test_the_bridge_libvirt_shows_for_a_card_on_its_network_is_noise():
    xmls = edited(THEN, ("interface type='bridge'", "interface type='network'"))
    there = "<source network='default'/>"
    running = (
        "<source network='default' portid='5b1c6b0e-0c9b-4e5a-8f0b-0d9a6a8f2a11' bridge='virbr0'/>"
    )
    old = "<source bridge='vmbr0'/>"
    xmls = {
        "xml_backup": xmls["xml_backup"].replace(old, running),
        "xml_state": xmls["xml_state"].replace(old, there),
        "xml_now": xmls["xml_now"].replace(old, running),
    }
    ldif = {
        "directory_backup": THEN.backup_ldif().replace(b"sstType: bridge", b"sstType: network"),
        "directory_now": THEN.live_ldif().replace(b"sstType: bridge", b"sstType: network"),
    }
    conflicts = compare(Scene(), **xmls, **ldif)
    assert ids(conflicts) == []
    assert codes(conflicts.warnings) == []


def test_an_added_card_on_a_network_is_attached_without_its_port_of_today():
    now = replace(THEN, cards=(*THEN.cards, SECOND))
    found = "<source bridge='vmbr0'/>\n      <target dev='vnet5'/>"
    running = (
        "<source network='default' portid='5b1c6b0e-0c9b-4e5a-8f0b-0d9a6a8f2a11' bridge='virbr0'/>"
    )
    assert found in now.live_xml()
    conflicts = compare(since(now), xml_now=now.live_xml().replace(found, running))
    results = conflicts.results(choose(conflicts, net1="next-boot"))
    source = results.next_boot_xml.partition("52:54:00:0a:01:03")[2].partition("/>\n")[2]
    assert "<source network='default'/>" in source.partition("</interface>")[0]


# --- reasons -----------------------------------------------------------------------------------


def test_a_value_that_did_not_change_is_not_said_to_mismatch_itself():
    taken = OtherMachine(OTHER, OTHER, (THEN.cards[0].mac,))
    conflicts = compare(Scene(facts=host_facts(other_machines=(taken,))))
    refused = row(conflicts, "net0.mac").refused
    assert refused[LIVE] == refused[KEEP] == f"The MAC {THEN.cards[0].mac} belongs to {OTHER}."


def test_an_attribute_keeps_its_spelling_in_a_sentence():
    conflicts = compare(since(replace(THEN, extra=(("sstFancy", "1"),))))
    assert row(conflicts, "sstFancy").refused[CUSTOM] == "sstFancy cannot be typed."


def test_an_xml_that_is_refused_does_not_make_the_machine_unknown():
    conflicts = compare(Scene(), xml_now=THEN.inactive_xml() * 2)
    assert codes(conflicts.always_blocking) == ["xml-several-documents"]
    assert "not-defined" not in codes(conflicts.warnings)


def test_a_backup_written_twice_is_one_warning():
    conflicts = compare(Scene(), directory_backup=THEN.backup_ldif() + b"\n" + THEN.backup_ldif())
    (found,) = conflicts.warnings
    assert found.code == "repeated-entry"
    assert found.message.startswith("backup LDIF: 8 entries stand twice, the same.")


# --- choices -----------------------------------------------------------------------------------


@pytest.mark.parametrize("attribute", ["labeledURI", "sstNetworkHostname", "sstDisplayName"])
def test_what_only_the_directory_has_can_be_typed(attribute):
    then = by_dn(THEN.ldif().decode())[MACHINE_DN].text(attribute)
    ldif = THEN.live_ldif().replace(f"{attribute}: {then}".encode(), f"{attribute}: other".encode())
    conflicts = compare(Scene(), directory_now=ldif)
    (found,) = conflicts.rows
    assert found.allowed == (KEEP, LIVE, CUSTOM)
    results = conflicts.results({found.id: Resolution.parse("custom:ldap:///three")})
    assert by_dn(results.merged_ldif)[MACHINE_DN].text(attribute) == "ldap:///three"


def drive(machine, media):
    """The machine's definition of today with a medium in its cdrom drive."""
    empty = "<target dev='hdc'"
    return machine.inactive_xml().replace(empty, f"<source file='{media}'/>\n      {empty}")


def test_a_medium_put_into_an_empty_drive_can_be_kept_there():
    media = f"{VDA.folder}/rescue.iso"
    conflicts = compare(Scene(), xml_now=drive(THEN, media))
    found = row(conflicts, "hdc.source")
    assert LIVE in found.allowed
    results = conflicts.results({"hdc.source": Resolution(LIVE)})
    assert at(results.restore_xml, "//disk[@device='cdrom']/source/@file") == media


def as_user(machine):
    """Documents of today where the card is a user one, without a bridge."""
    xml = machine.inactive_xml().replace("interface type='bridge'", "interface type='user'")
    return {
        "xml_now": xml.replace("\n      <source bridge='vmbr0'/>", ""),
        "directory_now": machine.live_ldif().replace(b"sstType: bridge", b"sstType: user"),
    }


def test_a_card_keeps_its_bridge_where_it_must_keep_its_connection():
    conflicts = compare(Scene(), **as_user(THEN))
    assert row(conflicts, "net0.type").allowed == (KEEP,)
    bridge = row(conflicts, "net0.bridge")
    assert (bridge.allowed, bridge.default) == ((KEEP, CUSTOM), KEEP)
    assert bridge.refused[LIVE] == row(conflicts, "net0.type").refused[LIVE]


def test_a_card_on_a_bridge_without_a_name_stops_the_restore():
    conflicts = compare(Scene(), "cold", **as_user(THEN))
    apart = {"net0.type": Resolution(KEEP), "net0.bridge": Resolution(LIVE)}
    (found,) = conflicts.blocking(apart)
    assert (found.code, set(found.rows)) == ("card-incomplete", set(apart))
    assert not conflicts.blocking(dict.fromkeys(apart, Resolution(LIVE)))


# --- coupled rows ------------------------------------------------------------------------------


def test_the_lease_does_not_move_with_a_card_it_does_not_belong_to():
    then = replace(THEN, cards=(*THEN.cards, SECOND))
    now = replace(then, cards=(then.cards[0], replace(SECOND, mac="52:54:00:0b:01:03")),
                  address="10.1.0.8")  # fmt: skip
    conflicts = compare(since(now, then=then))
    assert row(conflicts, "net1.mac").coupled == ()
    assert row(conflicts, "dhcp.fixed-address").coupled == ()


@pytest.mark.parametrize(
    ("asked", "decision"), [("net0.mac", BOOT), ("dhcp.fixed-address", LIVE)]
)  # fmt: skip
def test_the_lease_of_today_goes_with_the_mac_of_the_next_boot(asked, decision):
    now = replace(THEN.with_card(mac="52:54:00:0b:01:02"), address="10.1.0.8")
    conflicts = compare(since(now))
    desk = Desk(conflicts)
    desk.decide(asked, Resolution(decision))
    assert desk.decided == {
        "net0.mac": Resolution(BOOT),
        "dhcp.fixed-address": Resolution(LIVE),
    }
    results = conflicts.results(desk.decided)
    lease = by_dn(results.merged_ldif)[LEASE_DN]
    assert lease.attributes == by_dn(now.ldif().decode())[LEASE_DN].attributes
    assert "52:54:00:0a:01:02" in results.restore_xml
    assert "52:54:00:0b:01:02" in results.next_boot_xml


# --- documents ---------------------------------------------------------------------------------


def test_an_entry_is_never_made_to_contradict_its_own_name():
    renamed = THEN.inactive_xml().replace(f"<name>{NAME}", "<name>renamed")
    conflicts = compare(Scene(), "cold", xml_now=renamed)
    results = conflicts.results(choose(conflicts))
    assert at(results.restore_xml, "/domain/name") == "renamed"
    assert results.change_ldif == ""


@pytest.mark.parametrize(("mode", "decision"), [("with-state", BOOT), ("cold", LIVE)])
def test_a_disk_on_another_bus_gets_an_address_there(mode, decision):
    now = THEN.with_disk("vdb", bus="sata")
    conflicts = compare(since(now), mode)
    results = conflicts.results({"vdb.bus": Resolution(decision)})
    disk = results.next_boot_xml.partition("dev='vdb' bus='sata'")[2].partition("</disk>")[0]
    assert "<address" not in disk
    kept = results.next_boot_xml.partition("dev='vda' bus='virtio'")[2].partition("</disk>")[0]
    assert "<address type='pci'" in kept


def test_a_port_that_libvirt_chooses_is_no_number_for_the_directory():
    xml = THEN.inactive_xml().replace("port='5903' autoport='no'", "port='-1' autoport='yes'")
    conflicts = compare(Scene(), xml_now=xml)
    results = conflicts.results({"spice-port": Resolution(LIVE)})
    assert at(results.restore_xml, "//graphics/@autoport") == "yes"
    assert results.change_ldif == ""


# --- what blocks -------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["with-state", "cold"])
def test_the_xml_of_another_machine_is_not_restored_under_this_ones_entry(mode):
    xmls = edited(THEN, (NAME, OTHER))
    conflicts = compare(Scene(now=None, defined=None), mode, **{**xmls, "xml_now": None})
    (found,) = conflicts.always_blocking
    assert found.code == "xml-of-another-machine"
    assert OTHER in found.message


# --- secrets -----------------------------------------------------------------------------------


def test_a_password_of_an_unknown_attribute_is_not_shown():
    then = replace(THEN, extra=(("sstServicePassword", "hunter2"),))
    conflicts = compare(
        since(replace(THEN, extra=(("sstServicePassword", "swordfish"),)), then=then)
    )
    texts = conflicts.texts("sstServicePassword")
    assert texts["directory_backup"] == "(set)"
    assert texts["directory_now"] == "(set, differs)"


# --- cards that came, went and changed their names ---------------------------------------------

FIRST = THEN.cards[0]
TWO = replace(THEN, cards=(FIRST, SECOND))


def macs_of(ldif):
    """MACs by the name of their card's entry."""
    entries = by_dn(ldif).values()
    found = {entry.text("sstInterface"): entry.text("sstMacAddress") for entry in entries}
    return {name: mac for name, mac in found.items() if name}


def test_a_card_that_comes_back_finds_a_name_of_its_own():
    now = replace(TWO, cards=(replace(SECOND, name="net0"),))
    conflicts = compare(since(now, then=TWO))
    results = conflicts.results(choose(conflicts, KEEP))
    assert sorted(macs_of(results.merged_ldif).values()) == [FIRST.mac, SECOND.mac]
    assert macs_of(results.merged_ldif)["net0"] == SECOND.mac
    assert FIRST.mac in results.restore_xml


def test_a_card_that_stays_away_takes_no_other_with_it():
    now = replace(TWO, cards=(replace(SECOND, name="net0"),))
    conflicts = compare(since(now, then=TWO))
    results = conflicts.results(choose(conflicts, net0="next-boot"))
    assert macs_of(results.merged_ldif) == {"net0": SECOND.mac}
    assert FIRST.mac not in results.next_boot_xml


def test_the_lease_comes_back_with_its_card():
    conflicts = compare(since(replace(TWO, cards=(SECOND,)), then=TWO))
    assert row(conflicts, "net0").coupled == ("dhcp.hardware-address",)
    desk = Desk(conflicts)
    desk.decide("net0", Resolution(KEEP))
    lease = by_dn(conflicts.results(desk.decided).merged_ldif)[LEASE_DN]
    assert lease.text("dhcpHWAddress") == f"ethernet {FIRST.mac}"
    desk.decide("net0", Resolution(BOOT))
    lease = by_dn(conflicts.results(desk.decided).merged_ldif)[LEASE_DN]
    assert lease.text("dhcpHWAddress") == f"ethernet {SECOND.mac}"


def test_the_lease_of_a_new_first_card_is_a_difference():
    new = Card("net0", "52:54:00:0f:0f:0f")
    now = replace(TWO, cards=(new, replace(FIRST, name="net1"), replace(SECOND, name="net2")))
    conflicts = compare(since(now, then=TWO))
    # Today net2 is another card.
    assert ids(conflicts) == ["dhcp.hardware-address", "net3"]
    assert row(conflicts, "net3").values["directory_now"] == new.mac
    results = conflicts.results(choose(conflicts, KEEP))
    assert sorted(macs_of(results.merged_ldif).values()) == [FIRST.mac, SECOND.mac]
    lease = by_dn(results.merged_ldif)[LEASE_DN]
    assert lease.text("dhcpHWAddress") == f"ethernet {FIRST.mac}"


# --- cards and disks that come back into a world that went on ----------------------------------

BACK = since(
    replace(TWO, cards=(FIRST,)), then=replace(TWO, cards=(FIRST, replace(SECOND, bridge="old")))
)
TAKEN = (OtherMachine(OTHER, OTHER, (SECOND.mac,)),)


def test_a_card_does_not_come_back_with_a_mac_that_is_anothers_by_now():
    scene = replace(BACK, facts=host_facts(other_machines=TAKEN, bridges=("vmbr0", "old")))
    cold = row(compare(scene, "cold"), "net1")
    assert cold.allowed == (LIVE,)
    assert cold.refused[KEEP] == f"The MAC {SECOND.mac} belongs to {OTHER}."
    conflicts = compare(scene)
    assert row(conflicts, "net1").allowed == ()
    (found,) = conflicts.always_blocking
    assert (found.code, found.rows) == ("no-choice", ("net1",))
    assert SECOND.mac in found.message
    assert "cold start" in found.remedy


def test_a_card_of_today_is_not_attached_with_anothers_mac():
    conflicts = compare(since(TWO, facts=host_facts(other_machines=TAKEN)))
    found = row(conflicts, "net1")
    assert (found.allowed, found.default) == ((KEEP,), KEEP)
    assert found.refused[BOOT] == f"The MAC {SECOND.mac} belongs to {OTHER}."


def test_a_card_that_must_come_back_is_given_a_bridge_of_this_host():
    conflicts = compare(BACK)
    assert row(conflicts, "net1").allowed == (KEEP, BOOT)
    assert row(conflicts, "net1.bridge").allowed == (CUSTOM,)
    decisions = {"net1": Resolution(KEEP), "net1.bridge": Resolution.parse("custom:br-prod")}
    results = conflicts.results(decisions)
    assert at(results.restore_xml, "//interface[2]/source/@bridge") == "br-prod"
    entries = by_dn(results.merged_ldif).values()
    assert [e.text("sstSourceBridge") for e in entries if e.text("sstInterface") == "net1"] == [
        "br-prod"
    ]


def test_a_card_whose_bridge_is_gone_stays_away_in_a_cold_start():
    found = row(compare(BACK, "cold"), "net1")
    assert found.allowed == (LIVE,)
    assert found.refused[KEEP] == "This host has no bridge 'old' (it has vmbr0, br-prod)."


def test_a_renamed_card_is_given_its_own_bridge():
    now = replace(BACK.now, cards=(replace(FIRST, name="net1"),))
    conflicts = compare(replace(BACK, now=now, defined=now))
    decisions = {"net1.bridge": Resolution.parse("custom:br-prod")}
    bridges = {
        e.text("sstMacAddress"): e.text("sstSourceBridge")
        for e in by_dn(conflicts.results(choose(conflicts, KEEP) | decisions).merged_ldif).values()
        if e.text("sstInterface")
    }
    assert bridges == {FIRST.mac: FIRST.bridge, SECOND.mac: "br-prod"}


def test_a_disk_does_not_come_back_to_a_path_that_is_anothers_by_now():
    other = OtherMachine(OTHER, OTHER, images=(VDB.path,))
    now = replace(THEN, disks=(VDA,))
    conflicts = compare(since(now, facts=host_facts(other_machines=(other,))), "cold")
    assert row(conflicts, "vdb").allowed == (LIVE,)
    assert row(conflicts, "vdb").refused[KEEP] == f"The image {VDB.path} belongs to {OTHER}."


# --- words -------------------------------------------------------------------------------------


def test_what_blocks_is_said_once():
    (found,) = compare(Scene(), xml_backup=THEN.live_xml() * 2).always_blocking
    assert found.message.startswith("The backup XML holds several documents: one ends before line ")
    (found,) = compare(Scene(images=set_images(THEN)[:1])).always_blocking
    assert found.message == f"The backup has no image of vdb ({VDB.image}.{LEAF})."

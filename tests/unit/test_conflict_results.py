"""The documents that decisions lead to, and that nothing else changes in them."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from steps.conflicts import Decision, Resolution
from steps.ldif_text import normal_dn
from steps.virtual_machine.domain_xml import parse_domain, place, to_text
from tests.unit.conflict_support import BOOT, KEEP, LIVE, at, by_dn, choose, compare, ids
from tests.unit.machine_documents import (
    CSN,
    FOLDER,
    GIB,
    LEASE_DN,
    MACHINE_DN,
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

NOW = replace(
    THEN, memory=8 * GIB, vcpus=4, features=("acpi", "apic", "hap"), port=5911, clock="localtime",
    on_crash="destroy", boot=("cdrom", "hd", "network"), description="blue", memballoon="none",
    password="anderes1", cpu_model="Nehalem", address="10.1.0.9", status="paused",
    extra=(("sstMigrationNode", "node-07"),),
    disks=(VDA, replace(VDB, image="new.qcow2", cache="writeback"), VDC),
    cards=(replace(THEN.cards[0], mac="52:54:00:0b:01:02", bridge="br-prod"),
           Card("net1", "52:54:00:0a:01:09")),
)  # fmt: skip
DEVICES = f"ou=devices,{MACHINE_DN}"


def results(scene, decision=None, mode="with-state", **decisions):
    conflicts = compare(scene, mode)
    return conflicts.results(choose(conflicts, decision, **decisions))


def xml_without_chain_ends(xml):
    return xml.replace("\n      <backingStore/>", "")


# --- the XML to restore with ---


def test_keeping_everything_restores_the_saved_xml_itself():
    found = results(since(NOW), KEEP)
    assert found.restore_xml == xml_without_chain_ends(THEN.state_xml())
    assert found.next_boot_xml == found.restore_xml


def test_nothing_decided_restores_the_saved_xml_itself():
    assert compare(Scene()).results({}).restore_xml == xml_without_chain_ends(THEN.state_xml())


def test_host_values_of_today_go_into_the_xml():
    found = results(since(NOW))
    assert at(found.restore_xml, "//graphics/@port") == "5911"
    assert at(found.restore_xml, "//interface/source/@bridge") == "br-prod"
    assert at(found.restore_xml, "//graphics/@passwd") == "anderes1"
    assert at(found.restore_xml, "/domain/memory") == "4194304"
    assert len(etree.fromstring(found.restore_xml).findall("devices/disk")) == 3


def test_the_next_boot_has_todays_hardware_and_the_restore_has_not():
    found = results(since(NOW), BOOT)
    now, later = found.restore_xml, found.next_boot_xml
    assert at(now, "/domain/memory") == "4194304"
    assert (at(later, "/domain/memory"), at(later, "/domain/currentMemory")) == ("8388608",) * 2
    assert (at(now, "/domain/vcpu"), at(later, "/domain/vcpu")) == ("2", "4")
    assert at(later, "/domain/cpu/topology/@cores") == "4"
    assert at(later, "//interface[1]/mac/@address") == "52:54:00:0b:01:02"
    assert at(later, "/domain/cpu/model") == "Nehalem"
    assert at(later, "//memballoon/@model") == "none"
    features = [child.tag for child in etree.fromstring(later).find("features")]
    assert sorted(features) == ["acpi", "apic", "hap"]
    assert "vdc" not in now
    assert at(later, "//disk[target/@dev='vdc']/source/@file") == VDC.path
    assert at(later, "//interface[2]/mac/@address") == "52:54:00:0a:01:09"


def test_an_added_device_brings_no_address_or_alias_along():
    later = etree.fromstring(results(since(NOW), BOOT).next_boot_xml)
    assert later.find("devices/disk/target[@dev='vdc']/../address") is None
    assert later.findall("devices/interface")[1].find("address") is None
    assert later.find(".//alias") is None


def test_a_device_that_only_the_directory_has_is_made_from_its_entry():
    now = replace(THEN, disks=(VDA, VDB, VDC), cards=(*THEN.cards, Card("net1", "52:54:00:0a:1:9")))
    found = results(Scene(now=now, defined=None), BOOT)
    disk = etree.fromstring(found.next_boot_xml).find("devices/disk/target[@dev='vdc']/..")
    assert etree.tostring(disk, encoding="unicode").split() == (
        f'<disk type="file" device="disk"> <driver name="qemu" type="qcow2" cache="none"/> '
        f'<source file="{VDC.path}"/> <target dev="vdc" bus="virtio"/> </disk>'
    ).split() or read_disk(disk) == {"qcow2", VDC.path, "virtio"}
    assert at(found.next_boot_xml, "//interface[2]/source/@bridge") == "vmbr0"


def read_disk(disk):
    return {disk.find("driver").get("type"), disk.find("source").get("file"),
            disk.find("target").get("bus")}  # fmt: skip


def test_a_removed_disk_comes_back_and_may_go_again_at_the_next_boot():
    scene = since(replace(THEN, disks=(VDA,)))
    kept, later = results(scene, KEEP), results(scene, BOOT)
    assert VDB.path in kept.restore_xml
    assert VDB.path in kept.next_boot_xml
    assert VDB.path in later.restore_xml
    assert VDB.path not in later.next_boot_xml


def test_a_removed_and_an_added_card_do_not_mix_up_the_others():
    then = replace(THEN, cards=(Card(), Card("net1", "52:54:00:00:00:11"),
                                Card("net2", "52:54:00:00:00:22")))  # fmt: skip
    now = replace(THEN, cards=(Card("net2", "52:54:00:00:00:22", "br-prod"),
                               Card("net3", "52:54:00:00:00:33")), lease=False)  # fmt: skip
    conflicts = compare(Scene(then=replace(then, lease=False), now=now, defined=now), "cold")
    found = conflicts.results(choose(conflicts, LIVE))
    macs = etree.fromstring(found.restore_xml).xpath("//interface/mac/@address")
    assert sorted(macs) == ["52:54:00:00:00:22", "52:54:00:00:00:33"]
    kept = "//interface[mac/@address='52:54:00:00:00:22']/source/@bridge"
    assert at(found.restore_xml, kept) == "br-prod"


def test_ends_of_backing_chains_are_gone():
    assert "<backingStore" in THEN.state_xml()
    assert "<backingStore" not in results(Scene()).restore_xml


def test_a_typed_value_goes_everywhere():
    found = results(since(NOW), net0__bridge="custom:vmbr0", vdb__source=f"custom:{FOLDER}/x.qcow2")
    assert at(found.restore_xml, "//interface/source/@bridge") == "vmbr0"
    assert at(found.restore_xml, "//disk[2]/source/@file") == f"{FOLDER}/x.qcow2"
    merged = by_dn(found.merged_ldif)
    assert merged[f"sstInterface=net0,{DEVICES}"].text("sstSourceBridge") == "vmbr0"
    assert merged[f"sstDisk=vdb,{DEVICES}"].text("sstSourceFile") == f"{FOLDER}/x.qcow2"


def test_typed_hardware_of_a_cold_start():
    found = results(since(NOW), mode="cold", memory="custom:6 GiB", vcpu="custom:3",
                    features="custom:acpi,apic", net0__mac="custom:52:54:00:aa:bb:cc")  # fmt: skip
    assert at(found.restore_xml, "/domain/memory") == str(6 << 20)
    assert at(found.restore_xml, "/domain/cpu/topology/@cores") == "3"
    merged = by_dn(found.merged_ldif)
    assert merged[MACHINE_DN].text("sstMemory") == str(6 * GIB)
    assert merged[MACHINE_DN].values("sstFeature") == (b"acpi", b"apic")
    assert merged[LEASE_DN].text("dhcpHWAddress") == "ethernet 52:54:00:aa:bb:cc"


def test_boot_order_grows_and_shrinks():
    scene = since(NOW)
    taken = etree.fromstring(results(scene, LIVE).restore_xml)
    assert taken.xpath("/domain/os/boot/@dev") == ["cdrom", "hd", "network"]
    typed = etree.fromstring(results(scene, boot="custom:hd").restore_xml)
    assert typed.xpath("/domain/os/boot/@dev") == ["hd"]


# --- cold ---


def test_a_cold_start_of_a_running_dump_is_a_definition():
    conflicts = compare(Scene(), "cold", xml_state=None, state="missing")
    xml = conflicts.results({}).restore_xml
    for runtime in ("id='7'", "alias", "vnet", "seclabel", "backingStore", "check='full'"):
        assert runtime not in xml
    assert at(xml, "//graphics/@passwd") == THEN.password


def test_a_cold_start_takes_todays_hardware_where_chosen():
    found = results(since(NOW), LIVE, "cold")
    assert found.restore_xml == found.next_boot_xml
    assert at(found.restore_xml, "/domain/memory") == "8388608"
    assert at(found.restore_xml, "//disk[target/@dev='vdc']/source/@file") == VDC.path


# --- the directory ---


def contents(entries):
    return {normal_dn(e.dn): {n.lower(): set(v) for n, v in e.attributes.items()} for e in entries}


RUNTIME = {"sstnode", "sststatus", "sstmigrationnode", "sstmigrationspiceport"}


def decided_part(entries):
    return {
        dn: {name: v for name, v in attributes.items() if name not in RUNTIME}
        for dn, attributes in contents(entries).items()
    }


def test_keeping_everything_gives_the_backups_entries():
    assert decided_part(results(since(NOW), KEEP).entries) == decided_part(THEN.entries())


def test_taking_everything_gives_todays_entries():
    found = results(since(NOW), LIVE, "cold")
    assert decided_part(found.entries) == decided_part(NOW.entries())
    assert found.change_ldif == ""


def test_the_next_boot_is_what_the_directory_describes():
    merged = by_dn(results(since(NOW), BOOT).merged_ldif)
    assert merged[MACHINE_DN].text("sstMemory") == str(8 * GIB)
    assert f"sstDisk=vdc,{DEVICES}" in merged


def test_never_in_the_merged_entries():
    text = results(since(NOW), KEEP).merged_ldif
    for unwanted in ("ou=backup", "sstProvisioning", "entryCSN", "modifiersName", "snapshotting"):
        assert unwanted not in text


def test_runtime_attributes_are_todays():
    entry_now = by_dn(results(since(NOW), KEEP).merged_ldif)[MACHINE_DN]
    assert entry_now.text("sstStatus") == "paused"
    assert entry_now.text("sstMigrationNode") == "node-07"


def test_the_lease_stands_last_and_wears_the_cards_mac():
    found = results(since(NOW), KEEP)
    assert found.entries[-1].dn == LEASE_DN
    assert found.entries[-1].text("dhcpHWAddress") == "ethernet 52:54:00:0a:01:02"


def test_a_fixed_address_takes_its_entry_to_its_subnet():
    moved = LEASE_DN.replace("10.1.0.0", "10.2.0.0")
    live = replace(THEN, address="10.2.0.7").live_ldif().replace(LEASE_DN.encode(), moved.encode())
    conflicts = compare(Scene(), directory_now=live)
    kept = conflicts.results({"dhcp.fixed-address": Resolution(KEEP)})
    assert kept.entries[-1].dn == LEASE_DN
    assert kinds_of_change(kept.change_ldif) == {moved: "delete", LEASE_DN: "add"}
    taken = conflicts.results({"dhcp.fixed-address": Resolution(LIVE)})
    assert taken.entries[-1].dn == moved
    assert taken.change_ldif == ""


def test_a_recovery_on_another_node_writes_this_node_and_no_migration():
    then = replace(THEN, extra=(("sstMigrationNode", "node-09"),))
    facts = host_facts(this_node="node-02.example.com", this_node_console_address="10.0.0.22")
    conflicts = compare(Scene(then=then, now=None, defined=None, facts=facts))
    merged = by_dn(conflicts.results(choose(conflicts)).merged_ldif)[MACHINE_DN]
    assert merged.text("sstNode") == "node-02.example.com"
    assert merged.text("sstMigrationNode") is None
    assert merged.text("sstStatus") == "running"


def test_a_new_grant_stays_or_goes():
    people = entry(f"ou=people,{MACHINE_DN}", "organizationalUnit", ou="people")
    grant = entry(f"uid=4,ou=people,{MACHINE_DN}", "account", uid="4")
    scene = Scene(then=replace(THEN, extra_entries=(people,)),
                  now=replace(THEN, extra_entries=(people, grant)))  # fmt: skip
    conflicts = compare(scene)
    (name,) = ids(conflicts)
    assert grant.dn in by_dn(conflicts.results({name: Resolution(LIVE)}).merged_ldif)
    kept = conflicts.results({name: Resolution(KEEP)})
    assert grant.dn not in by_dn(kept.merged_ldif)
    assert kinds_of_change(kept.change_ldif) == {grant.dn: "delete"}


def test_the_change_file_is_guarded_and_the_merged_one_is_not_a_change():
    found = results(since(NOW), KEEP)
    assert f"entryCSN={CSN}" in found.change_ldif
    assert "changetype" not in found.merged_ldif


def kinds_of_change(change_ldif):
    """What happens to each DN of a change file; controls may stand between the two lines."""
    return dict(re.findall(r"^dn: (.*)\n(?:control: .*\n)*changetype: (.*)$", change_ldif, re.M))


def apply_change(entries, change_ldif):
    """Carry a change file out on entries, as ldapmodify would."""
    import io

    import ldif

    held = {e.dn: {n: list(v) for n, v in e.attributes.items()} for e in entries}

    class Changes(ldif.LDIFParser):
        def handle_modify(self, dn, modops, controls=None):
            for kind, attribute, values in modops:
                assert kind in (1, 2)
                name = next((n for n in held[dn] if n.lower() == attribute.lower()), attribute)
                held[dn].pop(name, None)
                if kind == 2:
                    held[dn][name] = values

    for record in change_ldif.split("\n\n"):
        if "changetype: add" in record or "changetype: delete" in record:
            (dn,) = [line[4:] for line in record.splitlines() if line.startswith("dn: ")]
            if "changetype: delete" in record:
                del held[dn]
            else:
                plain = record.replace("changetype: add\n", "")
                parser = ldif.LDIFRecordList(io.StringIO(plain))
                parser.parse()
                held[dn] = parser.all_records[0][1]
        elif record.strip():
            Changes(io.StringIO(record + "\n\n")).parse_change_records()
    return {normal_dn(dn): {n.lower(): set(v) for n, v in e.items()} for dn, e in held.items()}


VALUES = replace(NOW, disks=NOW.disks[:2], cards=NOW.cards[:1])
SCENES = {
    "only values": since(VALUES, images=set_images(THEN)),
    "only values, drifted": Scene(then=THEN, now=THEN, defined=VALUES),
    "changed": since(NOW, images=set_images(THEN)),
    "removed": since(replace(THEN, disks=(VDA,), cards=(), lease=False)),
    "drifted": Scene(now=NOW),
    "entry gone": Scene(now=None, defined=NOW),
    "forgotten": Scene(now=NOW, defined=None),
}


@pytest.mark.parametrize("mode", ["with-state", "cold"])
@pytest.mark.parametrize("name", SCENES)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_random_decisions_hold_everywhere(name, mode, data):
    """Change file on today's entries = merged entries; the XML differs at decided places only."""
    scene = SCENES[name]
    conflicts = compare(scene, mode)
    decisions = {
        found.id: Resolution(data.draw(st.sampled_from(found.allowed)))
        for found in conflicts.rows
        if found.allowed and Decision.CUSTOM not in found.allowed[:1]
    }
    decisions = {n: r if r.decision is not Decision.CUSTOM else Resolution(KEEP)
                 for n, r in decisions.items()}  # fmt: skip
    found = conflicts.results(decisions)
    today = scene.now.entries() if scene.now else ()
    assert apply_change(today, found.change_ldif) == contents(found.entries)
    assert to_text(parse_domain(found.restore_xml, "x")) == found.restore_xml
    if name.startswith("only values"):
        changed = changed_places(conflicts, found.restore_xml)
        allowed = allowed_places(conflicts, decisions)
        assert [p for p in changed if not p.startswith(allowed)] == []
    for moved in decisions:
        conflicts.result(moved, decisions)
    assert conflicts.still_open(decisions) == []


def changed_places(conflicts, xml):
    """XPaths of texts and attributes that differ from the document the restore started from."""
    base = values_of(conflicts.situation.documents.xmls[conflicts.situation.base])
    now = values_of(etree.fromstring(xml))
    return {place for place in base.keys() | now.keys() if base.get(place) != now.get(place)}


def values_of(root):
    found = {}
    for element in root.iter():
        if element.tag in ("backingStore", "alias", "seclabel", "label", "imagelabel"):
            continue
        path = place(element)
        found[path] = (element.text or "").strip()
        found.update({f"{path}/@{name}": value for name, value in element.attrib.items()})
    return found


def allowed_places(conflicts, decisions):
    """Places of the decided rows. A list may grow; `dies` go where the cores are written."""
    places = {path for row in conflicts.rows if row.id in decisions for path in row.xpath}
    if "boot" in decisions:
        places.add("/domain/os/boot[")
    if "vcpu" in decisions:
        places.add("/domain/cpu/topology/@")
    return tuple(places)


# --- the decision log ---


def test_the_log_has_every_row_with_its_values_choice_and_alternatives():
    conflicts = compare(since(NOW))
    found = conflicts.results(choose(conflicts), who="anna", when="2026-11-20T03:12:00Z")
    log = json.loads(found.decision_log)
    assert (log["who"], log["when"], log["mode"]) == ("anna", "2026-11-20T03:12:00Z", "with-state")
    by_id = {decision["id"]: decision for decision in log["decisions"]}
    assert list(by_id) == ids(conflicts)
    memory = by_id["memory"]
    assert memory["chosen"] == "keep-backup"
    assert memory["by"] == "operator"
    assert memory["alternatives"] == ["next-boot"]
    assert memory["sources"]["directory_now"] == str(8 * GIB)
    assert "libvirt refuses" in memory["refused"]["take-live"]
    assert by_id["status"]["by"] == "operator" or by_id["status"]["chosen"] == "take-live"


def test_what_is_open_is_not_carried_out_and_stands_so_in_the_log():
    conflicts = compare(since(NOW))
    found = conflicts.results({})
    decisions = {d["id"]: d for d in json.loads(found.decision_log)["decisions"]}
    assert decisions["memory"]["chosen"] is None
    assert decisions["status"]["by"] == "rule"
    assert found.restore_xml == xml_without_chain_ends(THEN.state_xml())


# --- previews ---


def test_previews_show_each_document_with_its_changed_lines_marked():
    conflicts = compare(since(NOW))
    previews = {p.title: p for p in conflicts.previews(choose(conflicts, KEEP))}
    entry_lines = previews["directory entry"]
    marked = [entry_lines.lines[n] for n in sorted(entry_lines.changed)]
    assert f"sstMemory: {4 * GIB}" in marked
    assert "sstVirtualMachineType: persistent" not in marked
    restore = previews["XML for the restore"]
    assert restore.changed == frozenset()
    taken = {p.title: p for p in conflicts.previews(choose(conflicts))}["XML for the restore"]
    assert any("br-prod" in taken.lines[n] for n in taken.changed)


def test_results_read_as_people_say_them():
    conflicts = compare(since(NOW))
    assert conflicts.result("memory", {}) == "decide"
    assert conflicts.result("memory", {"memory": Resolution(BOOT)}) == "4 GiB now, 8 GiB next boot"
    assert conflicts.result("vdc", {"vdc": Resolution(BOOT)}) == "not there now, there next boot"
    assert conflicts.result("spice-password", {"spice-password": Resolution(LIVE)}) == "(set)"

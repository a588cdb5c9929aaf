"""Which decisions a row allows in each mode, and the reason for every other one."""

from dataclasses import replace

import pytest

from config.errors import InvalidInput, Refused
from steps.conflicts import FIELD_DECISIONS, Desk, Resolution
from steps.virtual_machine.host_facts import LiveImage, OtherMachine
from tests.unit.conflict_support import BOOT, CUSTOM, KEEP, LIVE, choose, compare, ids, row
from tests.unit.machine_documents import (
    FOLDER,
    GIB,
    THEN,
    VDA,
    VDB,
    VDC,
    Card,
    Scene,
    host_facts,
    set_images,
    since,
)

EVERYTHING = replace(
    THEN, memory=8 * GIB, vcpus=4, features=("acpi",), memballoon="none", port=5911,
    clock="localtime", on_crash="destroy", boot=("cdrom",), description="blue",
    emulator="/usr/libexec/qemu-kvm", address="10.1.0.9", password="anderes1",
    disks=(VDA, replace(VDB, bus="scsi", image="new.qcow2", cache="writeback"), VDC),
    cards=(replace(THEN.cards[0], mac="52:54:00:0b:01:02", bridge="br-prod", model="e1000"),
           Card("net1", "52:54:00:0a:01:09")),
)  # fmt: skip
FROZEN = ("memory", "vcpu", "features", "memballoon", "vdb.bus", "net0.mac", "net0.model")
HOST = ("spice-port", "clock", "on-crash", "boot", "emulator", "net0.bridge", "vdb.driver-cache")


@pytest.mark.parametrize("mode", ["with-state", "cold"])
def test_every_row_says_yes_or_why_not_to_each_of_the_four_words(mode):
    conflicts = compare(since(EVERYTHING), mode)
    assert len(conflicts.rows) > 15
    for found in conflicts.rows:
        assert set(found.allowed) | set(found.refused) == set(FIELD_DECISIONS), found.id
        assert not set(found.allowed) & set(found.refused), found.id
        assert all(reason.strip() for reason in found.refused.values()), found.id
        assert found.default in found.allowed, found.id


@pytest.mark.parametrize("name", FROZEN)
def test_a_frozen_field_with_state_keeps_the_backup_now_or_also_at_the_next_boot(name):
    found = row(compare(since(EVERYTHING)), name)
    assert found.field_class == "frozen"
    assert found.allowed == (KEEP, BOOT)
    assert found.default == KEEP
    assert "libvirt refuses" in found.refused[LIVE]


@pytest.mark.parametrize("name", FROZEN)
def test_a_frozen_field_in_a_cold_start_is_free(name):
    found = row(compare(since(EVERYTHING), "cold"), name)
    assert {KEEP, LIVE} <= set(found.allowed)
    assert "cold start" in found.refused[BOOT]


@pytest.mark.parametrize("mode", ["with-state", "cold"])
@pytest.mark.parametrize("name", HOST)
def test_a_host_field_is_free_in_both_modes_and_has_no_next_boot(name, mode):
    found = row(compare(since(EVERYTHING), mode), name)
    assert found.field_class == "host"
    assert found.allowed == (KEEP, LIVE, CUSTOM)
    assert "at once" in found.refused[BOOT]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("memory", "Target domain max memory 8388608 does not match source 4194304"),
        ("vcpu", "Target domain vCPU max 4 does not match source 2"),
        ("features", "State of feature 'apic', 'pae' differs"),
        ("memballoon", "Target balloon model none does not match source virtio"),
        ("vdb.bus", "Target disk bus scsi does not match source virtio"),
        ("net0.mac", "Target network card mac 52:54:00:0b:01:02 does not match source "
                     "52:54:00:0a:01:02"),
        ("net0.model", "Target network card model e1000 does not match source virtio"),
        ("vdc", "Target domain disk count 4 does not match source 3"),
        ("net1", "Target domain net card count 2 does not match source 1"),
    ],
)  # fmt: skip
def test_libvirts_own_words_are_the_reason(name, words):
    reason = row(compare(since(EVERYTHING)), name).refused[LIVE]
    assert f"unsupported configuration: {words}" in reason


@pytest.mark.parametrize("name", ["spice-port", "net0.bridge", "emulator", "vdb.source"])
def test_what_is_bound_to_the_node_is_suggested_as_it_is_today(name):
    assert row(compare(since(EVERYTHING)), name).default == LIVE


@pytest.mark.parametrize("name", ["clock", "on-crash", "boot"])
def test_what_is_to_be_asked_stays_open_until_it_is_answered(name):
    conflicts = compare(since(EVERYTHING))
    assert name in conflicts.still_open({})
    assert name not in conflicts.still_open({name: Resolution(KEEP)})


def test_an_added_disk_with_state_comes_at_the_next_boot_or_stays_out():
    found = row(compare(since(EVERYTHING)), "vdc")
    assert found.allowed == (KEEP, BOOT)
    assert found.default == BOOT
    assert "not measured" in found.note


def test_an_added_disk_in_a_cold_start_stays_or_goes():
    found = row(compare(since(EVERYTHING), "cold"), "vdc")
    assert found.allowed == (KEEP, LIVE)
    assert found.default == LIVE


def test_a_removed_disk_with_state_must_come_back():
    found = row(compare(since(replace(THEN, disks=(VDA,)))), "vdb")
    assert found.allowed == (KEEP, BOOT)
    assert found.default == KEEP
    assert "Target domain disk count 2 does not match source 3" in found.refused[LIVE]


def test_an_added_disk_whose_image_is_not_what_it_is_said_to_be_may_not_be_attached():
    facts = host_facts(live_images=(LiveImage(VDC.path, "raw", VDC.capacity),))
    found = row(compare(since(EVERYTHING, facts=facts)), "vdc")
    assert found.allowed == (KEEP,)
    assert "is raw, the definition says qcow2" in found.refused[BOOT]


# --- the host ---


def test_a_bridge_that_is_not_here_cannot_be_kept():
    facts = host_facts(bridges=("br-prod",))
    found = row(compare(since(EVERYTHING, facts=facts)), "net0.bridge")
    assert found.allowed == (LIVE, CUSTOM)
    assert "no bridge 'vmbr0'" in found.refused[KEEP]
    assert "br-prod" in found.custom_hint


def test_a_bridge_that_is_nowhere_leaves_only_a_typed_one_and_stays_open():
    conflicts = compare(Scene(facts=host_facts(bridges=("br-new",))))
    assert ids(conflicts) == ["net0.bridge"]
    assert row(conflicts, "net0.bridge").allowed == (CUSTOM,)
    assert conflicts.still_open({}) == ["net0.bridge"]
    typed = {"net0.bridge": Resolution(CUSTOM, "br-new")}
    conflicts.check("net0.bridge", typed["net0.bridge"])
    assert conflicts.still_open(typed) == []


def test_bridges_that_nobody_looked_at_are_not_judged():
    assert ids(compare(Scene(facts=host_facts(bridges=None)))) == []


def test_a_path_outside_the_image_directories_cannot_be_kept():
    facts = host_facts(image_directories=(f"{FOLDER}/new",))
    now = replace(THEN, disks=tuple(replace(d, folder=f"{FOLDER}/new") for d in THEN.disks))
    found = row(compare(since(now, facts=facts)), "vda.source")
    assert found.allowed == (LIVE, CUSTOM)
    assert "no image directory" in found.refused[KEEP]


def test_a_machine_type_this_host_does_not_offer_blocks_with_state():
    facts = host_facts(machine_types=("pc-i440fx-9.0",), machine_aliases=())
    conflicts = compare(Scene(facts=facts))
    assert row(conflicts, "machine-type").allowed == ()
    assert [b.code for b in conflicts.always_blocking] == ["machine-type-unusable"]
    cold = compare(Scene(facts=facts), "cold")
    assert row(cold, "machine-type").allowed == (CUSTOM,)


# --- other machines ---


def other(**holds):
    return host_facts(other_machines=(OtherMachine("u-2", "mail01", **holds),))


def test_a_mac_that_another_machine_took_blocks_with_state_and_is_named():
    facts = other(macs=("52:54:00:0A:01:02",))
    conflicts = compare(Scene(facts=facts))
    assert row(conflicts, "net0.mac").allowed == ()
    (blocked,) = conflicts.always_blocking
    assert blocked.code == "mac-unusable"
    assert "mail01" in blocked.message
    assert blocked.rows == ("net0.mac",)
    assert row(compare(Scene(facts=facts), "cold"), "net0.mac").allowed == (CUSTOM,)


def test_todays_mac_that_another_machine_has_cannot_be_taken_at_the_next_boot():
    facts = other(macs=("52:54:00:0b:01:02",))
    found = row(compare(since(THEN.with_card(mac="52:54:00:0b:01:02"), facts=facts)), "net0.mac")
    assert found.allowed == (KEEP,)
    assert "mail01" in found.refused[BOOT]


def test_a_console_port_that_another_machine_has():
    now = replace(THEN, port=5911)
    found = row(compare(since(now, facts=other(console_ports=(5903,)))), "spice-port")
    assert found.allowed == (LIVE, CUSTOM)
    assert "mail01" in found.refused[KEEP]
    gone = compare(Scene(now=None, defined=None, facts=other(console_ports=(5903,))))
    assert row(gone, "spice-port").allowed == (CUSTOM,)


def test_a_fixed_address_that_another_machine_has():
    now = replace(THEN, address="10.1.0.8")
    found = row(compare(since(now, facts=other(ips=("10.1.0.7",)))), "dhcp.fixed-address")
    assert found.allowed == (LIVE, CUSTOM)


def test_an_image_that_another_machine_uses():
    conflicts = compare(Scene(facts=other(images=(VDB.path,))))
    assert ids(conflicts) == ["vdb.source"]
    assert row(conflicts, "vdb.source").allowed == (CUSTOM,)


def test_this_machine_among_the_others_is_no_other():
    from tests.unit.machine_documents import NAME

    me = OtherMachine(NAME.upper(), "web01", ("52:54:00:0a:01:02",), ("10.1.0.7",), (5903,))
    assert ids(compare(Scene(facts=host_facts(other_machines=(me,))))) == []


# --- typed values ---

GOOD = {
    "net0.bridge": ["vmbr0", "br-prod"],
    "spice-port": ["1", "5904", "65535"],
    "vdb.source": [f"{FOLDER}/other.qcow2", VDB.path],
    "description": ["grün", "a, b = c"],
    "clock": ["localtime"],
    "boot": ["hd", "network,hd"],
    "emulator": ["/usr/bin/qemu-kvm"],
    "dhcp.fixed-address": ["10.1.0.12", "fd00::7"],
}
BAD = {
    "net0.bridge": ["nosuchbr", "", "a b", "x" * 40, "br;reboot"],
    "spice-port": ["0", "65536", "-1", "abc", "5950", "", "5" * 5000],
    "vdb.source": ["relative", f"{FOLDER}/../x", "/etc/passwd", f"{FOLDER}/a\nb", f"{FOLDER}/",
                   VDA.path, "/" + "a" * 5000, f"{FOLDER}/\0"],
    "description": ["", "two\nlines", "x" * 5000, "nul\0"],
    "clock": ["", "two words"],
    "boot": ["hd,,cdrom", ""],
    "dhcp.fixed-address": ["10.1.0.99", "10.1.0.300", "224.0.0.1", "host"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, each in GOOD.items() for t in each])
def test_a_sound_typed_value_is_taken(name, text):
    conflicts = compare(since(EVERYTHING))
    conflicts.check(name, Resolution(CUSTOM, text))
    assert conflicts.result(name, {name: Resolution(CUSTOM, text)}) != "decide"


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, each in BAD.items() for t in each])
def test_an_unsound_typed_value_is_refused(name, text):
    with pytest.raises(InvalidInput) as caught:
        compare(since(EVERYTHING)).check(name, Resolution(CUSTOM, text))
    assert caught.value.remedy
    assert "\n" not in caught.value.message


COLD_GOOD = {
    "memory": ["8589934592", "6 GiB", "2048 MiB"],
    "vcpu": ["1", "16"],
    "net0.mac": ["52:54:00:0A:01:77"],
    "features": ["acpi,apic"],
}
COLD_BAD = {
    "memory": ["0", "-5", "lots", "4294967297", "500", "9" * 30, "1 XB"],
    "vcpu": ["0", "x", "99999999"],
    "net0.mac": ["52:54:00:99:00:01", "01:00:5e:00:00:01", "52-54-00-0a-01-77", "00:00:00:00:00:00",
                 "52:54:00:0a:01"],
    "features": ["a b", "<x/>"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, each in COLD_GOOD.items() for t in each])
def test_hardware_may_be_typed_in_a_cold_start(name, text):
    compare(since(EVERYTHING), "cold").check(name, Resolution(CUSTOM, text))


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, each in COLD_BAD.items() for t in each])
def test_unsound_hardware_is_refused_in_a_cold_start(name, text):
    with pytest.raises(InvalidInput):
        compare(since(EVERYTHING), "cold").check(name, Resolution(CUSTOM, text))


def test_a_refused_decision_says_why_and_what_is_allowed():
    with pytest.raises(Refused) as caught:
        compare(since(EVERYTHING)).check("memory", Resolution(LIVE))
    assert "Target domain max memory" in caught.value.message
    assert "keep-backup, next-boot" in caught.value.remedy


def test_an_unknown_row_is_refused_with_the_rows_there_are():
    with pytest.raises(InvalidInput, match="ram"):
        compare(since(EVERYTHING)).check("ram", Resolution(KEEP))


# --- rows that move together ---


def moved_by(conflicts, name, decision):
    return set(conflicts.together(name, Resolution(decision))) - {name}


def test_the_lease_moves_with_the_mac():
    conflicts = compare(since(EVERYTHING))
    assert moved_by(conflicts, "net0.mac", KEEP) == {"dhcp.fixed-address"}
    assert row(conflicts, "dhcp.fixed-address").coupled == ("net0.mac",)


def test_volume_and_capacity_move_with_the_image():
    conflicts = compare(since(EVERYTHING))
    assert moved_by(conflicts, "vdb.source", LIVE) == {"vdb.volume-name"}


def test_bridge_and_console_address_move_with_the_node_but_bridges_not_with_each_other():
    moved = replace(
        THEN, node="node-02.example.com", listen="10.0.0.22",
        cards=(replace(THEN.cards[0], bridge="br-prod"),
               Card("net1", "52:54:00:0a:01:09", "br-prod")),
    )  # fmt: skip
    then = replace(THEN, cards=(*THEN.cards, Card("net1", "52:54:00:0a:01:09")))
    facts = host_facts(this_node="node-02.example.com", this_node_console_address="10.0.0.22")
    conflicts = compare(Scene(then=then, now=moved, defined=moved, facts=facts))
    assert moved_by(conflicts, "console-address", LIVE) == {"node", "net0.bridge", "net1.bridge"}
    assert moved_by(conflicts, "net0.bridge", LIVE) == {"node", "console-address"}


def test_a_coupled_row_that_refuses_the_decision_stays_as_it_is():
    moved = replace(THEN, node="node-02.example.com", listen="10.0.0.22").with_card(
        bridge="br-prod"
    )
    facts = host_facts(this_node="node-02.example.com", this_node_console_address="10.0.0.22")
    conflicts = compare(since(moved, facts=facts))
    assert moved_by(conflicts, "net0.bridge", KEEP) == set()


def test_a_typed_value_moves_nothing():
    conflicts = compare(since(EVERYTHING))
    assert moved_by(conflicts, "vdb.source", CUSTOM) == set()


def test_the_desk_decides_undoes_and_decides_again():
    desk = Desk(compare(since(EVERYTHING)))
    desk.decide("net0.mac", Resolution(KEEP))
    assert set(desk.decided) == {"net0.mac", "dhcp.fixed-address"}
    desk.undo()
    assert desk.decided == {}
    desk.redo()
    assert set(desk.decided) == {"net0.mac", "dhcp.fixed-address"}


def test_with_every_default_nothing_is_open():
    for mode in ("with-state", "cold"):
        conflicts = compare(since(EVERYTHING, images=set_images(THEN)), mode)
        assert conflicts.still_open(choose(conflicts)) == []
        assert conflicts.blocking(choose(conflicts)) == ()


# --- host values that cannot be taken all the same ---


def as_user_network(xml):
    return xml.replace("<interface type='bridge'>", "<interface type='user'>").replace(
        "      <source bridge='vmbr0'/>\n", ""
    )


def test_a_card_that_is_no_longer_bridged_is_refused_by_qemu_with_state_and_free_when_cold():
    xml = as_user_network(THEN.inactive_xml())
    found = row(compare(Scene(), xml_now=xml), "net0.type")
    assert found.allowed == (KEEP,)
    assert "vnet_hdr" in found.refused[LIVE]
    cold = compare(Scene(), "cold", xml_now=xml)
    assert row(cold, "net0.type").allowed == (KEEP, LIVE)
    assert row(cold, "net0.type").coupled == ("net0.bridge",)
    taken = cold.results(choose(cold, LIVE)).restore_xml
    assert "<interface type='user'>" in taken
    assert "<source bridge" not in taken


def test_a_disk_that_moved_to_network_storage_cannot_take_the_image():
    network = (
        "<source protocol='gluster' name='vol/img'>\n        <host name='g1'/>\n      </source>"
    )
    xml = THEN.inactive_xml().replace(f"<source file='{VDB.path}'/>", network).replace(
        "<disk type='file'", "<disk type='network'", 2
    ).replace("<disk type='network'", "<disk type='file'", 1)  # fmt: skip
    conflicts = compare(Scene(), xml_now=xml)
    names = ["vdb.type", "vdb.source", "vdb.source-protocol", "vdb.source-name", "vdb.source-host"]
    assert [name for name in ids(conflicts) if name.startswith("vdb")] == names
    for name in names:
        assert LIVE in row(conflicts, name).refused

"""No false conflicts: documents that say the same in other words give no row."""

from dataclasses import replace

import pytest

from steps.ldif_text import dump_entries
from steps.targets.directory import Entry
from tests.unit.conflict_support import codes, compare, ids
from tests.unit.machine_documents import GIB, NAME, THEN, Machine, Scene, host_facts, since


def same(**changes):
    """The standard scene with some documents spelled otherwise."""
    return ids(compare(Scene(), **changes))


def respelled(change):
    """The live LDIF with every entry's attributes changed by a function."""
    entries = [Entry(change_dn(e.dn), change(dict(e.attributes))) for e in THEN.entries()]
    return dump_entries(entries).encode()


def change_dn(dn):
    return dn


def test_nothing_differs_where_nothing_changed():
    conflicts = compare(Scene())
    assert ids(conflicts) == []
    assert codes(conflicts.warnings) == []
    assert conflicts.hidden["equal"] > 50
    assert conflicts.hidden["backup jobs"] == 2
    assert conflicts.always_blocking == ()


@pytest.mark.parametrize("mode", ["with-state", "cold"])
@pytest.mark.parametrize("now", ["state_xml", "live_xml", "inactive_xml"])
def test_every_kind_of_dump_of_one_machine_is_the_same_machine(now, mode):
    conflicts = compare(Scene(), mode, xml_now=getattr(THEN, now)())
    assert ids(conflicts) == []
    assert codes(conflicts.warnings) == []


@pytest.mark.parametrize(
    ("number", "unit"),
    [("4", "GiB"), ("4", "G"), ("4096", "MiB"), ("4194304", "KiB"), ("4294967296", "b"),
     ("4194304", ""), ("4294967296", "bytes")],
)  # fmt: skip
def test_memory_in_another_unit(number, unit):
    said = f" unit='{unit}'" if unit else ""
    xml = THEN.inactive_xml().replace("memory unit='KiB'>4194304", f"memory{said}>{number}", 1)
    assert f"<memory{said}>{number}" in xml
    assert same(xml_now=xml) == []


def test_a_ballooned_current_memory_is_the_same_memory():
    xml = THEN.live_xml().replace(
        "<currentMemory unit='KiB'>4194304", "<currentMemory unit='KiB'>1048576"
    )
    assert same(xml_now=xml) == []


def test_bytes_that_an_xml_cannot_say_exactly():
    odd = replace(THEN, memory=4 * GIB + 500)
    assert ids(compare(Scene(then=odd, now=odd, defined=odd, state=THEN))) == []


@pytest.mark.parametrize("alias", ["pc", "pc-0.13", "pc-i440fx-7.2"])
def test_a_machine_alias_in_the_directory(alias):
    def change(attributes):
        if "sstOSMachine" in attributes:
            attributes["sstOSMachine"] = (alias.encode(),)
        return attributes

    assert same(directory_now=respelled(change)) == []


def test_a_machine_alias_in_the_xml_by_the_hosts_table():
    xml = THEN.inactive_xml().replace("pc-i440fx-7.2", "pc")
    assert same(xml_now=xml) == []


def test_an_alias_that_a_newer_host_expands_otherwise():
    """The directory's alias is what it stood for in its own time, as the XML beside it says."""
    facts = host_facts(
        machine_aliases=(("pc", "pc-i440fx-8.2"),),
        machine_types=("pc-i440fx-7.2", "pc-i440fx-8.2"),
    )
    assert ids(compare(replace(Scene(), facts=facts))) == []
    assert ids(compare(Scene(defined=None, facts=facts))) == []


def test_letter_case_of_macs():
    shouting = THEN.with_card(mac="52:54:00:0A:01:02")
    assert ids(compare(since(shouting))) == []


def test_order_of_features():
    turned = replace(THEN, features=("pae", "acpi", "apic"))
    assert ids(compare(since(turned))) == []


def test_letter_case_and_dashes_of_the_uuid():
    xml = THEN.inactive_xml().replace(
        f"<uuid>{NAME}</uuid>", f"<uuid>{NAME.upper()}</uuid>"
    ).replace(f"'serial'>{NAME}", f"'serial'>{NAME.replace('-', '')}")  # fmt: skip
    assert same(xml_now=xml) == []


def test_attribute_names_and_dns_in_other_letter_case_and_spacing():
    entries = [
        Entry(
            e.dn.replace("ou=virtual machines,", "OU=Virtual  Machines , ").replace("sst", "SST"),
            {name.swapcase(): values for name, values in e.attributes.items()},
        )
        for e in THEN.entries()
    ]
    assert same(directory_now=dump_entries(entries).encode()) == []


def test_base64_and_folded_lines():
    import base64

    plain = THEN.ldif().decode()
    coded = plain.replace(
        "sstSpicePassword: geheim12Abcd",
        "sstSpicePassword:: " + base64.b64encode(b"geheim12Abcd").decode(),
    ).replace("description: web front", "description: web\n  front")
    assert coded.count("::") == plain.count("::") + 1
    assert same(directory_now=coded.encode()) == []


def test_values_in_another_order():
    def change(attributes):
        return {name: tuple(reversed(v)) if name == "objectClass" else v
                for name, v in attributes.items()}  # fmt: skip

    assert same(directory_now=respelled(change)) == []


def test_defaults_that_libvirt_writes_out():
    xml = (
        THEN.inactive_xml()
        .replace("  <clock offset='utc'/>\n", "")
        .replace("  <on_poweroff>destroy</on_poweroff>\n", "")
        .replace("  <on_reboot>restart</on_reboot>\n", "")
    )
    assert same(xml_now=xml) == []


def test_a_memory_balloon_that_libvirt_adds():
    xml = THEN.inactive_xml()
    start, end = xml.index("    <memballoon"), xml.index("</memballoon>\n") + len("</memballoon>\n")
    assert same(xml_now=xml[:start] + xml[end:]) == []


def test_addresses_controllers_and_inputs_that_libvirt_adds():
    xml = (
        THEN.inactive_xml()
        .replace("    <input type='mouse' bus='ps2'/>\n", "")
        .replace("    <controller type='pci' index='0' model='pci-root'/>", "")
        .replace("<audio id='1' type='none'/>", "")
        .replace("slot='0x07'", "slot='0x09'")
    )
    assert same(xml_now=xml) == []


def test_a_port_that_libvirt_chose_itself():
    text = f"port='{THEN.port}' autoport='no'"
    live = THEN.live_xml().replace(text, f"port='{THEN.port}' autoport='yes'")
    inactive = THEN.inactive_xml().replace(text, "port='-1' autoport='yes'")
    state = THEN.state_xml().replace(text, "port='-1' autoport='yes'")
    assert same(xml_backup=live, xml_state=state, xml_now=inactive) == []


def test_a_cdrom_is_read_only_whatever_the_directory_says():
    drive = Entry(
        "sstDisk=hdc,ou=devices," + THEN.entries()[0].dn,
        {"objectClass": (b"sstVirtualizationVirtualMachineDisk",), "sstDisk": (b"hdc",),
         "sstDevice": (b"cdrom",), "sstType": (b"file",), "sstTargetBus": (b"ide",),
         "sstReadonly": (b"FALSE",), "sstDriverType": (b"raw",)},
    )  # fmt: skip
    machine = replace(THEN, extra_entries=(drive,))
    conflicts = compare(Scene(then=machine, now=machine))
    assert ids(conflicts) == []
    assert codes(conflicts.warnings) == []


def test_unchanged_sources_that_never_agreed_give_a_warning_and_no_row():
    """A=B and C=D=E is no conflict, also where the directory and the XML differ."""
    directory = replace(THEN, on_crash="destroy")
    conflicts = compare(Scene(then=directory, now=directory), xml_backup=THEN.live_xml(),
                        xml_state=THEN.state_xml())  # fmt: skip
    assert ids(conflicts) == []
    assert codes(conflicts.warnings) == ["backup-inconsistent", "drift"]


def test_the_practice_shape_of_a_machine_with_user_network_gives_no_row():
    user = [
        m.replace("<interface type='bridge'>", "<interface type='user'>").replace(
            "      <source bridge='vmbr0'/>\n", ""
        )
        for m in (THEN.live_xml(), THEN.state_xml(), THEN.inactive_xml())
    ]
    facts = host_facts(bridges=())
    scene = replace(Scene(), facts=facts)
    conflicts = compare(scene, xml_backup=user[0], xml_state=user[1], xml_now=user[2])
    assert ids(conflicts) == []


def test_runtime_details_between_two_runs():
    xml = THEN.live_xml().replace("id='7'", "id='93'").replace("vnet4", "vnet17")
    assert same(xml_now=xml.replace("index='2'", "index='8'")) == []


def test_machines_without_some_hardware_at_all():
    bare = Machine(cards=(), lease=False, channel=False, boot=())
    assert ids(compare(Scene(then=bare, now=bare, defined=bare))) == []

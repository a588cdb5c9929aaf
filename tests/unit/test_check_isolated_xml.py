"""The XML of a trial: the guest's hardware stays, everything of the host is gone or refused."""

from __future__ import annotations

import pytest
from lxml import etree

from config.errors import InvalidInput, Refused
from steps.virtual_machine.check.isolated_xml import Identity, IsolatedXml, Surroundings, isolated

AROUND = Surroundings({"vda": "/scratch/vda.qcow2"}, "/scratch")
COLD = Identity("check-1", "11111111-2222-3333-4444-555555555555")

DISK = (
    "<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none' io='native'/>"
    "<source file='/live/a.raw'/><backingStore/><target dev='vda' bus='virtio'/>"
    "<address type='pci' slot='0x07'/></disk>"
)


def domain(devices: str = "", top: str = "", kind: str = "qemu") -> str:
    return (
        f"<domain type='{kind}'><name>web</name><uuid>99999999-2222-3333-4444-555555555555</uuid>"
        f"<memory>1024</memory>{top}<devices><emulator>/bin/sh</emulator>{DISK}{devices}</devices>"
        "</domain>"
    )


def devices_of(found: IsolatedXml) -> etree._Element:
    devices = etree.fromstring(found.xml).find("devices")
    assert devices is not None
    return devices


def test_disks_become_overlays_and_stay_the_same_hardware():
    disk = devices_of(isolated(domain(), AROUND)).find("disk")
    assert disk is not None
    assert disk.find("source").get("file") == "/scratch/vda.qcow2"
    assert disk.find("driver").get("type") == "qcow2"
    assert disk.find("driver").get("io") is None
    assert disk.find("backingStore") is None
    assert disk.find("address").get("slot") == "0x07"
    assert "/live/a.raw" not in isolated(domain(), AROUND).xml


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("type='bridge'><source bridge='vmbr0'/>", "ethernet"),
        ("type='network'><source network='default'/><target dev='vnet3'/>", "ethernet"),
        ("type='direct'><source dev='eth0' mode='bridge'/><bandwidth/>", "ethernet"),
        ("type='user'><portForward proto='tcp'/>", "user"),
    ],
)
def test_every_network_card_is_loose_with_its_link_down(source: str, kind: str):
    card = (
        f"<interface {source}<mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>"
    )
    found = devices_of(isolated(domain(card), AROUND)).find("interface")
    assert found.get("type") == kind
    assert found.find("link").get("state") == "down"
    assert found.find("mac").get("address") == "52:54:00:00:00:01"
    assert {node.tag for node in found} == {"mac", "model", "link"}


def test_without_the_right_to_make_one_a_card_is_in_a_network_of_its_own():
    card = "<interface type='bridge'><source bridge='vmbr0'/></interface>"
    around = Surroundings(AROUND.overlays, "/scratch", loose_cards=False)
    found = devices_of(isolated(domain(card), around)).find("interface")
    assert (found.get("type"), found.find("link").get("state")) == ("user", "down")


def test_consoles_listen_nowhere_and_have_no_password():
    consoles = (
        "<graphics type='vnc' port='5901' listen='0.0.0.0' passwd='secret'>"
        "<listen type='address' address='0.0.0.0'/></graphics>"
        "<graphics type='spice' port='5902' passwd='secret'/>"
    )
    found = isolated(domain(consoles), AROUND)
    assert "secret" not in found.xml
    assert "0.0.0.0" not in found.xml
    assert "590" not in found.xml
    kinds = [g.find("listen").get("type") for g in devices_of(found).findall("graphics")]
    assert kinds == ["socket", "none"]


def test_ports_write_to_the_scratch_folder_whatever_they_were():
    ports = (
        "<serial type='tcp'><source mode='connect' host='10.0.0.1' service='1'/>"
        "<target port='0'/></serial>"
        "<serial type='dev'><source path='/dev/ttyS0'/><target port='1'/></serial>"
        "<console type='pty'><target type='serial' port='0'/></console>"
        "<channel type='unix'><source mode='bind' path='/live/agent'/>"
        "<target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
    )
    found = devices_of(isolated(domain(ports), AROUND))
    sources = [port.find("source").get("path") for port in found.findall("serial")]
    assert sources == ["/scratch/serial-0.log", "/scratch/serial-1.log"]
    assert found.find("channel/source").get("path") is None
    assert found.find("console") is None


@pytest.mark.parametrize(
    "device",
    [
        "<hostdev mode='subsystem' type='pci'/>",
        "<filesystem type='mount'><source dir='/'/></filesystem>",
        "<shmem name='x'/>",
        "<interface type='hostdev'/>",
        "<input type='evdev'><source dev='/dev/input/event1'/></input>",
        "<tpm model='tpm-tis'><backend type='passthrough'/></tpm>",
        "<memory model='nvdimm'><source><path>/dev/pmem0</path></source></memory>",
        "<disk type='block' device='disk'><source dev='/dev/sda'/><target dev='vdb'/></disk>",
        "<disk type='network' device='disk'><source protocol='rbd'/><target dev='vdb'/></disk>",
        "<something-new/>",
    ],
)
def test_what_cannot_be_cut_off_is_refused_with_memory_and_left_out_of_a_cold_boot(device: str):
    with pytest.raises(Refused, match="cannot be cut off"):
        isolated(domain(device), AROUND)
    found = isolated(domain(device), AROUND, COLD)
    tag = etree.fromstring(device).tag
    assert len(devices_of(found).findall(str(tag))) == (1 if tag == "disk" else 0)
    assert any("left out" in remark for remark in found.notes)


def test_options_handed_straight_to_qemu_are_never_tried():
    space = "http://libvirt.org/schemas/domain/qemu/1.0"
    top = f"<q:commandline xmlns:q='{space}'><q:arg value='-drive'/></q:commandline>"
    for identity in (None, COLD):
        with pytest.raises(Refused, match="commandline"):
            isolated(domain(top=top), AROUND, identity)


def test_an_emulator_named_by_the_backup_is_not_run():
    assert "/bin/sh" not in isolated(domain(), AROUND).xml


def test_a_medium_that_is_not_in_the_backup_is_taken_out_and_told():
    cdrom = "<disk type='file' device='cdrom'><source file='/iso/a.iso'/><target dev='sda'/></disk>"
    found = isolated(domain(cdrom), AROUND)
    assert "/iso" not in found.xml
    assert any("sda is empty" in remark for remark in found.notes)


def test_a_cold_boot_wears_another_name_and_uuid_everywhere():
    top = (
        "<sysinfo type='smbios'><system><entry name='uuid'>99999999-2222-3333-4444-555555555555"
        "</entry><entry name='serial'>s</entry></system></sysinfo>"
    )
    found = isolated(domain(top=top), AROUND, COLD)
    assert found.name == COLD.name
    assert "99999999" not in found.xml
    assert isolated(domain(), AROUND).name == "web"


def test_firmware_variables_are_made_anew_from_their_template():
    top = "<os><type>hvm</type><nvram template='/t.fd'>/var/lib/nvram/web.fd</nvram></os>"
    found = isolated(domain(top=top), AROUND)
    assert "/var/lib/nvram" not in found.xml
    assert "/t.fd" in found.xml


def test_a_memory_of_kvm_is_refused_without_it_and_a_cold_boot_goes_without():
    around = Surroundings(AROUND.overlays, "/scratch", kvm=False)
    with pytest.raises(Refused, match="KVM"):
        isolated(domain(kind="kvm"), around)
    assert etree.fromstring(isolated(domain(kind="kvm"), around, COLD).xml).get("type") == "qemu"


@pytest.mark.parametrize("xml", ["", "<domain/>", "<!DOCTYPE a><domain/>", "<network/>"])
def test_what_is_no_machine_is_refused(xml: str):
    with pytest.raises(InvalidInput):
        isolated(xml, AROUND)

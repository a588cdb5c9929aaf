"""The few things of a domain XML that a restore compares, and what a host lacks for one."""

from __future__ import annotations

import pytest

from config.errors import InvalidInput
from steps.virtual_machine.host_needs import parse_listening
from steps.virtual_machine.xml_facts import differences, xml_facts

XML = """<domain type='kvm'><name>m</name><uuid>AB</uuid><memory unit='MiB'>64</memory>
<vcpu>2</vcpu><os><type machine='q35'>hvm</type></os><devices><emulator>/q</emulator>
<disk type='file' device='disk'><driver type='qcow2'/><source file='/a'/><target dev='vda'/>
{backing}</disk>
<disk type='file' device='cdrom'><target dev='hdc'/></disk>
<interface type='bridge'><source bridge='br0'/></interface>
<graphics type='vnc' port='5901'{passwd}/></devices></domain>"""


def facts(backing: str = "", passwd: str = " passwd='x'", **replaced: str):
    text = XML.format(backing=backing, passwd=passwd)
    for old, new in replaced.items():
        text = text.replace(old, new)
    return xml_facts(text, "the XML")


def test_what_is_read():
    found = facts()
    assert (found.name, found.uuid, found.memory, found.vcpus) == ("m", "ab", 64 << 20, 2)
    assert [disk.target for disk in found.images] == ["vda"]
    assert found.bridges == ("br0",)
    assert found.consoles == (("vnc", "5901", True),)
    assert not facts(passwd="").consoles[0][2]


def test_an_image_behind_a_disk_is_a_difference_and_the_end_of_a_chain_is_none():
    behind = "<backingStore type='file'><source file='/base'/><backingStore/></backingStore>"
    assert differences(facts(), facts(backing="<backingStore/>")) == ()
    (words,) = differences(facts(), facts(backing=behind))
    assert "/base" in words


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("'/a'", "'/b'", "/b"),
        ("'MiB'>64", "'MiB'>65", "memory"),
        ("<vcpu>2", "<vcpu>3", "processors"),
        ("'vda'", "'vdb'", "vda is missing"),
        (">AB<", ">CD<", "uuid"),
    ],
)
def test_differences_are_named(old: str, new: str, word: str):
    assert any(word in line for line in differences(facts(), facts(**{old: new})))


@pytest.mark.parametrize("number", ["x", "-1", "1e9", "9" * 40, ""])
def test_a_number_that_is_none_is_refused(number: str):
    with pytest.raises(InvalidInput):
        facts(**{"<vcpu>2": f"<vcpu>{number or ' x'}"})


def test_entities_are_refused():
    with pytest.raises(InvalidInput):
        xml_facts("<!DOCTYPE d [<!ENTITY a 'b'>]><domain/>", "the XML")


def test_listening_ports_are_read_from_the_kernels_table():
    table = """  sl  local_address rem_address   st tx_queue
   0: 0100007F:170C 00000000:0000 0A 00000000:00000000
   1: 0100007F:170D 0100007F:9999 01 00000000:00000000
   2: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0:0
"""
    assert parse_listening(table) == {5900, 22}
    assert parse_listening("") == set()

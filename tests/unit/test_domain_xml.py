"""Domain XML: safe reading, places, and edits that leave the rest alone."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from config.errors import InvalidInput
from steps.virtual_machine.domain_xml import (
    ENTITIES,
    MAX_BYTES,
    SEVERAL,
    UNREADABLE,
    RefusedXml,
    append,
    console,
    devices,
    disks,
    drop_chain_ends,
    duplicate,
    make_startable,
    parse_domain,
    place,
    read,
    remove,
    to_text,
    write,
)
from tests.unit.machine_documents import THEN

XML = THEN.state_xml()
LAUGHS = "<!DOCTYPE domain [" + "<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{n} '" + f"&a{n - 1};" * 10 + "'>" for n in range(1, 12)
) + "]><domain><name>&a11;</name></domain>"  # fmt: skip


def refusal(document) -> RefusedXml:
    with pytest.raises(RefusedXml) as caught:
        parse_domain(document, "web01.xml")
    assert "web01.xml" in caught.value.message
    assert isinstance(caught.value, InvalidInput)
    return caught.value


def test_libvirts_own_text_comes_back_byte_for_byte():
    for document in (XML, THEN.live_xml(), THEN.inactive_xml()):
        assert to_text(parse_domain(document, "x")) == document


def test_quotes_comments_and_namespaces_survive():
    text = (
        "<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' type='kvm'>\n"
        '  <!-- he said "it\'s = fine" -->\n'
        "  <description>a &lt;b&gt; \"c\" 'd' &amp; e</description>\n"
        "  <title x='it&apos;s &quot;so&quot;'/>\n"
        "  <qemu:commandline>\n    <qemu:arg value='-x'/>\n  </qemu:commandline>\n"
        "</domain>\n"
    )
    assert to_text(parse_domain(text, "x")) == text


def test_entities_and_document_types_are_refused_at_once():
    start = time.process_time()
    assert refusal(LAUGHS).code == ENTITIES
    assert refusal("<!DOCTYPE domain SYSTEM 'file:///etc/passwd'><domain/>").code == ENTITIES
    assert refusal("<domain><name>&x;</name></domain>").code == ENTITIES
    assert refusal("<!doctype domain><domain/>").code == ENTITIES
    assert time.process_time() - start < 5


def test_several_documents_are_refused():
    assert refusal(XML + XML).code == SEVERAL
    assert refusal(XML + "<?xml version='1.0'?>" + XML).code == SEVERAL
    assert refusal("<domain/>trailing").code == SEVERAL


@pytest.mark.parametrize(
    "document",
    [
        "", "   ", "<domain", "<domain>\0</domain>", "<network/>", "<domain></name>",
        "<domain>" * 5000, "<domain>" + "<a>" * 100 + "</a>" * 100 + "</domain>",
        b"\xff\xfe<domain/>", "<domain x='\ud800'/>", "<a:domain xmlns:a='u'/>",
    ],
)  # fmt: skip
def test_what_is_no_domain_is_refused(document):
    assert refusal(document).code == UNREADABLE


def test_a_huge_document_is_refused_unread():
    start = time.process_time()
    assert str(MAX_BYTES) in refusal("<domain x='" + "a" * (100 << 20) + "'/>").message
    assert time.process_time() - start < 10


def test_another_encoding_than_utf8_is_not_believed():
    assert refusal("<domain><name>é</name></domain>".encode("latin-1")).code == UNREADABLE


def test_places_are_absolute_with_positions_for_devices():
    root = parse_domain(XML, "x")
    assert place(root.find("memory")) == "/domain/memory"
    assert place(disks(root)["vdb"].find("source"), "file") == (
        "/domain/devices/disk[2]/source/@file"
    )
    assert place(devices(root, "interface")[0].find("mac"), "address") == (
        "/domain/devices/interface[1]/mac/@address"
    )
    assert place(root.findall("os/boot")[1], "dev") == "/domain/os/boot[2]/@dev"
    assert place(root.find("devices/emulator")) == "/domain/devices/emulator"


def test_every_place_leads_back_to_its_element():
    root = parse_domain(XML, "x")
    for element in root.iter():
        assert root.xpath(place(element)) == [element]


def test_reading_texts_and_attributes():
    root = parse_domain(XML, "x")
    assert read(root, "memory") == "4194304"
    assert read(root, "@type") == "kvm"
    assert read(root, "sysinfo/system/entry[@name='manufacturer']") == "FOSS-Group"
    assert read(root, "nothing/@here") is None


def test_an_edit_changes_its_line_only():
    root = parse_domain(XML, "x")
    write(root, "memory", "1048576")
    write(console(root), "@passwd", "neu<'\">")
    changed = [
        (a, b) for a, b in zip(XML.splitlines(), to_text(root).splitlines(), strict=True) if a != b
    ]
    assert len(changed) == 2
    assert "1048576" in changed[0][1]
    assert parse_domain(to_text(root), "x").find("devices/graphics").get("passwd") == "neu<'\">"


def test_writing_makes_what_is_missing_and_removes_what_is_none():
    root = parse_domain("<domain>\n  <name>a</name>\n</domain>\n", "x")
    write(root, "cpu/topology/@cores", "4")
    assert read(root, "cpu/topology/@cores") == "4"
    write(root, "cpu/topology/@cores", None)
    assert read(root, "cpu/topology/@cores") is None
    write(root, "sysinfo/system/entry[@name='serial']", "s")
    assert read(root, "sysinfo/system/entry[@name='serial']") == "s"
    write(root, "name", None)
    assert root.find("name") is None


def test_adding_and_removing_an_element_leaves_the_text_as_it_was():
    root = parse_domain(XML, "x")
    added = etree.Element("watchdog", model="i6300esb")
    append(root.find("devices"), added)
    assert "\n    <watchdog model='i6300esb'/>\n  </devices>" in to_text(root)
    remove(added)
    assert to_text(root) == XML


def test_ends_of_backing_chains_go_and_real_chains_stay():
    chain = XML.replace(
        "<backingStore/>",
        "<backingStore type='file'>\n        <format type='qcow2'/>\n"
        "        <source file='/base.qcow2'/>\n        <backingStore/>\n      </backingStore>",
        1,
    )
    root = parse_domain(chain, "x")
    gone = drop_chain_ends(root)
    assert gone == (
        "/domain/devices/disk[1]/backingStore/backingStore",
        "/domain/devices/disk[2]/backingStore",
    )
    assert read(root, "devices/disk/backingStore/source/@file") == "/base.qcow2"
    assert "<backingStore/>" not in to_text(root)
    assert drop_chain_ends(root) == ()


def test_a_dump_of_a_running_machine_becomes_a_definition():
    root = parse_domain(THEN.live_xml(), "x")
    make_startable(root)
    text = to_text(root)
    for runtime in (" id='7'", "alias", "seclabel", "vnet", "index='2'", "backingStore",
                    "check='full'"):  # fmt: skip
        assert runtime not in text
    assert [disk.find("source").get("file") for disk in devices(root, "disk")[:2]] == [
        disk.path for disk in THEN.disks
    ]


def test_an_alias_of_the_operators_own_stays():
    root = parse_domain("<domain><a><alias name='ua-mine'/></a></domain>", "x")
    make_startable(root)
    assert root.find("a/alias") is not None


def test_the_console_is_spice_before_vnc():
    root = parse_domain(
        "<domain><devices><graphics type='vnc'/><graphics type='spice'/></devices></domain>", "x"
    )
    assert console(root).get("type") == "spice"


def test_a_copy_is_independent():
    root = parse_domain(XML, "x")
    write(duplicate(root), "memory", "1")
    assert to_text(root) == XML


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text("<domain/>!&;= '\"\n", max_size=60)))
def test_any_document_is_a_domain_or_one_clear_error(document):
    try:
        root = parse_domain(document, "x")
    except RefusedXml as error:
        assert error.code in (ENTITIES, SEVERAL, UNREADABLE)  # noqa: PT017
    else:
        assert root.tag == "domain"

"""Hostile documents: one clear error or a comparison, in bounded time, never a traceback."""

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from config.errors import InvalidInput, Refused
from steps.conflicts import Decision, Resolution
from steps.ldif_text import dump_entries
from steps.targets.directory import Entry
from steps.virtual_machine.compare import compare_machine
from steps.virtual_machine.domain_xml import to_text
from steps.virtual_machine.host_facts import HostFacts
from tests.unit.conflict_support import choose
from tests.unit.machine_documents import MACHINE_DN, NAME, THEN, Scene, host_facts

LDIF = THEN.ldif()
XML = THEN.state_xml()
TEXTS = ["", "-1", "9" * 5000, "²", "é\U0001f600", "a\nb", "'\"<&>", "../../etc", "\x7f", "0x10",
         "auto", "1e5", "  ", "%s{}", "$(reboot)"]  # fmt: skip


def use_everything(sources, facts=None, mode="with-state"):
    """Compare and ask everything a screen asks."""
    conflicts = compare_machine(sources, facts or host_facts(), mode)
    for decisions in ({}, choose(conflicts), choose(conflicts, Decision.TAKE_LIVE)):
        conflicts.results(decisions)
        conflicts.previews(decisions)
        conflicts.blocking(decisions)
        conflicts.still_open(decisions)
        for row in conflicts.rows:
            conflicts.result(row.id, decisions)
    return conflicts


ATTRIBUTES = sorted({name for e in THEN.entries() for name in e.attributes} - {"sstVirtualMachine"})


def with_values(attributes, text):
    """The LDIF with that text in these attributes."""
    return dump_entries(
        [
            Entry(
                e.dn,
                {n: (text.encode(),) if n in attributes else v for n, v in e.attributes.items()},
            )
            for e in THEN.entries()
        ]
    ).encode()


@pytest.mark.parametrize("text", TEXTS)
def test_any_value_in_every_attribute(text):
    data = with_values(ATTRIBUTES, text)
    use_everything(Scene().sources(directory_now=data))
    use_everything(Scene().sources(directory_backup=data), mode="cold")


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_any_value_in_one_attribute(attribute):
    for text in ("9" * 5000, "a\nb"):
        use_everything(Scene().sources(directory_now=with_values([attribute], text)))


@pytest.mark.parametrize("text", [t for t in TEXTS if "\x7f" not in t])
def test_any_value_at_any_place_of_the_xml(text):
    root = etree.fromstring(XML)
    for number, element in enumerate(root.iter()):
        if not len(element):
            element.text = text
        for name in element.attrib:
            element.set(name, text)
        if number % 15 == 0:
            use_everything(Scene().sources(xml_now=to_text(root)))
    use_everything(Scene().sources(xml_state=to_text(root)))


@pytest.mark.parametrize(
    "tag", ["memory", "vcpu", "os", "devices", "features", "cpu", "name", "uuid"]
)
def test_an_xml_without_a_part(tag):
    for source in ("xml_now", "xml_state", "xml_backup"):
        root = etree.fromstring(XML)
        root.remove(root.find(tag))
        text = etree.tostring(root, encoding="unicode")
        use_everything(Scene().sources(**{source: text}))
        use_everything(Scene().sources(**{source: text}), mode="cold")


def test_devices_and_attributes_named_like_rows_have_rows_of_their_own():
    then = LDIF.replace(b"sstDisk: vdb", b"sstDisk: memory").replace(
        b"sstMemory", b"memory: 1\nsstMemory"
    )
    now = then.replace(b"memory: 1", b"memory: 2").replace(b"4294967296", b"8589934592")
    now = now.replace(b"sstTargetBus: virtio", b"sstTargetBus: ide")
    sources = Scene(defined=None).sources(
        directory_backup=then, directory_now=now, xml_backup=None, xml_state=None
    )
    found = [row.id for row in use_everything(sources).rows]
    assert len(found) == len(set(found))
    assert {"memory", "memory-2", "memory-2.bus"} <= set(found)


@pytest.mark.parametrize("xml", ["<domain/>", "<domain><devices><disk/><interface/><graphics/>"
                                 "</devices></domain>"])  # fmt: skip
def test_an_almost_empty_domain(xml):
    for source in ("xml_now", "xml_state", "xml_backup"):
        use_everything(Scene().sources(**{source: xml}))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, len(LDIF) - 1), st.binary(min_size=1, max_size=6), st.booleans())
def test_any_damage_to_an_ldif(position, junk, backup):
    damaged = LDIF[:position] + junk + LDIF[position + len(junk) :]
    source = "directory_backup" if backup else "directory_now"
    try:
        use_everything(Scene().sources(**{source: damaged}))
    except InvalidInput as error:
        assert error.message  # noqa: PT017


@settings(max_examples=30, deadline=None)
@given(st.integers(0, len(XML) - 1), st.text("<>/'= a1\n&", min_size=1, max_size=6))
def test_any_damage_to_an_xml(position, junk):
    damaged = XML[:position] + junk + XML[position + len(junk) :]
    use_everything(Scene().sources(xml_state=damaged))
    use_everything(Scene().sources(xml_now=damaged), mode="cold")


def test_names_with_control_characters_and_markup_stay_data():
    evil = "x'\"><script/>\x1b[2J"
    data = LDIF.replace(b"sstDisk: vdb", b"sstDisk:: " + base64.b64encode(evil.encode()))
    conflicts = use_everything(Scene().sources(directory_now=data))
    for row in conflicts.rows:
        assert "\x1b" not in row.id
        assert "=" not in row.id


def test_thousands_of_devices_take_seconds_not_minutes():
    disk = "<disk type='file'><source file='/a{0}'/><target dev='d{0}'/></disk>"
    many = "".join(disk.format(n) for n in range(1500))
    xml = XML.replace("</devices>", many + "</devices>")
    entries = "".join(
        f"\ndn: sstDisk=d{n},ou=devices,{MACHINE_DN}\nobjectClass: top\nsstDisk: d{n}\n"
        for n in range(1500)
    )
    start = time.process_time()
    conflicts = compare_machine(
        Scene().sources(xml_now=xml, directory_now=LDIF + entries.encode()), host_facts(), "cold"
    )
    assert len(conflicts.rows) >= 1500
    assert time.process_time() - start < 15


@pytest.mark.parametrize(
    "data",
    [None, [], "x", 5, {"bridges": "vmbr0"}, {"bridges": [1]}, {"live_images": [{"path": 3}]},
     {"live_images": [{"path": "/x", "format": "raw", "virtual_size": -1}]},
     {"other_machines": ["x"]}, {"other_machines": [{"console_ports": ["a"]}]},
     {"machine_aliases": {"pc": 3}}, {"machine_aliases": "pc"}, {"this_node": ["a"]},
     {"live_images": {"a": "b"}}, {"other_machines": [{"console_ports": [True]}]}],
)  # fmt: skip
def test_host_facts_that_are_none_are_refused(data):
    with pytest.raises(InvalidInput, match="Host facts"):
        HostFacts.from_json(data)


def test_host_facts_come_back_from_their_own_json():
    assert HostFacts.from_json(host_facts().to_json()) == host_facts()
    assert HostFacts.from_json({}) == HostFacts()
    pairs = {
        "machine_aliases": [["pc", "pc-i440fx-7.2"], {"alias": "q35", "canonical": "pc-q35-7.2"}]
    }
    assert HostFacts.from_json(pairs).machine_aliases == host_facts().machine_aliases


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=40))
def test_any_typed_value_is_taken_or_refused(text):
    conflicts = compare_machine(
        Scene(now=None, defined=None).sources(), host_facts(bridges=("br-x",)), "cold"
    )
    try:
        conflicts.check("net0.bridge", Resolution(Decision.CUSTOM, text))
    except (InvalidInput, Refused) as error:
        assert "\n" not in error.message  # noqa: PT017
    else:
        assert text == "br-x"


def test_a_machine_name_that_is_no_uuid():
    data = LDIF.replace(NAME.encode(), b"kvm-005")
    xml = XML.replace(f"<name>{NAME}", "<name>kvm-005")
    from dataclasses import replace

    sources = replace(
        Scene().sources(directory_backup=data, directory_now=data, xml_backup=xml, xml_state=xml,
                        xml_now=xml), machine="kvm-005",
    )  # fmt: skip
    assert use_everything(sources).rows == ()

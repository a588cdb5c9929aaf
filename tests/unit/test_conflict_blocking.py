"""What always stops a restore, what stops it as decided, and what is only told."""

from dataclasses import replace

import pytest

from steps.conflicts import Resolution
from steps.virtual_machine.host_facts import LiveImage, OtherMachine
from steps.virtual_machine.image_header import SetImage, read_image
from tests.unit.conflict_support import BOOT, CUSTOM, KEEP, LIVE, choose, codes, compare, ids, row
from tests.unit.machine_documents import (
    FOLDER,
    GIB,
    NAME,
    THEN,
    VDA,
    VDB,
    VDC,
    Scene,
    host_facts,
    since,
)


def images(*changed):
    """The standard set's images, some replaced."""
    standard = {d.image: SetImage(d.image, d.format, d.capacity) for d in THEN.disks}
    return tuple({**standard, **{i.name: i for i in changed}}.values())


def always(scene=None, mode="with-state", **changes):
    return compare(scene or Scene(), mode, **changes).always_blocking


@pytest.mark.parametrize("mode", ["with-state", "cold"])
def test_every_disk_must_be_in_the_backup(mode):
    for disk in (VDA, VDB):
        left = tuple(i for i in images() if i.name != disk.image)
        (blocked,) = always(Scene(images=left), mode)
        assert blocked.code == "image-missing"
        assert disk.image in blocked.message
        assert disk.target in blocked.message
        assert blocked.remedy


def test_a_set_without_any_image_names_them_all():
    assert codes(always(Scene(images=()))) == ["image-missing", "image-missing"]


def test_images_that_nobody_looked_at_are_not_judged():
    assert always(images=None) == ()


def test_the_image_of_a_removed_disk_must_be_there_and_of_an_added_one_need_not():
    removed = since(replace(THEN, disks=(VDA,)), images=images()[:1])
    (blocked,) = always(removed)
    assert blocked.rows == ("vdb",)
    assert always(since(replace(THEN, disks=(VDA, VDB, VDC)), images=images())) == ()


def test_a_cdrom_needs_no_image_in_the_backup():
    xml = THEN.state_xml().replace(
        "<target dev='hdc'", "<source file='/iso/debian.iso'/>\n      <target dev='hdc'"
    )
    assert always(xml_state=xml) == ()


def test_raw_on_a_qcow2_image_and_the_reverse_are_refused():
    raw = replace(THEN, disks=(replace(VDA, format="raw"), VDB))
    found = images(SetImage(VDA.image, "qcow2", VDA.capacity))
    (blocked,) = always(Scene(raw, raw, raw, images=found))
    assert blocked.code == "image-format"
    assert "is qcow2, the definition says raw" in blocked.message
    (blocked,) = always(Scene(images=images(SetImage(VDA.image, "raw", VDA.capacity))))
    assert "is raw, the definition says qcow2" in blocked.message


def test_the_format_is_never_a_choice_only_what_the_image_is():
    now = THEN.with_disk("vda", format="raw")
    conflicts = compare(since(now, images=images()))
    found = row(conflicts, "vda.driver-type")
    assert found.allowed == (KEEP,)
    assert "destroy" in found.refused[LIVE]
    assert CUSTOM in found.refused
    assert conflicts.still_open({}) == []
    turned = compare(Scene(then=now, images=images()))
    assert row(turned, "vda.driver-type").allowed == (LIVE,)
    assert turned.always_blocking == ()
    xml = turned.results({}).restore_xml
    assert "type='raw'" not in xml.partition("cdrom")[0]


def test_a_format_that_no_source_has_right_blocks():
    raw, cow = THEN.with_disk("vda", format="raw"), THEN.with_disk("vda", format="qed")
    conflicts = compare(Scene(then=raw, now=cow, defined=cow, images=images()))
    assert codes(conflicts.always_blocking) == ["image-format"]
    assert conflicts.always_blocking[0].rows == ("vda.driver-type",)


def test_without_the_image_the_format_cannot_change():
    conflicts = compare(since(THEN.with_disk("vda", format="raw")), images=None)
    assert row(conflicts, "vda.driver-type").allowed == (KEEP,)


def test_an_image_smaller_than_the_backup_says_is_refused():
    (blocked,) = always(Scene(images=images(SetImage(VDB.image, "qcow2", 19 * GIB))))
    assert blocked.code == "image-too-small"
    assert "19 GiB" in blocked.message
    assert "20 GiB" in blocked.message
    assert always(Scene(images=images(SetImage(VDB.image, "qcow2", 21 * GIB)))) == ()


def test_an_image_smaller_than_the_one_it_replaces_is_refused_unless_that_one_is_known_to_grow():
    grown = host_facts(live_images=(LiveImage(VDB.path, "qcow2", 40 * GIB),))
    (blocked,) = always(Scene(facts=grown))
    assert blocked.code == "image-too-small"
    conflicts = compare(since(THEN.with_disk("vdb", capacity=40 * GIB), facts=grown,
                              images=images()))  # fmt: skip
    assert conflicts.always_blocking == ()
    assert row(conflicts, "vdb.capacity").allowed == (KEEP,)


def test_an_image_that_cannot_be_read_is_refused():
    (blocked,) = always(Scene(images=images(read_image(VDA.image, b"QFI\xfb\0\0", 6))))
    assert blocked.code == "image-unreadable"
    (blocked,) = always(Scene(images=images(SetImage(VDA.image, problem="it is a folder"))))
    assert "it is a folder" in blocked.message


def test_an_image_with_another_behind_it_is_told():
    conflicts = compare(Scene(images=images(SetImage(VDA.image, "qcow2", VDA.capacity, True))))
    assert codes(conflicts.warnings) == ["image-has-backing"]


@pytest.mark.parametrize("kind", ["partial", "truncated", "garbage"])
def test_a_state_file_that_cannot_be_restored_blocks_until_the_start_is_cold(kind):
    broken = {"state": kind, "state_problem": "it ends at byte 3."}
    (blocked,) = always(**broken)
    assert blocked.code == f"state-{kind}"
    assert "byte 3" in blocked.message
    assert always(mode="cold", **broken) == ()


@pytest.mark.parametrize("source", ["xml_backup", "xml_state", "xml_now"])
@pytest.mark.parametrize(
    ("document", "code"),
    [
        (THEN.inactive_xml() * 2, "xml-several-documents"),
        ("<!DOCTYPE d [<!ENTITY a 'b'>]><domain><name>&a;</name></domain>", "xml-entities"),
        ("<domain><name>", "xml-unreadable"),
    ],
)
def test_an_xml_that_cannot_be_taken_always_blocks(source, document, code):
    (blocked,) = [b for b in always(**{source: document}) if b.code.startswith("xml-")]
    assert blocked.code == code
    assert blocked.remedy


# --- the console password ---

OPEN = replace(THEN, password=None)


def test_a_password_that_the_state_lost_is_filled_from_the_directory():
    conflicts = compare(Scene(state=OPEN))
    assert ids(conflicts) == []
    xml = conflicts.results({}).restore_xml
    assert f"passwd='{THEN.password}'" in xml


def test_a_password_that_only_todays_side_has_is_the_only_choice():
    conflicts = compare(Scene(then=OPEN))
    assert row(conflicts, "spice-password").allowed == (LIVE,)
    assert f"passwd='{THEN.password}'" in conflicts.results({}).restore_xml


def test_a_password_that_nobody_has_any_more_blocks():
    (blocked,) = always(Scene(then=OPEN, now=None, defined=None))
    assert blocked.code == "console-password-lost"
    assert "sstSpicePassword" in blocked.remedy


def test_a_console_that_is_open_today_as_well_is_told():
    conflicts = compare(Scene(then=OPEN, now=OPEN, defined=OPEN))
    assert conflicts.always_blocking == ()
    assert codes(conflicts.warnings) == ["console-open"]


def test_a_machine_without_console_needs_no_password():
    def bare(xml):
        start, end = xml.index("    <graphics"), xml.index("</graphics>\n") + len("</graphics>\n")
        return xml[:start] + xml[end:]

    changes = {name: bare(getattr(OPEN, kind)()) for name, kind in (
        ("xml_backup", "live_xml"), ("xml_state", "state_xml"))}  # fmt: skip
    assert always(Scene(then=OPEN, now=None, defined=None), **changes) == ()


# --- who it is ---


def test_a_name_or_uuid_that_another_machine_has():
    taken = OtherMachine("a1b2c3d4-0000-4000-8000-00000000ffff", NAME)
    assert "name-taken" in codes(always(Scene(facts=host_facts(other_machines=(taken,)))))
    twin = OtherMachine(NAME, "clone-of-web01")
    assert codes(always(Scene(facts=host_facts(other_machines=(twin,))))) == ["uuid-taken"]


def test_a_hypervisor_that_has_the_name_under_another_uuid():
    other = "b6dc3d27-5981-4b18-8f3f-31ed3d21ffff"
    xml = THEN.inactive_xml().replace(f"<uuid>{NAME}", f"<uuid>{other}")
    conflicts = compare(Scene(), xml_now=xml)
    assert codes(conflicts.always_blocking) == ["uuid-differs"]
    assert row(conflicts, "uuid").allowed == (KEEP,)
    assert row(compare(Scene(), "cold", xml_now=xml), "uuid").allowed == (LIVE,)


# --- as decided ---


def test_two_disks_on_one_image_stop_apply_until_decided_otherwise():
    now = replace(THEN, disks=(replace(VDA, image=VDB.image), replace(VDB, image="b.qcow2")))
    facts = host_facts(live_images=())
    conflicts = compare(since(now, images=images(), facts=facts))
    both = choose(conflicts, vda__source="take-live", vdb__source="keep-backup")
    (blocked,) = conflicts.blocking(both)
    assert blocked.code == "image-twice"
    assert blocked.rows == ("vda.source", "vdb.source")
    assert conflicts.blocking(choose(conflicts, LIVE)) == ()
    assert conflicts.always_blocking == ()


def test_two_cards_with_one_mac_stop_apply():
    from tests.unit.machine_documents import Card

    then = replace(THEN, cards=(*THEN.cards, Card("net1", "52:54:00:00:00:11")))
    now = replace(THEN, cards=(Card(mac="52:54:00:00:00:22"), Card("net1", "52:54:00:00:00:33")))
    conflicts = compare(Scene(then=then, now=now, defined=now), "cold")
    assert ids(conflicts)[:2] == ["net0.mac", "net1.mac"]
    same = {"net0.mac": Resolution(CUSTOM, "52:54:00:00:00:11"), "net1.mac": Resolution(KEEP)}
    assert codes(conflicts.blocking(same)) == ["mac-twice"]


def test_a_next_boot_value_does_not_count_now():
    conflicts = compare(since(THEN.with_card(mac="52:54:00:00:00:22")))
    assert conflicts.blocking({"net0.mac": Resolution(BOOT)}) == ()


# --- only told ---


def test_a_node_other_than_the_directorys_is_told():
    facts = host_facts(this_node="node-02.example.com")
    assert "other-node" in codes(compare(Scene(facts=facts)).warnings)


def test_a_machine_that_may_still_run_where_it_migrates_to_is_told():
    moving = replace(THEN, extra=(("sstMigrationNode", "node-09.example.com"),))
    conflicts = compare(Scene(now=moving))
    assert codes(conflicts.warnings) == ["migrating"]
    assert "node-09.example.com" in conflicts.warnings[0].message
    # What the backup says of a migration is long over.
    assert codes(compare(Scene(then=moving)).warnings) == []


def test_a_recovery_into_a_folder_this_host_has_not_is_told():
    facts = host_facts(image_directories=(f"{FOLDER}-new",))
    conflicts = compare(Scene(now=None, defined=None, facts=facts))
    assert codes(conflicts.warnings).count("image-directory") == 2


def test_a_template_needs_no_definition():
    template = replace(THEN, extra=(("sstVirtualMachineType", "template"),))
    sources = {"xml_backup": None, "xml_state": None, "xml_now": None, "state": "missing"}
    conflicts = compare(Scene(then=template, now=template), **sources)
    assert conflicts.always_blocking == ()
    assert ids(conflicts) == []
    assert conflicts.results({}).restore_xml == ""
    assert codes(always(Scene(then=template, now=template, images=()), **sources)) == [
        "image-missing", "image-missing",
    ]  # fmt: skip

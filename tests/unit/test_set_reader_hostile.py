"""A backup set whose files are hostile: findings in words, in bounded time, and no way out."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steps.targets.local import LocalShell
from steps.virtual_machine.backup_set import SAVED
from steps.virtual_machine.places import StoragePlace, set_place
from steps.virtual_machine.set_reader import SetReader
from tests.unit.restore_world import state_file

MACHINE, LEAF = "6f1d3c2e-51b7-4b9e-9d0a-0c5a5e1e7a01", "20260102T030405Z"
GOOD_XML = (
    f"<domain type='kvm'><name>{MACHINE}</name><memory>65536</memory><devices>"
    "<disk type='file' device='disk'><driver type='qcow2'/><source file='/live/a.qcow2'/>"
    "<target dev='vda'/></disk></devices></domain>"
)
LAUGHS = "<!DOCTYPE d [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '&{chr(97 + n)};&{chr(97 + n)};'>" for n in range(20)
) + "]><domain>&u;</domain>"  # fmt: skip


def reader(folder: Path, **files: bytes) -> SetReader:
    place = set_place(MACHINE, LEAF, StoragePlace("vm-persistent", "p"), str(folder), "/r")
    backup = Path(place.backup)
    backup.mkdir(parents=True, exist_ok=True)
    contents = {"xml": GOOD_XML.encode(), "ldif": b"dn: cn=x\ncn: x\n", "state": b"", **files}
    for suffix, data in contents.items():
        name = "SHA256SUMS" if suffix == "sums" else f"{MACHINE}.{suffix}.{LEAF}"
        (backup / name).write_bytes(data)
    return SetReader(LocalShell(), place, str(folder / "live"))


@pytest.mark.parametrize(
    "xml",
    [
        LAUGHS,
        "<domain>" * 100_000,
        "<domain/><domain/>",
        "<a/>",
        "",
        GOOD_XML.replace("/live/a.qcow2", "/live/../../etc/shadow"),
        GOOD_XML.replace("/live/a.qcow2", "a.qcow2"),
        GOOD_XML.replace("/live/a.qcow2", "/live/a&#10;b.qcow2"),
        GOOD_XML.replace("65536", "1e400"),
        GOOD_XML.replace("</devices>", GOOD_XML.partition("<devices>")[2].partition("</devices>")[0]
                         .replace("vda", "vdb") + "</devices>"),
    ],
)  # fmt: skip
def test_a_hostile_xml_is_a_problem_in_words_and_quickly_so(tmp_path: Path, xml: str):
    began = time.process_time()
    documents = reader(tmp_path, xml=xml.encode()).documents()
    assert time.process_time() - began < 10
    assert documents.problems
    assert documents.disks == ()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.sampled_from(["xml", "ldif", "state", "sums"]), st.binary(max_size=300))
def test_any_bytes_are_read_or_said_to_be_wrong(tmp_path: Path, suffix: str, data: bytes):
    found = reader(tmp_path, **{suffix: data})
    documents = found.documents()
    found.state(documents)
    found.unlisted(documents)
    assert isinstance(documents.problems, tuple)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_a_state_file_with_any_damage_is_read_or_said_to_be_wrong(
    tmp_path: Path, place: int, damage: bytes
):
    data = bytearray(state_file(GOOD_XML))
    data[place : place + len(damage)] = damage
    found = reader(tmp_path, state=bytes(data))
    documents = found.documents()
    state = found.state(documents)
    assert state.kind == SAVED or state.problem or state.kind == "not-running"


def test_names_of_a_checksum_list_do_not_leave_the_folder(tmp_path: Path):
    sums = b"0" * 64 + b"  ../../../../../../etc/passwd\n"
    found = reader(tmp_path, sums=sums)
    assert found.unlisted(found.documents()) == ("passwd",)


def test_a_large_document_is_refused_unread(tmp_path: Path):
    documents = reader(tmp_path, ldif=b"#" * (9 << 20)).documents()
    assert any("larger than" in problem for problem in documents.problems)


def image_of(folder: Path, *options: str):
    found = reader(folder)
    documents = found.documents()
    path = found.image(documents.disks[0], documents, "qcow2", check=False).path
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *options, path, "1M"], check=True)
    return found.image(documents.disks[0], documents, "qcow2", check=True)


def test_an_image_may_stand_on_an_image_of_this_site_only(tmp_path: Path):
    for name, there in (("/etc/passwd", False), ("live/base", True)):
        base = tmp_path / name
        if there:
            base.parent.mkdir()
            base.write_bytes(b"x" * 512)
        facts = image_of(tmp_path, "-b", str(base), "-F", "raw")
        assert facts.backing == str(base)
        assert facts.backing_there is there


def test_an_image_whose_data_is_in_another_file_is_no_backup(tmp_path: Path):
    facts = image_of(tmp_path, "-o", f"data_file={tmp_path / 'elsewhere'}")
    assert "another file" in facts.problem

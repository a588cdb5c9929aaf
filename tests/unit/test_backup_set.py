"""What is wrong with a backup set: judged from what was found, without looking at anything."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import StepFailed
from steps.targets.shell import Completed
from steps.virtual_machine.backup_set import (
    NOT_RUNNING,
    SAVED,
    HostFit,
    ImageFacts,
    Room,
    SetFacts,
    StateFacts,
    findings,
)
from steps.virtual_machine.qemu_image import judge_check, parse_chain, parse_info

MIB = 1 << 20
IMAGE = ImageFacts(
    "vda", "a.qcow2", "/live/a.qcow2", "/set/a.qcow2.x", size=10 * MIB, allocated=10 * MIB,
    format="qcow2", virtual_size=64 * MIB, declared_format="qcow2", declared_size=64 * MIB,
)  # fmt: skip
ROOM = Room("/retain", True, 100 * MIB, "/live", True, 100 * MIB, one_file_system=True)
SOUND = SetFacts(
    "/set", (IMAGE,), StateFacts(SAVED, 20 * MIB, True), ("m.ldif", "m.xml"), (), ROOM, HostFit()
)


def levels(facts: SetFacts, *, with_state: bool = True) -> list[str]:
    return [finding.level for finding in findings(facts, with_state=with_state)]


def only_error(facts: SetFacts, *, with_state: bool = True) -> str:
    errors = [f for f in findings(facts, with_state=with_state) if f.level == "error"]
    assert len(errors) == 1, errors
    return errors[0].text


def with_image(**values: object) -> SetFacts:
    return replace(SOUND, images=(replace(IMAGE, **values),))  # type: ignore[arg-type]


def with_room(**values: object) -> SetFacts:
    return replace(SOUND, room=replace(ROOM, **values))  # type: ignore[arg-type]


def test_a_sound_set_says_what_was_looked_at():
    (finding,) = findings(SOUND, with_state=True)
    assert finding.level == "ok"
    assert "1 disk" in finding.text


def test_every_missing_disk_is_an_error_not_only_the_first():
    missing = replace(IMAGE, problem="/set/a is not there")
    facts = replace(SOUND, images=(IMAGE, missing, replace(missing, target="vdc")))
    assert levels(facts) == ["error", "error"]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"problem": "x is not there"}, "not there"),
        ({"sound": False, "check": "3 corruptions"}, "3 corruptions"),
        ({"format": "raw"}, "the XML calls it qcow2"),
        ({"declared_format": "raw"}, "the XML calls it raw"),
        ({"virtual_size": 32 * MIB}, "32.0 MiB"),
        ({"backing": "/gone/base.qcow2"}, "not one of the images"),
    ],
)
def test_what_makes_an_image_unusable(values: dict[str, object], word: str):
    assert word in only_error(with_image(**values))


@pytest.mark.parametrize(
    "values",
    [{"virtual_size": 128 * MIB}, {"backing": "/there/base.qcow2", "backing_there": True}],
)
def test_what_is_only_noteworthy_about_an_image(values: dict[str, object]):
    assert levels(with_image(**values)) == ["warning", "ok"]


def test_an_undeclared_size_is_nothing():
    assert levels(with_image(declared_size=None)) == ["ok"]


@pytest.mark.parametrize("kind", [NOT_RUNNING, "partial", "truncated", "missing", "garbage"])
def test_a_state_that_cannot_be_restored_matters_with_state_only(kind: str):
    facts = replace(SOUND, state=StateFacts(kind))
    assert "with state" in only_error(facts)
    assert levels(facts, with_state=False) == ["ok"]


def test_space_counts_state_and_images_and_some_more():
    enough = int(30 * MIB * 1.05)
    assert levels(with_room(retain_free=enough)) == ["ok"]
    assert "31.5 MiB" in only_error(with_room(retain_free=enough - 1))


def test_a_cold_restore_needs_no_room_for_the_state():
    assert levels(with_room(retain_free=11 * MIB), with_state=False) == ["ok"]


def test_on_two_file_systems_each_needs_its_own_room():
    apart = with_room(one_file_system=False, retain_free=22 * MIB, live_free=11 * MIB)
    assert levels(apart) == ["warning", "ok"]
    assert "/live" in only_error(
        with_room(one_file_system=False, retain_free=22 * MIB, live_free=10 * MIB)
    )
    assert "/retain" in only_error(
        with_room(one_file_system=False, retain_free=20 * MIB, live_free=11 * MIB)
    )


@pytest.mark.parametrize(
    "values", [{"retain_exists": False}, {"live_exists": False}, {"owner_missing": "no group x"}]
)
def test_folders_and_owner_must_be_there(values: dict[str, object]):
    assert "error" in levels(with_room(**values))


def test_a_missing_machine_type_stops_a_restore_with_state_only():
    facts = replace(SOUND, fit=HostFit(machine_type_missing="pc-0.13"))
    assert "pc-0.13" in only_error(facts)
    assert levels(facts, with_state=False) == ["warning", "ok"]


def test_bridge_and_emulator_can_still_be_decided():
    fit = HostFit(emulator_missing="/x", bridges_missing=("vmbr0", "vmbr1"))
    assert levels(replace(SOUND, fit=fit)) == ["warning", "warning", "warning", "ok"]


@pytest.mark.parametrize(
    "values",
    [
        {"at_work": ("ou=x: merging",)},
        {"in_use": ("another process uses it",)},
        {"domain_problem": "another machine has that name"},
        {"document_problems": ("no LDIF",)},
        {"unlisted": ("gone.qcow2",)},
        {"images": ()},
    ],
)
def test_what_else_stops_a_restore(values: dict[str, object]):
    assert only_error(replace(SOUND, **values))  # type: ignore[arg-type]


def test_facts_survive_the_way_through_json():
    fit = HostFit("/x", "pc", ("b",), "p")
    facts = replace(SOUND, fit=fit, at_work=("a",), unlisted=("u",))
    assert SetFacts.from_json(json.loads(json.dumps(facts.to_json()))) == facts


# -- qemu-img's words ------------------------------------------------------------------------------


def test_an_image_is_read_from_qemu_imgs_json():
    text = json.dumps(
        {"filename": "/a", "format": "qcow2", "virtual-size": 64, "actual-size": 8,
         "backing-filename": "b", "full-backing-filename": "/b",
         "format-specific": {"data": {"corrupt": True}}}
    )  # fmt: skip
    info = parse_info(text, "/a")
    assert (info.format, info.virtual_size, info.backing, info.corrupt) == ("qcow2", 64, "/b", True)


def test_a_chain_is_read_top_first():
    images = [{"filename": n, "format": "raw", "virtual-size": 1} for n in ("/top", "/base")]
    assert [info.path for info in parse_chain(json.dumps(images), "/top")] == ["/top", "/base"]


@given(st.one_of(st.text(max_size=40), st.from_regex(r"\A[\[\]{}\",:a-z0-9 ]{0,40}\Z")))
def test_anything_else_is_refused_in_our_words(text: str):
    for parse in (parse_info, parse_chain):
        with pytest.raises(StepFailed):
            parse(text, "/a")


def test_a_deeply_nested_answer_is_refused():
    with pytest.raises(StepFailed):
        parse_info("[" * 100_000, "/a")


@pytest.mark.parametrize(
    ("code", "out", "sound", "word"),
    [
        (0, "", True, "no errors"),
        (3, '{"leaks": 7}', True, "7 leaked"),
        (2, '{"corruptions": 3}', False, "3 corruptions"),
        (1, "Could not open", False, "Could not open"),
        (2, "no json", False, "some corruptions"),
        (124, "", False, "124"),
    ],
)
def test_the_verdict_of_a_check(code: int, out: str, sound: bool, word: str):
    verdict = judge_check(Completed("qemu-img check", code, out, ""))
    assert verdict.sound is sound
    assert word in verdict.text

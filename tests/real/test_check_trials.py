"""Restores in isolation of the practice machine: bridged, off, broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import StepFailed
from config.questions import Value
from steps.drill import practice_machine as practice
from steps.drill.bridges import bridge_names
from steps.drill.child import ask_child
from steps.drill.places import STORAGE, Places
from steps.drill.truth import Truth
from tests.real.check_child import check

NAME = practice.MACHINE


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    folder = tmp_path_factory.mktemp("trials") / "site"
    ask_child("steps.drill.build", [str(folder)], print)
    yield Places(folder)
    ask_child("steps.drill.take_down", [str(folder)], print)


def answers(leaf: str, how: str = "as-backed-up") -> dict[str, Value]:
    return {
        "scope": "one", "machine": NAME, "iteration": leaf, "restore_test": how,
        "watch_seconds": 5,
    }  # fmt: skip


def leaf_of(places: Places) -> str:
    return Truth.read(places.truth).leaf


def another_set(places: Places, leaf: str) -> Path:
    """The same backup once more, under another iteration and without its checksum list."""
    sets = places.backup / STORAGE / NAME
    (sets / leaf).mkdir()
    for path in (sets / leaf_of(places)).iterdir():
        if path.name != "SHA256SUMS":
            shutil.copy2(path, sets / leaf / path.name.replace(leaf_of(places), leaf))
    return sets / leaf


def record(places: Places, leaf: str) -> dict[str, dict[str, str]]:
    file = places.backup / STORAGE / NAME / f".{leaf}.check.json"
    return dict(json.loads(file.read_text()))


def test_a_bridged_machine_is_restored_with_its_memory_on_a_loose_card(
    places: Places, tmp_path: Path
):
    leaf = leaf_of(places)
    run = tmp_path / "run"
    _, context = check(places.folder, run, answers(leaf))
    assert record(places, leaf)["tried"]["how"] == "with-state"
    assert "no I/O error" in json.loads(context.facts[f"try.{NAME}.{leaf}"])["words"]
    # The bridge that it was on then is gone from this host, and nobody needed it.
    bridge = bridge_names(places.mark)[0]
    assert not (Path("/sys/class/net") / bridge).exists()


def test_a_machine_that_was_off_is_booted_under_another_name(places: Places, tmp_path: Path):
    leaf = "20260101T000000Z"
    state = another_set(places, leaf) / f"{NAME}.state.{leaf}"
    state.write_bytes(b"Machine is not runnung, no state file")
    check(places.folder, tmp_path / "run", answers(leaf))
    assert record(places, leaf)["tried"]["how"] == "cold"


def test_a_memory_that_does_not_load_is_told_recorded_and_leaves_nothing(
    places: Places, tmp_path: Path
):
    leaf = "20260102T000000Z"
    state = another_set(places, leaf) / f"{NAME}.state.{leaf}"
    state.write_bytes(state.read_bytes()[:-300_000])
    with pytest.raises(StepFailed, match="migration failed"):
        check(places.folder, tmp_path / "run", answers(leaf))
    found = record(places, leaf)
    assert found["verified"]["problem"] == ""
    assert "migration failed" in found["tried"]["problem"]
    assert not list((tmp_path / "run" / "scratch").iterdir())

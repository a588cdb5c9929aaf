"""Backups of a real Linux guest by each method, and what comes back from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from steps.drill import practice_machine as practice
from steps.drill.child import ask_child
from tests.real.check_child import check
from tests.real.guest_site import GuestSite, build_guest_site
from tests.real.linux_guest import TARGETS, read_tick, read_ticks


@pytest.fixture(scope="module")
def site(tmp_path_factory, capabilities) -> Iterator[GuestSite]:
    folder = tmp_path_factory.mktemp("backup-guest") / "site"
    try:
        yield build_guest_site(folder, capabilities)
    finally:
        ask_child("steps.drill.take_down", [str(folder)], print)


def ticks_in_the_set(site: GuestSite) -> list[tuple[int, str]]:
    """Tick and boot id on both disks of the backup."""
    found = [
        read_tick(site.set_folder / f"{disk.image}.{site.leaf}") for disk in practice.FIRST_DISKS
    ]
    assert None not in found
    return [tick for tick in found if tick]


@pytest.mark.parametrize("method", ["live", "save"])
def test_a_backup_with_memory_goes_on_at_its_tick_in_the_same_boot(site: GuestSite, method: str):
    before = site.ticks()[-1]
    backed_up = site.back_up(method)
    went_on = site.ticks()[-1]
    assert went_on.boot_id == before.boot_id
    assert all(tick.consistent for tick in site.ticks())

    backed_up.restore()

    told = site.ticks()
    assert len(told) >= 3
    assert {tick.boot_id for tick in told} == {before.boot_id}
    assert [tick.number for tick in told] == list(range(told[0].number, told[0].number + len(told)))
    assert all(tick.consistent for tick in told)
    # The backup's moment lies inside the backup, and its disks are those of that moment.
    assert before.number < told[0].number <= went_on.number + 1
    for number, boot_id in ticks_in_the_set(backed_up):
        assert boot_id == before.boot_id
        assert told[0].number - number in (0, 1)


@pytest.mark.parametrize("method", ["disk-only", "push"])
def test_a_backup_of_disks_alone_is_one_moment_of_all_disks(site: GuestSite, method: str):
    before = site.ticks()[-1]
    backed_up = site.back_up(method)
    went_on = site.ticks()[-1]
    (vda, boot), (vdb, other_boot) = ticks_in_the_set(backed_up)
    assert boot == other_boot == before.boot_id == went_on.boot_id
    # vda is written before vdb: nothing else can lie between the two in one moment.
    assert vda - vdb in (0, 1)
    assert before.number <= vda <= went_on.number + 1

    backed_up.restore("cold")

    told = site.ticks()
    assert told[0].number == 1
    assert told[0].boot_id != before.boot_id
    assert told[0].marks == TARGETS
    assert all(tick.consistent for tick in told)


def test_a_backup_of_ours_is_found_sound_and_runs_in_isolation(
    site: GuestSite, tmp_path: Path, check_home: Path
):
    backed_up = site.back_up("live")
    _, context = check(
        site.places.folder, tmp_path / "run",
        {"scope": "one", "machine": practice.MACHINE, "iteration": backed_up.leaf,
         "restore_test": "as-backed-up", "watch_seconds": 6},
    )  # fmt: skip
    assert "1 of 1 restored in isolation" in context.facts["summary"]
    assert "manifest.json and SHA256SUMS" in " ".join(context.lines)
    assert not any("no manifest" in line for line in context.lines)
    keep = tmp_path / "run" / "keep" / f"trial-{practice.MACHINE}.{backed_up.leaf}"
    told = read_ticks(keep / "serial-0.log")
    assert told[0].number - ticks_in_the_set(backed_up)[0][0] in (0, 1)
    assert all(tick.consistent for tick in told)
    # Its disks were given their own overlays: the machine itself has counted on.
    assert site.ticks()[-1].number >= told[0].number

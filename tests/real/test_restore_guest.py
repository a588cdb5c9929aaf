"""A restore of a real Linux guest: it goes on at the saved tick, memory and disks together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from steps.drill.child import ask_child
from tests.real.guest_site import GuestSite, build_guest_site


@pytest.fixture
def site(tmp_path: Path, capabilities: Path) -> Iterator[GuestSite]:
    folder = tmp_path / "site"
    try:
        yield build_guest_site(folder, capabilities)
    finally:
        ask_child("steps.drill.take_down", [str(folder)], print)


def test_it_goes_on_at_the_saved_tick_of_the_same_boot(site: GuestSite):
    went_on = site.ticks()[-1]
    assert went_on.number > site.saved.number + 1
    assert went_on.boot_id == site.saved.boot_id

    site.restore()

    told = site.ticks()
    assert len(told) >= 3
    assert told[0].number == site.saved.number + 1
    assert {tick.boot_id for tick in told} == {site.saved.boot_id}
    # Its disks had gone on to later ticks since: only the backup's ones fit this memory.
    assert all(tick.consistent for tick in told)

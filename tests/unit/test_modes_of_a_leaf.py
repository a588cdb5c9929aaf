"""The modes of a leaf: what is written, in which order, and what counts as somebody at work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from steps.targets.directory import Change, Entry
from steps.virtual_machine.directory_modes import (
    CHAIN,
    MODE,
    RETURN_VALUE,
    STATE,
    Leaf,
    Mode,
    busy,
    changes_with,
    is_at_or_after,
    leaf_of,
    new_leaf,
    timestamp,
    way,
)

STAMP = "20260102T030405Z"


def leaf(name: str, mode: str, state: str = STAMP) -> Leaf:
    return Leaf(f"ou={name},ou=backup,sstVirtualMachine=m", name, mode, state, "0")


def test_the_chain_is_the_references_with_finished_at_the_end():
    words = [mode.value for mode in CHAIN]
    assert words == [
        "unretainSmallFiles",
        "unretainingSmallFiles",
        "unretainedSmallFiles",
        "unretainLargeFiles",
        "unretainingLargeFiles",
        "unretainedLargeFiles",
        "restore",
        "restoring",
        "restored",
        "finished",
    ]


def test_a_command_carries_state_zero_and_nothing_else_does():
    for mode in CHAIN:
        state = next(c for c in changes_with(mode, STAMP) if c.attribute == STATE)
        is_command = mode in (Mode.UNRETAIN_SMALL, Mode.UNRETAIN_LARGE, Mode.RESTORE)
        assert state == Change("replace", STATE, (b"0" if is_command else STAMP.encode(),))


def test_a_result_carries_return_value_zero_and_a_claim_leaves_it_alone():
    for mode in CHAIN:
        attributes = [change.attribute for change in changes_with(mode, STAMP)]
        is_result = mode.value in (
            "unretainedSmallFiles", "unretainedLargeFiles", "restored", "finished",
        )  # fmt: skip
        assert (RETURN_VALUE in attributes) == is_result


def test_the_way_from_a_finished_leaf_begins_at_the_first_command():
    assert way("finished", Mode.UNRETAINING_SMALL) == CHAIN[:2]
    assert way("finished", Mode.FINISHED) == CHAIN


def test_the_way_goes_on_where_a_crash_left_it():
    assert way("unretainSmallFiles", Mode.UNRETAINING_SMALL) == (Mode.UNRETAINING_SMALL,)
    assert way("restoring", Mode.RESTORING) == ()


@pytest.mark.parametrize(
    ("mode", "target", "reached"),
    [
        ("restoring", Mode.UNRETAINED_LARGE, True),
        ("restoring", Mode.RESTORING, True),
        ("restoring", Mode.RESTORED, False),
        ("retaining", Mode.UNRETAIN_SMALL, False),
        ("", Mode.UNRETAIN_SMALL, False),
    ],
)
def test_how_far_a_leaf_is(mode: str, target: Mode, reached: bool):
    assert is_at_or_after(mode, target) is reached


def test_a_running_mode_on_any_leaf_means_somebody_is_at_work():
    leaves = [leaf("a", "finished"), leaf("b", "merging"), leaf("c", "retained")]
    assert [found.name for found in busy(leaves, "a")] == ["b"]


@pytest.mark.parametrize("mode", ["unretainingSmallFiles", "unretainingLargeFiles", "cleaningUp"])
def test_a_claim_is_seen_also_where_the_word_goes_on(mode: str):
    assert busy([leaf("b", mode)], "a")


def test_a_command_that_no_daemon_took_yet_counts_as_at_work():
    assert [found.name for found in busy([leaf("b", "snapshot", "0")], "a")] == ["b"]


def test_finished_with_state_zero_counts_because_it_starts_a_daemon():
    assert busy([leaf("a", "finished", "0")], "a")


def test_the_leaf_to_restore_from_must_be_finished():
    assert busy([leaf("a", "retained")], "a")
    assert not busy([leaf("a", "finished")], "a")


def test_a_timestamp_is_utc_whatever_zone_it_was_given_in():
    east = timezone(timedelta(hours=5))
    assert timestamp(datetime(2012, 10, 2, 6, 20, tzinfo=east)) == "20121002T012000Z"
    assert timestamp(datetime(2012, 10, 2, 1, 20, tzinfo=UTC)) == "20121002T012000Z"


def test_a_leaf_is_read_whatever_the_case_of_its_attributes():
    entry = Entry(
        "ou=x,ou=backup", {"OU": (b"x",), MODE.upper(): (b"finished",), STATE: (b"1",)}, "csn", "me"
    )
    assert leaf_of(entry) == Leaf("ou=x,ou=backup", "x", "finished", "1", "", "me", "")


def test_a_new_leaf_is_what_the_schema_asks_for():
    made = new_leaf("20260102T030405Z", Mode.RESTORING, STAMP)
    assert made[MODE] == (b"restoring",)
    assert made[STATE] == (STAMP.encode(),)
    assert set(made) >= {"objectClass", "ou", "sstProvisioningExecutionDate"}

"""How a leaf's job stands: the stale rules, on leaves made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.targets.directory import Entry
from steps.virtual_machine.coordination.standing import Around, Kind, standing, usual_seconds
from steps.virtual_machine.directory_modes import DAY_PAST
from steps.virtual_machine.heartbeat import Busy, Heartbeat, heartbeat_of, told
from steps.virtual_machine.job_leaf import JobLeaf, csn_time, job_leaf, times_changed
from steps.virtual_machine.node.orders import orders

NOW = datetime(2026, 11, 27, 3, 30, tzinfo=UTC)
NODE = "node-01.example.org"
OWNER = f"{NODE}/0123456789ab"
MACHINE_DN = "sstVirtualMachine=m,ou=virtual machines,dc=x"
STAMP = "20261127T032959Z"


def leaf(
    mode: str, state: str = STAMP, code: int = 0, age: float = 1.0, owner: str = "", date: str = "0"
) -> JobLeaf:
    marks = (f"rekindle claim {owner} 1234abcd",) if owner else ()
    return JobLeaf(
        f"ou=L,ou=backup,{MACHINE_DN}", "m", MACHINE_DN, "L", mode, state, code, date,
        marks=marks, changed=NOW - timedelta(seconds=age),
    )  # fmt: skip


def beat(age: float = 1.0, *busy: Busy) -> Heartbeat:
    return Heartbeat(NODE, OWNER, 10.0, "life", beaten=NOW - timedelta(seconds=age), busy=busy)


def kind(one: JobLeaf, *beats: Heartbeat, usual: dict[str, float] | None = None) -> Kind:
    return standing(one, Around(NODE, beats, NOW, usual or {})).kind


@pytest.mark.parametrize(
    ("one", "beats", "wanted"),
    [
        (leaf("finished"), (), Kind.IDLE),
        (leaf("finished", "0"), (), Kind.HALF),
        (leaf("finished", code=11), (), Kind.FAILED),
        (leaf("initialized"), (), Kind.WAITING),
        (leaf("snapshot", "0"), (), Kind.WAITING),
        (leaf("snapshot", "0", age=61), (), Kind.UNHEARD),
        (leaf("snapshot", "0", age=61), (beat(),), Kind.UNHEARD),
        (leaf("snapshot", "0", age=61), (beat(1, Busy("other", "merge")),), Kind.WAITING),
        (leaf("snapshot", STAMP, age=5), (), Kind.WAITING),
        (leaf("snapshot", STAMP, age=31), (), Kind.HALF),
        (leaf("restore", "0", age=5, date=DAY_PAST), (beat(),), Kind.WAITING),
        (leaf("restore", "0", age=31, date=DAY_PAST), (beat(),), Kind.HALF),
        (leaf("snapshotting", owner=OWNER), (beat(),), Kind.WORKING),
        (leaf("snapshotting", owner=OWNER), (), Kind.DEAD),
        (leaf("snapshotting", owner=OWNER), (beat(31),), Kind.WORKING),
        (leaf("snapshotting", owner=OWNER), (beat(33),), Kind.DEAD),
        (leaf("snapshotting", "0", 4), (), Kind.FAILED),
        (leaf("snapshotting", "0"), (), Kind.WORKING),
        (leaf("snapshotting", age=3601), (), Kind.SLOW),
        (leaf("snapshotted", "0", age=5), (), Kind.DONE),
        (leaf("snapshotted", "0", age=31), (), Kind.HALF),
        (leaf("snapshotted", age=9999), (), Kind.DONE),
        (leaf("snapshotted", code=5), (), Kind.FAILED),
        (leaf("cleaningUp"), (), Kind.UNKNOWN),
        (leaf(""), (), Kind.UNKNOWN),
    ],
)
def test_the_rules(one: JobLeaf, beats: tuple[Heartbeat, ...], wanted: Kind) -> None:
    assert kind(one, *beats) is wanted


def test_much_longer_than_usual_is_suspect() -> None:
    long = leaf("merging", owner=OWNER, age=601)
    at_it = beat(1, Busy(long.dn, "merge"))
    assert kind(long, at_it, usual={"merge": 100.0}) is Kind.SLOW
    assert kind(long, at_it, usual={"merge": 200.0}) is Kind.WORKING


def test_a_daemon_that_beats_and_does_not_do_what_it_claimed_is_suspect() -> None:
    claimed = leaf("merging", owner=OWNER, age=33)
    assert kind(claimed, beat(1, Busy(claimed.dn, "merge"))) is Kind.WORKING
    assert kind(claimed, beat(1, Busy("another", "merge"))) is Kind.SLOW
    assert kind(leaf("merging", owner=OWNER, age=31), beat()) is Kind.WORKING


def test_a_short_task_is_not_suspect_before_five_minutes() -> None:
    assert kind(leaf("merging", age=299), usual={"merge": 1.0}) is Kind.WORKING


def test_whatever_is_stuck_comes_with_something_to_do() -> None:
    for one in (leaf("merging", "0", 11), leaf("merging", owner=OWNER), leaf("merge", "0", age=99),
                leaf("merged", "0", age=99), leaf("finished", "0"), leaf("what")):  # fmt: skip
        found = standing(one, Around(NODE, (), NOW, {}))
        assert found.kind.stuck
        assert found.remedy


def test_the_usual_duration_is_the_median_over_the_site() -> None:
    leaves = [replace(leaf("finished"), times=(("merge", s),)) for s in (1.0, 2.0, 300.0)]
    assert usual_seconds(leaves) == {"merge": 2.0}


def test_an_earlier_attempts_time_is_replaced_and_the_others_stay() -> None:
    one = replace(leaf("merging"), times=(("snapshot", 4.0), ("merge", 9.0), ("downtime", 3.0)))
    assert times_changed(one, {"merge": 2.04}).values == (
        b"snapshot: 4",
        b"downtime: 3",
        b"merge: 2",
    )


def test_the_servers_time_is_read_from_an_entry_csn() -> None:
    assert csn_time("20261127033000.123456Z#000000#000#000000") == NOW.replace(microsecond=123456)
    assert csn_time("9f86d081") is None
    assert csn_time("20269927033000.123456Z#") is None


def test_a_heartbeat_reads_back_as_it_was_told() -> None:
    one = beat(1, Busy("ou=L", "merge", "Merge vda", 3, 10, "B"))
    entry = Entry(
        f"ou=rekindle-0123456789ab,sstNode={NODE},ou=nodes,dc=x",
        {"ou": (b"rekindle-0123456789ab",), "description": (told(one),)},
        "20261127032959.000000Z#000000#000#000000",
    )
    assert heartbeat_of(entry) == replace(one, csn=entry.entry_csn)


@given(st.binary(max_size=200))
def test_a_heartbeat_written_by_hand_never_breaks_a_reader(text: bytes) -> None:
    for value in (text, b"rekindle node " + text):
        entry = Entry(f"ou=rekindle-x,sstNode={NODE}",
                      {"ou": (b"rekindle-x",), "description": (value,)})  # fmt: skip
        assert heartbeat_of(entry) is None


@given(st.dictionaries(
    st.sampled_from(["sstProvisioningMode", "sstProvisioningState", "sstProvisioningReturnValue",
                     "sstProvisioningExecutionDate", "sstProvisioningExecutionTime",
                     "description"]),
    st.lists(st.binary(max_size=40), min_size=1, max_size=3).map(tuple),
))  # fmt: skip
def test_a_hostile_leaf_is_read_judged_and_never_an_order_by_chance(found: dict) -> None:
    one = job_leaf(Entry(f"ou=L,ou=backup,{MACHINE_DN}", {"ou": (b"L",), **found}))
    standing(one, Around(NODE, (), NOW, {}))
    own = frozenset({"sstvirtualmachine=m,ou=virtual machines,dc=x"})
    for order in orders([one], own, OWNER, NOW):
        assert one.commanded
        assert order.task.order == one.mode.lower()

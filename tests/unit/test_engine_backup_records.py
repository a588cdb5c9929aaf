"""What lies beside an archive, read back from whatever a folder holds."""

from __future__ import annotations

import json
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from steps.hosted_engine.backup.record import (
    Summary,
    read_summary,
    read_sums,
    with_sums,
    without_sums,
)
from steps.hosted_engine.dialog.vm_status import global_maintenance, read_status

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}", fullmatch=True)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
SUMMARY = Summary(
    "e.backup", "0" * 64, 10, "2026-11-28T02:00:00Z", "engine.example.com", "4.5.7",
    ("files", "db"), "hosted_engine_1", "1128-0200",
)  # fmt: skip


def line_of(summary: Summary) -> str:
    return json.dumps(asdict(summary))[:-1] + ","


def test_a_summary_is_read_back_from_its_line():
    assert read_summary(line_of(SUMMARY)) == SUMMARY


@given(st.one_of(st.text(), st.binary().map(lambda data: data.decode("utf-8", "replace"))))
def test_no_line_of_another_kind_is_a_summary_or_an_error(text):
    assert read_summary(text) is None


@given(st.dictionaries(st.sampled_from(list(asdict(SUMMARY))), st.integers() | st.text()))
def test_a_summary_with_anything_else_in_a_field_is_none_or_has_a_harmless_name(changes):
    found = read_summary(json.dumps({**asdict(SUMMARY), **changes})[:-1] + ",")
    if found is not None:
        assert "/" not in found.file
        assert not found.file.startswith(".")


@given(st.dictionaries(NAMES, DIGESTS, min_size=1), st.dictionaries(NAMES, DIGESTS))
def test_sums_are_added_replaced_and_taken_out_and_no_other_line_is_touched(first, more):
    text = "# a line of somebody else\n" + with_sums("", first)
    both = with_sums(text, more)
    assert read_sums(both) == {**first, **more}
    assert both.startswith("# a line of somebody else\n")
    assert read_sums(without_sums(both, more)) == {
        name: digest for name, digest in first.items() if name not in more
    }


TEXT_STATUS = """

!! Cluster is in GLOBAL MAINTENANCE mode !!


--== Host 1 status ==--

Status up-to-date                  : True
Hostname                           : host1.example.com
Host ID                            : 1
Engine status                      : {"health": "good", "vm": "up", "detail": "up"}
Score                              : 3400
Local maintenance                  : False
Host timestamp                     : 7301
Extra metadata (valid at timestamp):
\tScore=1


--== Host 2 status ==--

Hostname                           : host2.example.com
Host ID                            : 2
Engine status                      : {"reason": "vm not running on this host", "vm": "down"}
Score                              : 0
Local maintenance                  : True
"""


def test_each_hosts_own_rows_are_read_from_the_text_of_old_versions():
    first, second = read_status(TEXT_STATUS)
    assert (first.host, first.id, first.score, first.maintenance) == (
        "host1.example.com", 1, 3400, False,
    )  # fmt: skip
    assert (second.host, second.id, second.score, second.maintenance) == (
        "host2.example.com", 2, 0, True,
    )  # fmt: skip
    assert global_maintenance(TEXT_STATUS)
    assert not global_maintenance('{"1": {}, "global_maintenance": false}')
    assert global_maintenance('{"global_maintenance": true}')


@given(st.text())
def test_no_status_is_too_strange_to_be_read(text):
    read_status(text)
    global_maintenance(text)
    read_status(f"--== Host x status ==--\nScore : {text}\nEngine status : {{}}\n")

"""What lies beside an archive, read back from whatever a folder holds."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import StepFailed
from steps.hosted_engine.backup.record import (
    Summary,
    read_summary,
    read_sums,
    with_sums,
    without_sums,
)
from steps.hosted_engine.backup.sums import change_sums
from steps.hosted_engine.dialog.vm_status import global_maintenance, read_status
from steps.targets.local import LocalShell

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


class Meanwhile(LocalShell):
    """A shell on whose host another run writes its line between our look and our change."""

    def __init__(self, folder):
        super().__init__("backup.practice")
        self.folder, self.others = folder, ["1", "2"]

    def read(self, path, **more):
        found = super().read(path, **more)
        if self.others:
            with (self.folder / "SHA256SUMS").open("a") as file:
                file.write(f"{self.others.pop() * 64}  other{len(self.others)}.backup\n")
        return found


def test_a_line_that_another_run_writes_at_the_same_time_is_not_lost(tmp_path):
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  first.backup\n")
    change_sums(Meanwhile(tmp_path), str(tmp_path), lambda t: with_sums(t, {"own": "a" * 64}))
    names = read_sums((tmp_path / "SHA256SUMS").read_text())
    assert set(names) == {"first.backup", "other0.backup", "other1.backup", "own"}
    assert [path.name for path in tmp_path.iterdir()] == ["SHA256SUMS"]


def test_no_byte_of_anybody_elses_line_changes_and_one_that_does_not_stand_still_is_told(tmp_path):
    others = b"0" * 64 + b"  caf\xe9\x0cx\x1c\xc2\x85y\r\n# no line end"
    (tmp_path / "SHA256SUMS").write_bytes(others)
    change_sums(LocalShell(), str(tmp_path), lambda t: with_sums(t, {"own": "a" * 64}))
    found = (tmp_path / "SHA256SUMS").read_bytes()
    assert found == others + b"\n" + b"a" * 64 + b"  own\n"
    shell = Meanwhile(tmp_path)
    shell.others = ["3"] * 99
    with pytest.raises(StepFailed, match="all the time"):
        change_sums(shell, str(tmp_path), lambda t: with_sums(t, {"own": "b" * 64}))


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

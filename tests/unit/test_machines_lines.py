"""The table of machines as plain lines: right numbers, nothing said twice."""

from datetime import UTC, datetime, timedelta

from steps.ldif_text import normal_dn
from steps.run.text import counted
from steps.virtual_machine.coordination.observer import Known, Look
from steps.virtual_machine.coordination.table import table_of
from steps.virtual_machine.job_leaf import JobLeaf
from tui.machines_lines import table_lines

NOW = datetime(2026, 11, 27, 3, 30, tzinfo=UTC)
DN = "sstVirtualMachine=m1,ou=virtual machines,dc=example"


def lines(mode: str, state: str) -> list[str]:
    leaf = JobLeaf(
        f"ou=20261127T030000Z,ou=backup,{DN}", "m1", DN, "20261127T030000Z", mode, state, 0,
        changed=NOW - timedelta(seconds=125),
    )  # fmt: skip
    known = {normal_dn(DN): Known("m1", "web01", "node-01")}
    return list(table_lines(table_of(Look(known, {normal_dn(leaf.dn): leaf}, (), NOW, {}))))


def test_one_machine_is_one_machine():
    told = lines("unretainingLargeFiles", "0")
    assert told[0].startswith("node-01: daemon none seen; 1 machine, ")
    assert told[-1].startswith("1 machine: ")


def test_what_goes_on_is_said_once():
    (row,) = (line for line in lines("unretainingLargeFiles", "0") if "web01" in line)
    assert row.count("unretainingLargeFiles") == 1


def test_a_mode_that_the_words_do_not_name_keeps_its_column():
    (row,) = (line for line in lines("merging", "20261127T032900Z") if "web01" in line)
    assert "merging" in row


def test_things_are_counted_as_one_speaks():
    assert (counted(0, "row"), counted(1, "row"), counted(2, "row")) == (
        "0 rows",
        "1 row",
        "2 rows",
    )

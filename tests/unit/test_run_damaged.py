"""A journal that somebody has cut into spoils its own run only, and says so."""

from __future__ import annotations

from steps.run.directory import list_runs
from tests.crash import toy
from tests.unit.test_run_commands import answers, home, rekindle

__all__ = ["home"]


def test_a_journal_without_its_plan_is_damaged_and_the_other_runs_are_listed(home, capsys):
    toy.lay_out(home / "another")
    for world in ("world", "another"):
        file = answers(home, world=str(home / world))
        assert rekindle(home, "run", toy.NAME, "--answers", file, "--yes") == 0
    damaged, sound = list_runs()
    lines = damaged.journal_file.read_bytes().splitlines(keepends=True)
    damaged.journal_file.write_bytes(b"".join(line for line in lines if b'"plan"' not in line))
    capsys.readouterr()
    assert rekindle(home, "runs") == 0
    told = [line.removeprefix("!").split() for line in capsys.readouterr().out.splitlines()]
    states = {words[0]: words[1] for words in told}
    assert (states[damaged.id], states[sound.id]) == ("damaged", "done")
    assert rekindle(home, "report", damaged.id) == 2
    assert "The journal is damaged: event" in capsys.readouterr().err

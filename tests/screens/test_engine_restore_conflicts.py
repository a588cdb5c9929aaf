"""Risks of a restore on the conflict screen and in plain lines: their own words and keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from steps.conflicts import Decision, Desk, Resolution
from steps.hosted_engine.restore.conflict_set import restore_conflicts
from tests.screens.test_conflicts import line, screen
from tests.screens.toy_conflicts import press, text_of
from tests.unit import engine_restore_support as world
from tui.plain_conflicts import DONE, PlainConflicts


def conflicts(**look):
    given = world.complete(world.ANSIBLE)
    survey = world.a_survey(given, replace(world.KNOWN_HOST, **look))
    return restore_conflicts(world.a_site(), given, survey.to_json())


async def test_a_risk_shows_what_was_seen_and_its_own_choices_and_no_others():
    async with screen(conflicts(engine_alive="DB Up")) as pilot:
        text = text_of(pilot.app)
    assert line(text, "decide").startswith(">! Host hos")
    assert "3 open  0 blocked" in text
    assert "it is the failover host" in line(text, " f failover")
    assert "no: another name alone" in line(text, " e typed")
    assert " s stop" in text
    assert " b backup" not in text
    assert "cold start" not in text
    assert line(text, "F1 help").startswith(" f v a s e choose")


async def test_a_key_decides_a_risk_and_stop_blocks_the_review():
    async with screen(conflicts(engine_alive="DB Up")) as pilot:
        await press(pilot, "f")
        text = await press(pilot, "s")
        assert " x A live engine" in text
        await press(pilot, "a", "f2")
        assert pilot.app.outcomes == []
        assert pilot.app.desk.decided["host.hosted_engine_1"] == Resolution(
            Decision.USE_FAILOVER_HOST
        )


@pytest.mark.parametrize("key", ["l", "x", "v"])
async def test_a_key_that_is_no_choice_of_a_risk_says_so(key):
    async with screen(conflicts()) as pilot:
        text = await press(pilot, key)
        assert "is refused" in text
        assert pilot.app.desk.decided == {}


class Lines:
    """Plain lines with typed answers."""

    def __init__(self, *typed: str) -> None:
        self.typed, self.said = list(typed), []

    def say(self, *lines: str) -> None:
        self.said += lines

    def ask(self, prompt: str) -> str:
        self.said.append(prompt)
        return self.typed.pop(0)


def test_plain_mode_settles_risks_by_letter_or_word():
    lines = Lines("f", "accept", "ok")
    desk = Desk(conflicts())
    assert PlainConflicts(lines, desk).settle() == DONE
    assert {str(found) for found in desk.decided.values()} == {"use-failover-host", "accept"}
    assert not any("with memory" in said for said in lines.said)

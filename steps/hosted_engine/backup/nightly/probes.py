"""What the interview of a nightly backup looks up while it asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from config.answer_file import AnswerFile
from config.answers import unanswered
from config.errors import RekindleError
from config.interviews.hosted_engine_backup import BACKUP, BEST, STAMP, WITHOUT
from config.questions import Choice, Finding
from config.schedules import HERE
from steps.hosted_engine.backup.nightly.plan import follower_of, timetable_of
from steps.hosted_engine.backup.nightly.there import answers_there
from steps.hosted_engine.backup.plan import NAME as BACKUP_NAME
from steps.hosted_engine.backup.stuck import FIRST_STUCK, GIVE_UP
from steps.hosted_engine.backup.stuck import WITHOUT as GO_WITHOUT
from steps.hosted_engine.probes.look import found, ok, warn, wrong
from steps.procedure import Probe, Probed, ProbeInput
from steps.run.choices import UNATTENDED_UNDO
from steps.run.events import FAILED_STEP, FAILED_UNDO
from steps.schedules.next_runs import clock_changes, next_runs
from steps.schedules.places import shell_at
from steps.schedules.zone import both_clocks, zone_of
from steps.targets.shell import Shell


def list_places(probe: ProbeInput) -> Probed:
    """This host, and every host of the site file."""
    machine = probe.site.engine.machine if probe.site.engine is not None else None
    choices = [Choice(HERE, "This host", "where this program runs")]
    for name in probe.site.shells:
        own = machine is not None and name == machine.name
        choices.append(Choice(name, name, refused="it is the engine's own machine" if own else ""))
    return Probed(choices=tuple(choices))


def check_timetable(probe: ProbeInput) -> Probed:
    """When it comes round."""
    timetable = timetable_of(probe.given)
    zone, who = zone_of(_shell(probe)), follower_of(str(probe.given.get("install")))
    now = datetime.now(UTC)
    runs = next_runs(timetable, now, zone, 2, who)
    if not runs:
        return found(wrong(f"{timetable} never comes round.", "Correct the day."))
    notes = clock_changes(timetable, now, zone, who)
    return found(
        ok(f"Next: {'; '.join(both_clocks(run) for run in runs)}."),
        *(warn(f"{note}.", "Choose an hour in which no clock changes.") for note in notes),
    )


def check_program(probe: ProbeInput) -> Probed:
    """Whether Rekindle is there."""
    path, shell = str(probe.given.get("program") or ""), _shell(probe)
    if shell.run(["test", "-x", path], check=False).code == 0:
        return found(ok(f"{path} is there on {shell.where}."))
    return found(wrong(f"{path} is no program on {shell.where}.", "Install Rekindle there."))


def check_answers(probe: ProbeInput) -> Probed:
    """Whether the answers are there, whole, and fit for a night with nobody about."""
    path, shell = str(probe.given.get("answers_file") or ""), _shell(probe)
    if shell.status(path) is None:
        return found(wrong(f"{path} is not on {shell.where}.", "ctrl+s in the wizard writes one."))
    try:
        answers = answers_there(shell, path)
    except RekindleError as error:
        return found(wrong(error.message, error.remedy))
    return found(ok(f"{path} answers {BACKUP_NAME}"), *_judged(answers))


def _judged(answers: AnswerFile) -> Iterator[Finding]:
    missing = [question.name for question in unanswered(BACKUP, answers.answers)]
    if missing:
        yield wrong(f"{', '.join(missing)}: not answered there.", "Answer them in that file.")
    if answers.answers.get("failover") not in (BEST, WITHOUT):
        yield warn(
            f"The failover host is always {answers.answers.get('failover')}: it may carry the"
            " engine's machine that night.",
            f"Answer failover: {BEST}",
        )
    if STAMP not in str(answers.answers.get("file_name", STAMP)):
        yield wrong("Every night has the same file name.", f"Have {STAMP} in it.")
    if answers.answers.get("failover") != WITHOUT and FIRST_STUCK not in answers.prompts:
        yield warn(
            "A machine that does not leave the failover host holds the night up.",
            f"Write under `prompts:` {FIRST_STUCK}: {GIVE_UP} (or {GO_WITHOUT})",
        )
    if answers.prompts.get(FAILED_STEP) is None:
        yield warn(
            "A night that fails leaves the failover host in maintenance until somebody answers.",
            f"Write under `prompts:` {FAILED_STEP}: undo",
        )
    elif answers.prompts.get(FAILED_UNDO, "skip") not in UNATTENDED_UNDO:
        yield warn(
            f"{FAILED_UNDO}: {answers.prompts[FAILED_UNDO]} is nothing a night alone can do: where"
            " the failover host does not come up again it waits for somebody.",
            f"Write {FAILED_UNDO}: {' or '.join(UNATTENDED_UNDO)}",
        )


def _shell(probe: ProbeInput) -> Shell:
    return shell_at(probe.targets, str(probe.given.get("node") or HERE))


PROBES: Final[dict[str, Probe]] = {
    "schedule-places": list_places,
    "timetable": check_timetable,
    "program-there": check_program,
    "answers-there": check_answers,
}

"""The questions of a nightly backup of the engine: the text an operator reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from config.backup_settings import TIMETABLE
from config.interviews import virtual_machine_plan as machines
from config.questions import Choice, Given, Group, Interview, Kind, Question
from config.schedules import CRON, CRON_FOLDER, HERE, SYSTEMD_FOLDER, TIMER, UNINSTALL

FIELDS: Final = ("minute", "hour", "day", "month", "weekday")
_TIMES: Final = {"minute": "0", "hour": "2"}


def _installs(given: Given) -> bool:
    return given.get("install") != UNINSTALL


def _folder(given: Given) -> str:
    return CRON_FOLDER if given.get("install") == CRON else SYSTEMD_FOLDER


INSTALL = Question(
    name="install",
    title="Who starts the backup",
    kind=Kind.CHOICE,
    choices=(
        Choice(TIMER, "A systemd timer"),
        Choice(CRON, "A crontab line"),
        Choice(UNINSTALL, "Nobody: take timer and crontab line away"),
    ),
    default=TIMER,
)

NODE = Question(
    name="node",
    title="On which host",
    kind=Kind.CHOICE,
    why="Rekindle, its site file and the answers must be there. Not the engine's own machine: a"
    " backup that is started there stops with it.",
    choices_probe="schedule-places",
    default=HERE,
    check=machines.plain_name,
)


def _field(name: str) -> Question:
    setting = next(setting for setting in TIMETABLE if setting.name == name)
    return Question(
        name=name,
        title=setting.title,
        kind=Kind.TEXT,
        help="As in a crontab: numbers, *, 1-5, */2, lists. Local time of that host.",
        default=_TIMES.get(name, "*"),
        check=setting.check,
        condition=_installs,
        probe="timetable" if name == FIELDS[-1] else "",
        depends_on=("install", "node", *FIELDS[:-1]) if name == FIELDS[-1] else (),
    )


PROGRAM = replace(
    machines.PROGRAM, title="Rekindle on that host", condition=_installs, probe="program-there"
)
ANSWERS = replace(
    machines.ANSWERS,
    title="The backup's answer file on that host",
    default="/etc/rekindle/engine-backup.yaml",
    condition=_installs,
    probe="answers-there",
    depends_on=("node",),
    why="ctrl+s in the backup's wizard writes one. For every night: failover `best`, a file name"
    " with STAMP, and under `prompts:` step-failed: undo, so that a night that fails brings the"
    " failover host back into service. What cannot be undone is then left as it is, and the run"
    " ends with exit code 1 and says so; undo-failed: stop has it end there, to be resumed.",
)
SITE_FILE = replace(machines.SITE_FILE, title="Its site file on that host", condition=_installs)
FOLDER = replace(machines.FOLDER, default=_folder, condition=lambda _given: True)

SCHEDULE = Interview(
    groups=(
        Group("who", "Who starts it", (INSTALL, NODE)),
        Group("timetable", "Timetable", tuple(_field(name) for name in FIELDS)),
        Group("files", "Files on that host", (PROGRAM, ANSWERS, SITE_FILE, FOLDER)),
    )
)

"""The questions that are not the tool's: where, which generation, and what goes into files."""

from __future__ import annotations

from config.errors import InvalidInput
from config.interviews.hosted_engine.builds import BUILDS, ERAS, GUIDE_BUILD
from config.interviews.hosted_engine.conditions import ansible, classic
from config.interviews.hosted_engine.wording import LABELS, WORDINGS
from config.otopi.lines import line_of
from config.questions import Choice, Given, Question, Value
from config.showing import quoted

_NOTES = {
    GUIDE_BUILD: "oVirt 3.6 alpha, the one of the guide", "1.2": "oVirt 3.5", "1.3.0": "oVirt 3.6",
    "1.3.1": "oVirt 3.6.1", "1.3.2": "oVirt 3.6.2 on", "2.0": "oVirt 4.0", "2.1": "oVirt 4.1",
    "2.2": "oVirt 4.2", "2.3": "oVirt 4.3", "2.4": "oVirt 4.4", "2.5.3": "oVirt 4.4, with FIPS",
    "2.6": "oVirt 4.5", "2.7": "oVirt 4.5, newest",
}  # fmt: skip


def _asked(name: str, **more: object) -> Question:
    wording = WORDINGS[name]
    fields: dict[str, object] = {
        "name": name,
        "title": wording.title,
        "kind": wording.kind,
        "why": wording.why,
        "help": wording.help,
        "required": wording.required,
        "choices_probe": wording.lists,
        "suggest_probe": wording.suggests,
        "probe": wording.probe,
        "depends_on": wording.depends_on,
    }
    return Question(**{**fields, **more})  # type: ignore[arg-type]


def _builds(given: Given) -> tuple[Choice, ...]:
    builds = BUILDS.get(str(given.get("era")), ())
    return tuple(Choice(build, build, _NOTES[build]) for build in builds)


def _newest(given: Given) -> Value | None:
    builds = BUILDS.get(str(given.get("era")), ())
    return builds[-1] if builds else None


def other_lines(value: Value, _given: Given) -> None:
    """Each a line of an answer file that holds no password."""
    for text in value if isinstance(value, tuple) else (str(value),):
        line = line_of(text)
        if line.is_secret:
            raise InvalidInput(
                f"{quoted(line.key)} is a password; those are never kept in answers.",
                "Remove the line; the password is asked for when it is needed.",
            )


HOST = _asked("host")
ERA = _asked("era", choices=tuple(Choice(era, LABELS["era"][era]) for era in ERAS))
BUILD = _asked("build", choices=_builds, default=_newest)
BACKUP_FILE = _asked("backup_file", condition=lambda given: classic(given) or ansible(given))
STORAGE_IN_FILE = _asked("storage_in_file", condition=ansible, default=False)
OTHER_KEYS = _asked("other_keys", default=(), check=other_lines)

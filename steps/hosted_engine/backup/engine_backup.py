"""The command line of engine-backup, by what an engine of that version knows. Pure.

Which version knows what: reference of engine-backup, sections 2.1 and 5.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from config.errors import InvalidInput
from config.interviews.hosted_engine_backup import AS_IT_DOES, DEFAULT, PLAIN, SMALL
from steps.hosted_engine.archive.version import Numbers, Version

ALL: Final = "all"
PROGRAM: Final = "engine-backup"

SCOPES: Final[tuple[tuple[str, Numbers, Numbers, str], ...]] = (
    (ALL, (3, 3), (), "Everything: what a restore needs"),
    ("files", (3, 4), (), "The engine's files: configuration, certificates, keys"),
    ("db", (3, 4), (), "The engine's database"),
    ("dwhdb", (3, 4, 1), (), "The history database (DWH)"),
    ("reportsdb", (3, 4, 1), (4, 0), "The reports' database"),
    ("cinderlibdb", (4, 3, 10), (), "The cinderlib database"),
    ("grafanadb", (4, 4), (), "Grafana's database"),
    ("keycloakdb", (4, 5), (), "Keycloak's database"),
)
"""Scope, first version that has it, first that has it no more, title."""

_CHOOSES_FORMAT: Final = (3, 6)
_DATABASES: Final = (("db", (3, 6)), ("dwh-db", (3, 6)), ("keycloak-db", (4, 5)))
"""Databases with options of their own, by the prefix of the option."""


@dataclass(frozen=True, slots=True)
class Form:
    """How the archive is written; compressors in engine-backup's own words, or AS_IT_DOES."""

    format: str = DEFAULT
    archive: str = AS_IT_DOES
    files: str = AS_IT_DOES
    database: str = AS_IT_DOES

    @property
    def is_plain(self) -> bool:
        """Whether the dumps are plain SQL."""
        return self.format in (PLAIN, SMALL)


def offered_scopes(version: Version | None) -> tuple[tuple[str, str], ...]:
    """Scope and title of what an engine of that version can back up; all where it is not known."""
    return tuple(
        (scope, title)
        for scope, first, gone, title in SCOPES
        if version is None or (version.numbers >= first and not (gone and version.numbers >= gone))
    )


def chooses_format(version: Version | None) -> bool:
    """Whether that engine-backup knows other dump formats than plain SQL."""
    return version is None or version.numbers >= _CHOOSES_FORMAT


def options(scopes: Sequence[str], form: Form, version: Version | None) -> tuple[str, ...]:
    """The options for scope and form. Raises InvalidInput for what that version does not know."""
    known = dict(offered_scopes(version))
    for scope in scopes:
        if scope not in known:
            raise InvalidInput(
                f"The engine-backup of {_words(version)} knows no scope {scope!r:.40}.",
                f"It knows {', '.join(known)}.",
            )
    told = tuple(f"--scope={scope}" for scope in (scopes or (ALL,)))
    return (*told, *_form_options(form, version))


def _form_options(form: Form, version: Version | None) -> tuple[str, ...]:
    if form.format == DEFAULT:
        return ()
    if not chooses_format(version):
        raise InvalidInput(
            f"The engine-backup of {_words(version)} writes plain SQL and nothing else.",
            "Choose the format that it uses by itself.",
        )
    if form.format == SMALL:
        return ("--small-size",)
    prefixes = [p for p, first in _DATABASES if version is None or version.numbers >= first]
    compressors = (
        *((f"--archive-compressor={form.archive}",) if form.archive != AS_IT_DOES else ()),
        *((f"--files-compressor={form.files}",) if form.files != AS_IT_DOES else ()),
    )
    dumps = [f"--{prefix}-dump-format={form.format}" for prefix in prefixes]
    if form.database != AS_IT_DOES:
        dumps += [f"--{prefix}-compressor={form.database}" for prefix in prefixes]
    return (*compressors, *dumps)


def _words(version: Version | None) -> str:
    return version.text if version is not None else "this engine"


def backup_command(archive: str, log: str, chosen: Sequence[str]) -> tuple[str, ...]:
    """The whole command. Every value needs its `=`."""
    return (PROGRAM, "--mode=backup", *chosen, f"--file={archive}", f"--log={log}")

"""The questions of a restore about its databases: which of them, made how, where, by whose hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from config.interviews.hosted_engine.conditions import Condition, both, holds, not_
from config.interviews.hosted_engine.database_places import (
    ENGINE,
    HISTORY,
    OTHERS,
    AskedDatabase,
    name_questions,
    server_questions,
)
from config.interviews.hosted_engine.variants import by_hand, onto_machine
from config.questions import Choice, Given, Kind, Question

AUTOMATIC: Final = "automatic"
MANUAL: Final = "manual"
REMOTE: Final = "remote"

ALL: Final = "all"
ENGINE_ONLY: Final = "db"
HISTORY_ONLY: Final = "dwhdb"
ENGINE_ALONE: Final = "db-alone"
HISTORY_ALONE: Final = "dwhdb-alone"

KEEP_PERMISSIONS: Final = "restore"
DROP_PERMISSIONS: Final = "leave"

databases_made = both(by_hand, holds("databases", MANUAL, REMOTE))
databases_remote = both(by_hand, holds("databases", REMOTE))
history_chosen = holds("scope", HISTORY_ONLY, HISTORY_ALONE)
files_left = both(by_hand, holds("scope", ENGINE_ALONE, HISTORY_ALONE))
"""The machine's own files stay as they are: one database alone is restored."""


def restores_engine(given: Given) -> bool:
    """Whether the engine's own database is restored: its hosts and machines are the backup's."""
    return not (by_hand(given) and history_chosen(given))


def _scopes(given: Given) -> tuple[Choice, ...]:
    new = "" if onto_machine(given) else "a new machine has no files but those of the backup"
    return (
        Choice(ALL, "Everything in the archive", "a lost engine; a new machine"),
        Choice(ENGINE_ONLY, "The engine's files and database", "without the history"),
        Choice(HISTORY_ONLY, "The engine's files and the Data Warehouse's database",
               "a machine of its own for the warehouse"),
        Choice(ENGINE_ALONE, "The engine's database alone",
               "its server was lost, its machine lives", new),
        Choice(HISTORY_ALONE, "The Data Warehouse's database alone",
               "the history was lost, the engine lives", new),
    )  # fmt: skip


SCOPE = Question(
    name="scope",
    title="What is restored",
    kind=Kind.CHOICE,
    why="Everything in the archive, unless a part alone is wanted.",
    help="A database alone goes to a machine whose files are there: it was set up, or they were"
    " restored before. They are left as they are; the engine stands still meanwhile. A new machine"
    " needs the files of the backup too: its certificates and keys are among them.",
    choices=_scopes,
    default=ALL,
    condition=by_hand,
)
DATABASES = Question(
    name="databases",
    title="Databases",
    kind=Kind.CHOICE,
    why="As they were set up when the engine was installed.",
    choices=(
        Choice(AUTOMATIC, "Made by engine-backup", "--provision-db"),
        Choice(MANUAL, "Made here, on the engine's machine", "roles, databases, pg_hba.conf"),
        Choice(REMOTE, "On another machine", "made there, or by its administrator"),
    ),
    suggest_probe="databases",
    depends_on=("archive", "archive_file", "scope"),
    condition=by_hand,
)
HAS_HISTORY = Question(
    name="has_history",
    title="Restore the Data Warehouse's database too",
    kind=Kind.YES_NO,
    suggest_probe="has-history",
    depends_on=("archive", "archive_file"),
    condition=both(databases_made, holds("scope", ALL)),
)


def _history(given: Given) -> bool:
    return databases_made(given) and (history_chosen(given) or given.get("has_history") is True)


def _history_elsewhere(given: Given) -> bool:
    """Both go to other machines, and each may have its own."""
    return databases_remote(given) and _history(given) and not history_chosen(given)


OTHER_DATABASES: Final = Question(
    name="other_databases",
    title="Other databases of the backup to be placed like these",
    kind=Kind.CHOICES,
    why="Those that are not chosen are made by engine-backup on the engine's machine.",
    help="Reports (3.5 to 4.3), Cinderlib (from 4.3.10), Keycloak (from 4.5) and managed block"
    " storage have databases of their own. engine-backup makes one only on localhost, port 5432,"
    " unencrypted: any other must be placed here.",
    choices=tuple(Choice(one.scope, one.title, f"usually {one.usual}") for one in OTHERS),
    default=(),
    required=False,
    suggest_probe="other-databases",
    depends_on=("archive", "archive_file"),
    condition=both(databases_made, holds("scope", ALL)),
)


def _others() -> Iterator[Question]:
    """What is asked of each of them, once it was chosen."""
    for one in OTHERS:
        made, remote = _is_placed(one, databases_made), _is_placed(one, databases_remote)
        yield from server_questions(one, remote, remote)
        yield from name_questions(one, made)


def _is_placed(asked: AskedDatabase, way: Condition) -> Condition:
    return lambda given: way(given) and asked.scope in others_placed(given)


def others_placed(given: Given) -> tuple[str, ...]:
    """Scopes of the other databases that are placed by answers."""
    chosen = given.get(OTHER_DATABASES.name)
    return chosen if isinstance(chosen, tuple) and OTHER_DATABASES.condition(given) else ()


def _usual_permissions(given: Given) -> str:
    return KEEP_PERMISSIONS if given.get("databases") == AUTOMATIC else DROP_PERMISSIONS


PERMISSIONS: Final = Question(
    name="permissions",
    title="Permissions that the dumps hold",
    kind=Kind.CHOICE,
    why="Who owns the tables, and who else may read them. engine-backup wants to be told.",
    help="Databases that engine-backup makes get their permissions back, and it makes whoever had"
    " some. In a database that was made by hand everything belongs to its user, which is enough for"
    " the engine; to restore permissions there, every role that the dumps name must exist, and the"
    " user must be called as in the backup. Whoever read along (a reporting tool) is let in again"
    " by hand then. Plain dumps hold no permissions: either answer does the same.",
    choices=(
        Choice(KEEP_PERMISSIONS, "Restore them", "--restore-permissions"),
        Choice(DROP_PERMISSIONS, "Leave them out", "--no-restore-permissions"),
    ),
    default=_usual_permissions,
    condition=by_hand,
)

QUESTIONS: Final = (
    SCOPE,
    DATABASES,
    *server_questions(ENGINE, databases_remote, databases_made),
    *name_questions(ENGINE, both(databases_made, not_(history_chosen))),
    HAS_HISTORY,
    *server_questions(HISTORY, _history_elsewhere, _history_elsewhere),
    *name_questions(HISTORY, _history),
    OTHER_DATABASES,
    *_others(),
    PERMISSIONS,
)

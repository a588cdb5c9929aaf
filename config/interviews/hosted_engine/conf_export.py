"""Answers as an otopi answer file that the tool of one generation accepts. Pure.

Passwords are never written. Keys that the tool itself never writes (the network card, the names of
this host, the backup) are. Storage stays open in the ansible generation unless the operator
insists: answered in advance, one failed mount ends the deployment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from config.answers import check_value
from config.errors import InvalidInput
from config.interviews.hosted_engine.builds import BUILDS, NEWEST
from config.interviews.hosted_engine.conditions import ansible
from config.interviews.hosted_engine.interview import DEPLOY
from config.interviews.hosted_engine.merged import rows_by_name, rows_of
from config.interviews.hosted_engine.table import Row, Saved
from config.interviews.hosted_engine.wording import WORDINGS
from config.otopi.conf import DEFAULT, SECTIONS, Entry, format_entries
from config.otopi.lines import line_of
from config.otopi.typed import ASK_ME, Typed
from config.questions import Given, Value
from config.secrets import SecretReference

QUIET = frozenset({"host", "era", "build", "storage_in_file", "other_keys"})
"""Answers of ours that no file of the tool has a place for."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The entries of the file, and what could not be written."""

    entries: tuple[Entry, ...]
    notices: tuple[str, ...]

    @property
    def text(self) -> str:
        """The file."""
        return format_entries(self.entries, ("Written by Rekindle.", *self.notices))


def export_conf(answers: Given, era: str) -> Exported:
    """The answer file for that generation, from answers of either."""
    given, refused = _for_era(answers, era)
    ours = _written(given, era)
    entries, replaced = _with_kept(ours, given, era)
    notices = (*refused, *replaced, *_left_out(given, era, {entry.key for entry in entries}))
    return Exported(tuple(entries), notices)


def saved_of(era: str) -> Iterator[tuple[Row, Saved]]:
    """Every key of a generation's table with its row."""
    return ((row, saved) for row in rows_of(era) for saved in row.saved)


def reads(era: str, key: str, value: Typed) -> dict[str, Value] | None:
    """The answers that a key's value stands for; None where no form understands it."""
    found: dict[str, Value] | None = None
    for _row, saved in saved_of(era):
        if saved.key == key:
            read = saved.stored.read(value)
            if read is not None:
                found = {**(found or {}), **read}
    return found


def _for_era(answers: Given, era: str) -> tuple[dict[str, Value], tuple[str, ...]]:
    """The answers with this generation in place of another, less what it would refuse."""
    given: dict[str, Value] = {**answers, "era": era}
    if given.get("build") not in BUILDS[era]:
        given["build"] = NEWEST[era]
    if answers.get("era") in (None, era):
        return given, ()
    notices = [f"The answers are for the generation {answers['era']}; this file is for {era}."]
    for name in list(given):
        question = DEPLOY.question(name)
        if question is None or name not in rows_by_name():
            continue
        try:
            check_value(question, given[name], given)
        except InvalidInput as error:
            notices.append(f"Left out: {error.message}")
            del given[name]
    return given, tuple(notices)


def _written(given: Given, era: str) -> dict[str, Typed]:
    """What the answers that are asked for write, by key; the first row of a key decides."""
    found: dict[str, Typed] = {}
    for row, saved in saved_of(era):
        if saved.key in found or not row.asked(given) or _stays_open(saved, given):
            continue
        value = saved.stored.write(given)
        if value is not None:
            found[saved.key] = value
    return found


def _stays_open(saved: Saved, given: Given) -> bool:
    return saved.secret or (
        saved.storage and ansible(given) and given.get("storage_in_file") is not True
    )


def _with_kept(
    ours: dict[str, Typed], given: Given, era: str
) -> tuple[list[Entry], tuple[str, ...]]:
    """Ours and the lines kept from an imported file; where both have a key, the answer decides."""
    entries = {(DEFAULT, key): Entry(DEFAULT, key, value) for key, value in ours.items()}
    kept = given.get("other_keys")
    lines = [line_of(text).entry for text in kept] if isinstance(kept, tuple) else []
    replaced = {
        entry.key
        for entry in _strongest(lines)
        if entry.key in ours and not _agree(entry, given, era)
    }
    entries |= {(e.section, e.key): e for e in lines if e.key not in replaced}
    notices = tuple(
        f"{entry.key}={entry.value} of the imported file was replaced by the answer."
        for entry in lines
        if entry.key in replaced and entry.value != ASK_ME
    )
    return list(entries.values()), notices


def _strongest(entries: list[Entry]) -> Iterable[Entry]:
    """Of each key the entry that the tool goes by in the end."""
    by_key = {entry.key: entry for entry in sorted(entries, key=strength)}
    return by_key.values()


def strength(entry: Entry) -> int:
    """The place of an entry's section in what goes before what; others say nothing to the tool."""
    return SECTIONS.index(entry.section) if entry.section in SECTIONS else -1


def _agree(entry: Entry, given: Given, era: str) -> bool:
    read = reads(era, entry.key, entry.value)
    return bool(read) and all(given.get(name) == value for name, value in (read or {}).items())


def _left_out(given: Given, era: str, keys: set[str]) -> Iterator[str]:
    passwords = [name for name, value in given.items() if isinstance(value, SecretReference)]
    if passwords:
        yield f"Passwords are never written, the tool asks: {_titles(passwords)}."
    storage = [
        row.name
        for row, saved in saved_of(era)
        if saved.storage and not saved.secret and row.name in given and row.asked(given)
    ]
    if storage and ansible(given) and given.get("storage_in_file") is not True:
        yield (
            f"Storage stays open, so that a mistake there can be mended: {_titles(storage)}."
            " storage_in_file: true writes it."
        )
    rest = [name for name in given if name not in storage and not _is_there(name, given, era, keys)]
    if rest:
        yield f"No key says this, the tool asks where it must: {_titles(rest)}."


def _is_there(name: str, given: Given, era: str, keys: set[str]) -> bool:
    """Whether the answer is in the file, is not asked for, or is what the tool does anyway."""
    value = given[name]
    rows = [row for row in rows_by_name().get(name, ()) if row.era == era and row.asked(given)]
    if name in QUIET or not rows or isinstance(value, SecretReference):
        return True
    return value in (row.default for row in rows) or any(
        saved.key in keys for row in rows for saved in row.saved
    )


def _titles(names: list[str]) -> str:
    return ", ".join(f"{WORDINGS[name].title} ({name})" for name in dict.fromkeys(names))

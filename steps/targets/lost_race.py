"""What an operator is told when somebody else changed an entry first: one wording for all."""

from __future__ import annotations

from config.errors import Refused
from steps.targets.directory import Entry

_RELOAD = "Nothing was changed. Read the entry again and decide on what it says now."


def changed_meanwhile(dn: str, now: Entry | None, detail: str = "") -> Refused:
    """The entry is not what it was when it was read: who changed it, when, and what it is now."""
    if now is None:
        return Refused(f"The directory entry {dn} is gone: somebody deleted it.", _RELOAD)
    told = f" {detail}" if detail else ""
    return Refused(f"The directory entry {dn} was changed {_by_whom(now)}.{told}", _RELOAD)


def already_there(dn: str, now: Entry | None) -> Refused:
    """An entry that was to be added exists: who wrote it, and when."""
    written = f", last written {_by_whom(now)}" if now is not None else ""
    return Refused(f"There is already a directory entry {dn}{written}.", _RELOAD)


def parent_missing(dn: str, parent: str) -> Refused:
    """An entry that was to be added has nothing above it."""
    return Refused(
        f"{dn} cannot be added: the directory has no entry {parent}.",
        "Nothing was changed. Add the missing entry above it first.",
    )


def has_children(dn: str) -> Refused:
    """An entry that was to be deleted has entries below it."""
    return Refused(
        f"{dn} cannot be deleted: the directory has entries below it.",
        "Nothing was changed. Delete the entries below it first.",
    )


def csn_detail(now: Entry | None, expected_csn: str) -> str:
    """The two change numbers, for `changed_meanwhile`."""
    return f"Its entryCSN is now {now.entry_csn}, read was {expected_csn}." if now else ""


def value_detail(now: Entry | None, attribute: str, expected: str) -> str:
    """The value found and the value expected, for `changed_meanwhile`."""
    if now is None:
        return ""
    found = ", ".join(value.decode("utf-8", "replace") for value in now.values(attribute))
    return f"Its {attribute} is now {found or 'not set'}, expected was {expected}."


def _by_whom(entry: Entry) -> str:
    return f"by {entry.modified_by or 'an unknown writer'} at {entry.modified_at or 'unknown time'}"

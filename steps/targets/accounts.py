"""Owners and groups of this host, by name."""

from __future__ import annotations

import grp
import pwd


def owner_name(number: int) -> str:
    """The user's name, or the number where it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def group_name(number: int) -> str:
    """The group's name, or the number where it has none."""
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def owner_number(owner: str) -> int | None:
    """The user's number; a number stands for itself; None where there is no such user."""
    try:
        return pwd.getpwnam(owner).pw_uid
    except KeyError:
        return int(owner) if owner.isascii() and owner.isdigit() else None


def group_number(group: str) -> int | None:
    """The group's number; a number stands for itself; None where there is no such group."""
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return int(group) if group.isascii() and group.isdigit() else None


def missing_owner(where: str, owner_known: bool, owner: str, group_known: bool, group: str) -> str:
    """Empty where both are known, else a sentence that says which is missing."""
    missing = [] if owner_known else [f"user {owner!r}"]
    missing += [] if group_known else [f"group {group!r}"]
    return f"There is no {' and no '.join(missing)} on {where}." if missing else ""

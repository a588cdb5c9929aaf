"""LDIF as text: content records in, content and change records out. Pure; refuses hostile input."""

from __future__ import annotations

from collections.abc import Sequence

from steps.targets.directory import Attributes, Change, Entry

MAX_BYTES = 8 << 20
"""A machine's LDIF is a few kilobytes; anything beyond this is refused unread."""


def parse_entries(data: bytes, name: str) -> tuple[Entry, ...]:
    """Content records of an LDIF file called `name`; raises InvalidInput with file and line."""
    raise NotImplementedError


def dump_entries(entries: Sequence[Entry]) -> str:
    """Content records, unwrapped lines, base64 where RFC 2849 asks for it."""
    raise NotImplementedError


def dump_modify(dn: str, changes: Sequence[Change], *, expected_csn: str = "") -> str:
    """One change record, as `ldapmodify` reads it; the guard stands in a comment."""
    raise NotImplementedError


def dump_add(dn: str, attributes: Attributes) -> str:
    """One `changetype: add` record."""
    raise NotImplementedError


def dump_delete(dn: str) -> str:
    """One `changetype: delete` record."""
    raise NotImplementedError


def normal_dn(dn: str) -> str:
    """A DN for comparing: lower case, spaces around separators folded (RFC 4514 escapes kept)."""
    raise NotImplementedError

"""LDIF as text: content records in, content and change records out. Pure; refuses hostile input.

The reader is ours because python-ldap's `ldif` module is unfit for files that may be hostile: its
check of a DN takes exponential time, it decodes broken base64 without a word, it turns `attr:< URL`
into a missing value, it refuses values that are not UTF-8, and it knows no line of an entry.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from config.errors import InvalidInput
from steps.targets.directory import Attributes, Change, Entry

MAX_BYTES = 8 << 20
"""A machine's LDIF is a few kilobytes; anything beyond this is refused unread."""

MAX_LINES = 200_000
MAX_ENTRIES = 5_000
MAX_VALUE_BYTES = 1 << 20
MAX_DN_CHARACTERS = 4_096

_ATTRIBUTE = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*)(?:;[A-Za-z0-9-]+)*")
_SAFE = re.compile(
    rb"(?:[\x01-\x09\x0b\x0c\x0e-\x1f\x21-\x39\x3b\x3d-\x7f]"
    rb"(?:[\x01-\x09\x0b\x0c\x0e-\x7f]*[\x01-\x09\x0b\x0c\x0e-\x1f\x21-\x7f])?)?"
)
_ONLY_CHANGES = (b"changetype", b"control")


@dataclass(frozen=True, slots=True)
class LdifDocument:
    """The entries of one file, with the line (1-based) where each begins, and what was tidied."""

    entries: tuple[Entry, ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Line:
    """One unfolded line and where it began."""

    number: int
    text: bytes


def parse_entries(data: bytes, name: str) -> tuple[Entry, ...]:
    """Content records of an LDIF file called `name`; raises InvalidInput with file and line."""
    return parse_document(data, name).entries


def parse_document(data: bytes, name: str) -> LdifDocument:
    """Content records, where they stand, and notes about repeated entries.

    An entry that is repeated word for word is dropped with a note (an LDIF written in append mode
    has them); one that is repeated with other values is refused, naming both lines. Operational
    attributes stay among the attributes and also fill `entry_csn` and its like.

    Raises InvalidInput.
    """
    if len(data) > MAX_BYTES:
        raise InvalidInput(
            f"{name} has {len(data)} bytes; an LDIF file may have {MAX_BYTES}.",
            "Check that this is the machine's LDIF and not another file.",
        )
    seen: dict[str, tuple[Entry, int]] = {}
    notes: list[str] = []
    for record in _records(data, name):
        _keep(_entry(record, name), record[0].number, seen, notes, name)
    return LdifDocument(
        tuple(entry for entry, _ in seen.values()),
        tuple(line for _, line in seen.values()),
        tuple(notes),
    )


def dump_entries(entries: Sequence[Entry]) -> str:
    """Content records, unwrapped lines, base64 where RFC 2849 asks for it."""
    return "\n".join(
        _dump_pair("dn", entry.dn.encode()) + _dump_attributes(entry.attributes)
        for entry in entries
    )


def dump_modify(dn: str, changes: Sequence[Change], *, expected_csn: str = "") -> str:
    """One change record, as `ldapmodify` reads it.

    With `expected_csn` the server refuses it (122) where the entry has changed since.
    """
    written = "".join(_dump_change(change) for change in changes)
    return _dump_head(dn, expected_csn) + "changetype: modify\n" + written


def dump_add(dn: str, attributes: Attributes) -> str:
    """One `changetype: add` record."""
    return _dump_pair("dn", dn.encode()) + "changetype: add\n" + _dump_attributes(attributes)


def dump_delete(dn: str, *, expected_csn: str = "") -> str:
    """One `changetype: delete` record; `expected_csn` as for `dump_modify`."""
    return _dump_head(dn, expected_csn) + "changetype: delete\n"


@lru_cache(maxsize=2048)
def normal_dn(dn: str) -> str:
    """A DN for comparing: lower case, spaces around separators folded (RFC 4514 escapes kept).

    Raises InvalidInput where it is no DN.
    """
    return ",".join(normal_rdn(rdn) for rdn in split_dn(dn))


def normal_rdn(rdn: str) -> str:
    """One component of a DN for comparing; parts joined by `+` are put in order."""
    return "+".join(sorted(_normal_part(part) for part in _split(rdn, "+")))


def split_dn(dn: str) -> tuple[str, ...]:
    """The components of a DN as they stand, without the spaces around them."""
    return tuple(part.strip(" ") for part in _split(dn, ",")) if dn.strip(" ") else ()


def same_dn(first: str, second: str) -> bool:
    """Whether two DNs name the same entry."""
    return normal_dn(first) == normal_dn(second)


def below(dn: str, base: str) -> bool:
    """Whether `dn` is the entry `base` or lies below it."""
    return normal_dn(dn) == normal_dn(base) or normal_dn(dn).endswith("," + normal_dn(base))


def _refuse(name: str, line: int, what: str, remedy: str = "") -> InvalidInput:
    return InvalidInput(f"{name}, line {line}: {what}", remedy or "Correct the file.")


def _shown(text: bytes) -> str:
    """A piece of the file for a message: short, and without control characters."""
    cut = text[:60].decode("utf-8", "replace")
    return ascii(cut) if len(text) <= 60 else ascii(cut) + "..."


def _unfolded(data: bytes, name: str) -> Iterator[_Line]:
    """Lines with their continuations joined and comments dropped; an empty one ends a record."""
    raw = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if len(raw) > MAX_LINES:
        raise InvalidInput(f"{name} has more than {MAX_LINES} lines.", "Check that it is an LDIF.")
    parts: list[bytes] = []
    start = 0
    for number, line in enumerate(raw, 1):
        line = line.removesuffix(b"\r")
        if b"\0" in line or b"\r" in line:
            raise _refuse(name, number, "a NUL or a lone carriage return stands in the text.")
        if line.startswith(b" ") and parts:
            parts.append(line[1:])
            continue
        if parts:
            yield _Line(start, b"".join(parts))
        if line.startswith(b" "):
            raise _refuse(name, number, "a continuation line has nothing to continue.")
        parts, start = ([line], number) if line else ([], number)
        if not line:
            yield _Line(number, b"")
    if parts:
        yield _Line(start, b"".join(parts))


def _records(data: bytes, name: str) -> Iterator[list[_Line]]:
    """Lines grouped by record; the version line is checked and left out."""
    record: list[_Line] = []
    count = 0
    for line in _unfolded(data, name):
        if line.text.startswith(b"#"):
            continue
        if line.text and not record and count == 0 and line.text.lower().startswith(b"version:"):
            _check_version(line, name)
            continue
        if line.text:
            record.append(line)
        elif record:
            count += 1
            yield record
            record = []
        if count > MAX_ENTRIES:
            raise _refuse(name, line.number, f"more than {MAX_ENTRIES} entries.")
    if record:
        yield record


def _check_version(line: _Line, name: str) -> None:
    if line.text.partition(b":")[2].strip() != b"1":
        raise _refuse(name, line.number, f"{_shown(line.text)}: only LDIF version 1 is known.")


def _entry(record: list[_Line], name: str) -> Entry:
    first, *rest = record
    key, value = _pair(first, name)
    if key.lower() != b"dn":
        raise _refuse(name, first.number, f"{_shown(first.text)} stands where an entry's dn must.")
    dn = _dn(value, first, name)
    values: dict[str, dict[bytes, None]] = {}
    spelling: dict[str, str] = {}
    for line in rest:
        key, value = _pair(line, name)
        if key.lower() in _ONLY_CHANGES:
            raise _refuse(
                name,
                line.number,
                f"{_shown(line.text)}: this is a change, not an entry.",
                "Give a file of entries, as a backup or ldapsearch writes it.",
            )
        if key.lower() == b"dn":
            raise _refuse(name, line.number, "a second dn; an empty line must stand before it.")
        attribute = spelling.setdefault(key.decode().lower(), key.decode())
        values.setdefault(attribute, {})[value] = None
    return make_entry(dn, {attribute: tuple(found) for attribute, found in values.items()})


def make_entry(dn: str, attributes: Attributes) -> Entry:
    """An entry with the fields that guard a change filled from its operational attributes."""
    plain = Entry(dn, attributes)
    return Entry(
        dn,
        attributes,
        entry_csn=plain.text("entryCSN") or "",
        modified_by=plain.text("modifiersName") or "",
        modified_at=plain.text("modifyTimestamp") or "",
    )


def _dn(value: bytes, line: _Line, name: str) -> str:
    try:
        dn = value.decode("utf-8")
        if not split_dn(dn):
            raise InvalidInput("the DN is empty.")
        normal_dn(dn)
    except UnicodeDecodeError as error:
        raise _refuse(name, line.number, "the DN is not UTF-8.") from error
    except InvalidInput as error:
        raise _refuse(name, line.number, error.message) from error
    return dn


def _pair(line: _Line, name: str) -> tuple[bytes, bytes]:
    """Attribute and value of one line."""
    key, colon, rest = line.text.partition(b":")
    if not colon or not _ATTRIBUTE.fullmatch(key):
        raise _refuse(name, line.number, f"{_shown(line.text)} is not `attribute: value`.")
    if len(rest) > 2 * MAX_VALUE_BYTES:
        raise _refuse(name, line.number, f"the value of {key.decode()} is too long.")
    if rest.startswith(b"<"):
        raise _refuse(
            name,
            line.number,
            f"{key.decode()} points to a URL; nothing is fetched.",
            "Write the value itself, as base64 after `::` where it is not plain text.",
        )
    value = _base64(rest[1:], line, name) if rest.startswith(b":") else rest.lstrip(b" ")
    if len(value) > MAX_VALUE_BYTES:
        raise _refuse(name, line.number, f"the value of {key.decode()} is too long.")
    return key, value


def _base64(text: bytes, line: _Line, name: str) -> bytes:
    try:
        return base64.b64decode(text.strip(b" "), validate=True)
    except binascii.Error as error:
        raise _refuse(name, line.number, f"{_shown(line.text)}: broken base64.") from error


def _keep(
    entry: Entry, line: int, seen: dict[str, tuple[Entry, int]], notes: list[str], name: str
) -> None:
    key = normal_dn(entry.dn)
    if key not in seen:
        seen[key] = (entry, line)
        return
    first, first_line = seen[key]
    if _comparable(first) != _comparable(entry):
        raise _refuse(
            name,
            line,
            f"{entry.dn} stands here again with other values than in line {first_line}.",
            "Remove the copy that does not belong to this backup.",
        )
    notes.append(f"{name}: {entry.dn} stands twice (lines {first_line} and {line}), the same.")


def _comparable(entry: Entry) -> dict[str, frozenset[bytes]]:
    return {attribute.lower(): frozenset(found) for attribute, found in entry.attributes.items()}


def _dump_attributes(attributes: Attributes) -> str:
    return "".join(
        _dump_pair(attribute, value) for attribute, values in attributes.items() for value in values
    )


def _dump_pair(attribute: str, value: bytes) -> str:
    if not _ATTRIBUTE.fullmatch(attribute.encode()):
        raise InvalidInput(f"{attribute!r} is not the name of an attribute.", "Correct the name.")
    if not value:
        return f"{attribute}:\n"
    if _SAFE.fullmatch(value):
        return f"{attribute}: {value.decode('ascii')}\n"
    return f"{attribute}:: {base64.b64encode(value).decode('ascii')}\n"


def _dump_change(change: Change) -> str:
    if change.kind not in ("add", "delete", "replace"):
        raise InvalidInput(f"{change.kind!r} is not a kind of change.", "Use add, delete, replace.")
    pairs = "".join(_dump_pair(change.attribute, value) for value in change.values)
    return _dump_pair(change.kind, change.attribute.encode()) + pairs + "-\n"


_ASSERTION = "1.3.6.1.1.12"
_OCTETS, _EQUALITY = 0x04, 0xA3


def _dump_head(dn: str, csn: str) -> str:
    """The DN, and the assertion control (RFC 4528) on the entryCSN, which a comment spells out."""
    named = _dump_pair("dn", dn.encode())
    if not csn:
        return named
    if not re.fullmatch(r"[0-9A-Za-z.#+-]{1,64}", csn):
        raise InvalidInput(f"{csn!r} is not an entryCSN.", "Read the entry again.")
    test = _ber(_EQUALITY, _ber(_OCTETS, b"entryCSN") + _ber(_OCTETS, csn.encode()))
    control = f"control: {_ASSERTION} true:: {base64.b64encode(test).decode()}\n"
    return f"# only while (entryCSN={csn})\n{named}{control}"


def _ber(tag: int, content: bytes) -> bytes:
    """An ASN.1 value of less than 128 bytes."""
    return bytes([tag, len(content)]) + content


def _split(text: str, separator: str) -> Iterable[str]:
    """Split at separators that are neither escaped nor quoted; every part must be `type=value`."""
    if len(text) > MAX_DN_CHARACTERS:
        raise InvalidInput(
            f"The DN {text[:60]!r}... is longer than {MAX_DN_CHARACTERS} characters."
        )
    parts, start, position, quoted = [], 0, 0, False
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    parts.append(text[start:])
    if quoted or position > len(text) or not all("=" in part for part in parts):
        raise InvalidInput(f"{text[:80]!r} is not a DN.", "Write it as attribute=value,...")
    return parts


def _normal_part(part: str) -> str:
    kind, _, value = part.partition("=")
    if not _ATTRIBUTE.fullmatch(kind.strip(" ").encode()):
        raise InvalidInput(f"{part[:80]!r} is not a DN component.", "Write it as attribute=value.")
    return f"{kind.strip(' ').lower()}={_escaped(_plain(value).lower())}"


def _plain(value: str) -> str:
    """A value without its escapes and outer spaces, runs of spaces folded to one."""
    stripped = value.strip(" ")
    if len(stripped) > 1 and stripped[0] == stripped[-1] == '"':
        stripped = stripped[1:-1]
    raw = re.sub(
        r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)",
        lambda found: _unhex(found[1]) if found[1] else found[2],
        stripped,
        flags=re.DOTALL,
    )
    return re.sub(" +", " ", raw).strip(" ")


def _unhex(escapes: str) -> str:
    return bytes.fromhex(escapes.replace("\\", "")).decode("utf-8", "surrogateescape")


def _escaped(value: str) -> str:
    return re.sub(r'([,+"\\<>;=])', r"\\\1", value)

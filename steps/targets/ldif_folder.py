"""A folder of LDIF files: what they hold, and one record of one file changed at a time.

Every `*.ldif` in the folder counts, subfolders do not. An entry is written back to the file it
came from, and only its own record: other records and comments keep their bytes. A new entry goes to
the file of the nearest entry above it; a new machine gets a file of its own, `<uuid>.ldif`. A file
whose last entry is deleted is removed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config.errors import InvalidInput
from steps.ldif_text import MAX_BYTES, dump_entries, normal_dn, parse_document, split_dn
from steps.targets.directory import Attributes, Entry
from steps.targets.directory_names import naming
from steps.targets.files import read_range, remove_durably, write_atomically
from steps.targets.os_errors import explaining

_OPERATIONAL = frozenset(
    name.lower()
    for name in (
        "contextCSN", "createTimestamp", "creatorsName", "entryCSN", "entryDN", "entryUUID",
        "hasSubordinates", "modifiersName", "modifyTimestamp", "structuralObjectClass",
        "subschemaSubentry",
    )
)  # fmt: skip
_OUTDATED = frozenset({"entrycsn", "modifiersname", "modifytimestamp", "contextcsn"})
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_OWN_FILE = "sstvirtualmachine"


@dataclass(frozen=True, slots=True)
class Record:
    """One entry as it stands in a file: as read, and with its operational attributes."""

    entry: Entry
    file: Path
    line: int
    stored: Attributes
    repeated: bool


Records = dict[str, Record]
"""Records by normalised DN."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder against every other writer that asks. Waits for them."""
    with explaining(f"Cannot lock {str(folder)!r}"):
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except BaseException:
            os.close(descriptor)
            raise
    try:
        yield
    finally:
        os.close(descriptor)


def load(folder: Path) -> Records:
    """Every entry of every file. Raises InvalidInput with file and line where one is wrong."""
    with explaining(f"Cannot read the directory's folder {str(folder)!r}"):
        files = sorted(file for file in folder.iterdir() if file.name.endswith(".ldif"))
    records: Records = {}
    for file in files:
        if not file.name.startswith("."):
            _load_file(file, records)
    return records


def replace_record(record: Record, attributes: Attributes) -> None:
    """Write the entry's new attributes in place of its record."""
    entry = Entry(record.entry.dn, _kept(record, attributes))
    _splice(record, dump_entries([entry]).encode())


def remove_record(record: Record) -> None:
    """Take the entry's record out of its file."""
    _splice(record, b"")


def add_record(folder: Path, records: Records, entry: Entry) -> None:
    """Append the entry to the file it belongs to."""
    file = _file_for(folder, records, entry.dn)
    text = dump_entries([entry]).encode()
    before = _read(file) if file.exists() else b""
    separator = b"" if not before else b"\n" if before.endswith(b"\n") else b"\n\n"
    _write(file, before + separator + text)


def content_csn(dn: str, attributes: Attributes) -> str:
    """What stands for an entryCSN here: a digest of the content, so any change changes it."""
    digest = hashlib.sha256(normal_dn(dn).encode())
    pairs = sorted((name.lower(), value) for name, values in attributes.items() for value in values)
    for name, value in pairs:
        digest.update(f"\n{name} {len(value)} ".encode() + value)
    return f"sha256.{digest.hexdigest()[:40]}"


def _load_file(file: Path, records: Records) -> None:
    document = parse_document(_read(file), str(file))
    by, at = _written(file)
    for entry, line in zip(document.entries, document.lines, strict=True):
        key = normal_dn(entry.dn)
        if key in records:
            raise InvalidInput(
                f"{file}, line {line}: {entry.dn} stands in {records[key].file.name} as well.",
                "Remove the copy that is out of date.",
            )
        plain = {k: v for k, v in entry.attributes.items() if k.lower() not in _OPERATIONAL}
        seen = Entry(entry.dn, plain, content_csn(entry.dn, plain), by, at)
        records[key] = Record(seen, file, line, entry.attributes, bool(document.notes))


def _written(file: Path) -> tuple[str, str]:
    """Who last wrote the file and when: the nearest thing to modifiersName and its time."""
    with explaining(f"Cannot look at {str(file)!r}"):
        status = file.stat()
    try:
        owner = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        owner = str(status.st_uid)
    moment = datetime.fromtimestamp(status.st_mtime, UTC).strftime("%Y%m%d%H%M%SZ")
    return f"{owner} (owner of {file.name})", moment


def _kept(record: Record, attributes: Attributes) -> Attributes:
    """The new attributes, and those operational ones that stay true."""
    kept = {
        name: values
        for name, values in record.stored.items()
        if name.lower() in _OPERATIONAL - _OUTDATED
    }
    return {**attributes, **kept}


def _splice(record: Record, text: bytes) -> None:
    if record.repeated:
        raise InvalidInput(
            f"{record.file} holds an entry more than once, so it is not changed.",
            "Remove the repeated entries from it first.",
        )
    lines = _read(record.file).split(b"\n")
    start = record.line - 1
    end = start
    while end < len(lines) and lines[end].strip(b"\r"):
        end += 1
    after = lines[end:] if text else lines[end + 1 :]
    new = b"\n".join([*lines[:start], *text.split(b"\n")[:-1], *after])
    if parse_document(new, str(record.file)).entries:
        _write(record.file, new if new.endswith(b"\n") else new + b"\n")
    else:
        remove_durably(str(record.file))


def _file_for(folder: Path, records: Records, dn: str) -> Path:
    attribute, value = naming(dn)
    if attribute.lower() != _OWN_FILE:
        above = split_dn(normal_dn(dn))[1:]
        for level in range(len(above)):
            found = records.get(",".join(above[level:]))
            if found is not None:
                return found.file
    plain = _PLAIN_NAME.fullmatch(value) is not None
    name = value if plain else hashlib.sha256(normal_dn(dn).encode()).hexdigest()[:16]
    return folder / f"{name}.ldif"


def _read(file: Path) -> bytes:
    return read_range(str(file), MAX_BYTES + 1, 0)


def _write(file: Path, data: bytes) -> None:
    mode = stat.S_IMODE(file.stat().st_mode) if file.exists() else 0o600
    write_atomically(str(file), data, mode)

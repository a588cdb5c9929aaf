"""The files of one backup set in a folder of this host, under their scheme names. Reads only.

`<VM>.ldif.<leaf>`, `<VM>.xml.<leaf>`, `<VM>.state.<leaf>`, `<image>.<leaf>`. Every file is bounded;
what is no regular file is refused without waiting on it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from config.errors import InvalidInput
from steps.ldif_text import MAX_BYTES as MAX_LDIF_BYTES
from steps.targets.os_errors import explaining
from steps.virtual_machine.domain_xml import MAX_BYTES as MAX_XML_BYTES
from steps.virtual_machine.image_header import HEADER_BYTES, SetImage, read_image
from steps.virtual_machine.safe_names import is_safe_name, safe_name
from steps.virtual_machine.sources import Sources
from steps.virtual_machine.state_file import (
    NEEDED_BYTES,
    NotRunning,
    StateHeader,
    read_header,
)

DOCUMENTS = ("ldif", "xml", "state")
MAX_IMAGES = 1000
_FIRST_LOOK = 256 << 10


def read_bounded(path: Path, limit: int) -> bytes:
    """All of a regular file; raises InvalidInput where it is larger than `limit` bytes."""
    with _opened(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise InvalidInput(
            f"{path} is larger than {limit} bytes.", "Check that it is the file that was meant."
        )
    return data


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file, opened without waiting on a FIFO or a device.

    Not by steps.targets.files: loading that costs more than a whole comparison.
    """
    with explaining(f"Cannot read {str(path)!r}"):
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        with open(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InvalidInput(f"{str(path)!r} is not a regular file.", "Name a file.")
            yield file


def leaves(folder: Path, machine: str) -> tuple[str, ...]:
    """Iterations of that machine in the folder, by name; the last is the newest."""
    found = set()
    for name in _names(folder):
        for kind in DOCUMENTS:
            prefix = f"{machine}.{kind}."
            if name.startswith(prefix) and is_safe_name(name.removeprefix(prefix)):
                found.add(name.removeprefix(prefix))
    return tuple(sorted(found))


def read_set(folder: Path, machine: str, leaf: str = "") -> Sources:
    """The backup's half of a comparison; without `leaf` the newest iteration.

    Raises InvalidInput where the folder has none, or a file of it is larger than it can be.
    """
    safe_name(machine, "machine")
    chosen = safe_name(leaf, "iteration") if leaf else ""
    known = leaves(folder, machine)
    if not known or (chosen and chosen not in known):
        raise InvalidInput(
            f"{folder} has no backup {chosen + ' ' if chosen else ''}of {machine}.",
            f"There is: {', '.join(known)}." if known else _who_is_there(folder),
        )
    chosen = chosen or known[-1]
    return Sources(
        machine=machine,
        leaf=chosen,
        directory_backup=_document(folder, machine, "ldif", chosen, MAX_LDIF_BYTES),
        xml_backup=_document(folder, machine, "xml", chosen, MAX_XML_BYTES),
        images=_images(folder, machine, chosen),
    ).with_state(_state(folder / f"{machine}.state.{chosen}"))


def _who_is_there(folder: Path) -> str:
    """Whose backups the folder has: files bear the machine's name, not the one people call it."""
    found = (name.partition(".ldif.") for name in _names(folder))
    machines = sorted({name for name, mark, _ in found if mark and is_safe_name(name)})
    if not machines:
        return "Files are named <VM>.ldif.<leaf>."
    more = f" and {len(machines) - 5} more" if len(machines) > 5 else ""
    return f"It has backups of {', '.join(machines[:5])}{more}."


def _names(folder: Path) -> list[str]:
    with explaining(f"Cannot read the folder {str(folder)!r}"):
        return sorted(os.listdir(folder))


def _document(folder: Path, machine: str, kind: str, leaf: str, limit: int) -> bytes | None:
    path = folder / f"{machine}.{kind}.{leaf}"
    return read_bounded(path, limit) if os.path.lexists(path) else None


def _state(path: Path) -> StateHeader | NotRunning | None:
    if not os.path.lexists(path):
        return None
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        header = read_header(file.read(_FIRST_LOOK), size)
        if isinstance(header, StateHeader) and header.header_length > _FIRST_LOOK:
            file.seek(0)
            header = read_header(file.read(NEEDED_BYTES), size)
        return header


def _images(folder: Path, machine: str, leaf: str) -> tuple[SetImage, ...]:
    """Every other file of the iteration, by its name without it."""
    suffix = f".{leaf}"
    documents = {f"{machine}.{kind}{suffix}" for kind in DOCUMENTS}
    names = [x for x in _names(folder) if x.endswith(suffix) and x not in documents]
    if len(names) > MAX_IMAGES:
        raise InvalidInput(f"{folder} has {len(names)} files of the iteration {leaf}.")
    return tuple(_image(folder / name, name.removesuffix(suffix)) for name in names)


def _image(path: Path, name: str) -> SetImage:
    try:
        with _opened(path) as file:
            return read_image(name, file.read(HEADER_BYTES), os.fstat(file.fileno()).st_size)
    except InvalidInput as error:
        return SetImage(name, problem=error.message)

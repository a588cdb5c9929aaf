"""Reads one backup set and what surrounds it, for backup_set.py to judge. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from config.errors import InvalidInput, RekindleError
from steps.ldif_text import parse_entries
from steps.targets.directory import Entry
from steps.targets.hypervisor import Hypervisor
from steps.targets.shell import Shell
from steps.virtual_machine.backup.manifest import read_manifest
from steps.virtual_machine.backup_plan import BackupPlan
from steps.virtual_machine.backup_set import (
    NOT_RUNNING,
    SAVED,
    HostFit,
    ImageFacts,
    Room,
    SetFacts,
    StateFacts,
)
from steps.virtual_machine.iterations import INCOMPLETE, MANIFEST, SUMS, parse_sums
from steps.virtual_machine.places import SetPlace
from steps.virtual_machine.qemu_image import check_image, try_info
from steps.virtual_machine.safe_names import safe_path
from steps.virtual_machine.small_files import read_small
from steps.virtual_machine.state_file import (
    NEEDED_BYTES,
    NotRunning,
    StateHeader,
    StateKind,
    read_header,
)
from steps.virtual_machine.xml_facts import XmlDisk, XmlFacts, xml_facts

_FIRST_LOOK = 1 << 20
_BRIDGES = "/sys/class/net"


@dataclass(frozen=True, slots=True)
class SetDocuments:
    """The documents of a set as text; they may hold secrets. None: not there or not readable.

    `disks` are the images to restore, by what the state's XML says, else the backup's XML, else
    the directory entry.
    """

    ldif: bytes | None
    xml: str | None
    state_xml: str | None
    entries: tuple[Entry, ...]
    facts: XmlFacts | None
    disks: tuple[XmlDisk, ...]
    sums: Mapping[str, str]
    header: StateHeader | NotRunning | None
    problems: tuple[str, ...]
    was: str = ""
    """By the manifest, the state the machine was in; empty for a set without (an original one)."""


class SetReader:
    """One set on one node. `live_root` is where images may lie that others stand on."""

    def __init__(
        self, shell: Shell, place: SetPlace, live_root: str = "/var/virtualization"
    ) -> None:
        self._shell = shell
        self._place = place
        self._live_root = live_root
        self._problems: list[str] = []

    def documents(self) -> SetDocuments:
        """Read state header, XML, directory entry and checksum list."""
        self._problems.clear()
        if self._shell.status(f"{self._place.backup}/{INCOMPLETE}") is not None:
            self._problems.append(f"{self._place.backup} is incomplete: its backup did not end.")
        header = read_state_header(self._shell, self._file("state"))
        state_xml = _state_xml(header)
        ldif, xml = self._small("ldif"), self._small("xml")
        entries = self._entries(ldif)
        facts = self._facts(state_xml, "XML in the state file") or self._facts(xml, "XML")
        disks = facts.images if facts else disks_of(entries)
        if facts is None:
            self._problems.append("There is no XML that says which disks the machine has.")
        sums = parse_sums(self._text(f"{self._place.backup}/{SUMS}"))
        was = self._was()
        return SetDocuments(
            ldif, None if xml is None else xml.decode("utf-8", "replace"), state_xml, entries,
            facts, disks, sums, header, tuple(self._problems), was,
        )  # fmt: skip

    def small_files(self) -> tuple[str, ...]:
        """Names (without iteration) of the small files that are there."""
        names = (f"{self._place.machine}.{suffix}" for suffix in ("ldif", "xml"))
        return tuple(name for name in names if self._shell.status(self._place.file(name)))

    def image(
        self, disk: XmlDisk, documents: SetDocuments, plan_format: str, *, check: bool
    ) -> ImageFacts:
        """One disk's file. With `check` its structure is checked, which takes a while.

        `plan_format` is what the backup plan says, for an XML that does not.
        """
        name = PurePosixPath(disk.source).name
        path = self._place.file(name)
        blank = ImageFacts(
            disk.target, name, disk.source, path, declared_format=disk.format or plan_format,
            declared_size=declared_size(documents.entries, disk.target),
            sha256=documents.sums.get(PurePosixPath(path).name, ""),
        )  # fmt: skip
        status = self._shell.status(path)
        if status is None or status.kind != "file":
            return _with(blank, problem=f"{path} is not there")
        info = try_info(self._shell, path)
        if isinstance(info, str):
            return _with(blank, problem=info, size=status.size, allocated=status.allocated)
        if info.data_file:
            return _with(blank, problem=f"it keeps its data in another file, {info.data_file}")
        found = check_image(self._shell, path, info.format) if check else None
        return _with(
            blank, size=status.size, allocated=status.allocated, format=info.format,
            virtual_size=info.virtual_size, backing=info.backing,
            backing_there=bool(info.backing) and self._may_stand_on(info.backing),
            sound=(found.sound if found else True) and not info.corrupt,
            check=found.text if found else "",
        )  # fmt: skip

    def state(self, documents: SetDocuments) -> StateFacts:
        """What the state file is."""
        path = self._file("state")
        status = self._shell.status(path)
        header = documents.header
        if status is None or header is None:
            return StateFacts("missing", problem=f"{path} is not there.")
        sha256 = documents.sums.get(PurePosixPath(path).name, "")
        if isinstance(header, NotRunning):
            ran = documents.was not in ("", "shut off", "crashed")
            return StateFacts(NOT_RUNNING, status.size, sha256=sha256, ran=ran)
        kind = SAVED if header.kind is StateKind.REAL else str(header.kind)
        problem = header.problem and f"{path}: {header.problem}"
        return StateFacts(kind, status.size, header.was_running, problem, sha256)

    def unlisted(self, documents: SetDocuments) -> tuple[str, ...]:
        """Files that the checksum list names and the folder has not."""
        folder = self._place.backup
        return tuple(n for n in documents.sums if self._shell.status(f"{folder}/{n}") is None)

    def _may_stand_on(self, path: str) -> bool:
        """Whether it is one of this site's images: a hostile image could name any file."""
        parts = PurePosixPath(path).parts
        below = PurePosixPath(path).is_relative_to(self._live_root) and ".." not in parts
        return below and self._shell.status(path) is not None

    def _file(self, suffix: str) -> str:
        return self._place.file(f"{self._place.machine}.{suffix}")

    def _small(self, suffix: str) -> bytes | None:
        path = self._file(suffix)
        if self._shell.status(path) is None:
            self._problems.append(f"{path} is not there.")
            return None
        try:
            return read_small(self._shell, path)
        except RekindleError as error:
            self._problems.append(error.message)
            return None

    def _was(self) -> str:
        path = f"{self._place.backup}/{MANIFEST}"
        text = self._text(path)
        try:
            return str(read_manifest(text.encode(), path).was) if text else ""
        except InvalidInput as error:
            self._problems.append(error.message)
            return ""

    def _text(self, path: str) -> str:
        if self._shell.status(path) is None:
            return ""
        return read_small(self._shell, path).decode("utf-8", "replace")

    def _entries(self, ldif: bytes | None) -> tuple[Entry, ...]:
        try:
            return parse_entries(ldif, self._file("ldif")) if ldif is not None else ()
        except InvalidInput as error:
            self._problems.append(error.message)
            return ()

    def _facts(self, xml: str | bytes | None, what: str) -> XmlFacts | None:
        if xml is None:
            return None
        try:
            text = xml if isinstance(xml, str) else xml.decode("utf-8", "replace")
            facts = xml_facts(text, f"The {what} of {self._place.backup}")
            _check_sources(facts)
            return facts
        except InvalidInput as error:
            self._problems.append(error.message)
            return None


def read_state_header(shell: Shell, path: str) -> StateHeader | NotRunning | None:
    """The header of a state file on that host; None where there is no file."""
    status = shell.status(path)
    if status is None or status.kind != "file":
        return None
    header = read_header(shell.read(path, limit=_FIRST_LOOK), status.size)
    if isinstance(header, StateHeader) and header.header_length > _FIRST_LOOK:
        header = read_header(shell.read(path, limit=NEEDED_BYTES), status.size)
    return header


def _state_xml(header: StateHeader | NotRunning | None) -> str | None:
    if not isinstance(header, StateHeader) or header.kind is not StateKind.REAL:
        return None
    return header.xml.decode("utf-8", "replace")


def _check_sources(facts: XmlFacts) -> None:
    """Every image has a sound path of its own, and no two would have one name in a backup."""
    names: dict[str, str] = {}
    for disk in facts.images:
        safe_path(disk.source, f"image of {disk.target}")
        other = names.setdefault(PurePosixPath(disk.source).name, disk.target)
        if other != disk.target:
            raise InvalidInput(
                f"The images of {other} and {disk.target} have one name,"
                f" {PurePosixPath(disk.source).name!r}: a backup can hold only one of them."
            )


def disks_of(entries: Sequence[Entry]) -> tuple[XmlDisk, ...]:
    """The disks that directory entries describe, for a template without an XML."""
    found = []
    for entry in entries:
        target, source = entry.text("sstDisk"), entry.text("sstSourceFile")
        if target and source and (entry.text("sstDevice") or "disk") == "disk":
            found.append(XmlDisk(target, "disk", source, entry.text("sstDriverType") or ""))
    return tuple(sorted(found, key=lambda disk: (len(disk.target), disk.target)))


def declared_size(entries: Sequence[Entry], target: str) -> int | None:
    """The capacity that the directory entry of a disk gives, in bytes."""
    for entry in entries:
        text = entry.text("sstVolumeCapacity")
        if entry.text("sstDisk") == target and text and text.isascii() and text.isdigit():
            return int(text[:20])
    return None


def _with(facts: ImageFacts, **values: object) -> ImageFacts:
    from dataclasses import replace

    return replace(facts, **values)  # type: ignore[arg-type]


def read_room(
    shell: Shell, place: SetPlace, plan: BackupPlan, images: Sequence[ImageFacts]
) -> Room:
    """Space and folders for the copies. What an earlier try has copied already needs no room."""
    live = str(PurePosixPath(images[0].source).parent) if images else plan.retain_root
    retain, folder = shell.status(plan.retain_root), shell.status(live)
    one = retain is not None and folder is not None and retain.device == folder.device
    copied = sum(_allocated(shell, place.retained(image.image)) for image in images)
    return Room(
        retain_root=plan.retain_root,
        retain_exists=retain is not None and retain.kind == "directory",
        retain_free=shell.free_space(plan.retain_root) + copied,
        live_directory=live,
        live_exists=folder is not None and folder.kind == "directory",
        live_free=shell.free_space(live),
        one_file_system=one,
        owner_missing=shell.has_owner(plan.images.owner, plan.images.group)
        or shell.has_owner(plan.directories.owner, plan.directories.group),
    )


def _allocated(shell: Shell, path: str) -> int:
    status = shell.status(path)
    return status.allocated if status is not None else 0


def read_fit(shell: Shell, hypervisor: Hypervisor, facts: XmlFacts | None) -> HostFit:
    """What the XML needs and this host has not."""
    if facts is None:
        return HostFit()
    bridges = bridges_of(shell)
    try:
        types = machine_types(hypervisor)
    except RekindleError as error:
        return HostFit(problem=f"What this host offers could not be read: {error.message}")
    emulator = facts.emulator
    return HostFit(
        emulator_missing=emulator if emulator and shell.status(emulator) is None else "",
        machine_type_missing=(
            facts.machine_type if facts.machine_type and facts.machine_type not in types else ""
        ),
        bridges_missing=tuple(name for name in facts.bridges if name not in bridges),
    )


def machine_types(hypervisor: Hypervisor) -> frozenset[str]:
    """Machine types and their aliases."""
    abilities = hypervisor.abilities()
    aliases = (alias for alias, _ in abilities.machine_aliases)
    return frozenset((*abilities.machine_types, *aliases))


def bridges_of(shell: Shell) -> tuple[str, ...]:
    """The bridges of that host, as its kernel lists them."""
    return tuple(
        name
        for name in shell.list(_BRIDGES)
        if shell.status(f"{_BRIDGES}/{name}/bridge") is not None
    )


def read_set(
    reader: SetReader,
    documents: SetDocuments,
    *,
    room: Room,
    fit: HostFit,
    place: SetPlace,
    images: Sequence[ImageFacts],
) -> SetFacts:
    """Everything about the set itself in one."""
    return SetFacts(
        backup=place.backup,
        images=tuple(images),
        state=reader.state(documents),
        small_files=reader.small_files(),
        document_problems=documents.problems,
        room=room,
        fit=fit,
        unlisted=reader.unlisted(documents),
    )

"""What is learned from each member of an archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from steps.hosted_engine.archive import config_member, engine_files, hash_list
from steps.hosted_engine.archive.budget import Budget
from steps.hosted_engine.archive.byte_stream import ByteStream, EndOfStream
from steps.hosted_engine.archive.compression import (
    MAGIC_BYTES,
    NONE,
    compression_of,
    decompressed,
)
from steps.hosted_engine.archive.contents import NO_DUMPS, SCOPES, Contents
from steps.hosted_engine.archive.dump import DumpContent, dump_content
from steps.hosted_engine.archive.hash_list import Checksums, parse_hash_list
from steps.hosted_engine.archive.member_names import MemberNames
from steps.hosted_engine.archive.problems import ArchiveFault, shown_name
from steps.hosted_engine.archive.read_ahead import read_ahead
from steps.hosted_engine.archive.tar_stream import Member, members
from steps.hosted_engine.archive.warehouse import WarehouseReader

_SMALL: Final = 4 << 10
_SUFFIXES: Final = (".bz2", ".gz", ".xz")
_TREE: Final = "files/"
_OF_THE_DUMP: Final = frozenset({"corrupt-dump", "unknown-dump"})

TakeDump = Callable[[str, str, DumpContent], None]
"""What is done with a database: called with its scope, its member's name, and its dump."""


@dataclass(slots=True)
class MemberReaders:
    """Reads each member once, to its end, and fills the contents."""

    contents: Contents
    budget: Budget
    take_dump: TakeDump | None = None
    """For those who read the dumps themselves; None looks for what an inspection shows."""
    _sums: Checksums = field(default_factory=Checksums)

    def read(self, name: str, member: Member) -> None:
        """A fault within a member is a problem; one of the archive itself is raised."""
        if name in hash_list.ALGORITHMS:
            self._read_hash_list(name, member)
            return
        pieces = self._sums.summed(name, member.content())
        try:
            self._reader(name)(name, member, pieces)
        except ArchiveFault as fault:
            self.contents.add(fault)
        # The checksum is of the whole member, and a fault of the archive comes up again.
        for _piece in pieces:
            pass

    def finish(self) -> None:
        """What can be said after the last member."""
        self.contents.add_all(list(self._sums.problems(whole=self.contents.complete)))

    def _reader(self, name: str) -> Callable[[str, Member, Iterator[bytes]], None]:
        if name in ("version", "os_version"):
            return self._read_word
        if name == "config":
            return self._read_config
        if name == "files":
            return self._read_files
        if name.startswith(_TREE):
            return self._read_tree_file
        if name.startswith("db/"):
            return self._read_database
        return self._pass_over

    def _pass_over(self, _name: str, _member: Member, _pieces: Iterator[bytes]) -> None:
        """Only its checksum counts."""

    def _read_hash_list(self, name: str, member: Member) -> None:
        try:
            data = _whole(member, member.content(), hash_list.MAX_BYTES)
            self._sums.set_list(name, parse_hash_list(data, name))
            self.contents.hash_kind = name
        except ArchiveFault as fault:
            self.contents.add(fault)

    def _read_word(self, name: str, member: Member, pieces: Iterator[bytes]) -> None:
        word = _whole(member, pieces, _SMALL).decode("utf-8", "replace").strip()
        if not word.isprintable():
            raise ArchiveFault("damaged-archive", f"The member '{name}' is damaged.")
        if name == "version":
            self.contents.version = word or None
            self.contents.times["version"] = member.header.mtime
        else:
            self.contents.os_version = word or None

    def _read_config(self, _name: str, member: Member, pieces: Iterator[bytes]) -> None:
        config = config_member.parse_config(_whole(member, pieces, config_member.MAX_BYTES))
        self.contents.config = config
        self.contents.add_all(list(config.problems()))

    def _read_tree_file(self, name: str, member: Member, pieces: Iterator[bytes]) -> None:
        self.contents.files = "directory"
        self.contents.add_scope("files", member.header.mtime)
        self._learn(name.removeprefix(_TREE), member, pieces)

    def _learn(self, name: str, member: Member, pieces: Iterator[bytes]) -> None:
        if engine_files.is_wanted(name):
            data = _whole(member, pieces, engine_files.MAX_FILE_BYTES)
            self.contents.engine_files.take(name, data)

    def _read_files(self, name: str, member: Member, pieces: Iterator[bytes]) -> None:
        """An archive within the archive."""
        stream = ByteStream(pieces)
        head = stream.peek(MAGIC_BYTES)
        if not head:
            return
        kind = self.contents.files = compression_of(head)
        self.contents.add_scope("files", member.header.mtime)
        if kind == NONE:
            self._read_inner(stream)
            return
        with read_ahead(decompressed(stream.rest(), kind, self.budget, f"'{name}'")) as content:
            self._read_inner(ByteStream(content))

    def _read_inner(self, stream: ByteStream) -> None:
        names = MemberNames(within=" of 'files'")
        try:
            for member in members(stream, self.budget, "the member 'files'"):
                name = names.accept(member.header, self.contents)
                if name:
                    self._learn(name, member, member.content())
            for _piece in stream.rest():
                pass
        except EndOfStream as error:
            raise ArchiveFault("truncated", "The member 'files' is cut off.") from error

    def _read_database(self, name: str, member: Member, pieces: Iterator[bytes]) -> None:
        stem = name.removeprefix("db/")
        for suffix in _SUFFIXES:
            stem = stem.removesuffix(suffix)
        stream = ByteStream(pieces)
        if not stream.peek(1) or stem not in SCOPES:
            return
        scope = SCOPES[stem]
        self.contents.add_scope(scope, member.header.mtime)
        take = self.take_dump or {"db": self._read_engine, "dwhdb": self._read_warehouse}.get(scope)
        if take is None or scope in NO_DUMPS:
            return
        try:
            with dump_content(stream.rest(), name, self.budget) as content:
                take(scope, name, content)
        except ArchiveFault as fault:
            if self.take_dump is None and scope == "dwhdb" and fault.code in _OF_THE_DUMP:
                raise _without_warehouse(fault) from fault
            raise

    def _read_engine(self, _scope: str, _name: str, content: DumpContent) -> None:
        self.contents.db_format, self.contents.db_compressor = content.format, content.compressor
        content.read(self.contents.tables.begin)
        self.contents.tables.close()

    def _read_warehouse(self, _scope: str, _name: str, content: DumpContent) -> None:
        reader = WarehouseReader()
        content.read(reader.begin)
        self.contents.warehouse = reader.found


def _without_warehouse(fault: ArchiveFault) -> ArchiveFault:
    """The engine can come back without it."""
    return ArchiveFault(
        "damaged-warehouse",
        f"The dump of the data warehouse (DWH) is of no use. {fault.message}",
        "Use another copy of the archive; or restore only --scope=files and --scope=db, and begin "
        "with an empty warehouse.",
    )


def _whole(member: Member, pieces: Iterator[bytes], limit: int) -> bytes:
    """A small member; raises ArchiveFault `oversized-member` by its claim, before it is read."""
    header = member.header
    claimed = header.size if header.data_map is None else header.real_size
    if claimed > limit:
        raise ArchiveFault(
            "oversized-member",
            f"The member {shown_name(header.name)} has {claimed} bytes; {limit} is the most.",
            "Do not restore it: the archive is damaged or was made to do harm. Use another one.",
        )
    return b"".join(pieces)

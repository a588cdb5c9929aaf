"""An archive taken apart as engine-backup does it: tar, checksums, version, rows."""

from __future__ import annotations

import hashlib
import lzma
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.errors import InvalidInput
from steps.drill.practice_engine.backup_tool.words import Fatal
from steps.drill.practice_engine.rows import Rows, Tables
from steps.hosted_engine.archive.budget import Budget
from steps.hosted_engine.archive.copy_text import Block, CopyHead, RowBlock, value_of
from steps.hosted_engine.archive.dump import dump_content
from steps.hosted_engine.archive.hash_list import ALGORITHMS, parse_hash_list
from steps.hosted_engine.archive.problems import ArchiveFault
from steps.hosted_engine.archive.version import Version, version_problem

DUMPS: Final = {"db": "engine_backup.db", "dwhdb": "dwh_backup.db",
                "cinderlibdb": "cinderlib_backup.db", "keycloakdb": "keycloak_backup.db",
                "managedblockdb": "managedblock_backup.db"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An archive's members in a folder of their own."""

    folder: Path

    def text(self, name: str) -> str:
        """A small member; empty where there is none."""
        path = self.folder / name
        return path.read_text(errors="replace").strip() if path.is_file() else ""

    def dump(self, scope: str) -> Path | None:
        """The dump of a database; none where it is not in the archive or empty."""
        found = sorted((self.folder / "db").glob(f"{DUMPS[scope]}*"))
        return next((path for path in found if path.stat().st_size), None)

    @property
    def says_custom(self) -> bool:
        """Whether its config has a custom dump, of whatever database."""
        return "_FORMAT=custom" in self.text("config")

    def tables(self, scope: str) -> Tables:
        """All rows of a dump. Raises Fatal."""
        path = self.dump(scope)
        assert path is not None
        data = path.read_bytes()
        found: Tables = {}

        def begin(head: CopyHead) -> Block:
            taken: Rows = []
            found[head.table] = head.columns, taken
            return RowBlock(
                head.table, len(head.columns),
                lambda cells: taken.append([value_of(cell) for cell in cells]),
            )  # fmt: skip

        try:
            with dump_content(iter([data]), path.name, Budget(len(data))) as content:
                content.read(begin)
        except ArchiveFault:
            raise Fatal(f"Errors while restoring database {path.name}") from None
        return found

    def is_plain(self, scope: str) -> bool:
        """Whether a dump is no custom one."""
        path = self.dump(scope)
        return path is not None and not path.read_bytes().startswith(b"PGDMP")

    def put_files(self, root: Path) -> None:
        """The engine's files below `root`."""
        member = self.folder / "files"
        with tempfile.TemporaryFile() as plain:
            data = member.read_bytes()
            plain.write(lzma.decompress(data) if data.startswith(b"\xfd7zXZ") else data)
            plain.seek(0)
            with tarfile.open(fileobj=plain) as tar:
                tar.extractall(root, filter="tar")


@contextmanager
def unpacked(path: Path, temporary: str) -> Iterator[Unpacked]:
    """Take it apart, and look at its checksums. Raises Fatal."""
    with tempfile.TemporaryDirectory(prefix="engine-backup.", dir=temporary) as name:
        try:
            with tarfile.open(path) as tar:
                tar.extractall(name, filter="data")
        except (tarfile.TarError, OSError, EOFError, lzma.LZMAError, ValueError):
            raise Fatal(f"cannot open {name}") from None
        found = Unpacked(Path(name))
        _check_sums(found)
        yield found


def _check_sums(found: Unpacked) -> None:
    kind = next((k for k in ALGORITHMS if (found.folder / k).is_file()), "")
    if not kind:
        raise Fatal("No supported hash file found")
    try:
        listed = parse_hash_list((found.folder / kind).read_bytes(), kind)
    except ArchiveFault:
        raise Fatal("Checksum verification failed") from None
    for name, digest in listed.items():
        path = found.folder / name
        real = hashlib.new(ALGORITHMS[kind], path.read_bytes() if path.is_file() else b"-",
                           usedforsecurity=False).hexdigest()  # fmt: skip
        if real != digest:
            raise Fatal("Checksum verification failed")


def check_version(found: Unpacked, installed: str) -> None:
    """Raises Fatal where this engine does not take the archive."""
    made = found.text("version")
    try:
        wrong = version_problem(Version.parse(made), Version.parse(installed))
    except InvalidInput:
        wrong = True  # type: ignore[assignment]
    if wrong:
        raise Fatal(
            f"Backup was created by version '{made}' and can not be restored using the installed"
            f" version {installed}"
        )

"""Archives as engine-backup of each era writes them, made with the programs it uses itself."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

PROGRAMS: Final = {"gzip": "gzip", "bzip2": "bzip2", "xz": "xz"}
PLAIN_TREE: Final = "directory"

Change = Callable[[Path], None]


@dataclass(frozen=True)
class Recipe:
    """One archive. `dumps` is the content by the name below db/; nothing means no such scope.

    The engine's files are `texts` by path, and whatever is there of the paths `kept` below `root`.
    `made` is when every member was made, in seconds since 1970; None is now.
    """

    version: str = "4.5.7"
    os_version: str | None = "rhel9"
    outer: str = "gzip"
    files: str = "xz"
    hash: str = "sha256sum"
    db_compressor: str = "none"
    suffix: str = ""
    with_files: bool = True
    config: str | None = "DB_DUMP_COMPRESSOR=\nDB_DUMP_FORMAT=custom\n"
    dumps: Mapping[str, bytes] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    root: Path | None = None
    kept: Sequence[str] = ()
    made: int | None = None
    before_hash: Change = lambda folder: None
    after_hash: Change = lambda folder: None
    tar_options: tuple[str, ...] = ()

    def but(self, **changes: Any) -> Recipe:
        """The same with these changes."""
        return replace(self, **changes)


def build(target: Path, recipe: Recipe) -> Path:
    """Write the archive; a file that is there keeps its mode."""
    with tempfile.TemporaryDirectory(prefix="engine-backup.") as name:
        folder = Path(name)
        _fill(folder, recipe)
        recipe.before_hash(folder)
        _write_hashes(folder, recipe.hash)
        recipe.after_hash(folder)
        if recipe.made is not None:
            for path in sorted(folder.rglob("*"), reverse=True):
                os.utime(path, (recipe.made, recipe.made), follow_symlinks=False)
        tar = ["tar", "-C", name, "-cpSf", "-", *recipe.tar_options, "."]
        target.write_bytes(compress(_run(tar), recipe.outer))
    return target


def compress(data: bytes, program: str) -> bytes:
    """By the program of that name; `none` leaves it as it is."""
    return data if program == "none" else _run([PROGRAMS[program], "-c"], data)


def _fill(folder: Path, recipe: Recipe) -> None:
    (folder / "version").write_text(f"{recipe.version}\n")
    if recipe.os_version:
        (folder / "os_version").write_text(f"{recipe.os_version}\n")
    if recipe.config is not None:
        (folder / "config").write_text(recipe.config)
    if recipe.with_files:
        _fill_files(folder, recipe)
    (folder / "db").mkdir()
    for name, data in recipe.dumps.items():
        (folder / "db" / f"{name}{recipe.suffix}").write_bytes(compress(data, recipe.db_compressor))


def _fill_files(folder: Path, recipe: Recipe) -> None:
    if recipe.root is not None:
        there = [path for path in recipe.kept if (recipe.root / path).exists()]
        data = _run(["tar", "-C", str(recipe.root), "-cpSf", "-", *there])
        (folder / "files").write_bytes(compress(data, recipe.files))
        return
    with tempfile.TemporaryDirectory(prefix="engine-files.") as other:
        root = folder / "files" if recipe.files == PLAIN_TREE else Path(other)
        for name, text in recipe.texts.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        # As in a real engine: the same certificate under a second name.
        (root / "etc/pki/ovirt-engine/apache-ca.pem").symlink_to("ca.pem")
        if recipe.files != PLAIN_TREE:
            data = _run(["tar", "-C", str(root), "-cpSf", "-", "etc"])
            (folder / "files").write_bytes(compress(data, recipe.files))


def _write_hashes(folder: Path, program: str) -> None:
    names = sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    )
    found = subprocess.run([program, "--", *names], cwd=folder, capture_output=True, check=True)
    (folder / program).write_bytes(found.stdout)


def _run(command: list[str], data: bytes = b"") -> bytes:
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout

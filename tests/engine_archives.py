"""Archives as engine-backup of each era writes them, made with the programs it uses itself."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

MADE = 1_764_000_000
"""When every member was made: 2025-11-24T16:00:00Z."""
TIME = "2025-11-24T16:00:00Z"
FQDN = "engine.example.com"
PASSWORD = "s3cret-of-the-database"
KEY = "-----BEGIN PRIVATE KEY-----\ns3cret-key\n"
PROGRAMS = {"gzip": "gzip", "bzip2": "bzip2", "xz": "xz"}

Change = Callable[[Path], None]


@dataclass(frozen=True)
class Recipe:
    """One archive. `dumps` is the content by the name below db/; nothing means no such scope."""

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
    before_hash: Change = lambda folder: None
    after_hash: Change = lambda folder: None
    tar_options: tuple[str, ...] = ()

    def but(self, **changes) -> Recipe:
        return replace(self, **changes)


MODERN = Recipe()
ERAS = {
    "3.3": Recipe(
        "3.3.5", None, "bzip2", "directory", "md5sum", config=None,
    ),
    "3.4": Recipe(
        "3.4.4", None, "bzip2", "directory", "md5sum", "bzip2", ".bz2", config=None,
    ),
    "3.5": Recipe(
        "3.5.8", None, "bzip2", "directory", "md5sum", "bzip2", ".bz2", config=None,
    ),
    "3.6": Recipe("3.6.7", "centos7", hash="md5sum"),
    "4.3": Recipe("4.3.11.4", "centos7"),
    "4.4": Recipe("4.4.10.7", "rhel8"),
    "4.5": Recipe(),
}  # fmt: skip


def engine_files() -> dict[str, str]:
    """What lies in the engine's own folders, by path."""
    database = f'ENGINE_DB_HOST="localhost"\nENGINE_DB_PASSWORD="{PASSWORD}"\n'
    dwh = f'DWH_DB_HOST="dwh.example.com"\nDWH_DB_PASSWORD="{PASSWORD}"\n'
    return {
        "etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf": f"ENGINE_FQDN={FQDN}\n",
        "etc/ovirt-engine/engine.conf.d/10-setup-database.conf": database,
        "etc/ovirt-engine/engine.conf.d/10-setup-dwh-database.conf": dwh,
        "etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf": (
            f"[environment:default]\nOVESETUP_CONFIG/fqdn=str:{FQDN}\n"
            "OVESETUP_DWH_CORE/enable=bool:True\n"
        ),
        "etc/pki/ovirt-engine/ca.pem": "certificate\n",
        "etc/pki/ovirt-engine/private/ca.pem": KEY,
    }


def build(target: Path, recipe: Recipe) -> Path:
    """Write the archive."""
    with tempfile.TemporaryDirectory(prefix="rk-archive-") as name:
        folder = Path(name)
        _fill(folder, recipe)
        recipe.before_hash(folder)
        _write_hashes(folder, recipe.hash)
        recipe.after_hash(folder)
        for path in sorted(folder.rglob("*"), reverse=True):
            os.utime(path, (MADE, MADE), follow_symlinks=False)
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
        _fill_files(folder, recipe.files)
    (folder / "db").mkdir()
    for name, data in recipe.dumps.items():
        (folder / "db" / f"{name}{recipe.suffix}").write_bytes(compress(data, recipe.db_compressor))


def _fill_files(folder: Path, kind: str) -> None:
    with tempfile.TemporaryDirectory(prefix="rk-files-") as other:
        root = folder / "files" if kind == "directory" else Path(other)
        for name, text in engine_files().items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        # As in a real engine: the same certificate under a second name.
        (root / "etc/pki/ovirt-engine/apache-ca.pem").symlink_to("ca.pem")
        if kind != "directory":
            data = _run(["tar", "-C", str(root), "-cpSf", "-", "etc"])
            (folder / "files").write_bytes(compress(data, kind))


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

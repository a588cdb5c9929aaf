"""The manifest of a set: what it holds, how it was taken, with every checksum. JSON, pure.

Written last: a set whose backup did not come that far has none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from config.errors import InvalidInput

FORMAT: Final = "rekindle virtual machine backup 1"
MAX_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """One file: its name in the folder, bytes, plain SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ManifestDisk:
    """One disk: its file in the set, and where its image was. Sizes in bytes."""

    target: str
    file: str
    source: str
    format: str
    virtual_size: int
    backing: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`moment`: when the snapshot was taken, in UTC; `was`: the machine's state at that moment."""

    machine: str
    title: str
    leaf: str
    node: str
    storage: str
    method: str
    was: str
    memory: bool
    moment: str
    times: tuple[str, ...]
    files: tuple[ManifestFile, ...]
    disks: tuple[ManifestDisk, ...]
    made_by: str

    def to_bytes(self) -> bytes:
        """As it is written."""
        return (json.dumps({"format": FORMAT, **asdict(self)}, indent=2) + "\n").encode()

    def sums(self) -> bytes:
        """The checksum list that `sha256sum -c` accepts."""
        return "".join(f"{file.sha256}  {file.name}\n" for file in self.files).encode()


def read_manifest(data: bytes, name: str) -> Manifest:
    """The manifest called `name`; raises InvalidInput for anything that is none."""
    try:
        if len(data) > MAX_BYTES:
            raise ValueError(f"it has {len(data)} bytes")
        found = json.loads(data)
        if not isinstance(found, dict) or found.pop("format", None) != FORMAT:
            raise ValueError(f"it is not in the format {FORMAT!r}")
        return _manifest(found)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidInput(
            f"{name} is no manifest of a backup: {error}.", "Choose another backup."
        ) from error


def _manifest(found: Mapping[str, Any]) -> Manifest:
    manifest = Manifest(
        **{
            **found,
            "times": tuple(str(time) for time in found["times"]),
            "files": tuple(ManifestFile(**file) for file in found["files"]),
            "disks": tuple(ManifestDisk(**disk) for disk in found["disks"]),
        }
    )
    sound = all(
        isinstance(file.name, str)
        and isinstance(file.size, int)
        and isinstance(file.sha256, str)
        and len(file.sha256) == 64
        for file in manifest.files
    )
    if not sound:
        raise ValueError("a file in it has no name, size or checksum")
    return manifest


def what_is_missing(names: Mapping[str, int], manifest: Manifest) -> tuple[str, ...]:
    """Files of the manifest that the folder (names and sizes) has not, or has in another size."""
    return tuple(file.name for file in manifest.files if names.get(file.name) != file.size)

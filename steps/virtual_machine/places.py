"""Where one machine's files lie: live, retain and backup. Derived, never asked; pure.

    live     <live root>/<family>/<storage pool>/<image>
    retain   <retain root>/<family>/<storage pool>/<machine>/<leaf>/<file>.<leaf>
    backup   <backup root>/<family>/<storage pool>/<machine>/<leaf>/<file>.<leaf>

The family is vm-persistent or vm-templates. Family and storage pool stand in the path of the
machine's first disk.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from config.errors import InvalidInput
from steps.virtual_machine.safe_names import safe_name, safe_path

TEMPLATES = "vm-templates"
FAMILIES = ("vm-persistent", TEMPLATES)


@dataclass(frozen=True, slots=True)
class StoragePlace:
    """Family and storage pool of one machine, for instance vm-persistent and a uuid."""

    family: str
    pool: str

    @property
    def is_template(self) -> bool:
        """Whether the machine is a template: no memory state, never started."""
        return self.family == TEMPLATES

    def __str__(self) -> str:
        return f"{self.family}/{self.pool}"


@dataclass(frozen=True, slots=True)
class SetPlace:
    """The folders of one iteration of one machine."""

    machine: str
    leaf: str
    storage: StoragePlace
    backup: str
    retain: str

    def file(self, name: str) -> str:
        """A file of the set in the backup, by its name without the iteration."""
        return f"{self.backup}/{name}.{self.leaf}"

    def retained(self, name: str) -> str:
        """The same file once copied to retain."""
        return f"{self.retain}/{name}.{self.leaf}"

    def working(self, suffix: str) -> str:
        """A document of this restore, kept in retain: `<machine>.<suffix>`."""
        return f"{self.retain}/{self.machine}.{suffix}"


def set_place(
    machine: str, leaf: str, storage: StoragePlace, backup_root: str, retain_root: str
) -> SetPlace:
    """The folders of one iteration; raises InvalidInput for a name that could leave its folder."""
    below = f"{storage}/{safe_name(machine, 'machine')}/{safe_name(leaf, 'iteration')}"
    return SetPlace(
        machine, leaf, storage, f"{backup_root.rstrip('/')}/{below}",
        f"{retain_root.rstrip('/')}/{below}",
    )  # fmt: skip


def storage_place(image_paths: Iterable[str], live_root: str) -> StoragePlace:
    """Family and storage pool, from the machine's first disk below the live root.

    Raises InvalidInput where no disk lies at `<live root>/<family>/<pool>/`.
    """
    seen = []
    for path in image_paths:
        seen.append(path)
        found = _below(path, live_root)
        if found is not None:
            return found
    raise InvalidInput(
        f"No disk lies below {live_root}/vm-persistent/<pool> or vm-templates/<pool>"
        f" (seen: {', '.join(map(repr, seen)) or 'no disk'}).",
        "Correct sstSourceFile of the machine's first disk, or live_root in the site file.",
    )


def _below(path: str, live_root: str) -> StoragePlace | None:
    safe_path(path, "image path")
    root = PurePosixPath(live_root)
    try:
        parts = PurePosixPath(path).relative_to(root).parts
    except ValueError:
        return None
    if len(parts) != 3 or parts[0] not in FAMILIES:
        return None
    return StoragePlace(parts[0], safe_name(parts[1], "storage pool"))

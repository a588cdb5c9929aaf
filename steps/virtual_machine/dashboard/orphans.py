"""Files that nothing names: no leaf, no machine entry, no definition. Pure; nothing is removed.

The original's `delete` builds image names without the dot before the date, so every iteration it
removes leaves its images behind. A restore leaves images aside until its clean-up.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from steps.virtual_machine.dashboard.files_found import FoundFile
from steps.virtual_machine.iterations import INCOMPLETE
from steps.virtual_machine.places import FAMILIES

_ASIDE = re.compile(r"\.(before|ran|left-over)-[^/]+$")
_STAGED = re.compile(r"\.\d{8}T\d{6}Z\.new$")
_PARTIAL = re.compile(r"^\..*\.rekindle-(part|done)$")
_SMALL = ("state", "xml", "ldif")


@dataclass(frozen=True, slots=True)
class Orphan:
    """One file or one folder of files that nothing names. `size` is bytes on disk."""

    node: str
    path: str
    size: int
    files: int
    what: str


@dataclass(frozen=True, slots=True)
class Known:
    """What names files: images (live paths, with what they stand on), machines, leaves by machine.

    `unfinished` are the leaves of jobs that are not finished: their retain folder is in use.
    """

    images: Collection[str]
    machines: Collection[str]
    leaves: Mapping[str, Collection[str]]
    unfinished: Mapping[str, Collection[str]]


def live_orphans(
    node: str, root: str, files: Iterable[FoundFile], known: Known
) -> Iterator[Orphan]:
    """Images below the live root that no machine's entry or definition names."""
    for file in files:
        path = f"{root}/{file.path}"
        if len(file.parts) == 3 and file.parts[0] in FAMILIES and path not in known.images:
            yield Orphan(node, path, file.allocated, 1, _live_words(file.parts[-1]))


def _live_words(name: str) -> str:
    if _PARTIAL.search(name):
        return "left of a copy that did not end"
    if _ASIDE.search(name):
        return "set aside by a restore: its way back, until its clean-up"
    if _STAGED.search(name):
        return "staged by a restore that did not end"
    return "no machine names it"


def retain_orphans(
    node: str, root: str, files: Iterable[FoundFile], known: Known
) -> Iterator[Orphan]:
    """Retain folders of iterations on which nobody is at work."""
    for (_family, _pool, machine, leaf), members in _by_folder(files).items():
        if leaf in known.unfinished.get(machine.lower(), ()):
            continue
        if any(f"{root}/{file.path}" in known.images for file in members):
            # A live disk still stands on an image in there: the merge is not done.
            continue
        yield _folder(node, root, members, "left in retain: its iteration is finished or gone")


def backup_orphans(
    node: str, root: str, files: Iterable[FoundFile], known: Known
) -> Iterator[Orphan]:
    """Backup folders of iterations that the directory has no leaf of."""
    for (_family, _pool, machine, leaf), members in _by_folder(files).items():
        if leaf in known.leaves.get(machine.lower(), ()):
            continue
        is_whole = whole([file.parts[-1] for file in members], machine, leaf)
        if machine.lower() not in known.machines:
            what = "its machine has no directory entry"
        elif is_whole:
            what = "no leaf names it"
        else:
            what = "images left behind by a deleted iteration"
        yield _folder(node, root, members, what + (", complete: can be restored" * is_whole))


def whole(names: Sequence[str], machine: str, leaf: str) -> bool:
    """Whether a set has its small files and at least one image. Which images it must have only its
    XML can tell; the check of backups looks at that."""
    if INCOMPLETE in names:
        return False
    small = {f"{machine}.{suffix}.{leaf}" for suffix in _SMALL}
    images = [name for name in names if name.endswith(f".{leaf}") and name not in small]
    return small <= set(names) and bool(images)


def _by_folder(
    files: Iterable[FoundFile],
) -> dict[tuple[str, str, str, str], list[FoundFile]]:
    folders: dict[tuple[str, str, str, str], list[FoundFile]] = {}
    for file in files:
        if len(file.parts) == 5 and file.parts[0] in FAMILIES:
            family, pool, machine, leaf, _name = file.parts
            folders.setdefault((family, pool, machine, leaf), []).append(file)
    return folders


def _folder(node: str, root: str, members: Sequence[FoundFile], what: str) -> Orphan:
    folder = members[0].path.rpartition("/")[0]
    size = sum(file.allocated for file in members)
    return Orphan(node, f"{root}/{folder}", size, len(members), what)

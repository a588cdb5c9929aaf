"""Whether a backup set is whole, by its manifest or what its XML names, and not known damaged."""

from __future__ import annotations

from config.errors import InvalidInput, RekindleError
from steps.targets.shell import Shell
from steps.virtual_machine.backup.manifest import Manifest, read_manifest, what_is_missing
from steps.virtual_machine.iterations import MANIFEST, Iteration, missing_images
from steps.virtual_machine.set_reader import SetReader
from steps.virtual_machine.small_files import read_small
from steps.virtual_machine.verification import read_record


def manifest_of(shell: Shell, iteration: Iteration) -> Manifest | None:
    """The set's manifest, None where it has none. Raises InvalidInput where it is damaged."""
    if not any(file.name == MANIFEST for file in iteration.files):
        return None
    path = f"{iteration.place.backup}/{MANIFEST}"
    return read_manifest(read_small(shell, path), path)


def shortcomings(
    shell: Shell, iteration: Iteration, live_root: str = "/var/virtualization"
) -> tuple[str, ...]:
    """What makes the set incomplete, a phrase each; empty where it is whole. Reads no image."""
    if iteration.is_marked_incomplete:
        return ("its backup or its removal did not end",)
    try:
        manifest = manifest_of(shell, iteration)
    except InvalidInput:
        return ("its manifest is damaged",)
    if manifest is not None:
        sizes = {file.name: file.size for file in iteration.files}
        missing = what_is_missing(sizes, manifest)
        return tuple(f"{name} missing or of another size" for name in missing)
    return _by_documents(shell, iteration, live_root)


def unfit(
    shell: Shell, iteration: Iteration, live_root: str = "/var/virtualization"
) -> tuple[str, ...]:
    """Why the set brings nobody back, as far as is known: incomplete, or found damaged since."""
    verified = read_record(shell, iteration).verified
    damage = verified.problem if verified is not None else ""
    short = shortcomings(shell, iteration, live_root)
    return (*short, f"found damaged: {damage}") if damage else short


def _by_documents(shell: Shell, iteration: Iteration, live_root: str) -> tuple[str, ...]:
    try:
        documents = SetReader(shell, iteration.place, live_root).documents()
    except RekindleError as error:
        return (error.message,)
    names = [disk.source.rsplit("/", 1)[-1] for disk in documents.disks]
    missing = (*iteration.small_files_missing, *missing_images(iteration, names))
    return tuple(f"{name} missing" for name in missing)

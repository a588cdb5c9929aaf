"""Looks at the host a machine comes back to: what the comparison and the checks need to know."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from config.errors import RekindleError
from config.site import HypervisorNode
from steps.targets.directory import Directory
from steps.targets.hypervisor import Hypervisor
from steps.targets.shell import Shell
from steps.virtual_machine.host_facts import HostFacts, LiveImage
from steps.virtual_machine.machine_directory import other_machines
from steps.virtual_machine.qemu_image import image_chain
from steps.virtual_machine.set_reader import bridges_of


def look_at_host(
    node: HypervisorNode,
    shell: Shell,
    hypervisor: Hypervisor,
    directory: Directory,
    machine: str,
    image_paths: Iterable[str],
) -> HostFacts:
    """Bridges, machine types, the images at `image_paths`, and what other machines hold."""
    paths = sorted(set(image_paths))
    abilities = hypervisor.abilities()
    return HostFacts(
        this_node=node.name,
        this_node_console_address=node.console_address,
        bridges=node.bridges or bridges_of(shell),
        image_directories=_directories(shell, paths),
        live_images=tuple(image for path in paths for image in _live_images(shell, path)),
        other_machines=other_machines(directory, machine),
        machine_types=abilities.machine_types,
        machine_aliases=abilities.machine_aliases,
    )


def _directories(shell: Shell, paths: Iterable[str]) -> tuple[str, ...]:
    """The folders of these images that are there."""
    folders = {str(PurePosixPath(path).parent) for path in paths}
    found = []
    for folder in sorted(folders):
        status = shell.status(folder)
        if status is not None and status.kind == "directory":
            found.append(folder)
    return tuple(found)


def _live_images(shell: Shell, path: str) -> tuple[LiveImage, ...]:
    """The image with everything behind it; unknown format and size where it cannot be read."""
    if shell.status(path) is None:
        return ()
    try:
        chain = image_chain(shell, path)
    except RekindleError:
        # An image that cannot be read is there all the same: say so, with nothing known of it.
        return (LiveImage(path, "", 0),)
    return tuple(LiveImage(info.path, info.format, info.virtual_size) for info in chain)

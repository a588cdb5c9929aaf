"""What qemu-img says about disk images: format, size, backing chain, soundness.

The text parsers are pure. An image is never trusted: it is only ever looked at by qemu-img, with a
time limit, and a backing file is reported, never followed, unless the chain is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from config.errors import InvalidInput, StepFailed
from steps.targets.shell import Completed, Shell

INFO_SECONDS = 30.0
CHECK_SECONDS = 4 * 3600.0
CHECKABLE = frozenset({"qcow2", "qed", "vdi", "vhdx", "vmdk", "vpc", "parallels"})
"""Formats that qemu-img can check; a raw image has nothing to check."""


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """One image as `qemu-img info` describes it; sizes in bytes, `backing` empty where none."""

    path: str
    format: str
    virtual_size: int
    allocated: int
    backing: str = ""
    corrupt: bool = False
    data_file: str = ""
    """Another file that holds the data, which no sound backup has."""


@dataclass(frozen=True, slots=True)
class ImageCheck:
    """What `qemu-img check` found: `sound` also with leaks, which waste space and nothing else."""

    sound: bool
    text: str


def image_info(shell: Shell, path: str, *, in_use: bool = False) -> ImageInfo:
    """One image, without following its backing file. `in_use`: a guest may hold its lock.

    Raises StepFailed in qemu-img's words, also where another process holds the image.
    """
    command = ["qemu-img", "info", *(["-U"] if in_use else []), "--output=json", path]
    return parse_info(shell.run(command, timeout=INFO_SECONDS).out, path)


def image_chain(shell: Shell, path: str) -> tuple[ImageInfo, ...]:
    """The image and all that is behind it, top first; a guest may be using them."""
    command = ["qemu-img", "info", "-U", "--backing-chain", "--output=json", path]
    return parse_chain(shell.run(command, timeout=INFO_SECONDS).out, path)


def check_image(shell: Shell, path: str, image_format: str) -> ImageCheck:
    """Whether the image is sound. Not for an image that a guest is using."""
    if image_format not in CHECKABLE:
        return ImageCheck(True, f"a {image_format} image has no structure to check")
    command = ["qemu-img", "check", "--output=json", "-f", image_format, path]
    return judge_check(shell.run(command, timeout=CHECK_SECONDS, check=False))


def judge_check(completed: Completed) -> ImageCheck:
    """0 is sound, 3 is leaks only, 2 is corrupt; everything else is an error in its own words."""
    if completed.code == 0:
        return ImageCheck(True, "qemu-img check: no errors")
    counts = _counts(completed.out)
    if completed.code == 3:
        return ImageCheck(True, f"qemu-img check: {counts.get('leaks', 'some')} leaked clusters")
    if completed.code == 2:
        return ImageCheck(False, f"qemu-img check: {counts.get('corruptions', 'some')} corruptions")
    words = (completed.err or completed.out).strip()[-500:]
    return ImageCheck(False, f"qemu-img check ended with {completed.code}: {words}")


def _counts(text: str) -> Mapping[str, object]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def parse_info(text: str, path: str) -> ImageInfo:
    """One image from `qemu-img info --output=json`; raises StepFailed for anything else."""
    return _info(_load(text, path), path)


def parse_chain(text: str, path: str) -> tuple[ImageInfo, ...]:
    """Every image of `qemu-img info --backing-chain --output=json`, top first."""
    found = _load(text, path)
    if not isinstance(found, list) or not found:
        raise _unreadable(path, text)
    return tuple(_info(image, path) for image in found)


def _load(text: str, path: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, text) from error


def _info(found: object, path: str) -> ImageInfo:
    if not isinstance(found, dict):
        raise _unreadable(path, str(found))
    name, image_format = found.get("filename"), found.get("format")
    size, allocated = found.get("virtual-size"), found.get("actual-size", 0)
    if not isinstance(name, str) or not isinstance(image_format, str):
        raise _unreadable(path, str(found))
    if not isinstance(size, int) or not isinstance(allocated, int):
        raise _unreadable(path, str(found))
    backing = found.get("full-backing-filename") or found.get("backing-filename") or ""
    special = found.get("format-specific")
    data = special.get("data") if isinstance(special, dict) else None
    details = data if isinstance(data, dict) else {}
    return ImageInfo(
        name, image_format, size, allocated, str(backing),
        corrupt=details.get("corrupt") is True, data_file=str(details.get("data-file") or ""),
    )  # fmt: skip


def _unreadable(path: str, seen: str) -> StepFailed:
    return StepFailed(
        f"qemu-img does not describe {path} in a way that can be read.",
        "Run `qemu-img info --output=json` on it by hand.",
        seen=seen[:200],
    )


def try_info(shell: Shell, path: str, *, in_use: bool = False) -> ImageInfo | str:
    """The image, or what is wrong with it in words."""
    try:
        return image_info(shell, path, in_use=in_use)
    except (StepFailed, InvalidInput) as error:
        return error.message


def holder(shell: Shell, path: str) -> str:
    """qemu-img's words where another process holds the image for writing; empty where none does.

    By QEMU's own lock, which is local to a host. An image that cannot be read is held by nobody.
    """
    found = try_info(shell, path)
    is_held = isinstance(found, str) and '"write" lock' in found
    return f"Another process uses {path}: {found}" if is_held else ""

"""One backup set as it was found, and what is wrong with it. Pure; reading it is set_reader.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from config.questions import Finding
from steps.targets.sizes import size_text

OK = "ok"
WARNING = "warning"
ERROR = "error"

SAVED = "saved"
NOT_RUNNING = "not-running"
"""The text that stands for a memory state where the machine was off."""

HEADROOM = 1.05
"""Room asked for over the sum of what is copied, as the original does."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """One disk of the backup. Sizes in bytes; `declared_*` is what XML and directory say of it.

    `problem` says why the file cannot be used at all; empty where it can be read.
    """

    target: str
    image: str
    source: str
    path: str
    size: int = 0
    allocated: int = 0
    format: str = ""
    virtual_size: int = 0
    backing: str = ""
    backing_there: bool = False
    declared_format: str = ""
    declared_size: int | None = None
    sha256: str = ""
    sound: bool = True
    check: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class StateFacts:
    """The memory state: `kind` is saved, not-running, or what is wrong with it in one word."""

    kind: str
    size: int = 0
    was_running: bool = False
    problem: str = ""
    sha256: str = ""
    ran: bool = False
    """By the manifest: the machine ran, though its backup kept no memory (disk only, push)."""


@dataclass(frozen=True, slots=True)
class Room:
    """Space and folders for the copies. Bytes; `staged` is on the live images' file system."""

    retain_root: str
    retain_exists: bool
    retain_free: int
    live_directory: str
    live_exists: bool
    live_free: int
    one_file_system: bool
    owner_missing: str = ""


@dataclass(frozen=True, slots=True)
class HostFit:
    """What the machine's XML needs and this host has not; empty lists are good."""

    emulator_missing: str = ""
    machine_type_missing: str = ""
    bridges_missing: tuple[str, ...] = ()
    problem: str = ""


_LISTS = ("small_files", "document_problems", "at_work", "unlisted", "in_use", "unfinished")


@dataclass(frozen=True, slots=True)
class SetFacts:
    """Everything that was looked at in and around one backup set."""

    backup: str
    images: tuple[ImageFacts, ...]
    state: StateFacts
    small_files: tuple[str, ...]
    document_problems: tuple[str, ...]
    room: Room
    fit: HostFit
    at_work: tuple[str, ...] = ()
    """Leaves on which somebody is at work, in words."""
    domain_problem: str = ""
    """Why the hypervisor's machine stands in the way: another name, a managed save ..."""
    unlisted: tuple[str, ...] = ()
    """Files that the checksum list names and the folder has not."""
    in_use: tuple[str, ...] = ()
    """Live images that another process holds although the machine is off, in words."""
    unfinished: tuple[str, ...] = ()
    """Backups that wait for their next task, in words: disks may still be on their overlays."""

    def to_json(self) -> dict[str, Any]:
        """Plain data, as it stands in the survey."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SetFacts:
        """What `to_json` gave."""
        return cls(
            **{
                **data,
                "images": tuple(ImageFacts(**image) for image in data["images"]),
                "state": StateFacts(**data["state"]),
                "room": Room(**data["room"]),
                "fit": HostFit(
                    **{**data["fit"], "bridges_missing": tuple(data["fit"]["bridges_missing"])}
                ),
                **{name: tuple(data.get(name, ())) for name in _LISTS},
            }
        )

    @property
    def image_bytes(self) -> int:
        """Bytes on disk of all images."""
        return sum(image.allocated for image in self.images)


def findings(facts: SetFacts, *, with_state: bool) -> tuple[Finding, ...]:
    """Everything wrong or noteworthy, errors first; one `ok` line where nothing is wrong."""
    found = [
        *_standing(facts),
        *content_findings(facts, with_state=with_state),
        *_room(facts, with_state),
        *_fit(facts.fit, with_state),
    ]
    order = (ERROR, WARNING, OK)
    sound = [] if any(f.level == ERROR for f in found) else [_summary(facts)]
    return tuple(sorted([*found, *sound], key=lambda finding: order.index(finding.level)))


class Content(Protocol):
    """What a set holds, wherever it lies and whatever surrounds it."""

    @property
    def backup(self) -> str:
        """Its folder."""

    @property
    def images(self) -> tuple[ImageFacts, ...]:
        """Its disks."""

    @property
    def state(self) -> StateFacts:
        """Its memory state."""

    @property
    def document_problems(self) -> tuple[str, ...]:
        """What is wrong with its small files, in words."""

    @property
    def unlisted(self) -> tuple[str, ...]:
        """Files that its checksum list names and the folder has not."""


def content_findings(facts: Content, *, with_state: bool) -> tuple[Finding, ...]:
    """Everything wrong or noteworthy in the set itself, in the order of its files."""
    return (
        *_documents(facts),
        *(finding for image in facts.images for finding in _image(image)),
        *_state(facts.state, with_state),
    )


def _summary(facts: SetFacts) -> Finding:
    count = len(facts.images)
    return Finding(
        OK,
        f"{count} disk{'' if count == 1 else 's'} checked, {size_text(facts.image_bytes)};"
        f" memory state: {facts.state.kind}; {', '.join(facts.small_files)} read;"
        f" room on {facts.room.retain_root}: {size_text(facts.room.retain_free)}",
    )


def _standing(facts: SetFacts) -> Iterator[Finding]:
    for leaf in facts.at_work:
        yield Finding(
            ERROR,
            f"Somebody is at work on this machine's backups: {leaf}",
            "Wait until it is finished. If nobody is, set that leaf to finished by hand.",
        )
    for leaf in facts.unfinished:
        yield Finding(
            WARNING,
            f"A backup of this machine has not ended: {leaf}",
            "Let it end or undo it first: today's disks may stand on an overlay of it, and what is"
            " set aside is then only half of a disk.",
        )
    for words in facts.in_use:
        yield Finding(
            ERROR, words, "Find it (`fuser -v` on the file) and end it: it writes to that image."
        )
    if facts.domain_problem:
        yield Finding(ERROR, facts.domain_problem, "Put that right on the hypervisor first.")


def _documents(facts: Content) -> Iterator[Finding]:
    for problem in facts.document_problems:
        yield Finding(ERROR, problem, "Choose another backup; this set is not whole.")
    for name in facts.unlisted:
        yield Finding(ERROR, f"{name} is in the checksum list and not in the folder.")
    if not facts.images:
        yield Finding(ERROR, f"No disk of this machine is known: nothing in {facts.backup} says.")


def _image(image: ImageFacts) -> Iterator[Finding]:
    name = f"{image.target} ({image.image})"
    if image.problem:
        yield Finding(ERROR, f"{name}: {image.problem}", "Choose another backup.")
        return
    if not image.sound:
        yield Finding(ERROR, f"{name} is damaged: {image.check}", "Choose another backup.")
    if image.declared_format and image.declared_format != image.format:
        yield Finding(
            ERROR,
            f"{name} is {image.format}, the XML calls it {image.declared_format}:"
            " the guest would see the container as its disk.",
            "Choose another backup, or correct the XML of this one.",
        )
    if image.declared_size is not None and image.declared_size != image.virtual_size:
        smaller = image.virtual_size < image.declared_size
        yield Finding(
            ERROR if smaller else WARNING,
            f"{name} holds {size_text(image.virtual_size)}, its directory entry says"
            f" {size_text(image.declared_size)}.",
            "A disk that is cut off loses data: choose another backup." if smaller else "",
        )
    if image.backing:
        yield Finding(
            WARNING if image.backing_there else ERROR,
            f"{name} is not whole: it lies on {image.backing}, which is"
            f" {'there' if image.backing_there else 'not one of the images of this site'}.",
            "" if image.backing_there else "Bring that image back first, or choose another backup.",
        )


def _state(state: StateFacts, with_state: bool) -> Iterator[Finding]:
    if not with_state:
        return
    reason = state_refusal(state)
    if reason:
        yield Finding(ERROR, f"It cannot be restored with state: {reason}", "Restore it cold.")


def state_refusal(state: StateFacts) -> str:
    """Why that memory state cannot be restored; empty where it can."""
    if state.kind == SAVED:
        return ""
    if state.kind == NOT_RUNNING:
        was = "ran, but its disks alone were" if state.ran else "was off when it was"
        return f"the machine {was} backed up, there is no memory state."
    return state.problem or f"the state file is {state.kind}."


def _room(facts: SetFacts, with_state: bool) -> Iterator[Finding]:
    room = facts.room
    if not room.retain_exists:
        yield Finding(
            ERROR,
            f"The retain folder {room.retain_root} is not there.",
            "Mount or make it; the backup plan names it.",
        )
    if not room.live_exists:
        yield Finding(
            ERROR, f"The folder of the live images {room.live_directory} is not there.",
            "Mount or make it.",
        )  # fmt: skip
    if room.owner_missing:
        yield Finding(
            ERROR,
            f"{room.owner_missing}: the images could not be given to their owner.",
            "Create it on the node, or correct the backup plan.",
        )
    if not room.one_file_system:
        yield Finding(
            WARNING,
            f"{room.retain_root} and {room.live_directory} are two file systems: the images are"
            " copied next to the live ones instead of to retain.",
        )
    yield from _space(facts, with_state)


def _space(facts: SetFacts, with_state: bool) -> Iterator[Finding]:
    room = facts.room
    state = facts.state.size if with_state else 0
    if room.one_file_system:
        needs = [(room.retain_root, room.retain_free, facts.image_bytes + state)]
    else:
        needs = [
            (room.retain_root, room.retain_free, state),
            (room.live_directory, room.live_free, facts.image_bytes),
        ]
    for place, free, sum_of_files in needs:
        needed = int(sum_of_files * HEADROOM)
        if needed > free:
            yield Finding(
                ERROR,
                f"{place} has {size_text(free)} free; the restore needs {size_text(needed)} there.",
                f"Free {size_text(needed - free)} on it.",
            )


def _fit(fit: HostFit, with_state: bool) -> Iterator[Finding]:
    settled = "The next page lets you choose another."
    if fit.problem:
        yield Finding(WARNING, fit.problem)
    if fit.emulator_missing:
        yield Finding(WARNING, f"This host has no emulator {fit.emulator_missing}.", settled)
    if fit.machine_type_missing:
        yield Finding(
            ERROR if with_state else WARNING,
            f"This host offers no machine type {fit.machine_type_missing}.",
            "Restore it cold with another type, or on a host that has it.",
        )
    for bridge in fit.bridges_missing:
        yield Finding(WARNING, f"This host has no bridge {bridge}.", settled)

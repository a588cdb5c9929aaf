"""What a hypervisor does for a backup: save, snapshots, block jobs, a push of every disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BlockJob:
    """A running block job: bytes (or libvirt's own units) done and in all."""

    kind: str
    done: int
    total: int

    @property
    def is_ready(self) -> bool:
        """Whether an active commit has nothing left to copy."""
        return self.done == self.total


@dataclass(frozen=True, slots=True)
class PushJob:
    """A push of disks to files: bytes done and in all. `ended` says that it is over."""

    done: int
    total: int
    ended: bool
    succeeded: bool
    words: str = ""


class Snapshots(Protocol):
    """Every call names a machine. Raises StepFailed in libvirt's words."""

    def save(self, name: str, state_path: str) -> None:
        """Save memory and devices to a file; the machine is off afterwards.

        Where it fails the machine still runs.
        """

    def snapshot(
        self, name: str, overlays: Mapping[str, str], state_path: str = ""
    ) -> float | None:
        """New writes of these disks go to overlay files, at one moment for all.

        With `state_path` the memory of that moment is written there while the guest runs on.
        Returns the seconds for which the guest stood still, None where they were not measured.
        """

    def pull(self, name: str, target: str, *, base: str = "", bandwidth: int = 0) -> None:
        """Begin to bring everything above `base` into the disk's top image; bytes a second."""

    def suspend(self, name: str) -> None:
        """Pause the guest; whatever its process kept of the images in memory is in them then."""

    def commit(self, name: str, target: str, *, base: str, bandwidth: int = 0) -> None:
        """Begin to write the disk's overlay back into `base`; `pivot` ends it."""

    def pivot(self, name: str, target: str) -> bool:
        """End a commit on the image committed to; False where it is not ready yet."""

    def cancel_job(self, name: str, target: str) -> None:
        """End a block job without its effect; none running is fine."""

    def block_job(self, name: str, target: str) -> BlockJob | None:
        """The block job on that disk, None where there is none."""

    def begin_push(self, name: str, files: Mapping[str, tuple[str, str]]) -> None:
        """Begin to write each disk, as it is at this moment, to a file of that path and format."""

    def push_job(self, name: str) -> PushJob | None:
        """The push that runs or was the last to end; None where nothing is known of one."""

    def cancel_push(self, name: str) -> None:
        """End a running push; none is fine."""

    def is_busy(self, name: str) -> bool:
        """Whether a job holds the machine: a save, a snapshot with memory, a push."""

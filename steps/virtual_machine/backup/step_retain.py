"""Steps of the retain: the folder in the backup, every file, the proof and the manifest, the end.

A file is renamed where that can be done, else copied with its holes; either way it lands under its
name whole or not at all. Until the manifest is written a marker says that the set is incomplete.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from config.errors import Refused, StepFailed
from config.version import __version__
from steps.procedure import StepContext, Verdict, done, not_done
from steps.run.text import counted
from steps.targets.quoting import command_line
from steps.targets.shell import FileStatus, Shell
from steps.virtual_machine import return_values as codes
from steps.virtual_machine.backup.backup_step import BackupStep, watched
from steps.virtual_machine.backup.facts import (
    RETAIN,
    execution_times,
    moment_of,
    stamp_of,
)
from steps.virtual_machine.backup.job import PUSH, BackupJob
from steps.virtual_machine.backup.manifest import (
    Manifest,
    ManifestDisk,
    ManifestFile,
    read_manifest,
    what_is_missing,
)
from steps.virtual_machine.iterations import INCOMPLETE, MANIFEST, SUMS
from steps.virtual_machine.qemu_image import check_image, image_info
from steps.virtual_machine.retain_folder import (
    make_folder,
    make_retain_folder,
    move_left_over,
    remove_retain_folders,
)
from steps.virtual_machine.small_files import read_small


@dataclass(frozen=True, slots=True)
class SetFile:
    """One file on its way: `key` names it, `name` is its name without the iteration."""

    key: str
    name: str
    image: bool = False


def set_files(job: BackupJob) -> Iterator[SetFile]:
    """Every file of the set, the small ones last."""
    for disk in job.disks:
        yield SetFile(disk.target, disk.image, image=True)
    yield SetFile("state", job.state_name)
    if job.domain_known:
        yield SetFile("xml", job.xml_name)
    yield SetFile("ldif", job.ldif_name)


class OpenSet(BackupStep):
    """The set's folder in the backup, marked as incomplete."""

    phase = RETAIN

    def __init__(self, job: BackupJob) -> None:
        super().__init__(job, "retain.open")
        self.title = f"Open the backup folder of {job.title}"
        self.reason = "Whoever looks meanwhile sees that this set is not finished."

    def commands(self) -> Sequence[str]:
        """mkdir, and the marker."""
        place = self.job.place
        return (
            command_line(["mkdir", "-p", place.backup]),
            command_line(["touch", f"{place.backup}/{INCOMPLETE}"]),
        )

    def verify(self, context: StepContext) -> Verdict:
        """The marker is there, or the manifest already."""
        shell, folder = self.shell(context), self.job.place.backup
        for name in (INCOMPLETE, MANIFEST):
            if shell.status(f"{folder}/{name}") is not None:
                return done(f"{folder} has {name}")
        return not_done(f"{folder} is not open")

    def act(self, context: StepContext) -> None:
        """Make it."""
        job = self.job
        make_folder(context, job, job.place.backup, job.key("backup.made"))
        mark_incomplete(self.shell(context), job)

    def undo(self, context: StepContext) -> None:
        """Remove the marker and the folders this run made."""
        job = self.job
        self.shell(context).remove(f"{job.place.backup}/{INCOMPLETE}")
        remove_retain_folders(context, job, fact=job.key("backup.made"))


def mark_incomplete(shell: Shell, job: BackupJob) -> None:
    """Whoever looks at the set sees that it is not whole."""
    text = b"This backup is being written, or its removal has begun. Do not restore from it.\n"
    shell.write(f"{job.place.backup}/{INCOMPLETE}", text, mode=0o640)


class RetainFile(BackupStep):
    """One file from retain to the backup."""

    phase = RETAIN

    def __init__(self, job: BackupJob, file: SetFile) -> None:
        super().__init__(job, f"retain.{file.key}")
        self.file = file
        self.source = job.retained(file.name)
        self.target = job.place.file(file.name)
        self.title = f"Bring {file.key} of {job.title} to the backup"
        self.reason = "A rename where retain and backup are one file system, else a sparse copy."

    def commands(self) -> Sequence[str]:
        """mv within one file system, else cp."""
        return (command_line(["mv", "-nT", self.source, self.target]),)

    def verify(self, context: StepContext) -> Verdict:
        """The file that was in retain is in the backup, whole."""
        fact, status = self._fact(context), self.shell(context).status(self.target)
        if fact is None or status is None:
            return not_done(f"{self.target} is not there")
        if "root" in fact:
            if status.size == fact["size"]:
                return done(f"{self.target}: {status.size} bytes, copied")
            return not_done(f"{self.target} has {status.size} bytes, not {fact['size']}")
        if [status.inode, status.device] == fact["inode"]:
            return done(f"{self.target}: {status.size} bytes, renamed")
        return not_done(f"{self.target} is another file")

    def act(self, context: StepContext) -> None:
        """Move it. A file of that name that is not ours is renamed aside."""
        shell = self.shell(context)
        source = shell.status(self.source)
        if source is None:
            raise codes.BackupFailed(
                codes.FILES_MISSING, f"{self.source} is gone.", "Undo, and take the backup anew."
            )
        self._own(shell)
        if self._adopt(context, shell, source):
            return
        move_left_over(context, shell, self.target)
        if not self._rename(context, shell):
            copied = shell.copy(self.source, self.target, watched(context))
            self._remember(context, root=copied.root, size=copied.size)

    def undo(self, context: StepContext) -> None:
        """Back to retain; a copy whose original is gone was proved, and goes with its set."""
        fact, shell = self._fact(context), self.shell(context)
        status = shell.status(self.target)
        if fact is not None and status is not None:
            if "root" not in fact and [status.inode, status.device] == fact["inode"]:
                shell.rename(self.target, self.source)
            elif "root" in fact:
                shell.remove(self.target)
        shell.discard_copy(self.target)
        context.remember(self.job.key(f"retained.{self.file.key}"), "")

    def _adopt(self, context: StepContext, shell: Shell, source: FileStatus) -> bool:
        """Take the copy of an earlier try that was cut off before it could be written down."""
        there = shell.status(self.target)
        if there is None or there.size != source.size:
            return False
        found = shell.checksum(self.target, watched(context))
        if found.root != shell.checksum(self.source, watched(context)).root:
            return False
        context.log(f"{self.target} is whole already")
        self._remember(context, root=found.root, size=found.size)
        return True

    def _rename(self, context: StepContext, shell: Shell) -> bool:
        source, folder = shell.status(self.source), shell.status(self.job.place.backup)
        if source is None or folder is None or source.device != folder.device:
            return False
        self._remember(context, inode=[source.inode, source.device])
        try:
            shell.rename(self.source, self.target)
        except Refused:
            # One device, and yet two mounts of it: only trying tells.
            if shell.status(self.target) is not None:
                raise
            return False
        return True

    def _own(self, shell: Shell) -> None:
        if self.file.image:
            wanted = self.job.images
            shell.set_owner(self.source, wanted.owner, wanted.group, wanted.mode)
        else:
            status = shell.status(self.source)
            assert status is not None
            shell.set_owner(self.source, status.owner, status.group, 0o600)

    def _fact(self, context: StepContext) -> dict[str, object] | None:
        text = context.recall(self.job.key(f"retained.{self.file.key}"))
        return dict(json.loads(text)) if text else None

    def _remember(self, context: StepContext, **values: object) -> None:
        context.remember(self.job.key(f"retained.{self.file.key}"), json.dumps(values))


class ProveSet(BackupStep):
    """Read every file of the set back from disk, then write checksums and manifest."""

    phase = RETAIN

    def __init__(self, job: BackupJob) -> None:
        super().__init__(job, "retain.prove")
        self.title = f"Prove the backup of {job.title}"
        self.reason = (
            "Read back from disk, not from memory; compared with what was read while copying. The"
            " manifest is the last file: only with it the set counts."
        )

    def commands(self) -> Sequence[str]:
        """sha256sum and qemu-img check."""
        job = self.job
        checks = (
            command_line(["qemu-img", "check", job.place.file(disk.image)]) for disk in job.disks
        )
        names = [f"{file.name}.{job.leaf}" for file in set_files(job)]
        return (
            *checks,
            f"cd {command_line([job.place.backup])} && {command_line(['sha256sum', *names])}"
            f" > {SUMS}",
            command_line(["rm", f"{job.place.backup}/{INCOMPLETE}"]),
        )

    def verify(self, context: StepContext) -> Verdict:
        """The manifest is there and every file of it has its size."""
        shell, folder = self.shell(context), self.job.place.backup
        if shell.status(f"{folder}/{MANIFEST}") is None:
            return not_done(f"{folder} has no manifest")
        if shell.status(f"{folder}/{INCOMPLETE}") is not None:
            return not_done(f"{folder} is still marked incomplete")
        path = f"{folder}/{MANIFEST}"
        manifest = read_manifest(read_small(shell, path), path)
        missing = what_is_missing(_sizes(shell, folder), manifest)
        if missing:
            return not_done(f"not as the manifest says: {', '.join(missing)}")
        return done(f"{counted(len(manifest.files), 'file')} read back, checksums in {SUMS}")

    def act(self, context: StepContext) -> None:
        """Read, compare, write."""
        job, shell = self.job, self.shell(context)
        folder = job.place.backup
        if shell.status(f"{folder}/{MANIFEST}") is None:
            manifest = self._manifest(context)
            shell.write(f"{folder}/{SUMS}", manifest.sums(), mode=0o640)
            shell.write(f"{folder}/{MANIFEST}", manifest.to_bytes(), mode=0o640)
        shell.remove(f"{folder}/{INCOMPLETE}")

    def undo(self, context: StepContext) -> None:
        """The set counts no more: marked first, then manifest and checksums go."""
        shell, folder = self.shell(context), self.job.place.backup
        if shell.status(folder) is not None:
            mark_incomplete(shell, self.job)
            shell.remove(f"{folder}/{MANIFEST}")
            shell.remove(f"{folder}/{SUMS}")

    def _manifest(self, context: StepContext) -> Manifest:
        job = self.job
        files = tuple(self._proved(context, file) for file in set_files(job))
        for disk in job.disks:
            self._check(
                context, job.place.file(disk.image), disk.format, self._backing(disk.target)
            )
        moment = moment_of(context.recall, job)
        return Manifest(
            machine=job.machine, title=job.title, leaf=job.leaf, node=job.node,
            storage=str(job.place.storage), method=job.method, was=job.was, memory=job.has_memory,
            moment=stamp_of(moment) if moment else "",
            times=execution_times(context.recall, job), files=files,
            disks=tuple(
                ManifestDisk(
                    d.target, f"{d.image}.{job.leaf}", d.live, d.format,
                    d.virtual_size, self._backing(d.target),
                )
                for d in job.disks
            ),
            made_by=f"rekindle {__version__}",
        )  # fmt: skip

    def _proved(self, context: StepContext, file: SetFile) -> ManifestFile:
        path = self.job.place.file(file.name)
        read = self.shell(context).checksum(path, watched(context), sha256=True)
        text = context.recall(self.job.key(f"retained.{file.key}"))
        fact = json.loads(text) if text else {}
        if "root" in fact and fact["root"] != read.root:
            raise codes.BackupFailed(
                codes.CANNOT_COPY_IMAGE if file.image else codes.CANNOT_COPY_FILE,
                f"{path} is not what was copied.",
                "Look at that file system. What was copied is still in retain; undo the retain"
                " by removing the file, then try again.",
                seen=read.root,
                expected=str(fact["root"]),
            )
        assert read.sha256 is not None
        return ManifestFile(f"{file.name}.{self.job.leaf}", read.size, read.sha256)

    def _check(self, context: StepContext, path: str, image_format: str, backing: str) -> None:
        shell = self.shell(context)
        info = image_info(shell, path)
        if info.backing != backing:
            raise StepFailed(
                f"{path} stands on {info.backing or 'nothing'}.", "Do not use this set.",
                seen=info.backing, expected=backing or "nothing",
            )  # fmt: skip
        found = check_image(shell, path, image_format)
        context.log(f"{path}: {found.text}")
        if not found.sound:
            raise codes.BackupFailed(
                codes.IMAGE_CORRUPT, f"{path} is damaged: {found.text}",
                "Check the machine's own image, then take the backup anew.",
            )  # fmt: skip

    def _backing(self, target: str) -> str:
        if self.job.method == PUSH:
            return ""
        return next(disk.backing for disk in self.job.disks if disk.target == target)


class CloseRetain(BackupStep):
    """Remove what is left in retain."""

    phase = RETAIN

    def __init__(self, job: BackupJob) -> None:
        super().__init__(job, "retain.close")
        self.title = f"Clear retain of {job.title}"
        self.reason = (
            "Only now that the set is proved; files left there would stop the next backup."
        )

    def commands(self) -> Sequence[str]:
        """rm, rmdir."""
        job = self.job
        files = [job.retained(file.name) for file in set_files(job)]
        return (command_line(["rm", "-f", *files]), command_line(["rmdir", job.place.retain]))

    def verify(self, context: StepContext) -> Verdict:
        """None of the set's files is left there, nor the empty folder."""
        left = self._left(context)
        if left:
            return not_done(f"still there: {', '.join(left)}")
        shell, folder = self.shell(context), self.job.place.retain
        if shell.status(folder) is None:
            return done("retain is clear")
        others = shell.list(folder)
        if not others:
            return not_done(f"{folder} is still there")
        return done(f"nothing of this backup is left; {folder} also holds {', '.join(others)}")

    def act(self, context: StepContext) -> None:
        """Remove each, then the folders this run made."""
        job, shell = self.job, self.shell(context)
        if shell.status(f"{job.place.backup}/{MANIFEST}") is None:
            raise Refused(f"{job.place.backup} has no manifest: retain is kept.")
        for path in self._left(context):
            shell.remove(path)
        remove_retain_folders(context, job, fact=job.key("retain.made"))
        if shell.status(job.place.retain) is not None and not shell.list(job.place.retain):
            shell.remove(job.place.retain)

    def undo(self, context: StepContext) -> None:
        """Make the folder again, for what comes back to it."""
        make_retain_folder(context, self.job, fact=self.job.key("retain.made"))

    def _left(self, context: StepContext) -> tuple[str, ...]:
        shell, job = self.shell(context), self.job
        paths = (job.retained(file.name) for file in set_files(job))
        return tuple(path for path in paths if shell.status(path) is not None)


def _sizes(shell: Shell, folder: str) -> dict[str, int]:
    found = {}
    for name in shell.list(folder):
        status = shell.status(f"{folder}/{name}")
        if status is not None:
            found[name] = status.size
    return found

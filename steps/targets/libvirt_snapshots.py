"""Save, snapshots, block jobs and pushes through libvirt, see `Snapshots`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from xml.sax.saxutils import quoteattr

from steps.targets import libvirt_errors as errors
from steps.targets.libvirt_loading import quiet_libvirt
from steps.targets.snapshots import BlockJob, PushJob

_KINDS = {1: "pull", 2: "copy", 3: "commit", 4: "commit", 5: "push"}
_BLOCK_COPY_ACTIVE = 83
"""VIR_ERR_BLOCK_COPY_ACTIVE: a commit that is not ready to pivot says so."""

_Result = TypeVar("_Result")


class LibvirtSnapshots(ABC):
    """The part of LibvirtHypervisor that backups need."""

    @abstractmethod
    def _known(self, name: str) -> Any: ...

    @abstractmethod
    def _call(self, doing: str, action: Callable[[Any], _Result]) -> _Result: ...

    @abstractmethod
    def _change(self, doing: str, action: Callable[[Any], object]) -> None: ...

    def save(self, name: str, state_path: str) -> None:
        """Save memory and devices to a file; the machine is off afterwards."""
        domain = self._known(name)
        self._change(f"saving {name}", lambda _: domain.saveFlags(state_path, None, 0))

    def snapshot(
        self, name: str, overlays: Mapping[str, str], state_path: str = ""
    ) -> float | None:
        """An atomic external snapshot without metadata, with memory where a path is given."""
        libvirt = quiet_libvirt()
        flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA
        if state_path:
            flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_LIVE
        else:
            flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
        domain, xml = self._known(name), _snapshot_xml(overlays, state_path)
        self._change(f"taking a snapshot of {name}", lambda _: domain.snapshotCreateXML(xml, flags))
        return self._stood_still(domain) if state_path else None

    def _stood_still(self, domain: Any) -> float | None:
        """How long the guest stood still in the job that ended last, as libvirt measured it."""
        libvirt = quiet_libvirt()
        flags = libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED
        flags |= libvirt.VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED
        stats = self._call("looking at the last job", lambda _: domain.jobStats(flags))
        is_snapshot = stats.get("operation") == libvirt.VIR_DOMAIN_JOB_OPERATION_SNAPSHOT
        return stats["downtime"] / 1000 if is_snapshot and "downtime" in stats else None

    def pull(self, name: str, target: str, *, base: str = "", bandwidth: int = 0) -> None:
        """blockRebase to the base, or with none blockPull of everything."""
        flags = quiet_libvirt().VIR_DOMAIN_BLOCK_REBASE_BANDWIDTH_BYTES
        domain = self._known(name)
        self._change(
            f"pulling {target} of {name}",
            lambda _: domain.blockRebase(target, base or None, bandwidth, flags),
        )

    def suspend(self, name: str) -> None:
        """Pause the guest; stopping it makes QEMU flush every image."""
        domain = self._known(name)
        self._change(f"pausing {name}", lambda _: domain.suspend())

    def commit(self, name: str, target: str, *, base: str, bandwidth: int = 0) -> None:
        """An active blockCommit into the base."""
        libvirt = quiet_libvirt()
        flags = libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE
        flags |= libvirt.VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES
        domain = self._known(name)
        self._change(
            f"committing {target} of {name}",
            lambda _: domain.blockCommit(target, base, None, bandwidth, flags),
        )

    def pivot(self, name: str, target: str) -> bool:
        """End a commit on its base; False where it is not ready yet."""
        libvirt = quiet_libvirt()
        domain = self._known(name)
        try:
            domain.blockJobAbort(target, libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
        except libvirt.libvirtError as error:
            if errors.code(error) == _BLOCK_COPY_ACTIVE:
                return False
            raise errors.failed(error, "", f"ending the commit of {target} of {name}") from None
        return True

    def cancel_job(self, name: str, target: str) -> None:
        """End a block job without its effect; none running is fine."""
        libvirt = quiet_libvirt()
        domain = self._known(name)
        if self.block_job(name, target) is None:
            return
        try:
            domain.blockJobAbort(target, 0)
        except libvirt.libvirtError as error:
            if errors.code(error) != errors.OPERATION_INVALID:
                raise errors.failed(error, "", f"cancelling a job of {name}") from None

    def block_job(self, name: str, target: str) -> BlockJob | None:
        """The block job on that disk, None where there is none."""
        domain = self._known(name)
        if not self._call(f"looking at {name}", lambda _: domain.isActive()):
            return None
        found = self._call(f"looking at {target}", lambda _: domain.blockJobInfo(target, 0))
        if not found:
            return None
        kind = _KINDS.get(found.get("type", 0), "another")
        return BlockJob(kind, int(found.get("cur", 0)), int(found.get("end", 0)))

    def begin_push(self, name: str, files: Mapping[str, tuple[str, str]]) -> None:
        """backupBegin with one file a disk; disks that are not named are left out."""
        domain, xml = self._known(name), _push_xml(files)
        self._change(f"beginning a backup of {name}", lambda _: domain.backupBegin(xml, None, 0))

    def push_job(self, name: str) -> PushJob | None:
        """The running backup job, else the one that ended last."""
        libvirt = quiet_libvirt()
        domain = self._known(name)
        if not self._call(f"looking at {name}", lambda _: domain.isActive()):
            return None
        stats = self._call(f"looking at {name}", lambda _: domain.jobStats(0))
        if stats.get("type", 0) and stats.get("operation") == _backup(libvirt):
            return _push(stats, ended=False)
        flags = libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED
        flags |= libvirt.VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED
        last = self._call(f"looking at {name}", lambda _: domain.jobStats(flags))
        if last.get("type", 0) and last.get("operation") == _backup(libvirt):
            return _push(last, ended=True)
        return None

    def cancel_push(self, name: str) -> None:
        """End a running push; none is fine."""
        job = self.push_job(name)
        if job is not None and not job.ended:
            domain = self._known(name)
            self._change(f"ending the backup of {name}", lambda _: domain.abortJob())

    def is_busy(self, name: str) -> bool:
        """Whether a job holds the machine."""
        domain = self._known(name)
        if not self._call(f"looking at {name}", lambda _: domain.isActive()):
            return False
        return bool(self._call(f"looking at {name}", lambda _: domain.jobStats(0)).get("type", 0))


def _backup(libvirt: Any) -> int:
    return int(libvirt.VIR_DOMAIN_JOB_OPERATION_BACKUP)


def _push(stats: Mapping[str, Any], *, ended: bool) -> PushJob:
    succeeded = ended and bool(stats.get("success", stats.get("type") == 3))
    words = str(stats.get("errmsg", "")) if ended and not succeeded else ""
    done, total = int(stats.get("disk_processed", 0)), int(stats.get("disk_total", 0))
    return PushJob(done, total, ended, succeeded, words)


def _snapshot_xml(overlays: Mapping[str, str], state_path: str) -> str:
    disks = "".join(
        f"<disk name={quoteattr(target)} snapshot='external'><driver type='qcow2'/>"
        f"<source file={quoteattr(path)}/></disk>"
        for target, path in overlays.items()
    )
    memory = f"snapshot='external' file={quoteattr(state_path)}" if state_path else "snapshot='no'"
    return f"<domainsnapshot><memory {memory}/><disks>{disks}</disks></domainsnapshot>"


def _push_xml(files: Mapping[str, tuple[str, str]]) -> str:
    disks = "".join(
        f"<disk name={quoteattr(target)} backup='yes' type='file'>"
        f"<target file={quoteattr(path)}/><driver type={quoteattr(kind)}/></disk>"
        for target, (path, kind) in files.items()
    )
    return f"<domainbackup mode='push'><disks>{disks}</disks></domainbackup>"

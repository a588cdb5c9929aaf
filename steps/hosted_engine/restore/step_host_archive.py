"""The archive on the host: the newer tool restores it from a file there."""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import StepFailed
from steps.hosted_engine.machine_restore.facts import ARCHIVE_SHA256
from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.restore_command import ArchiveHolds, RestoreChoice
from steps.hosted_engine.machine_restore.step_archive import ArchiveBrought, left_there
from steps.hosted_engine.restore.archive_look import current_sha256
from steps.hosted_engine.restore.archive_place import ArchivePlace
from steps.hosted_engine.restore.restore_job import RestoreJob, archive_source, as_machine
from steps.procedure import Step, StepContext, Verdict, done, not_done


class ArchiveUnchanged(Step):
    """The archive is the one that was looked at."""

    name = "archive.same"
    title = "The archive is the one that was looked at"
    reason = "Everything shown before was about this file; another one would do other things."

    def __init__(self, place: ArchivePlace, sha256: str) -> None:
        self.place, self.sha256 = place, sha256

    def commands(self) -> Sequence[str]:
        """The look."""
        where = f"ssh {self.place.server} " if self.place.server else ""
        return (f"{where}sha256sum {self.place.path}",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where its checksum is the one that was taken."""
        if context.recall(ARCHIVE_SHA256) == self.sha256:
            return done("it was brought to its place in this run already")
        now = current_sha256(context.targets, self.place)
        if now != self.sha256:
            return not_done(f"{self.place} has the SHA-256 {now}; {self.sha256} was looked at")
        return done(f"SHA-256 {now}")

    def apply(self, context: StepContext) -> None:
        """Raises StepFailed: nothing here mends an archive."""
        raise StepFailed(
            f"{self.place} is another file than the one that was looked at.",
            "Stop this run and plan the restore anew.",
            seen="another SHA-256",
            expected=self.sha256,
        )


class HostArchive(ArchiveBrought):
    """Bring the archive to the host that the engine is deployed on."""

    title = "Bring the archive to the host"
    removed_by = "archive.remove"

    def __init__(self, job: RestoreJob) -> None:
        assert job.deploy is not None
        super().__init__(_as_machine_job(job))
        self.path, self.where = job.archive_on_host, job.deploy.host.name

    def commands(self) -> Sequence[str]:
        """How an operator would do it."""
        archive = self.job.archive
        source = f"{archive.server}:{archive.path}" if archive.server else archive.path
        return (
            f"scp -p {source} {self.where}:{self.path}",
            f"ssh {self.where} chmod 0600 {self.path}",
            f"ssh {self.where} sha256sum {self.path}",
        )

    def leaves(self, _run: str, *, whole: bool) -> Sequence[str]:
        """The copy on the host."""
        return left_there(self.where, self.path, "rm", whole=whole)

    def _remove_folder(self, context: StepContext) -> None:
        """The host's folder serves every run."""

    def _target(self, context: StepContext) -> str:
        return self.path


class RemoveHostArchive(Step):
    """The copy on the host goes: it holds passwords and the authority's key."""

    name = "archive.remove"
    title = "Remove the archive from the host"
    reason = "It holds passwords and the authority's key; the one on its server stays."

    def __init__(self, job: RestoreJob) -> None:
        assert job.deploy is not None
        self.path, self.where = job.archive_on_host, job.deploy.host.name

    @property
    def optional(self) -> bool:
        """The engine runs without it."""
        return True

    def commands(self) -> Sequence[str]:
        """rm of it."""
        return (f"ssh {self.where} rm {self.path}",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where it is not there."""
        there = context.targets.shell(self.where).status(self.path)
        return done(f"{self.path} is gone") if there is None else not_done(f"{self.path} is there")

    def apply(self, context: StepContext) -> None:
        """Remove it."""
        context.targets.shell(self.where).remove(self.path)


def _as_machine_job(job: RestoreJob) -> MachineRestoreJob:
    assert job.deploy is not None
    return MachineRestoreJob(
        site_name=job.site.name,
        machine=as_machine(job.deploy.host),
        archive=archive_source(job.survey),
        holds=ArchiveHolds.of(job.survey.inspection),
        choice=RestoreChoice(),
        fqdn=job.deploy.fqdn,
        depends_on=job.deploy.depends_on,
    )

"""The step that looks at one machine before anything of it is touched."""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import Refused
from steps.procedure import Step, StepContext, Verdict, done, not_done
from steps.targets.quoting import command_line
from steps.virtual_machine.backup.job import BackupJob
from steps.virtual_machine.backup.look import ERROR, MachineLook, findings
from steps.virtual_machine.backup.survey import look_again
from steps.virtual_machine.return_values import WRONG_STATE, BackupFailed


class CheckMachine(Step):
    """Everything that was looked at for the plan, once more: it may be hours old."""

    reason = (
        "Domain, disks, chains, room, owner, leaves: whatever stops a backup halfway is told"
        " before it begins."
    )

    def __init__(self, job: BackupJob) -> None:
        self.job = job
        self.lane = job.lane
        self.name = f"prepare.check.{job.machine}"
        self.title = f"Look at {job.title} once more"

    def commands(self) -> Sequence[str]:
        """The looks."""
        job = self.job
        chains = (
            command_line(["qemu-img", "info", "-U", "--backing-chain", disk.live])
            for disk in job.disks
        )
        return (
            command_line(["virsh", "domstate", job.machine]),
            *chains,
            command_line(["df", job.place.retain, job.place.backup]),
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done once it was looked at in this run."""
        noted = context.recall(self.job.key("checked"))
        return done(noted) if noted else not_done("not looked at yet")

    def apply(self, context: StepContext) -> None:
        """Look. Raises BackupFailed for what stands in the way, Refused where it has changed."""
        job = self.job
        look = look_again(context, job)
        changed = differences(job, look)
        if changed:
            raise Refused(
                f"{job.title} has changed since the backup was planned: {'; '.join(changed)}.",
                "Plan the backup anew.",
            )
        found = findings(look, job.method, ram_disk=bool(job.ram_disk))
        errors = [finding for finding in found if finding.level == ERROR]
        for finding in found:
            context.log(f"{finding.level}: {finding.text}")
        if errors:
            raise BackupFailed(
                WRONG_STATE, " ".join(finding.text for finding in errors),
                " ".join(dict.fromkeys(f.remedy for f in errors if f.remedy)),
            )  # fmt: skip
        context.remember(job.key("checked"), found[-1].text)

    def undo(self, context: StepContext) -> None:
        """Nothing to put back: it is looked at again."""
        context.remember(self.job.key("checked"), "")


def differences(job: BackupJob, look: MachineLook) -> tuple[str, ...]:
    """What is not any more as the job was made for, a phrase each."""
    if look.trouble:
        return (look.trouble,)
    words = []
    if look.node != job.node:
        words.append(f"it is on {look.node} now")
    if look.state != job.was:
        words.append(f"it is {look.state or 'unknown'}, it was {job.was or 'unknown'}")
    wanted = {disk.target: (disk.live, disk.format, disk.backing) for disk in job.disks}
    seen = {disk.target: (disk.live, disk.format, disk.backing) for disk in look.disks}
    for target in sorted(wanted.keys() | seen.keys()):
        if wanted.get(target) != seen.get(target):
            words.append(f"disk {target} is another one")
    return tuple(words)

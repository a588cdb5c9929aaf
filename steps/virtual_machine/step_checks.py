"""Steps that only look: the backup set, the copies, the restored machine. They change nothing."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from config.errors import Refused, RekindleError, StepFailed
from config.questions import Finding
from steps.procedure import ProbeInput, Step, StepContext, Verdict, done, not_done
from steps.run.text import counted
from steps.targets.quoting import command_line
from steps.virtual_machine.backup_set import ERROR, SetFacts, findings
from steps.virtual_machine.directory_modes import timestamp
from steps.virtual_machine.iterations import Iteration
from steps.virtual_machine.machine_site import MachineSite, find_machine
from steps.virtual_machine.machine_step import MachineStep
from steps.virtual_machine.qemu_image import check_image, image_info
from steps.virtual_machine.restore_job import DiskMove, RestoreJob
from steps.virtual_machine.set_look import SetLook, look_at_set
from steps.virtual_machine.verification import Verified, last_verified, note
from steps.virtual_machine.xml_facts import XmlFacts, differences, xml_facts


class CheckStep(Step):
    """A look whose success is remembered. With `every_time` verify looks again."""

    every_time = False

    @abstractmethod
    def look(self, context: StepContext) -> str:
        """What was seen, in words; raises RekindleError where it is not as it must be."""

    def verify(self, context: StepContext) -> Verdict:
        """Done once a look in this run found it as it must be."""
        seen = context.recall(self.name)
        if not seen:
            return not_done("not looked at yet")
        if not self.every_time:
            return done(seen)
        try:
            return done(self.look(context))
        except RekindleError as error:
            return not_done(error.message)

    def apply(self, context: StepContext) -> None:
        """Look."""
        context.remember(self.name, self.look(context))

    def undo(self, context: StepContext) -> None:
        """Forget the look: it says nothing about the world as it is then."""
        context.remember(self.name, "")


class CheckSet(CheckStep):
    """The whole backup set, before anything is touched."""

    name = "set.check"
    title = "Check the backup set"
    reason = (
        "Every disk, not one: present, sound, of the size and format the XML says. The original"
        " looked for one image and took copy errors for warnings."
    )

    def __init__(self, job: RestoreJob) -> None:
        self.job = job

    def commands(self) -> Sequence[str]:
        """qemu-img check, a line an image."""
        return tuple(
            command_line(["qemu-img", "check", "-f", disk.format, disk.backup])
            for disk in self.job.disks
        )

    def look(self, context: StepContext) -> str:
        """Everything the interview looked at, again."""
        site, iteration = locate(context, self.job)
        look = look_at_set(_probe(context, self.job), site, iteration, check=True)
        found = findings(self.facts(look), with_state=self.job.with_state)
        return without_errors(context, found, "a whole and sound set, and room for it")

    def facts(self, look: SetLook) -> SetFacts:
        """What of the look is judged: all of it."""
        return look.facts


def without_errors(context: StepContext, found: Sequence[Finding], expected: str) -> str:
    """The findings in one line; all are logged, and StepFailed is raised for the errors."""
    errors = [finding for finding in found if finding.level == ERROR]
    for finding in found:
        context.log(f"{finding.level}: {finding.text}")
    if errors:
        raise StepFailed(
            "\n".join(finding.text for finding in errors),
            "\n".join(dict.fromkeys(f.remedy for f in errors if f.remedy)),
            seen=f"{len(errors)} error{'s' if len(errors) > 1 else ''}",
            expected=expected,
        )
    return "; ".join(finding.text for finding in found if finding.level != ERROR)


def locate(context: StepContext, job: RestoreJob) -> tuple[MachineSite, Iteration]:
    """The machine and the iteration as they are now; Refused where they are elsewhere."""
    site = find_machine(_probe(context, job), job.machine)
    if site.node.name != job.node:
        raise Refused(
            f"{job.title} is on {site.node.name} now; the plan was made for {job.node}.",
            "Start the restore anew.",
        )
    iteration = site.iteration(job.place.leaf)
    if iteration.place != job.place:
        raise Refused(
            f"The backup plan changed: the set is {iteration.place.backup} now, retain"
            f" {iteration.place.retain}.",
            "Start the restore anew.",
        )
    return site, iteration


def _probe(context: StepContext, job: RestoreJob) -> ProbeInput:
    return ProbeInput(job.site, context.given, context.targets)


class CheckCopy(CheckStep):
    """One image's copy: sound, of the format and size of the backup, on the right base."""

    reason = "The copy is what the machine will run on; it is checked, not only the backup."

    def __init__(self, job: RestoreJob, disk: DiskMove) -> None:
        self.job = job
        self.disk = disk
        self.name = f"large.check.{disk.target}"
        self.title = f"Check the copy of {disk.target}"

    def commands(self) -> Sequence[str]:
        """qemu-img check and info."""
        disk = self.disk
        return (
            command_line(["qemu-img", "check", "-f", disk.format, disk.staged]),
            command_line(["qemu-img", "info", disk.staged]),
        )

    def look(self, context: StepContext) -> str:
        """qemu-img's word on it."""
        shell, disk = context.targets.shell(self.job.node), self.disk
        info = image_info(shell, disk.staged)
        seen = f"{info.format}, {info.virtual_size} bytes, behind it: {info.backing or 'nothing'}"
        expected = (
            f"{disk.format}, {disk.virtual_size} bytes, behind it: {disk.backing or 'nothing'}"
        )
        if seen != expected:
            raise StepFailed(
                f"The copy of {disk.target} is not the image that was looked at.",
                "Undo, and start the restore anew.",
                seen=seen,
                expected=expected,
            )
        check = check_image(shell, disk.staged, disk.format)
        if not check.sound:
            raise StepFailed(
                f"The copy of {disk.target} is damaged.", "Choose another backup.", seen=check.text
            )
        return f"{check.text}; {seen}"


class NoteVerified(Step):
    """Note that this backup was read whole and found sound, for the list of backups."""

    name = "large.verified"
    title = "Note that the backup was verified"
    reason = "A backup that somebody has restored from is worth more than one nobody has read."

    def __init__(self, job: RestoreJob) -> None:
        self.job = job

    def commands(self) -> Sequence[str]:
        """Nothing that an operator would type."""
        return ("# a record beside the backup, or else in the state folder of this account",)

    def verify(self, context: StepContext) -> Verdict:
        """The note is there, for the set as it is, and of this run."""
        site, iteration = locate(context, self.job)
        noted = last_verified(site.shell, iteration)
        if not noted or noted != context.recall(self.name):
            return not_done(f"last verified: {noted or 'never'}")
        return done(f"verified {noted}")

    def apply(self, context: StepContext) -> None:
        """Note it."""
        site, iteration = locate(context, self.job)
        moment = timestamp(datetime.now(UTC))
        context.remember(self.name, moment)
        note(site.shell, iteration, verified=Verified(moment))


class CheckChain(CheckStep, MachineStep):
    """The paused machine: its disks, what is behind them, and its console password."""

    name = "machine.check-chain"
    title = "Check the paused machine's disks and console"
    reason = (
        "A state saved with a chain's end in its XML opens an image without what is behind it, and"
        " an XML without the password opens the console to everybody. Neither says a word."
    )
    every_time = True

    def commands(self) -> Sequence[str]:
        """virsh dumpxml."""
        return (
            self.virsh("dumpxml", "--security-info", self.job.machine),
            self.virsh("domstate", self.job.machine),
        )

    def look(self, context: StepContext) -> str:
        """The running XML against the one it was restored with."""
        status = self.status(context)
        if status is None or not status.active:
            raise StepFailed(f"{self.job.title} is not there.", "Look at its QEMU log.")
        expected = restored_facts(self, context)
        seen = xml_facts(self.hypervisor(context).xml(self.job.machine), "the machine's XML")
        _refuse_differences(self.job, expected, seen)
        _refuse_open_console(self.job, expected, seen)
        disks = counted(len(expected.images), "disk")
        return f"{disks} as restored, {counted(len(seen.consoles), 'console')} as in the XML"


def restored_facts(step: MachineStep, context: StepContext) -> XmlFacts:
    """What the restore XML asks for, with what is known to lie behind each image."""
    facts = xml_facts(step.document(context, step.job.restore_xml), "the restore XML")
    behind = {disk.target: disk.backing for disk in step.job.disks}
    disks = (
        replace(disk, backing=(behind[disk.target],) if behind.get(disk.target) else ())
        for disk in facts.disks
    )
    return replace(facts, disks=tuple(disks))


def _refuse_differences(job: RestoreJob, expected: XmlFacts, seen: XmlFacts) -> None:
    # Deeper levels of a chain are the base image's own matter.
    near = replace(seen, disks=tuple(replace(d, backing=d.backing[:1]) for d in seen.disks))
    wrong = differences(expected, near)
    if wrong:
        raise StepFailed(
            f"{job.title} is not what was to be restored: {'; '.join(wrong)}.",
            "It has not run yet: undo the restore.",
            seen="; ".join(wrong),
            expected="what the restore XML says",
        )


def _refuse_open_console(job: RestoreJob, expected: XmlFacts, seen: XmlFacts) -> None:
    for (kind, _, wanted), (_, port, has) in zip(expected.consoles, seen.consoles, strict=False):
        if wanted and not has:
            raise StepFailed(
                f"The {kind} console of {job.title} on port {port} has lost its password.",
                "It has not run yet: undo the restore.",
                seen="no password",
                expected="the password of the directory",
            )


class VerifyMachine(CheckStep, MachineStep):
    """The machine at the end: state, persistence, disks, memory, no job."""

    name = "machine.verify"
    title = "Verify the machine"
    reason = "What the tools claimed is looked at once more, in the world."
    every_time = True

    def commands(self) -> Sequence[str]:
        """virsh dominfo and friends."""
        return (
            self.virsh("dominfo", self.job.machine),
            self.virsh("domblklist", self.job.machine),
            self.virsh("dumpxml", self.job.machine),
        )

    def look(self, context: StepContext) -> str:
        """State, then the XML it runs with and the one it will start with."""
        job, status = self.job, self.status(context)
        wanted = f"{'running' if job.resume else _resting(job)}, persistent, no block job"
        seen = "not known to the hypervisor"
        if status is not None:
            kept = "persistent" if status.persistent else "transient"
            jobs = f"block job on {', '.join(status.jobs)}" if status.jobs else "no block job"
            seen = f"{status.state}, {kept}, {jobs}"
        if seen != wanted:
            raise StepFailed(
                f"{job.title} is {seen}.", "Look at its QEMU log.", seen=seen, expected=wanted
            )
        self._compare(context, active=status is not None and status.active)
        return seen

    def _compare(self, context: StepContext, *, active: bool) -> None:
        hypervisor, job = self.hypervisor(context), self.job
        if active:
            running = xml_facts(hypervisor.xml(job.machine), "the running XML")
            _refuse_differences(job, restored_facts(self, context), running)
        next_boot = xml_facts(self.document(context, job.next_boot_xml), "the next-boot XML")
        defined = xml_facts(hypervisor.xml(job.machine, inactive=True), "the persistent XML")
        _refuse_differences(job, next_boot, defined)


def _resting(job: RestoreJob) -> str:
    return "paused" if job.with_state else "shut off"

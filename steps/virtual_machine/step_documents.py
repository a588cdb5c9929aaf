"""Steps on the documents: nothing changed since the screen, merged, judged by libvirt, kept.

The documents of this restore lie in the retain folder, readable by their owner only: they hold the
console password. The run directory never sees it.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from config.errors import Refused, StepFailed
from steps.ldif_text import dump_entries
from steps.procedure import ProbeInput, Step, StepContext, Verdict, done, not_done
from steps.targets.quoting import command_line
from steps.targets.shell import Shell
from steps.virtual_machine.changed_since import changed_since
from steps.virtual_machine.conflict_set import MachineConflicts
from steps.virtual_machine.directory_modes import timestamp
from steps.virtual_machine.host_needs import missing_on_host
from steps.virtual_machine.machine_step import BEFORE, Before, MachineStep
from steps.virtual_machine.merged import Merged, compare, filled, merge
from steps.virtual_machine.restore_job import RestoreJob
from steps.virtual_machine.retain_folder import make_retain_folder, move_left_over
from steps.virtual_machine.sanitise import Vault
from steps.virtual_machine.set_reader import read_state_header
from steps.virtual_machine.small_files import read_small
from steps.virtual_machine.sources import DIRECTORY_NOW, Sources
from steps.virtual_machine.state_file import NEEDED_BYTES, StateHeader
from steps.virtual_machine.step_checks import CheckStep, locate
from steps.virtual_machine.survey import RestoreSurvey, read_now
from steps.virtual_machine.xml_facts import xml_facts


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything as it is now, with its secrets, and the comparison of it without them."""

    survey: RestoreSurvey
    vault: Vault
    conflicts: MachineConflicts


def read_unchanged(context: StepContext, job: RestoreJob) -> Reading:
    """Read everything again; its secrets are concealed from all that this run writes.

    Raises Refused where something differs from what was decided on, saying what and who.
    """
    site, iteration = locate(context, job)
    now = read_now(ProbeInput(job.site, context.given, context.targets), site, iteration)
    vault = Vault()
    conflicts = compare(now.sources.sanitised(vault), now.host, job.with_state)
    for secret in vault.secrets().values():
        context.conceal(secret.reveal())
    changed = changed_since(job.compared, conflicts, job.resolutions, site.entries)
    if changed:
        raise Refused(
            "Something changed since it was compared: " + "; ".join(changed) + ".",
            "Undo, then start the restore anew: it compares what is there now.",
        )
    return Reading(now, vault, conflicts)


class Unchanged(CheckStep):
    """Read every source again and compare it with what was decided on."""

    def __init__(self, job: RestoreJob, name: str, reason: str) -> None:
        self.job = job
        self.name = name
        self.title = "See that nothing changed since it was compared"
        self.reason = reason

    def commands(self) -> Sequence[str]:
        """The reads."""
        return (
            command_line(["ldapsearch", "-LLL", "-b", self.job.machine_dn]),
            command_line(["virsh", "dumpxml", "--inactive", self.job.machine]),
        )

    def look(self, context: StepContext) -> str:
        """Same rows, same entries, same documents."""
        count = len(read_unchanged(context, self.job).conflicts.rows)
        return f"the same {count} differences as were decided, nothing else changed"


class WriteMerged(Step):
    """Write what was decided: the entries, the XML to restore with, the XML of the next boot."""

    name = "small.merged"
    title = "Write the merged documents"
    reason = "The original printed a path here and restored without them."

    def __init__(self, job: RestoreJob) -> None:
        self.job = job

    def commands(self) -> Sequence[str]:
        """What is written where."""
        return tuple(f"# write {path}" for path in self._paths())

    def verify(self, context: StepContext) -> Verdict:
        """Every document is there, as this run wrote it."""
        text = context.recall(self.name)
        if not text:
            return not_done("not written yet")
        if self._identities(context) != json.loads(text):
            return not_done("not as this run wrote them")
        return done(f"in {self.job.place.retain}: {', '.join(_names(self._paths()))}")

    def apply(self, context: StepContext) -> None:
        """Merge what is there now by what was decided, put the secrets back, write."""
        job = self.job
        now = read_unchanged(context, job)
        when = timestamp(datetime.now(UTC))
        merged = merge(now.conflicts, job.resolutions, who=getpass.getuser(), when=when)
        _keep_for_the_report(context, merged)
        result = filled(merged, now.vault)
        make_retain_folder(context, job)
        documents = (dump_entries(result.entries), result.restore_xml, result.next_boot_xml)
        for path, text in zip(self._paths(), documents, strict=True):
            _write(context, job, path, text)
        context.remember(self.name, json.dumps(self._identities(context)))

    def undo(self, context: StepContext) -> None:
        """Remove them."""
        _remove(context, self.job, self._paths())
        context.remember(self.name, "")

    def _paths(self) -> tuple[str, str, str]:
        return (self.job.merged_ldif, self.job.restore_xml, self.job.next_boot_xml)

    def _identities(self, context: StepContext) -> list[list[float]]:
        shell = context.targets.shell(self.job.node)
        found = [shell.status(path) for path in self._paths()]
        return [[f.inode, f.size, f.modified] for f in found if f is not None]


class XmlVerdict(CheckStep, MachineStep):
    """libvirt's verdict on the merged XML, and what libvirt does not look at."""

    name = "xml.verdict"
    title = "Ask libvirt about the merged XML"
    reason = (
        "Its refusal would come with the machine down. The dry run sees no bridge, image or port:"
        " those are looked at here."
    )

    def commands(self) -> Sequence[str]:
        """The dry run, on a copy of the state file's header only."""
        job = self.job
        if not job.with_state:
            return (command_line(["virt-xml-validate", job.restore_xml, "domain"]),)
        return (
            command_line(["head", "-c", "HEADER", job.state_backup]) + f" > {_header_copy(job)}",
            self.virsh("save-image-define", _header_copy(job), "--file", job.restore_xml),
        )

    def look(self, context: StepContext) -> str:
        """Both, on this node."""
        xml = self.document(context, self.job.restore_xml)
        missing = missing_on_host(
            context.targets.shell(self.job.node),
            self.hypervisor(context),
            self.job,
            xml_facts(xml, "the merged XML"),
        )
        if missing:
            raise Refused(
                "This host cannot run the machine as decided: " + "; ".join(missing) + ".",
                "Put that right, or undo and decide otherwise.",
            )
        if not self.job.with_state:
            return "everything the merged XML names is on this host"
        return self._verdict(context, xml)

    def undo(self, context: StepContext) -> None:
        """Forget the verdict, and what a killed look may have left behind."""
        context.targets.shell(self.job.node).remove(_header_copy(self.job))
        super().undo(context)

    def _verdict(self, context: StepContext, xml: str) -> str:
        shell, job = context.targets.shell(self.job.node), self.job
        copy = _header_copy(job)
        header = read_state_header(shell, job.state_backup)
        if not isinstance(header, StateHeader):
            raise StepFailed(f"{job.state_backup} is no state file any more.")
        length = min(header.header_length, NEEDED_BYTES)
        shell.write(copy, shell.read(job.state_backup, limit=length), mode=0o600)
        try:
            words = self.hypervisor(context).check_state_xml(copy, xml)
        finally:
            shell.remove(copy)
        if words:
            raise Refused(
                f"libvirt refuses the merged XML: {words}",
                "Undo, start anew, and keep the backup's value there; or restore cold.",
            )
        return "libvirt accepts the merged XML for this memory state; this host has what it names"


class KeepToday(MachineStep):
    """Keep today's entries and definition, and what the machine is doing now."""

    name = "live.keep"
    title = "Keep today's entry and definition"
    reason = "The way back. Whatever changed since it was compared stops the restore here."

    def commands(self) -> Sequence[str]:
        """Search and dump, into retain."""
        job = self.job
        search = command_line(["ldapsearch", "-LLL", "-b", job.machine_dn])
        dump = self.virsh("dumpxml", "--inactive", "--security-info", job.machine)
        return (f"{search} > {job.kept_ldif}", f"{dump} > {job.kept_xml}")

    def verify(self, context: StepContext) -> Verdict:
        """Kept, and what the machine did is remembered."""
        if not context.recall(BEFORE):
            return not_done("not kept yet")
        if self._shell(context).status(self.job.kept_ldif) is None:
            return not_done(f"{self.job.kept_ldif} is gone")
        return done(f"kept in {self.job.place.retain}")

    def apply(self, context: StepContext) -> None:
        """Compare once more, then keep exactly what was compared."""
        now = read_unchanged(context, self.job).survey
        sources, domain = now.sources, now.domain
        if domain is not None and domain.managed_save:
            raise Refused(f"{self.job.title} was saved meanwhile.", "Remove its managed save.")
        _write(context, self.job, self.job.kept_ldif, _text(sources))
        if isinstance(sources.xml_now, str):
            _write(context, self.job, self.job.kept_xml, sources.xml_now)
        was = Before(
            known=domain is not None,
            state=domain.state if domain else "",
            persistent=domain is not None and domain.persistent,
        )
        context.remember(BEFORE, json.dumps(asdict(was)))

    def undo(self, context: StepContext) -> None:
        """Remove what was kept: everything is as it was."""
        _remove(context, self.job, (self.job.kept_ldif, self.job.kept_xml))
        context.remember(BEFORE, "")

    def _shell(self, context: StepContext) -> Shell:
        return context.targets.shell(self.job.node)


def _keep_for_the_report(context: StepContext, merged: Merged) -> None:
    """The same documents with marks for secrets, and the decisions, in the run directory."""
    keep = context.run_directory / "keep"
    keep.mkdir(mode=0o700, exist_ok=True)
    documents = {
        "merged.ldif": dump_entries(merged.entries),
        "change.ldif": merged.change_ldif,
        "restore.xml": merged.restore_xml,
        "next-boot.xml": merged.next_boot_xml,
        "decisions.json": merged.decision_log,
    }
    for name, text in documents.items():
        (keep / name).write_text(text)


def _text(sources: Sources) -> str:
    entries: bytes | None = getattr(sources, DIRECTORY_NOW)
    return (entries or b"").decode("utf-8")


def _write(context: StepContext, job: RestoreJob, path: str, text: str) -> None:
    """Write one document; one of an earlier restore that says something else is moved aside."""
    shell, data = context.targets.shell(job.node), text.encode()
    if shell.status(path) is not None and read_small(shell, path) != data:
        move_left_over(context, shell, path)
    shell.write(path, data, mode=0o600)


def _remove(context: StepContext, job: RestoreJob, paths: Sequence[str]) -> None:
    shell = context.targets.shell(job.node)
    for path in paths:
        shell.remove(path)


def _header_copy(job: RestoreJob) -> str:
    return job.place.working("state-header")


def _names(paths: Sequence[str]) -> list[str]:
    return [path.rsplit("/", 1)[-1] for path in paths]

"""Steps that write the machine's directory entry and its lease, each entry by compare-and-set."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from steps.ldif_text import parse_entries
from steps.procedure import Step, StepContext, Verdict, done, not_done, unknown
from steps.targets.directory import Entry
from steps.virtual_machine.entry_changes import (
    EntryMove,
    Standing,
    entries_below,
    entries_elsewhere,
    moves,
    reverse,
)
from steps.virtual_machine.entry_writing import standings, walk
from steps.virtual_machine.restore_job import RestoreJob
from steps.virtual_machine.small_files import read_small


class WriteEntries(Step):
    """Take entries from what they are to what they shall be.

    An entry that already says what it shall is left alone, so that a run that was killed between
    two entries goes on with the next. One that says neither what it did nor what it shall was
    changed by somebody else: nothing more is written.
    """

    def __init__(self, job: RestoreJob, change: Sequence[str]) -> None:
        self.job = job
        self._change = tuple(change)

    def commands(self) -> Sequence[str]:
        """The change file, as ldapmodify reads it."""
        if not self._change:
            return ("# nothing to change",)
        return ("ldapmodify <<'END'", *self._change, "END")

    def verify(self, context: StepContext) -> Verdict:
        """Done where every entry says what it shall."""
        if not self._is_kept(context):
            return not_done("today's entries are not kept yet")
        found = standings(context, self._moves(context))
        wrong = [move for move, s in found if s is not Standing.NEW]
        if not wrong:
            return done(self._all_written(len(found)))
        strange = [move.dn for move, s in found if s is Standing.NEITHER]
        if strange:
            return unknown(f"somebody else changed {', '.join(strange)}")
        return not_done(f"not yet written: {', '.join(move.dn for move in wrong)}")

    def apply(self, context: StepContext) -> None:
        """Write what is not written yet."""
        walk(context, self._moves(context))

    def undo(self, context: StepContext) -> None:
        """Put the entries of before back, by compare-and-set."""
        if self._is_kept(context):
            walk(context, reverse(self._moves(context)))

    @abstractmethod
    def chosen(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Which of the kept and merged entries this step writes."""

    def _all_written(self, count: int) -> str:
        return f"{count} changed entries say what they shall" if count else "nothing to change"

    def _moves(self, context: StepContext) -> tuple[EntryMove, ...]:
        before = self._read(context, self.job.kept_ldif)
        after = self._read(context, self.job.merged_ldif)
        return moves(self.chosen(before), self.chosen(after))

    def _is_kept(self, context: StepContext) -> bool:
        return context.targets.shell(self.job.node).status(self.job.kept_ldif) is not None

    def _read(self, context: StepContext, path: str) -> tuple[Entry, ...]:
        data = read_small(context.targets.shell(self.job.node), path)
        return parse_entries(data, path)


class WriteMachineEntry(WriteEntries):
    """The machine's entry and what is below it, without its backups."""

    name = "directory.machine"
    title = "Write the directory entry"
    reason = (
        "Only what was decided is written; the node, its status and the backups are left alone."
        " The change is refused where somebody changed the entry since it was compared."
    )

    def chosen(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Everything at or below the machine's DN."""
        return entries_below(entries, self.job.machine_dn)


class WriteLease(WriteEntries):
    """The machine's DHCP entry."""

    name = "directory.dhcp"
    title = "Write the DHCP entry"
    reason = "Address and MAC move together: the machine must get the address it had."

    def chosen(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Everything that is not at or below the machine's DN."""
        return entries_elsewhere(entries, self.job.machine_dn)

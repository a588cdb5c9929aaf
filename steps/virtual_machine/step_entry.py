"""Steps that change one entry: keep what stands there, write, take back from what was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config.errors import StepFailed
from config.private_files import write_private
from steps.ldif_text import dump_add, dump_delete, dump_entries, dump_modify, parse_entries
from steps.procedure import Step, StepContext, Verdict, done, not_done, unknown
from steps.targets.directory import Entry
from steps.virtual_machine.entry_changes import EntryMove, Standing, changes
from steps.virtual_machine.entry_writing import walk
from steps.virtual_machine.plans.plan_entry import without_plan

_KEPT = "before.ldif"
_NOTHING = "# there was no entry\n"


@dataclass(frozen=True, slots=True)
class EntryJob:
    """One entry's change, and what to call it: `what` is "plan", "leaf"; `title` a sentence."""

    what: str
    title: str
    move: EntryMove

    @property
    def ldif(self) -> str:
        """The change as ldapmodify reads it."""
        move = self.move
        if move.new is None:
            return dump_delete(move.dn, expected_csn=move.old.entry_csn if move.old else "")
        if move.old is None:
            return dump_add(move.dn, move.new.attributes)
        written = changes(move.old, move.new)
        return dump_modify(move.dn, written, expected_csn=move.old.entry_csn)


class KeepEntry(Step):
    """Keep the entry as it is, in the run's folder: undo writes it back from there."""

    reason = "What undo writes back is a file, not a memory."

    def __init__(self, job: EntryJob) -> None:
        self.job = job
        self.name = f"{job.what}.keep"
        self.title = f"Keep the {job.what} as it is"

    def commands(self) -> Sequence[str]:
        """As ldapsearch would."""
        return (f"ldapsearch -LLL -s base -b '{self.job.move.dn}' > keep/{_KEPT}",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where the file says what was surveyed."""
        path = context.run_directory / "keep" / _KEPT
        if not path.exists():
            return not_done("nothing is kept yet")
        if path.read_text() != self._text():
            return not_done("what is kept is not what was surveyed")
        return done(f"{path.name}: {len(self._text().splitlines())} lines")

    def apply(self, context: StepContext) -> None:
        """Write the file."""
        folder = context.run_directory / "keep"
        folder.mkdir(mode=0o700, exist_ok=True)
        write_private(folder / _KEPT, self._text())

    def _text(self) -> str:
        old = self.job.move.old
        return _NOTHING if old is None else dump_entries((old,))


class WriteEntry(Step):
    """Write the entry by compare-and-set; undo writes the kept one back the same way."""

    reason = (
        "Refused where somebody changed the entry since it was read. Iterations below it are not"
        " touched."
    )

    def __init__(self, job: EntryJob) -> None:
        self.job = job
        self.name = f"{job.what}.write"
        self.title = f"{'Remove' if job.move.new is None else 'Write'} the {job.what}"

    def commands(self) -> Sequence[str]:
        """The change file."""
        return ("ldapmodify <<'END'", *self.job.ldif.rstrip("\n").splitlines(), "END")

    def verify(self, context: StepContext) -> Verdict:
        """Done where the directory, read again, says what it shall."""
        now = context.targets.directory().get(self.job.move.dn)
        standing = self.job.move.standing(now)
        if standing is Standing.NEW:
            return done(f"read back: {self.job.title}")
        if standing is Standing.OLD:
            return not_done("the directory still says what it did")
        return unknown(f"somebody else changed {self.job.move.dn}")

    def apply(self, context: StepContext) -> None:
        """Write it; raises Refused where somebody else was faster."""
        walk(context, (self.job.move,))

    def undo(self, context: StepContext) -> None:
        """Write back what was kept. Iterations that came below a new entry keep it, as a plain
        one."""
        kept = self._kept(context)
        new = self.job.move.new
        if kept is None and new is not None and self._has_iterations(context):
            kept = without_plan(new)
        walk(context, (EntryMove(self.job.move.dn, new, kept),))

    def _has_iterations(self, context: StepContext) -> bool:
        return bool(context.targets.directory().children(self.job.move.dn))

    def _kept(self, context: StepContext) -> Entry | None:
        path = context.run_directory / "keep" / _KEPT
        try:
            text = path.read_text()
        except OSError as error:
            raise StepFailed(
                f"What the plan was is not there any more: {path}: {error.strerror}.",
                "Write the entry back by hand; the run's plan.json holds it too.",
            ) from error
        return None if text == _NOTHING else parse_entries(text.encode(), str(path))[0]

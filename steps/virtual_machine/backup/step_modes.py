"""Steps that take a leaf from mode to mode, and remove the leaf of a removed iteration."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from config.errors import Refused
from steps.ldif_text import dump_delete, dump_modify
from steps.procedure import Step, StepContext, Verdict, done, not_done
from steps.targets.directory import Change
from steps.targets.directory_names import parent
from steps.virtual_machine.backup.facts import execution_times
from steps.virtual_machine.backup.job import BackupJob
from steps.virtual_machine.backup.modes import (
    BACKUP,
    REMOVAL,
    BackupMode,
    changes_with,
    new_leaf,
    reached,
    state_of,
    way,
)
from steps.virtual_machine.directory_modes import MODE, Leaf, leaf_of, timestamp
from steps.virtual_machine.step_modes import claiming, taken


class LeafStep(Step):
    """What the steps on a leaf have in common."""

    def __init__(self, job: BackupJob, name: str) -> None:
        self.job = job
        self.lane = job.lane
        self.name = f"{name}.{job.machine}"

    def leaf(self, context: StepContext) -> Leaf | None:
        """The leaf as it is now."""
        entry = context.targets.directory().get(self.job.leaf_dn)
        return None if entry is None else leaf_of(entry)

    def is_ours(self, context: StepContext, leaf: Leaf) -> bool:
        """Whether this run wrote what the leaf says: by the state it carries."""
        return context.recall(self._fact(leaf.mode)) == leaf.state

    def _fact(self, mode: str) -> str:
        return self.job.key(f"leaf.{mode}")


class BackupLeafMode(LeafStep):
    """Take the leaf to `target`, through every mode on the way; make it where there is none."""

    def __init__(
        self, job: BackupJob, target: BackupMode, title: str, reason: str,
        chain: Sequence[BackupMode] = BACKUP,
    ) -> None:  # fmt: skip
        super().__init__(job, f"leaf.{target}" + (f".{job.leaf}" if chain is REMOVAL else ""))
        self.target = target
        self.chain = tuple(chain)
        self.title = f"{title} ({job.title})"
        self.reason = reason

    def commands(self) -> Sequence[str]:
        """The guarded modify of the last mode; `NOW` stands for the time of writing."""
        before = self.chain[self.chain.index(self.target) - 1]
        changes = (
            Change("delete", MODE, (before.value.encode(),)),
            Change("add", MODE, (self.target.value.encode(),)),
            *changes_with(self.target, "NOW"),
        )
        record = dump_modify(self.job.leaf_dn, changes)
        return ("ldapmodify <<'END'", *record.rstrip("\n").splitlines(), "END")

    def verify(self, context: StepContext) -> Verdict:
        """Done where the leaf says so and carries the state this run wrote."""
        leaf = self.leaf(context)
        if leaf is None:
            if self.chain == REMOVAL:
                return done("the directory has no leaf of this iteration")
            return not_done("the directory has no leaf of this iteration")
        if reached(self.chain, leaf.mode, self.target) and self.is_ours(context, leaf):
            return done(f"the leaf says {leaf}")
        return not_done(f"the leaf says {leaf}")

    def apply(self, context: StepContext) -> None:
        """Write every mode up to the target. Raises Refused where somebody else was faster."""
        leaf = self.leaf(context)
        if leaf is None:
            leaf = self._create(context)
        begins = self.chain == REMOVAL and leaf.mode == BackupMode.FINISHED
        if leaf.mode not in self.chain or not (begins or self.is_ours(context, leaf)):
            raise taken(leaf)
        current = leaf.mode
        for mode in way(self.chain, current, self.target):
            self._write(context, current, mode)
            current = mode

    def undo(self, context: StepContext) -> None:
        """Remove the leaf that this run made; a removal that was claimed is given up."""
        leaf = self.leaf(context)
        if leaf is None:
            return
        if not self.is_ours(context, leaf):
            raise taken(leaf)
        directory = context.targets.directory()
        if self.chain == REMOVAL:
            if leaf.mode != BackupMode.FINISHED:
                changes = changes_with(BackupMode.FINISHED, _now())
                directory.transition(leaf.dn, MODE, leaf.mode, BackupMode.FINISHED, changes)
            return
        index = self.chain.index(self.target)
        before = self.chain[index - 1] if self.target != BackupMode.INITIALIZED else None
        if before is None:
            directory.delete(leaf.dn)
            self._remove_parent(context)
        elif reached(self.chain, leaf.mode, self.target):
            self._back(context, leaf)

    def _back(self, context: StepContext, leaf: Leaf) -> None:
        """To the last result before this step's: never to a command, which a daemon would obey."""
        at = self.chain.index(self.target)
        results = ("initialized", "snapshotted", "merged", "retained")
        target = next(mode for mode in reversed(self.chain[:at]) if mode in results)
        changes = changes_with(target, _now())
        context.remember(self._fact(target), changes[0].values[0].decode())
        context.targets.directory().transition(leaf.dn, MODE, leaf.mode, target, changes)

    def _create(self, context: StepContext) -> Leaf:
        directory, dn = context.targets.directory(), self.job.leaf_dn
        stamp = _now()
        if directory.get(parent(dn)) is None:
            context.remember(self.job.key("leaf.parent"), "made")
            classes = (b"top", b"organizationalUnit")
            directory.add(parent(dn), {"objectClass": classes, "ou": (b"backup",)})
        with claiming(context, self._fact(BackupMode.INITIALIZE), stamp):
            directory.add(dn, new_leaf(self.job.leaf, stamp))
        return Leaf(dn, self.job.leaf, BackupMode.INITIALIZE, stamp, "0")

    def _remove_parent(self, context: StepContext) -> None:
        directory, dn = context.targets.directory(), parent(self.job.leaf_dn)
        if context.recall(self.job.key("leaf.parent")) and not directory.children(dn):
            directory.delete(dn)

    def _write(self, context: StepContext, current: str, mode: BackupMode) -> None:
        stamp = _now()
        times = execution_times(context.recall, self.job) if mode.endswith("ed") else ()
        changes = changes_with(mode, stamp, times)
        with claiming(context, self._fact(mode), state_of(mode, stamp)):
            context.targets.directory().transition(self.job.leaf_dn, MODE, current, mode, changes)
        context.log(f"leaf {self.job.leaf}: {current} -> {mode}")


class RemoveLeaf(LeafStep):
    """Delete the leaf of an iteration whose files are gone."""

    irreversible = True

    def __init__(self, job: BackupJob) -> None:
        super().__init__(job, f"leaf.remove.{job.leaf}")
        self.title = f"Remove the leaf {job.leaf} ({job.title})"
        self.reason = "Its files are gone; a leaf left behind stops the original's nightly run."

    def commands(self) -> Sequence[str]:
        """ldapmodify with a deletion."""
        record = dump_delete(self.job.leaf_dn)
        return ("ldapmodify <<'END'", *record.rstrip("\n").splitlines(), "END")

    def verify(self, context: StepContext) -> Verdict:
        """It is gone."""
        leaf = self.leaf(context)
        return done("it is gone") if leaf is None else not_done(f"the leaf says {leaf}")

    def apply(self, context: StepContext) -> None:
        """Delete it where it says that the removal is through. Raises Refused otherwise."""
        entry = context.targets.directory().get(self.job.leaf_dn)
        if entry is None:
            return
        leaf = leaf_of(entry)
        if leaf.mode != BackupMode.DELETED:
            raise Refused(f"The leaf {leaf.dn} says {leaf}.", "Somebody else is at work on it.")
        context.targets.directory().delete(entry.dn, expected_csn=entry.entry_csn)


def _now() -> str:
    return timestamp(datetime.now(UTC))

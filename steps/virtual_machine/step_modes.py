"""Steps that take the iteration's leaf from mode to mode, each write by compare-and-set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from config.errors import Refused
from steps.ldif_text import dump_modify
from steps.procedure import Step, StepContext, Verdict, done, not_done
from steps.targets.directory import Change
from steps.targets.directory_names import parent
from steps.virtual_machine.directory_modes import (
    CHAIN,
    MODE,
    Leaf,
    Mode,
    changes_with,
    is_at_or_after,
    leaf_of,
    new_leaf,
    timestamp,
    way,
)
from steps.virtual_machine.restore_job import RestoreJob

_CREATED = "leaf.created"


class LeafMode(Step):
    """Take the leaf to `target`, through every mode on the way.

    Before each write the state it will carry is remembered: after a crash that tells our claim
    from another's.
    """

    def __init__(self, job: RestoreJob, name: str, title: str, target: Mode, reason: str) -> None:
        self.job = job
        self.name = name
        self.title = title
        self.target = target
        self.reason = reason

    def commands(self) -> Sequence[str]:
        """The guarded modify of the last mode; `NOW` stands for the time of writing."""
        before = CHAIN[CHAIN.index(self.target) - 1]
        changes = (
            Change("delete", MODE, (before.value.encode(),)),
            Change("add", MODE, (self.target.value.encode(),)),
            *changes_with(self.target, "NOW"),
        )
        record = dump_modify(self.job.leaf_dn, changes)
        return ("ldapmodify <<'END'", *record.rstrip("\n").splitlines(), "END")

    def verify(self, context: StepContext) -> Verdict:
        """Done where the leaf says so and carries the state this run wrote."""
        if self._no_machine(context):
            return done("the machine has no directory entry yet, so there is no leaf to mark")
        leaf = self._leaf(context)
        if leaf is None:
            return not_done("the directory has no leaf of this iteration")
        if is_at_or_after(leaf.mode, self.target) and _ours(context, leaf):
            return done(f"the leaf says {leaf}")
        return not_done(f"the leaf says {leaf}")

    def apply(self, context: StepContext) -> None:
        """Write every mode up to the target. Raises Refused where somebody else was faster."""
        leaf = self._leaf(context)
        if leaf is None:
            self._create(context)
            return
        if leaf.mode != Mode.FINISHED and not _ours(context, leaf):
            raise taken(leaf)
        current = leaf.mode
        for mode in way(current, self.target):
            self._write(context, current, mode)
            current = mode

    def undo(self, context: StepContext) -> None:
        """Release the leaf: `finished` with a timestamp and return value 0, or gone if it was."""
        leaf = self._leaf(context)
        if leaf is None:
            return
        if context.recall(_CREATED):
            self._remove(context)
            return
        # Finished as an undone restore leaves it is not finished as this run would have left it.
        context.remember(f"leaf.{Mode.FINISHED}", "")
        if leaf.mode != Mode.FINISHED:
            if not _ours(context, leaf):
                raise taken(leaf)
            changes = changes_with(Mode.FINISHED, _now())
            context.targets.directory().transition(leaf.dn, MODE, leaf.mode, Mode.FINISHED, changes)

    def _no_machine(self, context: StepContext) -> bool:
        return context.targets.directory().get(self.job.machine_dn) is None

    def _leaf(self, context: StepContext) -> Leaf | None:
        entry = context.targets.directory().get(self.job.leaf_dn)
        return None if entry is None else leaf_of(entry)

    def _write(self, context: StepContext, current: str, mode: Mode) -> None:
        stamp = _now()
        others = changes_with(mode, stamp)
        with claiming(context, f"leaf.{mode}", _state_in(others)):
            context.targets.directory().transition(self.job.leaf_dn, MODE, current, mode, others)
        context.log(f"leaf {self.job.place.leaf}: {current} -> {mode}")

    def _create(self, context: StepContext) -> None:
        directory = context.targets.directory()
        parent_dn = parent(self.job.leaf_dn)
        stamp = _now()
        others = changes_with(self.target, stamp)
        has_parent = directory.get(parent_dn) is not None
        made = "leaf" if has_parent else "leaf and ou=backup"
        with (
            claiming(context, f"leaf.{self.target}", _state_in(others)),
            claiming(context, _CREATED, made),
        ):
            if not has_parent:
                classes = (b"top", b"organizationalUnit")
                directory.add(parent_dn, {"objectClass": classes, "ou": (b"backup",)})
            directory.add(self.job.leaf_dn, new_leaf(self.job.place.leaf, self.target, stamp))

    def _remove(self, context: StepContext) -> None:
        directory = context.targets.directory()
        entry = directory.get(self.job.leaf_dn)
        if entry is not None:
            leaf = leaf_of(entry)
            if not _ours(context, leaf):
                raise taken(leaf)
            directory.delete(entry.dn, expected_csn=entry.entry_csn)
        parent_dn = parent(self.job.leaf_dn)
        made_parent = context.recall(_CREATED) == "leaf and ou=backup"
        if made_parent and not directory.children(parent_dn):
            directory.delete(parent_dn)


@contextmanager
def claiming(context: StepContext, fact: str, mark: str) -> Iterator[None]:
    """Remember a claim before it is written; where somebody else was faster, it is not ours.

    Their claim may carry the very same mark: a command's is always 0, a claim's is a second.
    """
    context.remember(fact, mark)
    try:
        yield
    except Refused:
        context.remember(fact, "")
        raise


def _ours(context: StepContext, leaf: Leaf) -> bool:
    return context.recall(f"leaf.{leaf.mode}") == leaf.state


def _state_in(changes: Sequence[Change]) -> str:
    return changes[0].values[0].decode()


def _now() -> str:
    return timestamp(datetime.now(UTC))


def taken(leaf: Leaf) -> Refused:
    """The refusal to touch a leaf on which somebody else is at work."""
    return Refused(
        f"The leaf {leaf.dn} says {leaf}: somebody else is at work on it"
        f" (last written by {leaf.modified_by or 'an unknown writer'} at"
        f" {leaf.modified_at or 'unknown time'}).",
        "Find out who, and wait until it is finished. If nobody is, set the leaf to finished by"
        " hand: mode finished, return value 0, state the time now (never 0).",
    )

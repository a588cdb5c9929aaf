"""The step that says how close together the daemons' snapshots were."""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import Refused
from steps.procedure import Step, StepContext, Verdict, done, not_done
from steps.virtual_machine.coordination.steps import CommandedJob
from steps.virtual_machine.coordination.table import spread_of

FACT = "backup.spread"


class NoteSpread(Step):
    """First and last moment of all snapshots, as the daemons wrote them by the server's time."""

    name = "snapshot.spread"
    title = "Measure how close together the snapshots are"
    reason = "Machines that work together are only consistent if their moments are close."

    def __init__(self, job: CommandedJob) -> None:
        self.job = job

    def commands(self) -> Sequence[str]:
        """Nothing is run."""
        return ("# the moments are in the directory",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where what was measured is what the moments say now."""
        words = self._words(context)
        if words and context.recall(FACT) == words:
            return done(words)
        return not_done("not measured yet")

    def apply(self, context: StepContext) -> None:
        """Remember it. Raises Refused where no snapshot was taken by a daemon of ours."""
        words = self._words(context)
        if not words:
            raise Refused("No snapshot was taken.", "Look at what each machine says.")
        context.remember(FACT, words)

    def undo(self, context: StepContext) -> None:
        """Forget it."""
        context.remember(FACT, "")

    def _words(self, context: StepContext) -> str:
        look = self.job.observer.look(context.targets.directory(), at_most=self.job.look_seconds)
        found = [look.leaf(machine.leaf_dn) for machine in self.job.machines]
        taken = [leaf for leaf in found if leaf is not None]
        spread, count = spread_of(taken)
        if count:
            return f"{count} snapshots within {spread or 0.0:.2f} s"
        # An original daemon writes no moment; that it took them is known all the same.
        return f"{len(taken)} snapshots, their daemons tell no moments" if taken else ""

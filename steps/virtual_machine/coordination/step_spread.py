"""The step that says how close together the daemons' snapshots were."""

from __future__ import annotations

from collections.abc import Sequence

from steps.procedure import StepContext
from steps.run.text import counted
from steps.virtual_machine.backup.step_spread import MeasureSpread
from steps.virtual_machine.coordination.steps import CommandedJob
from steps.virtual_machine.coordination.table import spread_of


class NoteSpread(MeasureSpread):
    """First and last moment of all snapshots, as the daemons wrote them by the server's time."""

    def __init__(self, job: CommandedJob) -> None:
        super().__init__(())
        self._job = job

    def commands(self) -> Sequence[str]:
        """Nothing is run."""
        return ("# the moments are in the directory",)

    def words(self, context: StepContext) -> str:
        """What the leaves say now; empty where none of them is there."""
        look = self._job.observer.look(context.targets.directory(), at_most=self._job.look_seconds)
        found = [look.leaf(machine.leaf_dn) for machine in self._job.machines]
        taken = [leaf for leaf in found if leaf is not None]
        spread, count = spread_of(taken)
        if count:
            return f"{counted(count, 'snapshot')} within {spread or 0.0:.2f} s"
        # An original daemon writes no moment; that it took them is known all the same.
        return f"{counted(len(taken), 'snapshot')}, their daemons tell no moments" if taken else ""

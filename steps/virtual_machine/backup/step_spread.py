"""The step that measures how close together the snapshots were."""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import Refused
from steps.procedure import Step, StepContext, Verdict, done, not_done
from steps.run.text import counted
from steps.virtual_machine.backup.facts import DOWNTIME, moment_of, seconds_of, stamp_of
from steps.virtual_machine.backup.job import BackupJob

FACT = "backup.spread"


class MeasureSpread(Step):
    """First and last moment of all snapshots that were taken, and each machine's downtime."""

    name = "snapshot.spread"
    title = "Measure how close together the snapshots are"
    reason = "Machines that work together are only consistent if their moments are close."

    def __init__(self, jobs: Sequence[BackupJob]) -> None:
        self.jobs = tuple(jobs)

    def commands(self) -> Sequence[str]:
        """Nothing is run."""
        return ("# the moments are in the journal",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where what was measured is what the moments say now."""
        words = self.words(context)
        if words and context.recall(FACT) == words:
            return done(words)
        return not_done("not measured yet")

    def apply(self, context: StepContext) -> None:
        """Remember and log it. Raises Refused where no snapshot was taken."""
        words = self.words(context)
        if not words:
            raise Refused("No snapshot was taken.", "Look at what each machine says.")
        for job in self.jobs:
            moment = moment_of(context.recall, job)
            if moment is not None:
                down = seconds_of(context.recall, job, DOWNTIME)
                words_down = f"down for {down:.2f} s" if down is not None else "no downtime"
                context.log(f"{job.title}: {stamp_of(moment)}, {words_down}")
        context.remember(FACT, words)

    def undo(self, context: StepContext) -> None:
        """Forget it."""
        context.remember(FACT, "")

    def words(self, context: StepContext) -> str:
        """What the moments say now; empty where no snapshot was taken."""
        found = [m for job in self.jobs if (m := moment_of(context.recall, job)) is not None]
        if not found:
            return ""
        spread = max(found) - min(found)
        taken = counted(len(found), "snapshot")
        return f"{taken} within {spread:.2f} s, the first at {stamp_of(min(found))}"

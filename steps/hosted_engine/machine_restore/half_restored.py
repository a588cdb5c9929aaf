"""A machine on which a restore was begun and did not end: a person says what becomes of it.

engine-backup overwrites files first and wants empty databases: to run it again blindly fails at
best. Fact: the reference, section 1, item 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from config.errors import StepFailed
from config.questions import Choice
from steps.hosted_engine.machine_restore.databases import DatabasePlace
from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.machine_step import has_program, told
from steps.hosted_engine.machine_restore.restored_world import RestoredWorld, look_at_restored
from steps.hosted_engine.machine_restore.setup_job import CLEAN_UP_PROGRAM, CleanUpJob
from steps.hosted_engine.machine_restore.step_database import DatabaseMade
from steps.hosted_engine.step_tool import begin, judge
from steps.procedure import Prompt, StepContext
from steps.targets.shell import Shell

HALF: Final = "restore.half-restored"
CLEAN: Final = "clean-up"
ASIDE: Final = "rename-aside"
AGAIN: Final = "again"
STOP: Final = "stop"


@dataclass(frozen=True, slots=True)
class HalfRestored:
    """One machine as it was found."""

    job: MachineRestoreJob
    context: StepContext
    shell: Shell
    world: RestoredWorld

    def settle(self, told_of_tool: str) -> None:
        """Ask, and do it. Returns where engine-backup may start; else raises StepFailed."""
        answer = self.context.ask(self._prompt(told_of_tool))
        if answer == CLEAN:
            self._clean_up()
        elif answer == ASIDE:
            for place in self._renewable:
                DatabaseMade(self.job, place).renew(self.context)
        elif answer != AGAIN:
            raise self._half("Clean it, empty the databases, then retry; or take a new machine.")
        filled = self._filled(look_at_restored(self.job, self.context, self.shell))
        if filled:
            raise self._half(f"{told(filled)} is not empty: rename it aside, then retry.")

    def _prompt(self, told_of_tool: str) -> Prompt:
        filled = self._filled(self.world)
        left = [one for one in filled if one not in [place.scope for place in self._renewable]]
        return Prompt(
            HALF,
            f"{self.shell.where} is half restored: {self.world.told}. What now?",
            (
                Choice(CLEAN, f"Run {CLEAN_UP_PROGRAM}, then restore again",
                       "what it asks is asked here", self._why_not_clean),
                Choice(ASIDE, "Rename the filled databases aside, make empty ones, restore again",
                       "nothing of them is lost", self._why_not_aside(left)),
                Choice(AGAIN, "Restore again: files are overwritten once more",
                       refused=f"not empty: {told(filled)}" if filled else ""),
                Choice(STOP, "Stop here: I look at the machine first"),
            ),
            STOP,
            f"{told_of_tool or 'This run has restored nothing yet'}.\n"
            "A restore wants a clean machine: engine-cleanup takes the engine's files and its own"
            " databases away. A database that was made by hand is renamed aside.",
        )  # fmt: skip

    @property
    def _why_not_clean(self) -> str:
        if not self.job.restores_files:
            return "it takes the machine's files away, which are not restored"
        there = has_program(self.shell, CLEAN_UP_PROGRAM)
        return "" if there else f"{CLEAN_UP_PROGRAM} is not installed"

    @property
    def _renewable(self) -> tuple[DatabasePlace, ...]:
        """Databases that are not empty and that we can make anew."""
        filled = self._filled(self.world)
        places = self.job.manual_places
        return tuple(place for place in places if place.server and place.scope in filled)

    def _why_not_aside(self, left: list[str]) -> str:
        if not self._filled(self.world):
            return "no database is filled"
        return f"not ours to rename: {told(left)}" if left else ""

    def _filled(self, world: RestoredWorld) -> list[str]:
        return [scope for scope, tables in world.tables.items() if tables]

    def _clean_up(self) -> None:
        """Drive engine-cleanup to its end. Raises StepFailed where files are left."""
        attempt, conversation = begin(CleanUpJob(self.job), self.context)
        if attempt.end() is None:
            judge(attempt, conversation, conversation.follow())
        world = look_at_restored(self.job, self.context, self.shell)
        if world.files:
            raise self._half(f"{CLEAN_UP_PROGRAM} left the engine's files there: look at its log.")

    def _half(self, remedy: str) -> StepFailed:
        return StepFailed(
            f"{self.shell.where} is half restored: {self.world.told}.",
            remedy,
            seen=self.world.told,
            expected="a clean machine",
        )

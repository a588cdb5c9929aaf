"""engine-setup as a tool that is driven through its dialog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from steps.hosted_engine.dialog.answers import Answer, KnownAnswers
from steps.hosted_engine.dialog.events import Asked
from steps.hosted_engine.dialog.phases import Phase
from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.setup_answers import SetupAnswers
from steps.hosted_engine.tool_job import MACHINE, ToolWords
from steps.procedure import StepContext
from steps.targets.shell import Shell

SETUP: Final = ToolWords(
    "setup",
    "set-up by engine-setup",
    "It takes back what it can of its changes and may be started again: put right what it says,"
    " then retry.",
)
CLEAN_UP_PROGRAM: Final = "engine-cleanup"
CLEAN_UP: Final = ToolWords(
    "cleanup", "clean-up by engine-cleanup", "Look what it left, then retry or take a new machine."
)
PHASES: Final = (
    Phase("packages", "Packages", ("Stage: Environment packages setup",), "minutes"),
    Phase("questions", "Questions", ("Stage: Environment customization",)),
    Phase("validation", "Validation", ("Stage: Setup validation",), "minutes"),
    Phase("installation", "Package installation", ("Stage: Package installation",), "minutes"),
    Phase("schema", "Database schema", ("Creating/refreshing Engine database schema",),
          "as long as the database is large"),
    Phase("closing", "Services start", ("Stage: Closing up",), "minutes"),
    Phase("end", "End", ("Stage: Clean up",)),
)  # fmt: skip


class Nobody:
    """Has foreseen nothing."""

    def answer(self, _asked: Asked) -> Answer | None:
        """Nothing."""
        return None


@dataclass(frozen=True, slots=True)
class SetupJob:
    """engine-setup on the machine of one restore."""

    restore: MachineRestoreJob
    words: ToolWords = SETUP
    phases: tuple[Phase, ...] = PHASES
    expect_time_out: bool = False
    engine_page: str = ""
    answer_file: str = ""

    @property
    def site_name(self) -> str:
        """The site's."""
        return self.restore.site_name

    @property
    def host_name(self) -> str:
        """The engine's machine."""
        return self.restore.machine.name

    @property
    def work_folder(self) -> str:
        """On the engine's machine."""
        return self.restore.machine.work_folder

    @property
    def fqdn(self) -> str:
        """The engine's name in the backup."""
        return self.restore.fqdn

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The answers that all of this was made from."""
        return self.restore.depends_on

    def answers(self, context: StepContext) -> KnownAnswers:
        """The questions that are foreseen on a restored machine."""
        return SetupAnswers(context, self.restore)

    def tool_command(self, _answer_file: str, *, machine: bool) -> Sequence[str]:
        """Without a look for newer packages: a restore sets up what is installed."""
        offline = ("--offline",) if self.restore.offline else ()
        return ("engine-setup", *((MACHINE,) if machine else ()), *offline)

    def clean_up(self, _context: StepContext, _shell: Shell) -> None:
        """engine-setup takes its own changes back."""
        return


@dataclass(frozen=True, slots=True)
class CleanUpJob(SetupJob):
    """engine-cleanup on a machine that was restored by half. Its questions are the operator's."""

    words: ToolWords = CLEAN_UP

    def answers(self, _context: StepContext) -> Nobody:
        """What it removes is for a person to say."""
        return Nobody()

    def tool_command(self, _answer_file: str, *, machine: bool) -> Sequence[str]:
        """Without options."""
        return (CLEAN_UP_PROGRAM, *((MACHINE,) if machine else ()))

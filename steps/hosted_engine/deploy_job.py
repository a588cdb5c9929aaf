"""What one deployment will do, as data: the plan's steps all read this. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.site import EngineHost
from steps.hosted_engine.dialog.answers import KnownAnswers
from steps.hosted_engine.dialog.phases import ANSIBLE, CLASSIC, Phase
from steps.hosted_engine.leftovers import CleanUp
from steps.hosted_engine.tool_job import MACHINE, ToolWords
from steps.procedure import StepContext
from steps.targets.shell import Shell

CLASSIC_ERA = "classic"
DEPLOYMENT = ToolWords(
    "deploy", "deployment", "It had begun to change the host: choose retry, then clean-up."
)


@dataclass(frozen=True, slots=True)
class DeployJob:
    """Everything the steps of one deployment need to know beforehand.

    `answer_file` is its text, without secrets; `known` answers what the file does not. `options`
    go to the tool as they are. `depends_on` names the answers that all of this was made from.
    """

    site_name: str
    host: EngineHost
    era: str
    fqdn: str
    answer_file: str
    known: Callable[[StepContext], KnownAnswers]
    options: tuple[str, ...] = ()
    restores: bool = False
    depends_on: tuple[str, ...] = ()

    @property
    def words(self) -> ToolWords:
        """How its work is called."""
        return DEPLOYMENT

    @property
    def host_name(self) -> str:
        """The host it runs on."""
        return self.host.name

    @property
    def work_folder(self) -> str:
        """The folder there for all that it needs."""
        return self.host.work_folder

    def answers(self, context: StepContext) -> KnownAnswers:
        """Who foresaw some of its questions."""
        return self.known(context)

    def clean_up(self, context: StepContext, shell: Shell) -> CleanUp:
        """What removes the traces of a failed deployment."""
        return CleanUp(context, shell, self.host.command)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases of this generation."""
        return CLASSIC if self.era == CLASSIC_ERA else ANSIBLE

    @property
    def expect_time_out(self) -> bool:
        """Whether the engine's time-out on the host is part of the procedure."""
        return self.restores and self.era == CLASSIC_ERA

    @property
    def engine_page(self) -> str:
        """Where the engine answers while the ansible flow pauses."""
        return "" if self.era == CLASSIC_ERA else f"https://{self.host.name}:6900/ovirt-engine/"

    def tool_command(self, answer_file: str, *, machine: bool) -> Sequence[str]:
        """The tool with its options; no secrets."""
        dialect = (MACHINE,) if machine else ()
        append = (f"--config-append={answer_file}",) if self.answer_file else ()
        return (*self.host.command, "--deploy", *dialect, *append, *self.options)

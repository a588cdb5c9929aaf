"""What one deployment will do, as data: the plan's steps all read this. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.site import EngineHost
from steps.hosted_engine.dialog.answers import KnownAnswers
from steps.hosted_engine.dialog.phases import ANSIBLE, CLASSIC, Phase
from steps.procedure import StepContext

CLASSIC_ERA = "classic"
MACHINE = "--otopi-environment=DIALOG/dialect=str:machine"


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

    def deploy_command(self, answer_file: str, *, machine: bool) -> Sequence[str]:
        """The tool with its options; no secrets."""
        dialect = (MACHINE,) if machine else ()
        append = (f"--config-append={answer_file}",) if self.answer_file else ()
        return (*self.host.command, "--deploy", *dialect, *append, *self.options)

"""What it takes to drive one of oVirt's tools through its dialog: hosted-engine, engine-setup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from steps.hosted_engine.dialog.answers import KnownAnswers
from steps.hosted_engine.dialog.phases import Phase
from steps.hosted_engine.leftovers import CleanUp
from steps.procedure import StepContext

if TYPE_CHECKING:
    from steps.targets.shell import Shell

MACHINE: Final = "--otopi-environment=DIALOG/dialect=str:machine"


@dataclass(frozen=True, slots=True)
class ToolWords:
    """How a tool's work is called. `kind` names its folders and facts and never changes."""

    kind: str
    work: str
    after_change: str
    """What to do where it had begun to change something."""


class ToolJob(Protocol):
    """One tool on one host."""

    @property
    def words(self) -> ToolWords:
        """How its work is called."""

    @property
    def site_name(self) -> str:
        """The site: answers to questions that nobody foresaw are remembered for it."""

    @property
    def host_name(self) -> str:
        """The host it runs on, as the site calls it."""

    @property
    def work_folder(self) -> str:
        """The folder there for all that it needs."""

    @property
    def fqdn(self) -> str:
        """The engine's name."""

    @property
    def answer_file(self) -> str:
        """The text of the file that it is started with; empty: none."""

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The stretches of its work."""

    @property
    def expect_time_out(self) -> bool:
        """Whether the engine's time-out on the host is part of the procedure."""

    @property
    def engine_page(self) -> str:
        """Where the engine answers while the tool pauses; empty: it does not."""

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The answers that all of this was made from."""

    def answers(self, context: StepContext) -> KnownAnswers:
        """Who foresaw some of its questions."""

    def tool_command(self, answer_file: str, *, machine: bool) -> Sequence[str]:
        """The tool with its options; no secrets."""

    def clean_up(self, context: StepContext, shell: Shell) -> CleanUp | None:
        """What removes the traces of a failed attempt; None where the tool does so itself."""

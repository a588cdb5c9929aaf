"""The attempts of one tool's work: each has a number, a channel, and a folder on the host."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from steps.hosted_engine.conversation import Conversation, Dialog
from steps.hosted_engine.detached_tool import Channel, DetachedTool
from steps.hosted_engine.dialog.human import HumanDialog
from steps.hosted_engine.dialog.machine import MachineDialog
from steps.hosted_engine.dialog.phases import Progress
from steps.hosted_engine.listening import Hearing, Listener
from steps.hosted_engine.operator_questions import OperatorQuestions
from steps.hosted_engine.remembered import remembered_of
from steps.hosted_engine.tool_job import ToolJob
from steps.hosted_engine.waiting_menus import WaitingMenus
from steps.procedure import StepContext


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended, as remembered. `code` is None where the tool left none."""

    code: int | None
    succeeded: bool
    changed: bool
    stage: str
    summary: str
    troubles: tuple[str, ...] = ()
    log_file: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One start of the tool."""

    job: ToolJob
    context: StepContext
    number: int
    channel: Channel

    @property
    def kind(self) -> str:
        """Of the tool."""
        return self.job.words.kind

    @property
    def tool(self) -> DetachedTool:
        """The tool in this attempt's folder."""
        shell = self.context.targets.shell(self.job.host_name)
        return DetachedTool(shell, self.folder, self.channel)

    @property
    def folder(self) -> str:
        """Its folder on the host, named after the run."""
        name = f"{self.kind}-{self.context.run_directory.name}-{self.number}"
        return f"{self.job.work_folder.rstrip('/')}/{name}"

    @property
    def answer_file(self) -> str:
        """The answer file on the host, beside the folder."""
        return f"{self.folder}.conf"

    def start(self) -> None:
        """Write the answer file (0600) and start the tool."""
        tool, machine = self.tool, self.channel is Channel.PIPES
        tool.shell.make_directory(self.job.work_folder, mode=0o700)
        if self.job.answer_file:
            tool.shell.write(self.answer_file, self.job.answer_file.encode(), mode=0o600)
        command = self.job.tool_command(self.answer_file, machine=machine)
        how = tool.start(command)
        self.context.log(f"started on {tool.shell.where} in {self.folder}, by {how}")

    def conversation(self) -> Conversation:
        """A conversation from the start of what the tool has said."""
        context, tool, job = self.context, self.tool, self.job
        shell = tool.shell
        dialog: Dialog = MachineDialog() if self.channel is Channel.PIPES else HumanDialog()
        listener = Listener(
            context, shell, Progress(job.phases), job.expect_time_out, job.engine_page, self.kind
        )
        known = job.answers(context)
        if isinstance(known, Hearing):
            listener.also = known.hear
        return Conversation(
            tool,
            dialog,
            known,
            context,
            listener,
            OperatorQuestions(context, shell.where, remembered_of(job.site_name)),
            WaitingMenus(context, shell, job.fqdn),
            # A deployment's facts were called so before there were other tools.
            str(self.number) if self.kind == "deploy" else f"{self.kind}.{self.number}",
        )

    def remember_end(self, ended: Ended) -> None:
        """Journal how it ended."""
        self.context.remember(self._fact("ended"), json.dumps(asdict(ended)))

    def end(self) -> Ended | None:
        """How it ended, or None where that has not been told yet."""
        text = self.context.recall(self._fact("ended"))
        if not text:
            return None
        facts = json.loads(text)
        return Ended(**{**facts, "troubles": tuple(facts["troubles"])})

    def withdraw(self) -> None:
        """Remember that this attempt was taken back."""
        self.context.remember(self._fact("withdrawn"), "yes")

    @property
    def withdrawn(self) -> bool:
        """Whether this attempt was taken back."""
        return self.context.recall(self._fact("withdrawn")) is not None

    def mark_begun(self) -> None:
        """Remember that it has come to its first question (or past where it would be)."""
        self.context.remember(self._fact("begun"), "yes")

    @property
    def begun(self) -> bool:
        """Whether it has come to its first question."""
        return self.context.recall(self._fact("begun")) is not None

    def hold(self, place: str) -> None:
        """Remember that it waits at that place, and was left there."""
        self.context.remember(self._fact(f"held.{place}"), "yes")

    def held(self, place: str) -> bool:
        """Whether it has come to that place."""
        return self.context.recall(self._fact(f"held.{place}")) is not None

    def first_menu(self, number: int) -> int:
        """The number of the question that was continued by itself; this one, where none was yet."""
        before = self.context.recall(self._fact("continued"))
        if before is None:
            self.context.remember(self._fact("continued"), str(number))
        return number if before is None else int(before)

    def _fact(self, name: str) -> str:
        return f"{self.kind}.{self.number}.{name}"


def current_attempt(job: ToolJob, context: StepContext) -> Attempt | None:
    """The last attempt of this run, or None."""
    kind = job.words.kind
    number = int(context.recall(f"{kind}.attempt") or 0)
    if not number:
        return None
    channel = Channel(context.recall(f"{kind}.{number}.channel") or Channel.PIPES.value)
    return Attempt(job, context, number, channel)


def next_attempt(job: ToolJob, context: StepContext, channel: Channel) -> Attempt:
    """A new attempt, remembered before anything of it is done."""
    kind = job.words.kind
    number = int(context.recall(f"{kind}.attempt") or 0) + 1
    context.remember(f"{kind}.{number}.channel", channel.value)
    context.remember(f"{kind}.attempt", str(number))
    return Attempt(job, context, number, channel)


def all_attempts(job: ToolJob, context: StepContext) -> tuple[Attempt, ...]:
    """Every attempt of this run."""
    last = current_attempt(job, context)
    kind = job.words.kind
    numbers = range(1, (last.number if last else 0) + 1)
    return tuple(
        Attempt(job, context, n, Channel(context.recall(f"{kind}.{n}.channel") or "pipes"))
        for n in numbers
    )

"""The two long steps: start the tool up to its first question, then follow it to its end.

Two, because the tool changes nothing before its first question is answered: up to there it can be
stopped and nothing has happened; afterwards there is no way back.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from config.errors import Interrupted, StepFailed
from config.questions import Choice
from steps.hosted_engine.attempts import (
    Attempt,
    Ended,
    all_attempts,
    current_attempt,
    next_attempt,
)
from steps.hosted_engine.conversation import Conversation, Stop, never
from steps.hosted_engine.detached_tool import Channel, Standing, ToolState
from steps.hosted_engine.dialog.events import Asked, Event, Log, Other
from steps.hosted_engine.dialog.human import is_human
from steps.hosted_engine.tool_job import ToolJob
from steps.procedure import Prompt, Step, StepContext, Verdict, done, not_done, unknown
from steps.targets.lines import last_lines
from steps.targets.quoting import command_line

STOP_SECONDS: Final = 300.0
NOT_FOUND: Final = 127

AGAIN: Final = "again"
CLEAN: Final = "clean-up"
LEAVE: Final = "leave"
GO_ON: Final = "go-on"
STOP: Final = "stop"


_ELSE: Final = "setsid alone where systemd does not run, or not as root"


class ToolStep(Step):
    """What both have in common."""

    def __init__(self, job: ToolJob) -> None:
        self.job = job
        self.depends_on = job.depends_on


class StartTool(ToolStep):
    """Start it detached, and hear it up to its first question."""

    name = "tool.start"
    title = "Start the deployment tool"
    reason = (
        "It runs on the host by itself, with its own log and answer channel: a lost connection"
        " loses nothing. Nothing is changed before its first question is answered."
    )

    def commands(self) -> Sequence[str]:
        """The answer file, and the tool in a session of its own."""
        place = f"{self.job.work_folder}/{self.job.words.kind}-RUN.conf"
        write = (f"install -m 0600 answers.conf {place}",) if self.job.answer_file else ()
        command = command_line(self.job.tool_command(place, machine=True))
        return (*write, f"setsid systemd-run --scope {command}  # {_ELSE}")

    def verify(self, context: StepContext) -> Verdict:
        """Done where it has come to its first question."""
        attempt = current_attempt(self.job, context)
        if attempt is None or attempt.withdrawn:
            return not_done("the tool was not started yet")
        ended = attempt.end()
        if attempt.begun or (ended is not None and ended.succeeded):
            return done(f"the tool has come to its first question, in {attempt.folder}")
        if ended is not None:
            return not_done(f"the last attempt ended: {_told(ended)}")
        return not_done(f"no question of it was heard yet, in {attempt.folder}")

    def apply(self, context: StepContext) -> None:
        """Start it; where it does not speak the machine dialect, start it in a terminal."""
        begin(self.job, context)

    def undo(self, context: StepContext) -> None:
        """Ask it to end, wait until it has, and remove what it needed on the host."""
        attempt = current_attempt(self.job, context)
        if attempt is None or attempt.withdrawn:
            return
        if attempt.tool.state().standing is not Standing.NONE:
            stop_tool(attempt)
        for each in all_attempts(self.job, context):
            each.tool.remove()
            each.tool.shell.remove(each.answer_file)
        attempt.withdraw()


class FollowTool(ToolStep):
    """Answer it and follow it to its end."""

    name = "tool.follow"
    title = "Deploy: answer the tool and follow it to its end"
    reason = (
        "From its first answer on the tool changes host and storage. What it asks and nobody"
        " foresaw is asked here."
    )
    irreversible = True

    def commands(self) -> Sequence[str]:
        """What an operator would do."""
        return ("answer its questions; watch it to its end",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where the tool ended well; what it claims is looked at by the steps after this."""
        attempt = current_attempt(self.job, context)
        if attempt is None:
            return not_done("the tool was not started")
        ended = attempt.end()
        if ended is not None:
            return (done if ended.succeeded else not_done)(_told(ended))
        state = attempt.tool.state()
        if state.standing is Standing.RUNNING:
            return not_done(f"the tool runs, process {state.pid}, in {attempt.folder}")
        if state.standing is Standing.NONE and attempt.begun:
            return unknown(f"{attempt.folder} is gone, and with it what the tool said")
        words = {Standing.ENDED: f"ended with exit code {state.code}", Standing.GONE: "was killed"}
        return not_done(f"the tool {words.get(state.standing, 'did not start')}")

    def apply(self, context: StepContext) -> None:
        """Re-attach where it runs or was not heard to its end; else begin again."""
        attempt, conversation = self.attach(context)
        judge(attempt, conversation, self.follow(attempt, conversation))

    def attach(self, context: StepContext) -> tuple[Attempt, Conversation]:
        """The attempt that runs or was not heard to its end; else a new one."""
        attempt = current_attempt(self.job, context)
        if attempt is None or attempt.end() is not None:
            if attempt is not None:
                _before_another(self.job, attempt)
            return begin(self.job, context)
        self._ask_after_abort(attempt)
        return attempt, attempt.conversation()

    def follow(self, attempt: Attempt, conversation: Conversation, stop: Stop = never) -> ToolState:
        """Hear and answer until it is over or `stop` says so."""
        try:
            return conversation.follow(stop)
        except Interrupted as error:
            attempt.context.remember(_aborted(self.job), str(attempt.number))
            raise Interrupted(
                f"{error.message} The tool goes on without us on {self.job.host_name}."
            ) from error

    def _ask_after_abort(self, attempt: Attempt) -> None:
        """The operator aborted while the tool ran: go on with it, or end it?"""
        context = attempt.context
        if context.recall(_aborted(self.job)) != str(attempt.number):
            return
        context.remember(_aborted(self.job), "")
        state = attempt.tool.state()
        if state.standing is not Standing.RUNNING:
            return
        prompt = Prompt(
            "tool.reattach",
            f"The tool still runs on {self.job.host_name}. Go on with it?",
            (
                Choice(GO_ON, "Go on: hear what it said meanwhile, answer what it asks"),
                Choice(STOP, "Stop it", "it cleans up after itself; changes it made stay"),
            ),
            GO_ON,
            f"Process {state.pid}, folder {attempt.folder}.",
        )
        if context.ask(prompt) == STOP:
            stop_tool(attempt)


def _aborted(job: ToolJob) -> str:
    return f"{job.words.kind}.aborted"


def begin(job: ToolJob, context: StepContext) -> tuple[Attempt, Conversation]:
    """An attempt that has come to its first question, and its conversation.

    Raises StepFailed where the tool ends before it has asked anything.
    """
    attempt = current_attempt(job, context)
    if attempt is None or attempt.withdrawn or attempt.end() is not None:
        attempt = next_attempt(job, context, Channel.PIPES)
    while True:
        if attempt.tool.state().standing is Standing.NONE:
            attempt.start()
        conversation = attempt.conversation()
        opening = _Opening()
        state = conversation.follow(opening)
        if opening.reached or attempt.begun:
            attempt.mark_begun()
            return attempt, conversation
        if not _should_use_terminal(attempt, conversation, state):
            judge(attempt, conversation, state)
            return attempt, conversation
        context.log("The tool does not speak the machine dialect; it is started in a terminal.")
        stop_tool(attempt)
        attempt.remember_end(Ended(None, False, False, "", "it speaks the human dialect only"))
        attempt = next_attempt(job, context, Channel.TERMINAL)


def _should_use_terminal(attempt: Attempt, conversation: Conversation, state: ToolState) -> bool:
    """Whether it said nothing that is of the machine dialect, and may speak in a terminal."""
    through_pipes = attempt.channel is Channel.PIPES
    return through_pipes and state.code != NOT_FOUND and not conversation.dialog.recognised


@dataclass(slots=True)
class _Opening:
    """Stops at the first question, where changes begin without one, or at a foreign dialect."""

    reached: bool = False

    def __call__(self, event: Event) -> bool:
        """Whether this event is far enough."""
        if isinstance(event, Asked) or (isinstance(event, Log) and event.text == _CHANGING):
            self.reached = True
        return self.reached or (isinstance(event, Other) and (event.waits or is_human(event.text)))


_CHANGING: Final = "Stage: Misc configuration"


def judge(attempt: Attempt, conversation: Conversation, state: ToolState) -> None:
    """Remember how it ended; raises StepFailed where it did not end well."""
    ending, progress = conversation.listener.ending, conversation.listener.progress
    failed = ending.failed_early or ending.failed_late or bool(ending.failed_stage)
    ended = Ended(
        code=state.code,
        succeeded=state.standing is Standing.ENDED and state.code == 0 and not failed,
        changed=ending.changed(changing=progress.changing),
        stage=progress.stage,
        summary=_summary(attempt, conversation, state),
        troubles=tuple(ending.troubles),
        log_file=ending.log_file,
    )
    attempt.remember_end(ended)
    attempt.tool.shell.remove(attempt.answer_file)
    if ended.succeeded:
        return
    words = attempt.job.words
    log = f" Its log: {ended.log_file} on {attempt.tool.shell.where}." if ended.log_file else ""
    changed = (
        words.after_change
        if ended.changed
        else "Nothing was changed: it can be tried again at once."
    )
    raise StepFailed(
        f"The {words.work} failed. {ended.summary}",
        f"{changed} The answers are kept.{log}",
        seen=" / ".join(ended.troubles[-3:]) or _told(ended),
        expected="the tool ends with exit code 0 and says that it is done",
    )


def _summary(attempt: Attempt, conversation: Conversation, state: ToolState) -> str:
    ending, stage = conversation.listener.ending, conversation.listener.progress.stage
    if ending.failed_stage:
        return ending.summary
    where = f" in the stage {stage!r}" if stage else " before it said anything"
    if state.standing is not Standing.ENDED:
        return f"The tool was killed, or its host went down,{where}. It left no exit code."
    if state.code and state.code > 128:
        return f"The tool was killed by signal {state.code - 128}{where}."
    if state.code == 0:
        return "It ended with exit code 0."
    said = ending.troubles[-1] if ending.troubles else last_lines(attempt.tool.complaints(), 3)
    return f"It ended with exit code {state.code}{where}{': ' + said if said else '.'}"


def _told(ended: Ended | None) -> str:
    if ended is None:
        return "nothing is known of it"
    code = "no exit code" if ended.code is None else f"exit code {ended.code}"
    return f"{code}. {ended.summary}"


def _before_another(job: ToolJob, attempt: Attempt) -> None:
    """Before the tool is started once more: offer to clean up what the last attempt left."""
    ended, context = attempt.end(), attempt.context
    if ended is None or not ended.changed:
        return
    clean_up = job.clean_up(context, attempt.tool.shell)
    if clean_up is None:
        return
    left = clean_up.left_behind()
    prompt = Prompt(
        f"tool.again.{attempt.number}",
        "The last attempt had begun to change the host. Clean up before the next one?",
        (
            Choice(CLEAN, "Clean up, then deploy again", clean_up.how()),
            Choice(AGAIN, "Deploy again without cleaning up", "the tool removes some of it itself"),
            Choice(LEAVE, "Leave everything as it is"),
        ),
        CLEAN,
        "\n".join((ended.summary, *left, "Shared storage is never wiped: do that by hand.")),
    )
    answer = context.ask(prompt)
    if answer == LEAVE:
        raise StepFailed(
            f"The deployment failed. {ended.summary}", "Retry when you have looked at the host."
        )
    if answer == CLEAN:
        clean_up.carry_out()


def stop_tool(attempt: Attempt) -> None:
    """Ask it to end and wait; raises StepFailed where it does not. Never kills it."""
    tool = attempt.tool
    until = time.monotonic() + STOP_SECONDS
    if tool.state().standing is Standing.STARTING:
        tool.give_up()
    tool.stop()
    while not tool.state().over:
        if time.monotonic() > until:
            raise StepFailed(
                f"The tool on {tool.shell.where} did not end within {STOP_SECONDS:g} seconds.",
                "Look what it does. Killing it leaves its work half done.",
            )
        time.sleep(0.2)

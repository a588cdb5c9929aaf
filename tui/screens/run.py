"""A run, watched: reads its journal and logs only, and steers it over its control socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import OptionList, Static

from config.errors import RekindleError
from tui.background import in_thread
from tui.lane_text import opened, phase_text, step_of, titled
from tui.run_watch import RunWatch
from tui.screens.leave import ABORT, DETACH, STOP, LeaveRun
from tui.screens.page import Page
from tui.step_text import step_in_hand, step_text
from tui.widgets.log_tail import LogTail, last_lines
from tui.widgets.place import Place
from tui.widgets.question_pane import QuestionPane
from tui.widgets.rule_line import RuleLine
from tui.widgets.step_list import StepList
from tui.wording import clock

POLL_SECONDS = 0.15
LOOK_AROUND_EVERY = 7
"""Polls between two looks at lock and control socket: about once a second."""
TAIL_EVERY = 3
"""Polls between two paints of the log's end: a flooding log must not fill a slow line."""

RESUME = "resume"


class RunScreen(Page[str]):
    """Dismisses with how the run ended, DETACH, or RESUME (nobody runs it; go on)."""

    HELP = """
The run goes on by itself, also without this screen; what you see is read from its journal. Each
line is a step: done, ok (as it should be, so nothing was done), run, check, wait, FAILED, UNSURE,
skipped, undone.

Where many machines go side by side, the first lines count how each phase stands; below stands a
line for each machine, failed ones first, then those at work. A machine that fails stops no other;
what to do about it is asked when the others are through.

A question stands in the middle until somebody answers it. A failed step shows what was seen and
expected, the remedy, and the choices. Space pauses before the next step; Ctrl+D asks how to leave.
Enter on a step shows what was found about it; l opens its whole log.
"""
    SHOWS_ELAPSED = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "full_log", "full log"),
        Binding("space", "pause", "pause after step"),
        Binding("ctrl+d", "leave", "leave", priority=True),
        Binding("r", "resume", "resume"),
        Binding("t", "take", "take over"),
        Binding("enter", "step", "open a step", show=False),
        Binding("escape", "back", "back", show=False),
    ]
    DEFAULT_CSS = """
    RunScreen #steps { height: auto; max-height: 60%; min-height: 3; }
    RunScreen #steps.crowded { max-height: 5; }
    RunScreen #standing { height: auto; text-style: bold; display: none; }
    """

    def __init__(self, place: Place, watch: RunWatch, *, steer: bool = True) -> None:
        super().__init__(place)
        self._watch = watch
        self._steer = steer
        self._tail: tuple[str, ...] = ()

    def body(self) -> Iterable[Widget]:
        yield StepList(id="steps")
        yield QuestionPane()
        yield RuleLine(id="log-rule")
        yield LogTail()
        yield Static(id="standing", markup=False)

    def on_mount(self) -> None:
        self.query_one(StepList).focus()
        self.run_worker(self._follow())

    async def _follow(self) -> None:
        """Read the journal until the run has ended. The screen itself never reads a file."""
        polls = 0
        while True:
            around = polls % LOOK_AROUND_EVERY == 0
            tail = polls % TAIL_EVERY == 0
            await in_thread(partial(self._read, look_around=around, tail=tail))
            if self.gone:
                return
            self._show()
            if polls == 0 and self._steer and self._watch.alive:
                await in_thread(self._watch.steer)
            if self._watch.view.outcome is not None:
                self.finish(self._watch.view.outcome.value)
                return
            polls += 1
            await asyncio.sleep(POLL_SECONDS)

    def _read(self, *, look_around: bool, tail: bool) -> None:
        changed = self._watch.update()
        if look_around or (changed and not self._watch.alive):
            self._watch.look_around()
        if not tail:
            return
        step = step_in_hand(self._watch.view)
        self._tail = last_lines(self._watch.run.step_log(step.name), 60) if step else ()

    def _show(self) -> None:
        view = self._watch.view
        where = f"{view.verb} {view.object}".strip()
        if where and where != self.place.what:
            self.set_what(where)
        phase = f"phase {view.phase_number} of {len(view.phases)}" if view.phases else "starting"
        self.set_status(f"run {self._watch.run.id}  {phase}  {clock(view.elapsed())}")
        self.query_one(StepList).show(view)
        self._show_question()
        self.query_one(LogTail).lines = self._tail
        self._show_standing()

    def _show_question(self) -> None:
        pane = self.query_one(QuestionPane)
        asked_before = pane.question
        pane.show(self._watch.view, heard=not self._watch.cut_off)
        pane.show_private(self._watch.private)
        asking = pane.question is not None
        self.query_one(StepList).set_class(asking and pane.crowded, "crowded")
        if asking != self.query_one(LogTail).display:
            return
        self.query_one(LogTail).display = not asking
        self.query_one("#log-rule").display = not asking
        if asked_before is not None and not asking:
            self.query_one(StepList).focus()

    def _show_standing(self) -> None:
        standing = self._watch.standing()
        if self._watch.cut_off:
            standing += ": r looks where it stands and goes on"
        line = self.query_one("#standing", Static)
        if str(line.content) != standing:
            line.update(standing)
            line.display = bool(standing)
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now stands in the key line."""
        status = self._watch.status
        if action == "resume":
            return self._watch.cut_off
        if action == "take":
            return bool(status and status.steered_by and not status.steering)
        return True

    def wrong_text(self) -> str:
        view = self._watch.view
        question, step = view.question, self.query_one(StepList).step(view)
        parts = [f"run {self._watch.run.id}: {self.place.path}", self._watch.standing()]
        parts += [question.text, question.detail] if question else []
        parts += [step.title, step_text(step)] if step else []
        return "\n".join(part for part in parts if part)

    def focused_help(self) -> str:
        step = self.query_one(StepList).step(self._watch.view)
        return titled(step) if step else ""

    def on_question_pane_answer(self, event: QuestionPane.Answer) -> None:
        event.stop()
        question, value = event.question, event.value
        self._do(lambda: self._watch.answer(question, value))

    def _do(self, request: Callable[[], None]) -> None:
        self.run_worker(self._request(request))

    async def _request(self, request: Callable[[], None]) -> None:
        try:
            await in_thread(request)
            await in_thread(self._watch.look_around)
        except RekindleError as error:
            if not self.gone:
                self._say_problem(str(error))
        else:
            if not self.gone:
                self._show()

    def _say_problem(self, problem: str) -> None:
        pane = self.query_one(QuestionPane)
        if pane.question is not None:
            pane.show_problem(problem)
        else:
            self.show_notice("The run did not take that", problem)

    def action_pause(self) -> None:
        """Pause before the next step, or go on."""
        self._do(self._watch.toggle_pause)

    def action_take(self) -> None:
        """Take the wheel from whoever has it."""
        self._do(self._take)

    def _take(self) -> None:
        self._watch.steer(take=True)

    def action_resume(self) -> None:
        """Go on with a run that nobody runs."""
        self.finish(RESUME)

    def action_full_log(self) -> None:
        """Open the whole log of the step under the cursor."""
        from tui.screens.log_viewer import LogViewer

        step = self.query_one(StepList).step(self._watch.view)
        if step is not None:
            log = self._watch.run.step_log(step.name)
            self.app.push_screen(LogViewer(self.place.at(f"Log of {titled(step)}"), log))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        view, row = self._watch.view, event.option_id or ""
        step = step_of(view, row)
        if step is not None:
            log = f"log       {self._watch.run.step_log(step.name)}"
            self.show_notice(titled(step), f"{opened(view, step)}\n{log}")
            return
        title, text = phase_text(view, row)
        if title:
            self.show_notice(title, text)

    def action_back(self) -> None:
        """Leave the screen; the run goes on."""
        self.action_leave()

    def action_leave(self) -> None:
        """Ask: detach, stop after this step, or abort."""
        dialog = LeaveRun(f"rekindle attach {self._watch.run.id}")
        self.app.push_screen(dialog, self._leave_as_chosen)

    def _leave_as_chosen(self, choice: str | None) -> None:
        if choice == DETACH:
            self.finish(DETACH)
        elif choice == STOP:
            self._do(self._watch.stop)
        elif choice == ABORT:
            self._do(self._watch.abort)

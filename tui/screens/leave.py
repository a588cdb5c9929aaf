"""Ctrl+D: how to leave. Before a run starts nothing is going on; during a run, three ways."""

from __future__ import annotations

from tui.screens.dialog import Dialog

STAY, SAVE, DISCARD = "stay", "save", "discard"
DETACH, STOP, ABORT = "detach", "stop", "abort"


class LeaveWizard(Dialog):
    """Nothing has been started yet."""

    def __init__(self, *, answers: bool) -> None:
        choices = [(STAY, "stay here"), (DISCARD, "leave without saving the answers")]
        if answers:
            choices.insert(1, (SAVE, "save the answers to a file, then leave"))
        else:
            choices[-1] = (DISCARD, "leave Rekindle")
        super().__init__("Leave?", "Nothing has been started and nothing was changed.", choices)


class LeaveProcedure(Dialog):
    """Going back before the first page, where no other screen is behind it."""

    def __init__(self) -> None:
        super().__init__(
            "Leave?",
            "This is the first page. Nothing has been started and nothing was changed.",
            ((STAY, "stay here"), (DISCARD, "leave without saving the answers")),
        )


class LeaveRun(Dialog):
    """A run goes on without its screen; the operator says whether it shall."""

    def __init__(self, attach: str) -> None:
        text = f"The run does not need this screen.\nCome back with: {attach}"
        super().__init__(
            "Leave this run?",
            text,
            (
                (STAY, "stay here"),
                (DETACH, "detach: the run goes on without me"),
                (STOP, "stop after this step: it finishes the step in hand, then waits for me"),
                (ABORT, "abort: ends as soon as the step in hand can end safely"),
            ),
        )

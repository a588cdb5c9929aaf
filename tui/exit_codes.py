"""The exit code of a front end, from how the run it showed ended."""

from __future__ import annotations

from config.errors import EXIT_WAITING, Interrupted, StepFailed
from steps.run.events import Finish

LEFT = Interrupted.exit_code
"""A wizard that was left before anything was started."""

_CODES = {
    Finish.DONE: 0,
    Finish.FAILED: StepFailed.exit_code,
    Finish.UNDONE: StepFailed.exit_code,
    Finish.STOPPED: LEFT,
    Finish.ABORTED: LEFT,
}


def exit_code(ended: str | None) -> int:
    """`ended` is a Finish's word; anything else means that the run goes on without its screen."""
    return next((code for finish, code in _CODES.items() if finish.value == ended), EXIT_WAITING)

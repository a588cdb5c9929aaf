"""One rehearsal of an archive in the background: begun, watched, ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from steps.hosted_engine.rehearsal.rehearsal import Rehearsal, Stage
from tui.rehearsal_report import stage_text


class RehearsingArchive:
    """What a screen holds of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cancel = threading.Event()
        self._stage = Stage("beginning")
        self._running = False

    @property
    def is_running(self) -> bool:
        """Whether it has begun and not ended."""
        return self._running

    @property
    def stage_text(self) -> str:
        """Where it is."""
        text = stage_text(self._stage)
        return f"ending: {text}" if self._cancel.is_set() else text

    def begin(self) -> Callable[[], Rehearsal]:
        """Count it as running; what is returned does the work, and raises what rehearse() does."""
        self._cancel = threading.Event()
        self._stage = Stage("beginning")
        self._running = True
        return self._work

    def stop(self) -> None:
        """End it; its server is taken away before it is over."""
        self._cancel.set()

    def _work(self) -> Rehearsal:
        from steps.hosted_engine.rehearsal.rehearse import rehearse

        try:
            return rehearse(self._path, progress=self._take, cancel=self._cancel)
        finally:
            self._running = False

    def _take(self, stage: Stage) -> None:
        self._stage = stage

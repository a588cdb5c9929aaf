"""What the runner's process prints, libraries included, scrubbed into runner.log."""

from __future__ import annotations

import faulthandler
import os
import threading
from pathlib import Path

from steps.run.redact import Redactor

MAX_LINE = 64 << 10


class CapturedOutput:
    """Standard output and error of this process go to the file, line by line, until `close`."""

    def __init__(self, path: Path, redactor: Redactor) -> None:
        self._redactor = redactor
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._log = os.open(path, flags, 0o600)
        self._source, sink = os.pipe()
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        os.close(sink)
        self._thread = threading.Thread(target=self._copy, name="runner-log", daemon=True)
        self._thread.start()
        # Where a library crashes, the thread above is gone as well: this goes to the file itself.
        faulthandler.enable(self._log)

    def close(self) -> None:
        """Write what came so far; from now on output goes to the file as it is."""
        os.dup2(self._log, 1)
        os.dup2(self._log, 2)
        # A program that was started and lives on may hold the other end: do not wait for it.
        self._thread.join(timeout=1.0)

    def _copy(self) -> None:
        pending = b""
        while received := os.read(self._source, 65536):
            pending += received
            end = pending.rfind(b"\n") + 1
            if end == 0 and len(pending) > MAX_LINE:
                end = len(pending)
            self._write(pending[:end])
            pending = pending[end:]
        self._write(pending)

    def _write(self, content: bytes) -> None:
        text = self._redactor.clean(content.decode("utf-8", "replace"))
        try:
            os.write(self._log, text.encode("utf-8", "replace"))
        except OSError:
            return  # a full disk: whatever prints must not be held up by its log

"""The operator's end of a run's control socket: one JSON line there, one back.

Every call waits for the runner, normally a millisecond, at most `timeout` seconds: call it from a
worker, never from the thread that paints.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

from config.errors import Unreachable
from config.secrets import Secret
from steps.error_data import error_from_data
from steps.run.directory import RunDirectory
from steps.run.socket_path import short_path

MAX_REPLY: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ControlStatus:
    """What is asked of the run, and who steers it ("" for nobody)."""

    stop_by: str
    pause_by: str
    abort_by: str
    question: int | None
    private: str
    """What belongs to the open question and stands in no journal: show it, write it nowhere."""
    steered_by: str
    steering: bool
    """Whether this client steers."""


class ControlClient:
    """One connection. Watching is free; the first that steers keeps the wheel until it closes."""

    def __init__(self, run: RunDirectory, *, timeout: float = 10.0) -> None:
        self.run = run
        self._timeout = timeout
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._pending = b""

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def status(self) -> ControlStatus:
        """What is asked of the run now. Raises Unreachable where no runner listens."""
        reply = self._call({"do": "status"})
        return ControlStatus(**{name: reply[name] for name in ControlStatus.__slots__})

    def steer(self, *, take: bool = False) -> None:
        """Take the wheel; raises Refused, naming who has it, unless `take` takes it over."""
        self._call({"do": "steer", "take": take})

    def answer(self, question: int, value: str | Secret, *, take: bool = False) -> None:
        """Answer the open question; a secret stays in the runner's memory."""
        text = value.reveal() if isinstance(value, Secret) else value
        self._call({"do": "answer", "question": question, "value": text, "take": take})

    def stop(self, *, take: bool = False) -> None:
        """Stop after the step in hand."""
        self._call({"do": "stop", "take": take})

    def pause(self, *, take: bool = False) -> None:
        """Pause before the next step."""
        self._call({"do": "pause", "take": take})

    def go_on(self, *, take: bool = False) -> None:
        """End a pause, or take back a pause or stop that has not happened yet."""
        self._call({"do": "go-on", "take": take})

    def abort(self, *, take: bool = False) -> None:
        """Interrupt the step in hand at its next checkpoint."""
        self._call({"do": "abort", "take": take})

    def hand_over(self, secrets: Mapping[str, Secret], prompts: Mapping[str, str]) -> None:
        """Give a starting runner its secrets and prepared answers."""
        revealed = {name: secret.reveal() for name, secret in secrets.items()}
        self._call({"do": "hand-over", "secrets": revealed, "prompts": dict(prompts)})

    def close(self) -> None:
        """Let go of the connection, and of the wheel."""
        with self._lock:
            self._drop()

    def _call(self, request: dict[str, object]) -> dict[str, Any]:
        with self._lock:
            try:
                reply = self._exchange(request)
            except (OSError, ValueError) as error:
                self._drop()
                raise Unreachable(
                    f"The runner of {self.run.id} does not answer: {_words(error)}.",
                    f"See whether it runs: rekindle runs; go on: rekindle resume {self.run.id}",
                ) from error
        if reply.get("ok"):
            return reply
        raise error_from_data(reply)

    def _exchange(self, request: dict[str, object]) -> dict[str, Any]:
        connection = self._connection or self._connect()
        connection.sendall(json.dumps(request).encode() + b"\n")
        while b"\n" not in self._pending:
            received = connection.recv(65536)
            if not received or len(self._pending) > MAX_REPLY:
                raise ConnectionError("the connection ended")
            self._pending += received
        line, _, self._pending = self._pending.partition(b"\n")
        reply = json.loads(line)
        if not isinstance(reply, dict):
            raise ValueError("not an answer")
        return reply

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._timeout)
        try:
            with short_path(self.run.socket_file) as address:
                connection.connect(address)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._say_hello(connection)
        return connection

    def _say_hello(self, connection: socket.socket) -> None:
        self._exchange({"do": "hello", "terminal": terminal_name()})

    def _drop(self) -> None:
        self._pending = b""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _words(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def terminal_name() -> str:
    """The terminal of this process, for the journal; empty where there is none."""
    for descriptor in (0, 1, 2):
        try:
            return os.ttyname(descriptor).removeprefix("/dev/")
        except OSError:
            continue
    return ""

"""The runner's end of the control socket: who may speak, who steers, and what is understood.

Anybody of the same user (or root) may watch; one connection at a time steers, until it closes or
another takes the wheel. Nothing a client sends can make the runner wait or grow.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from config.errors import InvalidInput, Refused, RekindleError, Unreachable
from config.secrets import Secret
from steps.error_data import error_to_data
from steps.run.directory import RunDirectory
from steps.run.redact import Redactor
from steps.run.socket_path import short_path
from steps.run.switches import Switches

MAX_LINE: Final = 1 << 20
MAX_CLIENTS: Final = 16
MAX_NAME: Final = 64
ROOT: Final = 0
_CREDENTIALS: Final = struct.Struct("3i")

Request = Mapping[str, Any]
Answer = dict[str, Any]


class ControlServer:
    """Listens from construction until `close`."""

    def __init__(self, run: RunDirectory, switches: Switches, redactor: Redactor) -> None:
        self.switches, self.redactor = switches, redactor
        self.handed: tuple[dict[str, Secret], dict[str, str]] | None = None
        self.farewell = ""
        self._run = run
        self._lock = threading.Lock()
        self._handed_over = threading.Condition(self._lock)
        self._clients: set[_Client] = set()
        self._steering: _Client | None = None
        self._listener = _listen(run)
        self._thread = threading.Thread(target=self._accept_on, name="control", daemon=True)
        self._thread.start()

    def await_hand_over(self, seconds: float) -> tuple[dict[str, Secret], dict[str, str]]:
        """Secrets and prepared answers of whoever starts this run; raises Unreachable in vain."""
        deadline = time.monotonic() + seconds
        with self._handed_over:
            while self.handed is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Unreachable("Nobody handed over the secrets of this run in time.")
                self._handed_over.wait(left)
            return self.handed

    def hand_over(self, secrets: dict[str, Secret], prompts: dict[str, str]) -> None:
        """Take what a starting run needs; raises Refused the second time."""
        with self._handed_over:
            if self.handed is not None:
                raise Refused("This run has its secrets already.")
            self.handed = secrets, prompts
            self._handed_over.notify_all()

    def close(self, farewell: str = "") -> None:
        """Stop listening. Clients that still speak are told `farewell` for a moment."""
        self.farewell = farewell
        with contextlib.suppress(OSError):  # closed already
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        with self._lock:
            clients = list(self._clients)
        if farewell and clients:
            time.sleep(0.5)
        for client in clients:
            client.close()
        self._run.socket_file.unlink(missing_ok=True)

    def steered_by(self) -> str:
        """Who has the wheel; empty: nobody."""
        with self._lock:
            return self._steering.name if self._steering else ""

    def steers(self, client: _Client) -> bool:
        """Whether this client has the wheel."""
        return self._steering is client

    def steer(self, client: _Client, *, take: bool) -> None:
        """Give the client the wheel; raises Refused where another has it and it is not taken."""
        with self._lock:
            holder = self._steering
            if holder is not None and holder is not client and not take:
                raise Refused(
                    f"{holder.name} steers this run.",
                    "Ask them to leave it, or take it over.",
                )
            self._steering = client

    def forget(self, client: _Client) -> None:
        """The client is gone, and the wheel free if it had it."""
        with self._lock:
            self._clients.discard(client)
            if self._steering is client:
                self._steering = None

    def _accept_on(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed
            client = _Client(self, connection)
            with self._lock:
                welcome = len(self._clients) < MAX_CLIENTS
                if welcome:
                    self._clients.add(client)
            if welcome and client.trusted:
                threading.Thread(target=client.serve, name="control-client", daemon=True).start()
            else:
                self.forget(client)
                client.close()


class _Client:
    """One connection, with a thread of its own."""

    def __init__(self, server: ControlServer, connection: socket.socket) -> None:
        self._server, self._connection = server, connection
        credentials = connection.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size
        )
        pid, uid, _gid = _CREDENTIALS.unpack(credentials)
        self.trusted = uid in (ROOT, os.geteuid())
        self._user = _user_name(uid)
        self.name = f"{self._user} (process {pid})"

    def serve(self) -> None:
        """Answer line by line until the client leaves or sends what is no request."""
        try:
            with self._connection.makefile("rb") as lines:
                while line := lines.readline(MAX_LINE):
                    self._send(self._answer(line))
                    if not line.endswith(b"\n"):
                        return  # a line beyond all bounds, or a client that died within one
        except OSError:
            pass  # the client is gone, which is its right
        finally:
            self._server.forget(self)
            self.close()

    def close(self) -> None:
        """End the connection, whatever its thread waits for."""
        with contextlib.suppress(OSError):  # it may not be connected any more
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _send(self, answer: Answer) -> None:
        self._connection.settimeout(5.0)
        self._connection.sendall(json.dumps(answer).encode() + b"\n")
        self._connection.settimeout(None)

    def _answer(self, line: bytes) -> Answer:
        try:
            if self._server.farewell:
                raise Unreachable(self._server.farewell)
            request = _parse(line)
            act = _ACTS.get(request.get("do", ""))
            if act is None:
                raise InvalidInput("That is nothing a run understands.")
            return {"ok": True, **act(self, request)}
        except RekindleError as error:
            return {"ok": False, **error_to_data(error)}

    def hello(self, request: Request) -> Answer:
        """Say which terminal it is."""
        terminal = _text(request, "terminal")[:MAX_NAME]
        if terminal.isprintable() and terminal:
            self.name = f"{self._user} on {terminal}"
        return {}

    def status(self, _request: Request) -> Answer:
        """What is asked of the run, and who steers."""
        switches = self._server.switches
        question = switches.question
        return {
            "stop_by": switches.stop_by,
            "pause_by": switches.pause_by,
            "abort_by": switches.abort_by,
            "question": question.id if question else None,
            "private": switches.private if question else "",
            "steered_by": self._server.steered_by(),
            "steering": self._server.steers(self),
        }

    def steer(self, request: Request) -> Answer:
        """Take the wheel."""
        self._server.steer(self, take=request.get("take") is True)
        return {}

    def answer(self, request: Request) -> Answer:
        """Answer the open question."""
        number, value = request.get("question"), _text(request, "value")
        if not isinstance(number, int):
            raise InvalidInput("An answer names its question by number.")
        self.steer(request)
        self._server.switches.answer(number, value, self.name)
        return {}

    def stop(self, request: Request) -> Answer:
        """Stop after the step in hand."""
        self.steer(request)
        self._server.switches.stop(self.name)
        return {}

    def pause(self, request: Request) -> Answer:
        """Pause before the next step."""
        self.steer(request)
        self._server.switches.pause(self.name)
        return {}

    def go_on(self, request: Request) -> Answer:
        """End a pause, or take back a pause or stop."""
        self.steer(request)
        self._server.switches.go_on(self.name)
        return {}

    def abort(self, request: Request) -> Answer:
        """Abort at the next checkpoint."""
        self.steer(request)
        self._server.switches.abort(self.name)
        return {}

    def hand_over(self, request: Request) -> Answer:
        """Secrets and prepared answers of a starting run."""
        secrets, prompts = parse_hand_over(request)
        self._server.hand_over(secrets, prompts)
        return {}


_ACTS: Final[dict[str, Callable[[_Client, Request], Answer]]] = {
    "hello": _Client.hello,
    "status": _Client.status,
    "steer": _Client.steer,
    "answer": _Client.answer,
    "stop": _Client.stop,
    "pause": _Client.pause,
    "go-on": _Client.go_on,
    "abort": _Client.abort,
    "hand-over": _Client.hand_over,
}


def parse_hand_over(data: Request) -> tuple[dict[str, Secret], dict[str, str]]:
    """Secrets and prepared answers from their JSON form; raises InvalidInput, repeating nothing."""
    secrets, prompts = data.get("secrets", {}), data.get("prompts", {})
    for part in (secrets, prompts):
        if not isinstance(part, dict) or not all(isinstance(text, str) for text in part.values()):
            raise InvalidInput("The secrets of this run were handed over in a form not understood.")
    return {name: Secret(text) for name, text in secrets.items()}, dict(prompts)


def _parse(line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        request = None
    if not isinstance(request, dict) or not isinstance(request.get("do"), str):
        raise InvalidInput("That is no request: send one JSON object a line.")
    return request


def _text(request: Request, name: str) -> str:
    value = request.get(name, "")
    if not isinstance(value, str):
        raise InvalidInput(f"{name} must be a text.")
    return value


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _listen(run: RunDirectory) -> socket.socket:
    # Whoever holds the run's lock owns the name: what lies there is of a runner that died.
    run.socket_file.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_path(run.socket_file) as address:
            listener.bind(address)
        os.chmod(run.socket_file, 0o600)
        listener.listen(MAX_CLIENTS)
    except BaseException:
        listener.close()
        raise
    return listener

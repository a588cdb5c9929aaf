"""One command on another host: its output as it comes, its end, and its death when we say so."""

from __future__ import annotations

import math
import os
import secrets
import select
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import paramiko

from config.errors import RekindleError, StepFailed, Unreachable
from steps.targets.processes import Receive
from steps.targets.quoting import command_line
from steps.targets.ssh_connection import WINDOW, SshConnection, close_channel

_TICK = 0.1
_DRAIN = 0.2
_MOST_GREETING = 64 << 10
# sshd gives each command its own session, so our process number is that of the group too. The
# mark lets us drop whatever a login script prints first.
_LAUNCH = (
    'printf "\\n%s %s\\n" "$0" "$$"; PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"; '
    'LC_ALL=C.UTF-8; export PATH LC_ALL; cd / && exec "$@"'
)
_KILL = (
    'kill -s TERM -- "-$1" || exit 0; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; '
    'do kill -s 0 -- "-$1" || exit 0; sleep 0.1; done; kill -s KILL -- "-$1"'
)


def run_remote(
    connection: SshConnection,
    command: Sequence[str],
    on_out: Receive,
    on_err: Receive,
    *,
    stdin: Iterable[bytes] = (),
    timeout: float = math.inf,
    on_tick: Callable[[], None] = lambda: None,
) -> int:
    """Run it there and return its exit code; -1 where a signal ended it.

    `stdin` is sent by a thread of its own. `on_tick` is called about ten times a second from this
    thread. When an error comes up here, whatever the command started is killed on that host.

    Raises Unreachable where the connection is lost (the command may still be running then) and
    StepFailed where it takes longer than `timeout` seconds.
    """
    line = command_line(command)
    channel = connection.channel()
    mark = secrets.token_hex(16)
    process = _Process(connection, channel, line, mark, on_out, on_err)
    try:
        with connection.translating(f"starting {line[:500]}"):
            launch = command_line(["exec", "/bin/sh", "-c", _LAUNCH, mark, *command])
            channel.exec_command(os.fsencode(launch))
        process.feed(stdin)
        return process.pump(timeout, on_tick)
    except BaseException:
        process.kill()
        raise
    finally:
        close_channel(channel)
        process.join()


class _Process:
    """The state of one running command."""

    def __init__(
        self,
        connection: SshConnection,
        channel: paramiko.Channel,
        line: str,
        mark: str,
        on_out: Receive,
        on_err: Receive,
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._line = line
        self._mark = b"\n" + mark.encode() + b" "
        self._on_out = on_out
        self._on_err = on_err
        self._greeting = bytearray()
        self._pid: int | None = None
        self._feeder: threading.Thread | None = None
        self._feed_error: RekindleError | None = None

    def feed(self, stdin: Iterable[bytes]) -> None:
        """Start to send the standard input; its end closes it there."""
        self._feeder = threading.Thread(target=self._send, args=(stdin,), daemon=True)
        self._feeder.start()

    def _send(self, stdin: Iterable[bytes]) -> None:
        try:
            for data in stdin:
                self._channel.sendall(data)
        except RekindleError as error:
            self._feed_error = error
            close_channel(self._channel)
        except (OSError, EOFError, paramiko.SSHException):
            return  # the command or the connection has ended; `pump` says which
        else:
            with suppress(OSError, EOFError, paramiko.SSHException):
                self._channel.shutdown_write()

    def join(self) -> None:
        """Wait for the sender. The channel is closed by now, so it ends at once."""
        if self._feeder is not None:
            self._feeder.join()

    def pump(self, timeout: float, on_tick: Callable[[], None]) -> int:
        """Hand over output until the command has ended; returns its exit code."""
        deadline = time.monotonic() + timeout
        ended_at = math.inf
        next_tick = 0.0
        readable = self._channel.fileno()
        while not self._has_ended():
            now = time.monotonic()
            if now >= next_tick:
                on_tick()
                next_tick = now + _TICK
            select.select([readable], [], [], _TICK)
            self._drain()
            if self._channel.exit_status_ready():
                ended_at = min(ended_at, now)
            if now - ended_at > _DRAIN:
                break  # something it left behind holds its output open
            if now >= deadline:
                raise StepFailed(
                    f"On {self._connection.where}, this did not end within {timeout:g} seconds: "
                    f"{self._line}",
                    "It was stopped. Find out what it waits for.",
                )
            if self._channel.eof_received:
                time.sleep(_TICK / 10)  # from now on select returns at once
        return self._exit_code()

    def _has_ended(self) -> bool:
        channel = self._channel
        if channel.recv_ready() or channel.recv_stderr_ready():
            return False
        return bool(channel.closed or (channel.eof_received and channel.exit_status_ready()))

    def _drain(self) -> None:
        """Take what is there now, and no more: there may be no end of it."""
        if self._channel.recv_ready():
            self._receive(self._channel.recv(WINDOW))
        if self._channel.recv_stderr_ready():
            self._on_err(self._channel.recv_stderr(WINDOW))

    def _receive(self, data: bytes) -> None:
        if self._pid is not None:
            self._on_out(data)
            return
        self._greeting += data
        start = self._greeting.find(self._mark)
        end = self._greeting.find(b"\n", start + len(self._mark)) if start >= 0 else -1
        if end >= 0:
            self._pid = int(self._greeting[start + len(self._mark) : end])
            rest = bytes(self._greeting[end + 1 :])
            self._greeting.clear()
            if rest:
                self._on_out(rest)
        elif len(self._greeting) > _MOST_GREETING:
            raise StepFailed(
                f"The login on {self._connection.where} prints too much before any command runs.",
                "Let its login scripts print nothing where there is no terminal.",
            )

    def _exit_code(self) -> int:
        if self._feed_error is not None:
            raise self._feed_error
        code = self._channel.recv_exit_status() if self._channel.exit_status_ready() else -1
        if code == -1 and self._connection.lost():
            raise Unreachable(
                f"The connection to {self._connection.where} was lost during: {self._line[:500]}",
                "The command may still be running there. See that the host is up, then look at "
                "what it has done before you try again.",
            )
        return code

    def kill(self) -> None:
        """End the command and all it started, as far as that host can still be reached."""
        if self._pid is None or self._has_ended() or not self._connection.is_live():
            return
        with suppress(RekindleError, OSError, EOFError, paramiko.SSHException):
            channel = self._connection.channel()
            channel.settimeout(10)
            script = command_line(["/bin/sh", "-c", _KILL, "sh", str(self._pid)])
            channel.exec_command(script)
            channel.recv(1)  # nothing is said: this waits for the end
            close_channel(channel)

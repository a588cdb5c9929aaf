"""One session: the command's three ends, or its terminal, joined to the SSH channel."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import struct
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import paramiko

from steps.drill.practice_hosts.host_command import HostCommand

_PIECE = 32768
_DOWN = 255


class Terminal:
    """A terminal for one session."""

    def __init__(self, term: str, width: int, height: int) -> None:
        self.term = term or "dumb"
        self.ours, self.theirs = pty.openpty()
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        """Its size in characters."""
        with suppress(OSError):
            size = struct.pack("HHHH", height, width, 0, 0)
            fcntl.ioctl(self.ours, termios.TIOCSWINSZ, size)


def serve_channel(
    channel: paramiko.Channel, agent: Path, command: list[str], environment: dict[str, str],
    terminal: Terminal | None,
) -> None:  # fmt: skip
    """Run the command for this channel; tells its exit code and closes the channel."""
    try:
        code = (
            _with_pipes(channel, agent, command, environment)
            if terminal is None
            else _with_terminal(channel, agent, command, environment, terminal)
        )
        with suppress(OSError, EOFError, paramiko.SSHException):
            _tell_end(channel, code)
    except OSError as error:
        with suppress(OSError, EOFError, paramiko.SSHException):
            channel.sendall_stderr(f"the practice host is down: {error.strerror}\n".encode())
            channel.send_exit_status(_DOWN)
    finally:
        with suppress(OSError, EOFError, paramiko.SSHException):
            channel.close()


def _tell_end(channel: paramiko.Channel, code: int) -> None:
    channel.send_exit_status(code if code >= 0 else 128 - code)


def _with_pipes(
    channel: paramiko.Channel, agent: Path, command: list[str], environment: dict[str, str]
) -> int:
    (stdin, ours_in), (ours_out, stdout), (ours_err, stderr) = (os.pipe() for _ in range(3))
    try:
        running = HostCommand(agent, command, (stdin, stdout, stderr), environment, terminal=False)
    except OSError:
        for end in (ours_in, ours_out, ours_err):
            os.close(end)
        raise
    finally:
        for end in (stdin, stdout, stderr):
            os.close(end)
    threading.Thread(target=_send_in, args=(channel, ours_in), daemon=True).start()
    readers = [
        threading.Thread(target=_send_out, args=(ours_out, channel.sendall), daemon=True),
        threading.Thread(target=_send_out, args=(ours_err, channel.sendall_stderr), daemon=True),
    ]
    for reader in readers:
        reader.start()
    code = running.wait()
    for reader in readers:
        # What the command leaves behind may hold the pipes open: sshd does not wait for that.
        reader.join(timeout=0.5)
    return code


def _with_terminal(
    channel: paramiko.Channel, agent: Path, command: list[str], environment: dict[str, str],
    terminal: Terminal,
) -> int:  # fmt: skip
    ends = (terminal.theirs, terminal.theirs, terminal.theirs)
    told = {**environment, "TERM": terminal.term, "SSH_TTY": "/dev/pts/0"}
    try:
        running = HostCommand(agent, command, ends, told, terminal=True)
    except OSError:
        os.close(terminal.ours)
        raise
    finally:
        os.close(terminal.theirs)
    typed = os.dup(terminal.ours)
    threading.Thread(target=_send_in, args=(channel, typed), daemon=True).start()
    reader = threading.Thread(target=_send_out, args=(terminal.ours, channel.sendall), daemon=True)
    reader.start()
    code = running.wait()
    reader.join(timeout=0.5)
    return code


def _send_in(channel: paramiko.Channel, end: int) -> None:
    """What the client sends, until it sends no more; then the command's input ends."""
    try:
        while data := channel.recv(_PIECE):
            view = memoryview(data)
            while view:
                view = view[os.write(end, view) :]
    except (OSError, EOFError, paramiko.SSHException):
        return  # the command has closed its input, or the connection is gone
    finally:
        os.close(end)


def _send_out(end: int, send: Callable[[bytes], None]) -> None:
    try:
        while data := os.read(end, _PIECE):
            send(data)
    except OSError as error:
        # EIO is how a terminal says that nobody has it open any more.
        if error.errno != errno.EIO:
            return
    finally:
        os.close(end)

"""The first process of a practice host: it starts commands for the host's SSH server.

A command comes over a Unix socket with its three ends; its exit code goes back. When this process
ends, everything on the host ends: that is how a host loses its power.
"""

from __future__ import annotations

import array
import fcntl
import json
import os
import selectors
import signal
import socket
import sys
import termios
from typing import Any, Final

MOST: Final = 4 << 20
_ENDS: Final = 3


def serve(path: str) -> None:
    """Serve for ever."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    listener.listen(64)
    reader, writer = os.pipe()
    for end in (reader, writer):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(reader, selectors.EVENT_READ)
    running: dict[int, socket.socket] = {}
    while True:
        for key, _events in selector.select(1.0):
            if key.fileobj is listener:
                _take(listener, running)
            else:
                os.read(reader, 4096)
        _reap(running)


def _take(listener: socket.socket, running: dict[int, socket.socket]) -> None:
    connection, _address = listener.accept()
    try:
        data, ends = _receive(connection)
        if not data:
            connection.close()
            return
        request = json.loads(data)
        pid = _start(request, ends)
    except (OSError, ValueError) as error:
        print(f"host agent: {error}", file=sys.stderr, flush=True)
        connection.close()
        return
    for end in ends:
        os.close(end)
    connection.send(json.dumps({"pid": pid}).encode())
    running[pid] = connection


def _receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    sent = array.array("i")
    data, ancillary, _flags, _address = connection.recvmsg(
        MOST, socket.CMSG_LEN(_ENDS * sent.itemsize)
    )
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            sent.frombytes(content[: len(content) - len(content) % sent.itemsize])
    return data, list(sent)


def _start(request: dict[str, Any], ends: list[int]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        for number, end in enumerate(ends):
            os.dup2(end, number)
        if request["terminal"]:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.closerange(_ENDS, 256)
        os.chdir(request["folder"])
        os.execve(request["command"][0], request["command"], request["environment"])  # noqa: S606
    finally:
        os._exit(127)


def _reap(running: dict[int, socket.socket]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        connection = running.pop(pid, None)
        if connection is not None:
            with connection:
                _tell(connection, status)


def _tell(connection: socket.socket, status: int) -> None:
    try:
        connection.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())
    except OSError:
        return  # whoever asked has gone; the command has run all the same

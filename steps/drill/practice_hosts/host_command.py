"""One command on a practice host, as its SSH server sees it."""

from __future__ import annotations

import array
import json
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PATH = "/practice/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {
    "PATH": PATH, "HOME": "/root", "USER": "root", "LOGNAME": "root", "SHELL": "/bin/sh",
    "LC_ALL": "C.UTF-8",
}  # fmt: skip


def connect_agent(place: Path) -> socket.socket:
    """A connection to a host's agent. Raises OSError where the host is down."""
    # Through the folder's descriptor: the path itself may be too long for a socket.
    folder = os.open(place.parent, os.O_PATH)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(f"/proc/self/fd/{folder}/{place.name}")
    except OSError:
        connection.close()
        raise
    finally:
        os.close(folder)
    return connection


def is_up(place: Path) -> bool:
    """Whether the host of that agent takes commands."""
    with suppress(OSError):
        connect_agent(place).close()
        return True
    return False


class HostCommand:
    """A command that was started on a host."""

    def __init__(
        self, place: Path, command: Sequence[str], ends: Sequence[int],
        environment: Mapping[str, str], *, terminal: bool,
    ) -> None:  # fmt: skip
        """Start it with these three ends; they may be closed here afterwards."""
        request = {
            "command": list(command), "environment": {**ENVIRONMENT, **environment},
            "terminal": terminal, "folder": "/root",
        }  # fmt: skip
        self._connection = connect_agent(place)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", ends))]
        self._connection.sendmsg([json.dumps(request).encode()], rights)
        answer = self._connection.recv(4096)
        if not answer:
            self._connection.close()
            raise OSError("the practice host did not start the command")
        self.pid = int(json.loads(answer)["pid"])
        """Its process number on the host."""

    def wait(self) -> int:
        """Its exit code; minus the signal's number where one ended it. -9 where the host went."""
        with self._connection:
            answer = self._connection.recv(4096)
        return int(json.loads(answer)["code"]) if answer else -9

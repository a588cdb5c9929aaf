"""The SSH server of one practice host: its own key, a port of its own, loopback only."""

from __future__ import annotations

import hmac
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

from steps.drill.practice_hosts.session_pump import Terminal, serve_channel

USER = "root"
SFTP_SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server")
_SLOW = 15.0


@dataclass(frozen=True, slots=True)
class Entrance:
    """Who is let in: a public key, or a password."""

    key: paramiko.PKey
    password: str


class HostServer:
    """Serves one host until it is closed."""

    def __init__(self, agent: Path, host_key: paramiko.PKey, entrance: Entrance, port: int) -> None:
        self._agent, self._host_key, self._entrance = agent, host_key, entrance
        self._transports: set[paramiko.Transport] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        threading.Thread(target=self._accept, daemon=True, name=f"port {port}").start()

    def drop(self) -> None:
        """Cut every connection that there is now."""
        with self._lock:
            transports, self._transports = self._transports, set()
        for transport in transports:
            with suppress(OSError):
                transport.sock.shutdown(socket.SHUT_RDWR)
            transport.close()

    def close(self) -> None:
        """No new connections, and the old ones are cut."""
        self._closed = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        peer = connection.getpeername()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = paramiko.Transport(connection)
        transport.add_server_key(self._host_key)
        try:
            transport.start_server(server=_Door(self._agent, self._entrance, peer))
        except (paramiko.SSHException, EOFError, OSError):
            transport.close()
            return
        with self._lock:
            self._transports = {t for t in self._transports if t.is_active()} | {transport}
        if self._closed:
            self.drop()


class _Door(paramiko.ServerInterface):
    """What paramiko asks of one connection."""

    def __init__(self, agent: Path, entrance: Entrance, peer: tuple[str, int]) -> None:
        self._agent, self._entrance = agent, entrance
        client = f"{peer[0]} {peer[1]}"
        self._told = {"SSH_CLIENT": f"{client} 22", "SSH_CONNECTION": f"{client} 127.0.0.1 22"}
        self._terminals: dict[int, Terminal] = {}
        self._environment: dict[int, dict[str, str]] = {}

    def get_allowed_auths(self, username: str) -> str:
        return "publickey,password"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        known = username == USER and key == self._entrance.key
        return AUTH_SUCCESSFUL if known else AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        right = hmac.compare_digest(password.encode(), self._entrance.password.encode())
        known = username == USER and right
        return AUTH_SUCCESSFUL if known else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if kind == "session":
            return OPEN_SUCCEEDED
        return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_pty_request(
        self, channel: paramiko.Channel, term: bytes, width: int, height: int,
        pixelwidth: int, pixelheight: int, modes: bytes,
    ) -> bool:  # fmt: skip
        self._terminals[channel.get_id()] = Terminal(term.decode("ascii", "replace"), width, height)
        return True

    def check_channel_window_change_request(
        self, channel: paramiko.Channel, width: int, height: int, pixelwidth: int,
        pixelheight: int,
    ) -> bool:  # fmt: skip
        terminal = self._terminals.get(channel.get_id())
        if terminal is not None:
            terminal.resize(width, height)
        return terminal is not None

    def check_channel_env_request(
        self, channel: paramiko.Channel, name: bytes, value: bytes
    ) -> bool:
        text = name.decode("ascii", "replace")
        if text.startswith("LC_") or text == "LANG":
            self._environment.setdefault(channel.get_id(), {})[text] = value.decode()
            return True
        return False

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self._begin(channel, ["/bin/sh", "-c", command.decode("utf-8", "surrogateescape")])
        return True

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        program = next((path for path in SFTP_SERVERS if Path(path).exists()), "")
        if name != "sftp" or not program:
            return False
        self._begin(channel, [program])
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        self._begin(channel, ["/bin/sh", "-l"])
        return True

    def _begin(self, channel: paramiko.Channel, command: list[str]) -> None:
        number = channel.get_id()
        environment = {**self._told, **self._environment.get(number, {})}
        terminal = self._terminals.get(number)
        threading.Thread(
            target=serve_channel, args=(channel, self._agent, command, environment, terminal),
            daemon=True,
        ).start()  # fmt: skip

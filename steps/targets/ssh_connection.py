"""One SSH connection to one host: opened when first used, opened again when it was lost."""

from __future__ import annotations

import getpass
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import paramiko
from paramiko.packet import Packetizer

from config.errors import InvalidInput, Refused, RekindleError, Unreachable
from config.secrets import Secret
from config.site import ShellAccess
from steps.targets.host_keys import SYSTEM_FILE, HostKey, check_host_key, known_types
from steps.targets.ssh_buffers import PiecePipe, ReadAheadSocket

CONNECT_TIMEOUT = 15.0
WINDOW = 16 << 20
"""Channel window. Every read asks for at least this much: what a smaller read leaves behind is
moved each time, which has made transfers fifty times slower."""

_KEEPALIVE = 15
_SILENCE = 60
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
_OWN_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
_KEY_CLASSES = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)

Attempt = Callable[[], object]

# A connection must not end in paramiko's own log lines on the operator's screen.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class _PatientPacketizer(Packetizer):
    """Leaves re-keying to the server.

    paramiko asks for new keys after 512 MiB, and waits for itself where a channel ends at that
    moment: the connection dies after 30 seconds (paramiko issue 822).
    """

    REKEY_BYTES = 1 << 62
    REKEY_PACKETS = 1 << 62


class SshConnection:
    """The connection that all channels to a host share. Safe to use from several threads."""

    def __init__(self, access: ShellAccess, where: str, secret: Secret | None) -> None:
        self._access = access
        self._secret = secret
        self._user = access.user or getpass.getuser()
        self._transport: paramiko.Transport | None = None
        self._lock = threading.Lock()
        self.where = where
        own = access.known_hosts or Path.home() / ".ssh" / "known_hosts"
        self._known_hosts = (own.expanduser(), SYSTEM_FILE)

    @property
    def address(self) -> str:
        """user@host:port, for messages."""
        return f"{self._user}@{self._access.host}:{self._access.port}"

    def channel(self) -> paramiko.Channel:
        """A new channel, over a new connection where there is none or the old one was lost."""
        if self.is_live():
            # An idle connection may be dead without our knowing. Nothing was asked of it yet.
            try:
                return self._open_channel()
            except Unreachable:
                if not self.lost():
                    raise
        return self._open_channel()

    def _open_channel(self) -> paramiko.Channel:
        with self.translating("opening a channel"):
            channel = self._live().open_session(window_size=WINDOW, timeout=CONNECT_TIMEOUT)
            channel.in_buffer = PiecePipe()  # nothing can have come before a command runs
            return channel

    def is_live(self) -> bool:
        """Whether the connection still stands."""
        return self._transport is not None and self._transport.is_active()

    def lost(self) -> bool:
        """Whether the connection is gone, once paramiko has had a moment to notice."""
        transport = self._transport
        if transport is None:
            return True
        transport.join(0.3)
        return not transport.is_active()

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            if self._transport is not None:
                with suppress(OSError, EOFError, paramiko.SSHException):
                    self._transport.close()
            self._transport = None

    @contextmanager
    def translating(self, doing: str) -> Iterator[None]:
        """Turn paramiko's and the network's errors into ours."""
        try:
            yield
        except RekindleError:
            raise
        except (paramiko.SSHException, EOFError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(
                f"{self.where} ({self.address}) was lost while {doing}: {reason}.",
                "See that the host is up and the network holds, then try again.",
            ) from error

    def _live(self) -> paramiko.Transport:
        with self._lock:
            if self._transport is None or not self._transport.is_active():
                self._transport = self._connect()
            return self._transport

    def _connect(self) -> paramiko.Transport:
        reader = cast(socket.socket, ReadAheadSocket(self._socket()))
        transport = paramiko.Transport(reader, packetizer_class=_PatientPacketizer)
        try:
            self._negotiate(transport)
            self._authenticate(transport)
        except BaseException:
            transport.close()
            raise
        transport.set_keepalive(_KEEPALIVE)
        return transport

    def _socket(self) -> socket.socket:
        host, port = self._access.host, self._access.port
        try:
            connected = socket.create_connection((host, port), CONNECT_TIMEOUT)
        except OSError as error:
            raise Unreachable(
                f"{self.where} does not answer at {host} port {port}: {error.strerror or error}.",
                "See that the host is up, the name and port are right and sshd runs there.",
            ) from error
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Keepalives that nobody acknowledges end a dead connection after this time.
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENCE * 1000)
        return connected

    def _negotiate(self, transport: paramiko.Transport) -> None:
        host, port = self._access.host, self._access.port
        options = transport.get_security_options()
        options.ciphers = (*_CIPHERS, *(name for name in options.ciphers if name not in _CIPHERS))
        wanted = _algorithms(known_types(self._known_hosts, host, port))
        options.key_types = tuple(sorted(options.key_types, key=lambda name: name not in wanted))
        try:
            transport.start_client(timeout=CONNECT_TIMEOUT)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise Unreachable(
                f"{self.where} ({host} port {port}) does not speak SSH with us: "
                f"{str(error) or type(error).__name__}.",
                "See that an SSH server listens there and offers current algorithms.",
            ) from error
        shown = transport.get_remote_server_key()
        check_host_key(
            self._known_hosts, host, port, HostKey(shown.get_name(), bytes(shown.asbytes()))
        )

    def _authenticate(self, transport: paramiko.Transport) -> None:
        tried: list[str] = []
        for name, attempt in self._attempts(transport):
            try:
                attempt()
            except paramiko.AuthenticationException:
                tried.append(name)
            except (paramiko.SSHException, EOFError, OSError) as error:
                tried.append(f"{name} ({error})")
            if transport.is_authenticated():
                return
            if not transport.is_active():
                self._check_refused(tried)
                break
        raise Refused(
            f"{self.where} did not let us in as {self.address}; tried: "
            f"{', '.join(tried) or 'nothing, there is no key, agent or password'}.",
            "Give a key file or a password in the site file, or load a key into your agent, and "
            "see that the host accepts it.",
        )

    def _check_refused(self, tried: list[str]) -> None:
        """Raise Unreachable where the line ended before the first attempt was answered: nobody has
        refused us. (After refusals a server hangs up by itself.)"""
        if len(tried) == 1:
            raise Unreachable(
                f"{self.where} ({self.address}) was lost while it let us in.",
                "See that the host is up and the network holds, then try again.",
            )

    def _attempts(self, transport: paramiko.Transport) -> Iterator[tuple[str, Attempt]]:
        """(what is tried, how), in order: the key file, or else the agent's and the user's own
        keys; then the password."""
        if self._access.key_file is not None:
            key = self._key(self._access.key_file.expanduser())
            yield f"key {self._access.key_file}", _by_key(transport, self._user, key)
        else:
            for held in paramiko.Agent().get_keys():
                yield f"agent key {held.fingerprint}", _by_key(transport, self._user, held)
            for file in filter(Path.exists, (Path.home() / ".ssh" / name for name in _OWN_KEYS)):
                with suppress(InvalidInput):  # one with a passphrase is for the agent
                    yield f"key {file}", _by_key(transport, self._user, self._key(file))
        if self._secret is not None:
            secret = self._secret
            yield "password", lambda: transport.auth_password(self._user, secret.reveal())

    def _key(self, file: Path) -> paramiko.PKey:
        phrase = self._secret.reveal() if self._secret is not None else None
        for key_class in _KEY_CLASSES:
            try:
                return key_class.from_private_key_file(str(file), phrase)
            except paramiko.PasswordRequiredException as error:
                raise InvalidInput(
                    f"The key {str(file)!r} has a passphrase.",
                    "Give it as the secret of this node, or load the key into your agent.",
                ) from error
            except OSError as error:
                raise InvalidInput(
                    f"Cannot read the key {str(file)!r}: {error.strerror or error}."
                ) from error
            except (paramiko.SSHException, ValueError):
                continue  # a key of another type, or a wrong passphrase: said below
        raise InvalidInput(
            f"{str(file)!r} is no private key we can use, or its passphrase is not the one given.",
            "Use an Ed25519, ECDSA or RSA key.",
        )


def close_channel(channel: paramiko.Channel) -> None:
    """Close it; on a connection that is gone that is done already."""
    with suppress(OSError, EOFError, paramiko.SSHException):
        channel.close()


def _by_key(transport: paramiko.Transport, user: str, key: paramiko.PKey) -> Attempt:
    return lambda: transport.auth_publickey(user, key)


def _algorithms(key_types: tuple[str, ...]) -> frozenset[str]:
    """The signature algorithms that go with these key types."""
    more = ("rsa-sha2-512", "rsa-sha2-256") if "ssh-rsa" in key_types else ()
    return frozenset(key_types) | frozenset(more)

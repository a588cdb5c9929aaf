"""A practice engine for tests of the real client library, and a server that answers anything."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from config.secrets import Secret
from config.site import EngineAccess
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.certificates import make_identity, write_identity
from steps.drill.practice_engine.places import EnginePlaces
from steps.drill.practice_engine.server import PracticeServer
from steps.drill.practice_engine.site import build_engine, engine_access
from steps.drill.practice_hosts.first_world import ANSIBLE, practice_world
from steps.drill.processes import recorded_number
from steps.targets.engine_ca import UnknownEngineCa, trusted_ca
from steps.targets.engine_waiting import Patience
from steps.targets.ovirt_engine import OvirtEngine

HOSTS = ("host-01.practice.invalid", "host-02.practice.invalid", "host-03.practice.invalid")
SPEED = 600.0
"""A minute of the engine takes a tenth of a second."""

SOON = Patience(90.0, every=0.02)


@dataclass
class Practice:
    """A practice engine that answers, and the operator's way to it."""

    places: EnginePlaces
    access: EngineAccess
    engine: OvirtEngine

    @property
    def password(self) -> Secret:
        return Secret(self.places.password_file.read_text().strip())

    def host_id(self, name: str) -> str:
        host = self.engine.host_named(name)
        assert host is not None
        return host.id

    def facts(self) -> dict:
        return self.places.world.read()

    def has(self, kind: str, name: str) -> dict:
        return next(one for one in self.facts()[db.KEY][kind] if one["name"] == name)

    def pace(self, speed: float) -> None:
        """From now on time goes by so fast for the engine."""
        with self.places.world.change() as facts:
            now = self.places.world.now(facts)
            facts |= {"speed": speed, "started": time.time() - now / speed}

    def told(self, kind: str, name: str, **changes: object) -> None:
        """Change what the engine knows, as time or another administrator would."""
        with self.places.world.change() as facts:
            next(r for r in facts[db.KEY][kind] if r["name"] == name).update(changes)


@contextmanager
def practising(folder: Path, account: str = "admin@internal") -> Iterator[Practice]:
    places = EnginePlaces(folder)
    places.world.folder.mkdir(parents=True)
    places.world.write(practice_world(dict.fromkeys(HOSTS, ANSIBLE), SPEED))
    build_engine(places, HOSTS, account)
    server = PracticeServer(places, recorded_number(places.port_file))
    access = engine_access(places)
    accept(access)
    engine = OvirtEngine(access, Secret(places.password_file.read_text().strip()), 20)
    try:
        yield Practice(places, access, engine)
    finally:
        engine.close()
        server.close()


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    with practising(tmp_path / "practice") as found:
        yield found


def accept(access: EngineAccess) -> None:
    with pytest.raises(UnknownEngineCa) as unknown:
        trusted_ca(access)
    unknown.value.accept()


Answers = Callable[[str, str], bytes | None]
"""From method and path to the whole answer; None hangs up."""


class AnythingServer:
    """A TLS server with a CA of its own that answers as it is told."""

    def __init__(self, folder: Path, answers: Answers, names: tuple[str, ...] = ("127.0.0.1",)):
        folder.mkdir(parents=True, exist_ok=True)
        self.ca, identity = folder / "ca.pem", folder / "server.pem"
        write_identity(make_identity(names), self.ca, identity)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(identity)
        self._answers = answers
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[tuple[str, str]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def access(self) -> EngineAccess:
        return EngineAccess(self.url, ca_file=self.ca)

    def engine(self, seconds: int = 5) -> OvirtEngine:
        return OvirtEngine(self.access, Secret("hunter2"), seconds)

    def close(self) -> None:
        # Closing alone does not wake whoever waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            with self._context.wrap_socket(plain, server_side=True) as client:
                head = b""
                while b"\r\n\r\n" not in head:
                    more = client.recv(65536)
                    if not more:
                        return
                    head += more
                method, path, _ = head.decode("latin-1").split(" ", 2)
                self.asked.append((method, path))
                answer = self._answers(method, path)
                if answer is not None:
                    client.sendall(answer)
        except OSError:
            return


def http(status: str, media: str, body: str | bytes = b"", **more: str) -> bytes:
    content = body.encode() if isinstance(body, str) else body
    headers = {"Content-Type": media, "Content-Length": str(len(content)), "Connection": "close"}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in {**headers, **more}.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + content


LOGGED_IN = http("200 OK", "application/json", '{"access_token": "t"}')
HEALTHY = http("200 OK", "text/html", "DB Up!Welcome to Health Status!")
XML = "application/xml;charset=UTF-8"


def logged_in(answer: Callable[[str, str], bytes | None]) -> Answers:
    """Log-in and health page as they should be; the rest as told."""

    def answers(method: str, path: str) -> bytes | None:
        if path.startswith(("/ovirt-engine/sso/oauth", "/ovirt-engine/services/sso-logout")):
            return LOGGED_IN
        if path == "/ovirt-engine/services/health":
            return HEALTHY
        return answer(method, path)

    return answers


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[..., AnythingServer]]:
    opened: list[AnythingServer] = []

    def serve(answers: Answers, **more: object) -> AnythingServer:
        opened.append(AnythingServer(tmp_path / f"server-{len(opened)}", answers, **more))
        return opened[-1]

    yield serve
    for server in opened:
        server.close()


def slowly(seconds: float, answer: bytes) -> bytes:
    time.sleep(seconds)
    return answer


def with_user(access: EngineAccess, user: str) -> EngineAccess:
    return replace(access, user=user)

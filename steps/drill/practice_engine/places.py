"""Where everything of the practice engine lies, below the practice site's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from steps.drill.practice_hosts.world import World

ACCOUNT = "admin@internal"


@dataclass(frozen=True, slots=True)
class EnginePlaces:
    """The practice engine's part; the world is the one of the practice hosts."""

    folder: Path

    @property
    def world(self) -> World:
        """The world."""
        return World(self.folder / "world")

    @property
    def engine(self) -> Path:
        """The engine's own folder."""
        return self.folder / "engine"

    @property
    def ca(self) -> Path:
        """The certificate of its CA."""
        return self.engine / "ca.pem"

    @property
    def identity(self) -> Path:
        """The web server's certificate and key, 0600."""
        return self.engine / "apache.pem"

    @property
    def password_file(self) -> Path:
        """The password of admin@internal, 0600."""
        return self.engine / "password"

    @property
    def port_file(self) -> Path:
        """The port of its web server."""
        return self.engine / "port"

    @property
    def server_file(self) -> Path:
        """The process id of the server."""
        return self.engine / "server.pid"

    @property
    def server_log(self) -> Path:
        """What the server complains of."""
        return self.engine / "server.log"

    @property
    def known_cas(self) -> Path:
        """The operator's folder of known CAs."""
        return self.engine / "known_cas"

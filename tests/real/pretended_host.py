"""Hosts that a step enters, pretended: files, services, what its programs say of the world.

The same steps enter real shells in test_recovery.py and test_rejoin.py; here they are killed at
every effect, so a world must be there in milliseconds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from steps.targets.shell import Completed, FileStatus


@dataclass
class PretendedHost:
    """One host's shell. `files` by path; `counted` are the hosts that its agents count."""

    where: str
    files: dict[str, bytes] = field(default_factory=dict)
    services: set[str] = field(default_factory=set)
    counted: dict[int, str] = field(default_factory=dict)

    def run(self, command, *, stdin=b"", timeout=60.0, check=True):
        code, out = self._answer(list(command))
        return Completed(" ".join(command), code, out, "")

    def _answer(self, command: list[str]) -> tuple[int, str]:
        match command:
            case ["systemctl", "is-active", service]:
                return (0, "active\n") if service in self.services else (3, "inactive\n")
            case ["hosted-engine", "--vm-status", "--json"]:
                rows = {str(number): _row(number, host) for number, host in self.counted.items()}
                return 0, json.dumps({**rows, "global_maintenance": False})
            case ["/bin/sh", "-c", script, *_] if "btime" in script:
                return 0, "since 1700000000\nlooked\n"
            case ["/bin/sh", "-c", *_]:
                return 0, "ping no\n22 no\n54321 no\n"
            case ["cat", path]:
                return (0, self.files[path].decode()) if path in self.files else (1, "")
        return 0, ""

    def act(self, command: list[str]) -> None:
        """What a command changes."""
        match command:
            case ["systemctl", "disable", _, service]:
                self.services.discard(service)
            case ["systemctl", "enable", _, service]:
                self.services.add(service)
            case ["hosted-engine", "--clean-metadata", number, _]:
                self.counted.pop(int(number.partition("=")[2]), None)

    def status(self, path):
        data = self.files.get(path)
        if data is None:
            return None
        return FileStatus("file", len(data), len(data), 0o600, "root", "root", 0, 0, 0.0)

    def read(self, path, *, limit=0, offset=0):
        return self.files[path]

    def write(self, path, data, *, mode=0o600):
        self.files[path] = data

    def rename(self, source, target):
        assert target not in self.files
        self.files[target] = self.files.pop(source)

    def remove(self, path):
        self.files.pop(path, None)

    def make_directory(self, path, *, mode=0o770):
        """Folders need no making here."""


def _row(number: int, host: str) -> dict:
    return {
        "host-id": number, "hostname": host, "live-data": False, "score": 0,
        "engine-status": {"vm": "down", "health": "bad"},
    }  # fmt: skip


CHANGES = ("systemctl", "hosted-engine")


class DeadlyShell:
    """A pretended host each of whose effects may be the last."""

    def __init__(self, host: PretendedHost, fate) -> None:
        self._host, self._fate = host, fate

    def __getattr__(self, name):
        found = getattr(self._host, name)
        if name in ("write", "rename", "remove"):
            return lambda *given, **named: self._fate.strike(name, lambda: found(*given, **named))
        return found

    def run(self, command, **named):
        looks = {"is-active", "--vm-status"} & set(command)
        if command[0] in CHANGES and not looks:
            self._fate.strike(" ".join(command), lambda: self._host.act(list(command)))
        return self._host.run(command, **named)


ACTS = (
    "maintain_host", "activate_host", "confirm_rebooted", "remove_host", "add_host",
    "reinstall_host", "remove_machine",
)  # fmt: skip


class DeadlyEngine:
    """The real client each of whose acts may be the last; also one that was accepted."""

    def __init__(self, engine, fate) -> None:
        self._engine, self._fate = engine, fate

    def marked(self, mark):
        return DeadlyEngine(self._engine.marked(mark), self._fate)

    def __getattr__(self, name):
        found = getattr(self._engine, name)
        if name in ACTS:
            return lambda *given, **named: self._fate.strike(name, lambda: found(*given, **named))
        return found

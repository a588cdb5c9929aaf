"""What a simulated program knows: the world, its host, its own name."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Final

from steps.drill.practice_hosts.world import Facts, World, computer

WORLD_IN_HOST: Final = "/practice/world"
HOST_NAME_IN_HOST: Final = "/practice/host-name"


@dataclass(frozen=True, slots=True)
class Context:
    """One call of a program."""

    program: str
    world: World
    host_name: str

    @classmethod
    def of_host(cls, program: str) -> Context:
        """As it is on a practice host."""
        with open(HOST_NAME_IN_HOST) as file:
            return cls(program, World(WORLD_IN_HOST), file.read().strip())

    def facts(self) -> Facts:
        """The world now."""
        return self.world.read()

    def host(self, facts: Facts | None = None) -> Facts:
        """The facts of this host or server."""
        return computer(facts if facts is not None else self.facts(), self.host_name)

    def complain(self, text: str, code: int = 1) -> int:
        """Say what is wrong on standard error; returns the exit code."""
        print(text, file=sys.stderr)
        return code


def run_real(program: str, arguments: list[str]) -> int:
    """Become the host's own program of that name; returns only where there is none."""
    for folder in ("/usr/bin", "/usr/sbin", "/bin", "/sbin"):
        path = f"{folder}/{program}"
        if os.access(path, os.X_OK):
            sys.stdout.flush()
            os.execv(path, [program, *arguments])  # noqa: S606
    print(f"{program}: command not found", file=sys.stderr)
    return 127

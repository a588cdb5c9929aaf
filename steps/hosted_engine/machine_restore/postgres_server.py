"""A PostgreSQL server as its administrator sees it, on whatever host it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.machine_restore.machine_step import has_program, is_active
from steps.hosted_engine.machine_restore.postgres_layout import PostgresLayout
from steps.targets.quoting import command_line
from steps.targets.shell import Shell

STARTING_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """One server."""

    shell: Shell
    layout: PostgresLayout
    port: int

    @property
    def is_initialised(self) -> bool:
        """Whether it has a folder with data."""
        return self.shell.status(f"{self.layout.data}/PG_VERSION") is not None

    @property
    def is_running(self) -> bool:
        """Whether its service runs."""
        return is_active(self.shell, self.layout.service)

    @property
    def is_enabled(self) -> bool:
        """Whether it starts with its host."""
        done = self.shell.run(["systemctl", "is-enabled", self.layout.service], check=False)
        return done.out.strip() == "enabled"

    def control(self, what: str) -> None:
        """systemctl start, enable, restart ... of its service."""
        self.shell.run(["systemctl", what, self.layout.service], timeout=STARTING_SECONDS)

    def sql(self, text: str, database: str = "postgres") -> list[list[str]]:
        """Rows, each a list of texts. Raises StepFailed."""
        done = self.shell.run(
            [*self.layout.client, *self._options(database)], stdin=text.encode(), timeout=600
        )
        return [line.split("\t") for line in done.out.splitlines()]

    def value(self, text: str, database: str = "postgres") -> str:
        """The first field of the first row; empty where there is none."""
        rows = self.sql(text, database)
        return rows[0][0] if rows else ""

    def shown(self, text: str, database: str = "postgres") -> str:
        """That SQL, as an operator would run it."""
        return f"{command_line([*self.layout.client, '-d', database])} -c {command_line([text])}"

    def _options(self, database: str) -> Sequence[str]:
        port = str(self.port)
        return ("-X", "-w", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-p", port,
                "-d", database, "-f", "-")  # fmt: skip


def find_server(shell: Shell, layouts: Sequence[PostgresLayout], port: int) -> PostgresServer:
    """The server of that host. Raises StepFailed where PostgreSQL is not installed."""
    there = [
        PostgresServer(shell, layout, port) for layout in layouts if has_program(shell, layout.sign)
    ]
    if not there:
        raise StepFailed(
            f"PostgreSQL's server is not installed on {shell.where}.",
            "Install it (yum install postgresql-server), then try again.",
            seen="none of " + ", ".join(layout.sign for layout in layouts),
            expected="PostgreSQL's server",
        )
    return next((server for server in there if server.is_initialised), there[0])


def name_in_sql(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def text_in_sql(text: str) -> str:
    """A text as SQL writes it, whatever `standard_conforming_strings` says."""
    quoted = text.replace("'", "''")
    return f"E'{quoted.replace(chr(92), chr(92) * 2)}'" if "\\" in text else f"'{quoted}'"

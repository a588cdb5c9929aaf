"""A database server that runs: initialised, started, and started with its host."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.machine_restore.postgres_server import PostgresServer
from steps.hosted_engine.machine_restore.server_step import ServerStep
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.quoting import command_line

_READY_SECONDS: Final = 5.0


class ServerReady(ServerStep):
    """It has data, runs, and starts with its host."""

    title = "Start PostgreSQL"
    reason = "A new installation has no data, and does not start by itself."

    kind = "server"

    def commands(self) -> Sequence[str]:
        """As the guide has it."""
        layout = self.job.postgres[-1]
        return (
            command_line(layout.initialise),
            f"systemctl start {layout.service}",
            f"systemctl enable {layout.service}",
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where all three are so."""
        server = self.postgres(context)
        missing = [
            word
            for word, there in (
                ("not initialised", server.is_initialised),
                ("not running", server.is_running),
                ("not enabled", server.is_enabled),
            )
            if not there
        ]
        where = f"{server.layout.service} on {server.shell.where}"
        missing = missing or list(filter(None, (self._unfit(server),)))
        return not_done(f"{where}: {', '.join(missing)}") if missing else done(f"{where} runs")

    def apply(self, context: StepContext) -> None:
        """Do what is missing. Data that is there is never initialised again."""
        server = self.postgres(context)
        if not server.is_initialised:
            server.shell.run(server.layout.initialise, timeout=600)
        if not server.is_running:
            server.control("start")
        if not server.is_enabled:
            server.control("enable")
        unfit = self._wait_until_fit(context, server)
        if unfit:
            raise StepFailed(
                f"{server.layout.service} on {server.shell.where}: {unfit}.",
                "Its port is in postgresql.conf or in its service, its certificate and `ssl = on`"
                " in postgresql.conf: correct that or the answer, then look again.",
                seen=unfit,
                expected=f"it answers at port {server.port}",
            )

    def _wait_until_fit(self, context: StepContext, server: PostgresServer) -> str:
        """What it still lacks after a while: it may be starting."""
        unfit = self._unfit(server)
        until = time.monotonic() + _READY_SECONDS
        while unfit and time.monotonic() < until:
            context.checkpoint()
            time.sleep(1.0)
            unfit = self._unfit(server)
        return unfit

    def _unfit(self, server: PostgresServer) -> str:
        """What it lacks of that which is not made here: its port, and a certificate."""
        try:
            offers = server.value("SHOW ssl")
        except StepFailed as error:
            return f"it does not answer at port {server.port}: {error.message}"
        if offers != "on" and any(place.secured for place in self.places):
            return "it offers no encrypted connection, and one is asked for"
        return ""

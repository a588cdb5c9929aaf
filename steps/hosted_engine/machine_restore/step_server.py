"""A database server that runs: initialised, started, and started with its host."""

from __future__ import annotations

from collections.abc import Sequence

from steps.hosted_engine.machine_restore.server_step import ServerStep
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.quoting import command_line


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

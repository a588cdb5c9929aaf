"""What the steps on a database server have in common."""

from __future__ import annotations

from steps.hosted_engine.machine_restore.databases import DatabasePlace
from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.machine_step import MachineStep
from steps.hosted_engine.machine_restore.names_there import addresses_there
from steps.hosted_engine.machine_restore.postgres_server import PostgresServer, find_server
from steps.procedure import StepContext
from steps.targets.shell import Shell


class ServerStep(MachineStep):
    """A step on one host that carries databases: the engine's machine or another one."""

    kind = ""
    """Stands in its name."""

    def __init__(self, job: MachineRestoreJob, server: str) -> None:
        super().__init__(job)
        self.server = server
        self.name = f"database.{self.kind}.{server}"

    @property
    def places(self) -> tuple[DatabasePlace, ...]:
        """The databases that are made on it."""
        return tuple(place for place in self.job.manual_places if place.server == self.server)

    def there(self, context: StepContext) -> Shell:
        """The shell on it."""
        return context.targets.shell(self.server)

    def postgres(self, context: StepContext) -> PostgresServer:
        """Its PostgreSQL. Raises StepFailed where none is installed."""
        return find_server(self.there(context), self.job.postgres, self.places[0].port)

    def client_networks(self, context: StepContext, place: DatabasePlace) -> tuple[str, ...]:
        """From where the engine connects, as that server sees it; empty where it cannot tell."""
        if place.is_local:
            return ("127.0.0.1/32", "::1/128")
        addresses = addresses_there(self.there(context), self.job.fqdn)
        usable = [each for each in addresses if not each.startswith("127.") and each != "::1"]
        return tuple(f"{each}/{128 if ':' in each else 32}" for each in usable)

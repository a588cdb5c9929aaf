"""What else goes wrong while the practice engine is backed up."""

from __future__ import annotations

from steps.drill.fault import Fault, Mendable, RunnerKilled, Scene
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.backup_tool.making import FAILS, NO_ROOM
from steps.drill.practice_engine.places import EnginePlaces
from steps.drill.practice_engine.standing import FAILOVER
from steps.drill.practice_hosts.faults import WorldFault

HOST = FAILOVER.partition(".")[0]


class StuckMigration(Mendable):
    """A machine on the failover host is pinned to it."""

    name = "stuck-migration"
    title = "a machine on the failover host is pinned to it"
    sound_outcome = "asked about by name; goes on once it may move"
    strikes = "before"

    def strike(self, scene: Scene) -> None:
        self._pin(scene, pinned=True)

    def mend(self, scene: Scene) -> None:
        self._pin(scene, pinned=False)

    def _pin(self, scene: Scene, *, pinned: bool) -> None:
        with EnginePlaces(scene.places.folder).world.change() as facts:
            host = next(one["id"] for one in facts[db.KEY]["hosts"] if one["name"] == HOST)
            machine = next(one for one in facts[db.KEY]["machines"] if one["name"] == "vm_build")
            machine["pinned"] = host if pinned else False


class DumpFails(WorldFault):
    """engine-backup cannot dump the engine's database."""

    name = FAILS
    title = "the dump of the engine's database fails"
    sound_outcome = "told with the end of its log, nothing copied; goes on once it can be dumped"


class DiskFull(WorldFault):
    """There is hardly any room on the engine's machine."""

    name = NO_ROOM
    title = "the disk of the engine's machine is full"
    sound_outcome = "told as a full disk; goes on once there is room"


class StaysNonOperational(WorldFault):
    """The failover host does not come back into service."""

    name = db.STAYS_NON_OPERATIONAL
    title = "the failover host stays non operational when it is activated"
    value = HOST
    sound_outcome = "told; activated once it is mended, and the backup is kept"


class BackupRunnerKilled(RunnerKilled):
    """The runner is killed while engine-backup works."""

    sound_outcome = "resume finds engine-backup at work or done and goes on from there"

    def __init__(self, step: str = "archive.make") -> None:
        super().__init__(step)


FAULTS: tuple[type[Fault], ...] = (
    StuckMigration, DumpFails, DiskFull, StaysNonOperational, BackupRunnerKilled,
)  # fmt: skip

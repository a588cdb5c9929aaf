"""What else goes wrong while a lost engine is restored."""

from __future__ import annotations

from pathlib import Path

from steps.drill.fault import Fault, Mendable, RunnerKilled, Scene
from steps.drill.lost_engine.build import ARCHIVE, FOLDER
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine import host_rules
from steps.drill.practice_engine.backup_tool.databases import NOT_EMPTY
from steps.drill.practice_engine.host_rules import Moment
from steps.drill.practice_engine.standing import NEW
from steps.drill.practice_hosts import first_world
from steps.drill.practice_hosts.faults import ConnectionDropped, WorldFault
from steps.drill.practice_hosts.places import HostPlaces

_CUT = 4096


class WrongVersion(WorldFault):
    """The new machine has an engine that does not take the backup."""

    name = "wrong-version"
    title = "the new machine has engine 4.4.10; the backup is of 4.5.6"
    sound_outcome = "refused before anything is restored; goes on once the right one is installed"
    value = "4.4.10"


class TruncatedArchive(Mendable):
    """The archive on the backup server was cut off."""

    name = "truncated-archive"
    title = "the archive on the backup server is cut off"
    sound_outcome = "refused before anything is started; goes on with a whole copy"
    strikes = "before"
    told_while_asked = True

    def strike(self, scene: Scene) -> None:
        archive = _archive(scene)
        data = archive.read_bytes()
        _whole(archive).write_bytes(data)
        archive.write_bytes(data[:-_CUT])

    def mend(self, scene: Scene) -> None:
        _whole(_archive(scene)).replace(_archive(scene))


def _archive(scene: Scene) -> Path:
    root = HostPlaces(scene.places.folder).root(first_world.BACKUP)
    return root / FOLDER.lstrip("/") / ARCHIVE


def _whole(archive: Path) -> Path:
    """Where the whole copy is meanwhile: not in the folder that is searched for archives."""
    return archive.parents[1] / f"whole-{archive.name}"


class DatabaseNotEmpty(WorldFault):
    """The engine's database on the new machine holds something already."""

    name = NOT_EMPTY
    title = "the engine's database on the new machine is not empty"
    sound_outcome = "told with engine-backup's own words; goes on once it is empty"


class HostStaysNonOperational(WorldFault):
    """The engine does not take the new host into service, for want of a network."""

    name = db.STAYS_NON_OPERATIONAL
    title = "the new host stays non operational in the engine"
    sound_outcome = "told with the reason; goes on once the host has its network"
    value = f"hosted_engine_1,{NEW}"

    def mend(self, scene: Scene) -> None:
        """The network is there now, and the operator activates the host in the portal."""
        super().mend(scene)
        world = HostPlaces(scene.places.folder).world
        with world.change() as facts:
            moment = Moment(facts, world.now(facts))
            for host in moment.database["hosts"]:
                if host["name"] in self.value.split(",") and host["status"] == "non_operational":
                    host_rules.activate(moment, host)


class SpmNotReleased(WorldFault):
    """The dead host keeps the role of Storage Pool Manager."""

    name = db.SPM_NOT_RELEASED
    title = "the dead host keeps the role of Storage Pool Manager"
    sound_outcome = "told by name; goes on once that host is confirmed as rebooted"
    value = "host-01"


class FencedHostStillAlive(WorldFault):
    """The host that is taken for dead lives, and its machine runs."""

    name = db.STILL_ALIVE
    title = "the host that is taken for dead is alive, and vm_mail runs on it"
    sound_outcome = "not confirmed as rebooted while it shows life; nothing runs twice"
    value = "host-01"


class RestoreRunnerKilled(RunnerKilled):
    """The runner is killed while the tool works."""

    sound_outcome = "resume finds the tool still at work and follows it to its end"

    def __init__(self, step: str = "tool.start") -> None:
        super().__init__(step)


NEW_FAULTS: tuple[type[Fault], ...] = (
    WrongVersion, TruncatedArchive, HostStaysNonOperational, SpmNotReleased, FencedHostStillAlive,
    ConnectionDropped, RestoreRunnerKilled,
)  # fmt: skip
FAILOVER_FAULTS: tuple[type[Fault], ...] = (*NEW_FAULTS, DatabaseNotEmpty)
"""The newer tool makes machine and databases itself: there is none that could hold anything."""

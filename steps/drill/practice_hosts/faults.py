"""What else goes wrong on the practice hosts. Each is set in the world, and programs obey it."""

from __future__ import annotations

from steps.drill.fault import Fault, Mendable, RunnerKilled, Scene
from steps.drill.practice_hosts import first_world as first
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.site import change_names
from steps.drill.practice_hosts.world import Facts

BEFORE_ANYTHING = "told while the answers are checked, before anything is started"


class WorldFault(Mendable):
    """A fault that the world has by name; mending takes it out again."""

    strikes = "before"
    value = "yes"

    def strike(self, scene: Scene) -> None:
        with HostPlaces(scene.places.folder).world.change() as facts:
            facts["faults"][self.name] = self.value

    def mend(self, scene: Scene) -> None:
        with HostPlaces(scene.places.folder).world.change() as facts:
            facts["faults"].pop(self.name, None)


class ExportNotWritable(WorldFault):
    """The storage server lets nobody write."""

    name = "export-not-writable"
    title = "vdsm may not write on the export"
    sound_outcome = f"{BEFORE_ANYTHING}; goes on once it may"
    told_while_asked = True


class LunInUse(WorldFault):
    """Every LUN holds something."""

    name = "lun-in-use"
    title = "the LUN holds data already"
    sound_outcome = f"{BEFORE_ANYTHING}; goes on once it is wiped"
    told_while_asked = True
    answers = {"storage_type": "fc", "lun": first.FC_LUN, "storage_connection": ""}


class NameIsThisHost(Mendable):
    """DNS has the engine's name at the host's own address."""

    name = "fqdn-is-this-host"
    title = "the engine's name resolves to the host itself"
    sound_outcome = f"{BEFORE_ANYTHING}; goes on once DNS is right"
    told_while_asked = True
    strikes = "before"

    def strike(self, scene: Scene) -> None:
        self._resolve_to(scene, None)

    def mend(self, scene: Scene) -> None:
        self._resolve_to(scene, first.ENGINE_ADDRESS)

    def _resolve_to(self, scene: Scene, address: str | None) -> None:
        def change(facts: Facts) -> None:
            own = [host["address"] for host in facts["hosts"].values()]
            facts["dns"][first.ENGINE] = [address] if address else own

        change_names(HostPlaces(scene.places.folder), change)


class MacTaken(Mendable):
    """Another machine has the MAC address that the engine's machine is to get."""

    name = "mac-taken"
    title = "another machine has the engine machine's MAC address"
    sound_outcome = f"{BEFORE_ANYTHING}; goes on once that machine is off"
    told_while_asked = True
    strikes = "before"
    answers = {"mac": first.TAKEN_MAC}

    def strike(self, scene: Scene) -> None:
        """It is there from the beginning."""

    def mend(self, scene: Scene) -> None:
        with HostPlaces(scene.places.folder).world.change() as facts:
            neighbours = facts["network"]["neighbours"]
            for address in [a for a, mac in neighbours.items() if mac == first.TAKEN_MAC]:
                del neighbours[address]


class HostNonOperational(WorldFault):
    """The engine does not take the host in, for want of a network."""

    name = "host-non-operational"
    title = "the host is non operational in the engine"
    sound_outcome = "the pause is explained; goes on once the host is mended"


class NoAddress(WorldFault):
    """The bootstrap machine gets no address."""

    name = "bootstrap-no-address"
    title = "the bootstrap machine gets no address"
    sound_outcome = "fails naming the task; cleaned up and deployed again once DHCP works"


class NeverHealthy(WorldFault):
    """The engine does not come up."""

    name = "engine-never-healthy"
    title = "the engine does not come up"
    sound_outcome = "never called up; goes on, or is deployed again, once it can come up"


class ConnectionDropped(WorldFault):
    """The connection to the host is cut while the tool asks."""

    name = "connection-dropped"
    title = "the connection is cut at question N (connection-dropped:N, or every)"
    sound_outcome = "nothing is lost: the tool runs on, and each question is answered once"

    def __init__(self, question: str = "5") -> None:
        self.value = question


class ToolKilled(WorldFault):
    """The tool is killed in the middle of its work."""

    name = "tool-killed"
    title = "hosted-engine is killed (SIGKILL)"
    sound_outcome = "said so; cleaned up and deployed again"


class UnknownQuestion(WorldFault):
    """The tool asks something that nobody foresaw."""

    name = "unknown-question"
    title = "the tool asks a question that nobody foresaw"
    sound_outcome = "put to the operator as it is"


class LaterMenus(WorldFault):
    """The menus have the order of 1.3.1."""

    name = "menu-order-1.3.1"
    title = "the menus' numbers are those of 1.3.1"
    sound_outcome = "chosen by their words, so nothing else happens"


class DeployRunnerKilled(RunnerKilled):
    """The runner is killed while the tool works."""

    sound_outcome = "resume finds the tool still at work and follows it to its end"

    def __init__(self, step: str = "tool.follow") -> None:
        super().__init__(step)


BOTH: tuple[type[Fault], ...] = (
    ExportNotWritable, NameIsThisHost, LunInUse, MacTaken, HostNonOperational, NeverHealthy,
    ConnectionDropped, ToolKilled, UnknownQuestion, DeployRunnerKilled,
)  # fmt: skip
ANSIBLE_FAULTS: tuple[type[Fault], ...] = (*BOTH, NoAddress)
CLASSIC_FAULTS: tuple[type[Fault], ...] = (*BOTH, LaterMenus)

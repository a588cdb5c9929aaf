"""What an engine says of its hosts, machines, storage and events, as plain records.

Statuses are the engine's own words in small letters (up, non_responsive ...). A word that is newer
than the client library reads as `unknown`; what an engine does not say is None or empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

UNKNOWN: Final = "unknown"

FENCEABLE: Final = frozenset(
    {
        "down", "install_failed", "maintenance", "non_operational", "non_responsive", "reboot",
        "installing", "connecting", "kdumping",
    }
)  # fmt: skip
"""Statuses in which the engine takes the word that a host was rebooted."""

CLEARS_MACHINES: Final = frozenset({"non_responsive", "reboot", "kdumping"})
"""Statuses in which that word also lets go of machines that the host still has."""

REMOVABLE: Final = frozenset(
    {
        "non_responsive", "maintenance", "down", "unassigned", "install_failed",
        "pending_approval", "non_operational", "installing_os",
    }
)  # fmt: skip
"""Statuses in which the engine lets a host be removed. Force widens none of them."""

SSH_PORT: Final = 22
"""Where a host is entered unless the engine says otherwise."""

OUT_OF_SERVICE: Final = frozenset({"not_operational", "problematic", "maintenance"})
"""Statuses of a data centre in which its Storage Pool Manager may be fenced."""


class Page(Enum):
    """How an engine's health page answers."""

    UP = "up"
    STARTING = "starting"
    """Its web server answers, the engine behind it does not yet (404, 503)."""
    SICK = "sick"
    """The engine answers that its database is away (500)."""
    AWAY = "away"
    """Nothing answers."""


@dataclass(frozen=True, slots=True)
class Health:
    """The health page, and what was seen there."""

    page: Page
    seen: str

    @property
    def up(self) -> bool:
        """Whether engine and database say that they are up."""
        return self.page is Page.UP


@dataclass(frozen=True, slots=True)
class AboutEngine:
    """The product as it names itself. `simulated`: it says itself that it is none."""

    vendor: str
    product: str
    version: str
    instance: str = ""

    @property
    def simulated(self) -> bool:
        """Whether this is a practice engine."""
        return "simulated" in self.product.lower()


@dataclass(frozen=True, slots=True)
class HostedEngine:
    """A host's part in carrying the engine's machine. Absent on hosts that have none."""

    configured: bool
    active: bool
    score: int
    global_maintenance: bool
    local_maintenance: bool


@dataclass(frozen=True, slots=True)
class Host:
    """One host. `machines` counts those that the engine believes to run on it."""

    id: str
    name: str
    address: str
    status: str
    status_detail: str = ""
    spm: str = "none"
    """none, contending or spm (Storage Pool Manager)."""
    cluster: str = ""
    hardware_uuid: str = ""
    power_management: bool = False
    machines: int | None = None
    hosted_engine: HostedEngine | None = None
    ssh_port: int = SSH_PORT

    @property
    def can_carry_engine(self) -> bool:
        """Whether the engine's machine could run there: up, and its agent is ready for it."""
        part = self.hosted_engine
        ready = part is not None and part.active and part.score > 0 and not part.local_maintenance
        return self.status == "up" and ready

    @property
    def may_be_fenced(self) -> bool:
        """Whether its status allows the word that it was rebooted."""
        return self.status in FENCEABLE

    @property
    def may_be_removed(self) -> bool:
        """Whether its status allows removing it; machines on it still forbid that."""
        return self.status in REMOVABLE


@dataclass(frozen=True, slots=True)
class Machine:
    """One virtual machine. `host` is the id of the host it runs on, empty for none."""

    id: str
    name: str
    status: str
    host: str = ""
    cluster: str = ""
    origin: str = ""
    high_availability: bool = False

    @property
    def is_engine(self) -> bool:
        """Whether it is the engine's own machine."""
        return self.origin in ("hosted_engine", "managed_hosted_engine")


@dataclass(frozen=True, slots=True)
class MachineCards:
    """What a virtual machine is reached by: its cards' MAC addresses, and the addresses that its
    guest reports."""

    machine: str
    """Its id."""
    name: str
    macs: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StorageDomain:
    """One storage domain. `status` is empty where only its data centre can tell it."""

    id: str
    name: str
    kind: str
    """data, iso, export ..."""
    storage: str = ""
    """nfs, iscsi, fcp, glusterfs ..."""
    status: str = ""
    master: bool = False
    data_centers: tuple[str, ...] = ()
    place: str = ""
    """address:path of a file domain."""


@dataclass(frozen=True, slots=True)
class DataCenter:
    """One data centre; `version` is its compatibility level."""

    id: str
    name: str
    status: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster; `version` is its compatibility level."""

    id: str
    name: str
    data_center: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the engine's event log."""

    id: str
    time: datetime | None
    severity: str
    """normal, warning, error or alert."""
    text: str
    code: int = 0
    correlation: str = ""


class Deployment(Enum):
    """What happens to a host's part in carrying the engine when it is added or reinstalled."""

    KEEP = "keep"
    DEPLOY = "deploy"
    UNDEPLOY = "undeploy"


class Power(Enum):
    """What a host's power management says."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"

"""Which host is which, and which of them is best made the failover host. Pure.

The engine names its hosts as an operator named them (`hosted_engine_1`), hosted-engine --vm-status
by their own host names (`host1.example.com`); the address that the engine has of a host is what
both know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from steps.hosted_engine.dialog.vm_status import EngineStatus
from steps.targets.engine_facts import Host, Machine

READY: Final = "maintenance"
_USABLE: Final = frozenset({"up", READY})

Addresses = Mapping[str, Collection[str]]
"""Of host names, the addresses that they resolve to."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One host of the engine, and what speaks for and against making it the failover host.

    `ha_name` and `score` are of hosted-engine --vm-status, empty and None where it does not tell.
    """

    id: str
    name: str
    address: str
    status: str
    ha_name: str
    score: int | None
    machines: tuple[str, ...]
    carries_engine: bool
    spm: bool
    refused: str = ""

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Candidate:
        """Out of its own data."""
        return cls(**{**data, "machines": tuple(data["machines"])})

    @property
    def is_ready(self) -> bool:
        """Whether it is in maintenance with nothing on it."""
        return self.status == READY and not self.machines

    @property
    def words(self) -> str:
        """State, what runs on it, score: as the choice says it."""
        count = len(self.machines)
        said = [self.status, f"{count} machine{'' if count == 1 else 's'}" if count else "empty"]
        if self.score is not None:
            said.append(f"score {self.score}")
        if self.carries_engine:
            said.append("carries the engine's machine")
        if self.spm:
            said.append("is SPM")
        return ", ".join(said)


def candidates(
    hosts: Sequence[Host],
    machines: Sequence[Machine],
    rows: Sequence[EngineStatus],
    addresses: Addresses,
) -> tuple[Candidate, ...]:
    """Every host of the engine, the best first; those that cannot be taken last."""
    found = [_candidate(host, hosts, machines, rows, addresses) for host in hosts]
    return tuple(sorted(found, key=_rank))


def best(found: Sequence[Candidate]) -> Candidate | None:
    """The one to suggest: never the one that carries the engine's machine, nor a refused one."""
    return next((one for one in found if not one.refused and not one.carries_engine), None)


def row_of(host: Host, rows: Sequence[EngineStatus], addresses: Addresses) -> EngineStatus | None:
    """What vm-status tells of that host of the engine: by its address, else by what it resolves to.

    None where no row or more than one fits.
    """
    address = host.address.lower()
    named = [row for row in rows if row.host.lower() == address]
    if not named:
        named = [row for row in rows if address in addresses.get(row.host, ())]
    return named[0] if len(named) == 1 else None


def _rank(one: Candidate) -> tuple[bool, bool, bool, int, int, str]:
    # A host that is ready already costs nobody a migration.
    return (
        bool(one.refused), one.carries_engine, not one.is_ready, len(one.machines),
        -(one.score or 0), one.name.lower(),
    )  # fmt: skip


def _candidate(
    host: Host,
    hosts: Sequence[Host],
    machines: Sequence[Machine],
    rows: Sequence[EngineStatus],
    addresses: Addresses,
) -> Candidate:
    row = row_of(host, rows, addresses)
    on_it = [machine for machine in machines if machine.host == host.id]
    score = row.score if row is not None else None
    if score is None and host.hosted_engine is not None:
        score = host.hosted_engine.score
    carries = any(machine.is_engine for machine in on_it) or bool(row and row.machine == "up")
    return Candidate(
        id=host.id,
        name=host.name,
        address=host.address,
        status=host.status,
        ha_name=row.host if row else "",
        score=score,
        machines=tuple(machine.name for machine in on_it),
        carries_engine=carries,
        spm=host.spm == "spm",
        refused=_refused(host, hosts, row, carries=carries),
    )


def _refused(host: Host, hosts: Sequence[Host], row: EngineStatus | None, *, carries: bool) -> str:
    if host.hosted_engine is None or not host.hosted_engine.configured:
        return "it is no hosted-engine host: the engine could not be restored on it"
    if host.status not in _USABLE:
        return f"it is {host.status}: only a host that is up or in maintenance can be made ready"
    if row is None:
        return "hosted-engine --vm-status does not tell of it: which host it is cannot be confirmed"
    if carries and not any(_could_carry(other) for other in hosts if other.id != host.id):
        return "it carries the engine's machine, and no other host could take that"
    return ""


def _could_carry(host: Host) -> bool:
    part = host.hosted_engine
    return host.status == "up" and part is not None and part.configured and part.score > 0


def disagreements(
    host: Host,
    hosts: Sequence[Host],
    machines: Sequence[Machine],
    rows: Sequence[EngineStatus],
    addresses: Addresses,
) -> Iterator[str]:
    """Where the engine and vm-status do not say the same of that host, or of the engine's own."""
    row = row_of(host, rows, addresses)
    if row is None:
        known = ", ".join(row.host for row in rows) or "none"
        yield (
            f"the engine has {host.name} at {host.address}, and hosted-engine --vm-status knows"
            f" no such host; it knows {known}"
        )
        return
    if not row.live:
        yield f"what hosted-engine --vm-status says of {row.host} is not of now"
    others = [
        other for other in hosts if other.id != host.id and row_of(other, rows, addresses) is row
    ]
    for other in others:
        yield f"both {host.name} and {other.name} of the engine are {row.host}"
    yield from _engine_elsewhere(hosts, machines, rows, addresses)


def _engine_elsewhere(
    hosts: Sequence[Host],
    machines: Sequence[Machine],
    rows: Sequence[EngineStatus],
    addresses: Addresses,
) -> Iterator[str]:
    engine = next((machine for machine in machines if machine.is_engine), None)
    carrying = [row.host for row in rows if row.live and row.machine == "up"]
    if engine is None or engine.status != "up" or not carrying:
        return  # 3.5 and older do not list it; on the move the two differ for a moment
    place = next((host for host in hosts if host.id == engine.host), None)
    row = row_of(place, rows, addresses) if place is not None else None
    if row is None or row.host not in carrying:
        named = place.name if place is not None else "no host"
        yield (
            f"the engine says that {engine.name} runs on {named}, hosted-engine --vm-status says"
            f" {', '.join(carrying)}"
        )

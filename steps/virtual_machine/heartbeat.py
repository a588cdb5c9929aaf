"""How a daemon shows that it lives: an entry of its own below its node's entry. Pure.

`ou=rekindle-ID,sstNode=FQDN,ou=nodes,...` is an organizationalUnit with one description. The node's
own entry stays untouched, original tools look for other classes, and the server's modifyTimestamp
of the entry is the time of the beat, whatever the daemon's clock says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from steps.ldif_text import split_dn
from steps.targets.directory import Attributes, Directory, Entry
from steps.targets.directory_names import child, equals, naming
from steps.virtual_machine.job_leaf import csn_time, stamp_time
from steps.virtual_machine.machine_directory import services_dn

MISSED_BEATS: Final = 3
"""After so many beats that did not come a daemon counts as dead."""
SLACK_SECONDS: Final = 2.0
_PREFIX: Final = "rekindle-"
_SAYS: Final = "rekindle node "


@dataclass(frozen=True, slots=True)
class Busy:
    """What a daemon is doing: `done` of `total` of the current step, 0 of 0 where not known."""

    leaf: str
    task: str
    step: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A daemon as its entry shows it. `every` is the time between two beats in seconds."""

    node: str
    owner: str
    every: float
    life: str
    host: str = ""
    pid: int = 0
    stopping: bool = False
    busy: tuple[Busy, ...] = ()
    beaten: datetime | None = None
    csn: str = ""

    def lives(self, now: datetime) -> bool:
        """Whether it beat lately, by the server's time."""
        if self.beaten is None:
            return False
        return now - self.beaten < timedelta(seconds=MISSED_BEATS * self.every + SLACK_SECONDS)


def nodes_dn(base: str) -> str:
    """Below it stand the nodes."""
    return f"ou=nodes,{services_dn(base)}"


def node_dn(base: str, node: str) -> str:
    """One node's entry."""
    return child("sstNode", node, nodes_dn(base))


def heartbeat_dn(base: str, node: str, instance: str) -> str:
    """The entry of one daemon of a node."""
    return child("ou", _PREFIX + instance, node_dn(base, node))


def heartbeat_attributes(beat: Heartbeat, instance: str) -> Attributes:
    """The entry's attributes."""
    return {
        "objectClass": (b"top", b"organizationalUnit"),
        "ou": (f"{_PREFIX}{instance}".encode(),),
        "description": (told(beat),),
    }


def told(beat: Heartbeat) -> bytes:
    """The description's value."""
    data = asdict(beat)
    for name in ("beaten", "csn", "node"):
        del data[name]
    return (_SAYS + json.dumps(data, separators=(",", ":"))).encode()


def heartbeats(directory: Directory) -> tuple[Heartbeat, ...]:
    """Every daemon's heartbeat that the directory has."""
    found = directory.search(nodes_dn(directory.base), equals("objectClass", "organizationalUnit"))
    return tuple(beat for entry in found if (beat := heartbeat_of(entry)) is not None)


def heartbeat_of(entry: Entry) -> Heartbeat | None:
    """The heartbeat an entry holds, or None."""
    if not (entry.text("ou") or "").startswith(_PREFIX):
        return None
    says = (entry.text("description") or "").removeprefix(_SAYS)
    try:
        return _heartbeat(json.loads(says), entry)
    except (ValueError, TypeError, KeyError, RecursionError):
        # An entry of that name that somebody wrote by hand tells nothing of a daemon.
        return None


def living(beats: Sequence[Heartbeat], node: str, now: datetime) -> tuple[Heartbeat, ...]:
    """The living daemons of a node."""
    return tuple(b for b in beats if b.node.lower() == node.lower() and b.lives(now))


def _heartbeat(data: dict[str, Any], entry: Entry) -> Heartbeat:
    return Heartbeat(
        node=naming(",".join(split_dn(entry.dn)[1:]))[1],
        owner=str(data["owner"]),
        every=min(max(float(data["every"]), 0.05), 3600.0),
        life=str(data["life"]),
        host=str(data["host"]),
        pid=int(data["pid"]),
        stopping=bool(data["stopping"]),
        busy=tuple(
            Busy(str(b["leaf"]), str(b["task"]), str(b["step"]), int(b["done"]), int(b["total"]),
                 str(b["unit"]))
            for b in data["busy"]
        ),
        beaten=csn_time(entry.entry_csn) or stamp_time(entry.modified_at),
        csn=entry.entry_csn,
    )  # fmt: skip

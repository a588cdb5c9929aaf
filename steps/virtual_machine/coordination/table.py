"""The site as a table: machines by node and phase, what waits, what is stuck and why. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from steps.ldif_text import normal_dn
from steps.run.text import counted
from steps.virtual_machine.coordination.observer import Known, Look
from steps.virtual_machine.coordination.standing import Kind, Standing
from steps.virtual_machine.heartbeat import Heartbeat
from steps.virtual_machine.job_leaf import CONTROL, TAKEN, JobLeaf
from steps.virtual_machine.job_words import FINISHED


@dataclass(frozen=True, slots=True)
class Row:
    """One machine with the leaf that matters now; `leaf` is None where it was never backed up."""

    known: Known
    leaf: JobLeaf | None
    standing: Standing

    @property
    def mode(self) -> str:
        """What its leaf says."""
        return self.leaf.mode if self.leaf else ""

    @property
    def progress(self) -> float | None:
        """How much of its current step is done, from 0 to 1, where the daemon tells."""
        busy = self.standing.busy
        return busy.done / busy.total if busy is not None and busy.total else None


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node: its daemons, and its machines by how they stand."""

    node: str
    alive: int
    gone: int
    machines: int
    kinds: tuple[tuple[Kind, int], ...]

    @property
    def daemon(self) -> str:
        """Its daemon in a word."""
        if self.alive:
            return "alive" if self.alive == 1 else f"{self.alive} alive"
        return "gone" if self.gone else "none seen"


@dataclass(frozen=True, slots=True)
class Table:
    """Everything a control screen shows. `spread` is in seconds, None for less than two."""

    rows: tuple[Row, ...]
    nodes: tuple[NodeRow, ...]
    spread: float | None
    snapshots: int
    server_time: datetime

    @property
    def stuck(self) -> tuple[Row, ...]:
        """The rows that need somebody."""
        return tuple(row for row in self.rows if row.standing.kind.stuck)

    @property
    def summary(self) -> str:
        """All of it in a line."""
        counts = Counter(row.standing.kind for row in self.rows)
        parts = [f"{counts[kind]} {kind}" for kind in Kind if counts[kind]]
        spread = "" if self.spread is None else (
            f"; {counted(self.snapshots, 'snapshot')} within {self.spread:.1f} s"
        )  # fmt: skip
        return f"{counted(len(self.rows), 'machine')}: {', '.join(parts) or 'none'}{spread}"


def table_of(look: Look) -> Table:
    """The table of a look: stuck machines first, then those at work, then by node and name."""
    leaves: dict[str, list[JobLeaf]] = {}
    for leaf in look.leaves.values():
        leaves.setdefault(normal_dn(leaf.machine_dn), []).append(leaf)
    rows = [_row(look, known, leaves.get(dn, [])) for dn, known in look.machines.items()]
    rows.sort(key=_rank)
    spread, snapshots = spread_of(row.leaf for row in rows if row.leaf)
    return Table(tuple(rows), tuple(_nodes(look, rows)), spread, snapshots, look.now)


def _row(look: Look, known: Known, leaves: Sequence[JobLeaf]) -> Row:
    if not leaves:
        return Row(known, None, Standing(Kind.IDLE, "never backed up"))
    leaf = max(leaves, key=lambda one: (not _is_over(one), one.name))
    return Row(known, leaf, look.standing(leaf))


def _is_over(leaf: JobLeaf) -> bool:
    return leaf.mode.lower() == FINISHED and not leaf.commanded


def _rank(row: Row) -> tuple[bool, bool, str, str]:
    kind = row.standing.kind
    return not kind.stuck, kind is Kind.IDLE, row.known.node, row.known.title


def _nodes(look: Look, rows: Sequence[Row]) -> Iterable[NodeRow]:
    names = {row.known.node.lower(): row.known.node for row in rows}
    names.update({beat.node.lower(): beat.node for beat in look.beats})
    for name in sorted(names):
        own = [row for row in rows if row.known.node.lower() == name]
        beats: list[Heartbeat] = [beat for beat in look.beats if beat.node.lower() == name]
        alive = sum(beat.lives(look.now) for beat in beats)
        counts = Counter(row.standing.kind for row in own)
        kinds = tuple((kind, counts[kind]) for kind in Kind if counts[kind])
        yield NodeRow(names[name] or "(no node)", alive, len(beats) - alive, len(own), kinds)


def spread_of(leaves: Iterable[JobLeaf]) -> tuple[float | None, int]:
    """Between first and last snapshot of the newest run: one control instance's, or one name's."""
    taken: dict[str, list[datetime]] = {}
    for leaf in leaves:
        moment = _moment(leaf.mark(TAKEN))
        if moment is not None:
            taken.setdefault(leaf.mark(CONTROL) or leaf.name, []).append(moment)
    if not taken:
        return None, 0
    newest = max(taken.values(), key=max)
    if len(newest) < 2:
        return None, len(newest)
    return (max(newest) - min(newest)).total_seconds(), len(newest)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None

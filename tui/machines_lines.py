"""The table of machines as plain lines and as JSON data. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from steps.run.text import counted, one_line
from steps.virtual_machine.coordination.table import NodeRow, Row, Table

MARKS = {"failed": "!", "dead": "!", "not heard": "!", "half": "!", "unknown": "!", "suspect": "?",
         "working": ">", "done": "+", "waiting": ".", "idle": " "}  # fmt: skip
"""State by a mark, never by colour alone."""


def table_lines(table: Table, *, whole: bool = True) -> Iterator[str]:
    """Nodes, machines, summary; without `whole` only machines that are not idle."""
    for node in table.nodes:
        yield node_line(node)
    yield ""
    for row in table.rows:
        if whole or row.standing.kind != "idle":
            yield from row_lines(row)
    yield ""
    yield table.summary


def node_line(node: NodeRow) -> str:
    """A node in a line."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in node.kinds)
    return one_line(
        f"{node.node}: daemon {node.daemon}; {counted(node.machines, 'machine')}, {kinds}"
    )


def row_lines(row: Row) -> Iterator[str]:
    """A machine in a line, and what to do about it in another."""
    yield row_line(row)
    if row.standing.kind.stuck and row.standing.remedy:
        yield f"    do: {one_line(row.standing.remedy)}"


def row_line(row: Row) -> str:
    """A machine in a line."""
    done = "" if row.progress is None else f" {row.progress:.0%}"
    known = row.known
    title = f"{MARKS[row.standing.kind]} {known.title:<12} {known.node:<24}"
    text = one_line(row.standing.text)
    mode = "" if text.startswith(row.mode) else f"{row.mode:<14} "
    return one_line_kept(f"{title} {mode}{text}{done}")


def one_line_kept(text: str) -> str:
    """A line whose columns stay columns."""
    return "".join(c for c in text if c.isprintable()).rstrip()


def as_data(table: Table) -> dict[str, object]:
    """The table as JSON data."""
    return {
        "server_time": table.server_time.isoformat(timespec="seconds"),
        "spread_seconds": table.spread,
        "snapshots": table.snapshots,
        "nodes": [
            {"node": n.node, "daemon": n.daemon, "alive": n.alive, "machines": n.machines,
             "kinds": dict(n.kinds)}
            for n in table.nodes
        ],
        "machines": [_row_data(row) for row in table.rows],
    }  # fmt: skip


def _row_data(row: Row) -> dict[str, object]:
    leaf = row.leaf
    return {
        "machine": row.known.machine,
        "title": row.known.title,
        "node": row.known.node,
        "leaf": leaf.name if leaf else None,
        "mode": leaf.mode if leaf else None,
        "state": leaf.state if leaf else None,
        "return_value": leaf.return_value if leaf else None,
        "daemon": leaf.owner or None if leaf else None,
        "standing": row.standing.kind,
        "stuck": row.standing.kind.stuck,
        "text": row.standing.text,
        "remedy": row.standing.remedy,
        "progress": row.progress,
    }

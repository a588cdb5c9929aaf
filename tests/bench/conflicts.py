"""What comparing one machine costs: processor time of a comparison, and of the whole command.

The least of the rounds counts: neighbours on the same cores make processor time dearer, by half and
more, and never cheaper. The middle and the dearest stand beside it.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from steps.virtual_machine.compare import compare_machine
from tests.bench.claim import Claim, timed
from tests.unit.machine_documents import (
    GIB,
    LEAF,
    NAME,
    THEN,
    VDA,
    VDB,
    VDC,
    host_facts,
    qcow2_header,
    since,
    state_file,
)
from tui.conflict_report import as_json

PROGRAM = Path(sys.executable).with_name("rekindle")
LIMIT = 100.0
"""Milliseconds of processor time for one machine."""
KEY = 5.0
"""Milliseconds that a screen may spend on one key."""
NOW = replace(
    THEN, memory=8 * GIB, port=5911, description="web front, blue", disks=(VDA, VDB, VDC)
).with_card(mac="52:54:00:0b:01:02", bridge="br-prod")


def measure(rounds: int) -> list[Claim]:
    """The least of each."""
    scene = since(NOW)
    sources = scene.sources()
    conflicts = compare_machine(sources, scene.facts, "with-state")
    decisions: dict[str, object] = {}
    return [
        _cpu(
            "compare one machine, to JSON",
            lambda: as_json(compare_machine(sources, scene.facts, "with-state")),
            rounds * 10, LIMIT,
        ),
        _cpu(
            "what the conflict screen asks at a key",
            lambda: [
                conflicts.still_open(decisions), conflicts.blocking(decisions),
                *(conflicts.result(row.id, decisions) for row in conflicts.rows),
            ],
            rounds * 10, KEY,
        ),
        _command(rounds),
    ]  # fmt: skip


def _cpu(name, work, rounds: int, limit: float) -> Claim:
    work()
    spent = [timed(work).cpu * 1000 for _ in range(rounds)]
    return _claim(name, spent, limit)


def _claim(name, spent: list[float], limit: float, detail: str = "") -> Claim:
    middle = statistics.median(spent)
    words = f"median {middle:.1f} ms, at most {max(spent):.1f} ms{detail}"
    return Claim(name, min(spent), limit, "ms", words)


def _command(rounds: int) -> Claim:
    """The command's own processor time: what it costs beyond an interpreter that does nothing."""
    with tempfile.TemporaryDirectory() as folder:
        words = [str(PROGRAM), *command_words(Path(folder))]
        works = (
            lambda: subprocess.run(words, check=True, capture_output=True),
            lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
        )
        for work in works:
            work()  # writes the bytecode of what changed since the set-up
        pairs = [[timed(work).cpu * 1000 for work in works] for _ in range(rounds * 3)]
    bare = min(bare for _mine, bare in pairs)
    ours = [mine - bare for mine, _bare in pairs]
    name = "rekindle conflicts, CPU beyond bare python"
    return _claim(name, ours, LIMIT, f", bare python {bare:.0f} ms")


def command_words(folder: Path) -> list[str]:
    """The files of one machine in this folder, and the command that compares them."""
    for kind, data in (
        ("ldif", THEN.backup_ldif()),
        ("xml", THEN.live_xml().encode()),
        ("state", state_file(THEN.state_xml())),
    ):
        (folder / f"{NAME}.{kind}.{LEAF}").write_bytes(data)
    for disk in THEN.disks:
        (folder / f"{disk.image}.{LEAF}").write_bytes(qcow2_header(disk.capacity))
    (folder / "now.ldif").write_bytes(NOW.live_ldif())
    (folder / "now.xml").write_text(NOW.inactive_xml())
    (folder / "facts.json").write_text(json.dumps(host_facts().to_json()))
    given = {"--backup": "", "--live-ldif": "now.ldif", "--live-xml": "now.xml",
             "--host-facts": "facts.json"}  # fmt: skip
    files = [word for option, name in given.items() for word in (option, str(folder / name))]
    return ["conflicts", "--vm", NAME, *files, "--json"]

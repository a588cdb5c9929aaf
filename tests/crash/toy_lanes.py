"""The toy's machines: each in a lane of its own, with effects that would show if done twice."""

from __future__ import annotations

import json
from pathlib import Path

from config.errors import StepFailed
from steps.procedure import Phase, done, not_done
from tests.crash.toy import Check, ToyStep

PARTS = ("snapshot", "copy", "check")


def lanes(count: int) -> tuple[str, ...]:
    """Names of that many machines."""
    return tuple(f"m{number}" for number in range(1, count + 1))


class Part(ToyStep):
    """Adds a line to the machine's ledger. `flaky.m3` fails it once, `broken.m3` for ever."""

    def __init__(self, world: Path, part: str, lane: str) -> None:
        super().__init__(world)
        self.part, self.lane = part, lane
        self.name, self.title = f"{part}.{lane}", f"{part.capitalize()} of {lane}"
        self.ledger = world / f"ledger.{lane}"

    def lines(self) -> list[str]:
        return self.ledger.read_text().split() if self.ledger.exists() else []

    def verify(self, context):
        return done("noted") if self.part in self.lines() else not_done("not noted")

    def apply(self, context):
        context.remember(f"{self.part}.{self.lane}", self.part)
        context.log(f"{self.part} begins")
        self.fail_where_told()
        with self.ledger.open("a") as ledger:
            ledger.write(f"{self.part}\n")
        context.progress(1, 1)

    def fail_where_told(self) -> None:
        flaky, broken = (self.world / f"{word}.{self.lane}" for word in ("flaky", "broken"))
        if self.part == "copy" and (flaky.exists() or broken.exists()):
            flaky.unlink(missing_ok=True)
            raise StepFailed("no space left.", "Make room.")

    def undo(self, context):
        self.ledger.write_text("".join(f"{x}\n" for x in self.lines() if x != self.part))


class Summary(ToyStep):
    """Says how the lanes stand in the end."""

    name, title = "summary", "Write the summary"

    def verify(self, context):
        file = self.world / "summary.json"
        written = json.loads(file.read_text()) if file.exists() else None
        return done("it is so") if written == dict(context.lanes()) else not_done("not so")

    def apply(self, context):
        (self.world / "summary.json").write_text(json.dumps(dict(context.lanes())))


def phases(world: Path, count: int) -> tuple[Phase, ...]:
    """Snapshot, then copy and check side by side, then the summary."""
    snapshot, *after = PARTS
    return (
        Phase("prepare", "Prepare", (Check(world),)),
        Phase(
            "snapshot",
            "Snapshot",
            tuple(Part(world, snapshot, lane) for lane in lanes(count)),
            safe_point=False,
            at_once=2,
        ),
        Phase(
            "copy",
            "Copy",
            tuple(Part(world, part, lane) for part in after for lane in lanes(count)),
            at_once=3,
        ),
        Phase("end", "End", (Summary(world),)),
    )

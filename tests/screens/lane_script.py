"""A run with lanes, told by hand: three phases, as many machines as wanted."""

from __future__ import annotations

from steps.procedure import Phase, Plan, Step, done
from steps.run.events import Event
from tests.screens.support import Script, make_run


class Part(Step):
    """One machine's part of a phase, or a step of all."""

    def __init__(self, part: str, lane: str = "") -> None:
        self.lane = lane
        self.name = f"{part}.{lane}" if lane else part
        self.title = f"{part.capitalize()} of {lane}" if lane else f"{part.capitalize()} of all"

    def commands(self):
        return (self.name,)

    def verify(self, context):
        return done("")

    def apply(self, context):
        """Nothing: it is told by hand."""


def lane_plan(count: int) -> Plan:
    """Check, snapshot and copy side by side, summary."""
    names = [f"vm{number:03}" for number in range(1, count + 1)]
    return Plan(
        "toy.restore",
        f"{count} machines",
        "Back up",
        (
            Phase("check", "Check", (Part("check"),)),
            Phase("snapshot", "Snapshot", tuple(Part("snapshot", n) for n in names), at_once=8),
            Phase("copy", "Copy", tuple(Part("copy", n) for n in names), at_once=8),
            Phase("end", "End", (Part("summary"),)),
        ),
    )


class LaneScript(Script):
    """The runner of such a run."""

    def __init__(self, folder, count: int) -> None:
        super().__init__(make_run(folder))
        self.plan = lane_plan(count)

    def progress(self, step: str, done: int, total: int = 100) -> None:
        """How far a step is."""
        self.record(Event.PROGRESS, step=step, done=done, total=total, unit="B")

    def hold(self, step: str, message: str = "no space left.") -> None:
        """A lane's step fails, and nobody is asked yet."""
        self.begin(step)
        told = {"remedy": "Make room.", "seen": "0 B free", "expected": "", "undoing": False}
        self.record(Event.STEP_FAILED, step=step, message=message, **told)

    def hundred(self) -> None:
        """The middle of a backup of a hundred: some done, eight at work, one failed."""
        self.start()
        self.do("check")
        self.hold("snapshot.vm040")
        for number in range(1, 38):
            self.do(f"snapshot.vm{number:03}")
        for number in range(41, 49):
            self.begin(f"snapshot.vm{number:03}")
            self.progress(f"snapshot.vm{number:03}", number)

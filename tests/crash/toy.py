"""A toy procedure on files of one folder, whose every effect can be counted.

live.txt is replaced by backup.txt: staged, moved aside, moved in, noted in ledger.txt (where a
second note would show), and at last the old file is removed where the operator says so.
"""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from config.errors import InvalidInput, StepFailed
from config.questions import Choice, Group, Interview, Kind, Question
from steps.procedure import (
    Phase,
    Plan,
    Procedure,
    Prompt,
    PutOff,
    Step,
    done,
    not_done,
    unknown,
)

NAME = "toy.replace"
CONFIRM = Prompt(
    "clean-up", "Remove the old file?", (Choice("yes", "Remove"), Choice("no", "Keep"))
)


def lay_out(world: Path) -> None:
    """The world before a run."""
    world.mkdir()
    (world / "live.txt").write_text("live\n")
    (world / "backup.txt").write_text("backup\n")
    (world / "ledger.txt").write_text("")


def snapshot(world: Path) -> dict[str, str]:
    """Every file of the world with its content."""
    return {path.name: path.read_text() for path in sorted(world.iterdir())}


class ToyStep(Step):
    """A step in the toy's folder."""

    reason = "a toy"

    def __init__(self, world: Path) -> None:
        self.world = world

    def commands(self) -> tuple[str, ...]:
        return (f"{self.name} in {self.world}",)


class Check(ToyStep):
    name, title = "check", "Check the backup"

    def verify(self, context):
        seen = self.world / "checked"
        return done("checked") if seen.exists() else not_done("not checked yet")

    def apply(self, context):
        if not (self.world / "backup.txt").exists():
            raise StepFailed("There is no backup.", "Bring one.", seen="nothing", expected="a file")
        (self.world / "checked").touch()


class Stage(ToyStep):
    name, title = "stage", "Stage the backup"
    depends_on = ("greeting",)

    def __init__(self, world: Path, greeting: str) -> None:
        super().__init__(world)
        self.greeting = greeting

    def commands(self) -> tuple[str, ...]:
        return (f"stage with {self.greeting}",)

    def verify(self, context):
        staged = self.world / "staged.txt"
        return done("staged.txt is there") if staged.exists() else not_done("no staged.txt")

    def apply(self, context):
        if self.greeting == "bad":
            raise StepFailed("A bad greeting.", "Take another.")
        context.remember("greeting", self.greeting)
        for number in range(3):
            context.checkpoint()
            context.progress(number, 3)
            context.log(f"copying part {number}")
        content = (self.world / "backup.txt").read_text()
        temporary = self.world / "staged.part"
        temporary.write_text(content)
        os.rename(temporary, self.world / "staged.txt")

    def undo(self, context):
        (self.world / "staged.txt").unlink(missing_ok=True)


class MoveAside(ToyStep):
    name, title = "aside", "Move the live file aside"

    def verify(self, context):
        live, old = (self.world / "live.txt").exists(), (self.world / "live.old").exists()
        if live and old:
            return unknown("both live.txt and live.old are there")
        return done("live.old is there") if old else not_done("live.txt is in place")

    def apply(self, context):
        os.rename(self.world / "live.txt", self.world / "live.old")

    def undo(self, context):
        if (self.world / "live.old").exists():
            os.rename(self.world / "live.old", self.world / "live.txt")


class MoveIn(ToyStep):
    name, title = "in", "Move the backup in"

    def verify(self, context):
        return done("in place") if (self.world / "live.txt").exists() else not_done("not in place")

    def apply(self, context):
        os.rename(self.world / "staged.txt", self.world / "live.txt")

    def undo(self, context):
        if (self.world / "live.txt").exists() and not (self.world / "staged.txt").exists():
            os.rename(self.world / "live.txt", self.world / "staged.txt")


class Note(ToyStep):
    """Its effect is no fixed point: applying it twice would leave two lines."""

    name, title = "note", "Note it in the ledger"

    def verify(self, context):
        found = (self.world / "ledger.txt").read_text()
        return done(found.strip()) if found else not_done("the ledger is empty")

    def apply(self, context):
        password = context.secret("toy password", "The toy's password").reveal()
        context.log(f"the password is {password}")
        context.log(f"userPassword:: {base64.b64encode(password.encode()).decode()}")
        context.log(f"<graphics passwd={quoteattr(password)}>{escape(password)}</graphics>")
        if (self.world / "refuse").exists():
            raise StepFailed(f"{password!r} was refused.", f"Not {password}.", seen=password)
        with open(self.world / "ledger.txt", "a") as ledger:
            ledger.write("replaced\n")

    def undo(self, context):
        lines = (self.world / "ledger.txt").read_text().splitlines(keepends=True)
        (self.world / "ledger.txt").write_text("".join(lines[:-1]))


class CleanUp(ToyStep):
    name, title = "clean-up", "Remove the old file"
    irreversible = True

    @property
    def optional(self) -> bool:
        return True

    def verify(self, context):
        left = (self.world / "live.old").exists()
        return not_done("live.old is there") if left else done("live.old is gone")

    def apply(self, context):
        if context.ask(CONFIRM) == "no":
            raise PutOff("The operator keeps the old file.")
        (self.world / "live.old").unlink()


class Wait(ToyStep):
    """Runs until the file `go` is there, or until it is aborted."""

    name, title = "wait", "Wait for go"

    def verify(self, context):
        return done("go") if (self.world / "go").exists() else not_done("no go")

    def apply(self, context):
        while not (self.world / "go").exists():
            context.checkpoint()
            time.sleep(0.01)


def _greeting(value, _given):
    if value == "forbidden":
        raise InvalidInput("That greeting is forbidden.")


INTERVIEW = Interview(
    (
        Group(
            "toy",
            "The toy",
            (
                Question("world", "The folder", Kind.PATH),
                Question("greeting", "The greeting", Kind.TEXT, default="hello", check=_greeting),
                Question("wait", "Wait in between", Kind.YES_NO, default=False),
                Question("machines", "Lanes of it", Kind.NUMBER, required=False),
                Question("toy password", "Its password", Kind.SECRET, required=False),
                Question("recovery_target", "Target", Kind.NUMBER, required=False),
            ),
        ),
    )
)


def make_plan(site, given, resolutions, survey) -> Plan:
    world = Path(given["world"])
    if given.get("machines"):
        from tests.crash.toy_lanes import phases

        return Plan(NAME, "machines", "Note", phases(world, given["machines"]))
    first = [Check(world), Stage(world, given.get("greeting", "hello"))]
    if given.get("wait"):
        first.append(Wait(world))
    return Plan(
        procedure=NAME,
        object="toy",
        verb="Replace",
        phases=(
            Phase("prepare", "Prepare", tuple(first)),
            Phase("swap", "Swap", (MoveAside(world), MoveIn(world), Note(world))),
            Phase("clean", "Clean up", (CleanUp(world),)),
        ),
        settings=(("Folder", str(world)),),
    )


def survey(probe_input):
    return {"files": sorted(os.listdir(probe_input.given["world"]))}


PROCEDURE = Procedure(
    name=NAME,
    system="toy",
    title="Replace a file",
    description="Replaces live.txt by backup.txt.",
    needs="a folder",
    undo="until the clean-up",
    interview=INTERVIEW,
    probes={},
    survey=survey,
    plan=make_plan,
    secrets={"toy password": "The toy's password"},
)


def find(name: str) -> Procedure:
    """The toy's own catalogue."""
    if name != NAME:
        raise InvalidInput(f"There is no procedure {name!r}.")
    return PROCEDURE


class NoTargets:
    """The toy needs no targets."""

    def close(self) -> None:
        """Nothing to close."""


def no_targets(_site, _secrets):
    return NoTargets()

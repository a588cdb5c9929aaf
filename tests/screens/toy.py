"""A small procedure for screen tests: questions of every kind, two phases, no real world."""

from __future__ import annotations

from config.errors import InvalidInput
from config.questions import Choice, Finding, Given, Group, Interview, Kind, Question
from config.site import Site
from steps.procedure import Phase, Plan, Probed, ProbeInput, Procedure, Step, Verdict, done
from tests.screens.terminal import PATIENCE

SITE = Site(name="berne")


def _check_name(value, _given: Given) -> None:
    if not str(value).isalnum():
        raise InvalidInput(f"{value!r} is not a machine name.", "Use letters and digits.")


def _machine_exists(_looked_at: ProbeInput) -> Probed:
    return Probed(findings=(Finding("ok", "found the entry of web01"),))


INTERVIEW = Interview(
    (
        Group(
            "machine",
            "Machine",
            (
                Question(
                    "machine",
                    "Machine",
                    Kind.TEXT,
                    why="Its name in the directory.",
                    default="web01",
                    check=_check_name,
                    probe="machine",
                ),
                Question("count", "Copies", Kind.NUMBER, default=1, required=False),
            ),
        ),
        Group(
            "backup",
            "Backup",
            (
                Question(
                    "iteration",
                    "Which backup",
                    Kind.CHOICE,
                    why="The newest complete one is first.",
                    choices_probe="iterations",
                    depends_on=("machine",),
                ),
                Question("state", "With memory", Kind.YES_NO, default=True),
                Question(
                    "reason",
                    "Reason for a cold start",
                    Kind.TEXT,
                    condition=lambda given: given.get("state") is False,
                ),
            ),
        ),
        Group(
            "access",
            "Access",
            (Question("password", "Password", Kind.SECRET, required=False),),
        ),
    )
)


class ToyStep(Step):
    """A step that is done at once."""

    def __init__(self, name: str, title: str, *, irreversible: bool = False) -> None:
        self.name, self.title = name, title
        self.reason = f"Why {title.lower()}."
        self.irreversible = irreversible

    def commands(self):
        return [f"toy {self.name}"]

    def verify(self, context) -> Verdict:
        return done("as it should be")

    def apply(self, context) -> None:
        context.log("done")


def make_plan(_site, given, _resolutions, _survey) -> Plan:
    machine = str(given["machine"])
    return Plan(
        procedure="toy.restore",
        object=machine,
        verb="Restore",
        phases=(
            Phase("check", "Check", (ToyStep("check.set", "Check the backup set"),)),
            Phase(
                "swap",
                "Swap the disks",
                (
                    ToyStep("swap.aside", "Move the live images aside"),
                    ToyStep("swap.wipe", "Wipe the old images", irreversible=True),
                ),
            ),
        ),
        settings=(("Machine", machine), ("Backup", str(given.get("iteration", "")))),
        estimate_seconds=72,
        confirm_by_typing=machine,
    )


TOY = Procedure(
    name="toy.restore",
    system="Virtual machines (KVM)",
    title="Restore a machine",
    description="Takes one machine back to a backup. Checks the backup, lets you settle every"
    " difference between backup, directory and hypervisor, swaps the disks, resumes the machine.",
    needs="a hypervisor, its directory",
    undo="until you confirm the clean-up",
    interview=INTERVIEW,
    probes={"machine": _machine_exists},
    survey=lambda _looked_at: {},
    plan=make_plan,
    drills=("restore-machine",),
)


class ToyLooks:
    """Answers every look at once, or when the test says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.findings = {"machine": (Finding("ok", "found the entry of web01"),)}
        self.choices = {
            "iterations": (
                Choice("1102", "2 Nov 04:00", "complete, 40 GB, verified"),
                Choice("1101", "1 Nov 04:00", "", "disk vdb is missing"),
                Choice("1031", "31 Oct 04:00", "complete, 39 GB"),
            )
        }
        self.suggested: dict = {}
        self.gates: dict = {}

    def probe(self, procedure, name, given, cancel) -> Probed:
        self.asked.append(name)
        gate = self.gates.get(name)
        if gate is not None:
            gate.wait(PATIENCE)
        found = self.findings.get(name, ())
        if callable(found):
            found = found(given)
        return Probed(
            findings=found,
            choices=self.choices.get(name, ()),
            suggested=self.suggested.get(name),
        )

    def survey(self, procedure, given, cancel):
        return {}

"""The questions of "Repair a stuck backup": the text an operator reads."""

from __future__ import annotations

from config.interviews.virtual_machine_plan import plain_name
from config.questions import Group, Interview, Kind, Question

FINISH, REMOVE, AGAIN, MEND = "finish", "remove", "again", "mend"


REPAIR = Interview(
    groups=(
        Group(
            "leaf",
            "Machine and iteration",
            (
                Question(
                    name="machine", title="Machine", kind=Kind.CHOICE, choices_probe="machines",
                    why="Machines whose last job is stuck. The nightly run of the original skips"
                    " them, every night, without a word.",
                    check=plain_name,
                ),
                Question(
                    name="leaf", title="Iteration", kind=Kind.CHOICE, choices_probe="leaves",
                    depends_on=("machine",),
                    why="Its name is an id; the time in it is as named.",
                    check=plain_name,
                ),
                Question(
                    name="action", title="How to repair it", kind=Kind.CHOICE,
                    choices_probe="actions", depends_on=("machine", "leaf"),
                    why="By the first two the next backup can begin. Files are not touched.",
                    help="Finished means: the set of this iteration is a backup. Where its files"
                    " are not all there that is not true, and removing the leaf is the honest"
                    " repair; what lies on the disks is then listed as found. What a daemon gave"
                    " up can be ordered again once its cause is mended.",
                ),
            ),
        ),
    )
)  # fmt: skip

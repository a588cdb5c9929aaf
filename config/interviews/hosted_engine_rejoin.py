"""The questions of "Add hosts again": the text an operator reads."""

from __future__ import annotations

from config.errors import InvalidInput
from config.interviews.virtual_machine_plan import plain_name
from config.questions import Choice, Given, Group, Interview, Kind, Question, Value

BY_KEY, BY_PASSWORD = "engine-key", "password"


def _some(value: Value, _given: Given) -> None:
    """At least one host; raises InvalidInput."""
    if not isinstance(value, tuple) or not value:
        raise InvalidInput("No host is chosen.", "Choose at least one.")


def _by_password(given: Given) -> bool:
    return given.get("access") == BY_PASSWORD


def _by_one_password(given: Given) -> bool:
    return _by_password(given) and given.get("same_password") is not False


REJOIN = Interview(
    groups=(
        Group(
            "hosts",
            "Hosts",
            (
                Question(
                    name="hosts", title="Hosts to take out and add again", kind=Kind.CHOICES,
                    choices_probe="hosts", check=_some,
                    why="Hosts that a restored engine does not get into service. Each is shown with"
                    " its state, its machines, and what the engine lets be done with it.",
                    help="A host is removed from the engine, its hosted-engine configuration is"
                    " renamed aside on it, and it is added again with hosted-engine deployment, one"
                    " host after another. One that fails leaves the others. A host with machines"
                    " that does not answer must be confirmed to have been rebooted first.",
                ),
                Question(
                    name="looked_from", title="Host to look from", kind=Kind.CHOICE,
                    choices_probe="carriers", check=plain_name,
                    why="From there it is looked whether the others still live; its agents tell"
                    " which hosts they still count.",
                ),
            ),
        ),
        Group(
            "access",
            "How the engine gets in",
            (
                Question(
                    name="access", title="How the engine enters the hosts", kind=Kind.CHOICE,
                    choices=(
                        Choice(
                            BY_KEY, "By its own public key",
                            "put into root's authorized_keys, and taken away afterwards",
                        ),
                        Choice(BY_PASSWORD, "By the password of root"),
                    ),
                    default=BY_KEY,
                    why="The engine installs each host over SSH as root, at the port that it has"
                    " noted for that host.",
                ),
                Question(
                    name="same_password", title="The same password on all of them",
                    kind=Kind.YES_NO, default=True, condition=_by_password,
                    why="If not, the run asks for each host's own one at its beginning, before"
                    " anything is done.",
                ),
                Question(
                    name="root_password", title="Password of root on the hosts",
                    kind=Kind.SECRET, condition=_by_one_password,
                    why="It goes to the engine alone, in memory; it is written nowhere.",
                ),
            ),
        ),
    )
)  # fmt: skip

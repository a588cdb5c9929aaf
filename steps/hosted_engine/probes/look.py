"""What all probes share: the host's shell, the answers so far, findings that say what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from config.errors import InvalidInput
from config.questions import Finding
from steps.hosted_engine.known_hosts import KnownHosts
from steps.procedure import Probed, ProbeInput
from steps.targets.processes import NOT_FOUND
from steps.targets.shell import Completed, Shell

SECONDS = 10.0
"""How long one command on the host may take, unless it says otherwise."""


def ok(text: str) -> Finding:
    """Seen and good."""
    return Finding("ok", text)


def warn(text: str, remedy: str = "") -> Finding:
    """Seen and to be thought about."""
    return Finding("warning", text, remedy)


def wrong(text: str, remedy: str) -> Finding:
    """Seen and in the way."""
    return Finding("error", text, remedy)


def found(*findings: Finding) -> Probed:
    """Findings alone."""
    return Probed(findings=findings)


class Look:
    """One look at the host of the interview."""

    def __init__(self, probe: ProbeInput) -> None:
        self.probe = probe
        self.host = self.text("host")
        self.shell: Shell = probe.targets.shell(self.host)

    def text(self, name: str) -> str:
        """An answer that must be there; raises InvalidInput."""
        value = self.probe.given.get(name)
        if not isinstance(value, str) or not value:
            raise InvalidInput(f"{name} is not answered yet.", "Answer it first.")
        return value

    def given(self, name: str) -> str:
        """A text that may be missing."""
        value = self.probe.given.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """A number that must be there; raises InvalidInput."""
        value = self.probe.given.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidInput(f"{name} is not answered yet.", "Answer it first.")
        return value

    def is_classic(self) -> bool:
        """Whether the classic generation is asked about."""
        return self.probe.given.get("era") == "classic"

    def run(self, *command: str, seconds: float = SECONDS) -> Completed:
        """Run a command that changes nothing; any exit code is an answer."""
        return self.shell.run(command, timeout=seconds, check=False)

    def script(self, script: str, *arguments: str, seconds: float = SECONDS) -> Completed:
        """Run a fixed script of sh; what varies is handed over as its arguments."""
        return self.run("sh", "-c", script, "sh", *arguments, seconds=seconds)

    def missing(self, completed: Completed, program: str) -> Finding | None:
        """A warning where the program is not there, so that nothing was looked at."""
        if completed.code != NOT_FOUND:
            return None
        return warn(
            f"not looked at: {program} is not installed on {self.host}",
            f"Install {program} there for this check.",
        )

    def file(self, path: str) -> str:
        """A small text file of the host; empty where it is not there."""
        done = self.run("cat", path)
        return done.out if done.code == 0 else ""


def unheard(inventories: Iterable[KnownHosts]) -> Iterator[Finding]:
    """A warning for every inventory that could not be compared with."""
    for known in inventories:
        if known.silent:
            yield warn(f"not compared with {known.origin}: {known.silent}")


def last_words(completed: Completed) -> str:
    """The end of what a command said."""
    lines = [line.strip() for line in (completed.err or completed.out).splitlines() if line.strip()]
    return lines[-1][:200] if lines else f"exit code {completed.code}"


def pairs(line: str) -> dict[str, str]:
    """`KEY="value"` pairs of one line, as lsblk -P prints them."""
    import shlex

    try:
        words: Sequence[str] = shlex.split(line)
    except ValueError:
        return {}
    return dict(word.split("=", 1) for word in words if "=" in word)

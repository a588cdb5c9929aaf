"""A drill's own report beside the run's: what was looked at, and whether it came out right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from steps.drill.score import Check
from steps.run.text import duration


@dataclass(frozen=True, slots=True)
class DrillReport:
    """One drill's outcome. `seconds` run from the operator's start to the end of the run."""

    drill: str
    fault: str
    expected: str
    passed: bool
    seconds: float
    refusal: str
    simulated: str
    """What was simulated and not real; empty where everything was real."""
    checks: Sequence[Check]

    def lines(self) -> list[str]:
        """Plain lines for the terminal and the Markdown file."""
        verdict = "passed" if self.passed else "NOT passed"
        head = [f"# Drill {self.drill}: {verdict} in {duration(self.seconds)}", ""]
        if self.simulated:
            head += [f"Simulated: {self.simulated}", ""]
        if self.fault:
            head += [f"Fault: {self.fault}", f"Sound outcome: {self.expected}", ""]
        if self.refusal:
            head += ["What the tool said:", "", *(f"> {x}" for x in self.refusal.splitlines()), ""]
        return head + [_line(check) for check in self.checks]

    def write(self, folder: Path) -> Path:
        """Write drill.md and drill.json; returns the Markdown file's path."""
        text = folder / "drill.md"
        text.write_text("\n".join(self.lines()) + "\n")
        data = asdict(self)
        (folder / "drill.json").write_text(json.dumps(data, indent=1) + "\n")
        return text


def _line(check: Check) -> str:
    if check.passed:
        return f"- ok    {check.name}: {check.seen}"
    return f"- WRONG {check.name}: expected {check.expected}, seen {check.seen}"

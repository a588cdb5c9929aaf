"""Work that needs the practice hypervisor, done in a process of its own and told line by line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from config.errors import RekindleError, StepFailed

Say = Callable[[str], None]


def run_child(work: Callable[[Say], object]) -> None:
    """The child's side: run `work`, print what it says, its result or its error as JSON lines."""
    try:
        result = work(lambda line: _print({"say": line}))
    except RekindleError as error:
        _print({"error": error.message, "remedy": error.remedy})
        sys.exit(1)
    _print({"result": result if isinstance(result, list | dict | str) else None})


def ask_child(module: str, arguments: Sequence[str], say: Say) -> Any:
    """The parent's side: start the module, pass its lines on, return its result.

    Raises StepFailed with the child's own message.
    """
    command = [sys.executable, "-P", "-m", module, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            answer = json.loads(line)
            if "say" in answer:
                say(answer["say"])
            elif "error" in answer:
                raise StepFailed(answer["error"], answer["remedy"])
            else:
                return answer["result"]
        errors = child.stderr.read() if child.stderr else ""
    last = errors.strip().rpartition("\n")[2]
    raise StepFailed(
        f"{module} ended unexpectedly: {last}", "Send this line with a report.", seen=errors[-2000:]
    )


def _print(answer: dict[str, object]) -> None:
    print(json.dumps(answer), flush=True)

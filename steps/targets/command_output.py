"""A command carried out somewhere: what it said, kept within bounds or handed over in lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from steps.targets.lines import BoundedOutput, LineSplitter
from steps.targets.quoting import command_line
from steps.targets.shell import OUTPUT_LIMIT, Completed

Feed = Callable[[bytes], None]
CarryOut = Callable[[Feed, Feed], int]
"""Carries a command out, feeding its output and its errors; returns the exit code."""


def completed(command: Sequence[str], carry_out: CarryOut) -> Completed:
    """The command's end, with the first OUTPUT_LIMIT bytes of each of its outputs."""
    out, err = BoundedOutput(OUTPUT_LIMIT), BoundedOutput(OUTPUT_LIMIT)
    code = carry_out(out.feed, err.feed)
    return Completed(command_line(command), code, out.text(), err.text())


def streamed(on_line: Callable[[str], None], carry_out: CarryOut) -> int:
    """The exit code; each line of both outputs is handed over as it comes."""
    out, err = LineSplitter(on_line), LineSplitter(on_line)
    code = carry_out(out.feed, err.feed)
    out.flush()
    err.flush()
    return code

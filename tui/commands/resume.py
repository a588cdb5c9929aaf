"""Go on with a run that was cut off, stopped or failed, or undo it as a whole."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from config.errors import InvalidInput, Refused
from steps.run.directory import RunDirectory, find_run
from steps.run.events import Doing, StepState
from steps.run.later import check_newest
from steps.run.resume import check_resumable, put_off
from steps.run.text import one_line
from steps.run.undo import everything
from steps.run.view import RunView, StepView
from tui.typed_secret import ask_secret


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle resume`."""
    parser.add_argument("run", help="its id, the beginning of it, or `last`")
    parser.add_argument("--undo", action="store_true", help="undo what the run did, all of it")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--detach", action="store_true", help="start it and return at once")


def run(arguments: argparse.Namespace) -> int:
    """Show what was found, confirm, start a runner on it, follow it."""
    from steps import catalogue
    from steps.run.launcher import launch
    from steps.run.start import gather_secrets
    from tui.commands.attach import follow

    run = find_run(arguments.run)
    _check_free(run)
    frozen, view = run.frozen(), run.view()
    check_resumable(view, undo=arguments.undo)
    check_newest(run, undo=arguments.undo)
    for line in found_lines(run, view, undo=arguments.undo):
        print(line)
    if not arguments.yes:
        _confirm(run, undo=arguments.undo)
    secrets = gather_secrets(
        catalogue.find(frozen.procedure), frozen.site, frozen.given, ask_secret
    )
    launched = launch(run, secrets, undo=arguments.undo)
    print(f"Run {run.id} goes on: {launched.how}, process {launched.pid}.", flush=True)
    return 0 if arguments.detach else follow(run, arguments)


def found_lines(run: RunDirectory, view: RunView, *, undo: bool) -> Iterator[str]:
    """Where the run stands, step by step, and what resuming it will do."""
    yield f"Run {run.id}: {view.verb} {view.object}".rstrip()
    for step in view.steps.values():
        yield f"  {_word(step):<8} {step.title}{_remark(step)}"
    if undo:
        titles = [view.steps[name].title for name in everything(view)]
        yield f"To undo, in this order: {'; '.join(titles)}."
    elif view.undo is not None:
        yield "An undo was going on. It will be finished."
    elif put_off(view):
        yield "What was put off will be offered again."
    else:
        yield "What was cut off is looked at first, and done only where it is not done."


def _word(step: StepView) -> str:
    """A step that ran when its runner died is unknown, whatever it was last heard to do."""
    if step.state is StepState.RUNNING:
        return "waiting" if step.doing is Doing.CHECKING else StepState.UNKNOWN.value
    return step.state.value


def _remark(step: StepView) -> str:
    text = step.message or step.reason
    return f": {one_line(text)}" if text else ""


def _check_free(run: RunDirectory) -> None:
    holder = run.holder()
    if holder is not None:
        raise Refused(
            f"Run {run.id} goes on: {holder} holds it.", f"Watch it: rekindle attach {run.id}"
        )


def _confirm(run: RunDirectory, *, undo: bool) -> None:
    if not sys.stdin or not sys.stdin.isatty():
        raise InvalidInput("Nobody is here to confirm this.", "Resume it with --yes.")
    word = "undo" if undo else "yes"
    print(f"Type {word} to {'undo' if undo else 'go on with'} it: ", end="", flush=True)
    if sys.stdin.readline().strip() != word:
        raise Refused(f"It was not confirmed. Run {run.id} is as it was.")

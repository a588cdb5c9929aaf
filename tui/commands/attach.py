"""Watch a run and steer it: its steps, its questions, pause and stop."""

from __future__ import annotations

import argparse
import shlex

from steps.run.directory import RunDirectory, find_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle attach`."""
    parser.add_argument("run", help="its id, the beginning of it, or `last`")


def run(arguments: argparse.Namespace) -> int:
    """Follow the run until it ends or the operator leaves."""
    return follow(find_run(arguments.run), arguments)


def follow(run: RunDirectory, arguments: argparse.Namespace) -> int:
    """Follow a run, and say how it is scored where it is a drill's."""
    code = _follow(run, arguments)
    for line in drill_lines(run):
        print(line)
    return code


def _follow(run: RunDirectory, arguments: argparse.Namespace) -> int:
    """Full screen, or in plain lines where that is wanted or needed."""
    if arguments.plain:
        from tui.follow_plain import follow_plain

        return follow_plain(run)
    from tui.app import run_attached

    return run_attached(run.path, mouse=arguments.mouse)


def drill_lines(run: RunDirectory) -> list[str]:
    """How the run of a drill whose practice site stands is scored; nothing for any other run."""
    frozen = run.frozen()
    if not frozen.site.practice or frozen.site.file is None:
        return []
    from steps.drill.places import Places, default_places
    from steps.drill.scenario import SCENARIOS

    folder = frozen.site.file.parent
    names = [one.name for one in SCENARIOS if one.procedure == frozen.procedure]
    name = folder.name if folder.name in names else next(iter(names), "")
    if not name or not Places(folder).marker.exists():
        return []
    where = "" if default_places(name).folder == folder else f" --folder {shlex.quote(str(folder))}"
    ended = run.view().outcome is not None
    return [
        f"It is a drill. {'Score it' if ended else 'Once it is at its end, score it'}:"
        f" rekindle drill {name} --score {run.id}{where}",
        f"Take its practice site down: rekindle drill {name} --remove{where}",
    ]

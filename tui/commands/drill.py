"""`rekindle drill`: the practice site up, a scenario, an operator (you, or the scripted one)."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path

from config.errors import InvalidInput, Refused
from steps.drill.child import ask_child
from steps.drill.fault import Fault, Scene, check_account, find_fault
from steps.drill.history import DrillResult, remember
from steps.drill.in_use import held
from steps.drill.operator import Operator
from steps.drill.places import Places, default_places
from steps.drill.report import DrillReport
from steps.drill.scenario import SCENARIOS, Scenario, find_scenario
from steps.drill.score import Check
from steps.drill.systems import system_of
from steps.run.directory import RunDirectory

TAKE_DOWN = "steps.drill.take_down"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `rekindle drill`."""
    parser.add_argument("name", nargs="?", default=SCENARIOS[0].name, help="which drill")
    parser.add_argument("--list", action="store_true", help="list drills and faults")
    parser.add_argument("--auto", action="store_true", help="a scripted operator does it")
    parser.add_argument("--fault", metavar="NAME", help="what else goes wrong on the way")
    parser.add_argument("--folder", type=Path, help="where the practice site goes")
    parser.add_argument("--keep", action="store_true", help="leave the practice site standing")
    parser.add_argument("--remove", action="store_true", help="only remove a practice site")
    parser.add_argument("--score", metavar="RUN", help="only score a run on a standing site")
    parser.add_argument("--json", action="store_true", help="with --list: for programs")


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    if arguments.list:
        return _list(as_json=arguments.json)
    scenario = find_scenario(arguments.name)
    places = Places(arguments.folder.absolute()) if arguments.folder else default_places(
        scenario.name
    )  # fmt: skip
    if arguments.remove:
        _take_down(places)
        return 0
    if arguments.score:
        return _score_standing(scenario, places, arguments.score)
    fault = (
        find_fault(arguments.fault, system_of(scenario).faults(scenario))
        if arguments.fault
        else None
    )
    if fault is not None:
        check_account(fault)
    return _drill(scenario, places, fault, arguments)


def _list(*, as_json: bool) -> int:
    drills = [(s, system_of(s).faults(s)) for s in SCENARIOS]
    if as_json:
        told = [{"name": s.name, "procedure": s.procedure, "title": s.title,
                 "faults": [kind.name for kind in kinds]} for s, kinds in drills]  # fmt: skip
        known = {kind.name: kind for _scenario, kinds in drills for kind in kinds}
        faults = [{"name": f.name, "title": f.title, "outcome": f.sound_outcome}
                  for f in known.values()]  # fmt: skip
        print(json.dumps({"drills": told, "faults": faults}, indent=1))
        return 0
    for scenario, kinds in drills:
        print(f"\n{scenario.name}\n  {scenario.title}")
        for fault in kinds:
            print(f"  --fault {fault.name}")
            text = f"{fault.title}: {fault.sound_outcome}"
            print(textwrap.fill(text, 79, initial_indent=" " * 6, subsequent_indent=" " * 6,
                                break_on_hyphens=False))  # fmt: skip
    return 0


def _drill(
    scenario: Scenario, places: Places, fault: Fault | None, arguments: argparse.Namespace
) -> int:
    _replace_finished_site(places)
    if fault is not None:
        fault.before_build(places)
    ask_child(system_of(scenario).build, [str(places.folder)], _say)
    with held(places):
        return _work(scenario, places, fault, arguments)


def _work(
    scenario: Scenario, places: Places, fault: Fault | None, arguments: argparse.Namespace
) -> int:
    from tui.drill_session import briefing

    scene = system_of(scenario).scene(places)
    automatic = arguments.auto or not (sys.stdin.isatty() and sys.stdout.isatty())
    story = scenario.story if automatic else briefing(scenario, places, fault)
    print("\n" + textwrap.fill(story, 79, break_on_hyphens=False) + "\n", flush=True)
    started = time.monotonic()
    if automatic:
        operator = Operator(scenario, scene, fault, _say)
        done, refusal = operator.work(), operator.refusal
    else:
        done, refusal = _by_hand(scenario, scene, fault, arguments)
    if done is None and fault is None:
        _say("no run was started, so there is nothing to score")
        _end(places, arguments)
        return 130 if not automatic else 3
    report = _report(scenario, places, fault, done, refusal, time.monotonic() - started)
    code = _conclude(report, scenario, places, done, automatic=automatic)
    _end(places, arguments)
    return code


def _end(places: Places, arguments: argparse.Namespace) -> None:
    if not arguments.keep:
        ask_child(TAKE_DOWN, [str(places.folder)], _say)


def _replace_finished_site(places: Places) -> None:
    """An old practice site makes room; a folder that is not ours is refused by its marker."""
    if places.folder.exists() and any(places.folder.iterdir()):
        _take_down(places)


def _take_down(places: Places) -> None:
    with held(places):
        ask_child(TAKE_DOWN, [str(places.folder)], _say)


def _by_hand(
    scenario: Scenario, scene: Scene, fault: Fault | None, arguments: argparse.Namespace
) -> tuple[RunDirectory | None, str]:
    from tui.drill_session import by_hand

    return by_hand(scenario, scene, fault, plain=arguments.plain, mouse=arguments.mouse)


def _report(
    scenario: Scenario,
    places: Places,
    fault: Fault | None,
    done: RunDirectory | None,
    refusal: str,
    seconds: float,
) -> DrillReport:
    brought_back = fault is None or fault.brought_back
    system = system_of(scenario)
    if brought_back and done is not None:
        found = ask_child(system.score, [str(places.folder), str(done.path)], _say)
    else:
        found = ask_child(system.untouched, [str(places.folder)], _say)
    checks = tuple(Check(**check) for check in found)
    refused_right = brought_back or bool(refusal)
    passed = all(check.passed for check in checks) and refused_right
    return DrillReport(
        drill=scenario.name, fault=fault.title if fault else "",
        expected=fault.sound_outcome if fault else "", passed=passed, seconds=seconds,
        refusal=refusal, simulated=system.simulated, checks=checks,
    )  # fmt: skip


def _conclude(
    report: DrillReport,
    scenario: Scenario,
    places: Places,
    done: RunDirectory | None,
    *,
    automatic: bool,
) -> int:
    from config.paths import state_folder

    print("\n".join(report.lines()))
    folder = done.path if done else state_folder()
    file = report.write(folder)
    remember(
        DrillResult(
            drill=report.drill,
            procedure=scenario.procedure,
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=report.seconds,
            passed=report.passed,
            run=done.id if done else "",
            fault=report.fault,
            automatic=automatic,
        )
    )
    print(f"\ndrill report: {file}")
    if done is not None:
        print(f"run report:   {done.report_file('md')}")
    return 0 if report.passed else 1


def _score_standing(scenario: Scenario, places: Places, run: str) -> int:
    from steps.run.directory import find_run

    if not places.marker.exists():
        raise InvalidInput(f"There is no practice site in {places.folder}.", "Start a drill first.")
    found = find_run(run)
    if found.holder() is not None:
        raise Refused(f"Run {found.id} still goes on.", f"Follow it: rekindle attach {found.id}")
    seconds = _seconds_of(found)
    report = _report(scenario, places, None, found, "", seconds)
    return _conclude(report, scenario, places, found, automatic=False)


def _seconds_of(run: RunDirectory) -> float:
    from steps.run.journal import Follower
    from steps.run.view import RunView

    return RunView.of(Follower(run.journal_file).poll()).elapsed()


def _say(line: str) -> None:
    print(f"  {line}", flush=True)

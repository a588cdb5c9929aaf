"""What the interview of a check looks up: which backups the answers choose."""

from __future__ import annotations

from collections.abc import Iterator

from config.interviews.virtual_machine_check import NO, ONE
from config.questions import Finding
from steps.procedure import Probe, Probed, ProbeInput
from steps.run.text import counted
from steps.targets.sizes import size_text
from steps.virtual_machine.check.find_sets import FoundSets, find_sets, today
from steps.virtual_machine.check.step_try import way_of
from steps.virtual_machine.check.trial import COLD
from steps.virtual_machine.probes import list_iterations, list_machines


def look_at_sets(probe: ProbeInput) -> Probed:
    """How many they are, how much there is to read, which can be tried."""
    found = find_sets(probe, today())
    return Probed(findings=(*_chosen(found), *_trials(found, probe), *_silent(found)))


def _chosen(found: FoundSets) -> Iterator[Finding]:
    jobs = found.sets
    size = size_text(sum(job.size for job in jobs))
    if not jobs:
        yield Finding("ok", f"None of {found.seen} backups is due.")
    elif len(jobs) == 1:
        yield Finding("ok", f"{jobs[0].words}: {size} to read, {jobs[0].record}.")
    else:
        machines = len({job.machine for job in jobs})
        never = sum(not job.last_sound for job in jobs)
        yield Finding(
            "ok", f"{len(jobs)} of {counted(found.seen, 'backup')}, {counted(machines, 'machine')},"
            f" {size} to read; {never} not verified yet.",
        )  # fmt: skip


def _trials(found: FoundSets, probe: ProbeInput) -> Iterator[Finding]:
    answer = str(probe.given.get("restore_test", NO))
    if answer == NO or not found.sets:
        return
    here = [job for job in found.sets if job.here]
    cold = sum(way_of(job, answer) == COLD for job in here)
    away = len(found.sets) - len(here)
    if here:
        yield Finding(
            "ok", f"To be restored with memory: {len(here) - cold}, by a cold boot: {cold}."
        )
    if away:
        remedy = "Run the check on those nodes to try them too."
        level = "error" if probe.given.get("scope") == ONE or not here else "warning"
        yield Finding(
            level, f"{away} cannot be tried here: their node is reached over SSH.", remedy
        )


def _silent(found: FoundSets) -> Iterator[Finding]:
    for words in found.silent:
        yield Finding("warning", f"Not looked at: {words}")


PROBES: dict[str, Probe] = {
    "machines": list_machines,
    "iterations": list_iterations,
    "sets": look_at_sets,
}

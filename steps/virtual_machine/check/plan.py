"""The plan of a check: a pure function of site, answers and survey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from config.errors import InvalidInput, Refused
from config.interviews.virtual_machine_check import AT_ONCE, NO, ONE, SECONDS
from config.questions import Given
from config.site import Site
from steps.conflicts import Resolutions
from steps.procedure import Phase, Plan, ProbeInput, Step, Survey
from steps.run.text import counted
from steps.targets.sizes import size_text
from steps.virtual_machine.check.find_sets import find_sets, today
from steps.virtual_machine.check.set_job import SetJob
from steps.virtual_machine.check.step_try import TryRestore, way_of
from steps.virtual_machine.check.steps import ProveUnchanged, Summary, VerifySet

NAME = "virtual_machine.check"
_READ_BYTES_PER_SECOND = 200e6
_SHOWN = 8


def survey(probe: ProbeInput) -> Survey:
    """The sets to check, found once."""
    found = find_sets(probe, today())
    return {
        "sets": [job.to_json() for job in found.sets],
        "silent": list(found.silent),
        "seen": found.seen,
    }


def check_plan(site: Site, given: Given, _resolutions: Resolutions, survey: Survey) -> Plan:
    """Raises Refused where a trial was asked for and none is possible."""
    jobs, silent = _read(survey)
    tried = _tried(jobs, given)
    seconds = _number(given, SECONDS.name, SECONDS.default)
    at_once = int(_number(given, AT_ONCE.name, AT_ONCE.default))
    phases = (
        Phase(
            "sets", "Read them and try them" if tried else "Read them",
            tuple(_steps(site, jobs, tried, given, seconds)), at_once=max(1, at_once),
        ),
        Phase("summary", "Sum up", (Summary(jobs, tried),)),
    )  # fmt: skip
    return Plan(
        procedure=NAME,
        object=_object(jobs),
        verb="Check",
        phases=phases if jobs else phases[1:],
        settings=tuple(_settings(jobs, tried, given, silent)),
        estimate_seconds=_estimate(jobs, tried, seconds),
    )


def _read(survey: Survey) -> tuple[tuple[SetJob, ...], tuple[str, ...]]:
    try:
        sets, silent = survey["sets"], survey["silent"]
        assert isinstance(sets, list)
        assert isinstance(silent, list)
        return _told_apart([SetJob.from_json(job) for job in sets]), tuple(map(str, silent))
    except (KeyError, TypeError, AssertionError) as error:
        raise InvalidInput(
            f"The survey of this check is damaged: {type(error).__name__}.", "Start it anew."
        ) from error


def _told_apart(jobs: Sequence[SetJob]) -> tuple[SetJob, ...]:
    """Machines of one name get their uuid behind it: the words are what tells lanes apart."""
    machines: dict[str, set[str]] = {}
    for job in jobs:
        machines.setdefault(job.title, set()).add(job.machine)
    return tuple(
        replace(job, title=f"{job.title} ({job.machine})") if len(machines[job.title]) > 1 else job
        for job in jobs
    )


def _tried(jobs: Sequence[SetJob], given: Given) -> tuple[SetJob, ...]:
    """The sets that are restored in isolation."""
    if given.get("restore_test", NO) == NO:
        return ()
    here = tuple(job for job in jobs if job.here)
    if jobs and not here:
        raise Refused(
            f"No backup can be restored in isolation here: {jobs[0].node} is reached over SSH.",
            "Run the check on that node (`rekindle run virtual_machine.check`), or verify only.",
        )
    return here


def _steps(
    site: Site, jobs: Sequence[SetJob], tried: Sequence[SetJob], given: Given, seconds: float
) -> Iterator[Step]:
    for job in jobs:
        yield VerifySet(site, job)
        if job in tried:
            how = way_of(job, str(given.get("restore_test")))
            yield TryRestore(site, job, how, seconds)
            yield ProveUnchanged(site, job)


def _object(jobs: Sequence[SetJob]) -> str:
    if len(jobs) == 1:
        return jobs[0].words
    if not jobs:
        return "no backup"
    machines = len({job.machine for job in jobs})
    return f"{counted(len(jobs), 'backup')} of {counted(machines, 'machine')}"


def _settings(
    jobs: Sequence[SetJob], tried: Sequence[SetJob], given: Given, silent: Sequence[str]
) -> Iterator[tuple[str, str]]:
    yield "Backups", f"{len(jobs)}, {size_text(sum(job.size for job in jobs))} to read"
    for job in jobs[:_SHOWN]:
        yield job.title, f"{job.place.leaf}, {job.record}"
    if len(jobs) > _SHOWN:
        yield "And", f"{len(jobs) - _SHOWN} more"
    yield "Restore in isolation", f"{len(tried)} of {len(jobs)}" if tried else "no, verify only"
    if tried and len(tried) < len(jobs):
        yield "Not tried", f"{len(jobs) - len(tried)}, on nodes reached over SSH: check them there"
    if given.get("scope") != ONE:
        yield "Side by side", str(given.get("at_once", AT_ONCE.default))
    for words in silent:
        yield "Not looked at", words


def _estimate(jobs: Sequence[SetJob], tried: Sequence[SetJob], seconds: float) -> float:
    read = sum(job.size for job in jobs) + sum(job.size for job in tried)
    return read / _READ_BYTES_PER_SECOND + len(jobs) + len(tried) * (10 + seconds)


def _number(given: Given, name: str, default: object) -> float:
    value = given.get(name, default)
    return float(value) if isinstance(value, int) else 0.0

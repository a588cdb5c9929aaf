"""Which sets there are at a site, and which of them are due for a check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from config.errors import RekindleError
from config.interviews.virtual_machine_check import ALL, DEFAULT_DAYS, DUE, ONE
from steps.procedure import ProbeInput
from steps.virtual_machine.check.set_job import SetJob
from steps.virtual_machine.iterations import Iteration, find_machines, named_time
from steps.virtual_machine.machine_directory import machines
from steps.virtual_machine.machine_site import MachineSite, find_machine, roots
from steps.virtual_machine.probes import record_words
from steps.virtual_machine.set_reader import SetReader, read_state_header
from steps.virtual_machine.state_file import StateHeader, StateKind
from steps.virtual_machine.verification import read_record


@dataclass(frozen=True, slots=True)
class FoundSets:
    """The sets that the answers ask for; `silent`: what could not be looked at, in words."""

    sets: tuple[SetJob, ...]
    silent: tuple[str, ...]
    seen: int
    """How many sets were looked at, due or not."""


def find_sets(probe: ProbeInput, now: datetime) -> FoundSets:
    """The sets of these answers. Raises InvalidInput where one machine or backup is not found."""
    given, scope = probe.given, probe.given.get("scope", DUE)
    if scope not in (DUE, ALL):
        site = find_machine(probe, str(given.get("machine", "")))
        own = site.iterations()
        if scope == ONE:
            own = (site.iteration(str(given.get("iteration", ""))),)
        jobs = tuple(_job(probe, site, iteration) for iteration in own)
        return FoundSets(jobs, (), len(jobs))
    silent: list[str] = []
    found = tuple(
        _job(probe, site, iteration)
        for site in _machine_sites(probe, silent)
        for iteration in _iterations(site, silent)
    )
    days = given.get("days", DEFAULT_DAYS)
    chosen = due(found, days if isinstance(days, int) else DEFAULT_DAYS, now)
    return FoundSets(chosen if scope == DUE else found, tuple(silent), len(found))


def due(sets: Iterable[SetJob], days: int, now: datetime) -> tuple[SetJob, ...]:
    """Those not found sound for so many days, the longest unverified first. Pure."""
    limit = now - timedelta(days=days)

    def is_due(job: SetJob) -> bool:
        moment = named_time(job.last_sound)
        return moment is None or moment <= limit

    return tuple(sorted(filter(is_due, sets), key=lambda job: (job.last_sound, job.place.leaf)))


def _machine_sites(probe: ProbeInput, silent: list[str]) -> Iterator[MachineSite]:
    """Every machine of the directory, then those that only backups know any more."""
    names = [entry.text("sstVirtualMachine") or "" for entry in machines(probe.targets.directory())]
    known = {name.lower() for name in names}
    for _, shell, plan in roots(probe, silent):
        for _, name in find_machines(shell, plan.backup_root):
            if name.lower() not in known:
                known.add(name.lower())
                names.append(name)
    for name in names:
        try:
            yield find_machine(probe, name)
        except RekindleError as error:
            silent.append(f"{name}: {error.message}")


def _iterations(site: MachineSite, silent: list[str]) -> tuple[Iteration, ...]:
    try:
        return site.iterations()
    except RekindleError as error:
        silent.append(f"{site.title}: {error.message}")
        return ()


def _job(probe: ProbeInput, site: MachineSite, iteration: Iteration) -> SetJob:
    record = read_record(site.shell, iteration)
    place = iteration.place
    header = read_state_header(site.shell, place.file(f"{site.machine}.state"))
    real = isinstance(header, StateHeader) and header.kind is StateKind.REAL
    facts = SetReader(site.shell, place, probe.site.storage.live_root).documents().facts
    return SetJob(
        machine=site.machine,
        title=site.title,
        node=site.node.name,
        place=place,
        image_format=site.plan.image_format,
        size=iteration.size,
        last_sound=record.last_sound,
        record=record_words(record),
        here=site.node.shell.kind == "local",
        has_state=real and not place.storage.is_template,
        memory=facts.memory if facts else 0,
    )


def today() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)

"""Whose plan counts: the entry of a machine, a pool or the site, and the plan it is ruled by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from config.errors import InvalidInput
from config.interviews.virtual_machine_plan import MACHINE, POOL, SITE
from config.timetable import Timetable, parse_timetable
from steps.targets.directory import Directory, Entry
from steps.targets.directory_names import child, naming
from steps.virtual_machine.backup_plan import plan_places, winning_plan
from steps.virtual_machine.machine_directory import (
    display_name,
    machine_dn,
    machines,
    services_dn,
)
from steps.virtual_machine.plans.plan_entry import is_excluded, values_of

DEFAULTS = "defaults"
"""The origin of a plan that no entry holds."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """One machine, pool or site: its own `ou=backup` entry and the plan that counts for it.

    `origin` is machine, pool, site or defaults. `children` counts what is below the own entry.
    """

    scope: str
    name: str
    title: str
    dn: str
    own: Entry | None
    winner: Entry | None
    origin: str
    children: int = 0
    node: str = ""

    @property
    def excluded(self) -> bool:
        """Whether the nightly run leaves it out."""
        return is_excluded(self.winner)

    @property
    def origin_words(self) -> str:
        """Whose plan counts, in words."""
        if self.origin == DEFAULTS:
            return "no plan anywhere, the defaults count"
        whose = "its own plan" if self.origin == self.scope else f"the plan of its {self.origin}"
        return "the site's plan" if self.origin == SITE else whose


def ruled(directory: Directory, scope: str, name: str) -> Ruled:
    """Look one up; raises InvalidInput where the directory has no such machine or pool."""
    if scope == SITE:
        return _ruled(directory, SITE, "", "the whole site", "", "", {})
    if scope == POOL:
        if directory.get(_pool_dn(directory, name)) is None:
            raise InvalidInput(f"The directory has no machine pool {name!r}.", "Pick another one.")
        return _ruled(directory, POOL, name, f"pool {name}", name, "", {})
    entry = directory.get(machine_dn(directory.base, name)) if name else None
    if entry is None:
        raise InvalidInput(f"The directory has no machine {name!r}.", "Pick one from the list.")
    return _of_machine(directory, entry, {})


def all_machines(directory: Directory) -> Iterator[Ruled]:
    """Every machine, sorted by what people call it. Plans of pools and site are read once."""
    known: dict[str, Entry | None] = {}
    for entry in machines(directory):
        yield _of_machine(directory, entry, known)


def pools(directory: Directory) -> tuple[Entry, ...]:
    """Every machine pool's entry."""
    found = directory.children(f"ou=virtual machine pools,{services_dn(directory.base)}")
    return tuple(entry for entry in found if entry.text("sstVirtualMachinePool"))


def timetable_of(plan: Entry | None) -> tuple[Timetable, bool]:
    """The timetable of a plan and whether it is followed; raises InvalidInput."""
    values = values_of(plan)
    fields = (str(values[name]) for name in ("minute", "hour", "day", "month", "weekday"))
    return parse_timetable(*fields), values["active"] is True


def _of_machine(directory: Directory, entry: Entry, known: dict[str, Entry | None]) -> Ruled:
    name = entry.text("sstVirtualMachine") or naming(entry.dn)[1]
    pool = entry.text("sstVirtualMachinePool") or ""
    node = entry.text("sstNode") or ""
    return _ruled(directory, MACHINE, name, display_name(entry), pool, node, known)


def _ruled(
    directory: Directory, scope: str, name: str, title: str, pool: str, node: str,
    known: dict[str, Entry | None],
) -> Ruled:  # fmt: skip
    own_dn = machine_dn(directory.base, name) if scope == MACHINE else ""
    places = plan_places(own_dn, pool, services_dn(directory.base))
    scopes = (*((MACHINE,) if own_dn else ()), *((POOL,) if pool else ()), SITE)
    entries = []
    for place, whose in zip(places, scopes, strict=True):
        if whose != MACHINE and place in known:
            entries.append(known[place])
        else:
            entries.append(directory.get(place))
            known[place] = entries[-1]
    winner = winning_plan(entries)
    origin = scopes[entries.index(winner)] if winner is not None else DEFAULTS
    children = len(directory.children(places[0])) if entries[0] is not None else 0
    return Ruled(scope, name, title, places[0], entries[0], winner, origin, children, node)


def _pool_dn(directory: Directory, name: str) -> str:
    above = f"ou=virtual machine pools,{services_dn(directory.base)}"
    return child("sstVirtualMachinePool", name, above) if name else above

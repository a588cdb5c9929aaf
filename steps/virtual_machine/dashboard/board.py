"""What the dashboard shows of a site, as plain data: machines, found files, space. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from config.errors import InvalidInput
from steps.procedure import Survey
from steps.virtual_machine.dashboard.orphans import Orphan
from steps.virtual_machine.dashboard.space import Forecast, Night, forecast

GRACE = timedelta(hours=6)
"""So long a night may take before a backup that was due is missed."""


@dataclass(frozen=True, slots=True)
class LeafStanding:
    """One iteration's leaf, how it stands in words, and whether it is stuck."""

    name: str
    mode: str
    state: str
    return_value: int
    kind: str
    text: str
    remedy: str
    stuck: bool
    whole: bool | None = None
    """Whether its set's files are there; None where nobody could look."""

    @property
    def finished(self) -> bool:
        """Whether it is a finished backup, by what the directory says."""
        return self.mode.lower() == "finished" and self.return_value == 0


@dataclass(frozen=True, slots=True)
class MachineStanding:
    """One machine. Moments are ISO texts, empty for never; `due` is the last run that was due."""

    machine: str
    title: str
    node: str
    excluded: bool
    origin: str
    timetable: str
    followed: bool
    due: str
    last_backup: str
    last_verified: str
    last_restored: str
    leaves: tuple[LeafStanding, ...]
    wrong: str = ""
    last_tried: str = ""
    """When a backup of it was last restored in isolation, to see that it works."""
    damaged: tuple[str, ...] = ()
    """What the last checks found wrong with its sets."""

    @property
    def stuck(self) -> tuple[LeafStanding, ...]:
        """The leaves that need somebody."""
        return tuple(leaf for leaf in self.leaves if leaf.stuck)

    @property
    def unfinished(self) -> tuple[LeafStanding, ...]:
        """Leaves of jobs that are not at their end: more than one, and a broker takes any."""
        return tuple(leaf for leaf in self.leaves if leaf.mode.lower() != "finished")

    @property
    def missed(self) -> bool:
        """Whether a backup that was due was not made."""
        if self.excluded or not self.due:
            return False
        return not self.last_backup or _moment(self.last_backup) < _moment(self.due)

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything an operator should see, in words."""
        found = [f"{leaf.name}: {leaf.text}" for leaf in self.stuck]
        if len(self.unfinished) > 1:
            names = ", ".join(leaf.name for leaf in self.unfinished)
            found.append(f"{len(self.unfinished)} jobs at once ({names}): a broker acts on any")
        gone = [leaf.name for leaf in self.leaves if leaf.finished and leaf.whole is False]
        found += [f"{name}: finished, but its files are not all there" for name in gone]
        return (*found, *self.damaged, *([self.wrong] if self.wrong else []))


@dataclass(frozen=True, slots=True)
class Storage:
    """The backup storage of one node: free bytes, nights that are there, nights that are kept."""

    node: str
    root: str
    free: int
    kept: int
    nights: tuple[Night, ...]

    @property
    def forecast(self) -> Forecast:
        """How long it lasts."""
        return forecast(self.nights, self.free, self.kept)


@dataclass(frozen=True, slots=True)
class Board:
    """Everything. `silent` says who or what was not looked at, and why."""

    now: str
    zone: str
    machines: tuple[MachineStanding, ...]
    orphans: tuple[Orphan, ...]
    storage: tuple[Storage, ...]
    silent: tuple[str, ...]

    def machine(self, name: str) -> MachineStanding | None:
        """The machine of that name, or None."""
        return next((m for m in self.machines if m.machine.lower() == name.lower()), None)

    def to_json(self) -> Survey:
        """Plain data."""
        data = asdict(self)
        for storage in data["storage"]:
            for night in storage["nights"]:
                night["day"] = night["day"].isoformat()
        return data

    @classmethod
    def from_json(cls, survey: Survey) -> Board:
        """What `to_json` wrote; raises InvalidInput for anything else."""
        try:
            return _read(dict(survey))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidInput(
                f"What was found of the backups is damaged: {type(error).__name__}: {error}.",
                "Look again.",
            ) from error


def not_backed_up_since(machine: MachineStanding, now: datetime) -> str:
    """In the operator's words: `not backed up since 2 Nov 2026 (12 days)`, or empty."""
    if not machine.missed:
        return ""
    if not machine.last_backup:
        return "never backed up"
    last = _moment(machine.last_backup)
    return f"not backed up since {_day(last)} ({_days(now - last)})"


def ago(text: str, now: datetime) -> str:
    """A moment as a date and its age: `2 Nov 2026 (12 days ago)`; `never` for none."""
    if not text:
        return "never"
    moment = _moment(text)
    past = now - moment
    return f"{_day(moment)} ({_days(past)} ago)" if past >= timedelta(days=1) else _clock(moment)


def _clock(moment: datetime) -> str:
    local = moment.astimezone()
    return f"{local.day} {local:%b %Y %H:%M}"


def _day(moment: datetime) -> str:
    local = moment.astimezone()
    return f"{local.day} {local:%b %Y}"


def _days(span: timedelta) -> str:
    days = span.days
    return f"{days} day{'' if days == 1 else 's'}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _read(data: Mapping[str, Any]) -> Board:
    return Board(
        now=_moment(data["now"]).isoformat(),
        zone=data["zone"],
        machines=tuple(
            MachineStanding(**{
                **m, "leaves": tuple(LeafStanding(**leaf) for leaf in m["leaves"]),
                "damaged": tuple(m["damaged"]),
            })
            for m in data["machines"]
        ),
        orphans=tuple(Orphan(**orphan) for orphan in data["orphans"]),
        storage=tuple(
            Storage(**{
                **s,
                "nights": tuple(
                    Night(date.fromisoformat(n["day"]), n["size"]) for n in s["nights"]
                ),
            })
            for s in data["storage"]
        ),
        silent=tuple(data["silent"]),
    )  # fmt: skip

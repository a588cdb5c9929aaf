"""The generations of `hosted-engine --deploy` and the builds between which its questions change."""

from __future__ import annotations

import re
from typing import Final

CLASSIC: Final = "classic"
"""The otopi flow: an operator installs the machine's system. oVirt 3.5 to 4.1."""

ANSIBLE: Final = "4.5"
"""The ansible flow: an appliance is unpacked and a backup restored in it. oVirt 4.2 to 4.5."""

ERAS: Final = (CLASSIC, ANSIBLE)

GUIDE_BUILD: Final = "1.3.0_alpha3"
"""The build whose dialogue the guide prints (May 2015)."""

BUILDS: Final = {
    CLASSIC: ("1.2", GUIDE_BUILD, "1.3.0", "1.3.1", "1.3.2", "2.0", "2.1"),
    ANSIBLE: ("2.2", "2.3", "2.4", "2.5.3", "2.6", "2.7"),
}
"""Versions of ovirt-hosted-engine-setup from which on the questions are others, oldest first."""

NEWEST: Final = {era: builds[-1] for era, builds in BUILDS.items()}
ALL_BUILDS: Final = tuple(build for builds in BUILDS.values() for build in builds)

_VERSION = re.compile(
    r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:[._~-]*(?:0\.0\.)?(alpha|beta|rc|master)(\d*))?"
)
_FINAL: Final = 9


def era_of(build: str) -> str:
    """The generation that a build belongs to."""
    return next((era for era, builds in BUILDS.items() if build in builds), ANSIBLE)


def within(build: str, first: str, last: str) -> bool:
    """Whether a build lies between two others, both included; an empty bound is none."""
    place = ALL_BUILDS.index(build)
    return (not first or ALL_BUILDS.index(first) <= place) and (
        not last or place <= ALL_BUILDS.index(last)
    )


def build_of(version: str) -> str | None:
    """The build that a package version (`rpm -q`) asks its questions like; None for no version."""
    order = _order(version)
    if order is None:
        return None
    known = [build for build in ALL_BUILDS if (_order(build) or order) <= order]
    return known[-1] if known else ALL_BUILDS[0]


def _order(version: str) -> tuple[int, int, int, int, int] | None:
    found = _VERSION.search(version)
    if found is None:
        return None
    major, minor, patch, stage, number = found.groups()
    stages = {"master": 0, "alpha": 1, "beta": 2, "rc": 3}
    rank = stages[stage] if stage else _FINAL
    return int(major), int(minor), int(patch or 0), rank, int(number or 0)

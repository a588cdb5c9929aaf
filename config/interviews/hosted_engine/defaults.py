"""Defaults that follow from answers given before, and the lists of choices that a build has."""

from __future__ import annotations

from collections.abc import Callable

from config.interviews.hosted_engine.builds import CLASSIC, GUIDE_BUILD, NEWEST, within
from config.interviews.hosted_engine.checks import refuse
from config.questions import Given, Value


def build(given: Given) -> str:
    """The build that was answered; else the newest of the generation."""
    value, era = given.get("build"), str(given.get("era", CLASSIC))
    return value if isinstance(value, str) and value else NEWEST.get(era, NEWEST[CLASSIC])


def boot_device(given: Given) -> Value:
    """The guide's builds install from a disc, later ones unpack an appliance."""
    return "cdrom" if within(build(given), "", GUIDE_BUILD) else "disk"


def storage_types(value: Value, given: Given) -> None:
    """Fibre Channel and Gluster came with 1.3."""
    if within(build(given), "", "1.2") and value in ("fc", "glusterfs"):
        raise refuse(
            value,
            f"hosted-engine-setup {build(given)} knows iscsi, nfs3 and nfs4 only.",
            "Choose one of those.",
        )


def domain_of_engine(given: Given) -> Value | None:
    """What follows the first dot of the engine's name."""
    return str(given.get("fqdn", "")).partition(".")[2] or None


def first_host_name(given: Given) -> Value:
    """`hosted_engine_` and the host's id, as the tool proposes it."""
    identity = given.get("host_id", 1) if given.get("additional_host") is True else 1
    return f"hosted_engine_{identity}"


def name_of_host(given: Given) -> Value | None:
    """The portal shows the host by its own name, as the tool has it where nobody says otherwise."""
    return given.get("host_fqdn")


def unless_restoring(value: Value) -> Callable[[Given], Value | None]:
    """A default that a restore does not have: the backup's own names may be others."""
    return lambda given: None if given.get("backup_file") else value

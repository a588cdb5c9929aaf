"""The host that the engine will be deployed on, as it is: name, addresses, hardware, version."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from config.interviews.hosted_engine.builds import CLASSIC
from config.interviews.hosted_engine.databases import files_left
from steps.hosted_engine.archive.newcomer import Newcomer
from steps.hosted_engine.archive.version import Version
from steps.hosted_engine.engine_health import look_at_engine
from steps.hosted_engine.leftovers import is_deployed
from steps.hosted_engine.machine_restore.job import MachinePaths
from steps.hosted_engine.probes.look import Look
from steps.hosted_engine.probes.names import hardware_uuid
from steps.hosted_engine.probes.network import network_of, own_name
from steps.procedure import ProbeInput
from steps.targets import Targets

_APPLIANCE: Final = "ovirt-engine-appliance"
_ENGINE: Final = "ovirt-engine"
_NUMBERS: Final = re.compile(r"\d{1,9}(?:\.\d{1,9})+")
_ANY: Final = 1_000_000
"""Stands for the parts of a version that a package does not tell."""


@dataclass(frozen=True, slots=True)
class HostLook:
    """What was seen of the host; nothing where nothing is deployed."""

    name: str = ""
    fqdn: str = ""
    addresses: tuple[str, ...] = ()
    hardware_uuid: str = ""
    installed: str = ""
    """Version of the engine that will run there; empty where nobody can tell yet."""
    installed_from: str = ""
    deployed: bool = False
    """Whether it carries the configuration of an engine that was deployed there."""
    engine_alive: str = ""
    """What an engine said that answered under the backup's name; empty where none did."""
    settings: tuple[str, ...] | None = None
    """Scopes whose database the machine's own files name; None where nobody looked."""

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> HostLook:
        """It again."""
        settings = data.get("settings")
        found = {"settings": None if settings is None else tuple(settings)}
        return cls(**{**data, **found, "addresses": tuple(data["addresses"])})

    def newcomer(self, storage: str) -> Newcomer:
        """As the archive's comparison wants it."""
        return Newcomer(
            self.name or None,
            self.fqdn or None,
            tuple(a for a in self.addresses if not a.startswith(("127.", "::1", "fe80:"))),
            self.hardware_uuid or None,
            storage or None,
        )

    @property
    def version(self) -> Version | None:
        """The engine's version for the rule of engine-backup; a package's may be coarse."""
        found = _NUMBERS.match(self.installed)
        if found is None:
            return None
        numbers = tuple(int(part) for part in found[0].split("."))
        return Version(self.installed, numbers if len(numbers) > 2 else (*numbers, _ANY))


def look_at_host(probe: ProbeInput, engine_fqdn: str) -> HostLook:
    """Look at the host of the answers."""
    look = Look(probe)
    installed = ""
    if look.given("era") != CLASSIC and not look.given("appliance_ova"):
        installed = _version_of(look, _APPLIANCE)
    return HostLook(
        name=look.given("host_name"),
        fqdn=look.given("host_fqdn") or own_name(look),
        addresses=tuple(sorted(network_of(look).addresses)),
        hardware_uuid=hardware_uuid(look),
        installed=installed,
        installed_from=f"{_APPLIANCE} on {look.host}" if installed else "",
        deployed=is_deployed(look.shell),
        engine_alive=_alive(probe.targets, look.host, engine_fqdn),
    )


def look_at_machine(probe: ProbeInput, engine_fqdn: str) -> HostLook:
    """Look at the engine's machine of the site, where nothing is deployed."""
    engine = probe.site.engine
    if engine is None or engine.machine is None:
        return HostLook()
    shell = probe.targets.shell(engine.machine.name)
    done = shell.run(["rpm", "-q", "--qf", "%{VERSION}", _ENGINE], check=False)
    version = done.out.strip() if done.code == 0 else ""
    files = MachinePaths().settings
    # Where the files stay, the one that answers is its own: it is stopped meanwhile.
    own = files_left(probe.given)
    alive = "" if own else _alive(probe.targets, engine.machine.name, engine_fqdn)
    return HostLook(
        installed=version,
        installed_from=f"{_ENGINE} on {engine.machine.name}" if version else "",
        settings=tuple(scope for scope, path in files.items() if shell.status(path) is not None),
        engine_alive=alive,
    )


def _version_of(look: Look, package: str) -> str:
    done = look.run("rpm", "-q", "--qf", "%{VERSION}", package)
    return done.out.strip() if done.code == 0 else ""


def _alive(targets: Targets, host: str, fqdn: str) -> str:
    health = look_at_engine(targets.shell(host), fqdn)
    return health.seen if health.up else ""

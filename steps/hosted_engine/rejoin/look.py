"""What the interview looks up in the engine, and what is frozen for the plan."""

from __future__ import annotations

from collections.abc import Mapping

from config.errors import InvalidInput, Refused
from config.questions import Choice
from steps.hosted_engine.recovery.recovery_job import BackupHost
from steps.hosted_engine.rejoin.choices import carrier_choice, host_choice, refusal, site_host
from steps.hosted_engine.rejoin.rejoin_job import RejoinHost, host_data
from steps.procedure import Probed, ProbeInput, Survey
from steps.targets.engine_facts import Host, Machine
from steps.targets.engine_waiting import host_seen


def list_hosts(probe: ProbeInput) -> Probed:
    """Every host of the engine; those that may be chosen first."""
    hosts, machines = _all(probe)
    choices = [host_choice(probe.site, host, machines[host.id]) for host in hosts]
    return Probed(choices=tuple(sorted(choices, key=lambda choice: bool(choice.refused))))


def list_carriers(probe: ProbeInput) -> Probed:
    """The site's engine hosts; the one that carries the engine is suggested."""
    hosts, machines = _all(probe)
    choices: list[Choice] = []
    suggested = ""
    for known in probe.site.engine_hosts:
        found = next((host for host in hosts if site_host(probe.site, host) == known), None)
        choices.append(carrier_choice(known, found))
        carries = found is not None and any(machine.is_engine for machine in machines[found.id])
        if not choices[-1].refused and (carries or not suggested):
            suggested = known.name
    return Probed(choices=tuple(choices), suggested=suggested or None)


def survey(probe: ProbeInput) -> Survey:
    """The chosen hosts as the engine has them now. Raises Refused for one that may not be taken."""
    hosts, machines = _all(probe)
    chosen = probe.given.get("hosts", ())
    return {
        "hosts": [
            _frozen(probe, _named(hosts, name), machines)
            for name in (chosen if isinstance(chosen, tuple) else ())
        ]
    }


def _frozen(
    probe: ProbeInput, host: Host, machines: Mapping[str, list[Machine]]
) -> dict[str, object]:
    no = refusal(probe.site, host, machines[host.id])
    known = site_host(probe.site, host)
    if no or known is None:
        raise Refused(f"{host.name} is not taken out: {no}", "Choose another host.")
    old = BackupHost(host.id, host.name, host.address, host.hardware_uuid)
    return host_data(RejoinHost(old, host.cluster, known.name, host_seen(host), host.ssh_port))


def _named(hosts: tuple[Host, ...], name: str) -> Host:
    alike = [host for host in hosts if host.name.lower() == name.lower()]
    exact = [host for host in alike if host.name == name]
    found = next(iter(exact or alike), None)
    if found is None:
        there = ", ".join(host.name for host in hosts) or "none"
        raise InvalidInput(f"The engine has no host {name!r}; it has {there}.", "Choose again.")
    return found


def _all(probe: ProbeInput) -> tuple[tuple[Host, ...], dict[str, list[Machine]]]:
    engine = probe.targets.engine()
    hosts = tuple(engine.hosts())
    machines: dict[str, list[Machine]] = {host.id: [] for host in hosts}
    for machine in engine.machines():
        machines.get(machine.host, []).append(machine)
    return hosts, machines

"""Probes of names: the engine's, this host's, and what the backup or engine knows already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from config.questions import Finding
from steps.hosted_engine.known_hosts import FindAll, KnownHost, KnownHosts, free_host_name
from steps.hosted_engine.probes.look import SECONDS, Look, found, ok, unheard, warn, wrong
from steps.hosted_engine.probes.network import addresses_of, network_of, own_name
from steps.procedure import Probed, ProbeInput
from steps.targets.shell import Shell

_LEAVE = "If it is to go on: deploy on another host, or remove this one there first."
_UUID_FILE = "/sys/class/dmi/id/product_uuid"


def engine_name_check(find: FindAll) -> Callable[[ProbeInput], Probed]:
    """The probe of the engine's name, compared with those of backup and running engine."""

    def check(probe: ProbeInput) -> Probed:
        look = Look(probe)
        return Probed((*resolution(look, look.text("fqdn")), *_engines(look, find(probe))))

    return check


def resolution(look: Look, name: str) -> Iterator[Finding]:
    """Whether the engine's name resolves, both ways, and not to this host."""
    addresses = addresses_of(look, name)
    if not addresses:
        yield wrong(f"{name} does not resolve on {look.host}", "Add it to DNS, then check again.")
        return
    shown = ", ".join(addresses)
    own = network_of(look).addresses
    at_home = [address for address in addresses if address in own or address.startswith("127.")]
    if at_home:
        yield wrong(
            f"{name} resolves to {look.host} itself ({', '.join(at_home)})",
            "It must point to the engine's machine, which is not there yet.",
        )
        return
    yield ok(f"{name} resolves to {shown} on {look.host}")
    if any(":" in address for address in addresses) and any("." in a for a in addresses):
        yield warn("it has IPv4 and IPv6 addresses", "Choose the IP version on purpose.")
    yield from (_reverse(look, name, address) for address in addresses)
    yield from _in_dns(look, name)
    static = look.given("vm_address").partition("/")[0]
    if look.given("vm_network") == "static" and static and static not in addresses:
        yield warn(
            f"the machine's address is to be {static}, the name resolves to {shown}",
            "Correct one of the two before the engine is reached by name.",
        )


def _reverse(look: Look, name: str, address: str) -> Finding:
    words = look.run("getent", "hosts", address).out.split()
    names = [word.lower().rstrip(".") for word in words[1:]]
    if name.lower() in names:
        return ok(f"{address} resolves back to {name}")
    shown = ", ".join(names) or "nothing"
    return warn(f"{address} resolves back to {shown}, not to {name}", "Add the PTR record.")


def _in_dns(look: Look, name: str) -> Iterator[Finding]:
    done = look.run("dig", "+short", "+tries=1", "+time=2", name)
    if done.code == 0 and not done.out.strip():
        yield warn(
            f"DNS does not know {name}: only {look.host} does (/etc/hosts)",
            "The other hosts must resolve it too.",
        )


def _engines(look: Look, inventories: Sequence[KnownHosts]) -> Iterator[Finding]:
    name = look.text("fqdn").lower()
    yield from _unread(look, inventories)
    for known in inventories:
        if not known.live:
            yield from _same_engine(look, known)
        elif known.engine_fqdn.lower() == name and not known.silent:
            yield warn(
                f"{known.origin} answers under this name today",
                "Shut it down before the new one comes up: two engines of one name harm each"
                " other's hosts.",
            )


def _unread(look: Look, inventories: Sequence[KnownHosts]) -> Iterator[Finding]:
    if look.given("backup_file") and all(known.live for known in inventories):
        yield warn("not compared with the backup: it was not read")


def _same_engine(look: Look, known: KnownHosts) -> Iterator[Finding]:
    name = look.text("fqdn")
    if not known.engine_fqdn:
        return
    if known.engine_fqdn.lower() == name.lower():
        yield ok(f"{known.origin} has the same name")
    else:
        yield wrong(
            f"{known.origin} is of the engine {known.engine_fqdn}, not of {name}",
            f"A restored engine keeps its name: answer {known.engine_fqdn}.",
        )


def suggest_host_name(probe: ProbeInput) -> Probed:
    """The host's own full name."""
    look = Look(probe)
    name = own_name(look)
    if "." not in name:
        return found(warn(f"{look.host} calls itself {name or 'nothing'}, without a domain"))
    return Probed((ok(f"{look.host} calls itself {name}"),), suggested=name)


def check_host_name(probe: ProbeInput) -> Probed:
    """The name resolves to this host on the chosen card, and nowhere else."""
    look = Look(probe)
    name, network = look.text("host_fqdn"), network_of(look)
    addresses = addresses_of(look, name)
    if not addresses:
        return found(wrong(f"{name} does not resolve on {look.host}", "Add it to DNS."))
    loops = [address for address in addresses if address.startswith("127.") or address == "::1"]
    if loops:
        return found(
            wrong(
                f"{name} resolves to {', '.join(loops)}",
                "Give it the address of the network card in /etc/hosts and DNS.",
            )
        )
    foreign = [address for address in addresses if address not in network.addresses]
    if foreign:
        return found(
            wrong(
                f"{name} resolves to {', '.join(foreign)}, not an address of this host",
                "Correct DNS or /etc/hosts.",
            )
        )
    nic = look.given("nic")
    devices = {link.name for a in addresses if (link := network.link_of(a)) is not None}
    if nic and not devices & {nic, "ovirtmgmt"}:
        return found(
            wrong(
                f"{name} is on {', '.join(sorted(devices))}, not on {nic}",
                "Choose the card that has the name's address.",
            )
        )
    return found(ok(f"{name} resolves to {', '.join(addresses)} on {', '.join(sorted(devices))}"))


def portal_name_check(find: FindAll) -> Callable[[ProbeInput], Probed]:
    """The probe of the host's name in the portal, compared with inventories."""

    def check(probe: ProbeInput) -> Probed:
        look = Look(probe)
        inventories = find(probe)
        findings = [*_unread(look, inventories), *unheard(inventories)]
        for known in inventories:
            if not known.silent:
                findings += _clashes(look, known)
        return found(*findings or [ok("nothing to compare with: a new engine has no hosts")])

    return check


def hardware_uuid(look: Look) -> str:
    """The machine's own identity, lower case; empty where it cannot be read."""
    return hardware_there(look.shell)


def hardware_there(shell: Shell) -> str:
    """The same of the host of that shell."""
    done = shell.run(["dmidecode", "-s", "system-uuid"], timeout=SECONDS, check=False)
    if done.code != 0:
        done = shell.run(["cat", _UUID_FILE], timeout=SECONDS, check=False)
    text = done.out if done.code == 0 else ""
    lines = [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]
    return lines[-1].lower() if lines else ""


def _clashes(look: Look, known: KnownHosts) -> Iterator[Finding]:
    name, own = look.text("host_name"), hardware_uuid(look)
    own_names = {*network_of(look).addresses, own_name(look).lower()}
    clashes = []
    for host in known.hosts:
        same_name = host.name.lower() == name.lower()
        same_uuid = bool(own) and host.hardware_uuid.lower() == own
        if same_name or same_uuid:
            clashes.append(_clash(look, known, host, same_name=same_name, same_uuid=same_uuid))
        elif shared := [one for one in host.addresses if one.lower() in own_names]:
            clashes.append(
                warn(
                    f"{known.origin} has {shared[0]} of this host as {host.name}",
                    _LEAVE if known.live else "Remove that entry after the restore.",
                )
            )
    yield from clashes
    if not clashes:
        yield ok(
            f"{known.origin} has {len(known.hosts)} hosts, none with the name {name}, the"
            f" hardware UUID {own or '(unknown)'} or an address of this host"
        )


def _clash(
    look: Look, known: KnownHosts, host: KnownHost, *, same_name: bool, same_uuid: bool
) -> Finding:
    free = free_host_name(look.text("host_name"), known)
    if known.live:
        whose = "this very machine" if same_uuid else "a host of this name"
        return warn(f"{known.origin} has {whose} as {host.name}", _LEAVE)
    if same_name and not same_uuid and host.hardware_uuid:
        return wrong(
            f"{known.origin} has another machine called {host.name}",
            f"Choose another name, for instance {free}.",
        )
    if same_uuid and not same_name and look.is_classic():
        return wrong(
            f"{known.origin} knows this very machine as {host.name}",
            f"Call it {host.name} as well, or deploy on another host.",
        )
    if look.is_classic():
        return warn(
            f"{known.origin} has this host as {host.name}: right for the failover host"
            " that was in maintenance without machines",
            f"Else choose another name, for instance {free}.",
        )
    return warn(f"{known.origin} has this host as {host.name}; the restore removes that entry")

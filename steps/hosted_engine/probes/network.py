"""Probes of network cards, the gateway and the machine's address."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from config.questions import Choice, Finding
from steps.hosted_engine.known_hosts import FindAll, KnownHosts, KnownMachine
from steps.hosted_engine.probes.look import Look, found, last_words, ok, unheard, warn, wrong
from steps.hosted_engine.probes.network_facts import (
    SCRIPT,
    Interface,
    Link,
    Network,
    parse_network,
    resolved_addresses,
)
from steps.procedure import Probed, ProbeInput

ADDRESSES_TRIED = 16
"""How many addresses are pinged for a free one."""

_FIRST_SILENT = 'for a in "$@"; do ping -c1 -W1 "$a" >/dev/null 2>&1 || { echo "$a"; break; }; done'


def network_of(look: Look) -> Network:
    """The host's network."""
    return parse_network(look.script(SCRIPT).out)


def addresses_of(look: Look, name: str) -> tuple[str, ...]:
    """What a name resolves to on the host, each address once."""
    return resolved_addresses(look.run("getent", "ahosts", name).out)


def own_name(look: Look) -> str:
    """The host's full name."""
    done = look.run("hostname", "-f")
    return done.out.strip() if done.code == 0 else look.run("hostname").out.strip()


def list_nics(probe: ProbeInput) -> Probed:
    """Every network card; the one with the address of the host's name is suggested."""
    look = Look(probe)
    network = network_of(look)
    choices = tuple(
        Choice(link.name, link.name, _described(link), link.refused)
        for link in network.links
        if link.name != "lo" and (not link.refused or link.addresses or link.kind != "virtual")
    )
    name = own_name(look)
    usable = [link.name for link in network.links if not link.refused]
    by_name = [li.name for a in addresses_of(look, name) if (li := network.link_of(a))]
    wanted = [*by_name, *(device for _gateway, device in network.gateways)]
    picked = next((w for w in wanted if w in usable), usable[0] if usable else None)
    if picked is None:
        return Probed((warn(f"no card of {look.host} can carry a bridge now"),), choices)
    why = f"the name {name} has its address on" if picked in by_name else "the default route is by"
    return Probed((ok(f"{why} {picked}"),), choices, picked)


def _described(link: Link) -> str:
    addresses = ", ".join(str(address) for address in link.addresses) or "no address"
    mode = f" {link.mode}" if link.mode else ""
    return f"{link.kind}{mode}, {link.state}, {addresses}"


def check_nic(probe: ProbeInput) -> Probed:
    """Whether a bridge can be built on the card."""
    look = Look(probe)
    network = network_of(look)
    link = network.link(look.text("nic"))
    if link is None:
        return found(wrong(f"{look.host} has no card {look.text('nic')}", "Pick one of the list."))
    if link.refused:
        return found(
            wrong(f"no bridge can be built on {link.name}: {link.refused}", "Pick another.")
        )
    findings = [ok(f"{link.name}: {_described(link)}")]
    if not link.addresses and link.master != "ovirtmgmt":
        findings.append(warn(f"{link.name} has no address", "The bridge takes over the card's."))
    if network.link("ovirtmgmt") is not None:
        findings.append(warn("the bridge ovirtmgmt is there already", "It will be used as it is."))
    return found(*findings)


def suggest_gateway(probe: ProbeInput) -> Probed:
    """The gateway of the preferred default route."""
    look = Look(probe)
    gateways = network_of(look).gateways
    if not gateways:
        return found(warn(f"{look.host} has no default route"))
    return Probed((ok(f"default route by {gateways[0][1]}"),), suggested=gateways[0][0])


def check_gateway(probe: ProbeInput) -> Probed:
    """One ping, as the classic tool and the ping check of the other make it."""
    look = Look(probe)
    gateway = look.text("gateway")
    done = look.run("ping", "-c1", "-W2", gateway)
    if missing := look.missing(done, "ping"):
        return found(missing)
    if done.code == 0:
        return found(ok(f"{gateway} answered a ping from {look.host}"))
    judge = wrong if look.is_classic() else warn
    return found(
        judge(
            f"{gateway} did not answer a ping from {look.host} in 2 s",
            "Hosts that cannot reach it give the engine away.",
        )
    )


def check_network_test(probe: ProbeInput) -> Probed:
    """The check that every host will make, made once."""
    look = Look(probe)
    kind = look.text("network_test")
    if kind == "ping":
        return check_gateway(probe)
    if kind != "dns":
        said = "a TCP port, asked next" if kind == "tcp" else "nothing: the network is not watched"
        return found(ok(said) if kind == "tcp" else warn(said))
    done = look.run("dig", "+tries=1", "+time=2")
    if missing := look.missing(done, "dig"):
        return found(missing)
    if done.code == 0:
        return found(ok("dig got an answer from the name server"))
    return found(wrong(f"dig got no answer: {last_words(done)}", "Mend DNS, or choose another."))


def check_tcp(probe: ProbeInput) -> Probed:
    """Connect once, as the hosts will."""
    look = Look(probe)
    address, port = look.text("tcp_address"), str(look.number("tcp_port"))
    done = look.run("nc", "-z", "-w", "2", address, port)
    if missing := look.missing(done, "nc"):
        return found(missing)
    if done.code == 0:
        return found(ok(f"{address} port {port} took a connection from {look.host}"))
    return found(wrong(f"{address} port {port} took no connection in 2 s", "Name one that does."))


def suggest_address(probe: ProbeInput) -> Probed:
    """The first address of the card's subnet that does not answer a ping."""
    look = Look(probe)
    network = network_of(look)
    own = _subnet_of(network, look)
    if own is None:
        return found(warn(f"{look.text('nic')} has no IPv4 address to tell a subnet from"))
    taken = network.addresses | {gateway for gateway, _device in network.gateways}
    hosts = (str(address) for address in own.network.hosts() if str(address) not in taken)
    tried = [address for address, _number in zip(hosts, range(ADDRESSES_TRIED), strict=False)]
    done = look.script(_FIRST_SILENT, *tried, seconds=ADDRESSES_TRIED + 5)
    free = done.out.strip()
    if not look.script("command -v ping").out.strip():
        return found(warn(f"not looked at: ping is not installed on {look.host}"))
    if not free:
        return found(warn(f"the first {len(tried)} addresses of {own.network} all answer a ping"))
    said = ok(f"{free} does not answer a ping; that alone does not make it free")
    return Probed((said,), suggested=f"{free}/{own.network.prefixlen}")


def _subnet_of(network: Network, look: Look) -> Interface | None:
    link = network.link(look.text("nic"))
    bridge = network.link("ovirtmgmt")
    candidates = [*(link.addresses if link else ()), *(bridge.addresses if bridge else ())]
    return next((address for address in candidates if address.version == 4), None)


def address_check(find: FindAll) -> Callable[[ProbeInput], Probed]:
    """The probe of the machine's static address, compared with inventories."""

    def check(probe: ProbeInput) -> Probed:
        look = Look(probe)
        network = network_of(look)
        address = str(ipaddress.ip_interface(look.text("vm_address")).ip)
        findings = [*_fits_subnet(address, network, look), _silence(address, look)]
        inventories = find(probe)
        findings += [
            _taken(address, machine, known)
            for known in inventories
            for machine in known.machines
            if address in machine.addresses
        ]
        return found(*findings, *unheard(inventories))

    return check


def _taken(address: str, machine: KnownMachine, known: KnownHosts) -> Finding:
    if machine.is_engine and not known.live:
        return ok(f"{address} was the engine's own in {known.origin}: its name stays right")
    if machine.is_engine:
        return warn(
            f"{address} is the engine's own in {known.origin}",
            "Shut that engine's machine down before the new one comes up.",
        )
    return wrong(f"{address} belongs to {machine.name} in {known.origin}", "Give another one.")


def _fits_subnet(address: str, network: Network, look: Look) -> list[Finding]:
    if address in network.addresses:
        return [wrong(f"{address} is an address of {look.host} itself", "Give another one.")]
    own = _subnet_of(network, look)
    if own is None:
        return [warn("the card has no IPv4 address: the subnet cannot be compared")]
    if ipaddress.ip_address(address) not in own.network:
        return [
            wrong(
                f"{address} is not in {own.network}, the subnet of {look.host}",
                "The engine must be in the subnet of host and gateway.",
            )
        ]
    return [ok(f"{address} is in {own.network}")]


def _silence(address: str, look: Look) -> Finding:
    done = look.run("ping", "-c1", "-W1", address)
    if missing := look.missing(done, "ping"):
        return missing
    if done.code == 0:
        return wrong(f"{address} answers a ping: something has it", "Give another one.")
    return ok(f"{address} does not answer a ping")


def suggest_name_servers(probe: ProbeInput) -> Probed:
    """The first three name servers of the host."""
    look = Look(probe)
    lines = [line.split() for line in look.file("/etc/resolv.conf").splitlines()]
    servers = [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]
    usable = tuple(server for server in servers if not server.startswith("127."))[:3]
    said = ok(f"/etc/resolv.conf names {', '.join(servers) or 'none'}")
    return Probed((said,), suggested=usable or None)

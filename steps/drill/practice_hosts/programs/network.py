"""ip, ping, dig, nc, curl: the network of the world."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from steps.drill.practice_engine.database import silent_addresses
from steps.drill.practice_hosts.engine_machine import HEALTHY, engine_answers, is_up
from steps.drill.practice_hosts.first_world import NAME_SERVER
from steps.drill.practice_hosts.programs.context import Context
from steps.drill.practice_hosts.world import Facts

HEALTH_PATH = "/ovirt-engine/services/health"


def ip(context: Context, arguments: list[str]) -> int:
    """`ip [-o] [-j] [-4|-6] addr|link|route|neigh [show ...]`."""
    options = [word for word in arguments if word.startswith("-")]
    words = [word for word in arguments if not word.startswith("-")]
    what = words[0] if words else ""
    facts = context.facts()
    tables = {"a": _addresses, "l": _links, "r": _routes, "n": _neighbours}
    table = tables.get(what[:1])
    if table is None:
        return context.complain(f'Object "{what}" is unknown, try "ip help".')
    rows = table(facts, context.host(facts), options)
    if "-j" in options or "-json" in options:
        print(json.dumps([data for data, _line in rows]))
    else:
        print("".join(f"{line}\n" for _data, line in rows), end="")
    return 0


Row = tuple[Facts, str]


def _addresses(facts: Facts, host: Facts, options: list[str]) -> list[Row]:
    if "-6" in options:
        return []
    rows = [_address(1, "lo", "127.0.0.1", 8, "host")]
    for number, (name, nic) in enumerate(host["nics"].items(), start=2):
        if nic["addressed"]:
            prefix = facts["network"]["prefix"]
            rows.append(_address(number, name, host["address"], prefix, "global"))
    return rows


def _address(number: int, name: str, address: str, prefix: int, scope: str) -> Row:
    data = {
        "ifindex": number, "ifname": name, "operstate": "UP",
        "addr_info": [
            {"family": "inet", "local": address, "prefixlen": prefix, "scope": scope, "label": name}
        ],
    }  # fmt: skip
    broadcast = f" brd {address.rpartition('.')[0]}.255" if scope == "global" else ""
    line = f"{number}: {name}    inet {address}/{prefix}{broadcast} scope {scope} {name}"
    return data, line


def _links(_facts: Facts, host: Facts, _options: list[str]) -> list[Row]:
    rows = []
    for number, (name, nic) in enumerate(host["nics"].items(), start=2):
        data = {"ifindex": number, "ifname": name, "operstate": "UP", "address": nic["mac"]}
        rows.append((data, f"{number}: {name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP"
                           f" link/ether {nic['mac']} brd ff:ff:ff:ff:ff:ff"))  # fmt: skip
    return rows


def _routes(facts: Facts, host: Facts, options: list[str]) -> list[Row]:
    if "-6" in options:
        return []
    device = next(name for name, nic in host["nics"].items() if nic["addressed"])
    gateway = facts["network"]["gateway"]
    data = {"dst": "default", "gateway": gateway, "dev": device, "metric": 100, "flags": []}
    return [(data, f"default via {gateway} dev {device} proto static metric 100 ")]


def _neighbours(facts: Facts, host: Facts, _options: list[str]) -> list[Row]:
    device = next(name for name, nic in host["nics"].items() if nic["addressed"])
    return [
        (
            {"dst": address, "dev": device, "lladdr": mac, "state": ["REACHABLE"]},
            f"{address} dev {device} lladdr {mac} REACHABLE",
        )
        for address, mac in facts["network"]["neighbours"].items()
    ]


def ping(context: Context, arguments: list[str]) -> int:
    """One packet, by the world: `ping -c1 -W1 ADDRESS`."""
    target = arguments[-1]
    facts = context.facts()
    addresses = facts["dns"].get(target, [target])
    alive = [a for a in addresses if a in _answering(context, facts)]
    print(f"PING {target} ({addresses[0]}) 56(84) bytes of data.")
    if alive:
        print(f"64 bytes from {alive[0]}: icmp_seq=1 ttl=64 time=0.321 ms")
    received = 1 if alive else 0
    print(f"\n--- {target} ping statistics ---")
    print(f"1 packets transmitted, {received} received, {100 - 100 * received}% packet loss, time"
          " 0ms")  # fmt: skip
    return 0 if alive else 1


def _answering(context: Context, facts: Facts) -> list[str]:
    silent = silent_addresses(facts)
    known = [address for address in facts["network"]["answering"] if address not in silent]
    if is_up(facts, context.world.now(facts)):
        known += facts["dns"].get(facts["engine"]["fqdn"], [])
    return known


def hostname(context: Context, arguments: list[str]) -> int:
    """`hostname [-f|-s|-I]`: names and addresses are the world's."""
    if "-I" in arguments:
        print(f"{context.host()['address']} ")
        return 0
    short = context.host_name.partition(".")[0]
    print(short if "-s" in arguments else context.host_name)
    return 0


def dig(context: Context, arguments: list[str]) -> int:
    """`dig [+short] [-x ADDRESS] [NAME]`; without a name it asks for the root, as dig does."""
    facts = context.facts()
    short = "+short" in arguments
    words = [w for w in arguments if not w.startswith(("+", "@", "-"))]
    name = words[0] if words else "."
    if NAME_SERVER not in facts["network"]["answering"]:
        print(";; connection timed out; no servers could be reached")
        return 9
    if "-x" in arguments:
        found = [n + "." for n, addresses in facts["dns"].items() if name in addresses]
    else:
        found = facts["dns"].get(name.lower().rstrip("."), [])
    if short:
        print("".join(f"{one}\n" for one in found), end="")
    else:
        print(f"; <<>> DiG <<>> {name}\n;; status: {_status_word(name, found)}")
        print("".join(f"{name}.\t300\tIN\tA\t{one}\n" for one in found), end="")
    return 0


def _status_word(name: str, found: list[str]) -> str:
    return "NOERROR" if found or name == "." else "NXDOMAIN"


def nc(context: Context, arguments: list[str]) -> int:
    """`nc -z -w 2 ADDRESS PORT`: SSH and vdsm of every host, and the engine's web server."""
    address, port = arguments[-2:]
    facts = context.facts()
    address = facts["dns"].get(address, [address])[0]
    ports = {"22"} if address in _answering(context, facts) else set()
    if ports and any(host["address"] == address for host in facts["hosts"].values()):
        ports.add("54321")
    engine = facts["dns"].get(facts["engine"]["fqdn"], [])
    if address in engine and engine_answers(facts, context.world.now(facts)):
        ports |= {"80", "443"}
    return 0 if port in ports else 1


def curl(context: Context, arguments: list[str]) -> int:
    """The engine's health page, by whatever name the engine has."""
    parts = urlsplit(arguments[-1])
    facts = context.facts()
    now = context.world.now(facts)
    name = parts.hostname or ""
    if name not in facts["dns"]:
        return context.complain(f"curl: (6) Could not resolve host: {name}", 6)
    here = is_up(facts, now) or facts["engine"]["local"]
    if name != facts["engine"]["fqdn"].lower() or not here:
        return context.complain(
            f"curl: (7) Failed to connect to {name} port 80: No route to host", 7
        )
    if parts.path != HEALTH_PATH or not engine_answers(facts, now):
        print("<html><body><h1>503 Service Unavailable</h1></body></html>", end="")
        return 0
    print(HEALTHY, end="")
    return 0

"""The host's network as one script prints it; works on hosts of every generation. Pure parsing."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from itertools import pairwise

SCRIPT = r"""
for d in /sys/class/net/*; do
  n=${d##*/}; kind=$(sed -n 's/^DEVTYPE=//p' "$d/uevent" 2>/dev/null)
  [ -d "$d/bonding" ] && kind=bond; [ -d "$d/bridge" ] && kind=bridge
  [ -e "$d/tun_flags" ] && kind=tun; [ -e "/proc/net/vlan/$n" ] && kind=vlan
  [ -d "/sys/class/net/$n/lower_team" ] && kind=team
  if [ -z "$kind" ]; then if [ -e "$d/device" ]; then kind=nic; else kind=virtual; fi; fi
  mode=$(cut -d' ' -f1 "$d/bonding/mode" 2>/dev/null); master=$(readlink "$d/master" 2>/dev/null)
  type=$(cat "$d/type"); state=$(cat "$d/operstate"); mac=$(cat "$d/address")
  echo "link|$n|$type|$state|$kind|$mode|${master##*/}|$mac"
done
ip -o addr show | sed 's/^/addr|/'
ip -o -4 route show default | sed 's/^/route|/'
ip -o -6 route show default | sed 's/^/route|/'
"""
"""Reads only: /sys, addresses, default routes."""

BOND_MODES = ("active-backup", "balance-xor", "broadcast", "802.3ad")
"""Modes that the tool takes for a bridge."""

_ETHER = "1"


def resolved_addresses(text: str) -> tuple[str, ...]:
    """What `getent ahosts NAME` says, each address once."""
    words = (line.split() for line in text.splitlines())
    return tuple(dict.fromkeys(found[0].partition("%")[0] for found in words if found))


Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface


@dataclass(frozen=True, slots=True)
class Link:
    """One network device."""

    name: str
    state: str
    kind: str
    mode: str = ""
    master: str = ""
    mac: str = ""
    ether: bool = True
    addresses: tuple[Interface, ...] = ()

    @property
    def refused(self) -> str:
        """Why no bridge can be built on it; empty where one can."""
        if not self.ether or self.name == "lo":
            return "not an Ethernet device"
        if self.master and self.master != "ovirtmgmt":
            return f"part of {self.master}"
        if self.kind in ("bridge", "tun", "team", "wlan"):
            return f"a {self.kind} device is not taken"
        if self.kind == "bond" and self.mode not in BOND_MODES:
            return f"bond mode {self.mode}; only {', '.join(BOND_MODES)}"
        if self.kind == "vlan" and "." not in self.name:
            return "a VLAN must be called PARENT.ID"
        return f"its state is {self.state}" if self.state not in ("up", "unknown") else ""


@dataclass(frozen=True, slots=True)
class Network:
    """What a host says of its network."""

    links: tuple[Link, ...] = ()
    gateways: tuple[tuple[str, str], ...] = ()
    """(gateway, device) of each default route, the preferred one first."""
    addresses: frozenset[str] = field(default_factory=frozenset)

    def link(self, name: str) -> Link | None:
        """The device of that name."""
        return next((link for link in self.links if link.name == name), None)

    def link_of(self, address: str) -> Link | None:
        """The device that has this address."""
        return next(
            (li for li in self.links if any(str(i.ip) == address for i in li.addresses)), None
        )


def parse_network(printed: str) -> Network:
    """The facts out of what SCRIPT printed; lines that are none are passed over."""
    links: list[list[str]] = []
    addresses: dict[str, list[Interface]] = {}
    routes: list[tuple[int, str, str]] = []
    for line in printed.splitlines():
        what, _, rest = line.partition("|")
        if what == "link" and rest.count("|") == 6:
            links.append(rest.split("|"))
        elif what == "addr":
            _address(rest.split(), addresses)
        elif what == "route":
            _route(rest.split(), routes)
    known = frozenset(str(i.ip) for found in addresses.values() for i in found)
    return Network(
        tuple(_link(parts, tuple(addresses.get(parts[0], ()))) for parts in links),
        tuple((gateway, device) for _metric, gateway, device in sorted(routes, key=lambda r: r[0])),
        known,
    )


def _link(parts: list[str], addresses: tuple[Interface, ...]) -> Link:
    name, type_, state, kind, mode, master, mac = parts
    return Link(name, state, kind, mode, master, mac, type_ == _ETHER, addresses)


def _address(words: list[str], addresses: dict[str, list[Interface]]) -> None:
    # 2: eth0    inet 192.0.2.5/24 brd 192.0.2.255 scope global eth0
    if len(words) < 4 or words[2] not in ("inet", "inet6") or "link" in words[4:]:
        return
    try:
        interface = ipaddress.ip_interface(words[3])
    except ValueError:
        return
    addresses.setdefault(words[1].partition("@")[0], []).append(interface)


def _route(words: list[str], routes: list[tuple[int, str, str]]) -> None:
    values = dict(pairwise(words))
    if "via" in values:
        metric = values.get("metric", "0")
        routes.append(
            (int(metric) if metric.isdigit() else 0, values["via"], values.get("dev", ""))
        )

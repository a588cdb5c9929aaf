"""What the tool takes as an answer, in either generation. Each rule returns the value or raises."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence

from steps.drill.practice_hosts.tool.dialects import Query
from steps.drill.practice_hosts.tool.environment import Value
from steps.drill.practice_hosts.tool.session import Session, Wrong

YES_NO = ("Yes", "No")
SMALL_VALUES = {"CPU_PROCEED": "CPUs", "MEMORY_PROCEED": "memory size", "DISK_PROCEED": "disk size"}
"""What the tool calls a value that is below its minimum, by the question about going on."""
_WORD = re.compile(r"[A-Za-z0-9_-]+")
_NAME = re.compile(r"[A-Za-z0-9.-]{1,1000}")
_PAIR = "[0-9a-fA-F]{2}"
_MAC = re.compile(rf"[0-9a-fA-F][02468aceACE](:{_PAIR}){{5}}")
_SERVER = re.compile(r"[a-z0-9.-]+")
_MAIL = re.compile(r"[a-zA-Z0-9_.+-]+@[a-z0-9.-]+")

Check = Callable[[str], Value]


def yes_no(session: Session, key: str, name: str, note: str, default: str) -> bool:
    """A question of yes and no; its key holds a bool."""
    given = session.environment.get(key)
    if isinstance(given, bool):
        return given
    query = Query(name, note, default=default, valid=YES_NO, folded=True)
    answer = session.ask(query) == "yes"
    session.environment.set(key, answer)
    return answer


def secret_twice(session: Session, key: str, name: str, prompts: Sequence[str]) -> str:
    """A password and its confirmation, until they are equal."""
    given = session.environment.get(key)
    if given is not None:
        return str(given)
    while True:
        first, second = (session.ask(Query(name, prompt, hidden=True)) for prompt in prompts)
        if first == second:
            session.environment.set(key, first)
            return first
        session.say("Passwords do not match", "ERROR")


def number(least: int, most: int, problem: str) -> Check:
    """A whole number between two."""

    def check(text: str) -> Value:
        if not text.isdigit() or not least <= int(text) <= most:
            raise Wrong(problem.format(value=text, least=least, most=most))
        return text

    return check


def word(problem: str) -> Check:
    """Letters, digits, - and _."""
    return _matching(_WORD, problem)


def mail_server(text: str) -> Value:
    """Lower-case letters, digits, dot, dash."""
    return _matching(_SERVER, "Invalid input, please try again")(text)


def mail_addresses(text: str) -> Value:
    """A comma list; each address is matched at its start only."""
    if not all(_MAIL.match(part.strip()) for part in text.split(",")):
        raise Wrong("Invalid input, please try again")
    return text


def port(text: str) -> Value:
    """Digits: the tool looks at no range here."""
    if not text.isdigit():
        raise Wrong("Invalid input, please try again")
    return text


def mac(*, anchored: bool) -> Check:
    """Unicast: the second digit even. The guide's build does not look at the end."""

    def check(text: str) -> Value:
        found = _MAC.fullmatch(text) if anchored else _MAC.match(text)
        if found is None:
            raise Wrong(f"Invalid unicast MAC address specified: '{text}'")
        return text

    return check


def portal(text: str) -> Value:
    """A dotted quad, matched at its start; 255 is refused."""
    found = re.match(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})", text)
    if found is None or any(int(part) > 254 for part in found.groups()):
        raise Wrong("Address must be a valid IP address")
    return text


def address_in(text: str, network: ipaddress.IPv4Network) -> str:
    """An address that the engine's machine can have in that network."""
    try:
        address = ipaddress.IPv4Address(text.partition("/")[0])
    except ValueError:
        raise Wrong(f"Invalid IP address: {text}") from None
    edges = (network.network_address, network.broadcast_address)
    if address not in network or address in edges:
        raise Wrong(f"{address} is not in the subnet {network} of the host")
    return f"{address}/{network.prefixlen}"


def engine_name(session: Session) -> Check:
    """Letters, digits, dot, dash; no address; resolves, and not to this host."""

    def check(text: str) -> Value:
        if _NAME.fullmatch(text) is None or re.fullmatch(r"[0-9.]+", text):
            raise Wrong(f"Host name is not valid: {text} is not a valid host name")
        addresses = session.world.read()["dns"].get(text.lower(), [])
        if not addresses:
            raise Wrong(f"Host name is not valid: {text} did not resolve into an IP address")
        if session.host["address"] in addresses:
            raise Wrong(f"Host name is not valid: {text} resolves to this host")
        if "." not in text:
            session.say(f"Host name {text} has no domain suffix", "WARNING")
        return text

    return check


def pinged(session: Session) -> Check:
    """One ping must be answered."""

    def check(text: str) -> Value:
        if text not in session.world.read()["network"]["answering"]:
            raise Wrong("Specified gateway is not pingable")
        return text

    return check


def _matching(pattern: re.Pattern[str], problem: str) -> Check:
    def check(text: str) -> Value:
        if pattern.fullmatch(text) is None:
            raise Wrong(problem)
        return text

    return check

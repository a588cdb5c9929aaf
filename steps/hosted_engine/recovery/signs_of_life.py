"""Whether a host that the engine does not reach still lives, looked at from another host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from config.errors import Refused, StepFailed, Unreachable
from steps.targets.engine import Engine
from steps.targets.engine_facts import Host, Power
from steps.targets.shell import Shell

SSH_PORT: Final = 22
VDSM_PORT: Final = 54321
_SECONDS: Final = 30.0
_LOOK: Final = r"""
address=$1; shift
if command -v ping >/dev/null 2>&1; then
  if ping -c1 -W2 "$address" >/dev/null 2>&1; then echo "ping yes"; else echo "ping no"; fi
else echo "ping unseen"; fi
for port in "$@"; do
  if command -v nc >/dev/null 2>&1; then nc -z -w 2 "$address" "$port" >/dev/null 2>&1
  elif command -v timeout >/dev/null 2>&1 && command -v bash >/dev/null 2>&1; then
    timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$address" "$port" 2>/dev/null
  else echo "$port unseen"; continue; fi
  if [ $? -eq 0 ]; then echo "$port yes"; else echo "$port no"; fi
done
"""
_NAMES: Final = {
    "ping": "ping", str(SSH_PORT): f"SSH (port {SSH_PORT})",
    str(VDSM_PORT): f"vdsm (port {VDSM_PORT})",
}  # fmt: skip
_WORDS: Final = {"yes": "answers", "no": "silent", "unseen": "not looked at"}


@dataclass(frozen=True, slots=True)
class SignsOfLife:
    """What was seen of a host, and what of it says that the host lives."""

    seen: str
    alive: tuple[str, ...]


def signs_of_life(engine: Engine, shell: Shell, host: Host) -> SignsOfLife:
    """Ask its power management through the engine, and its network from that shell's host.

    What cannot be looked at is said; it is never taken for silence.
    """
    power, told = _power(engine, host)
    network, answering = _network(shell, host.address)
    alive = [*(["its power management says that it is on"] if power is Power.ON else ()),
             *(f"{name} answers" for name in answering)]  # fmt: skip
    return SignsOfLife(f"{told}. {network}.", tuple(alive))


def _power(engine: Engine, host: Host) -> tuple[Power, str]:
    if not host.power_management:
        return Power.UNKNOWN, "The engine has no power management for it"
    try:
        power = engine.power_of(host.id)
    except (Refused, Unreachable) as error:
        return Power.UNKNOWN, f"Its power management does not tell: {error.message.rstrip('.')}"
    if power is Power.UNKNOWN:
        return power, "Its power management does not tell whether it is on"
    return power, f"Its power management says that it is {power.value}"


def _network(shell: Shell, address: str) -> tuple[str, list[str]]:
    ports = (str(SSH_PORT), str(VDSM_PORT))
    command = ["/bin/sh", "-c", _LOOK, "sh", address, *ports]
    try:
        said = shell.run(command, timeout=_SECONDS).out
    except (StepFailed, Unreachable) as error:
        return f"Its network was not looked at: {error.message.rstrip('.')}", []
    found = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
    words = {key: _WORDS.get(found.get(key, "unseen"), "not looked at") for key in _NAMES}
    told = ", ".join(f"{_NAMES[key]} {word}" for key, word in words.items())
    return f"From {shell.where}, {address}: {told}", [
        _NAMES[key] for key in _NAMES if found.get(key) == "yes"
    ]

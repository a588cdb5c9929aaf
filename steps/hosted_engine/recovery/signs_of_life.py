"""Whether a host that the engine does not reach still lives, looked at from another host."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
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
_INSIDE: Final = r"""
echo "since $(sed -n 's/^btime //p' /proc/stat)"
if command -v virsh >/dev/null 2>&1 && listed=$(virsh -r list --name 2>/dev/null); then
  printf '%s\n' "$listed" | sed -n 's/^\(..*\)$/machine \1/p'; echo looked
elif command -v ps >/dev/null 2>&1; then
  ps -C qemu-kvm,qemu-system-x86_64 -o pid= | sed 's/^ */machine qemu process /'; echo looked
fi
"""
_NAMES: Final = {
    "ping": "ping", str(SSH_PORT): f"SSH (port {SSH_PORT})",
    str(VDSM_PORT): f"vdsm (port {VDSM_PORT})",
}  # fmt: skip
_WORDS: Final = {"yes": "answers", "no": "silent", "unseen": "not looked at"}


@dataclass(frozen=True, slots=True)
class SignsOfLife:
    """What was seen of a host, and what of it speaks against its having been switched off."""

    seen: str
    doubts: tuple[str, ...]


def signs_of_life(
    engine: Engine, shell: Shell, host: Host, inside: Shell | None = None
) -> SignsOfLife:
    """Ask its power management through the engine, and its network from that shell's host.

    `inside`: its own shell, where it has one. A host that can be entered and runs no machine was
    rebooted, as far as its machines go, though it answers. What cannot be looked at is said; it is
    never taken for silence.
    """
    power, told = _power(engine, host)
    network, found = _network(shell, host.address)
    doubts = [f"{_NAMES[key]} answers" for key, state in found.items() if state == "yes"]
    if power is Power.ON:
        doubts.insert(0, "its power management says that it is on")
    if power is Power.UNKNOWN and not {"yes", "no"} & set(found.values()):
        doubts.append("nothing could be looked at")
    seen = f"{told}. {network}."
    entered = running_machines(inside) if inside is not None else None
    if entered is None:
        return SignsOfLife(seen, tuple(doubts))
    return SignsOfLife(
        f"{seen} {entered.seen}.", tuple(f"{name} runs there" for name in entered.machines)
    )


@dataclass(frozen=True, slots=True)
class Entered:
    """What a host itself says: which machines run on it."""

    seen: str
    machines: tuple[str, ...]


def running_machines(shell: Shell) -> Entered | None:
    """The machines that run on the host of that shell; None where it cannot be looked at."""
    try:
        said = shell.run(["/bin/sh", "-c", _INSIDE], timeout=_SECONDS).out.splitlines()
    except (StepFailed, Unreachable):
        return None
    if "looked" not in said:
        return None
    machines = tuple(line.removeprefix("machine ") for line in said if line.startswith("machine "))
    since = next((line[6:] for line in said if line.startswith("since ")), "")
    up = f"up since {datetime.fromtimestamp(int(since), UTC):%d %b %H:%M} UTC, " if (
        since.isdigit() and len(since) < 12
    ) else ""  # fmt: skip
    what = f"{', '.join(machines)} runs" if machines else "no machine runs"
    return Entered(f"On the host itself: {up}{what}", machines)


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


def _network(shell: Shell, address: str) -> tuple[str, dict[str, str]]:
    ports = (str(SSH_PORT), str(VDSM_PORT))
    command = ["/bin/sh", "-c", _LOOK, "sh", address, *ports]
    try:
        said = shell.run(command, timeout=_SECONDS).out
    except (StepFailed, Unreachable) as error:
        return f"Its network was not looked at: {error.message.rstrip('.')}", {}
    lines = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
    found = {key: lines.get(key, "unseen") for key in _NAMES}
    told = ", ".join(f"{_NAMES[key]} {_WORDS.get(word, word)}" for key, word in found.items())
    return f"From {shell.where}, {address}: {told}", found

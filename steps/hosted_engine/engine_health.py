"""The engine's health page, looked at through the host that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from steps.targets.shell import Shell

_UP: Final = "DB Up"
_SECONDS: Final = 20
_LOOK: Final = r"""
url=$1; seconds=$2
if command -v curl >/dev/null 2>&1; then exec curl -sS -m "$seconds" -- "$url"; fi
if command -v wget >/dev/null 2>&1; then exec wget -q -T "$seconds" -t 1 -O - -- "$url"; fi
exit 90
"""
_NOTHING_TO_LOOK_WITH: Final = 90


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the engine says it is up (None: that could not be looked at), and what was seen."""

    up: bool | None
    seen: str


def health_page(fqdn: str) -> str:
    """The address of the engine's health page; plain HTTP, as the tool itself asks it."""
    return f"http://{fqdn}/ovirt-engine/services/health"


def look_at_engine(shell: Shell, fqdn: str) -> Health:
    """Ask the engine of that name. Raises Unreachable where the host itself does not answer."""
    if not fqdn:
        return Health(None, "the engine's name is not known")
    url = health_page(fqdn)
    command = ["/bin/sh", "-c", _LOOK, "sh", url, str(_SECONDS)]
    done = shell.run(command, timeout=_SECONDS + 10, check=False)
    if done.code == _NOTHING_TO_LOOK_WITH:
        return Health(None, f"{shell.where} has neither curl nor wget")
    said = " ".join((done.out.strip() or done.err.strip()).split())[:200]
    if done.code == 0 and _UP in done.out:
        return Health(True, f"{url} says {said!r}")
    return Health(False, f"{url} says {said or 'nothing'!r}")

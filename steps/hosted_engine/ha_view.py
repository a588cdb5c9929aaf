"""The engine's machine as the agents on the hosts see it: hosted-engine --vm-status on one host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from steps.hosted_engine.dialog.vm_status import EngineStatus, global_maintenance, read_status
from steps.targets.shell import Shell

SECONDS: Final = 120.0
_NOTHING_YET: Final = ("{}", '{"global_maintenance": false}')


@dataclass(frozen=True, slots=True)
class HaView:
    """What one host tells of all."""

    rows: tuple[EngineStatus, ...] = ()
    global_maintenance: bool = False


def look_at_agents(shell: Shell, command: Sequence[str]) -> HaView | None:
    """As JSON, else as text; None where nothing that it says is understood."""
    said = ""
    for options in (("--vm-status", "--json"), ("--vm-status",)):
        looked = shell.run([*command, *options], timeout=SECONDS, check=False)
        found = read_status(looked.out)
        if found:
            return HaView(found, global_maintenance(looked.out))
        said = said or looked.out.strip()
        if looked.code == 0 and looked.out.strip() in _NOTHING_YET:
            return HaView()
    return None if said else HaView()

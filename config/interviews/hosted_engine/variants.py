"""What an engine is restored onto, and who restores it: this run or the newer tool. Pure."""

from __future__ import annotations

from typing import Final

from config.interviews.hosted_engine.conditions import classic, holds, not_
from config.questions import Given

FAILOVER: Final = "failover-host"
NEW_HARDWARE: Final = "new-hardware"
MACHINE: Final = "machine"

onto_machine = holds("variant", MACHINE)
deploys = not_(onto_machine)


def by_hand(given: Given) -> bool:
    """Whether engine-backup and engine-setup are run here: the newer tool runs them itself."""
    return onto_machine(given) or classic(given)

"""What the scripted operator answers in the drills of a lost engine."""

from __future__ import annotations

from typing import Final

from config.questions import Value
from steps.drill.lost_engine.build import ARCHIVE, FOLDER
from steps.drill.practice_engine.standing import FAILOVER, NEW
from steps.drill.practice_hosts import answers as deploying
from steps.drill.practice_hosts import first_world as world

FAILOVER_DRILL: Final = "lost-engine-failover-host"
NEW_DRILL: Final = "lost-engine-new-hardware"
_STORAGE: Final = f"{world.STORAGE}:{world.OTHER_EXPORT}"
_BOTH: Final[dict[str, Value]] = {
    "archive": f"{world.BACKUP}:{FOLDER}/{ARCHIVE}", "storage_connection": _STORAGE,
    "old_hosts": "ask",
}  # fmt: skip
CLASSIC: Final[dict[str, Value]] = (
    deploying.CLASSIC
    | _BOTH
    | {
        "variant": "failover-host", "host": FAILOVER, "databases": "automatic", "scope": "all",
        "renew_certificates": False, "storage_domain_name": "hosted_storage_2",
    }
)  # fmt: skip
ANSIBLE: Final[dict[str, Value]] = (
    deploying.ANSIBLE
    | _BOTH
    | {"variant": "new-hardware", "host": NEW, "host_fqdn": NEW, "host_name": NEW,
       "renew_pki": False, "pause_on_restore": False}
)  # fmt: skip


def answers_of(drill: str) -> dict[str, Value]:
    """The answers for that drill."""
    return dict(CLASSIC if drill == FAILOVER_DRILL else ANSIBLE)

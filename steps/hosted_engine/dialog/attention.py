"""Lines that want the operator: consoles with their passwords, and pauses that look like hangs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from steps.hosted_engine.dialog.events import Event, Log, Note
from steps.hosted_engine.dialog.phases import task_in

LOCK_FILE: Final = re.compile(r"/tmp/ansible\.[A-Za-z0-9_]{1,64}_he_setup_lock")  # noqa: S108
_PAUSE: Final = re.compile(rf"^Pause execution until ({LOCK_FILE.pattern}) is removed")
_PASSWORD: Final = re.compile(r'[Tt]emporary password "([^"]{1,100})"')
_COMMAND: Final = re.compile(
    r"^\s*((?:\S{0,200}/)?(?:remote-viewer|hosted-engine --console|virsh)(?:\s.{0,500})?)$"
)
_NAME: Final = re.compile(r"^Using Engine VM FQDN ([A-Za-z0-9.-]{1,253}) from backup file")
_SHUT_DOWN: Final = re.compile(r"^(?:\[WARNING\] )?Please shut ?down the VM", re.IGNORECASE)


def pause_in(event: Event) -> str | None:
    """The lock file that the ansible role waits for, or None."""
    task = task_in(event.text) if isinstance(event, Log) else None
    found = _PAUSE.match(task) if task else None
    return found[1] if found else None


def engine_name_in(event: Event) -> str | None:
    """The engine's name as the tool has read it from a backup, or None."""
    found = _NAME.match(event.text) if isinstance(event, Note | Log) else None
    return found[1] if found else None


def wants_shut_down(event: Event) -> bool:
    """Whether the tool now waits until the engine machine is shut down."""
    return isinstance(event, Note | Log) and bool(_SHUT_DOWN.match(event.text))


def console_password_in(text: str) -> str | None:
    """The temporary console password in a line, or None."""
    found = _PASSWORD.search(text)
    return found[1] if found else None


@dataclass(slots=True)
class Console:
    """How the engine machine's console is reached, as last told. The password is never kept."""

    commands: list[str] = field(default_factory=list)

    def feed(self, text: str) -> None:
        """Take a line in."""
        if text.startswith("You can now connect to the VM"):
            self.commands.clear()
        found = _COMMAND.match(text)
        if found is not None and len(self.commands) < 5 and found[1] not in self.commands:
            self.commands.append(" ".join(found[1].split()))

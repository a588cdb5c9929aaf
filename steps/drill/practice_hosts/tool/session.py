"""One start of the tool: its stages and events, its log, its questions, its end."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

from steps.drill.practice_hosts.tool.dialects import ERROR, INFO, Dialect, Ended, Query
from steps.drill.practice_hosts.tool.environment import Environment, Value
from steps.drill.practice_hosts.world import Facts, World

LOGS: Final = Path("/var/log/ovirt-hosted-engine-setup")
UNKNOWN: Final = Query(
    "OVEHOSTED_PRACTICE_UNFORESEEN",
    "The storage network of this host has no name yet.\nPlease name it (@VALUES@) [@DEFAULT@]: ",
    default="storage0", valid=("storage0", "storage1"),
)  # fmt: skip
CONNECTION: Final = "connection-dropped"
EVERY: Final = "every"
"""Instead of a question's number: the connections are cut at each."""
_SIGNALS: Final = (
    signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE,
)  # fmt: skip


class Wrong(Exception):
    """An answer that is not taken: the tool says why and asks again."""


@dataclass(slots=True)
class Session:
    """What every part of the tool needs."""

    world: World
    host: Facts
    dialect: Dialect
    environment: Environment
    old_names: bool
    """Whether the stages have the names of the guide's days."""
    stage: str = "Initializing"
    asked: int = 0
    log_file: Path = LOGS
    changed: bool = False
    ended_well: bool = False
    accepts_defaults: bool = False
    """Whether a question that has a default is answered with it, and not put."""
    _open: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The host's name."""
        return str(self.host["name"])

    def open_log(self, folder: Path = LOGS, name: str = "ovirt-hosted-engine-setup") -> None:
        """The log of this start, told by its path."""
        stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime())
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        self.log_file = folder / f"{name}-{stamp}-{secrets.token_hex(3)}.log"

    def debug(self, text: str) -> None:
        """A line for the log only."""
        with contextlib.suppress(OSError), self.log_file.open("a") as log:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} DEBUG otopi {text}\n")

    def say(self, text: str, level: str = INFO) -> None:
        """A log line, told and written."""
        self.debug(f"{level} {text}")
        self.dialect.log(level, text)

    def begin(self, stage: str) -> None:
        """A stage begins."""
        self.stage = stage
        self.say(f"Stage: {stage}")

    @contextlib.contextmanager
    def event(self, event: str) -> Iterator[None]:
        """One event of the plan."""
        self.dialect.mark(f"EventStart {event}")
        yield
        self.dialect.mark(f"EventEnd {event}")

    def pause(self, seconds: float) -> None:
        """Let time of the world pass."""
        self.world.sleep(seconds)

    def ask(self, query: Query) -> str:
        """Put a question; what the faults do to the dialog they do here."""
        given = self.environment.get(f"QUESTION/1/{query.name}")
        known = str(given) if given is not None else None
        if known is None and self.accepts_defaults:
            known = query.default
        accepted = query.accepts(known) if known is not None else None
        if accepted is not None:
            self.debug(f"query {query.name} was answered beforehand")
            return accepted
        self.asked += 1
        if self.asked == 3 and self.world.fault("unknown-question"):
            self.debug(f"query {UNKNOWN.name}")
            self.dialect.ask(UNKNOWN)
            self.asked += 1
        self.debug(f"query {query.name}")
        if self.world.fault(CONNECTION) in (str(self.asked), EVERY):
            self._drop()
        return self.dialect.ask(query)

    def _drop(self) -> None:
        """Have the connections cut: once, or at every question."""
        with self.world.change() as facts:
            if facts["faults"].get(CONNECTION) != EVERY:
                facts["faults"].pop(CONNECTION, None)
        self.world.drop_connections(self.name)

    def answered(
        self, key: str, query: Query, check: Callable[[str], Value] | None = None
    ) -> Value:
        """The value of a key: from the environment, where wrong is fatal, or asked until right."""
        given = self.environment.get(key) if key else None
        while True:
            text = str(given) if given is not None else self.ask(query)
            try:
                value = check(text) if check is not None else text
            except Wrong as wrong:
                if given is not None:
                    raise Ended(str(wrong)) from None
                self.say(str(wrong), ERROR)
                continue
            if key:
                self.environment.set(key, value)
            return value

    def die_if(self, fault: str) -> None:
        """Be killed here where that fault is set; it strikes once."""
        if not self.world.fault(fault):
            return
        with self.world.change() as facts:
            facts["faults"].pop(fault, None)
        os.kill(os.getpid(), signal.SIGKILL)

    def catch_signals(self) -> None:
        """Signals end the dialog as otopi ends it."""
        for number in _SIGNALS:
            signal.signal(number, _caught)


def _caught(number: int, _frame: FrameType | None) -> None:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Ended(f"SIG{number}")

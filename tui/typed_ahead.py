"""Keys one after the other: each is settled before the next is looked at.

Textual hands a key to whatever has the focus when the key arrives. What is typed ahead of a slow
line (a value, Enter, the next value) would all land in the first field.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from textual.app import App
from textual.events import Event, Key, Paste
from textual.message_pump import MessagePump

LONGEST_WAIT = 0.5
"""Seconds after which the next key is taken even though something still works on the last one."""

ROUNDS = 2
"""A key makes its widget post a message, and that one moves the focus: two rounds of queues."""


class TypedAhead:
    """Keys wait here while the one before is being worked on."""

    def __init__(self, app: App[int], take: Callable[[Event], Awaitable[None]]) -> None:
        self._app, self._take = app, take
        self._waiting: deque[Event] = deque()
        self._task: asyncio.Task[None] | None = None

    async def on_input(self, event: Event) -> None:
        """Take a key at once where none is in hand, else after those before it."""
        if self._task is not None:
            self._waiting.append(event)
            return
        await self._take(event)
        self._task = asyncio.create_task(self._work_off())

    async def _work_off(self) -> None:
        try:
            await self._settle()
            while self._waiting:
                await self._take(self._waiting.popleft())
                await self._settle()
        finally:
            self._task = None

    async def _settle(self) -> None:
        """Wait until every queue between the focus and the application has been worked off."""
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                for _ in range(ROUNDS):
                    focus = self._app.focused or self._app.screen
                    for node in focus.ancestors_with_self:
                        await _worked_off(node)
        except TimeoutError:
            return


async def _worked_off(node: MessagePump) -> None:
    reached = asyncio.Event()
    if node.call_later(reached.set):
        await reached.wait()


def waits_its_turn(event: Event) -> bool:
    """Whether it is typed input that has not been handed on yet."""
    return isinstance(event, Key | Paste) and not event.is_forwarded

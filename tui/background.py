"""Running what may block in a thread of its own, so that a screen never waits and never hangs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def in_thread(work: Callable[[], Result]) -> Result:
    """Run `work` in a daemon thread and wait for it without blocking the event loop.

    Not `asyncio.to_thread`: its threads are joined at exit, and one that hangs on a dead mount
    would keep the wizard from ending.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def tell(settle: Callable[[], None]) -> None:
        # The loop may be gone by the time a slow look comes back; then nobody wants to know.
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: None if future.done() else settle())

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  (carried over to the waiting coroutine)
            problem = error
            tell(lambda: future.set_exception(problem))
        else:
            tell(lambda: future.set_result(result))

    threading.Thread(target=run, name="look", daemon=True).start()
    return await future

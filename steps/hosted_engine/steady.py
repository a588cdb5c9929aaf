"""Doing something on a host that may stay away for a while: its network is rebuilt on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from config.errors import Unreachable
from steps.procedure import StepContext

LOST_SECONDS: Final = 900.0
"""How long a host may stay away."""

T = TypeVar("T")


def steadily(context: StepContext, where: str, act: Callable[[], T]) -> T:
    """Do it, however often the connection is lost meanwhile, within LOST_SECONDS.

    Raises Unreachable where the host stays away, Interrupted where the operator aborts.
    """
    lost_at, wait = None, 1.0
    while True:
        try:
            found = act()
        except Unreachable as error:
            now = time.monotonic()
            if lost_at is None:
                lost_at = now
                context.log(f"{error.message} The tool goes on; trying again.")
            if now - lost_at > LOST_SECONDS:
                raise
            context.checkpoint()
            time.sleep(min(wait, LOST_SECONDS))
            wait = min(wait * 1.5, 15.0)
        else:
            if lost_at is not None:
                context.log(f"{where} answers again.")
            return found

"""A time limit for a call of a C library that knows none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_Result = TypeVar("_Result")


def within(
    seconds: float, call: Callable[[], _Result], errors: tuple[type[Exception], ...]
) -> _Result:
    """What `call` returns, or raises of `errors`; TimeoutError where it takes longer.

    A call that takes longer is left behind in a thread of its own, which ends with the process.
    """
    answer: Future[_Result] = Future()

    def run() -> None:
        try:
            answer.set_result(call())
        except errors as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True, name="limited").start()
    return answer.result(seconds)

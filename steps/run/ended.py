"""How the law says that a run is over."""

from __future__ import annotations

from steps.run.events import Finish


class Ended(Exception):
    """The run is over."""

    def __init__(self, finish: Finish, message: str) -> None:
        super().__init__(message)
        self.finish, self.message = finish, message

"""The documented values of sstProvisioningReturnValue, and which of them an error of ours is. Pure.

The numbers are those of the original system. An error may carry its own as `return_value`.
"""

from __future__ import annotations

from typing import Final

from config.errors import InvalidInput, Refused, RekindleError, StepFailed, Unreachable
from steps.targets.os_errors import NO_SPACE as FULL
from steps.targets.os_errors import NoSpaceLeft

OK: Final = 0
UNDEFINED: Final = 1
MISSING_PARAMETER: Final = 2
RAM_DISK_INVALID: Final = 3
RAM_DISK_TOO_SMALL: Final = 4
CANNOT_SAVE_STATE: Final = 5
CANNOT_WRITE_BACKUP: Final = 6
CANNOT_COPY_FILE: Final = 7
CANNOT_COPY_IMAGE: Final = 8
MERGE_FAILED: Final = 11
CANNOT_REMOVE_IMAGE: Final = 12
CANNOT_REMOVE_FILE: Final = 13
CANNOT_CREATE_IMAGE: Final = 15
CANNOT_RENAME_IMAGE: Final = 16
NO_BACKEND: Final = 17
WRONG_STATE: Final = 18
IMAGE_OWNER: Final = 19
CANNOT_RESTORE: Final = 21
CANNOT_LOCK: Final = 22
MACHINE_NOT_FOUND: Final = 23
RETAIN_MISSING: Final = 25
BACKUP_ROOT_MISSING: Final = 26
CANNOT_CREATE_DIRECTORY: Final = 27
CANNOT_SAVE_XML: Final = 28
CANNOT_SAVE_ENTRY: Final = 29
NO_CONFIGURATION: Final = 32
ENTRY_AND_XML_DISAGREE: Final = 33
FILES_MISSING: Final = 37
IMAGE_CORRUPT: Final = 38
UNSUPPORTED_VALUE: Final = 39
RETAIN_LEFT_OVER: Final = 46
NO_SPACE: Final = 47

_BY_PHASE = {
    "prepare": WRONG_STATE,
    "snapshot": CANNOT_SAVE_STATE,
    "merge": MERGE_FAILED,
    "retain": CANNOT_WRITE_BACKUP,
    "delete": CANNOT_REMOVE_FILE,
    "unretainSmallFiles": CANNOT_COPY_FILE,
    "unretainLargeFiles": CANNOT_COPY_IMAGE,
    "restore": CANNOT_RESTORE,
}


class BackupFailed(StepFailed):
    """A failure that has a number of its own in the documented table."""

    def __init__(
        self, return_value: int, message: str, remedy: str = "", *, seen: str = "",
        expected: str = "",
    ) -> None:  # fmt: skip
        super().__init__(message, remedy, seen=seen, expected=expected)
        self.return_value = return_value


def return_code(error: RekindleError, phase: str) -> int:
    """The documented number for an error in that phase; never 0, and never an undocumented one."""
    own = getattr(error, "return_value", None)
    if isinstance(own, int) and own > 0:
        return own
    cause = error.__cause__
    if isinstance(error, NoSpaceLeft) or (isinstance(cause, OSError) and cause.errno in FULL):
        return NO_SPACE
    if isinstance(error, Unreachable):
        return NO_BACKEND
    if isinstance(error, InvalidInput) and phase not in _BY_PHASE:
        return UNSUPPORTED_VALUE
    if isinstance(error, Refused) and phase not in _BY_PHASE:
        return WRONG_STATE
    return _BY_PHASE.get(phase, UNDEFINED)

"""The documented values of sstProvisioningReturnValue: their names, their meaning in the original's
words, and which of them an error of ours is. Pure.

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

_MEANINGS: Final = {
    OK: "ok",
    UNDEFINED: "undefined",
    MISSING_PARAMETER: "a configuration parameter is missing",
    RAM_DISK_INVALID: "the RAM disk is not valid",
    RAM_DISK_TOO_SMALL: "the RAM disk is too small",
    CANNOT_SAVE_STATE: "the state cannot be saved",
    CANNOT_WRITE_BACKUP: "the backup location cannot be written",
    CANNOT_COPY_FILE: "a file cannot be copied to the backup",
    CANNOT_COPY_IMAGE: "an image cannot be copied to the backup",
    9: "the XML cannot be copied to the backup",
    10: "the directory entry's file cannot be copied to the backup",
    MERGE_FAILED: "the merge failed",
    CANNOT_REMOVE_IMAGE: "an old image cannot be removed",
    CANNOT_REMOVE_FILE: "an old file cannot be removed",
    CANNOT_CREATE_IMAGE: "an empty image cannot be made",
    CANNOT_RENAME_IMAGE: "an image cannot be renamed",
    NO_BACKEND: "no connection to the directory",
    WRONG_STATE: "wrong state information",
    IMAGE_OWNER: "an image's owner cannot be set",
    20: "an image's permission cannot be set",
    CANNOT_RESTORE: "the machine cannot be restored",
    CANNOT_LOCK: "the machine cannot be locked",
    MACHINE_NOT_FOUND: "the machine is not found",
    24: "the state cannot be copied to retain",
    RETAIN_MISSING: "the retain root is missing",
    BACKUP_ROOT_MISSING: "the backup root is missing",
    CANNOT_CREATE_DIRECTORY: "a folder cannot be made",
    CANNOT_SAVE_XML: "the XML cannot be saved",
    CANNOT_SAVE_ENTRY: "the directory entry cannot be saved",
    30: "a folder's owner cannot be set",
    31: "a folder's permission cannot be set",
    NO_CONFIGURATION: "there is no configuration entry",
    ENTRY_AND_XML_DISAGREE: "directory entry and XML disagree about the disks",
    34: "the tarball failed",
    35: "the protocol is not supported",
    36: "the kind of backend is unknown",
    FILES_MISSING: "necessary files are missing",
    IMAGE_CORRUPT: "an image is corrupt",
    UNSUPPORTED_VALUE: "a configuration value is not supported",
    40: "an image cannot be moved back",
    41: "the machine cannot be defined",
    42: "the machine cannot be started",
    43: "an object is undefined",
    44: "the state cannot be read",
    45: "the XML cannot be read",
    RETAIN_LEFT_OVER: "files are left over in retain",
    NO_SPACE: "not enough disk space",
    48: "the disk space is not known",
}

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


def meaning(code: int) -> str:
    """A return value in words. The original lets libvirt's own error numbers leak into it."""
    return _MEANINGS.get(code, f"unknown, perhaps libvirt error {code}")

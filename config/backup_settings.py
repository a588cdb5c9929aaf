"""Every setting of a backup plan: its attribute, its question, its default, what it may be. Pure.

The attributes are those of sstVirtualizationBackupObjectClass and sstCronObjectClass; the defaults
are those that the original node daemon falls back on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from config.errors import InvalidInput
from config.questions import Given, Kind, Value
from config.showing import quoted
from config.timetable import DAY, HOUR, MINUTE, MONTH, WEEKDAY, FieldRule, parse_field

EXCLUDED = "sstBackupExcludeFromBackup"

ACCOUNT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?|[0-9]{1,10}")
PERMISSION = re.compile(r"0?[0-7]{3}")
"""What a user or group, and a mode, may look like."""
_SEQUENCE = re.compile(r"[0-9]{1,6}: ?[A-Za-z0-9._+-]{1,200}")
_FORMATS = ("qcow2", "raw", "qed", "vdi", "vmdk")

Check = Callable[[Value, Given], None]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `default` is as the directory would write it; several values only in lists."""

    attribute: str
    name: str
    title: str
    kind: Kind
    default: str
    check: Check
    why: str = ""
    several: bool = False

    def to_value(self, texts: tuple[str, ...]) -> Value:
        """What the directory holds, as an answer; raises InvalidInput where it cannot be one."""
        if self.several:
            return texts
        text = texts[0].strip() if texts else self.default
        if self.kind is Kind.YES_NO:
            return text.upper() == "TRUE"
        if self.kind is Kind.NUMBER:
            if not re.fullmatch(r"[0-9]{1,18}", text):
                raise InvalidInput(f"{self.attribute} is {quoted(text)}, no number.", "Correct it.")
            return int(text)
        return text

    def to_texts(self, value: Value) -> tuple[str, ...]:
        """An answer as the directory writes it: TRUE and FALSE, modes without a leading zero."""
        if isinstance(value, tuple):
            return value
        if isinstance(value, bool):
            return ("TRUE" if value else "FALSE",)
        text = str(value).strip()
        if self.check is permission:
            text = text.lstrip("0") or "0"
        return (text,) if text else ()


def folder_url(value: Value, _given: Given) -> None:
    """An absolute folder on the node, as `file:///path`."""
    text = str(value)
    parts = urlsplit(text)
    path = unquote(parts.path)
    right = parts.scheme == "file" and parts.netloc in ("", "localhost") and not parts.query
    plain = str(PurePosixPath(path)) == (path.rstrip("/") or "/") and not path.startswith("//")
    if not right or not path.startswith("/") or not plain or ".." in path.split("/"):
        raise InvalidInput(
            f"{quoted(text)} is not a folder of the node.",
            "Write file:// and the full path, for instance file:///var/backup/virtualization.",
        )


def permission(value: Value, _given: Given) -> None:
    """Three octal digits."""
    if not PERMISSION.fullmatch(str(value)):
        raise InvalidInput(
            f"{quoted(value)} is not a mode.", "Write three octal digits, for instance 660."
        )


def account(value: Value, _given: Given) -> None:
    """The name or number of a user or group."""
    if not ACCOUNT.fullmatch(str(value)):
        raise InvalidInput(f"{quoted(value)} is no user or group.", "Write its name or number.")


def _image_format(value: Value, _given: Given) -> None:
    if value not in _FORMATS:
        raise InvalidInput(
            f"{quoted(value)} is not an image format.", f"Write one of {', '.join(_FORMATS)}."
        )


def _between(first: int, last: int, what: str) -> Check:
    def check(value: Value, _given: Given) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not first <= value <= last:
            raise InvalidInput(f"{quoted(value)} is not {what}.", f"Give {first} to {last}.")

    return check


def _sequence(value: Value, _given: Given) -> None:
    for text in value if isinstance(value, tuple) else (str(value),):
        if not _SEQUENCE.fullmatch(text):
            raise InvalidInput(
                f"{quoted(text)} is not a place in an order.", "Write NUMBER: MACHINE."
            )


def _any_flag(_value: Value, _given: Given) -> None:
    """yes or no is all there is to check, and its kind does that."""


def _cron(rule: FieldRule) -> Check:
    def check(value: Value, _given: Given) -> None:
        parse_field(str(value), rule)

    return check


def _command(value: Value, _given: Given) -> None:
    if len(str(value)) > 1000 or not str(value).isprintable():
        raise InvalidInput(f"{quoted(value)} is not one line of a command.", "Shorten it.")


_TEXT, _NUMBER, _YES_NO = Kind.TEXT, Kind.NUMBER, Kind.YES_NO
_PREFIX = "sstVirtualization"

FOLDERS = (
    Setting(
        "sstBackupRootDirectory", "backup_root", "Backup folder", _TEXT,
        "file:///var/backup/virtualization", folder_url,
        "Where finished backups lie on the node. Backups in the old folder stay where they are and"
        " are no longer found.",
    ),
    Setting(
        "sstBackupRetainDirectory", "retain_root", "Retain folder", _TEXT,
        "file:///var/virtualization/retain", folder_url,
        "Must be on the file system of the live images: then moving an image is a rename.",
    ),
    Setting(
        "sstBackupRamDiskLocation", "ram_disk", "RAM disk for memory states", _TEXT,
        "file:///var/cache/kvmbackup", folder_url,
        "A memory state written here is fast: the machine stands still meanwhile.",
    ),
)  # fmt: skip

IMAGES = (
    Setting(
        f"{_PREFIX}DiskImageFormat", "image_format", "Image format", _TEXT, "qcow2",
        _image_format, "Of the overlays that a backup makes.",
    ),
    Setting(f"{_PREFIX}DiskImageOwner", "image_owner", "Owner of images", _TEXT, "root", account),
    Setting(
        f"{_PREFIX}DiskImageGroup", "image_group", "Group of images", _TEXT, "vm-storage", account
    ),
    Setting(
        f"{_PREFIX}DiskImagePermission", "image_mode", "Mode of images", _TEXT, "660", permission,
        "Octal. Written without a leading zero: the directory refuses 0660.",
    ),
    Setting(
        f"{_PREFIX}DiskImageDirectoryOwner", "folder_owner", "Owner of folders", _TEXT, "root",
        account,
    ),
    Setting(
        f"{_PREFIX}DiskImageDirectoryGroup", "folder_group", "Group of folders", _TEXT,
        "vm-storage", account,
    ),
    Setting(
        f"{_PREFIX}DiskImageDirectoryPermission", "folder_mode", "Mode of folders", _TEXT, "770",
        permission, "Octal.",
    ),
)  # fmt: skip

BEHAVIOUR = (
    Setting(
        "sstBackupNumberOfIterations", "iterations", "Backups to keep", _NUMBER, "1",
        _between(1, 9999, "a number of backups"),
        "The oldest one above this number is removed once a new one is complete.",
    ),
    Setting(
        f"{_PREFIX}BandwidthMerge", "bandwidth", "Limit of a merge in MB/s (0: none)", _NUMBER,
        "0", _between(0, 10**6, "a bandwidth"),
    ),
    Setting(
        f"{_PREFIX}VirtualMachineForceStart", "force_start", "Start a machine that was off",
        _YES_NO, "FALSE", _any_flag, "After a restore, where no memory state brings it back.",
    ),
    Setting(
        "sstRestoreVMWithoutState", "without_state", "Restore without memory state", _YES_NO,
        "FALSE", _any_flag,
    ),
    Setting(
        f"{_PREFIX}VirtualMachineSequenceStop", "stop_order", "Order of stopping", _TEXT, "",
        _sequence, "As NUMBER: MACHINE, separated by commas.", several=True,
    ),
    Setting(
        f"{_PREFIX}VirtualMachineSequenceStart", "start_order", "Order of starting", _TEXT, "",
        _sequence, "As NUMBER: MACHINE, separated by commas.", several=True,
    ),
)  # fmt: skip

TIMETABLE = (
    Setting("sstCronMinute", "minute", "Minute", _TEXT, "0", _cron(MINUTE),
            "0 to 59. The original's broker takes one number only."),
    Setting("sstCronHour", "hour", "Hour", _TEXT, "3", _cron(HOUR),
            "0 to 23, local time of the node. Avoid an hour that a change of the clocks skips."),
    Setting("sstCronDay", "day", "Day of the month", _TEXT, "*", _cron(DAY)),
    Setting("sstCronMonth", "month", "Month", _TEXT, "*", _cron(MONTH)),
    Setting("sstCronDayOfWeek", "weekday", "Day of the week", _TEXT, "*", _cron(WEEKDAY),
            "0 or 7 is Sunday. Where day and weekday are both given, either is enough; the"
            " original's broker wants one of them to be *."),
    Setting("sstCronActive", "active", "Follow this timetable", _YES_NO, "FALSE", _any_flag),
    Setting("sstCronCommand", "noted_command", "Command noted in the directory", _TEXT, "",
            _command, "For the original tools; Rekindle does not run it."),
)  # fmt: skip

PLAN_SETTINGS = (*FOLDERS, *IMAGES, *BEHAVIOUR)
"""The settings of sstVirtualizationBackupObjectClass that are asked; exclusion is its own job."""

SETTINGS = (*PLAN_SETTINGS, *TIMETABLE)

"""What sstProvisioningReturnValue means, in the original's words and numbers. Pure."""

from __future__ import annotations

from typing import Final

_MEANINGS: Final = {
    0: "ok", 1: "undefined", 2: "a configuration parameter is missing",
    3: "the RAM disk is not valid", 4: "the RAM disk is too small",
    5: "the state cannot be saved", 6: "the backup location cannot be written",
    7: "a file cannot be copied to the backup", 8: "an image cannot be copied to the backup",
    9: "the XML cannot be copied to the backup",
    10: "the directory entry's file cannot be copied to the backup", 11: "the merge failed",
    12: "an old image cannot be removed", 13: "an old file cannot be removed",
    15: "an empty image cannot be made", 16: "an image cannot be renamed",
    17: "no connection to the directory", 18: "wrong state information",
    19: "an image's owner cannot be set", 20: "an image's permission cannot be set",
    21: "the machine cannot be restored", 22: "the machine cannot be locked",
    23: "the machine is not found", 24: "the state cannot be copied to retain",
    25: "the retain root is missing", 26: "the backup root is missing",
    27: "a folder cannot be made", 28: "the XML cannot be saved",
    29: "the directory entry cannot be saved", 30: "a folder's owner cannot be set",
    31: "a folder's permission cannot be set", 32: "there is no configuration entry",
    33: "directory entry and XML disagree about the disks", 34: "the tarball failed",
    35: "the protocol is not supported", 36: "the kind of backend is unknown",
    37: "necessary files are missing", 38: "an image is corrupt",
    39: "a configuration value is not supported", 40: "an image cannot be moved back",
    41: "the machine cannot be defined", 42: "the machine cannot be started",
    43: "an object is undefined", 44: "the state cannot be read", 45: "the XML cannot be read",
    46: "files are left over in retain", 47: "not enough disk space",
    48: "the disk space is not known",
}  # fmt: skip


def meaning(code: int) -> str:
    """A return value in words. The original lets libvirt's own error numbers leak into it."""
    return _MEANINGS.get(code, f"unknown, perhaps libvirt error {code}")

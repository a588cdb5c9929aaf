"""The numbers that the engine's database keeps for states and kinds, in words.

A number that no engine known here uses is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HOST_STATUS: Final[Mapping[int, str]] = dict(
    enumerate(
        (
            "Unassigned", "Down", "Maintenance", "Up", "NonResponsive", "Error", "Installing",
            "InstallFailed", "Reboot", "PreparingForMaintenance", "NonOperational",
            "PendingApproval", "Initializing", "Connecting", "InstallingOS", "Kdumping",
        )
    )
)  # fmt: skip
VM_STATUS: Final[Mapping[int, str]] = {
    -1: "Unassigned", 0: "Down", 1: "Up", 2: "PoweringUp", 4: "Paused", 5: "MigratingFrom",
    6: "MigratingTo", 7: "Unknown", 8: "NotResponding", 9: "WaitForLaunch",
    10: "RebootInProgress", 11: "SavingState", 12: "RestoringState", 13: "Suspended",
    14: "ImageIllegal", 15: "ImageLocked", 16: "PoweringDown",
}  # fmt: skip
ORIGIN: Final[Mapping[int, str]] = dict(
    enumerate(
        (
            "RHEV", "VMWARE", "XEN", "OVIRT", "EXTERNAL", "HOSTED_ENGINE",
            "MANAGED_HOSTED_ENGINE", "KVM", "PHYSICAL", "HYPERV", "KUBEVIRT",
        )
    )
)  # fmt: skip
POOL_STATUS: Final[Mapping[int, str]] = dict(
    enumerate(("Uninitialized", "Up", "Maintenance", "NotOperational", "NonResponsive", "Contend"))
)
DOMAIN_STATUS: Final[Mapping[int, str]] = dict(
    enumerate(
        (
            "Unknown", "Uninitialized", "Unattached", "Active", "Inactive", "Locked",
            "Maintenance", "PreparingForMaintenance", "Detaching", "Activating",
        )
    )
)  # fmt: skip
DOMAIN_TYPE: Final[Mapping[int, str]] = dict(
    enumerate(
        (
            "Master", "Data", "ISO", "ImportExport", "Image", "Volume", "Unknown",
            "ManagedBlock", "Unmanaged",
        )
    )
)  # fmt: skip
STORAGE_TYPE: Final[Mapping[int, str]] = {
    1: "NFS", 2: "FCP", 3: "iSCSI", 4: "LOCALFS", 6: "POSIXFS", 7: "GLUSTERFS", 8: "GLANCE",
    9: "CINDER", 10: "MANAGED_BLOCK",
}  # fmt: skip

MAINTENANCE: Final = "Maintenance"
DOWN: Final = "Down"
ENGINE_ORIGINS: Final = frozenset({"HOSTED_ENGINE", "MANAGED_HOSTED_ENGINE"})
NOT_MONITORED: Final = frozenset(
    {
        "Installing", "InstallFailed", "Reboot", "Maintenance", "PendingApproval",
        "InstallingOS", "Down", "Kdumping",
    }
)  # fmt: skip
"""The engine does not ask such a host how it is, so it does not find it gone, nor fences it."""


def word(words: Mapping[int, str], number: str | None) -> str | None:
    """The word for a number out of the database; None where there is none."""
    if number is None:
        return None
    try:
        return words.get(int(number), number)
    except ValueError:
        return number

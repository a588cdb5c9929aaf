"""When a question of the tool is asked, in terms of the answers before it. Pure."""

from __future__ import annotations

from collections.abc import Callable

from config.interviews.hosted_engine.builds import ANSIBLE, CLASSIC
from config.interviews.hosted_engine.stored import STATIC
from config.questions import Given, Value

Condition = Callable[[Given], bool]

NFS_TYPES = ("nfs", "nfs3", "nfs4")
BLOCK_TYPES = ("iscsi", "fc")
MINIMUM_VCPUS = 2
MINIMUM_MEMORY_MB = 4096
MINIMUM_DISK_GB = 25


def holds(name: str, *values: Value | None) -> Condition:
    """The answer is one of these; None: there is none."""
    return lambda given: given.get(name) in values


def filled(name: str) -> Condition:
    """There is an answer, and it is not empty."""
    return lambda given: given.get(name) not in (None, "", ())


def both(*conditions: Condition) -> Condition:
    """All of them hold."""
    return lambda given: all(condition(given) for condition in conditions)


def not_(condition: Condition) -> Condition:
    """It does not hold."""
    return lambda given: not condition(given)


def below(name: str, least: int) -> Condition:
    """The answer is a number under the least the tool takes without a further question."""

    def is_below(given: Given) -> bool:
        value = given.get(name)
        return isinstance(value, int) and not isinstance(value, bool) and value < least

    return is_below


classic = holds("era", CLASSIC)
ansible = holds("era", ANSIBLE)
additional_host = holds("additional_host", True)
first_host = not_(additional_host)
iscsi = holds("storage_type", "iscsi")
gluster = holds("storage_type", "glusterfs")
block = holds("storage_type", *BLOCK_TYPES)
by_path = holds("storage_type", *NFS_TYPES, "glusterfs")


def boots_disk(given: Given) -> bool:
    """The first host's machine starts from an appliance; the last classic build knows no other."""
    return first_host(given) and (given.get("boot") == "disk" or given.get("build") == "2.1")


cloud_init = both(boots_disk, holds("cloud_init", True))
cloud_init_made = both(cloud_init, holds("cloud_init_source", "generate"))
static_network = holds("vm_network", STATIC)
restoring = filled("backup_file")
new_engine = not_(restoring)
boots_media = both(first_host, holds("boot", "cdrom"))
existing_iso = both(cloud_init, holds("cloud_init_source", "existing"))


def needs_media(given: Given) -> bool:
    """A path of an ISO is asked for: to install from, or one with cloud-init's data."""
    return boots_media(given) or existing_iso(given)

"""What one restore will do, as data: the plan's steps all read this. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from config.site import Site
from steps.conflicts import Resolutions
from steps.procedure import Survey
from steps.virtual_machine.backup_plan import Ownership
from steps.virtual_machine.conflict_set import MachineConflicts
from steps.virtual_machine.merged import compare
from steps.virtual_machine.places import SetPlace
from steps.virtual_machine.survey import RestoreSurvey

LDIF = "ldif"
XML = "xml"
STATE = "state"


@dataclass(frozen=True, slots=True)
class DiskMove:
    """One disk's way: from the backup to a staged copy, and from there to its live path.

    The staged copy lies on the live images' file system, so that moving it in is a rename. Sizes
    in bytes; `sha256` is the checksum list's word, empty where the set has none.
    """

    target: str
    image: str
    backup: str
    staged: str
    live: str
    size: int
    allocated: int
    format: str
    virtual_size: int
    sha256: str = ""
    backing: str = ""


@dataclass(frozen=True)
class RestoreJob:
    """Everything the steps of one restore need to know beforehand."""

    site: Site
    node: str
    title: str
    machine_dn: str
    leaf_dn: str
    place: SetPlace
    images: Ownership
    directories: Ownership
    disks: tuple[DiskMove, ...]
    state_size: int
    state_sha256: str
    with_state: bool
    resume: bool
    """Whether the machine runs at the end."""
    entry_known: bool
    domain_known: bool
    shutdown_limit: float
    old_images: str
    small_files: tuple[str, ...]
    """Names (without iteration) of the small files that the set has."""
    resolutions: Resolutions
    survey: Survey

    @cached_property
    def compared(self) -> MachineConflicts:
        """The comparison that was decided on."""
        found = RestoreSurvey.from_json(self.survey)
        return compare(found.sources, found.host, self.with_state)

    @property
    def machine(self) -> str:
        """The machine's name, which is its uuid."""
        return self.place.machine

    @property
    def template(self) -> bool:
        """Whether it is a template: images and entry only, never defined or started."""
        return self.place.storage.is_template

    @cached_property
    def state_backup(self) -> str:
        """The state file in the backup."""
        return self.place.file(f"{self.machine}.{STATE}")

    @cached_property
    def state_copy(self) -> str:
        """The state file's copy in retain: the one that is restored."""
        return self.place.retained(f"{self.machine}.{STATE}")

    @property
    def merged_ldif(self) -> str:
        """The merged directory entries, as they shall be written."""
        return self.place.working("ldif")

    @property
    def restore_xml(self) -> str:
        """The XML to restore with."""
        return self.place.working("xml")

    @property
    def next_boot_xml(self) -> str:
        """The XML to define: what the next cold start takes."""
        return self.place.working("next-boot.xml")

    @property
    def kept_ldif(self) -> str:
        """Today's directory entries: the way back."""
        return self.place.working("today.ldif")

    @property
    def kept_xml(self) -> str:
        """Today's definition: the way back."""
        return self.place.working("today.xml")

"""Where everything of one practice site lies: all below one folder of its own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from config.paths import state_folder

STORAGE = "vm-persistent/0f83f084-8080-413e-b558-b678e504836e"


@dataclass(frozen=True, slots=True)
class Places:
    """The folder of a practice site and what is in it."""

    folder: Path

    @property
    def marker(self) -> Path:
        """Says that the folder is a practice site: only such a folder is ever removed."""
        return self.folder / ".rekindle-practice-site"

    @property
    def hypervisor(self) -> Path:
        """The embedded hypervisor's root."""
        return self.folder / "hypervisor"

    @property
    def directory(self) -> Path:
        """slapd's configuration and database."""
        return self.folder / "directory"

    @property
    def storage(self) -> Path:
        """What /var/virtualization is elsewhere: live images and retain, one file system."""
        return self.folder / "virtualization"

    @property
    def live(self) -> Path:
        """The live images."""
        return self.storage / STORAGE

    @property
    def retain(self) -> Path:
        """The retain root."""
        return self.storage / "retain"

    @property
    def backup(self) -> Path:
        """The backup root."""
        return self.folder / "backup"

    @property
    def site_file(self) -> Path:
        """The site file that `rekindle --site` reads."""
        return self.folder / "site.yaml"

    @property
    def password_file(self) -> Path:
        """The directory's password, 0600; the site file refers to it."""
        return self.folder / "directory-password"

    @property
    def other_password_file(self) -> Path:
        """The password of the account that stands for somebody else, 0600."""
        return self.folder / "other-password"

    @property
    def truth(self) -> Path:
        """What was true at backup time, for scoring. The console password is not in it."""
        return self.folder / "truth.json"

    @property
    def mark(self) -> str:
        """Four letters that tell this site's bridges from another's."""
        return hashlib.sha256(str(self.folder).encode()).hexdigest()[:4]


def default_places(name: str) -> Places:
    """The practice site of a drill, in the state folder."""
    return Places(state_folder() / "practice" / name)

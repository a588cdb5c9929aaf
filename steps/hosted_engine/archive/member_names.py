"""Which members of an archive may be looked into at all, by their names and kinds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from steps.hosted_engine.archive.contents import Contents
from steps.hosted_engine.archive.problems import Problem, shown_name
from steps.hosted_engine.archive.tar_header import Header

_DO_NOT: Final = (
    "Do not restore this archive: engine-backup unpacks it as root. Find out where it comes from."
)
_MAX_NAMES: Final = 200_000


@dataclass(slots=True)
class MemberNames:
    """Remembers the names of one archive; `within` is set for the archive inside the archive."""

    within: str = ""
    _seen: set[str] = field(default_factory=set)
    _links: set[str] = field(default_factory=set)

    def accept(self, header: Header, contents: Contents) -> str:
        """The clean name of a file that may be read, or nothing; what is wrong becomes a problem.

        The engine's own files hold harmless links (a certificate's other name): such a link is
        passed over. One that other members would be written through is a problem.
        """
        name = "/".join(part for part in header.name.split("/") if part not in ("", "."))
        problem = self._wrong(header, name)
        if problem is not None:
            contents.add(problem)
            return ""
        if header.is_link:
            self._links.add(name)
        if header.is_file:
            self._seen.add(name)
        return name if header.is_file and name else ""

    def _wrong(self, header: Header, name: str) -> Problem | None:
        said = f"The member {shown_name(header.name)}{self.within}"
        if header.name.startswith("/") or ".." in header.name.split("/"):
            return Problem("unsafe-member", f"{said} would be written outside.", _DO_NOT)
        if header.is_link and not self._may_be_link(name):
            return Problem("link-member", f"{said} is a link to somewhere else.", _DO_NOT)
        if self._below_link(name):
            return Problem("link-member", f"{said} would be written through a link.", _DO_NOT)
        if not (header.is_link or header.is_file or header.is_folder):
            return Problem(
                "unsafe-member", f"{said} is no file, but a device or the like.", _DO_NOT
            )
        if header.is_file and name in self._seen:
            return Problem("duplicate-member", f"{said} is in the archive twice.", _DO_NOT)
        if len(self._seen) > _MAX_NAMES:
            return Problem("oversized-member", "The archive has too many members.", _DO_NOT)
        return None

    def _may_be_link(self, name: str) -> bool:
        return bool(self.within) or name.startswith("files/")

    def _below_link(self, name: str) -> bool:
        if not self._links:
            return False
        parts = name.split("/")
        return any("/".join(parts[:count]) in self._links for count in range(1, len(parts)))

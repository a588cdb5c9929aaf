"""The list of checksums in an archive, and the checksums of what is really there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from steps.hosted_engine.archive.problems import ArchiveFault, Problem, shown_name

ALGORITHMS: Final = {"md5sum": "md5", "sha256sum": "sha256"}
"""Name of the list in an archive, and what it is made with: sha256 since 4.3.4."""

MAX_BYTES: Final = 32 << 20
_SHOWN: Final = 10


def parse_hash_list(data: bytes, kind: str) -> dict[str, str]:
    """Checksum by name, as md5sum and sha256sum write them. Raises ArchiveFault `hash-unreadable`.

    A line that begins with a backslash has backslashes and line ends in its name escaped.
    """
    digits = hashlib.new(ALGORITHMS[kind], usedforsecurity=False).digest_size * 2
    found = {}
    for number, line in enumerate(data.decode("utf-8", "backslashreplace").splitlines(), start=1):
        escaped = line.startswith("\\")
        digest, blank, name = line.removeprefix("\\")[:digits], *_rest(line, escaped, digits)
        if len(digest) != digits or set(digest) - set("0123456789abcdef") or blank not in _BLANKS:
            raise ArchiveFault("hash-unreadable", f"Line {number} of {kind} is no checksum line.")
        found[_unescaped(name) if escaped else name.removeprefix("./")] = digest
    return found


_BLANKS: Final = ("  ", " *")


def _rest(line: str, escaped: bool, digits: int) -> tuple[str, str]:
    start = digits + escaped
    return line[start : start + 2], line[start + 2 :]


def _unescaped(name: str) -> str:
    return "\\".join(part.replace("\\n", "\n") for part in name.split("\\\\")).removeprefix("./")


class Checksums:
    """Sums up every member in the pass that reads it; the list may come before or after."""

    def __init__(self) -> None:
        self.kind: str | None = None
        self._listed: Mapping[str, str] = {}
        self._found: dict[str, dict[str, str]] = {}

    def set_list(self, kind: str, listed: Mapping[str, str]) -> None:
        """What the archive says."""
        self.kind, self._listed = kind, listed

    def summed(self, name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The same pieces; once they are all read, the member's checksum is known."""
        wanted = [self.kind] if self.kind else list(ALGORITHMS)
        sums = {kind: hashlib.new(ALGORITHMS[kind], usedforsecurity=False) for kind in wanted}
        for piece in pieces:
            for each in sums.values():
                each.update(piece)
            yield piece
        self._found[name] = {kind: each.hexdigest() for kind, each in sums.items()}

    def problems(self, *, whole: bool) -> Iterator[Problem]:
        """What does not agree; `whole` says that the archive was read to its end."""
        if self.kind is None:
            if whole:
                yield Problem(
                    "hash-missing",
                    "The archive has no checksum list (md5sum or sha256sum).",
                    "engine-backup will refuse it. Use another archive.",
                )
            return
        wrong = [n for n, sums in self._found.items() if self._differs(n, sums)]
        yield from _each("hash-mismatch", wrong, "does not match its checksum: it is damaged.")
        if whole:
            gone = [name for name in self._listed if name not in self._found]
            yield from _each("hash-missing-member", gone, "is in the checksum list, and missing.")
        extra = [name for name in self._found if name not in self._listed]
        yield from _each(
            "hash-unlisted-member",
            extra,
            "is not in the checksum list: engine-backup did not put it there.",
            "Find out who changed the archive before you rely on it.",
        )

    def _differs(self, name: str, sums: Mapping[str, str]) -> bool:
        assert self.kind is not None
        return name in self._listed and self._listed[name] != sums.get(self.kind)


def _each(
    code: str, names: list[str], said: str, remedy: str = "Use another copy, or an older archive."
) -> Iterator[Problem]:
    for name in names[:_SHOWN]:
        yield Problem(code, f"The member {shown_name(name)} {said}", remedy)
    if len(names) > _SHOWN:
        yield Problem(code, f"So do {len(names) - _SHOWN} more members.", remedy)

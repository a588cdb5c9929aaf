"""Every file below one folder of a node, by one command: hundreds of machines in one answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from config.errors import StepFailed
from steps.targets.shell import OUTPUT_LIMIT, Shell

_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file: its path below the folder it was looked for in, bytes by length and on disk."""

    path: str
    size: int
    allocated: int
    modified: float

    @property
    def parts(self) -> tuple[str, ...]:
        """The path's components."""
        return tuple(self.path.split("/"))


def find_files(shell: Shell, folder: str, depth: int) -> tuple[FoundFile, ...]:
    """Every regular file at most `depth` levels below the folder; none where it is not there.

    Raises StepFailed where the listing is longer than can be read, or find fails.
    """
    if shell.status(folder) is None:
        return ()
    command = [
        "find", folder, "-mindepth", "1", "-maxdepth", str(depth), "-type", "f",
        "-printf", r"%s\t%b\t%T@\t%P\0",
    ]  # fmt: skip
    found = shell.run(command, timeout=_SECONDS)
    if len(found.out.encode("utf-8", "replace")) >= OUTPUT_LIMIT:
        raise StepFailed(
            f"There are more files below {folder} on {shell.where} than can be listed.",
            "Look there by hand.",
        )
    return tuple(parse_listing(found.out))


def parse_listing(text: str) -> Iterator[FoundFile]:
    """What find printed; what is no record of it is left out."""
    for record in text.split("\0"):
        fields = record.split("\t", 3)
        if len(fields) != 4 or not fields[3]:
            continue
        size, blocks, modified, path = fields
        try:
            yield FoundFile(path, int(size), int(blocks) * 512, float(modified))
        except ValueError:
            continue

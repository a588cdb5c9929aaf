"""Small files of a backup set or a retain folder: read whole, compared byte by byte."""

from __future__ import annotations

from config.errors import StepFailed
from steps.targets.shell import Shell

_SMALL = 8 << 20


def same_content(shell: Shell, one: str, other: str) -> bool:
    """Whether two small files hold the same bytes; False where one is missing."""
    if shell.status(one) is None or shell.status(other) is None:
        return False
    return shell.read(one, limit=_SMALL) == shell.read(other, limit=_SMALL)


def read_small(shell: Shell, path: str) -> bytes:
    """A small file whole; raises StepFailed where it is larger than any of its kind."""
    data = shell.read(path, limit=_SMALL + 1)
    if len(data) > _SMALL:
        raise StepFailed(
            f"{path} is larger than {_SMALL} bytes: it is not the file it should be.",
            "Look at it by hand.",
        )
    return data

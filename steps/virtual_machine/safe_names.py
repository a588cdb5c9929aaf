"""Names and paths that cannot leave their folder. Pure."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from config.errors import InvalidInput

_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+:@ -]{0,199}")


def is_safe_name(name: str) -> bool:
    """Whether a name is safe as one path component."""
    return bool(_SAFE_NAME.fullmatch(name))


def safe_name(name: str, what: str) -> str:
    """The name itself where it is safe as one path component; raises InvalidInput."""
    if not is_safe_name(name):
        raise InvalidInput(
            f"{name!r} cannot be the name of the {what}: it could leave its folder.",
            "Names are letters, digits and . _ + : @ - only.",
        )
    return name


def safe_path(path: str, what: str) -> str:
    """An absolute path without `..`, doubled slashes or control characters; else InvalidInput."""
    plain = str(PurePosixPath(path))
    sound = path.startswith("/") and not path.startswith("//") and path.isprintable()
    if not sound or ".." in PurePosixPath(path).parts or plain != path.rstrip("/"):
        raise InvalidInput(
            f"{path!r} cannot be the {what}: it must be an absolute path without '..'.",
            "Correct it where it stands (directory entry, backup plan or site file).",
        )
    return plain

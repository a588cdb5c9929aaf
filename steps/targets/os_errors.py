"""The operating system's errors in ours."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from config.errors import InvalidInput, Refused, RekindleError, StepFailed, Unreachable

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})

_BAD_INPUT = frozenset(
    {
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.ELOOP,
        errno.EINVAL,
        errno.ENXIO,
    }
)
_CORRECTION = {
    errno.ENOENT: "See that it is there, and its folder; or correct the path.",
    errno.ENOTDIR: "Something on its way is no folder: correct the path.",
    errno.EISDIR: "It is a folder: name a file.",
}
_REFUSED = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.EXDEV, errno.EBUSY, errno.ETXTBSY})
_AWAY = frozenset({errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EHOSTDOWN})


def explained(error: OSError, doing: str) -> RekindleError:
    """Our error for what the system said while `doing` something to a path, named in `doing`."""
    said = f"{doing}: {error.strerror or error}."
    if error.errno in NO_SPACE:
        return NoSpaceLeft(said, "Free some space there and try again.")
    if error.errno in _BAD_INPUT:
        return InvalidInput(said, _CORRECTION.get(error.errno, "Correct the path."))
    if error.errno in _REFUSED:
        return Refused(said)
    if error.errno in _AWAY:
        return Unreachable(said, "Look at the file system or server it is on.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StepFailed(said, "Run it as a user who may do that, usually root.")
    return StepFailed(said)


class NoSpaceLeft(StepFailed):
    """A file system, or the operator's share of it, is full."""


@contextmanager
def explaining(doing: str) -> Iterator[None]:
    """Turn every OSError inside into our error."""
    try:
        yield
    except OSError as error:
        raise explained(error, doing) from error

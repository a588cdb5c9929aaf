"""The one way a command line or a path is made safe, for this host and for others."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from config.errors import InvalidInput


def command_line(command: Sequence[str]) -> str:
    """The command as one line of POSIX shell in which every argument stands for itself.

    Raises InvalidInput for an empty command or an argument with a NUL, which no program can get.
    """
    if not command:
        raise InvalidInput("The command is empty.")
    for argument in command:
        if "\0" in argument:
            raise InvalidInput(f"The argument {argument!r} holds a NUL character.")
    return shlex.join(command)


def checked_path(path: str) -> str:
    """The path itself, once it is safe to use: absolute, without NUL and without `..` parts.

    A name with `..` in it (`disk..1`) is fine; a part that is exactly `..` would leave the
    directory that whoever built the path had in mind.
    """
    if "\0" in path:
        raise InvalidInput(f"The path {path!r} holds a NUL character.")
    if not path.startswith("/"):
        raise InvalidInput(f"The path {path!r} is not absolute.", "Give it from / on.")
    if ".." in path.split("/"):
        raise InvalidInput(f"The path {path!r} has a '..' part.", "Give it without '..'.")
    return path

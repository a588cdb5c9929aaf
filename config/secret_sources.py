"""Reading a reference to a secret, and getting the secret it refers to.

A reference is `prompt`, `file:/PATH`, `environment:NAME` or `keyring:SERVICE/USER`. No message
here ever shows a text that may be the secret itself.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable

from config.errors import InvalidInput, Refused, RekindleError, Unreachable
from config.secrets import Secret, SecretReference

PROMPT = SecretReference("prompt")
"""The operator types it."""

FORMS = "prompt, file:/PATH, environment:NAME or keyring:SERVICE/USER"

_MAX_BYTES = 16 << 10
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_taken: dict[str, Secret] = {}
"""Secrets that were taken out of the environment, by variable."""


def parse_reference(text: str) -> SecretReference:
    """Read a reference; raises InvalidInput without repeating the text (it may be a password)."""
    source, colon, place = text.partition(":")
    if text == PROMPT.source:
        return PROMPT
    if not colon or source not in _PLACES or not place.isprintable():
        raise InvalidInput(
            "This is not a reference to a secret (the text is not shown: it may be the secret).",
            f"Write where the secret is, never the secret: {FORMS}.",
        )
    _PLACES[source](place)
    return SecretReference(source, place)


def resolve(
    reference: SecretReference, ask: Callable[[str], Secret], title: str = "Password"
) -> Secret:
    """Get the secret; `ask` is called with the title where it must be typed.

    Raises InvalidInput (not there), Refused (readable by others) or Unreachable (no keyring).
    """
    match reference.source:
        case "prompt":
            return ask(title)
        case "file":
            return _from_file(reference.place)
        case "environment":
            return _from_environment(reference.place)
        case "keyring":
            return _from_keyring(*reference.place.split("/", 1))
    raise InvalidInput(f"{reference.source!r} is not a source of secrets.", f"Use {FORMS}.")


def _check_file(place: str) -> None:
    if not os.path.isabs(place):
        raise InvalidInput(f"file:{place} is not an absolute path.", "Write file:/PATH.")


def _check_environment(place: str) -> None:
    if not _NAME.fullmatch(place):
        raise InvalidInput("This is not the name of an environment variable.", f"Use {FORMS}.")


def _check_keyring(place: str) -> None:
    service, _, user = place.partition("/")
    if not service or not user:
        raise InvalidInput(
            f"keyring:{place} does not name service and user.", "Write keyring:SERVICE/USER."
        )


_PLACES: dict[str, Callable[[str], None]] = {
    "file": _check_file,
    "environment": _check_environment,
    "keyring": _check_keyring,
}


def _from_file(path: str) -> Secret:
    try:
        # Not blocking: a FIFO in its place must not hang the wizard.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise InvalidInput(
            f"The secret file {path} cannot be read: {error.strerror}.",
            "Check the path, and that you may read it.",
        ) from error
    try:
        _check_private(path, os.fstat(handle))
        content = os.read(handle, _MAX_BYTES)
    finally:
        os.close(handle)
    return _first_line(content, f"The secret file {path}")


def _check_private(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInput(f"The secret file {path} is not a regular file.", "Name a file.")
    if status.st_uid not in (0, os.geteuid()):
        raise Refused(
            f"The secret file {path} belongs to somebody else (user id {status.st_uid}).",
            f"As root: chown {os.geteuid()} {path}.",
        )
    if status.st_mode & 0o077:
        raise Refused(
            f"The secret file {path} can be read by others (mode {status.st_mode & 0o777:04o}).",
            f"Run: chmod 600 {path}; and change the password if others may have seen it.",
        )


def _first_line(content: bytes, what: str) -> Secret:
    line = content.split(b"\n", 1)[0].removesuffix(b"\r")
    if not line or len(line) == _MAX_BYTES or b"\0" in line:
        raise InvalidInput(
            f"{what} does not begin with a line of text.", "Put the secret in its first line."
        )
    try:
        return Secret(line.decode("utf-8"))
    except UnicodeDecodeError:
        # From None: the decoder's own message quotes bytes of the secret.
        raise InvalidInput(f"{what} is not UTF-8 text.", "Save the secret as UTF-8.") from None


def _from_environment(name: str) -> Secret:
    # Taken out, so that no program started from here inherits it.
    text = os.environ.pop(name, "")
    if text:
        _taken[name] = Secret(text)
    if name not in _taken:
        raise InvalidInput(
            f"The environment variable {name} is not set.",
            "Set it before you start rekindle, or refer to a file.",
        )
    return _taken[name]


def _from_keyring(service: str, user: str) -> Secret:
    import keyring
    import keyring.errors

    try:
        text = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise _no_keyring(str(error)) from error
    if not text:
        raise InvalidInput(
            f"The keyring holds nothing for {user} at {service}.",
            f"Store it: keyring set {service} {user}",
        )
    return Secret(text)


def _no_keyring(reason: str) -> RekindleError:
    return Unreachable(
        f"No keyring can be used here: {reason}",
        "Unlock it in this session, or refer to a file: file:/PATH.",
    )

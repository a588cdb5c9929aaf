"""What the engine's client library raises, in our errors. Nothing of the library gets out."""

from __future__ import annotations

import re
from typing import Final

import ovirtsdk4
import pycurl

from config.errors import InvalidInput, Refused, RekindleError, Unreachable

ERRORS: Final = (
    ovirtsdk4.Error, pycurl.error, OSError, ValueError, TypeError, AttributeError, LookupError,
    RuntimeError, SystemError,
)  # fmt: skip
"""All that a call may raise: the library stumbles over answers that are none of an engine's."""


def is_library(error: Exception) -> bool:
    """Whether it comes from the library. Its XML reader, in C, raises Exception itself."""
    return isinstance(error, ERRORS) or type(error) is Exception


_CURL: Final = re.compile(r"[(, ](\d{1,2}), ['\"](.{0,300}?)['\"]\)")
_TIMED_OUT: Final = 28
_TLS: Final = frozenset({51, 58, 59, 60, 77, 83, 90, 91})
_NOT_READY: Final = frozenset({500, 502, 503, 504})


class NotThere(InvalidInput):
    """The engine has no such object."""


class Untrusted(Refused):
    """TLS did not hold while a call was made."""


class NotUnderstood(Unreachable):
    """Something answered that is no API: a web page, or an engine that is only starting."""


def translated(error: Exception, origin: str, doing: str) -> RekindleError:
    """Our error for what happened while `doing` something, as an operator would say it."""
    fault = getattr(error, "fault", None)
    code = getattr(error, "code", None)
    if isinstance(error, ovirtsdk4.AuthError):
        return _denied(error, origin, doing, code)
    if isinstance(error, ovirtsdk4.NotFoundError) or code == 404:
        return NotThere(
            f"The engine {origin} has nothing like that for {doing}: {_words(fault, error)}.",
            "Look again what is there; somebody may have removed it.",
        )
    if isinstance(code, int) and code in _NOT_READY:
        return Unreachable(
            f"The engine {origin} answered {code} to {doing}: {_words(fault, error)}.",
            "It may be starting or overloaded: look at its health page, then try again.",
        )
    if fault is not None or isinstance(code, int):
        return Refused(
            f"The engine {origin} refuses {doing}: {_words(fault, error)}.",
            "Nothing was changed. Put right what it says, then try again.",
        )
    return _transport(error, origin, doing)


def _denied(error: Exception, origin: str, doing: str, code: int | None) -> Refused:
    if code == 403:
        return Refused(
            f"The engine {origin} does not allow this account {doing}.",
            "Use an account with the role SuperUser.",
        )
    return Refused(
        f"The engine {origin} does not let this account in: {_line(str(error))}.",
        "Check user and password. The user goes with its profile: admin@internal, or with Keycloak "
        "admin@ovirt@internalsso. After a restore the password of the backup's day applies. After "
        "many tries the account may be locked.",
    )


def _transport(error: Exception, origin: str, doing: str) -> RekindleError:
    code, said = _curl_code(error)
    if code in _TLS:
        return Untrusted(
            f"The certificate of {origin} does not hold: {said}.",
            "Use the name the certificate is made for, and the CA that signed it.",
        )
    if code == _TIMED_OUT or isinstance(error, ovirtsdk4.TimeoutError):
        return late(origin, doing)
    if code is not None or isinstance(error, ovirtsdk4.ConnectionError | OSError):
        return Unreachable(
            f"The engine {origin} does not answer to {doing}: {said or _line(str(error))}.",
            "Look whether its machine and its web server run.",
        )
    return NotUnderstood(
        f"What answers at {origin} to {doing} is not an engine's API: {_line(str(error))}.",
        "It may still be starting, or another program or a proxy answers there.",
    )


def late(origin: str, doing: str) -> Unreachable:
    """Nobody knows whether it was done."""
    return Unreachable(
        f"The engine {origin} did not answer in time to {doing}.",
        "Whether it was done is not known: look before it is tried again.",
    )


def _curl_code(error: Exception) -> tuple[int | None, str]:
    """curl's number and words: the library hands them on as text, or not at all."""
    if isinstance(error, pycurl.error) and len(error.args) > 1:
        return int(error.args[0]), _line(str(error.args[1]))
    found = _CURL.search(str(error)[:2000])
    return (int(found[1]), _line(found[2])) if found else (None, "")


def _words(fault: object, error: Exception) -> str:
    """The engine's own words: the detail says more than the reason."""
    detail, reason = getattr(fault, "detail", None), getattr(fault, "reason", None)
    return _line(str(detail or reason or error)).strip("[]").rstrip(".")


def _line(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text[:1000])
    return " ".join(shown.split())[:400].rstrip(".")

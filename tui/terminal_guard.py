"""Whether this terminal can show the full screen, asked before Textual is loaded.

Without a terminal Textual hangs, on TERM=dumb it paints anyway, and outside UTF-8 its layout falls
apart; so such terminals get the plain line mode.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Protocol

PLAIN_TERMINALS = ("", "dumb", "unknown", "emacs", "network", "dialup", "ansi-mono", "cons25")
"""Values of TERM without a full screen; every `vt52`, `vt100` ... counts as well."""


class Stream(Protocol):
    """The part of a text stream that is looked at."""

    @property
    def encoding(self) -> str | None:
        """Its character encoding, for instance utf-8."""

    def isatty(self) -> bool:
        """Whether it is a terminal."""


def plain_reason(
    environment: Mapping[str, str] | None = None,
    stdin: Stream | None = None,
    stdout: Stream | None = None,
) -> str:
    """Why only plain lines will do, or empty text where the full screen works."""
    environment = os.environ if environment is None else environment
    stdin = stdin or sys.stdin
    stdout = stdout or sys.stdout
    if not _is_terminal(stdin) or not _is_terminal(stdout):
        return "input or output is not a terminal"
    term = environment.get("TERM", "").lower()
    if term in PLAIN_TERMINALS or term.startswith("vt"):
        return f"TERM={term or '(unset)'} cannot show a full screen"
    if not _is_utf8(stdout.encoding or "") or not _utf8_locale(environment):
        return "the locale is not UTF-8"
    return ""


def _is_terminal(stream: Stream | None) -> bool:
    # Python sets a standard stream to None where its descriptor was closed.
    return stream is not None and stream.isatty()


def _is_utf8(name: str) -> bool:
    return "utf8" in name.lower().replace("-", "")


def _utf8_locale(environment: Mapping[str, str]) -> bool:
    """Whether the operator's own locale is UTF-8; one that is not set at all counts as UTF-8.

    Python replaces a C locale by C.UTF-8 in LC_CTYPE of its own environment (PEP 538), so LANG=C
    beside that value still means that the operator's terminal is not known to be UTF-8.
    """
    everything, characters = environment.get("LC_ALL", ""), environment.get("LC_CTYPE", "")
    language = environment.get("LANG", "")
    if not everything and characters == "C.UTF-8" and language in ("C", "POSIX"):
        return False
    effective = everything or characters or language
    return not effective or _is_utf8(effective)

"""An engine's pages that need no account: fetched with a limit on time, size and redirects."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from config.errors import Unreachable
from steps.targets.engine_facts import Health, Page
from steps.targets.time_limit import within

SECONDS: Final = 15.0
LARGEST: Final = 1 << 20
_REDIRECTS: Final = 3
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_FAILURES: Final = (OSError, http.client.HTTPException, ValueError)
HEALTH: Final = "/ovirt-engine/services/health"
_HEALTHY: Final = "DB Up!"


@dataclass(frozen=True, slots=True)
class Answer:
    """One page: the status, the media type and the text, cut off at LARGEST bytes."""

    status: int
    media: str
    body: bytes
    url: str

    @property
    def said(self) -> str:
        """The beginning of the text, on one line."""
        text = "".join(
            c if c.isprintable() else " " for c in self.body[:500].decode("utf-8", "replace")
        )
        return " ".join(text.split())[:160]


def unverified() -> ssl.SSLContext:
    """For what is shown to the operator before it is trusted; nothing secret goes this way."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def fetch(url: str, context: ssl.SSLContext, seconds: float = SECONDS) -> Answer:
    """GET one page; redirects are followed on the same host, over TLS.

    Raises Unreachable where nothing answers in time, ssl.SSLCertVerificationError as it comes.
    """
    place = urlsplit(url).netloc
    try:
        return within(seconds, lambda: _follow(url, context, seconds), _FAILURES)
    except ssl.SSLCertVerificationError:
        raise
    except TimeoutError:
        raise Unreachable(
            f"The engine {place} did not answer in {seconds:g} s.",
            "Look whether its machine and its web server run.",
        ) from None
    except _FAILURES as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Unreachable(
            f"The engine {place} does not answer: {reason}.",
            "Look whether its machine and its web server run.",
        ) from error


def _follow(url: str, context: ssl.SSLContext, seconds: float) -> Answer:
    for _ in range(_REDIRECTS + 1):
        answer, target = _get(url, context, seconds)
        if answer.status not in _MOVED or not target:
            return answer
        there = urljoin(url, target)
        if urlsplit(there).scheme != "https" or urlsplit(there).hostname != urlsplit(url).hostname:
            raise ValueError(f"it sends elsewhere, to {there[:200]!r}")
        url = there
    raise ValueError(f"it sends in circles, last to {url[:200]!r}")


def _get(url: str, context: ssl.SSLContext, seconds: float) -> tuple[Answer, str]:
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(
        parts.hostname or "", parts.port or 443, timeout=seconds, context=context
    )
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path or "/", headers={"Accept": "*/*"})
        found = connection.getresponse()
        media = found.headers.get_content_type()
        answer = Answer(found.status, media, found.read(LARGEST), url)
        return answer, found.headers.get("Location", "")
    finally:
        connection.close()


def look_at_health(origin: str, context: ssl.SSLContext, seconds: float = SECONDS) -> Health:
    """What the health page says. Raises only ssl.SSLCertVerificationError."""
    try:
        answer = fetch(origin + HEALTH, context, seconds)
    except Unreachable as error:
        return Health(Page.AWAY, error.message)
    seen = f"{origin}{HEALTH} answers {answer.status}: {answer.said or 'nothing'!r}"
    if answer.status == 200 and _HEALTHY.encode() in answer.body:
        return Health(Page.UP, seen)
    return Health(Page.SICK if answer.status == 500 else Page.STARTING, seen)

"""One connection to an engine: trusted, logged in, with a limit on every call, opened again."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

import ovirtsdk4

from config.errors import InvalidInput, Refused, RekindleError
from config.secrets import Secret
from config.site import EngineAccess
from steps.targets.engine_ca import distrusted, distrusted_now, trusted_ca, trusted_context
from steps.targets.engine_facts import Health, Page
from steps.targets.engine_faults import (
    ERRORS,
    NotUnderstood,
    Untrusted,
    is_library,
    late,
    translated,
)
from steps.targets.engine_pages import SECONDS, fetch, look_at_health
from steps.targets.time_limit import within

API: Final = "/ovirt-engine/api"
CALL_SECONDS: Final = 60
"""How long the engine may take for one answer: removing a host waits for its lock a minute."""
_SPARE_SECONDS: Final = 10.0

_Result = TypeVar("_Result")


class OvirtConnection:
    """Thread safe: one call is made after another. A broken connection is opened anew."""

    def __init__(
        self, access: EngineAccess, password: Secret | None, seconds: int = CALL_SECONDS
    ) -> None:
        self.access = access
        self._password = password
        self._seconds = seconds
        self._open: ovirtsdk4.Connection | None = None
        self._lock = threading.RLock()

    def call(self, doing: str, action: Callable[[Any], _Result]) -> _Result:
        """What `action` returns, called with the API's root service. Raises our errors only."""
        with self._lock:
            connection = self._connected()
            # The library knows no limit for its log-in, so this one stands around the call.
            limit = self._seconds + _SPARE_SECONDS
            try:
                return within(limit, lambda: action(connection.system_service()), (Exception,))
            except TimeoutError:
                self._open = None  # not closed: whoever is still waiting in it holds its lock
                raise late(self.access.url, doing) from None
            except Exception as error:
                # The libraries below have no common root; what is none of theirs goes on.
                if not is_library(error):
                    raise
                raise self._explained(error, doing) from error

    def health(self) -> Health:
        """The health page; verified where a CA is trusted already. Raises Refused as for a call."""
        context = trusted_context(self.access)
        try:
            return look_at_health(self.access.url, context, self._page_seconds)
        except ssl.SSLCertVerificationError as error:
            raise distrusted(self.access, error, self._page_seconds) from error

    def close(self) -> None:
        """Log out; an engine that is away by then does not matter."""
        with self._lock:
            self._drop(logout=True)

    def _connected(self) -> ovirtsdk4.Connection:
        if self._open is None:
            if self._password is None:
                raise InvalidInput(
                    f"There is no password for {self.access.user} at {self.access.url}.",
                    "Add `password:` below `engine:` in the site file.",
                )
            file = trusted_ca(self.access, self._page_seconds)
            self._open = ovirtsdk4.Connection(
                url=self.access.url + API,
                username=self.access.user,
                password=self._password.reveal(),
                ca_file=str(file),
                timeout=self._seconds,
            )
        return self._open

    @property
    def _page_seconds(self) -> float:
        return min(SECONDS, self._seconds)

    def _explained(self, error: Exception, doing: str) -> RekindleError:
        found = translated(error, self.access.url, doing)
        if getattr(error, "code", None) is None:
            # A failure below HTTP leaves the library with a request that it never forgets.
            self._drop(logout=False)
        if isinstance(found, Untrusted):
            return distrusted_now(self.access, self._page_seconds) or found
        if isinstance(found, NotUnderstood):
            return self._not_an_api(found)
        return found

    def _not_an_api(self, found: NotUnderstood) -> RekindleError:
        """Say what the health page says; an engine without single sign-on is of the 3.x age."""
        health = self.health()
        if health.page is Page.UP and self._is_old():
            return Refused(
                f"The engine {self.access.url} is of version 3.x: it has no API of version 4.",
                "Do it in the administration portal; Rekindle speaks with 4.0 and later.",
            )
        return NotUnderstood(f"{found.message} {health.seen}.", found.remedy)

    def _is_old(self) -> bool:
        context = trusted_context(self.access)
        login = fetch(self.access.url + "/ovirt-engine/sso/", context, self._page_seconds)
        old_api = fetch(self.access.url + "/api", context, self._page_seconds)
        return login.status == 404 and old_api.status in (200, 401)

    def _drop(self, *, logout: bool) -> None:
        connection, self._open = self._open, None
        if connection is not None:
            with contextlib.suppress(TimeoutError, *ERRORS):
                within(_SPARE_SECONDS, lambda: connection.close(logout=logout), ERRORS)

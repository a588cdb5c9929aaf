"""One LDAP connection: opened late, bound, verified, opened again when the server dropped it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import ldap
from ldap.ldapobject import SimpleLDAPObject

from config.errors import InvalidInput, Refused, RekindleError, Unreachable
from config.secrets import Secret
from config.site import DirectoryAccess
from steps.targets.time_limit import within

NETWORK_SECONDS = 5
"""How long a connection may take to come up."""
CONNECT_SECONDS = 20
"""How long connecting may take with TLS and bind."""
OPERATION_SECONDS = 15
"""How long the server may take for one answer."""
_IDLE_SECONDS = 2.0

_GONE = (ldap.SERVER_DOWN, ldap.CONNECT_ERROR, ldap.TIMEOUT, ldap.UNAVAILABLE)
_DENIED = (
    ldap.INSUFFICIENT_ACCESS,
    ldap.INVALID_CREDENTIALS,
    ldap.INAPPROPRIATE_AUTH,
    ldap.STRONG_AUTH_REQUIRED,
    ldap.CONFIDENTIALITY_REQUIRED,
)
_LIMITS = (ldap.SIZELIMIT_EXCEEDED, ldap.TIMELIMIT_EXCEEDED, ldap.ADMINLIMIT_EXCEEDED)
_BUSY = (ldap.BUSY, ldap.UNWILLING_TO_PERFORM, ldap.REFERRAL)

_Result = TypeVar("_Result")


class AnswerLost(Exception):
    """The connection broke after a change was sent: nobody knows yet whether it was made."""


class LdapConnection:
    """A bound connection to one server. Reads heal a dropped connection, writes never repeat.

    Thread safe: one call is made after another, because a lost connection is opened again.
    """

    def __init__(
        self, access: DirectoryAccess, password: Secret | None, kind: Any = SimpleLDAPObject
    ) -> None:
        """`kind` is the library's class, for whoever needs more than plain requests."""
        self.access = access
        self._password = password
        self._kind = kind
        self._open: Any = None
        self._last_used = 0.0
        self._lock = threading.RLock()

    def read(self, doing: str, action: Callable[[Any], _Result]) -> _Result:
        """Call `action` with the connection; once more on a new one if the old one was dropped."""
        with self._lock:
            fresh = self._open is None
            try:
                return self._used(action(self._connected()))
            except _GONE as error:
                self.close()
                if fresh or isinstance(error, ldap.TIMEOUT):
                    raise translated(error, self.access, doing) from None
            except ldap.LDAPError as error:
                raise translated(error, self.access, doing) from None
            return self.read(doing, action)

    def write(self, action: Callable[[Any], object]) -> None:
        """Send one change. Raises AnswerLost where its fate is unknown, LDAPError as answered."""
        with self._lock:
            if self._open is not None and time.monotonic() - self._last_used > _IDLE_SECONDS:
                self.read("looking whether the directory answers", _ping)
            connection = self._connected()
            try:
                self._used(action(connection))
            except _GONE as error:
                self.close()
                raise AnswerLost(_words(error)) from None

    def close(self) -> None:
        """Unbind. A connection that is already broken is simply forgotten."""
        with self._lock:
            connection, self._open = self._open, None
            if connection is not None:
                # Unbinding is a courtesy to the server; a dead one needs none.
                with suppress(ldap.LDAPError):
                    connection.unbind_ext_s()

    def _used(self, result: _Result) -> _Result:
        self._last_used = time.monotonic()
        return result

    def _connected(self) -> Any:
        if self._open is None:
            self._open = self._bound_in_time()
        return self._open

    def _bound_in_time(self) -> Any:
        """The library's own limits do not cover the handshake of ldaps."""
        try:
            return within(CONNECT_SECONDS, self._bound, (RekindleError,))
        except TimeoutError:
            raise _gone(
                self.access, "connecting", f"nothing in {CONNECT_SECONDS} seconds"
            ) from None

    def _bound(self) -> Any:
        try:
            connection = self._kind(self.access.url)
            _set_options(connection, self.access)
            if self.access.start_tls:
                connection.start_tls_s()
            self._bind(connection)
        except ldap.LDAPError as error:
            raise translated(error, self.access, "connecting") from None
        return connection

    def _bind(self, connection: Any) -> None:
        password = self._password.reveal() if self._password else ""
        if self.access.bind_dn and not password:
            raise InvalidInput(
                f"There is no password for {self.access.bind_dn}.",
                "Give the site's directory a password reference. Servers take an empty password "
                "for an anonymous visitor, so it is never sent.",
            )
        connection.simple_bind_s(self.access.bind_dn, password)


def translated(error: ldap.LDAPError, access: DirectoryAccess, doing: str) -> RekindleError:
    """The library's error as ours, with the server's own words."""
    words, url = _words(error), access.url
    if isinstance(error, _GONE):
        return _gone(access, doing, words)
    if isinstance(error, _DENIED):
        return Refused(
            f"The directory {url} does not allow it ({doing}): {words}.",
            "Check bind_dn and password of the site's directory, and the server's access rules.",
        )
    if isinstance(error, _LIMITS):
        return Refused(
            f"The directory {url} did not hand over everything ({doing}): {words}.",
            "Raise the server's size and time limits for this bind DN: half an answer is none.",
        )
    if isinstance(error, _BUSY):
        return Refused(f"The directory {url} would not do it ({doing}): {words}.", "")
    return InvalidInput(
        f"The directory {url} did not accept it ({doing}): {words}.",
        "Nothing was changed. Correct the value it names.",
    )


def _gone(access: DirectoryAccess, doing: str, words: str) -> Unreachable:
    remedy = "Check that the server runs, and that address, port and firewall are right."
    if _speaks_tls(access):
        # libldap often hides why a handshake failed, so this is said whenever TLS is on.
        remedy += " Check its certificate too: the name in it, its dates, and the site's ca_file."
    return Unreachable(f"The directory {access.url} does not answer ({doing}): {words}.", remedy)


def _words(error: ldap.LDAPError) -> str:
    """What server and library said, in one line: description and diagnostic message."""
    told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    parts = [str(told[key]).strip() for key in ("desc", "info") if told.get(key)]
    return ": ".join(dict.fromkeys(parts)) or type(error).__name__


def _ping(connection: Any) -> None:
    try:
        connection.search_ext_s("", ldap.SCOPE_BASE, "(objectClass=*)", ["1.1"])
    except (ldap.NO_SUCH_OBJECT, ldap.INSUFFICIENT_ACCESS):
        # A server that hides its root entry has answered all the same.
        return


def _set_options(connection: Any, access: DirectoryAccess) -> None:
    connection.protocol_version = ldap.VERSION3
    connection.timeout = OPERATION_SECONDS
    connection.set_option(ldap.OPT_NETWORK_TIMEOUT, NETWORK_SECONDS)
    connection.set_option(ldap.OPT_TIMEOUT, OPERATION_SECONDS)
    connection.set_option(ldap.OPT_REFERRALS, 0)
    if _speaks_tls(access):
        _demand_certificate(connection, access)


def _speaks_tls(access: DirectoryAccess) -> bool:
    return access.start_tls or access.url.lower().startswith("ldaps:")


def _demand_certificate(connection: Any, access: DirectoryAccess) -> None:
    if access.ca_file is not None and not access.ca_file.is_file():
        raise InvalidInput(
            f"The directory's ca_file {access.ca_file} is no file.",
            "Put the certificate of the authority that signed the server's there.",
        )
    connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
    if access.ca_file is not None:
        connection.set_option(ldap.OPT_X_TLS_CACERTFILE, str(access.ca_file))
    # Without a new context the library keeps whatever an earlier connection had set.
    connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)

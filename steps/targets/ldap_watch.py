"""Waking up when entries change: syncrepl refreshAndPersist (RFC 4533) where the server offers it.

Only the waking is taken from it. What changed is read again by whoever was woken, so a lost event,
a repeated one or a full refresh does no harm, and no cookie has to be kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

import ldap
from ldap.ldapobject import SimpleLDAPObject
from ldap.syncrepl import SyncreplConsumer

from config.errors import RekindleError
from config.secrets import Secret
from config.site import DirectoryAccess
from steps.targets.ldap_connection import LdapConnection

SYNC: Final = b"1.3.6.1.4.1.4203.1.9.1.1"
"""The control of a server that serves syncrepl."""
_KEEP_ALIVE: Final = {
    ldap.OPT_X_KEEPALIVE_IDLE: 30,
    ldap.OPT_X_KEEPALIVE_PROBES: 3,
    ldap.OPT_X_KEEPALIVE_INTERVAL: 10,
}
"""A line that was cut without a word is noticed within a minute."""
_TURN_SECONDS: Final = 1.0
_LEAST_WAIT, _MOST_WAIT = 0.5, 30.0


class _Consumer(SimpleLDAPObject, SyncreplConsumer):  # type: ignore[misc]
    """Tells of every entry, and of the end of each refresh."""

    changed: Callable[[], None]

    def syncrepl_entry(self, dn: str, attrs: object, uuid: str) -> None:
        self.changed()

    def syncrepl_delete(self, uuids: object) -> None:
        self.changed()

    def syncrepl_refreshdone(self) -> None:
        self.changed()


class LdapWatch:
    """A thread that calls `changed` whenever something matching changes, until it is closed."""

    def __init__(
        self,
        access: DirectoryAccess,
        password: Secret | None,
        base: str,
        filter_text: str,
        changed: Callable[[], None],
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._access, self._password = access, password
        self._base, self._filter = base, filter_text
        self._changed, self._say = changed, say
        self._closed = threading.Event()
        self._wait = _LEAST_WAIT
        self.serving = False
        """Whether the server is telling of changes now; else whoever needs them must poll."""
        self._thread = threading.Thread(target=self._watch_on, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching; the thread ends within a second or with its connection."""
        self._closed.set()

    def _watch_on(self) -> None:
        while not self._closed.is_set():
            connection = LdapConnection(self._access, self._password, kind=_Consumer)
            try:
                if not connection.read("reading what the server offers", _offers_sync):
                    self._say("The directory does not serve syncrepl: it is looked at regularly.")
                    return
                connection.read("following the directory", self._follow)
            except (RekindleError, ldap.LDAPError):
                # Whoever looks at the directory says that it is gone; here it is only tried again.
                self.serving = False
                self._closed.wait(self._wait)
                self._wait = min(self._wait * 2, _MOST_WAIT)
            finally:
                connection.close()

    def _follow(self, connection: Any) -> None:
        connection.changed = self._changed
        for option, value in _KEEP_ALIVE.items():
            connection.set_option(option, value)
        message = connection.syncrepl_search(
            self._base, ldap.SCOPE_SUBTREE, mode="refreshAndPersist",
            filterstr=self._filter, attrlist=["1.1"],
        )  # fmt: skip
        while not self._closed.is_set():
            try:
                connection.syncrepl_poll(msgid=message, timeout=_TURN_SECONDS)
            except ldap.TIMEOUT:
                continue
            self.serving = True
            self._wait = _LEAST_WAIT


def _offers_sync(connection: Any) -> bool:
    results = connection.search_ext_s("", ldap.SCOPE_BASE, "(objectClass=*)", ["supportedControl"])
    return any(SYNC in values for _, found in results for values in found.values())

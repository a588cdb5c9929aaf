"""The directory behind LDAP: python-ldap, guarded by entryCSN (RFC 4528 assertion control)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ldap
from ldap.controls.libldap import AssertionControl, SimplePagedResultsControl

from config.errors import InvalidInput, RekindleError, Unreachable
from config.secrets import Secret
from config.site import DirectoryAccess
from steps.ldif_text import split_dn
from steps.targets.attribute_changes import check_naming
from steps.targets.directory import Attributes, Change, Entry
from steps.targets.directory_names import attribute_name, checked_text, equals, parent
from steps.targets.ldap_connection import (
    OPERATION_SECONDS,
    AnswerLost,
    LdapConnection,
    translated,
)
from steps.targets.lost_race import (
    already_there,
    changed_meanwhile,
    csn_detail,
    has_children,
    parent_missing,
    value_detail,
)

_PAGE = 500
_READ = ("*", "entryCSN", "modifiersName", "modifyTimestamp")
_GUARDS = frozenset(name.lower() for name in _READ[1:])
_KINDS = {"add": ldap.MOD_ADD, "delete": ldap.MOD_DELETE, "replace": ldap.MOD_REPLACE}
_STALE = (
    ldap.ASSERTION_FAILED,
    ldap.NO_SUCH_ATTRIBUTE,
    ldap.NO_SUCH_OBJECT,
    ldap.TYPE_OR_VALUE_EXISTS,
)


class LdapDirectory:
    """The directory of a site with a server. Opened at the first call, see `Directory`."""

    def __init__(self, access: DirectoryAccess, password: Secret | None = None) -> None:
        self._access = access
        self._connection = LdapConnection(access, password)
        self._guarded: bool | None = None

    @property
    def base(self) -> str:
        """The DN everything is below."""
        return self._access.base

    def get(self, dn: str) -> Entry | None:
        """One entry, or None."""
        found = self._search(dn, ldap.SCOPE_BASE)
        return found[0] if found else None

    def children(self, dn: str) -> Sequence[Entry]:
        """Direct children."""
        return self._search(dn, ldap.SCOPE_ONELEVEL)

    def subtree(self, dn: str) -> Sequence[Entry]:
        """The entry and all below it, parents first."""
        return self._search(dn, ldap.SCOPE_SUBTREE)

    def search(self, base: str, filter_text: str) -> Sequence[Entry]:
        """Subtree search, paged; parents first."""
        # libldap takes an empty filter for "everything" and adds missing brackets.
        if not (filter_text.startswith("(") and filter_text.endswith(")")):
            raise InvalidInput(f"{filter_text!r} is no filter.", "Write it as `(attribute=value)`.")
        return self._search(base, ldap.SCOPE_SUBTREE, filter_text)

    def add(self, dn: str, attributes: Attributes) -> None:
        """Add an entry; Refused where there is one or nothing above it."""
        check_naming(checked_text(dn), attributes)
        record = [
            (attribute_name(name), list(values)) for name, values in attributes.items() if values
        ]
        try:
            self._send(dn, f"adding {dn}", lambda c: c.add_ext_s(dn, record), lambda e: e is None)
        except ldap.ALREADY_EXISTS:
            raise already_there(dn, self.get(dn)) from None
        except ldap.NO_SUCH_OBJECT:
            raise parent_missing(dn, parent(dn)) from None
        except ldap.LDAPError as error:
            raise self._ours(error, f"adding {dn}") from None

    def modify(self, dn: str, changes: Sequence[Change], *, expected_csn: str) -> None:
        """Change it only if its entryCSN is still the expected one (compare-and-set)."""
        if not changes:
            return
        checked_text(dn)
        controls = self._assertion(dn, expected_csn)
        record = _record(changes)
        try:
            self._send(
                dn,
                f"changing {dn}",
                lambda c: c.modify_ext_s(dn, record, serverctrls=controls),
                lambda e: e is not None and e.entry_csn == expected_csn,
            )
        except ldap.LDAPError as error:
            raise self._stale(error, dn, expected_csn) from None

    def transition(
        self, dn: str, attribute: str, expected: str, new: str, others: Sequence[Change] = ()
    ) -> None:
        """One modify: delete the expected value, add the new one, and the other changes."""
        swap = (
            Change("delete", attribute, (expected.encode(),)),
            Change("add", attribute, (new.encode(),)),
        )
        record = _record((*swap, *others))
        checked_text(dn)

        def unchanged(entry: Entry | None) -> bool:
            return entry is not None and entry.text(attribute) == expected != new

        doing = f"changing {attribute} of {dn} from {expected} to {new}"
        try:
            self._send(dn, doing, lambda c: c.modify_ext_s(dn, record), unchanged)
        except _STALE as error:
            now = self.get(dn)
            if now is not None and expected.encode() in now.values(attribute):
                raise self._ours(error, doing) from None
            raise changed_meanwhile(dn, now, value_detail(now, attribute, expected)) from None
        except ldap.LDAPError as error:
            raise self._ours(error, doing) from None

    def delete(self, dn: str, *, expected_csn: str = "") -> None:
        """Delete a leaf entry, guarded where a CSN is given; nothing there is fine."""
        checked_text(dn)
        controls = self._assertion(dn, expected_csn) if expected_csn else None
        doing = f"deleting {dn}"
        try:
            self._send(
                dn,
                doing,
                lambda c: c.delete_ext_s(dn, serverctrls=controls),
                lambda e: e is not None,
            )
        except ldap.NO_SUCH_OBJECT:
            return
        except ldap.NOT_ALLOWED_ON_NONLEAF:
            raise has_children(dn) from None
        except ldap.LDAPError as error:
            raise self._stale(error, dn, expected_csn) from None

    def close(self) -> None:
        """Let go of the connection; the next call opens a new one."""
        self._connection.close()

    def _search(
        self, base: str, scope: int, filter_text: str = "(objectClass=*)"
    ) -> tuple[Entry, ...]:
        def action(connection: Any) -> list[Entry]:
            try:
                return _pages(connection, base, scope, filter_text)
            except ldap.NO_SUCH_OBJECT:
                return []

        checked_text(base + filter_text)
        found = self._connection.read(f"reading {base}", action)
        return tuple(sorted(found, key=lambda entry: len(split_dn(entry.dn))))

    def _send(
        self,
        dn: str,
        doing: str,
        action: Callable[[Any], object],
        unchanged: Callable[[Entry | None], bool],
    ) -> None:
        """Send one change; where its answer is lost, look and say what is known."""
        try:
            self._connection.write(action)
        except AnswerLost as lost:
            raise self._fate(dn, doing, str(lost), unchanged) from None

    def _fate(
        self, dn: str, doing: str, words: str, unchanged: Callable[[Entry | None], bool]
    ) -> Unreachable:
        broke = f"The directory {self._access.url} broke off while {doing}: {words}."
        try:
            now = self.get(dn)
        except RekindleError as error:
            return Unreachable(
                f"{broke} It is not known whether the change was made.",
                f"Read the entry before you go on. Reading it now failed: {error.message}",
            )
        if unchanged(now):
            return Unreachable(f"{broke} The entry is as before.", "Try again.")
        last = f"last written by {now.modified_by} at {now.modified_at}" if now else "gone"
        return Unreachable(
            f"{broke} It is not known whether the change was made; the entry is now {last}.",
            "Read the entry and compare it with what was to be written.",
        )

    def _assertion(self, dn: str, expected_csn: str) -> list[Any]:
        if not expected_csn:
            raise InvalidInput(
                f"There is no entryCSN of {dn} to guard the change with.",
                "Let the bind DN read the operational attribute entryCSN.",
            )
        if self._offers_assertion():
            return [AssertionControl(True, equals("entryCSN", expected_csn))]
        # The best that is left without the control: look right before the change.
        now = self.get(dn)
        if now is None or now.entry_csn != expected_csn:
            raise changed_meanwhile(dn, now, csn_detail(now, expected_csn))
        return []

    def _offers_assertion(self) -> bool:
        if self._guarded is None:
            root = self._connection.read("reading what the server offers", _offered_controls)
            self._guarded = ldap.CONTROL_ASSERT.encode() in root
        return self._guarded

    def _stale(self, error: ldap.LDAPError, dn: str, expected_csn: str) -> RekindleError:
        if isinstance(error, _STALE):
            now = self.get(dn)
            if now is None or now.entry_csn != expected_csn:
                return changed_meanwhile(dn, now, csn_detail(now, expected_csn))
        return self._ours(error, f"changing {dn}")

    def _ours(self, error: ldap.LDAPError, doing: str) -> RekindleError:
        return translated(error, self._access, doing)


def _pages(connection: Any, base: str, scope: int, filter_text: str) -> list[Entry]:
    control = SimplePagedResultsControl(False, size=_PAGE, cookie="")
    found: list[Entry] = []
    while True:
        message = connection.search_ext(
            base, scope, filter_text, list(_READ), serverctrls=[control], timeout=OPERATION_SECONDS
        )
        _, results, _, answered = connection.result3(message, timeout=OPERATION_SECONDS)
        # A referral to another server has no DN; referrals are not followed.
        found += [_entry(dn, attributes) for dn, attributes in results if dn is not None]
        control.cookie = _cookie(answered)
        if not control.cookie:
            return found


def _cookie(answered: Sequence[Any]) -> Any:
    pages = [c for c in answered if c.controlType == SimplePagedResultsControl.controlType]
    return pages[0].cookie if pages else ""


def _offered_controls(connection: Any) -> frozenset[bytes]:
    results = connection.search_ext_s("", ldap.SCOPE_BASE, "(objectClass=*)", ["supportedControl"])
    return frozenset(value for _, found in results for values in found.values() for value in values)


def _entry(dn: str, found: dict[str, list[bytes]]) -> Entry:
    guards = {k.lower(): v[0].decode("utf-8", "replace") for k, v in found.items() if v}
    return Entry(
        dn=dn,
        attributes={k: tuple(v) for k, v in found.items() if k.lower() not in _GUARDS},
        entry_csn=guards.get("entrycsn", ""),
        modified_by=guards.get("modifiersname", ""),
        modified_at=guards.get("modifytimestamp", ""),
    )


def _record(changes: Sequence[Change]) -> list[tuple[int, str, list[bytes] | None]]:
    return [
        (_kind(change), attribute_name(change.attribute), list(change.values) or None)
        for change in changes
    ]


def _kind(change: Change) -> int:
    if change.kind not in _KINDS or (change.kind == "add" and not change.values):
        raise InvalidInput(
            f"{change.kind!r} of {change.attribute} with {len(change.values)} values is no change.",
            "Use add with values, delete, or replace.",
        )
    return int(_KINDS[change.kind])

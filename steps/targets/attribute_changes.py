"""Changes applied to an entry's attributes as a directory server would apply them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import InvalidInput
from steps.targets.directory import Attributes, Change
from steps.targets.directory_names import attribute_name, naming
from steps.targets.ldap_filter import same_value


def changed(dn: str, attributes: Attributes, changes: Sequence[Change]) -> Attributes:
    """The attributes after the changes, in their order. Raises InvalidInput where one is wrong."""
    after = dict(attributes)
    for change in changes:
        attribute_name(change.attribute)
        name = next((k for k in after if k.lower() == change.attribute.lower()), change.attribute)
        after[name] = _apply(dn, change, after.get(name, ()))
        if not after[name]:
            del after[name]
    check_naming(dn, after)
    return after


def check_naming(dn: str, attributes: Attributes) -> None:
    """An entry must hold the value it is named by, and say what it is."""
    attribute, value = naming(dn)
    found = {attribute_name(name).lower(): values for name, values in attributes.items()}
    if not any(same_value(v, value.encode()) for v in found.get(attribute.lower(), ())):
        raise InvalidInput(
            f"The entry {dn} must hold {attribute}: {value}, by which it is named.",
            "Nothing was changed. Leave that value where it is.",
        )
    if not found.get("objectclass"):
        raise InvalidInput(f"The entry {dn} has no objectClass.", "Nothing was changed. Add one.")


def _apply(dn: str, change: Change, before: tuple[bytes, ...]) -> tuple[bytes, ...]:
    if change.kind == "replace":
        return tuple(dict.fromkeys(change.values))
    if change.kind == "delete":
        return _without(dn, change, before)
    if change.kind == "add" and change.values:
        return _with(dn, change, before)
    raise InvalidInput(
        f"{change.kind!r} of {change.attribute} with {len(change.values)} values is no change.",
        "Use add with values, delete, or replace.",
    )


def _with(dn: str, change: Change, before: tuple[bytes, ...]) -> tuple[bytes, ...]:
    for value in change.values:
        if any(same_value(value, old) for old in before):
            raise _mismatch(dn, change, "already holds a value that was to be added to")
    return (*before, *change.values)


def _without(dn: str, change: Change, before: tuple[bytes, ...]) -> tuple[bytes, ...]:
    if not before:
        raise _mismatch(dn, change, "does not hold")
    for value in change.values:
        if not any(same_value(value, old) for old in before):
            raise _mismatch(dn, change, "does not hold the value that was to be deleted from")
    if not change.values:
        return ()
    return tuple(o for o in before if not any(same_value(o, value) for value in change.values))


def _mismatch(dn: str, change: Change, what: str) -> InvalidInput:
    return InvalidInput(
        f"The entry {dn} {what} {change.attribute}.", "Nothing was changed. Read the entry again."
    )

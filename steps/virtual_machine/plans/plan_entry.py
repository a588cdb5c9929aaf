"""What a plan's entry becomes: settings changed, excluded, included again, removed. Pure.

A plan counts whole. So an entry that is to carry one setting of its own must carry them all: what
counts until then is copied into it first. Iterations below `ou=backup` are never touched: the
entry stays, as a plain organizationalUnit, when its plan goes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from config.backup_settings import EXCLUDED, PLAN_SETTINGS, SETTINGS, TIMETABLE, Setting
from config.errors import Refused
from config.questions import Value
from steps.targets.directory import Entry
from steps.virtual_machine.backup_plan import PLAN_CLASS, is_plan

CRON_CLASS = "sstCronObjectClass"
_PLAN_ATTRIBUTES = tuple(setting.attribute for setting in PLAN_SETTINGS)
_CRON_ATTRIBUTES = tuple(setting.attribute for setting in TIMETABLE)
_OF_A_PLAN = frozenset(
    name.lower() for name in (EXCLUDED, *_PLAN_ATTRIBUTES, *_CRON_ATTRIBUTES)
)  # fmt: skip
_CLASSES = frozenset({PLAN_CLASS.lower(), CRON_CLASS.lower()})

_NOTE = "description"
_MARK = re.compile(rb"rekindle-exclude: (copied plan|own plan), (.*), ([0-9a-f]{16})")
"""What exclude leaves behind, so that include takes back exactly that."""
_MADE, _ADDED = b"entry made", b"entry was there"


def values_of(plan: Entry | None) -> dict[str, Value]:
    """Every setting of a plan as an answer, defaults where it leaves one out; raises InvalidInput
    where the directory holds what none can be."""
    found: dict[str, Value] = {}
    for setting in SETTINGS:
        value = setting.to_value(_texts(plan, setting.attribute))
        if value != "":
            found[setting.name] = value
    return found


def left_out(plan: Entry | None) -> tuple[Setting, ...]:
    """The settings a default stands in for."""
    return tuple(s for s in SETTINGS if not s.several and not _texts(plan, s.attribute))


def is_excluded(plan: Entry | None) -> bool:
    """Whether the plan leaves the machine out of the nightly run."""
    return _texts(plan, EXCLUDED)[:1] != () and _texts(plan, EXCLUDED)[0].upper() == "TRUE"


def with_settings(
    dn: str, own: Entry | None, winner: Entry | None, answers: Mapping[str, Value]
) -> Entry:
    """The entry with these settings. A setting that is answered as it counts today stays as it is.

    One timetable setting brings all of them: the class of timetables demands it.
    """
    before, entry = values_of(winner), _with_plan(dn, own, winner)
    for setting in SETTINGS:
        value = answers.get(setting.name)
        if value is not None and value != before.get(setting.name, _nothing(setting)):
            entry = _set(entry, setting.attribute, setting.to_texts(value))
    if any(_texts(entry, attribute) for attribute in _CRON_ATTRIBUTES):
        entry = _with_class(entry, CRON_CLASS)
        for setting in TIMETABLE:
            if setting.default and not _texts(entry, setting.attribute):
                entry = _set(entry, setting.attribute, (setting.default,))
    return entry


def excluded(dn: str, own: Entry | None, winner: Entry | None) -> Entry:
    """The entry that excludes; raises Refused where it does so already."""
    if own is not None and is_plan(own):
        if is_excluded(own):
            raise Refused(f"{dn} is excluded already.", "There is nothing to do.")
        was = ",".join(_texts(own, EXCLUDED)) or "not set"
        return _marked(_set(own, EXCLUDED, ("TRUE",)), b"own plan", was.encode())
    entry = _set(_with_plan(dn, own, winner), EXCLUDED, ("TRUE",))
    return _marked(entry, b"copied plan", _MADE if own is None else _ADDED)


def included(dn: str, own: Entry | None, children: int) -> Entry | None:
    """The entry included again, or None where exclude had made it and nothing is below it."""
    if own is None or not is_plan(own) or not is_excluded(own):
        raise Refused(f"{dn} is not excluded.", "Look whose plan counts: rekindle plans")
    mark = _mark(own)
    plain = _unmarked(own)
    if mark is None:
        return without_plan(plain) if _says_nothing_else(plain) else _set(plain, EXCLUDED, ())
    kind, word, fingerprint = mark
    if kind == b"own plan":
        return _set(plain, EXCLUDED, () if word == b"not set" else (word.decode(),))
    if fingerprint != _fingerprint(plain):
        # Somebody has made it a plan of its own meanwhile: only the exclusion goes.
        return _set(plain, EXCLUDED, ())
    return None if word == _MADE and not children else without_plan(plain)


def removed(dn: str, own: Entry | None) -> Entry:
    """The entry without its plan; raises Refused where it has none."""
    if own is None or not is_plan(own):
        raise Refused(f"{dn} has no plan of its own.", "Look whose plan counts: rekindle plans")
    return without_plan(_unmarked(own))


def without_plan(entry: Entry) -> Entry:
    """The entry as a plain one: classes and attributes of plan and timetable gone."""
    kept = {name: v for name, v in entry.attributes.items() if name.lower() not in _OF_A_PLAN}
    classes = tuple(c for c in entry.values("objectClass") if _word(c) not in _CLASSES)
    return _replaced(replace(entry, attributes=kept), "objectClass", classes)


def _with_plan(dn: str, own: Entry | None, winner: Entry | None) -> Entry:
    """The own entry where it is a plan, else the own (or a new) entry with the winner's plan."""
    if own is not None and is_plan(own):
        return own
    plain = own or Entry(
        dn, {"objectClass": (b"top", b"organizationalUnit"), "ou": (b"backup",)}
    )  # fmt: skip
    entry = _with_class(plain, PLAN_CLASS)
    if winner is None:
        return entry
    if any(_word(value) == CRON_CLASS.lower() for value in winner.values("objectClass")):
        entry = _with_class(entry, CRON_CLASS)
    for name, values in winner.attributes.items():
        if name.lower() in _OF_A_PLAN:
            entry = _replaced(entry, name, values)
    return entry


def _says_nothing_else(entry: Entry) -> bool:
    """Whether the exclusion is all of the plan, as the guide's recipe leaves it."""
    present = {name.lower() for name, values in entry.attributes.items() if values}
    return present & _OF_A_PLAN == {EXCLUDED.lower()}


def _mark(entry: Entry) -> tuple[bytes, bytes, bytes] | None:
    found = (_MARK.fullmatch(value) for value in entry.values(_NOTE))
    match = next((match for match in found if match), None)
    return (match[1], match[2], match[3]) if match else None


def _marked(entry: Entry, kind: bytes, word: bytes) -> Entry:
    fingerprint = _fingerprint(entry)
    note = b"rekindle-exclude: %s, %s, %s" % (kind, word, fingerprint)
    return _replaced(entry, _NOTE, (*_unmarked(entry).values(_NOTE), note))


def _unmarked(entry: Entry) -> Entry:
    others = tuple(value for value in entry.values(_NOTE) if not _MARK.fullmatch(value))
    return _replaced(entry, _NOTE, others)


def _fingerprint(entry: Entry) -> bytes:
    """Of everything that makes the plan: it differs once somebody has changed a setting."""
    parts = sorted(
        (name.lower(), *sorted(values))
        for name, values in entry.attributes.items()
        if name.lower() in _OF_A_PLAN and values
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16].encode()


def _with_class(entry: Entry, name: str) -> Entry:
    classes = entry.values("objectClass")
    if any(_word(value) == name.lower() for value in classes):
        return entry
    return _replaced(entry, "objectClass", (*classes, name.encode()))


def _set(entry: Entry, attribute: str, texts: Iterable[str]) -> Entry:
    return _replaced(entry, attribute, tuple(text.encode() for text in texts))


def _replaced(entry: Entry, attribute: str, values: tuple[bytes, ...]) -> Entry:
    """The entry with these values of the attribute, spelt as the entry spells it."""
    lowered = attribute.lower()
    name = next((known for known in entry.attributes if known.lower() == lowered), attribute)
    attributes: dict[str, tuple[bytes, ...]] = dict(entry.attributes)
    if values:
        attributes[name] = values
    else:
        attributes.pop(name, None)
    return replace(entry, attributes=attributes)


def _texts(entry: Entry | None, attribute: str) -> tuple[str, ...]:
    values = entry.values(attribute) if entry is not None else ()
    return tuple(value.decode("utf-8", "replace") for value in values)


def _nothing(setting: Setting) -> Value:
    return () if setting.several else ""


def _word(value: bytes) -> str:
    return value.decode("utf-8", "replace").lower()

"""Which of the four decisions a field allows in this mode, and why not the others. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from steps.conflicts import FIELD_DECISIONS, Decision, FieldClass
from steps.virtual_machine.cross_checks import unusable
from steps.virtual_machine.field_table import Rule, Typed
from steps.virtual_machine.libvirt_words import libvirt_words
from steps.virtual_machine.machine_devices import DISK
from steps.virtual_machine.machine_fields import Field
from steps.virtual_machine.patterns import Meaning, meaning
from steps.virtual_machine.read_fields import is_removable
from steps.virtual_machine.situation import Situation
from steps.virtual_machine.typed_values import hint

KEEP, LIVE, BOOT, CUSTOM = FIELD_DECISIONS

Reasons = dict[Decision, str]

NOTHING_FROZEN = "Nothing is frozen in a cold start: today's value can be taken at once."
FREE_AT_ONCE = "This is no guest hardware: today's value can be taken at once."
FROZEN_CUSTOM = (
    "Frozen while memory is restored: libvirt accepts only the value the guest was saved with."
)
ONLY_TODAY = "Only today's value makes sense: daemons write it while the machine lives."


@dataclass(frozen=True, slots=True)
class Choices:
    """Allowed decisions, the reason for each other one, and what is suggested."""

    refused: Mapping[Decision, str] = field(default_factory=dict)
    default: Decision | None = None
    hint: str = ""
    note: str = ""

    @property
    def allowed(self) -> tuple[Decision, ...]:
        """In the order of the four words."""
        return tuple(decision for decision in FIELD_DECISIONS if decision not in self.refused)


def choices(field: Field, meant: Meaning, situation: Situation) -> Choices:
    """What may be decided about the field."""
    refused = _RULES[field.row.rule](field, meant, situation)
    _refuse_unusable(field, meant, situation, refused)
    _refuse_unknown(meant, refused)
    allowed = [decision for decision in FIELD_DECISIONS if decision not in refused]
    return Choices(
        {decision: refused[decision] for decision in FIELD_DECISIONS if decision in refused},
        _default(field, meant, allowed, situation),
        hint(field, situation) if CUSTOM in allowed else "",
        _note(field, allowed),
    )


def _by_class(field: Field, meant: Meaning, situation: Situation) -> Reasons:
    if field.row.field_class is FieldClass.FROZEN and situation.with_state:
        backup, now = _key(meant, now=False), _key(meant, now=True)
        words = libvirt_words(_word_id(field), backup, now)
        frozen: Reasons = {CUSTOM: FROZEN_CUSTOM}
        return frozen if meant.now is None or backup == now else {LIVE: words, **frozen}
    refused = {BOOT: FREE_AT_ONCE if situation.with_state else NOTHING_FROZEN}
    lost = _cannot_follow(field, meant, situation)
    if lost:
        refused[LIVE] = lost
    if field.row.typed is Typed.NEVER:
        refused[CUSTOM] = f"{_sentence(field.title)} cannot be typed."
    return refused


def _sentence(title: str) -> str:
    """The title as a sentence begins, unless it is an attribute with a spelling of its own."""
    word = title.partition(" ")[0]
    return title[:1].upper() + title[1:] if word.isalpha() and word.islower() else title


_DISK_PLACE = ("type", "source", "source-protocol", "source-name", "source-host", "source-port")
_CARD_PLACE = ("type", "bridge", "source-network")


def _cannot_follow(field: Field, meant: Meaning, situation: Situation) -> str:
    """Why today's host value cannot be taken although the host is free to change."""
    if field.device is None or meant.backup is None or meant.now is None:
        return ""
    if field.device.kind == DISK and field.row.id in _DISK_PLACE:
        if is_removable(field.device, situation.documents):
            return ""
        moved = field.row.id == "type" or None in (meant.backup.key, meant.now.key)
        return "The image that comes back is of another kind than today's disk." if moved else ""
    if field.row.id in _CARD_PLACE and situation.with_state and _user_card(field, situation):
        return (
            'QEMU refuses it with a memory state: "virtio-net: saved image requires vnet_hdr=on", '
            '"load of migration failed"'
        )
    return ""


def _user_card(field: Field, situation: Situation) -> bool:
    """Whether the card was, or has become, one of QEMU's own user network."""
    kind = situation.fields.get(f"{field.device_name}.type")
    meant = meaning(kind) if kind is not None else None
    if meant is None or not meant.differs:
        return False
    return "user" in (_key(meant, now=False), _key(meant, now=True))


def _word_id(field: Field) -> str:
    # The serial number of a disk and of the machine have other words.
    return "sysinfo" if field.row.id == "serial" and field.device is None else field.row.id


def _key(meant: Meaning, *, now: bool) -> str | None:
    seen = meant.now if now else meant.backup
    return seen.key if seen else None


def _today(field: Field, _meant: Meaning, _situation: Situation) -> Reasons:
    return {KEEP: ONLY_TODAY, BOOT: ONLY_TODAY, CUSTOM: ONLY_TODAY}


def _identity(field: Field, meant: Meaning, situation: Situation) -> Reasons:
    """Name and UUID: libvirt keeps a machine under one of each."""
    known = "A machine cannot change its name or UUID while it is defined."
    refused = {BOOT: known, CUSTOM: known}
    if situation.with_state:
        words = libvirt_words(field.row.id, _key(meant, now=False), _key(meant, now=True))
        return {LIVE: words, **refused}
    return {KEEP: "The hypervisor knows the machine under today's value.", **refused}


def _format(field: Field, meant: Meaning, situation: Situation) -> Reasons:
    """The driver type must be what the image is: libvirt accepts a wrong one and data is lost."""
    refused: Reasons = {
        CUSTOM: "The format is a property of the image, not a matter of choice.",
        BOOT: FREE_AT_ONCE if situation.with_state else NOTHING_FROZEN,
    }
    assert field.device is not None
    image = situation.set_image(field.device)
    for decision, seen in ((KEEP, meant.backup), (LIVE, meant.now)):
        if seen is None:
            continue
        said = seen.key or "raw"
        if image is not None and image.format and said != image.format:
            refused[decision] = (
                f"The image in the backup is {image.format}: as {said} the guest would read and "
                "destroy what is not its data. libvirt would accept it."
            )
        elif (image is None or not image.format) and decision is LIVE:
            refused[decision] = (
                "Reading an image in another format than it was written in destroys it; "
                "the image that comes back is the backup's."
            )
    return refused


def _image(field: Field, _meant: Meaning, _situation: Situation) -> Reasons:
    reason = "It describes the image that comes back, which is the backup's."
    return {LIVE: reason, BOOT: reason, CUSTOM: reason}


def _secret(field: Field, meant: Meaning, situation: Situation) -> Reasons:
    refused: Reasons = {
        BOOT: FREE_AT_ONCE if situation.with_state else NOTHING_FROZEN,
        CUSTOM: "A password is never typed here; set it in the directory and compare again.",
    }
    for decision, seen in ((KEEP, meant.backup), (LIVE, meant.now)):
        if seen is not None and seen.key is None:
            refused[decision] = "There is no password in it: the console would be open to anybody."
    return refused


_RULES: dict[Rule, Callable[[Field, Meaning, Situation], Reasons]] = {
    Rule.BY_CLASS: _by_class,
    Rule.TODAY: _today,
    Rule.IDENTITY: _identity,
    Rule.FORMAT: _format,
    Rule.IMAGE: _image,
    Rule.SECRET: _secret,
}


def _refuse_unusable(field: Field, meant: Meaning, situation: Situation, refused: Reasons) -> None:
    """Values that this host or another machine does not allow."""
    keep = unusable(field, _key(meant, now=False), situation)
    live = unusable(field, _key(meant, now=True), situation)
    for decision, reason in ((KEEP, keep), (LIVE, live), (BOOT, keep or live)):
        if reason:
            refused.setdefault(decision, reason)


def _refuse_unknown(meant: Meaning, refused: Reasons) -> None:
    """Values that no source knows."""
    if meant.backup is None:
        refused.setdefault(KEEP, "The backup does not say.")
        refused.setdefault(BOOT, "The backup does not say.")
    if meant.now is None:
        missing = "There is no value of today: neither the directory nor the hypervisor has it."
        refused.setdefault(LIVE, missing)
        refused.setdefault(BOOT, missing)


def _default(
    field: Field, meant: Meaning, allowed: list[Decision], situation: Situation
) -> Decision | None:
    frozen = field.row.field_class is FieldClass.FROZEN and situation.with_state
    suggested = KEEP if frozen else field.row.suggested
    if suggested in allowed:
        return suggested
    return allowed[0] if allowed else None


def _note(field: Field, allowed: list[Decision]) -> str:
    notes = [field.row.note]
    if BOOT in allowed and field.row.id == "mac":
        notes.append("Until the next cold start the guest wears the backup's MAC without a lease.")
    return " ".join(note for note in notes if note)


def device_choices(
    kind: str,
    here: Meaning,
    counts: tuple[int, int],
    situation: Situation,
    bad_then: str,
    bad_today: str,
) -> Choices:
    """What may be decided about a disk or card that only the backup or only today has.

    `counts` are how many of its kind the backup and today have. `bad_then` and `bad_today` are why
    the backup's or today's one may not be attached, empty where it may.
    """
    added = here.backup is not None and here.backup.key is None
    refused: Reasons = {CUSTOM: "A device is there or not; nothing can be typed."}
    if situation.with_state:
        words = libvirt_words("disk" if kind == DISK else "card", *map(str, counts))
        refused[LIVE] = words
    else:
        refused[BOOT] = NOTHING_FROZEN
    if bad_today and added:
        refused.setdefault(LIVE, bad_today)
        refused.setdefault(BOOT, bad_today)
    if bad_then and not added:
        refused.setdefault(KEEP, bad_then)
        refused.setdefault(BOOT, bad_then)
    allowed = [decision for decision in FIELD_DECISIONS if decision not in refused]
    suggested = (BOOT if situation.with_state else LIVE) if added else KEEP
    return Choices(
        {decision: refused[decision] for decision in FIELD_DECISIONS if decision in refused},
        suggested if suggested in allowed else next(iter(allowed), None),
        note=_device_note(kind, added, situation),
    )


def _device_note(kind: str, added: bool, situation: Situation) -> str:
    if kind != DISK:
        return "" if not added else "Attaching it at the next cold start was not measured."
    if not added:
        return "It must come back: its image is in the backup."
    if situation.with_state:
        return (
            "Not in the backup. With keep-backup its image stays where it is, used by nothing. "
            "Attaching it at the next cold start was not measured."
        )
    return "Not in the backup: its content is today's, the other disks' is the backup's."


def entry_choices(default: Decision) -> Choices:
    """What may be decided about an entry that only the backup or only today has."""
    return Choices(
        {
            BOOT: FREE_AT_ONCE,
            CUSTOM: "An entry is there or not; nothing can be typed.",
        },
        default,
    )

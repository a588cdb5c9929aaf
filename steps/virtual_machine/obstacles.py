"""What stops a restore whatever is decided, and what stops it as decided. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from steps.conflicts import Blocking, Decision
from steps.virtual_machine import normalise as n
from steps.virtual_machine import sources as s
from steps.virtual_machine.cases import Case, presence
from steps.virtual_machine.console_password import known_password
from steps.virtual_machine.cross_checks import REMEDIES, taken_identity
from steps.virtual_machine.domain_xml import RefusedXml, console
from steps.virtual_machine.field_table import Check
from steps.virtual_machine.image_header import SetImage
from steps.virtual_machine.machine_devices import CARD, DISK, Device
from steps.virtual_machine.machine_fields import Field
from steps.virtual_machine.outcome import Outcome
from steps.virtual_machine.patterns import meaning
from steps.virtual_machine.situation import WITH_STATE, Situation
from steps.virtual_machine.state_file import StateKind

_UNUSABLE_STATES = (StateKind.PARTIAL, StateKind.TRUNCATED, StateKind.GARBAGE)


def always_blocking(
    situation: Situation, cases: Sequence[Case], refused: Mapping[str, RefusedXml]
) -> tuple[Blocking, ...]:
    """What must stop Apply whatever is chosen."""
    return (
        *map(_refused, refused.values()),
        *_state(situation),
        *_definition(situation),
        *_identity(situation),
        *_images(situation, cases),
        *_password(situation),
        *_dead_ends(situation, cases),
    )


def _refused(error: RefusedXml) -> Blocking:
    return Blocking(error.code, f"The {error.message}", error.remedy)


def _state(situation: Situation) -> Iterator[Blocking]:
    state = situation.sources.state
    if situation.mode == WITH_STATE and state in _UNUSABLE_STATES:
        yield Blocking(
            f"state-{state}",
            f"The state file cannot be restored: {situation.sources.state_problem}",
            "Choose another backup, or restore as a cold start (memory is lost).",
        )


def _definition(situation: Situation) -> Iterator[Blocking]:
    if situation.base is None and not _is_template(situation):
        yield Blocking(
            "no-definition",
            "No XML says what the machine is: none in the backup, none at the hypervisor.",
            "Choose another backup.",
        )
    held = situation.documents.directories.values()
    if not any(entries.machine is not None for entries in held):
        yield Blocking(
            "no-entry",
            f"Neither backup nor directory has an entry of {situation.sources.machine}.",
            "Choose another backup.",
        )


def _is_template(situation: Situation) -> bool:
    """A template is never defined: its entry and its images are all there is."""
    kind = situation.fields.get("machine-kind")
    return kind is not None and any(seen.key == "template" for seen in kind.seen.values())


def _identity(situation: Situation) -> Iterator[Blocking]:
    for code, message in taken_identity(situation):
        yield Blocking(code, message, "Find out which machine is the right one; remove the other.")
    yield from _another_machine(situation)
    name, uuid = situation.fields.get("name"), situation.fields.get("uuid")
    if not situation.with_state or name is None or uuid is None:
        return
    for field, what in ((uuid, "UUID"), (name, "name")):
        then = field.seen.get(s.XML_STATE) or field.seen.get(s.XML_BACKUP)
        now = field.seen.get(s.XML_NOW)
        if then is not None and now is not None and then.key != now.key:
            yield Blocking(
                f"{field.id}-differs",
                f"The hypervisor has this machine with the {what} {now.text}, "
                f"the memory state with {then.text}: libvirt refuses to have both.",
                "Undefine today's machine, or restore as a cold start.",
                (field.id,),
            )


def _another_machine(situation: Situation) -> Iterator[Blocking]:
    """The XML to start from is of a machine that nothing else here speaks of."""
    known = [situation.fields[name] for name in ("name", "uuid") if name in situation.fields]
    said = [field.seen[situation.base or ""] for field in known if situation.base in field.seen]
    wanted = n.identity(situation.sources.machine)
    if not said or s.XML_NOW in situation.documents.xmls or wanted in [x.key for x in said]:
        return
    yield Blocking(
        "xml-of-another-machine",
        f"The {s.DOCUMENT_TITLES[situation.base or '']} is of the machine "
        f"{' with the UUID '.join(str(x.text) for x in said)}, not of {situation.sources.machine}.",
        "Choose another backup, or put the right files into this one.",
        tuple(field.id for field in known if situation.base in field.seen),
    )


def _images(situation: Situation, cases: Sequence[Case]) -> Iterator[Blocking]:
    if situation.sources.images is None:
        return
    for device in situation.devices:
        if device.kind == DISK and _comes_back(device, situation):
            yield from _image(device, situation, cases)


def _comes_back(device: Device, situation: Situation) -> bool:
    """Whether the backup must hold an image of the disk: a disk, with a file, that it had."""
    backup = presence(device, situation).backup
    kind = situation.fields.get(f"{device.name}.device")
    seen = next(iter(kind.seen.values())) if kind else None
    is_disk = seen is None or seen.key in (None, "disk")
    had = backup is not None and backup.key is not None
    return had and is_disk and bool(situation.image_names(device))


def _image(device: Device, situation: Situation, cases: Sequence[Case]) -> Iterator[Blocking]:
    image = situation.set_image(device)
    name = situation.image_names(device)[0]
    rows = _rows_of(device, cases)
    if image is None or (image.problem and not image.format):
        why = f": {image.problem}" if image is not None else ""
        yield Blocking(
            "image-missing",
            f"The backup has no image of {device.name} ({name}.{situation.sources.leaf}){why}.",
            "Choose another backup, or put the image back into this one.",
            rows,
        )
    elif image.problem:
        yield Blocking(
            "image-unreadable",
            f"The image of {device.name}, {image.name}: {image.problem}.",
            "Choose another backup.",
            rows,
        )
    else:
        yield from _wrong_format(device, image, situation, cases)
        yield from _too_small(device, image, situation, rows)


def _rows_of(device: Device, cases: Sequence[Case]) -> tuple[str, ...]:
    return tuple(case.id for case in cases if case.device_name == device.name)


def _wrong_format(
    device: Device, image: SetImage, situation: Situation, cases: Sequence[Case]
) -> Iterator[Blocking]:
    field = situation.fields.get(f"{device.name}.driver-type")
    if field is None or any(case.field is field and case.choices.allowed for case in cases):
        return
    said = base_value(field, situation) or "raw"
    if said != image.format:
        yield Blocking(
            "image-format",
            f"The image of {device.name} is {image.format}, the definition says {said}: libvirt "
            "accepts that and the guest's data is destroyed.",
            "Put an image of the right format into the backup, or choose another backup.",
            tuple(case.id for case in cases if case.field is field),
        )


def base_value(field: Field, situation: Situation) -> str | None:
    """What the definition to start from says, else the backup's other documents."""
    order = (situation.base or "", s.XML_STATE, s.XML_BACKUP, s.DIRECTORY_BACKUP)
    return next((field.seen[x].key for x in order if x in field.seen), None)


def _too_small(
    device: Device, image: SetImage, situation: Situation, rows: tuple[str, ...]
) -> Iterator[Blocking]:
    expected, why = _expected_size(device, image, situation)
    if image.virtual_size < expected:
        yield Blocking(
            "image-too-small",
            f"The image of {device.name} holds {n.size_words(str(image.virtual_size))}, {why} "
            f"{n.size_words(str(expected))}: the guest would write beyond its end.",
            "Choose another backup.",
            rows,
        )


def _expected_size(device: Device, image: SetImage, situation: Situation) -> tuple[int, str]:
    """What the image must hold, and who says so.

    Today's image may be larger when the directory knows that the disk grew since the backup.
    """
    capacity = situation.fields.get(f"{device.name}.capacity")
    then = _number(capacity, s.DIRECTORY_BACKUP)
    now = _number(capacity, s.DIRECTORY_NOW)
    live = _live_size(device, situation)
    grew = then == image.virtual_size and now > then
    if live > then and not grew:
        return live, "the image it replaces has"
    return then, "the directory entry in the backup says"


def _number(field: Field | None, source: str) -> int:
    seen = field.seen.get(source) if field else None
    return (n.number(seen.key) or 0) if seen else 0


def _live_size(device: Device, situation: Situation) -> int:
    """Bytes of today's image of the disk, 0 where there is none or nobody looked."""
    field = situation.fields.get(f"{device.name}.source")
    meant = meaning(field) if field else None
    seen = meant and (meant.now or meant.backup)
    image = situation.facts.live_image(seen.key) if seen and seen.key else None
    return image.virtual_size if image is not None else 0


def _password(situation: Situation) -> Iterator[Blocking]:
    root = situation.documents.xmls.get(situation.base or "")
    if root is None or console(root) is None or known_password(situation):
        return
    managed = "spice-port" in situation.fields and any(
        source in situation.fields["spice-port"].seen for source in s.DIRECTORIES
    )
    if managed and not _open_today(situation):
        yield Blocking(
            "console-password-lost",
            "No source has the console password: the console would be open to anybody.",
            "Set sstSpicePassword in the machine's directory entry and compare again.",
        )


def _open_today(situation: Situation) -> bool:
    """Whether today's entry and definition are there and have no password either."""
    held = situation.documents.directories.get(s.DIRECTORY_NOW)
    return held is not None and held.machine is not None and s.XML_NOW in situation.documents.xmls


def _dead_ends(situation: Situation, cases: Sequence[Case]) -> Iterator[Blocking]:
    """Rows that allow nothing at all."""
    for case in cases:
        if case.choices.allowed or case.id in ("name", "uuid"):
            continue
        check = case.field.row.check if case.field else Check.NONE
        reason = case.choices.refused[Decision.KEEP_BACKUP]
        if case.field is not None and case.field.row.id == "driver-type":
            continue
        yield Blocking(
            f"{check.replace(' ', '-')}-unusable" if check else "no-choice",
            f"{case.title}: {reason}",
            REMEDIES.get(check) or _other_way(case),
            (case.id,),
        )


def _other_way(case: Case) -> str:
    if case.device is not None:
        return "Free what it needs, or restore as a cold start without it."
    return " ".join(dict.fromkeys(case.choices.refused.values()))


def blocking_as_decided(
    situation: Situation, decided: Iterable[tuple[Case, Outcome]]
) -> tuple[Blocking, ...]:
    """What these decisions make impossible: two devices of this machine with one MAC or image."""
    now = {case.field.id: result.now for case, result in decided if case.field is not None}
    return (
        *_twice(situation, now, "mac", "mac-twice", "the MAC"),
        *_twice(situation, now, "source", "image-twice", "the image"),
        *_incomplete(situation, now),
    )


_CARD_NEEDS = {"bridge": "bridge", "network": "source-network"}


def _incomplete(situation: Situation, decided: Mapping[str, str | None]) -> Iterator[Blocking]:
    """A card that is to hang on a bridge or network of no name: libvirt refuses the XML."""
    for device in situation.devices:
        kind = situation.fields.get(f"{device.name}.type")
        if device.kind != CARD or kind is None or situation.base not in kind.seen:
            continue
        said = _final(kind, decided, situation) or ""
        place = situation.fields.get(f"{device.name}.{_CARD_NEEDS.get(said)}")
        if said in _CARD_NEEDS and not (place and _final(place, decided, situation)):
            yield Blocking(
                "card-incomplete",
                f"{device.name} would hang on a {said} that nothing names.",
                f"Decide the connection of {device.name} and its {said} alike.",
                tuple(x.id for x in (kind, place) if x is not None and x.id in decided),
            )


def _final(field: Field, decided: Mapping[str, str | None], situation: Situation) -> str | None:
    return decided[field.id] if field.id in decided else base_value(field, situation)


def _twice(
    situation: Situation, decided: Mapping[str, str | None], name: str, code: str, what: str
) -> Iterator[Blocking]:
    holders: dict[str, str] = {}
    for field in situation.fields.values():
        if field.row.id != name or field.device is None:
            continue
        key = _final(field, decided, situation)
        if key is None or situation.base not in field.seen:
            continue
        other = holders.setdefault(key, field.device.name)
        if other != field.device.name:
            yield Blocking(
                code,
                f"{other} and {field.device.name} would both have {what} {key}.",
                "Decide one of them otherwise.",
                tuple(x for x in (f"{other}.{name}", field.id) if x in decided),
            )

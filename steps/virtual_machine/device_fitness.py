"""Why a disk or card that only the backup or only today has cannot be attached here. Pure."""

from __future__ import annotations

from steps.virtual_machine import sources as s
from steps.virtual_machine.cross_checks import entry_fits, outside_directories, unusable
from steps.virtual_machine.machine_devices import DISK, Device
from steps.virtual_machine.patterns import meaning
from steps.virtual_machine.situation import Situation


def bad_then(device: Device, situation: Situation) -> str:
    """Why the backup's device may not come back; empty where it may.

    With a memory state a missing bridge is no reason: the card must come back, and the bridge is
    a row of its own.
    """
    names = ("mac", "source") if situation.with_state else ("mac", "source", "bridge")
    return next((why for name in names if (why := _unfit(device, name, situation, now=False))), "")


def bad_today(device: Device, situation: Situation) -> str:
    """Why today's device may not be attached: it cannot be, or its image is another's format."""
    for at in (device.entries[x] for x in (s.DIRECTORY_NOW,) if x in device.entries):
        entry = situation.documents.entry(s.DIRECTORY_NOW, at)
        if entry is not None and not entry_fits(entry):
            return "Its entry holds values that are no text."
    for name in ("mac", "source", "bridge"):
        why = _unfit(device, name, situation, now=True)
        if why:
            return why
    return _wrong_format(device, situation)


def _unfit(device: Device, name: str, situation: Situation, *, now: bool) -> str:
    field = situation.fields.get(f"{device.name}.{name}")
    meant = meaning(field) if field is not None else None
    seen = (meant.now if now else meant.backup) if meant is not None else None
    if field is None or seen is None or seen.key is None:
        return ""
    why = unusable(field, seen.key, situation)
    # Where an image lies that is or was in use is a good place for it.
    return "" if name == "source" and why == outside_directories(seen.key, situation) else why


def _wrong_format(device: Device, situation: Situation) -> str:
    source = situation.fields.get(f"{device.name}.source")
    said = situation.fields.get(f"{device.name}.driver-type")
    if device.kind != DISK or source is None or said is None:
        return ""
    path, kind = meaning(source).now, meaning(said).now
    image = situation.facts.live_image(path.key) if path and path.key else None
    if image is None or not image.format or kind is None or kind.key in (None, image.format):
        return ""
    return f"The image {image.path} is {image.format}, the definition says {kind.key}."

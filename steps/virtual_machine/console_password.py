"""The console password of a machine, from whichever source still has it. Pure."""

from __future__ import annotations

from steps.virtual_machine import sources as s
from steps.virtual_machine.cross_checks import is_text
from steps.virtual_machine.situation import Situation

_PASSWORD_ORDER = (
    s.DIRECTORY_NOW, s.DIRECTORY_BACKUP, s.XML_NOW, s.XML_STATE, s.XML_BACKUP,
)  # fmt: skip


def known_password(situation: Situation) -> str:
    """The console password, from whichever source has it; empty where none has."""
    field = situation.fields.get("spice-password")
    found = [] if field is None else [field.seen.get(source) for source in _PASSWORD_ORDER]
    texts = [seen.key for seen in found if seen is not None and seen.key]
    return next((text for text in texts if field is not None and is_text(field, text)), "")

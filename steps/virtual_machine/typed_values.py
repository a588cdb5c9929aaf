"""What an operator may type for a field: checked, and put into the form to compare. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import PurePosixPath

from config.errors import InvalidInput
from steps.virtual_machine import normalise as n
from steps.virtual_machine.cross_checks import unusable
from steps.virtual_machine.field_table import Check, Typed
from steps.virtual_machine.machine_fields import Field
from steps.virtual_machine.situation import Situation

_LONGEST = 1024
_WORD = r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,127}"
_MAC = r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}"
_MEMORY = r"([0-9]{1,16})\s*([A-Za-z]*)"
_BRIDGE = r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,14}"

HINTS = {
    Typed.TEXT: "any text of one line",
    Typed.MEMORY: "bytes, or a number with KiB, MiB or GiB",
    Typed.COUNT: "a number from 1",
    Typed.BOOLEAN: "TRUE or FALSE",
    Typed.MAC: "a MAC address such as 52:54:00:0a:01:02 that no machine has",
    Typed.ADDRESS: "an IP address",
    Typed.PORT: "a port from 1 to 65535 that no machine has",
    Typed.PATH: "an absolute path",
    Typed.WORD: "one word",
    Typed.WORDS: "words with commas between them",
}


def typed_key(field: Field, text: str, situation: Situation) -> str:
    """The key of what was typed; raises InvalidInput with what was expected."""
    if field.row.check is Check.BRIDGE and not re.fullmatch(_BRIDGE, text):
        raise _wrong(field, text, "the name of a bridge")
    key = _READERS[field.row.typed](field, text)
    reason = unusable(field, key, situation) or _lies_there(field, key, situation)
    if reason:
        raise InvalidInput(reason, _hint(field, situation))
    return key


def _lies_there(field: Field, key: str, situation: Situation) -> str:
    """Why an image path would push another image aside."""
    own = {seen.key for seen in field.seen.values()}
    if field.row.check is not Check.IMAGE_PATH or key in own:
        return ""
    if any(n.path(image.path) == key for image in situation.facts.live_images):
        return f"Another image lies at {key}."
    return ""


def hint(field: Field, situation: Situation) -> str:
    """What may be typed; empty where nothing may."""
    return "" if field.row.typed is Typed.NEVER else _hint(field, situation)


def _hint(field: Field, situation: Situation) -> str:
    facts = situation.facts
    if field.row.check is Check.BRIDGE and facts.bridges:
        return f"one of {', '.join(facts.bridges)}"
    if field.row.check is Check.IMAGE_PATH and facts.image_directories:
        return f"an absolute path below {' or '.join(facts.image_directories)}"
    return HINTS.get(field.row.typed, "")


def _wrong(field: Field, text: str, expected: str) -> InvalidInput:
    return InvalidInput(f"{field.title}: {text[:80]!r} is not {expected}.", f"Type {expected}.")


def _text(field: Field, text: str) -> str:
    if not text.strip() or len(text) > _LONGEST or not text.isprintable():
        raise _wrong(field, text, "a text of one line")
    return field.row.codec.normaliser(text)


def _memory(field: Field, text: str) -> str:
    found = re.fullmatch(_MEMORY, text.strip())
    key = n.memory_bytes(found[1], found[2] or "b") if found else ""
    exact = found is not None and (found[2] or int(found[1]) % 1024 == 0)
    if (n.number(key) or 0) < 1 << 20 or not exact:
        raise _wrong(field, text, "memory of at least 1 MiB in whole KiB")
    return key


def _count(field: Field, text: str) -> str:
    key = n.integer(text)
    if not 1 <= (n.number(key) or 0) <= 65535:
        raise _wrong(field, text, HINTS[Typed.COUNT])
    return key


def _boolean(field: Field, text: str) -> str:
    if text not in (n.TRUE, n.FALSE):
        raise _wrong(field, text, "TRUE or FALSE")
    return text


def _mac(field: Field, text: str) -> str:
    if not re.fullmatch(_MAC, text.strip()):
        raise _wrong(field, text, "a MAC address")
    key = n.mac(text)
    if int(key[:2], 16) & 1 or key == "00:00:00:00:00:00":
        raise _wrong(field, text, "the MAC address of one card (its first byte must be even)")
    return key


def _address(field: Field, text: str) -> str:
    try:
        parsed = ipaddress.ip_address(text.strip())
    except ValueError as error:
        raise _wrong(field, text, "an IP address") from error
    if parsed.is_multicast:
        raise _wrong(field, text, "the address of one host")
    return n.address(text)


def _port(field: Field, text: str) -> str:
    key = n.integer(text)
    if not 1 <= (n.number(key) or 0) <= 65535:
        raise _wrong(field, text, "a port from 1 to 65535")
    return key


def _path(field: Field, text: str) -> str:
    sound = text.startswith("/") and text.isprintable() and len(text) <= _LONGEST
    if not sound or ".." in PurePosixPath(text).parts or text.endswith("/"):
        raise _wrong(field, text, "an absolute path of a file, without ..")
    return n.path(text)


def _word(field: Field, text: str) -> str:
    if not re.fullmatch(_WORD, text.strip()):
        raise _wrong(field, text, "one word")
    return field.row.codec.normaliser(text)


def _words(field: Field, text: str) -> str:
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(_WORD, part) for part in parts):
        raise _wrong(field, text, "words with commas between them")
    return field.row.codec.from_ldap([part.encode() for part in parts]) or ""


def _never(field: Field, text: str) -> str:
    raise InvalidInput(f"{field.title} cannot be typed.", "Choose one of the offered values.")


_READERS: dict[Typed, Callable[[Field, str], str]] = {
    Typed.TEXT: _text,
    Typed.MEMORY: _memory,
    Typed.COUNT: _count,
    Typed.BOOLEAN: _boolean,
    Typed.MAC: _mac,
    Typed.ADDRESS: _address,
    Typed.PORT: _port,
    Typed.PATH: _path,
    Typed.WORD: _word,
    Typed.WORDS: _words,
    Typed.NEVER: _never,
}

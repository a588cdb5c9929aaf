"""Names and filters of the directory: the one place that escapes a value."""

from __future__ import annotations

import re

from config.errors import InvalidInput
from steps.ldif_text import split_dn

_FIRST_PART = re.compile(r"(?:[^\\+]|\\.)*", re.DOTALL)
_DN_SPECIAL = frozenset(',+"\\<>;=')
_ATTRIBUTE_CHARACTERS = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-;."
)


def equals(attribute: str, value: str) -> str:
    """A search filter for one exact value, escaped by RFC 4515: `(sstNode=kvm-1)`."""
    return f"({attribute_name(attribute)}={escaped(value)})"


def all_of(*filters: str) -> str:
    """A filter that wants every given one: `(&(a=1)(b=2))`."""
    return f"(&{''.join(filters)})"


def any_of(*filters: str) -> str:
    """A filter that wants at least one of the given ones: `(|(a=1)(b=2))`."""
    return f"(|{''.join(filters)})"


def escaped(value: str) -> str:
    """A value as it may stand in a filter. Everything that is not plain becomes `\\xx`."""
    try:
        # A name from a command line that is not UTF-8 keeps its bytes.
        data = value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise InvalidInput(f"{value[:80]!a} has half a character in it.", "Correct it.") from error
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"*()\\" else f"\\{byte:02x}"
        for byte in data
    )


def rdn(attribute: str, value: str) -> str:
    """One name component, escaped by RFC 4514: `ou=virtual machines`, `cn=a\\,b`."""
    if not value:
        raise InvalidInput(f"An entry cannot be named by an empty {attribute}.", "Give it a value.")
    return f"{attribute_name(attribute)}={_escaped_name(value)}"


def child(attribute: str, value: str, parent: str) -> str:
    """The DN of the entry of that name directly below `parent`."""
    return f"{rdn(attribute, value)},{parent}"


def parent(dn: str) -> str:
    """The DN one level up; empty at the top."""
    return ",".join(split_dn(dn)[1:])


def naming(dn: str) -> tuple[str, str]:
    """Attribute and unescaped value an entry is named by; raises InvalidInput where it is no DN.

    Of a name with several parts (`cn=a+sn=b`) the first.
    """
    leaf = _FIRST_PART.match(next(iter(split_dn(dn)), ""))
    attribute, _, value = (leaf[0] if leaf else "").partition("=")
    if not attribute.strip(" ") or not value.strip(" "):
        raise InvalidInput(f"{dn!r} is no distinguished name.", "Write it as `ou=name,dc=example`.")
    return attribute.strip(" "), _unescaped(value.strip(" "))


def checked_text(text: str) -> str:
    """A DN or filter as it is; raises InvalidInput for what no directory can be asked about."""
    if "\0" in text or any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise InvalidInput(
            f"{text[:80]!a} has a NUL or half a character in it.",
            "Write such bytes escaped, as \\00, or correct the name.",
        )
    return text


def attribute_name(attribute: str) -> str:
    """An attribute's name as it is; raises InvalidInput where it cannot be one."""
    if not attribute or not set(attribute) <= _ATTRIBUTE_CHARACTERS:
        raise InvalidInput(f"{attribute!r} is no attribute name.", "Use letters, digits, hyphens.")
    return attribute


def _escaped_name(value: str) -> str:
    """Outer spaces become `\\20`: written as `\\ ` they do not survive readers that trim."""
    inner = value.strip(" ")
    before = len(value) - len(value.lstrip(" ")) if inner else len(value)
    after = len(value) - before - len(inner)
    text = "".join(_escaped_character(character) for character in inner)
    if inner.startswith("#") and not before:
        text = f"\\{text}"
    return "\\20" * before + text + "\\20" * after


def _escaped_character(character: str) -> str:
    if character in _DN_SPECIAL:
        return f"\\{character}"
    return f"\\{ord(character):02x}" if ord(character) < 0x20 or character == "\x7f" else character


def _unescaped(value: str) -> str:
    out = bytearray()
    position = 0
    while position < len(value):
        pair = value[position + 1 : position + 3]
        if value[position] != "\\":
            out += value[position].encode("utf-8")
            position += 1
        elif len(pair) == 2 and all(c in "0123456789abcdefABCDEF" for c in pair):
            out.append(int(pair, 16))
            position += 3
        else:
            out += value[position + 1 : position + 2].encode("utf-8")
            position += 2
    return out.decode("utf-8", "replace")

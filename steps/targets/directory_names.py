"""Names and filters of the directory: the one place that escapes a value."""

from __future__ import annotations

from config.errors import InvalidInput
from steps.ldif_text import split_dn

_DN_SPECIAL = frozenset(',+"\\<>;=')
_ATTRIBUTE_CHARACTERS = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-;."
)


def equals(attribute: str, value: str) -> str:
    """A search filter for one exact value, escaped by RFC 4515: `(sstNode=kvm-1)`."""
    return f"({_checked(attribute)}={escaped(value)})"


def all_of(*filters: str) -> str:
    """A filter that wants every given one: `(&(a=1)(b=2))`."""
    return f"(&{''.join(filters)})"


def any_of(*filters: str) -> str:
    """A filter that wants at least one of the given ones: `(|(a=1)(b=2))`."""
    return f"(|{''.join(filters)})"


def escaped(value: str) -> str:
    """A value as it may stand in a filter. Everything that is not plain becomes `\\xx`."""
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"*()\\" else f"\\{byte:02x}"
        for byte in value.encode("utf-8")
    )


def rdn(attribute: str, value: str) -> str:
    """One name component, escaped by RFC 4514: `ou=virtual machines`, `cn=a\\,b`."""
    if not value:
        raise InvalidInput(f"An entry cannot be named by an empty {attribute}.", "Give it a value.")
    return f"{_checked(attribute)}={_escaped_name(value)}"


def child(attribute: str, value: str, parent: str) -> str:
    """The DN of the entry of that name directly below `parent`."""
    return f"{rdn(attribute, value)},{parent}"


def parent(dn: str) -> str:
    """The DN one level up; empty at the top."""
    return ",".join(split_dn(dn)[1:])


def naming(dn: str) -> tuple[str, str]:
    """Attribute and unescaped value of the leaf component; raises InvalidInput where it is none."""
    leaf = next(iter(split_dn(dn)), "")
    attribute, _, value = leaf.partition("=")
    if not attribute.strip() or not value.strip():
        raise InvalidInput(f"{dn!r} is no distinguished name.", "Write it as `ou=name,dc=example`.")
    return attribute.strip(), _unescaped(_stripped(value))


def _checked(attribute: str) -> str:
    if not attribute or not set(attribute) <= _ATTRIBUTE_CHARACTERS:
        raise InvalidInput(f"{attribute!r} is no attribute name.", "Use letters, digits, hyphens.")
    return attribute


def _escaped_name(value: str) -> str:
    escaped_characters = [
        f"\\{c}" if c in _DN_SPECIAL else f"\\{ord(c):02x}" if ord(c) < 0x20 or c == "\x7f" else c
        for c in value
    ]
    if value[0] in " #":
        escaped_characters[0] = f"\\{value[0]}"
    if len(value) > 1 and value[-1] == " ":
        escaped_characters[-1] = "\\ "
    return "".join(escaped_characters)


def _stripped(value: str) -> str:
    """Without surrounding spaces, keeping a last one that is escaped."""
    value = value.lstrip(" ")
    bare = value.rstrip(" ")
    backslashes = len(bare) - len(bare.rstrip("\\"))
    return bare + " " if backslashes % 2 and bare != value else bare


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

"""Takes secrets out of documents and puts them back: `(secret 1)` stands for each. Pure.

Equal secrets get equal numbers, so that documents without secrets still compare. The vault with
the real values stays in memory of the process that writes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from config.errors import InvalidInput
from steps.ldif_text import dump_entries, parse_entries
from steps.targets.directory import Attributes, Entry
from steps.virtual_machine.domain_xml import parse_domain, to_text
from steps.virtual_machine.normalise import fits_xml

if TYPE_CHECKING:
    from config.secrets import Secret

_SECRET_NAME = re.compile("passw(or)?d|secret", re.IGNORECASE)
# No `<` at its beginning: LDIF would show it in base64, which looks like the secret itself.
# The other spelling stands in plans of before: taken for a password it would be written as one.
_MARK = re.compile(r"\(secret [0-9]{1,6}\)|<secret [0-9]{1,6}>")


class Vault:
    """Secrets by mark, numbered in the order in which they were met."""

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}

    def mark(self, text: str) -> str:
        """The mark of a secret; a mark stays the mark it is."""
        if not text or is_mark(text):
            return text
        return self._marks.setdefault(text, f"(secret {len(self._marks) + 1})")

    def reveal(self, mark: str) -> str:
        """The secret of a mark; raises InvalidInput where this vault has none."""
        for text, known in self._marks.items():
            if known == mark:
                return text
        raise InvalidInput(
            f"{mark} stands for a secret that is not there any more.",
            "Something changed since the comparison: compare again.",
        )

    def secrets(self) -> Mapping[str, Secret]:
        """Every secret by its mark, for the scrubber."""
        from config.secrets import Secret

        return {mark: Secret(text) for text, mark in self._marks.items()}


def is_secret_name(attribute: str) -> bool:
    """Whether an attribute's values are secrets: sstSpicePassword, userPassword and their like."""
    return bool(_SECRET_NAME.search(attribute))


def is_mark(text: str) -> bool:
    """Whether a text is a mark and nothing else."""
    return bool(_MARK.fullmatch(text))


def sanitise_entries(entries: Sequence[Entry], vault: Vault) -> tuple[Entry, ...]:
    """Entries with marks in place of secrets."""
    return tuple(_mapped(entry, vault.mark) for entry in entries)


def fill_entries(entries: Sequence[Entry], vault: Vault) -> tuple[Entry, ...]:
    """Entries with the secrets of the vault in place of marks."""
    return tuple(_mapped(entry, lambda text: _filled(text, vault)) for entry in entries)


def sanitise_ldif(data: bytes, name: str, vault: Vault) -> str:
    """An LDIF with marks; raises InvalidInput where it cannot be read."""
    return dump_entries(sanitise_entries(parse_entries(data, name), vault))


def sanitise_xml(document: bytes | str, name: str, vault: Vault) -> str:
    """A domain XML with marks; raises InvalidInput where it cannot be read."""
    return _mapped_xml(document, name, vault.mark)


def fill_xml(document: str, name: str, vault: Vault) -> str:
    """A domain XML with the secrets of the vault in place of marks."""
    return _mapped_xml(document, name, lambda text: _filled(text, vault))


def _filled(text: str, vault: Vault) -> str:
    return vault.reveal(text) if is_mark(text) else text


def _mapped(entry: Entry, change: Callable[[str], str]) -> Entry:
    attributes: Attributes = {
        name: tuple(_mapped_value(value, change) for value in values)
        if is_secret_name(name)
        else values
        for name, values in entry.attributes.items()
    }
    return Entry(entry.dn, attributes, entry.entry_csn, entry.modified_by, entry.modified_at)


def _mapped_value(value: bytes, change: Callable[[str], str]) -> bytes:
    return change(value.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _mapped_xml(document: bytes | str, name: str, change: Callable[[str], str]) -> str:
    root = parse_domain(document, name)
    for element in root.iter():
        if element.get("passwd"):
            element.set("passwd", _fitting(change(element.get("passwd") or ""), name))
    return to_text(root)


def _fitting(text: str, name: str) -> str:
    if not fits_xml(text):
        raise InvalidInput(
            f"{name}: the console password is no text that an XML can hold.",
            "Set another sstSpicePassword in the directory entry.",
        )
    return text

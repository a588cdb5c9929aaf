"""The five sources of a comparison as documents, and their secret-free form for plan.json. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from config.errors import InvalidInput
from steps.ldif_text import dump_entries, make_entry
from steps.targets.directory import Entry
from steps.virtual_machine.domain_xml import RefusedXml
from steps.virtual_machine.image_header import SetImage
from steps.virtual_machine.sanitise import Vault, sanitise_ldif, sanitise_xml
from steps.virtual_machine.state_file import NotRunning, StateHeader, StateKind

DIRECTORY_BACKUP = "directory_backup"
DIRECTORY_NOW = "directory_now"
XML_BACKUP = "xml_backup"
XML_STATE = "xml_state"
XML_NOW = "xml_now"
DIRECTORIES = (DIRECTORY_BACKUP, DIRECTORY_NOW)
XMLS = (XML_BACKUP, XML_STATE, XML_NOW)
SOURCES = (*DIRECTORIES, *XMLS)

DOCUMENT_TITLES = {
    DIRECTORY_BACKUP: "backup LDIF",
    DIRECTORY_NOW: "directory entry",
    XML_BACKUP: "backup XML",
    XML_STATE: "XML in the state file",
    XML_NOW: "XML of the hypervisor",
}

STATE_MISSING = "missing"
STATE_NOT_RUNNING = "not-running"
STATE_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RefusedDocument:
    """A document that was not taken, kept as its error: code and message."""

    code: str
    message: str


Xml = str | bytes | RefusedDocument | None


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything one comparison reads. A document that is not there is None.

    `directory_now` is the machine's subtree and its DHCP entry; empty or None: the entry is gone.
    `state` is a StateKind, `missing`, `not-running`, or `unknown` where nobody looked; `images`
    are the image files of the set by name, None where nobody looked. May hold secrets until
    `sanitised()`.
    """

    machine: str
    leaf: str
    directory_backup: bytes | None = None
    directory_now: bytes | None = None
    xml_backup: Xml = None
    xml_state: Xml = None
    xml_now: Xml = None
    state: str = STATE_UNKNOWN
    state_problem: str = ""
    images: tuple[SetImage, ...] | None = None

    def sanitised(self, vault: Vault | None = None) -> Sources:
        """The same with marks for secrets, numbered in the order of SOURCES.

        Raises InvalidInput for an LDIF that cannot be read; an XML that cannot is kept as its
        refusal, since a comparison must say so.
        """
        vault = vault or Vault()
        ldif = {source: _clean_ldif(getattr(self, source), source, vault) for source in DIRECTORIES}
        xml = {source: _clean_xml(getattr(self, source), source, vault) for source in XMLS}
        return replace(self, **ldif, **xml)  # type: ignore[arg-type]

    def to_json(self) -> dict[str, object]:
        """Plain data without secrets, for the survey and plan.json."""
        clean = self.sanitised()
        return {
            "machine": clean.machine,
            "leaf": clean.leaf,
            **{source: _ldif_json(getattr(clean, source)) for source in DIRECTORIES},
            **{source: _xml_json(getattr(clean, source)) for source in XMLS},
            "state": clean.state,
            "state_problem": clean.state_problem,
            "images": None if clean.images is None else [_image_json(i) for i in clean.images],
        }

    @classmethod
    def from_json(cls, data: object) -> Sources:
        """What `to_json` wrote. Raises InvalidInput for anything else."""
        try:
            found = cast(Mapping[str, object], data)
            images = found["images"]
            return cls(
                machine=_text(found["machine"]),
                leaf=_text(found["leaf"]),
                directory_backup=_bytes(found[DIRECTORY_BACKUP]),
                directory_now=_bytes(found[DIRECTORY_NOW]),
                xml_backup=_xml(found[XML_BACKUP]),
                xml_state=_xml(found[XML_STATE]),
                xml_now=_xml(found[XML_NOW]),
                state=_text(found["state"]),
                state_problem=_text(found["state_problem"]),
                images=None if images is None else _images(images),
            )
        except (KeyError, TypeError) as error:
            raise InvalidInput(f"The sources of a comparison are damaged: {error}.") from error

    def with_state(self, header: StateHeader | NotRunning | None) -> Sources:
        """The same with what a state file's header says; None: there is no state file."""
        if header is None:
            return replace(self, state=STATE_MISSING, xml_state=None)
        if isinstance(header, NotRunning):
            return replace(self, state=STATE_NOT_RUNNING, xml_state=None)
        whole = header.kind in (StateKind.REAL, StateKind.TRUNCATED, StateKind.PARTIAL)
        return replace(
            self,
            state=header.kind.value,
            state_problem=header.problem,
            xml_state=header.xml if whole and header.xml else None,
        )


def ldif_of(entries: tuple[Entry, ...] | list[Entry]) -> bytes:
    """Entries as read from a directory as LDIF, with the entryCSN that guards a change."""
    return dump_entries([_guarded(entry) for entry in entries]).encode()


def _guarded(entry: Entry) -> Entry:
    if not entry.entry_csn or entry.values("entryCSN"):
        return entry
    return make_entry(entry.dn, {**entry.attributes, "entryCSN": (entry.entry_csn.encode(),)})


def _clean_ldif(data: bytes | None, source: str, vault: Vault) -> bytes | None:
    if data is None:
        return None
    return sanitise_ldif(data, DOCUMENT_TITLES[source], vault).encode()


def _clean_xml(document: Xml, source: str, vault: Vault) -> Xml:
    if document is None or isinstance(document, RefusedDocument):
        return document
    try:
        return sanitise_xml(document, DOCUMENT_TITLES[source], vault)
    except RefusedXml as error:
        return RefusedDocument(error.code, error.message)


def _ldif_json(data: bytes | None) -> str | None:
    return None if data is None else data.decode()


def _xml_json(document: Xml) -> object:
    if isinstance(document, RefusedDocument):
        return {"code": document.code, "message": document.message}
    return document


def _image_json(image: SetImage) -> dict[str, object]:
    return {
        "name": image.name,
        "format": image.format,
        "virtual_size": image.virtual_size,
        "has_backing": image.has_backing,
        "problem": image.problem,
    }


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a text must be")
    return value


def _bytes(value: object) -> bytes | None:
    return None if value is None else _text(value).encode()


def _xml(value: object) -> Xml:
    if isinstance(value, dict):
        return RefusedDocument(_text(value["code"]), _text(value["message"]))
    return None if value is None else _text(value)


def _images(value: object) -> tuple[SetImage, ...]:
    if not isinstance(value, list):
        raise TypeError("images is not a list")
    return tuple(SetImage(**item) for item in value)

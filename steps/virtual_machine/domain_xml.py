"""Domain XML: read it safely, say where something stands, edit it and leave the rest alone. Pure.

No entity is ever expanded, no DTD loaded, nothing fetched. lxml is imported when first needed.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.errors import InvalidInput

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

MAX_BYTES = 2 << 20
MAX_DEPTH = 40

ENTITIES = "xml-entities"
SEVERAL = "xml-several-documents"
UNREADABLE = "xml-unreadable"

_DECLARES = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_MARKUP = re.compile(r"<!--.*?-->|<\?.*?\?>|<[^>]*>", re.DOTALL)
_ATTRIBUTE_PATH = re.compile(r"(?:(.*)/)?@([\w:-]+)")
_QUOTED = re.compile(r'="([^"]*)"')


class RefusedXml(InvalidInput):
    """An XML that is not taken; `code` says which rule refused it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, "Use the XML as libvirt wrote it: one domain, no entities.")
        self.code = code


def parse_domain(document: bytes | str, name: str) -> Element:
    """The root of a domain XML called `name`; raises RefusedXml (an InvalidInput)."""
    data = document.encode("utf-8", "surrogatepass") if isinstance(document, str) else document
    if len(data) > MAX_BYTES:
        raise RefusedXml(UNREADABLE, f"{name} has {len(data)} bytes; {MAX_BYTES} are allowed.")
    if _DECLARES.search(data):
        raise RefusedXml(ENTITIES, f"{name} declares a document type or entities.")
    root = _root(data, name)
    if root.tag != "domain":
        raise RefusedXml(UNREADABLE, f"{name} is <{_shown(root.tag)}>, not a <domain>.")
    return root


def _root(data: bytes, name: str) -> Element:
    from lxml import etree

    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root: Element = etree.fromstring(data.strip(), parser)
    except etree.XMLSyntaxError as error:
        code, line = getattr(error, "code", None), error.position[0]
        raise _syntax(code, error.msg or "", name, line) from error
    except ValueError as error:
        raise RefusedXml(UNREADABLE, f"{name}: {error}") from error
    _check_tree(root, name)
    return root


def _syntax(code: int | None, message: str, name: str, line: int) -> RefusedXml:
    from lxml.etree import ErrorTypes

    message = message.partition(", line")[0].replace("\n", " ").strip()
    if code in (ErrorTypes.ERR_DOCUMENT_END, ErrorTypes.ERR_RESERVED_XML_NAME):
        return RefusedXml(SEVERAL, f"{name} holds several documents: one ends before line {line}.")
    if code == ErrorTypes.ERR_UNDECLARED_ENTITY:
        return RefusedXml(ENTITIES, f"{name}, line {line}: {message}")
    return RefusedXml(UNREADABLE, f"{name}, line {line}: {message}")


def _check_tree(root: Element, name: str) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise RefusedXml(ENTITIES, f"{name} declares a document type.")
    depth, deepest = {root: 1}, 1
    for element in root.iterdescendants():
        parent = element.getparent()
        depth[element] = (depth[parent] if parent is not None else 0) + 1
        deepest = max(deepest, depth[element])
    if deepest > MAX_DEPTH:
        raise RefusedXml(
            UNREADABLE, f"{name} nests {deepest} levels deep; {MAX_DEPTH} are allowed."
        )


def _shown(tag: object) -> str:
    return ascii(str(tag)[:40])[1:-1]


def to_text(root: Element) -> str:
    """The document as libvirt writes it: single quotes, no declaration, a line end."""
    from lxml import etree

    text = etree.tostring(root, encoding="unicode", with_tail=False)
    return _MARKUP.sub(_requoted, text) + "\n"


def _requoted(markup: re.Match[str]) -> str:
    tag = markup[0]
    if tag.startswith(("<!", "<?")):
        return tag
    return _QUOTED.sub(lambda quoted: "='" + quoted[1].replace("'", "&apos;") + "'", tag)


def duplicate(root: Element) -> Element:
    """A copy that can be edited."""
    return copy.deepcopy(root)


def devices(root: Element, tag: str) -> list[Element]:
    """The devices of that kind, in order."""
    return list(root.iterfind(f"devices/{tag}"))


def disks(root: Element) -> dict[str, Element]:
    """Disks by the name the guest sees (vda, hdc ...); one without a target is left out."""
    found: dict[str, Element] = {}
    for disk in devices(root, "disk"):
        target = disk.find("target")
        if target is not None and target.get("dev"):
            found.setdefault(target.get("dev") or "", disk)
    return found


def console(root: Element) -> Element | None:
    """The graphical console: SPICE before VNC; None where there is neither."""
    for kind in ("spice", "vnc"):
        for graphics in devices(root, "graphics"):
            if graphics.get("type") == kind:
                return graphics
    return None


def read(element: Element, path: str) -> str | None:
    """What stands at `a/b` (text) or `a/b/@c` (attribute) below the element, stripped; or None."""
    where, attribute = split_path(path)
    found = element.find(where) if where else element
    if found is None:
        return None
    text = found.get(attribute) if attribute else found.text
    return text.strip() if text is not None else None


def split_path(path: str) -> tuple[str, str]:
    """`a/b/@c` as ("a/b", "c"); the second is empty for a text."""
    found = _ATTRIBUTE_PATH.fullmatch(path)
    return (found[1] or "", found[2]) if found else (path, "")


def write(element: Element, path: str, value: str | None) -> None:
    """Set what stands at the path, making what is missing; None removes it."""
    where, attribute = split_path(path)
    target = _made(element, where) if value is not None else _found(element, where)
    if target is None:
        return
    if attribute:
        _set(target, attribute, value)
        if value is None and target is not element and _is_bare(target):
            remove(target)
    elif value is not None:
        target.text = value
    elif target is not element:
        remove(target)


def _is_bare(element: Element) -> bool:
    """Whether nothing is left that an element says."""
    return not element.attrib and not len(element) and not (element.text or "").strip()


def _set(element: Element, attribute: str, value: str | None) -> None:
    if value is None:
        drop_attribute(element, attribute)
    else:
        element.set(attribute, value)


def drop_attribute(element: Element, attribute: str) -> None:
    """Remove an attribute; not having it is fine."""
    if attribute in element.attrib:
        del element.attrib[attribute]


def _found(element: Element, where: str) -> Element | None:
    return element.find(where) if where else element


def _made(element: Element, where: str) -> Element:
    """The element at that path, made with its parents where it is missing."""
    from lxml import etree

    for name in where.split("/") if where else ():
        found = element.find(name)
        if found is None:
            found = etree.Element(name.partition("[")[0])
            condition = re.fullmatch(r"\w+\[@(\w+)='([^']*)'\]", name)
            if condition:
                found.set(condition[1], condition[2])
            append(element, found)
        element = found
    return element


def append(parent: Element, child: Element) -> None:
    """Add at the end, indented like its neighbours."""
    last = parent[-1] if len(parent) else None
    if last is None:
        outer = _indent_of(parent)
        parent.text, child.tail = f"\n{outer}  ", f"\n{outer}"
    else:
        child.tail = last.tail
        last.tail = parent.text if (parent.text or "").isspace() else last.tail
    parent.append(child)


def _indent_of(element: Element) -> str:
    before = element.getprevious()
    parent = element.getparent()
    space = before.tail if before is not None else parent.text if parent is not None else ""
    return (space or "").rpartition("\n")[2]


def insert_after(sibling: Element, child: Element) -> None:
    """Add behind a sibling, indented like it."""
    child.tail = sibling.tail
    before = sibling.getprevious()
    parent = sibling.getparent()
    assert parent is not None
    sibling.tail = before.tail if before is not None else parent.text
    parent.insert(parent.index(sibling) + 1, child)


def remove(element: Element) -> None:
    """Take an element out together with its indentation."""
    parent = element.getparent()
    assert parent is not None
    before = element.getprevious()
    if element.getnext() is None:
        tail = element.tail
        if before is not None:
            before.tail = tail
        else:
            parent.text = None
    parent.remove(element)


def place(element: Element, attribute: str = "") -> str:
    """Absolute XPath with 1-based positions: devices always, others where the name repeats."""
    steps: list[str] = []
    at: Element | None = element
    while at is not None:
        parent = at.getparent()
        steps.append(_step(at, parent))
        at = parent
    path = "/" + "/".join(reversed(steps))
    return f"{path}/@{attribute}" if attribute else path


_SINGLE_DEVICES = ("emulator", "memballoon")


def _step(element: Element, parent: Element | None) -> str:
    tag = str(element.tag)
    if parent is None:
        return tag
    same = [child for child in parent if child.tag == element.tag]
    numbered = parent.tag == "devices" and tag not in _SINGLE_DEVICES
    return f"{tag}[{same.index(element) + 1}]" if numbered or len(same) > 1 else tag


def drop_chain_ends(root: Element) -> tuple[str, ...]:
    """Remove the empty `<backingStore/>` that probing added; returns where they stood.

    With them a state is restored on an overlay as if it had no backing file (measured).
    """
    ends = [end for disk in devices(root, "disk") for end in _chain_ends(disk)]
    places = tuple(place(end) for end in ends)
    for end in ends:
        remove(end)
    return places


def _chain_ends(disk: Element) -> Iterator[Element]:
    for store in disk.iter("backingStore"):
        if not len(store) and not store.attrib:
            yield store


def make_startable(root: Element) -> None:
    """Turn a dump of a running domain into a definition: runtime details go, hardware stays."""
    drop_attribute(root, "id")
    for element in [*root.iter("alias"), *root.iterfind("seclabel[@type='dynamic']")]:
        if element.tag == "seclabel" or not (element.get("name") or "").startswith("ua-"):
            remove(element)
    for disk in devices(root, "disk"):
        for source in disk.iter("source"):
            drop_attribute(source, "index")
        for store in list(disk.iterfind("backingStore")):
            remove(store)
    for target in root.iterfind("devices/interface/target"):
        if re.fullmatch(r"(vnet|macvtap|macvlan)\d+", target.get("dev") or ""):
            remove(target)
    processor = root.find("cpu")
    if processor is not None and processor.get("check") == "full":
        processor.set("check", "none")

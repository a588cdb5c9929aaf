"""Parts of a domain XML that the directory knows nothing of, compared and taken over whole. Pure.

Only what an operator or a generator puts there counts; controllers, PS/2 inputs, audio back ends
and whatever else libvirt adds by itself do not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from steps.virtual_machine import normalise as n
from steps.virtual_machine.codecs import Codec
from steps.virtual_machine.domain_xml import (
    append,
    devices,
    drop_attribute,
    duplicate,
    read,
    remove,
)

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


class Part(Codec, ABC):
    """Elements that are compared by a signature and taken over as they stand elsewhere."""

    @abstractmethod
    def elements(self, root: Element) -> list[Element]:
        """What belongs to this part."""

    @abstractmethod
    def signature(self, element: Element) -> str:
        """What of an element counts."""

    def from_xml(self, scope: Element, paths: Sequence[str]) -> str | None:
        return ",".join(sorted(self.signature(found) for found in self.elements(scope))) or None

    def transfer(self, target: Element, source: Element) -> None:
        """Make this part of `target` what it is in `source`; addresses are left to libvirt."""
        for element in self.elements(target):
            remove(element)
        for element in self.elements(source):
            parent = element.getparent()
            into = target if parent is None or parent is source else target.find(str(parent.tag))
            if into is not None:
                append(into, without_runtime(element))


class Processor(Part):
    """CPU mode and model; the expansion that a running domain shows does not count."""

    def elements(self, root: Element) -> list[Element]:
        return list(root.iterfind("cpu"))

    def signature(self, element: Element) -> str:
        model = read(element, "model")
        mode = element.get("mode", "custom" if model else "")
        return model if mode == "custom" and model else mode


class Video(Part):
    """Models of the video devices."""

    def elements(self, root: Element) -> list[Element]:
        return devices(root, "video")

    def signature(self, element: Element) -> str:
        return n.word(read(element, "model/@type") or "")


class Devices(Part):
    """Devices of one kind, compared by a few of their settings."""

    def __init__(self, tag: str, *paths: str, skip: Callable[[Element], bool] | None = None):
        super().__init__()
        self.tag = tag
        self.paths = paths
        self._skip = skip or (lambda _element: False)

    def elements(self, root: Element) -> list[Element]:
        return [found for found in devices(root, self.tag) if not self._skip(found)]

    def signature(self, element: Element) -> str:
        return " ".join(n.plain(read(element, path) or "-") for path in self.paths)


def is_ps2(element: Element) -> bool:
    """Whether an input device is one that libvirt adds to every PC."""
    return element.get("bus") == "ps2"


def without_runtime(element: Element) -> Element:
    """A copy without what belongs to one running domain: aliases, addresses, labels."""
    copied = duplicate(element)
    _drop(copied.iter("alias", "address", "seclabel", "backingStore"), copied)
    for source in copied.iter("source"):
        drop_attribute(source, "index")
        if source.get("network"):
            drop_attribute(source, "portid")
            drop_attribute(source, "bridge")
    return copied


def _drop(found: Iterable[Element], top: Element) -> None:
    for element in list(found):
        if element is not top and element.getparent() is not None:
            remove(element)

"""How a field's value is read from an entry and from a domain XML, and written back. Pure.

A *key* is the value in the one spelling that is compared (see normalise.py), None where it is not
there. Values of several parts are one key, joined with commas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from steps.virtual_machine import normalise as n
from steps.virtual_machine.domain_xml import append, devices, read, remove, write

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

Normaliser = Callable[[str], str]


def text_of(value: bytes) -> str:
    """A directory value as text; bytes that are not UTF-8 stay different from each other."""
    return value.decode("utf-8", "backslashreplace")


class Codec:
    """One value: an attribute with one value, an XML text or attribute."""

    def __init__(self, normaliser: Normaliser = n.plain, *, ldap: str = "{}") -> None:
        self.normaliser = normaliser
        self._ldap = ldap

    def from_ldap(self, values: Sequence[bytes]) -> str | None:
        """The key of an attribute's values."""
        if not values:
            return None
        return ",".join(sorted(self.normaliser(text_of(value)) for value in values))

    def to_ldap(self, key: str | None, now: Sequence[bytes]) -> tuple[bytes, ...]:
        """The attribute's values for that key; `now` are the values that stand there."""
        return () if key is None else (self._ldap.format(key).encode(),)

    def from_xml(self, scope: Element, paths: Sequence[str]) -> str | None:
        """The key that stands at the first path that has something."""
        for path in paths:
            found = read(scope, path)
            if found:
                return self.normaliser(found)
        return None

    def to_xml(self, scope: Element, paths: Sequence[str], key: str | None) -> None:
        """Write it to the first path and to every other one that has something."""
        for path in [paths[0], *(path for path in paths[1:] if read(scope, path) is not None)]:
            write(scope, path, key)


class Several(Codec):
    """Several values whose order says nothing."""

    def parts(self, key: str | None) -> tuple[str, ...]:
        """The single values of a key."""
        return tuple(key.split(",")) if key else ()

    def to_ldap(self, key: str | None, now: Sequence[bytes]) -> tuple[bytes, ...]:
        return tuple(part.encode() for part in self.parts(key))


class Bag(Codec):
    """Values of an attribute nobody here knows, compared as a set."""

    def __init__(self, normaliser: Normaliser = n.plain) -> None:
        super().__init__(normaliser)

    def from_ldap(self, values: Sequence[bytes]) -> str | None:
        return "\n".join(sorted(self.normaliser(text_of(value)) for value in values)) or None


class Memory(Codec):
    """Bytes in the directory; KiB with a unit in the XML, where currentMemory follows."""

    def __init__(self) -> None:
        super().__init__(n.whole_kib)

    def from_xml(self, scope: Element, paths: Sequence[str]) -> str | None:
        found = scope.find(paths[0])
        if found is None or not found.text:
            return None
        return n.memory_bytes(found.text, found.get("unit", ""))

    def to_xml(self, scope: Element, paths: Sequence[str], key: str | None) -> None:
        size = n.number(key)
        if size is None:
            return
        for path in paths:
            found = scope.find(path)
            if found is not None:
                found.set("unit", "KiB")
                found.text = str(size // 1024)


class Bus(Codec):
    """The bus of a disk, whose address is of that bus: libvirt finds one on another bus."""

    def __init__(self) -> None:
        super().__init__(n.word)

    def to_xml(self, scope: Element, paths: Sequence[str], key: str | None) -> None:
        super().to_xml(scope, paths, key)
        for address in scope.findall("address"):
            remove(address)


class Processors(Codec):
    """The number of virtual CPUs; the cores of the topology go with it."""

    def __init__(self) -> None:
        super().__init__(n.integer)

    def to_xml(self, scope: Element, paths: Sequence[str], key: str | None) -> None:
        if key is None:
            return
        write(scope, "vcpu", key)
        count = scope.find("vcpu")
        if count is not None and count.get("current"):
            write(scope, "vcpu/@current", None)
        if scope.find("cpu/topology") is not None:
            # As the generator writes it; anything else might not multiply to the count.
            for name, value in (("sockets", "1"), ("dies", None), ("cores", key), ("threads", "1")):
                write(scope, f"cpu/topology/@{name}", value)


class BootOrder(Codec):
    """Boot devices in their order."""

    def from_ldap(self, values: Sequence[bytes]) -> str | None:
        return ",".join(n.word(text_of(value)) for value in values) or None

    def to_ldap(self, key: str | None, now: Sequence[bytes]) -> tuple[bytes, ...]:
        return tuple(part.encode() for part in key.split(",")) if key else ()

    def from_xml(self, scope: Element, paths: Sequence[str]) -> str | None:
        return ",".join(n.word(boot.get("dev", "")) for boot in scope.iterfind("os/boot")) or None

    def to_xml(self, scope: Element, paths: Sequence[str], key: str | None) -> None:
        from lxml import etree

        wanted = key.split(",") if key else []
        present = list(scope.iterfind("os/boot"))
        for boot in present[len(wanted) :]:
            remove(boot)
        for boot, device in zip(present, wanted, strict=False):
            boot.set("dev", device)
        system = scope.find("os")
        for device in wanted[len(present) :]:
            if system is not None:
                append(system, etree.Element("boot", dev=device))


_WRITTEN_ANYWAY = ("hyperv", "mode=custom")
"""A feature's setting that libvirt writes where nobody asked for another."""


def _parts_of(element: Element) -> str:
    """One feature as the directory writes it: `acpi`, `hyperv:relaxed+state=on;...`."""
    attributes = [f"{name}={element.get(name)}" for name in map(str, element.attrib)]
    own = _feature_with(str(element.tag), attributes)
    children = sorted(_parts_of(child) for child in element if isinstance(child.tag, str))
    return f"{own}:{';'.join(children)}" if children else own


def _feature(text: str) -> str:
    """The directory's form in the same spelling; its inner separator is a comma."""
    parent, colon, children = text.strip().partition(":")
    parts = sorted(_sorted_attributes(child) for child in children.split(",") if child)
    return _sorted_attributes(parent) + (colon + ";".join(parts) if parts else "")


def _sorted_attributes(text: str) -> str:
    name, *attributes = text.strip().split("+")
    return _feature_with(name.lower(), attributes)


def _feature_with(name: str, attributes: Iterable[str]) -> str:
    said = sorted(each for each in attributes if (name, each) != _WRITTEN_ANYWAY)
    return "+".join([name, *said])


class Features(Several):
    """Children of `features`, compared as a set."""

    def __init__(self) -> None:
        super().__init__(_feature)

    def to_ldap(self, key: str | None, now: Sequence[bytes]) -> tuple[bytes, ...]:
        return tuple(part.replace(";", ",").encode() for part in self.parts(key))

    def from_xml(self, scope: Element, paths: Sequence[str]) -> str | None:
        found = scope.find("features")
        children = [] if found is None else [c for c in found if isinstance(c.tag, str)]
        return ",".join(sorted(_parts_of(child) for child in children)) or None

    def to_xml(self, scope: Element, paths: Sequence[str], key: str | None) -> None:
        from lxml import etree

        found = scope.find("features")
        if found is None:
            found = etree.Element("features")
            append(scope, found)
        wanted = set(self.parts(key))
        for child in [c for c in found if isinstance(c.tag, str)]:
            if _parts_of(child) in wanted:
                wanted.discard(_parts_of(child))
            else:
                remove(child)
        for part in sorted(wanted):
            append(found, _made_feature(part))


def _made_feature(part: str) -> Element:
    own, _, children = part.partition(":")
    element = _made_element(own)
    for child in children.split(";") if children else ():
        element.append(_made_element(child))
    return element


def _made_element(text: str) -> Element:
    from lxml import etree

    name, *attributes = text.split("+")
    element = etree.Element(name)
    for attribute in attributes:
        key, _, value = attribute.partition("=")
        element.set(key, value)
    return element


def _timer(text: str) -> str:
    """`name: a=b,c=d` with its settings in order."""
    name, _, settings = text.partition(":")
    return (
        f"{name.strip()}: {';'.join(sorted(s.strip() for s in settings.split(',') if s.strip()))}"
    )


class Timers(Several):
    """Clock timers, compared as a set."""

    def __init__(self) -> None:
        super().__init__(_timer)

    def to_ldap(self, key: str | None, now: Sequence[bytes]) -> tuple[bytes, ...]:
        return tuple(part.replace(";", ",").encode() for part in self.parts(key))

    def from_xml(self, scope: Element, paths: Sequence[str]) -> str | None:
        found = [_timer_of(timer) for timer in scope.iterfind("clock/timer")]
        return ",".join(sorted(found)) or None

    def to_xml(self, scope: Element, paths: Sequence[str], key: str | None) -> None:
        clock = scope.find("clock")
        if clock is None:
            return
        for timer in list(clock.iterfind("timer")):
            remove(timer)
        for part in self.parts(key):
            name, _, settings = part.partition(": ")
            spelled = "+".join(["timer", f"name={name}", *(s for s in settings.split(";") if s)])
            append(clock, _made_element(spelled))


def _timer_of(timer: Element) -> str:
    settings = sorted(f"{k}={timer.get(k)}" for k in map(str, timer.attrib) if k != "name")
    return f"{timer.get('name', '')}: {';'.join(settings)}"


class Screens(Codec):
    """Screens of the console: heads of one video device, or how many video devices there are."""

    def __init__(self) -> None:
        super().__init__(n.integer)

    def from_xml(self, scope: Element, paths: Sequence[str]) -> str | None:
        videos = devices(scope, "video")
        if not videos:
            return None
        if len(videos) > 1:
            return str(len(videos))
        return n.integer(read(videos[0], "model/@heads") or "1")

    def to_xml(self, scope: Element, paths: Sequence[str], key: str | None) -> None:
        videos = devices(scope, "video")
        if len(videos) == 1 and key is not None:
            write(videos[0], "model/@heads", key)


class Present(Codec):
    """A switch that is on where an element stands; `always_on` are devices that have it anyway."""

    def __init__(self, *always_on: str) -> None:
        super().__init__(n.boolean)
        self.always_on = always_on

    def from_xml(self, scope: Element, paths: Sequence[str]) -> str | None:
        on = scope.get("device") in self.always_on or scope.find(paths[0]) is not None
        return n.TRUE if on else n.FALSE

    def to_xml(self, scope: Element, paths: Sequence[str], key: str | None) -> None:
        write(scope, paths[0], "" if key == n.TRUE else None)
        found = scope.find(paths[0])
        if found is not None:
            found.text = None


class Redirection(Codec):
    """Whether USB devices may be handed to the guest."""

    def __init__(self) -> None:
        super().__init__(n.boolean)

    def to_xml(self, scope: Element, paths: Sequence[str], key: str | None) -> None:
        write(scope, paths[0], "yes" if key == n.TRUE else "no")


class Sound(Present):
    """Whether the machine has a sound card. Adding one needs the element of another document."""

    def to_xml(self, scope: Element, paths: Sequence[str], key: str | None) -> None:
        from lxml import etree

        found = scope.find(paths[0])
        parent = scope.find("devices")
        if found is not None and key != n.TRUE:
            remove(found)
        elif found is None and key == n.TRUE and parent is not None:
            append(parent, etree.Element("sound", model="ac97"))


class ConsolePort(Codec):
    """The port of the console; `auto` where libvirt chooses it."""

    def __init__(self) -> None:
        super().__init__(n.integer)

    def from_xml(self, scope: Element, paths: Sequence[str]) -> str | None:
        port = scope.get("port")
        if scope.get("autoport") == "yes" or port == "-1":
            return "auto"
        return n.integer(port) if port else None

    def to_ldap(self, key: str | None, now: Sequence[bytes]) -> tuple[bytes, ...]:
        # The directory takes a number only; one that libvirt chooses is known when it runs.
        return tuple(now) if key == "auto" else super().to_ldap(key, now)

    def to_xml(self, scope: Element, paths: Sequence[str], key: str | None) -> None:
        write(scope, "@port", "-1" if key in (None, "auto") else key)
        write(scope, "@autoport", "yes" if key in (None, "auto") else "no")


class FixedAddress(Codec):
    """The `fixed-address` among the statements of a DHCP entry."""

    def __init__(self) -> None:
        super().__init__(n.address)

    def from_ldap(self, values: Sequence[bytes]) -> str | None:
        for value in values:
            name, _, address = text_of(value).strip().partition(" ")
            if name.lower() == "fixed-address":
                return ",".join(sorted(n.address(part) for part in address.split(",")))
        return None

    def to_ldap(self, key: str | None, now: Sequence[bytes]) -> tuple[bytes, ...]:
        mine = () if key is None else (f"fixed-address {key}".encode(),)
        return (*mine, *(value for value in now if not is_fixed_address(value)))


class OtherStatements(Several):
    """All statements of a DHCP entry but the fixed address."""

    def from_ldap(self, values: Sequence[bytes]) -> str | None:
        return super().from_ldap([value for value in values if not is_fixed_address(value)])

    def to_ldap(self, key: str | None, now: Sequence[bytes]) -> tuple[bytes, ...]:
        fixed = tuple(value for value in now if is_fixed_address(value))
        return (*fixed, *super().to_ldap(key, now))


def is_fixed_address(statement: bytes) -> bool:
    """Whether a statement of a DHCP entry gives the address."""
    return statement.strip().lower().startswith(b"fixed-address")

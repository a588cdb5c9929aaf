"""What is true of the host a machine comes back to, as far as somebody looked. Plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import cast

from config.errors import InvalidInput

_REMEDY = (
    "Host facts are a JSON object with this_node, this_node_console_address, bridges, "
    "image_directories, live_images, other_machines, machine_types, machine_aliases."
)


@dataclass(frozen=True, slots=True)
class LiveImage:
    """A disk image that lies on the host today; `virtual_size` in bytes, 0 where unknown."""

    path: str
    format: str
    virtual_size: int


@dataclass(frozen=True, slots=True)
class OtherMachine:
    """Another machine of the cloud and what it holds."""

    uuid: str
    name: str
    macs: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    console_ports: tuple[int, ...] = ()
    images: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.name and self.uuid and self.name != self.uuid:
            return f"{self.name} ({self.uuid})"
        return self.name or self.uuid or "another machine"


@dataclass(frozen=True, slots=True)
class HostFacts:
    """Everything a comparison may use about the host. None means that nobody looked."""

    this_node: str = ""
    this_node_console_address: str = ""
    bridges: tuple[str, ...] | None = None
    image_directories: tuple[str, ...] | None = None
    live_images: tuple[LiveImage, ...] = ()
    other_machines: tuple[OtherMachine, ...] = ()
    machine_types: tuple[str, ...] | None = None
    machine_aliases: tuple[tuple[str, str], ...] = ()

    def live_image(self, path: str) -> LiveImage | None:
        """What lies at that path today, as far as known."""
        wanted = PurePosixPath(path)
        return next((i for i in self.live_images if PurePosixPath(i.path) == wanted), None)

    def to_json(self) -> dict[str, object]:
        """Plain data, as the host facts file has it."""
        return {
            "this_node": self.this_node,
            "this_node_console_address": self.this_node_console_address,
            "bridges": _listed(self.bridges),
            "image_directories": _listed(self.image_directories),
            "live_images": [
                {"path": i.path, "format": i.format, "virtual_size": i.virtual_size}
                for i in self.live_images
            ],
            "other_machines": [_machine_json(machine) for machine in self.other_machines],
            "machine_types": _listed(self.machine_types),
            "machine_aliases": dict(self.machine_aliases),
        }

    @classmethod
    def from_json(cls, data: object) -> HostFacts:
        """Read and check them; a missing key is "nobody looked". Raises InvalidInput."""
        facts = _object(data, "host facts")
        return cls(
            this_node=_text(facts, "this_node"),
            this_node_console_address=_text(facts, "this_node_console_address"),
            bridges=_texts(facts, "bridges"),
            image_directories=_texts(facts, "image_directories"),
            live_images=tuple(_live_image(item) for item in _items(facts, "live_images")),
            other_machines=tuple(_machine(item) for item in _items(facts, "other_machines")),
            machine_types=_texts(facts, "machine_types"),
            machine_aliases=_aliases(facts.get("machine_aliases")),
        )


def _listed(items: tuple[str, ...] | None) -> list[str] | None:
    return None if items is None else list(items)


def _machine_json(machine: OtherMachine) -> dict[str, object]:
    return {
        "uuid": machine.uuid,
        "name": machine.name,
        "macs": list(machine.macs),
        "ips": list(machine.ips),
        "console_ports": list(machine.console_ports),
        "images": list(machine.images),
    }


def _wrong(what: str) -> InvalidInput:
    return InvalidInput(f"Host facts: {what}.", _REMEDY)


def _object(data: object, where: str) -> Mapping[str, object]:
    if not isinstance(data, dict):
        raise _wrong(f"{where} is not an object")
    return cast(Mapping[str, object], data)


def _text(data: Mapping[str, object], key: str) -> str:
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(f"{key} is not a text")
    return value


def _items(data: Mapping[str, object], key: str) -> Sequence[object]:
    value = data.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(f"{key} is not a list")
    return value


def _texts(data: Mapping[str, object], key: str) -> tuple[str, ...] | None:
    if data.get(key) is None:
        return None
    items = _items(data, key)
    if not all(isinstance(item, str) for item in items):
        raise _wrong(f"{key} is not a list of texts")
    return tuple(cast(list[str], items))


def _number(value: object, where: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _wrong(f"{where} is not a number: {value!r}")
    return value


def _live_image(item: object) -> LiveImage:
    image = _object(item, "an entry of live_images")
    size = image.get("virtual_size")
    return LiveImage(
        _text(image, "path"),
        _text(image, "format"),
        0 if size is None else _number(size, "virtual_size"),
    )


def _machine(item: object) -> OtherMachine:
    machine = _object(item, "an entry of other_machines")
    return OtherMachine(
        _text(machine, "uuid"),
        _text(machine, "name"),
        _texts(machine, "macs") or (),
        _texts(machine, "ips") or (),
        tuple(_number(port, "a console port") for port in _items(machine, "console_ports")),
        _texts(machine, "images") or (),
    )


def _aliases(data: object) -> tuple[tuple[str, str], ...]:
    """As an object {alias: canonical} or as pairs; both are in use."""
    pairs = list(data.items()) if isinstance(data, dict) else data or []
    if not isinstance(pairs, list):
        raise _wrong("machine_aliases is not an object")
    return tuple(_alias(pair) for pair in pairs)


def _alias(pair: object) -> tuple[str, str]:
    if isinstance(pair, dict):
        pair = (pair.get("alias"), pair.get("canonical"))
    if isinstance(pair, list | tuple) and len(pair) == 2:
        alias, canonical = pair
        if isinstance(alias, str) and isinstance(canonical, str):
            return alias, canonical
    raise _wrong(f"machine_aliases has {pair!r}, which is not alias and canonical name")

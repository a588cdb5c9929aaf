"""Which rows move together. Pure.

MAC and lease; node, console address and bridges; image path and volume; and whatever else of one
disk says where it lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from steps.virtual_machine.cases import Case
from steps.virtual_machine.machine_fields import Field

_DISK_PLACE = ("source", "type", "source-protocol", "source-name", "source-host", "source-port",
               "volume-name", "capacity", "allocation")  # fmt: skip
_CARD_PLACE = ("type", "bridge", "source-network")
_LEASE = ("dhcp", "dhcp.hardware-address", "dhcp.fixed-address")


def couplings(cases: Sequence[Case], fields: Iterable[Field]) -> Mapping[str, tuple[str, ...]]:
    """For each row the rows that move with it, where there are any."""
    found: dict[str, list[str]] = {}
    for group in _groups(cases, _leased_card(cases, fields)):
        for one in group:
            for other in group:
                if one != other and not (_is_bridge(one) and _is_bridge(other)):
                    found.setdefault(one, []).append(other)
    return {name: tuple(dict.fromkeys(others)) for name, others in found.items()}


def _is_bridge(row_id: str) -> bool:
    # Two cards may well hang on bridges decided apart.
    return row_id.endswith(".bridge")


def _groups(cases: Sequence[Case], leased: str) -> Iterator[list[str]]:
    ids = [case.id for case in cases]
    yield [x for x in ids if x in ("node", "console-address") or _is_bridge(x)]
    yield [x for x in ids if x in _LEASE or x == leased]
    for device in dict.fromkeys(case.device_name for case in cases if case.device_name):
        for names in (_DISK_PLACE, _CARD_PLACE):
            wanted = {f"{device}.{name}" for name in names}
            yield [x for x in ids if x in wanted]


def _leased_card(cases: Sequence[Case], fields: Iterable[Field]) -> str:
    """The row of what the lease belongs to: the MAC it is joined with, else the first card's.

    A first card that only the backup or only today has is a row itself.
    """
    cards = [field for field in fields if field.row.id == "mac" and field.device is not None]
    leased = next((field for field in cards if field.with_lease), cards[0] if cards else None)
    for case in cases:
        if leased is not None and (case.field is leased or case.device is leased.device):
            return case.id
    return ""

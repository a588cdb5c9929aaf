"""A small conflict set with every kind of row, for the tests of the conflict screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from textual.app import App
from textual.screen import Screen

from config.errors import InvalidInput, Refused
from steps.conflicts import (
    FIELD_DECISIONS,
    Blocking,
    Desk,
    FieldClass,
    LdapPlace,
    Preview,
    Resolution,
    Resolutions,
    Row,
    Warning_,
)
from tui.app import RekindleApp
from tui.screens.conflicts import ConflictsScreen

KEEP, LIVE, BOOT, CUSTOM = FIELD_DECISIONS
MAC_REFUSAL = 'libvirt refuses: "Target network card mac does not match source"'


def values(then: str | None, now: str | None, xml: bool = True) -> dict[str, str | None]:
    found = {"directory_backup": then, "directory_now": now}
    return found | ({"xml_backup": then, "xml_state": then, "xml_now": now} if xml else {})


def host_row(name: str, then: str, now: str, **more: object) -> Row:
    settings = {
        "id": name,
        "title": name,
        "group": "host",
        "device": None,
        "ldap": (LdapPlace("", f"sst{name.title()}"),),
        "xpath": (f"/domain/{name}",),
        "field_class": FieldClass.HOST,
        "values": values(then, now),
        "allowed": (KEEP, LIVE, CUSTOM),
        "refused": {BOOT: "a host setting has no next boot"},
        "default": LIVE,
        "custom_hint": "any text",
    }
    return Row(**(settings | more))


MAC = host_row(
    "mac",
    "52:54:00:0a:01:02",
    "52:54:00:0b:01:02",
    title="MAC of net0",
    group="network",
    device="net0",
    field_class=FieldClass.FROZEN,
    allowed=(KEEP, BOOT),
    refused={LIVE: MAC_REFUSAL, CUSTOM: "the guest keeps the card it has"},
    default=KEEP,
    coupled=("lease",),
    note="Writes directory and DHCP as well.",
)
LEASE = host_row(
    "lease",
    "52:54:00:0a:01:02 10.1.0.7",
    "52:54:00:0b:01:02 10.1.0.7",
    title="lease of net0",
    group="network",
    device="net0",
    field_class=FieldClass.DIRECTORY_ONLY,
    ldap=(LdapPlace("DHCP", "dhcpHWAddress"),),
    xpath=(),
    values=values("52:54:00:0a:01:02 10.1.0.7", "52:54:00:0b:01:02 10.1.0.7", xml=False),
    allowed=(KEEP, BOOT),
    coupled=("mac",),
)
BRIDGE = host_row(
    "bridge",
    "vmbr0",
    "br-prod",
    title="bridge of net0",
    group="network",
    device="net0",
    allowed=(LIVE, CUSTOM),
    refused={KEEP: "vmbr0 is not on this host", BOOT: "a host setting has no next boot"},
    custom_hint="br-prod or br-test",
)
PORT = host_row("port", "5903", "5911", title="console port", group="console")
DESCRIPTION = host_row(
    "description",
    "web front",
    "web front, blue",
    field_class=FieldClass.DIRECTORY_ONLY,
    xpath=(),
    values=values("web front", "web front, blue", xml=False),
)
NODE = host_row("node", "node1", "node2", allowed=(LIVE,), refused={KEEP: "always where it is now"})


@dataclass(frozen=True)
class ToyConflicts:
    """Decides nothing by itself but rows with one choice; port 5903 belongs to another machine."""

    mode: str = "with-state"
    rows: Sequence[Row] = (MAC, LEASE, BRIDGE, PORT, DESCRIPTION, NODE)
    title: str = "web01 20261102T040000Z"
    warnings: Sequence[Warning_] = (Warning_("drift", "XML and directory differ today."),)
    hidden: Mapping[str, int] = field(default_factory=lambda: {"equal": 31, "noise": 4})

    def row(self, row_id: str) -> Row:
        return next(row for row in self.rows if row.id == row_id)

    def check(self, row_id: str, resolution: Resolution) -> None:
        row = self.row(row_id)
        if resolution.decision not in row.allowed:
            raise Refused(row.refused.get(resolution.decision, "not a choice"))
        free = row_id != "bridge" or resolution.decision is not CUSTOM
        if not free and resolution.value not in ("br-prod", "br-test"):
            raise InvalidInput(f"no bridge {resolution.value!r}", "Type br-prod or br-test.")

    def together(self, row_id: str, resolution: Resolution) -> Resolutions:
        names = (row_id, *self.row(row_id).coupled)
        return {name: resolution for name in names if any(row.id == name for row in self.rows)}

    def result(self, row_id: str, resolutions: Resolutions) -> str:
        row = self.row(row_id)
        chosen = resolutions.get(row_id)
        if chosen is None and len(row.allowed) > 1:
            return "decide"
        decision = chosen.decision if chosen else row.allowed[0]
        then, now = row.values["directory_backup"], row.values["directory_now"]
        if decision is BOOT:
            return f"{then} now, {now} next boot"
        return {KEEP: then, LIVE: now, CUSTOM: chosen.value if chosen else ""}[decision] or ""

    def still_open(self, resolutions: Resolutions) -> Sequence[str]:
        return [row.id for row in self.rows if self.result(row.id, resolutions) == "decide"]

    def blocking(self, resolutions: Resolutions) -> Sequence[Blocking]:
        if resolutions.get("port") == Resolution(KEEP):
            message = "port 5903 belongs to mail01."
            return [Blocking("port-taken", message, "Choose another port.", ("port",))]
        return []

    def previews(self, resolutions: Resolutions) -> Sequence[Preview]:
        lines = [f"{row.id}: {self.result(row.id, resolutions)}" for row in self.rows]
        changed = frozenset(n for n, row in enumerate(self.rows) if row.id in resolutions)
        long = tuple(f"line {number}" for number in range(500))
        return [
            Preview("web01.ldif", tuple(lines), changed),
            Preview("web01.xml", long, frozenset({3, 250, 499})),
        ]


def many(count: int) -> ToyConflicts:
    """A set of `count` rows, each its own."""
    return ToyConflicts(rows=[host_row(f"field{n:03}", f"a{n}", f"b{n}") for n in range(count)])


class Opener(Screen):
    """Opens a conflict screen and keeps what it gives back."""

    def on_mount(self) -> None:
        self.app.show()


class ConflictsApp(RekindleApp):
    """Shows conflict screens on one desk; keeps what each gave back."""

    def __init__(self, conflicts=None, desk: Desk | None = None) -> None:
        super().__init__(Opener)
        self.desk = desk or Desk(conflicts or ToyConflicts())
        self.outcomes: list[object] = []

    def show(self) -> None:
        self.push_screen(ConflictsScreen(self.desk, "Restore web01"), self.outcomes.append)


def text_of(app: App) -> str:
    """What stands on the screen, as lines of text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def press(pilot, *keys: str) -> str:
    """Press keys, let the screen settle, and read it."""
    await pilot.press(*keys)
    await pilot.pause()
    return text_of(pilot.app)

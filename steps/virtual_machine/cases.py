"""Every disagreement of one machine as a case: a field, a device or an entry, and its choices."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from steps.conflicts import Decision, FieldClass, LdapPlace
from steps.virtual_machine import normalise as n
from steps.virtual_machine import sources as s
from steps.virtual_machine.choices import Choices, choices, device_choices, entry_choices
from steps.virtual_machine.cross_checks import unusable
from steps.virtual_machine.device_fitness import bad_then, bad_today
from steps.virtual_machine.domain_xml import place
from steps.virtual_machine.field_table import PRESENCE_ROW, Check, Rule
from steps.virtual_machine.machine_devices import CARD, DISK, Device
from steps.virtual_machine.machine_entry import LEASE
from steps.virtual_machine.machine_fields import Field, Seen, ldap_of, xpath_of
from steps.virtual_machine.patterns import Meaning, meaning, standing
from steps.virtual_machine.read_fields import is_removable, slug
from steps.virtual_machine.situation import Situation

GROUPS = ("machine", "console", "disk", "network", "directory")

_ASKED_PLACES = ("ou=people", "ou=groups")
_ALWAYS_CHECKED = (Check.MAC, Check.ADDRESS, Check.PORT, Check.MACHINE_TYPE, Check.IMAGE_PATH)


@dataclass(frozen=True, slots=True)
class Case:
    """One row in the making. Exactly one of `field`, `device`, `entry_at` is what it is about.

    `entry_at` is the normalised place of an entry that only the backup or only today has.
    """

    id: str
    title: str
    group: str
    field_class: FieldClass
    meaning: Meaning
    choices: Choices
    values: Mapping[str, Seen | None]
    ldap: tuple[LdapPlace, ...]
    xpath: tuple[str, ...]
    device_name: str | None = None
    field: Field | None = None
    device: Device | None = None
    entry_at: str | None = None

    @property
    def added(self) -> bool:
        """Whether only today has it."""
        return self.meaning.backup is not None and self.meaning.backup.key is None

    def key(self, decision: Decision) -> str | None:
        """The value that keep-backup or take-live stands for."""
        seen = self.meaning.now if decision is Decision.TAKE_LIVE else self.meaning.backup
        return seen.key if seen else None


def find_cases(situation: Situation) -> tuple[Case, ...]:
    """Every case, grouped as the screen shows them."""
    found_there = {device.name: presence(device, situation) for device in situation.devices}
    one_sided = {name for name, meant in found_there.items() if meant.differs}
    fields = [f for f in situation.fields.values() if _is_asked(f, one_sided, situation)]
    found = [
        *(case for field in fields for case in _field_case(field, situation)),
        *(
            _device_case(device, found_there, situation)
            for device in situation.devices
            if device.name in one_sided
        ),
        *_entry_cases(situation),
    ]
    return tuple(sorted(_distinct(found), key=lambda case: GROUPS.index(case.group)))


def _is_asked(field: Field, one_sided: Collection[str], situation: Situation) -> bool:
    """Whether the field may be a row. Of a card that must come back the bridge may be mapped."""
    if field.device_name not in one_sided:
        return True
    return situation.with_state and field.row.check is Check.BRIDGE and s.XML_NOW not in field.seen


def _distinct(cases: Iterable[Case]) -> Iterator[Case]:
    """Cases with ids of their own, whatever their entries are called."""
    seen: set[str] = set()
    for case in cases:
        own, number = case.id, 2
        while own in seen:
            own, number = f"{case.id}-{number}", number + 1
        seen.add(own)
        yield replace(case, id=own)


def presence(device: Device, situation: Situation) -> Meaning:
    """Whether backup and today have the device, by the same patterns as any value."""
    has = device.sources()
    seen = {x: _presence(x in has) for x in s.SOURCES if _document_there(x, situation)}
    field = Field(device.name, "", PRESENCE_ROW, device, seen, {})
    return standing(field, comes_and_goes=is_removable(device, situation.documents))


def _document_there(source: str, situation: Situation) -> bool:
    documents = situation.documents
    held = documents.directories.get(source)
    return source in documents.xmls or (held is not None and held.machine is not None)


def _field_case(field: Field, situation: Situation) -> Iterator[Case]:
    meant = _adjusted(field, meaning(field), situation)
    if not meant.differs and not _must_be_asked(field, meant, situation):
        return
    yield Case(
        id=field.id,
        title=field.title,
        group=field.row.group,
        field_class=field.row.field_class,
        meaning=meant,
        choices=choices(field, meant, situation),
        values={source: field.seen.get(source) for source in s.SOURCES},
        ldap=ldap_of(field, situation.documents),
        xpath=xpath_of(field, situation.documents),
        device_name=field.device_name,
        field=field,
    )


def _adjusted(field: Field, meant: Meaning, situation: Situation) -> Meaning:
    """What the host knows better than the documents."""
    if field.row.check is Check.LISTEN:
        return _listening(field, meant, situation)
    if field.row.rule is Rule.TODAY and not _document_there(s.DIRECTORY_NOW, situation):
        return _without_entry(field, meant, situation)
    return meant


def _listening(field: Field, meant: Meaning, situation: Situation) -> Meaning:
    """Consoles listen on the address of the node, whatever the documents say."""
    here = n.address(situation.facts.this_node_console_address)
    now = meant.now
    if here and (now is None or unusable(field, now.key, situation)):
        now = Seen(here, here)
    if meant.backup is None or now is None:
        return Meaning(meant.backup, now, False)
    recovers = meant.now is None and not unusable(field, meant.backup.key, situation)
    return Meaning(meant.backup, now, meant.backup.key != now.key and not recovers)


def _without_entry(field: Field, meant: Meaning, situation: Situation) -> Meaning:
    """The entry is gone: the node is this one, a migration is over, the status is what it was."""
    if field.row.id == "status" or meant.backup is None:
        return meant
    here = situation.facts.this_node if field.row.id == "node" else ""
    if field.row.id == "node" and not here:
        return meant
    now = Seen(field.row.codec.normaliser(here), here) if here else Seen(None, None)
    return Meaning(meant.backup, now, meant.backup.key != now.key)


def _must_be_asked(field: Field, meant: Meaning, situation: Situation) -> bool:
    """Whether the one value all sources agree on cannot be used here."""
    if meant.backup is None:
        return False
    reason = unusable(field, meant.backup.key, situation)
    if not reason:
        return False
    in_xml = any(field.seen[x].key for x in s.XMLS if x in field.seen)
    if field.row.check is Check.BRIDGE:
        return in_xml
    if field.row.check is Check.IMAGE_PATH:
        return "belongs to" in reason
    return field.row.check in _ALWAYS_CHECKED


def _device_case(device: Device, found_there: Mapping[str, Meaning], situation: Situation) -> Case:
    kind = DISK if device.kind == DISK else CARD
    shown = {x: _shown(device, x, situation) for x in device.sources()}
    meant = found_there[device.name]
    counts = _counts(device, found_there, situation)
    word = "disk" if kind == DISK else "network card"
    return Case(
        id=device.name,
        title=f"{word} {device.name}",
        group="disk" if kind == DISK else "network",
        field_class=FieldClass.FROZEN,
        meaning=meant,
        choices=device_choices(
            kind,
            meant,
            counts,
            situation,
            bad_then(device, situation),
            bad_today(device, situation),
        ),
        values={x: Seen("present", shown[x]) if x in shown else None for x in s.SOURCES},
        ldap=_device_ldap(device, situation),
        xpath=_device_xpath(device, situation),
        device_name=device.name,
        device=device,
    )


def _presence(there: bool) -> Seen:
    return Seen("present", "present") if there else Seen(None, None)


def _shown(device: Device, source: str, situation: Situation) -> str:
    name = f"{device.name}.{'source' if device.kind == DISK else 'mac'}"
    field = situation.fields.get(name)
    seen = field.seen.get(source) if field else None
    return seen.text if seen and seen.text else "present"


def _counts(
    device: Device, found_there: Mapping[str, Meaning], situation: Situation
) -> tuple[int, int]:
    """How many devices of its kind the backup has, and how many today has."""
    kin = [found_there[other.name] for other in situation.devices if other.kind == device.kind]
    now = [meant.now if meant.differs else meant.backup for meant in kin]
    return (
        sum(1 for meant in kin if meant.backup is not None and meant.backup.key),
        sum(1 for seen in now if seen is not None and seen.key),
    )


def _device_ldap(device: Device, situation: Situation) -> tuple[LdapPlace, ...]:
    attribute = "sstDisk" if device.kind == DISK else "sstInterface"
    for source in (s.DIRECTORY_NOW, s.DIRECTORY_BACKUP):
        if source in device.entries:
            held = situation.documents.directories[source]
            entry = held.by_place[device.entries[source]]
            return (LdapPlace(held.place_of(entry), attribute),)
    return ()


def _device_xpath(device: Device, situation: Situation) -> tuple[str, ...]:
    for source in (s.XML_STATE, s.XML_BACKUP, s.XML_NOW):
        element = device.element(situation.documents.trees.get(source), source)
        if element is not None:
            return (place(element),)
    return ()


def _entry_cases(situation: Situation) -> Iterator[Case]:
    """Entries other than disks and cards that only one side has, the lease among them."""
    held = situation.documents.directories
    backup, now = held.get(s.DIRECTORY_BACKUP), held.get(s.DIRECTORY_NOW)
    if backup is None or now is None or now.machine is None or backup.machine is None:
        return
    devices = {at for device in situation.devices for at in device.entries.values()}
    places = dict.fromkeys((*backup.by_place, *now.by_place))
    for at in places:
        if at not in devices and (at in backup.by_place) != (at in now.by_place):
            yield _entry_case(at, at in backup.by_place, situation)
    if (backup.lease is None) != (now.lease is None):
        yield _entry_case(LEASE, backup.lease is not None, situation)


def _entry_case(at: str, in_backup: bool, situation: Situation) -> Case:
    source = s.DIRECTORY_BACKUP if in_backup else s.DIRECTORY_NOW
    held = situation.documents.directories[source]
    entry = situation.documents.entry(source, at)
    assert entry is not None
    grant = any(at == known or at.endswith(f",{known}") for known in _ASKED_PLACES)
    default = Decision.KEEP_BACKUP if in_backup and not grant else Decision.TAKE_LIVE
    spelled = held.place_of(entry)
    return Case(
        id="dhcp" if at == LEASE else f"entry.{slug(at)}",
        title="DHCP entry" if at == LEASE else f"entry {spelled}",
        group="network" if at == LEASE else "directory",
        field_class=FieldClass.DIRECTORY_ONLY,
        meaning=Meaning(_presence(in_backup), _presence(not in_backup), True),
        choices=entry_choices(default),
        values={x: Seen("present", "present") if x == source else None for x in s.SOURCES},
        ldap=(LdapPlace(spelled, "dhcpHWAddress" if at == LEASE else "objectClass"),),
        xpath=(),
        entry_at=at,
    )

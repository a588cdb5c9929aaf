"""The practice engine's addresses below /ovirt-engine/api, and what is done at each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine import documents as shown
from steps.drill.practice_engine import host_rules, machine_rules, storage_rules
from steps.drill.practice_engine.database import Fault, Record
from steps.drill.practice_engine.documents import Element
from steps.drill.practice_engine.host_rules import Moment

LONGEST_MARK: Final = 50
_TERM: Final = re.compile(r"\s*(\w+)\s*=\s*\"?([^\"]*?)\"?\s*")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: method, path without its root, query and body."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes = b""

    @property
    def mark(self) -> str:
        """The correlation id. Raises Fault for one that an engine would not take."""
        mark = self.query.get("correlation_id", "")
        if len(mark) > LONGEST_MARK:
            raise Fault(400, f"size must be between 1 and {LONGEST_MARK}", "Invalid correlation id")
        return mark

    def flag(self, name: str) -> bool:
        """Whether a parameter is true, in the query or in the action's body."""
        return (self.query.get(name) or self.told(name)).lower() == "true"

    def told(self, path: str) -> str:
        """The text at a place of the body; empty where there is none."""
        return (self._document().findtext(path) or "").strip()

    def referred(self, name: str) -> str:
        """The id of what the body refers to."""
        found = self._document().find(name)
        return (found.get("id") or "") if found is not None else ""

    def _document(self) -> etree._Element:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        try:
            return etree.fromstring(self.body or b"<action/>", parser)
        except etree.XMLSyntaxError as error:
            raise Fault(400, str(error), "Malformed request") from error


@dataclass(frozen=True, slots=True)
class Reply:
    """A status and a document, or nothing."""

    status: int
    document: Element | None = None


Handler = Callable[[Request, Moment, tuple[str, ...]], Reply]


def answer(request: Request, moment: Moment) -> Reply:
    """Do what is asked. Raises Fault where a rule says no or nothing is there."""
    for method, pattern, handler in _ROUTES:
        found = re.fullmatch(pattern, request.path)
        if found and method == request.method:
            return handler(request, moment, found.groups())
    raise Fault(404, f"{request.method} {request.path}", "Not found")


def _root(_request: Request, moment: Moment, _ids: tuple[str, ...]) -> Reply:
    return Reply(200, shown.api(moment.facts))


def _hosts(request: Request, moment: Moment, _ids: tuple[str, ...]) -> Reply:
    found = _searched(request, moment.database["hosts"], ("name", "id", "status", "address"))
    full = request.flag("all_content")
    items = [shown.host(moment.facts, record, all_content=full) for record in found]
    return Reply(200, shown.collection("hosts", items))


def _host(request: Request, moment: Moment, ids: tuple[str, ...]) -> Reply:
    record = db.find(moment.database, "hosts", ids[0])
    full = request.flag("all_content")
    return Reply(200, shown.host(moment.facts, record, all_content=full))


def _add_host(request: Request, moment: Moment, _ids: tuple[str, ...]) -> Reply:
    asked = {
        "name": request.told("name"), "address": request.told("address"),
        "cluster": request.referred("cluster"), "password": request.told("root_password"),
        "by_key": request.told("ssh/authentication_method") == "publickey",
        "ssh_port": int(request.told("ssh/port") or 22),
    }  # fmt: skip
    missing = [name for name in ("name", "address") if not asked[name]]
    if missing:
        raise Fault(400, f"Host [{', '.join(missing)}] required for add", "Incomplete parameters")
    deploy = request.flag("deploy_hosted_engine")
    record = host_rules.add(moment, asked, deploy=deploy)
    return Reply(201, shown.host(moment.facts, record, all_content=True))


def _remove_host(_request: Request, moment: Moment, ids: tuple[str, ...]) -> Reply:
    host_rules.remove(moment, db.find(moment.database, "hosts", ids[0]))
    return Reply(200)


def _act_on_host(request: Request, moment: Moment, ids: tuple[str, ...]) -> Reply:
    host, action = db.find(moment.database, "hosts", ids[0]), ids[1]
    if action == "fence":
        return _fence(request, moment, host)
    if action == "deactivate":
        host_rules.deactivate(moment, host)
    elif action == "activate":
        host_rules.activate(moment, host)
    else:
        deploy = request.flag("deploy_hosted_engine")
        undeploy = request.flag("undeploy_hosted_engine")
        host_rules.install(moment, host, deploy=deploy, undeploy=undeploy)
    return Reply(200, shown.done_action())


def _fence(request: Request, moment: Moment, host: Record) -> Reply:
    kind = request.told("fence_type")
    if kind == "manual":
        host_rules.confirm_rebooted(moment, host)
        return Reply(200, shown.done_action())
    if kind == "status" and host["power_management"]:
        state = shown.leaf("status", "on" if db.shows_life(moment.facts, host) else "off")
        return Reply(200, shown.done_action(shown.element("power_management", state)))
    raise db.refused("Cannot fence Host. Power Management is not enabled for this Host.")


def _machines(request: Request, moment: Moment, _ids: tuple[str, ...]) -> Reply:
    found = _searched(request, moment.database["machines"], ("name", "id", "status", "origin"))
    follow = request.query.get("follow", "").split(",")
    items = [shown.machine(record, follow=follow) for record in found]
    return Reply(200, shown.collection("vms", items))


def _machine(_request: Request, moment: Moment, ids: tuple[str, ...]) -> Reply:
    return Reply(200, shown.machine(db.find(moment.database, "machines", ids[0])))


def _cards(_request: Request, moment: Moment, ids: tuple[str, ...]) -> Reply:
    return Reply(200, shown.cards(db.find(moment.database, "machines", ids[0])))


def _remove_machine(_request: Request, moment: Moment, ids: tuple[str, ...]) -> Reply:
    machine_rules.remove(moment, db.find(moment.database, "machines", ids[0]))
    return Reply(200)


def _act_on_machine(_request: Request, moment: Moment, ids: tuple[str, ...]) -> Reply:
    machine = db.find(moment.database, "machines", ids[0])
    acts = {
        "start": machine_rules.start, "stop": machine_rules.stop,
        "shutdown": machine_rules.shut_down,
    }  # fmt: skip
    acts[ids[1]](moment, machine)
    return Reply(200, shown.done_action())


def _domains(request: Request, moment: Moment, _ids: tuple[str, ...]) -> Reply:
    found = _searched(request, moment.database["storage"], ("name", "id"))
    items = [shown.storage_domain(record, attached=False) for record in found]
    return Reply(200, shown.collection("storage_domains", items))


def _domain(_request: Request, moment: Moment, ids: tuple[str, ...]) -> Reply:
    record = db.find(moment.database, "storage", ids[0])
    return Reply(200, shown.storage_domain(record, attached=False))


def _remove_domain(request: Request, moment: Moment, ids: tuple[str, ...]) -> Reply:
    record = db.find(moment.database, "storage", ids[0])
    if not request.flag("destroy"):
        raise db.refused("Cannot remove Storage. Only destroying is simulated here.")
    storage_rules.destroy(moment, record)
    return Reply(200)


def _attached(_request: Request, moment: Moment, ids: tuple[str, ...]) -> Reply:
    center = db.find(moment.database, "data_centers", ids[0])
    found = [r for r in moment.database["storage"] if r["data_center"] == center["id"]]
    items = [shown.storage_domain(record, attached=True) for record in found]
    return Reply(200, shown.collection("storage_domains", items))


def _one_attached(moment: Moment, ids: tuple[str, ...]) -> Record:
    record = db.find(moment.database, "storage", ids[1])
    if record["data_center"] != ids[0]:
        raise Fault(404, f"Entity not found: {ids[1]}")
    return record


def _attached_one(_request: Request, moment: Moment, ids: tuple[str, ...]) -> Reply:
    return Reply(200, shown.storage_domain(_one_attached(moment, ids), attached=True))


def _detach(_request: Request, moment: Moment, ids: tuple[str, ...]) -> Reply:
    storage_rules.detach(moment, _one_attached(moment, ids))
    return Reply(200)


def _act_on_domain(_request: Request, moment: Moment, ids: tuple[str, ...]) -> Reply:
    act = storage_rules.activate if ids[2] == "activate" else storage_rules.deactivate
    act(moment, _one_attached(moment, ids))
    return Reply(200, shown.done_action())


def _centers(request: Request, moment: Moment, _ids: tuple[str, ...]) -> Reply:
    found = _searched(request, moment.database["data_centers"], ("name", "id", "status"))
    return Reply(200, shown.collection("data_centers", map(shown.data_center, found)))


def _clusters(request: Request, moment: Moment, _ids: tuple[str, ...]) -> Reply:
    found = _searched(request, moment.database["clusters"], ("name", "id"))
    return Reply(200, shown.collection("clusters", map(shown.cluster, found)))


def _events(request: Request, moment: Moment, _ids: tuple[str, ...]) -> Reply:
    known = [{**event, "correlation_id": event["mark"]} for event in moment.database["events"]]
    found = _searched(request, known, ("correlation_id", "severity"))
    after = int(request.query.get("from", "0"))
    newest = [event for event in reversed(found) if int(event["id"]) > after]
    limit = int(request.query.get("max", "-1"))
    started, speed = float(moment.facts["started"]), float(moment.facts["speed"])
    items = [
        shown.event(event, started, speed) for event in newest[: limit if limit >= 0 else None]
    ]
    return Reply(200, shown.collection("events", items))


def _searched(request: Request, records: list[Record], fields: tuple[str, ...]) -> list[Record]:
    """Those that fit `search`: terms NAME=VALUE joined by `and`, `*` at the ends of a value."""
    wanted = request.query.get("search", "").strip()
    if not wanted:
        return list(records)
    terms = []
    for text in re.split(r"\s+and\s+", wanted, flags=re.IGNORECASE):
        term = _TERM.fullmatch(text)
        if term is None or term[1].lower() not in fields:
            raise Fault(400, f"{wanted} is not a search that is simulated here", "Invalid search")
        terms.append((term[1].lower(), term[2]))
    return [r for r in records if all(_fits(str(r[name]), value) for name, value in terms)]


def _fits(found: str, wanted: str) -> bool:
    pattern = ".*".join(map(re.escape, wanted.split("*")))
    return re.fullmatch(pattern, found, re.IGNORECASE) is not None


_ID: Final = r"([^/]+)"
_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "/?", _root),
    ("GET", "/hosts", _hosts),
    ("POST", "/hosts", _add_host),
    ("GET", f"/hosts/{_ID}", _host),
    ("DELETE", f"/hosts/{_ID}", _remove_host),
    ("POST", f"/hosts/{_ID}/(activate|deactivate|fence|install)", _act_on_host),
    ("GET", "/vms", _machines),
    ("GET", f"/vms/{_ID}", _machine),
    ("GET", f"/vms/{_ID}/nics", _cards),
    ("DELETE", f"/vms/{_ID}", _remove_machine),
    ("POST", f"/vms/{_ID}/(start|stop|shutdown)", _act_on_machine),
    ("GET", "/storagedomains", _domains),
    ("GET", f"/storagedomains/{_ID}", _domain),
    ("DELETE", f"/storagedomains/{_ID}", _remove_domain),
    ("GET", f"/datacenters/{_ID}/storagedomains", _attached),
    ("GET", f"/datacenters/{_ID}/storagedomains/{_ID}", _attached_one),
    ("DELETE", f"/datacenters/{_ID}/storagedomains/{_ID}", _detach),
    ("POST", f"/datacenters/{_ID}/storagedomains/{_ID}/(activate|deactivate)", _act_on_domain),
    ("GET", "/datacenters", _centers),
    ("GET", "/clusters", _clusters),
    ("GET", "/events", _events),
)

"""The engine behind its own client library, see `Engine` for what each call means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from ovirtsdk4 import types

from config.errors import InvalidInput
from config.secrets import Secret
from config.site import EngineAccess
from steps.targets import engine_reading as read
from steps.targets.engine import Engine, NewHost
from steps.targets.engine_facts import (
    AboutEngine,
    Cluster,
    DataCenter,
    Deployment,
    Event,
    Health,
    Host,
    Machine,
    MachineCards,
    Power,
    StorageDomain,
)
from steps.targets.engine_faults import NotThere
from steps.targets.engine_mark import checked_mark
from steps.targets.ovirt_connection import CALL_SECONDS, OvirtConnection

_Record = TypeVar("_Record")

NOBODY: Final = "00000000-0000-0000-0000-000000000000"
"""The host that a forgotten storage domain is not formatted by."""


class OvirtEngine:
    """One engine. Opened at the first call."""

    def __init__(
        self, access: EngineAccess, password: Secret | None, seconds: int = CALL_SECONDS
    ) -> None:
        self._connection = OvirtConnection(access, password, seconds)
        self._mark = ""

    @property
    def url(self) -> str:
        """Its origin."""
        return self._connection.access.url

    def marked(self, correlation: str) -> Engine:
        """The same engine and connection, with that mark on what is asked."""
        marked = OvirtEngine.__new__(OvirtEngine)
        marked._connection = self._connection
        marked._mark = checked_mark(correlation)
        return marked

    def health(self) -> Health:
        """Its health page."""
        return self._connection.health()

    def about(self) -> AboutEngine:
        """Product and version."""
        about: AboutEngine = self._call("the version", lambda api: read.about(api.get()))
        return about

    def hosts(self) -> Sequence[Host]:
        """All hosts."""
        return self._list(
            read.host, "the hosts", lambda api: api.hosts_service().list(all_content=True)
        )

    def host(self, id: str) -> Host | None:
        """One host, or None."""
        return self._one(
            read.host, f"the host {id}", lambda api: _host(api, id).get(all_content=True)
        )

    def host_named(self, name: str) -> Host | None:
        """Compared here: a search would take `*` and quotes for its own."""
        return next((host for host in self.hosts() if host.name.lower() == name.lower()), None)

    def machines(self, host: str = "") -> Sequence[Machine]:
        """All, or those of a host."""
        machines = self._list(
            read.machine, "the machines", lambda api: api.vms_service().list(all_content=True)
        )
        return tuple(machine for machine in machines if host in ("", machine.host))

    def machine(self, id: str) -> Machine | None:
        """One, or None."""
        return self._one(read.machine, f"the machine {id}", lambda api: _machine(api, id).get())

    def cards(self) -> Sequence[MachineCards]:
        """One request; before 4.2 links are not followed, and each machine is asked."""

        def cards(api: Any) -> Any:
            found = api.vms_service().list(follow="nics,reported_devices")
            for machine in found:
                if machine.nics is None:
                    machine.nics = _machine(api, machine.id).nics_service().list()
            return found

        return self._list(read.cards, "the machines' network cards", cards)

    def data_centers(self) -> Sequence[DataCenter]:
        """All data centres."""
        return self._list(
            read.data_center, "the data centres", lambda api: api.data_centers_service().list()
        )

    def clusters(self) -> Sequence[Cluster]:
        """All clusters."""
        return self._list(read.cluster, "the clusters", lambda api: api.clusters_service().list())

    def storage_domains(self) -> Sequence[StorageDomain]:
        """All; the list itself is silent on the status of an attached one."""
        domains = self._list(
            read.storage_domain, "the storage", lambda api: api.storage_domains_service().list()
        )
        attached = {center for domain in domains for center in domain.data_centers}
        told = {
            domain.id: domain for center in sorted(attached) for domain in self._storage_of(center)
        }
        return tuple(told.get(domain.id, domain) for domain in domains)

    def events(
        self, *, correlation: str = "", after: str = "", limit: int = 100
    ) -> Sequence[Event]:
        """Searched for by the engine, and looked through here as well."""
        asked: dict[str, Any] = {"max": limit}
        if correlation:
            asked["search"] = f"correlation_id={checked_mark(correlation)}"
        if after:
            asked["from_"] = _event_number(after)
        events = self._list(
            read.event, "the events", lambda api: api.events_service().list(**asked)
        )
        return tuple(event for event in events if correlation in ("", event.correlation))

    def maintain_host(self, id: str, reason: str = "") -> None:
        """deactivate."""
        self._act(
            f"maintenance of host {id}",
            lambda api, mark: _host(api, id).deactivate(reason=reason or None, query=mark),
        )

    def activate_host(self, id: str) -> None:
        """activate."""
        self._act(f"activating host {id}", lambda api, mark: _host(api, id).activate(query=mark))

    def confirm_rebooted(self, id: str) -> None:
        """fence, by hand."""
        self._act(
            f"the word that host {id} was rebooted",
            lambda api, mark: _host(api, id).fence(fence_type="manual", query=mark),
        )

    def power_of(self, id: str) -> Power:
        """fence, status."""
        found = self._act(
            f"the power state of host {id}",
            lambda api, mark: _host(api, id).fence(fence_type="status", query=mark),
        )
        return Power(read.word(found.status)) if found is not None else Power.UNKNOWN

    def remove_host(self, id: str, *, force: bool = False) -> None:
        """remove, with force as a parameter of the address."""
        self._act(
            f"removing host {id}",
            lambda api, mark: _host(api, id).remove(force=force or None, query=mark),
        )

    def add_host(self, host: NewHost, deployment: Deployment = Deployment.KEEP) -> str:
        """add; with a password, or by the engine's own key."""
        added = self._act(
            f"adding host {host.name}",
            lambda api, mark: api.hosts_service().add(
                _new_host(host), query=mark, **_deployed(deployment)
            ),
        )
        return read.text(added.id)

    def reinstall_host(
        self, id: str, deployment: Deployment, root_password: Secret | None = None
    ) -> None:
        """install."""
        how = _deployed(deployment)
        if root_password is not None:
            how["root_password"] = root_password.reveal()
        else:
            how["ssh"] = types.Ssh(authentication_method=types.SshAuthenticationMethod.PUBLICKEY)
        self._act(
            f"reinstalling host {id}",
            lambda api, mark: _host(api, id).install(query=mark, **how),
        )

    def start_machine(self, id: str) -> None:
        """start."""
        self._act(f"starting machine {id}", lambda api, mark: _machine(api, id).start(query=mark))

    def shut_down_machine(self, id: str) -> None:
        """shutdown."""
        self._act(
            f"shutting machine {id} down",
            lambda api, mark: _machine(api, id).shutdown(query=mark),
        )

    def power_off_machine(self, id: str) -> None:
        """stop."""
        self._act(
            f"powering machine {id} off", lambda api, mark: _machine(api, id).stop(query=mark)
        )

    def remove_machine(self, id: str) -> None:
        """remove, disks detached and kept."""
        self._act(
            f"removing machine {id}",
            lambda api, mark: _machine(api, id).remove(detach_only=True, query=mark),
        )

    def activate_storage(self, data_center: str, domain: str) -> None:
        """activate."""
        self._act(
            f"activating storage domain {domain}",
            lambda api, mark: _attached(api, data_center, domain).activate(query=mark),
        )

    def maintain_storage(self, data_center: str, domain: str) -> None:
        """deactivate."""
        self._act(
            f"maintenance of storage domain {domain}",
            lambda api, mark: _attached(api, data_center, domain).deactivate(query=mark),
        )

    def detach_storage(self, data_center: str, domain: str) -> None:
        """remove from the data centre."""
        self._act(
            f"detaching storage domain {domain}",
            lambda api, mark: _attached(api, data_center, domain).remove(query=mark),
        )

    def forget_storage(self, domain: str) -> None:
        """remove with destroy: the engine's word for forgetting; nothing is formatted."""
        self._act(
            f"forgetting storage domain {domain}",
            lambda api, mark: (
                api.storage_domains_service()
                .storage_domain_service(domain)
                .remove(destroy=True, host=NOBODY, query=mark)
            ),
        )

    def close(self) -> None:
        """Log out."""
        self._connection.close()

    def _storage_of(self, center: str) -> Sequence[StorageDomain]:
        return self._list(
            read.storage_domain,
            f"the storage of data centre {center}",
            lambda api: (
                api.data_centers_service()
                .data_center_service(center)
                .storage_domains_service()
                .list()
            ),
        )

    def _list(
        self, reading: Callable[[Any], _Record], doing: str, action: Callable[[Any], Any]
    ) -> tuple[_Record, ...]:
        """Read within the call: an answer of another kind than was asked for breaks there."""
        found: tuple[_Record, ...] = self._call(doing, lambda api: read.each(reading, action(api)))
        return found

    def _call(self, doing: str, action: Callable[[Any], Any]) -> Any:
        return self._connection.call(doing, action)

    def _act(self, doing: str, action: Callable[[Any, dict[str, str]], Any]) -> Any:
        mark = {"correlation_id": self._mark} if self._mark else {}
        return self._connection.call(doing, lambda api: action(api, dict(mark)))

    def _one(
        self, reading: Callable[[Any], _Record], doing: str, action: Callable[[Any], Any]
    ) -> _Record | None:
        try:
            found: _Record = self._call(doing, lambda api: reading(action(api)))
            return found
        except NotThere:
            self.about()  # an engine that is only starting answers 404 to everything
            return None


def _host(api: Any, id: str) -> Any:
    return api.hosts_service().host_service(_segment(id))


def _machine(api: Any, id: str) -> Any:
    return api.vms_service().vm_service(_segment(id))


def _attached(api: Any, data_center: str, domain: str) -> Any:
    center = api.data_centers_service().data_center_service(_segment(data_center))
    return center.storage_domains_service().storage_domain_service(_segment(domain))


def _segment(id: str) -> str:
    """An id goes into a path as it is: an empty one would mean the whole collection."""
    if not id or not all(c.isalnum() or c == "-" for c in id):
        raise InvalidInput(f"{id!r:.80} is not the id of anything in an engine.")
    return id


def _event_number(after: str) -> int:
    if not after.isascii() or not after.isdigit():
        raise InvalidInput(f"{after!r:.80} is not the id of an event.")
    return int(after)


def _deployed(deployment: Deployment) -> dict[str, Any]:
    """The options of adding and installing; nothing is said where nothing is to change."""
    names = {
        Deployment.DEPLOY: "deploy_hosted_engine",
        Deployment.UNDEPLOY: "undeploy_hosted_engine",
    }
    return {names[deployment]: True} if deployment in names else {}


def _new_host(host: NewHost) -> types.Host:
    ssh = types.Ssh(port=host.ssh_port)
    if host.root_password is None:
        ssh.authentication_method = types.SshAuthenticationMethod.PUBLICKEY
    return types.Host(
        name=host.name,
        address=host.address,
        cluster=types.Cluster(id=host.cluster),
        root_password=host.root_password.reveal() if host.root_password else None,
        ssh=ssh,
    )

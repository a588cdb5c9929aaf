"""The site file: YAML to Site, strictly checked, and Site to plain data and back."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from config import checked_fields as read
from config.checked_fields import Complaints, Fields
from config.engine_address import engine_origin, engine_user
from config.errors import InvalidInput
from config.paths import default_site_file
from config.private_files import write_private
from config.secrets import SecretReference
from config.showing import quoted
from config.site import (
    BackupServer,
    DirectoryAccess,
    EngineAccess,
    EngineHost,
    EngineMachine,
    HypervisorNode,
    MachineStorage,
    ShellAccess,
    Site,
)
from config.site_urls import hypervisor_uri, ldap_url
from config.yaml_marks import Data, Document, dump_yaml, load_yaml

_Host = TypeVar("_Host", EngineHost, BackupServer)


def load_site(path: Path) -> Site:
    """Read and check a site file. Raises InvalidInput with every mistake and its line."""
    document = load_yaml(path)
    return replace(_site(document), file=path.absolute())


def find_site(path: Path | None = None) -> Site | None:
    """The site of the named file; else of the default place, or None where there is none."""
    if path is not None:
        return load_site(path)
    place = default_site_file()
    return load_site(place) if place.exists() else None


def require_site(path: Path | None = None) -> Site:
    """Like `find_site`, but a missing site file is InvalidInput."""
    site = find_site(path)
    if site is None:
        place = default_site_file()
        raise InvalidInput(
            f"There is no site file at {place}.",
            f"Begin one: mkdir -p {place.parent} && rekindle site --example > {place}\n"
            "Then edit it. Or name another one with --site FILE.",
        )
    return site


def save_site(path: Path, site: Site) -> None:
    """Write a site file (0600, atomically). Raises InvalidInput where that cannot be done."""
    data = {name: value for name, value in site_to_data(site).items() if name != "file"}
    write_private(path, dump_yaml(data))


def site_from_data(data: dict[str, Any]) -> Site:
    """The Site that `site_to_data` wrote down; checked like a file. Raises InvalidInput."""
    fields = dict(data)
    file = fields.pop("file", None)
    site = _site(Document("the frozen site", fields))
    return replace(site, file=Path(file)) if file is not None else site


def site_to_data(site: Site) -> dict[str, Any]:
    """The whole site as plain JSON data, in the shape of the site file, plus `file`."""
    data: dict[str, Any] = {"name": site.name, "practice": site.practice}
    data["nodes"] = [_node_to_data(node) for node in site.nodes]
    if site.engine_hosts:
        data["engine_hosts"] = [_engine_host_to_data(host) for host in site.engine_hosts]
    if site.engine is not None:
        data["engine"] = _engine_to_data(site.engine)
    if site.backup_servers:
        data["backup_servers"] = [_host_to_data(server) for server in site.backup_servers]
    if site.directory is not None:
        data["directory"] = _present(site.directory)
    data["storage"] = _present(site.storage)
    if site.file is not None:
        data["file"] = str(site.file)
    return data


def _node_to_data(node: HypervisorNode) -> dict[str, Any]:
    return {**_present(node), "shell": _present(node.shell), "bridges": list(node.bridges)}


def _engine_host_to_data(host: EngineHost) -> dict[str, Any]:
    return {**_host_to_data(host), "command": shlex.join(host.command)}


def _engine_to_data(engine: EngineAccess) -> dict[str, Any]:
    machine = {"machine": _host_to_data(engine.machine)} if engine.machine else {}
    return {**_present(engine), **machine}


def _host_to_data(host: EngineHost | EngineMachine | BackupServer) -> dict[str, Any]:
    return {**_present(host), "shell": _present(host.shell)}


def _present(record: Any) -> dict[str, Any]:
    """The fields of a record as JSON data; what is None or empty text is left out."""
    values = ((name, getattr(record, name)) for name in type(record).__dataclass_fields__)
    return {name: _plain(value) for name, value in values if value not in (None, "")}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path | SecretReference) else value


def _site(document: Document) -> Site:
    complaints = Complaints(document)
    fields = Fields(complaints, document.data)
    if not complaints.found:
        site = _read_site(fields)
        fields.finish()
    complaints.raise_all()
    return site


def _read_site(fields: Fields) -> Site:
    directory = fields.section("directory")
    storage = fields.section("storage")
    engine = fields.section("engine")
    nodes = _nodes(fields)
    taken = {node.name.lower() for node in nodes}
    return Site(
        name=fields.need("name", read.text, ""),
        practice=fields.take("practice", read.flag, False),
        nodes=nodes,
        directory=_directory(directory) if directory else None,
        storage=_storage(storage) if storage else MachineStorage(),
        engine_hosts=_hosts(fields, "engine_hosts", _engine_host, taken),
        engine=_engine(engine, taken) if engine else None,
        backup_servers=_hosts(fields, "backup_servers", _backup_server, taken),
    )


def _nodes(fields: Fields) -> tuple[HypervisorNode, ...]:
    nodes: dict[str, HypervisorNode] = {}
    for entry in fields.sections("nodes"):
        node = _node(entry)
        if node.name.lower() in nodes:
            entry.complain("name", f"{node.name!r} is named twice.", "Keep one entry a node.")
        nodes[node.name.lower()] = node
    return tuple(nodes.values())


def _node(fields: Fields) -> HypervisorNode:
    shell = fields.section("shell")
    node = HypervisorNode(
        name=fields.need("name", read.host, ""),
        uri=fields.need("uri", hypervisor_uri, ""),
        shell=_shell(shell) if shell else ShellAccess(),
        console_address=fields.take("console_address", _address, ""),
        bridges=fields.take("bridges", read.texts, ()),
    )
    fields.finish()
    return node


def _hosts(
    fields: Fields, key: str, host_of: Callable[[Fields], _Host], taken: set[str]
) -> tuple[_Host, ...]:
    hosts = []
    for entry in fields.sections(key):
        host = host_of(entry)
        _take_name(entry, host.name, taken)
        hosts.append(host)
    return tuple(hosts)


def _take_name(entry: Fields, name: str, taken: set[str]) -> None:
    if name.lower() in taken:
        # Secrets and shells go by this name, so it must mean one host.
        entry.complain("name", f"{name!r} is named twice.", "Keep one entry a host.")
    taken.add(name.lower())


def _engine_host(fields: Fields) -> EngineHost:
    shell = fields.section("shell")
    standard = EngineHost("", ShellAccess())
    host = EngineHost(
        name=fields.need("name", read.host, ""),
        shell=_shell(shell) if shell else ShellAccess(),
        command=fields.take("command", _command, standard.command),
        work_folder=fields.take("work_folder", read.absolute_path, standard.work_folder),
    )
    fields.finish()
    return host


def _backup_server(fields: Fields) -> BackupServer:
    shell = fields.section("shell")
    server = BackupServer(
        name=fields.need("name", read.host, ""),
        shell=_shell(shell) if shell else ShellAccess(),
        folder=fields.take("folder", read.absolute_path, BackupServer("", ShellAccess()).folder),
    )
    fields.finish()
    return server


def _engine_machine(fields: Fields, taken: set[str]) -> EngineMachine:
    shell = fields.section("shell")
    standard = EngineMachine("", ShellAccess())
    machine = EngineMachine(
        name=fields.need("name", read.host, ""),
        shell=_shell(shell) if shell else ShellAccess(),
        work_folder=fields.take("work_folder", read.absolute_path, standard.work_folder),
    )
    _take_name(fields, machine.name, taken)
    fields.finish()
    return machine


def _engine(fields: Fields, taken: set[str]) -> EngineAccess:
    standard = EngineAccess("")
    machine = fields.section("machine")
    engine = EngineAccess(
        url=fields.need("url", engine_origin, ""),
        user=fields.take("user", engine_user, standard.user),
        password=fields.take("password", read.secret, None),
        ca_file=fields.take("ca_file", _path, None),
        known_cas=fields.take("known_cas", _path, None),
        machine=_engine_machine(machine, taken) if machine else None,
    )
    fields.finish()
    if engine.ca_file is not None and engine.known_cas is not None:
        fields.complain("known_cas", "ca_file says already whom to trust.", "Drop one of the two.")
    return engine


def _shell(fields: Fields) -> ShellAccess:
    kind = fields.take("kind", _shell_kind, "local")
    shell = ShellAccess(
        kind=kind,
        host=fields.take("host", read.host, ""),
        port=fields.take("port", read.port, 22),
        user=fields.take("user", _user, ""),
        key_file=fields.take("key_file", _path, None),
        password=fields.take("password", read.secret, None),
        known_hosts=fields.take("known_hosts", _path, None),
    )
    fields.finish()
    if kind == "ssh" and not fields.has("host"):
        fields.complain("host", "SSH needs a host.", "Add host.")
    if kind == "local" and replace(shell, port=22) != ShellAccess():
        fields.complain("kind", "host, user and keys are for SSH.", "Write kind: ssh, or drop them")
    return shell


def _directory(fields: Fields) -> DirectoryAccess:
    directory = DirectoryAccess(
        base=fields.need("base", _distinguished_name, ""),
        url=fields.take("url", ldap_url, ""),
        ldif_folder=fields.take("ldif_folder", _path, None),
        bind_dn=fields.take("bind_dn", _distinguished_name, ""),
        password=fields.take("password", read.secret, None),
        ca_file=fields.take("ca_file", _path, None),
        start_tls=fields.take("start_tls", read.flag, False),
    )
    fields.finish()
    _check_directory(fields, directory)
    return directory


def _check_directory(fields: Fields, directory: DirectoryAccess) -> None:
    if fields.has("url") == fields.has("ldif_folder"):
        fields.complain("", "either url or ldif_folder is needed.", "Give exactly one of the two.")
    if directory.start_tls and not directory.url.startswith("ldap:"):
        fields.complain("start_tls", "TLS is started on ldap:// only.", "Drop start_tls.")
    if directory.password is not None and not directory.bind_dn:
        fields.complain("password", "a password needs a bind_dn.", "Add bind_dn.")
    if directory.password is not None and _in_the_clear(directory):
        fields.complain(
            "url",
            f"{directory.url} would carry the password over the network in the clear.",
            "Use ldaps://, or add start_tls: true.",
        )


def _in_the_clear(directory: DirectoryAccess) -> bool:
    parts = urlsplit(directory.url)
    return parts.scheme == "ldap" and not directory.start_tls and not _loopback(parts.hostname)


def _loopback(name: str | None) -> bool:
    # Addresses only by number, and the one name that RFC 6761 reserves for loopback.
    return name in ("localhost", "::1") or (read.is_address(name or "") and _is_127(name or ""))


def _is_127(address: str) -> bool:
    return address.startswith("127.")


def _storage(fields: Fields) -> MachineStorage:
    standard = MachineStorage()
    storage = MachineStorage(
        live_root=fields.take("live_root", read.absolute_path, standard.live_root),
        backup_root=fields.take("backup_root", read.absolute_path, standard.backup_root),
        retain_root=fields.take("retain_root", read.absolute_path, standard.retain_root),
    )
    fields.finish()
    return storage


def _path(value: Data) -> Path | None:
    return Path(read.absolute_path(value))


def _address(value: Data) -> str:
    found = read.text(value)
    if not read.is_address(found):
        raise InvalidInput(
            f"{quoted(found)} is not an IP address.", "Write the address, not a name."
        )
    return found


def _user(value: Data) -> str:
    found = read.text(value)
    if not found or found.startswith("-") or any(c in found for c in " /:@"):
        raise InvalidInput(f"{quoted(found)} is not a user name.", "Write a login name.")
    return found


def _shell_kind(value: Data) -> str:
    found = read.text(value)
    if found not in ("local", "ssh"):
        raise InvalidInput(f"{quoted(found)} is not a way to reach a host.", "Write local or ssh.")
    return found


def _command(value: Data) -> tuple[str, ...]:
    found = read.text(value)
    try:
        words = tuple(shlex.split(found))
    except ValueError:
        words = ()
    if not words or "\0" in found:
        raise InvalidInput(
            f"{quoted(found)} is not a command.", "Write a program, with arguments if need be."
        )
    return words


def _distinguished_name(value: Data) -> str:
    found = read.text(value)
    if not all("=" in part for part in found.replace("\\,", "").split(",")):
        raise InvalidInput(f"{quoted(found)} is not a DN.", "Write for instance dc=example,dc=org.")
    return found

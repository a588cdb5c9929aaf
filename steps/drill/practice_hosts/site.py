"""Build a site of practice hosts, start and stop its servers, take it down again."""

from __future__ import annotations

import json
import secrets
import signal
import string
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from config.errors import InvalidInput, StepFailed
from config.site import EngineHost, ShellAccess, Site
from config.site_file import save_site
from steps.drill.own_server import start_server
from steps.drill.ports import free_ports
from steps.drill.practice_hosts import first_world
from steps.drill.practice_hosts.host_command import is_up
from steps.drill.practice_hosts.host_tree import lay_out, write_names
from steps.drill.practice_hosts.keys import host_key, make_key
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.programs.storage import export_folder
from steps.drill.practice_hosts.world import Facts
from steps.drill.processes import command_line, end_process, recorded_number

Say = Callable[[str], None]
SERVER = "steps.drill.practice_hosts.serve"
END_SECONDS = 60.0
MARKER = ".rekindle-practice-site"


def build_hosts(
    places: HostPlaces, hosts: Mapping[str, str], speed: float = 60.0,
    servers: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Lay everything out; `hosts` maps names to the build of the tool that each has.

    `servers` maps the names of other computers to what they are (first_world). Raises InvalidInput
    where the folder is in use.
    """
    if places.world.folder.exists():
        raise InvalidInput(f"{places.folder} has practice hosts already.", "Take them down first.")
    for folder in (places.folder, places.ssh):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (places.folder / MARKER).touch()
    facts = first_world.practice_world(dict(hosts), speed, dict(servers or {}))
    places.world.folder.mkdir()
    places.world.write(facts)
    for path in facts["storage"]["exports"]:
        (places.exports / export_folder(path)).mkdir(parents=True)
    names = (*hosts, *(servers or {}))
    _make_keys(places, names)
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    places.ports_file.write_text(json.dumps(ports) + "\n")
    _write_known_hosts(places)
    for name in names:
        places.host(name).mkdir(parents=True)
        lay_out(places, name, facts)
    write_site_file(places, hosts)


def _make_keys(places: HostPlaces, hosts: Sequence[str]) -> None:
    for file in (places.user_key, *(places.host_key(name) for name in hosts)):
        make_key(file)
    letters = string.ascii_letters + string.digits
    password = "".join(secrets.choice(letters) for _ in range(20))
    places.password_file.touch(mode=0o600)
    places.password_file.write_text(password + "\n")


def _write_known_hosts(places: HostPlaces) -> None:
    lines = []
    for name, port in places.ports().items():
        key = host_key(places, name)
        lines.append(f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n")
    places.known_hosts.write_text("".join(lines))


def write_site_file(places: HostPlaces, hosts: Mapping[str, str]) -> None:
    """The site file of these hosts; it refers to the key, it holds no secret."""
    entries = tuple(EngineHost(name, shell_access(places, name)) for name in hosts)
    save_site(places.site_file, Site("practice", practice=True, engine_hosts=entries))


def shell_access(places: HostPlaces, name: str) -> ShellAccess:
    """How a site file says that a host is reached."""
    return ShellAccess(
        "ssh", "127.0.0.1", places.ports()[name], "root",
        key_file=places.user_key, known_hosts=places.known_hosts,
    )  # fmt: skip


def start_servers(places: HostPlaces) -> None:
    """Start the servers, and the hosts that are down. Raises StepFailed with what they said."""
    start_server(SERVER, places.folder, places.server_file, places.server_log, "The practice hosts")


def stop_servers(places: HostPlaces) -> None:
    """End the servers; the hosts go on."""
    _end(places.server_file, _is_server(places), places)


def stop_host(places: HostPlaces, name: str) -> None:
    """Take a host's power away: everything on it ends at once."""
    _end(places.agent_file(name), _is_keeper(places, name), places, signal.SIGKILL)
    # The keeper's child is killed by the kernel, a moment after the keeper.
    until = time.monotonic() + END_SECONDS
    while is_up(places.agent(name)):
        if time.monotonic() > until:
            raise StepFailed(f"The practice host {name} does not go down.", "Look what it does.")
        time.sleep(0.01)


def _end(
    file: Path, belongs: Callable[[int], bool], places: HostPlaces, number: int = signal.SIGTERM
) -> None:
    pid = recorded_number(file)
    if not pid:
        return
    if not end_process(pid, belongs, number, END_SECONDS):
        raise StepFailed(
            f"The process {pid} of {places.folder} does not end.", "Look what it does."
        )
    file.unlink(missing_ok=True)


def _is_server(places: HostPlaces) -> Callable[[int], bool]:
    sign = (SERVER.encode(), str(places.folder).encode())
    return lambda pid: all(word in command_line(pid) for word in sign)


def _is_keeper(places: HostPlaces, name: str) -> Callable[[int], bool]:
    return lambda pid: str(places.root(name)).encode() in command_line(pid)


def stop_all(places: HostPlaces) -> None:
    """End servers and hosts; what is not there is fine."""
    stop_servers(places)
    if places.ports_file.exists():
        for name in places.ports():
            stop_host(places, name)


def change_names(places: HostPlaces, change: Callable[[Facts], None]) -> None:
    """Change the world's names, and what every host's resolver says."""
    with places.world.change() as facts:
        change(facts)
    for name in places.ports():
        write_names(places, name, facts)

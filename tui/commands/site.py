"""Show the site, check a site file, or print a commented example to begin one."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Iterator
from pathlib import Path

from config.site import DirectoryAccess, HypervisorNode, ShellAccess, Site
from config.site_file import require_site, site_to_data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle site`."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--example", action="store_true", help="print a commented example and do nothing else"
    )
    what.add_argument(
        "--check",
        nargs="?",
        const="",
        metavar="FILE",
        help="only check FILE (default: the site file in use)",
    )
    what.add_argument(
        "--trust-engine",
        nargs="?",
        const="",
        metavar="FINGERPRINT",
        help="show the CA of the engine and keep it once you said that it is right; "
        "unattended, give its SHA-256 fingerprint",
    )
    parser.add_argument("--json", action="store_true", help="print the site as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print what was asked for. Raises InvalidInput where the site file is wrong or missing."""
    if arguments.example:
        from config.site_example import EXAMPLE

        print(EXAMPLE, end="")
        return 0
    if arguments.trust_engine is not None:
        from tui.commands.trust_engine import trust_engine

        print(trust_engine(require_site(arguments.site), arguments.trust_engine))
        return 0
    site = require_site(Path(arguments.check) if arguments.check else arguments.site)
    if arguments.json:
        print(json.dumps(site_to_data(site), indent=2))
    elif arguments.check is not None:
        print(f"ok  {site.file}: site {site.name}, {site_counts(site)}")
    else:
        print("\n".join(described(site)))
    return 0


def site_counts(site: Site) -> str:
    """How many of each there are; of hypervisor nodes also where there is none."""
    machine = site.engine is not None and site.engine.machine is not None
    counts = {
        "hypervisor nodes": len(site.nodes),
        "engine hosts": len(site.engine_hosts),
        "engine machines": int(machine),
        "backup servers": len(site.backup_servers),
    }
    shown = {what: count for what, count in counts.items() if count or what == "hypervisor nodes"}
    return ", ".join(f"{what}: {count}" for what, count in shown.items())


def described(site: Site) -> Iterator[str]:
    """The site in plain lines; secrets as references only."""
    yield f"Site         {site.name}{'  (practice)' if site.practice else ''}"
    yield f"File         {site.file}"
    for node in site.nodes:
        yield from _described_node(node)
    for host in site.engine_hosts:
        yield f"Engine host  {host.name}"
        yield f"  shell      {_described_shell(host.shell)}"
        yield f"  command    {shlex.join(host.command)}"
        yield f"  work       {host.work_folder}"
    if site.engine is not None:
        yield f"Engine       {site.engine.url} as {site.engine.user}"
        if site.engine.machine is not None:
            yield f"  machine    {site.engine.machine.name}"
            yield f"  shell      {_described_shell(site.engine.machine.shell)}"
            yield f"  work       {site.engine.machine.work_folder}"
    for server in site.backup_servers:
        yield f"Backups      {server.name}:{server.folder}"
        yield f"  shell      {_described_shell(server.shell)}"
    yield f"Directory    {_described_directory(site.directory)}"
    yield f"Live root    {site.storage.live_root}"
    yield f"Backup root  {site.storage.backup_root}"
    yield f"Retain root  {site.storage.retain_root}"


def _described_node(node: HypervisorNode) -> Iterator[str]:
    yield f"Node         {node.name}"
    yield f"  hypervisor {node.uri}"
    yield f"  shell      {_described_shell(node.shell)}"
    if node.console_address:
        yield f"  consoles   {node.console_address}"
    if node.bridges:
        yield f"  bridges    {', '.join(node.bridges)}"


def _described_shell(shell: ShellAccess) -> str:
    if shell.kind == "local":
        return "on this host"
    user = f"{shell.user}@" if shell.user else ""
    proof = f", key {shell.key_file}" if shell.key_file else ""
    secret = f", password from {shell.password}" if shell.password else ""
    return f"SSH to {user}{shell.host}, port {shell.port}{proof}{secret}"


def _described_directory(directory: DirectoryAccess | None) -> str:
    if directory is None:
        return "none"
    if directory.ldif_folder:
        return f"LDIF files in {directory.ldif_folder}, base {directory.base}"
    bound = f", as {directory.bind_dn}" if directory.bind_dn else ""
    secret = f", password from {directory.password}" if directory.password else ""
    tls = " with TLS started" if directory.start_tls else ""
    return f"{directory.url}{tls}, base {directory.base}{bound}{secret}"

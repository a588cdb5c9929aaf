"""The site as seen from here: each node, directory and engine, asked by a process of its own.

A process of its own, because a hypervisor's library may hang, may print, and in its embedded form
is exclusive to one process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from config.errors import RekindleError
from config.secret_sources import resolve
from config.secrets import Secret
from config.site import Site
from config.site_file import site_to_data
from config.site_secrets import DIRECTORY_PASSWORD, ENGINE_PASSWORD, site_references
from steps.doctor.diagnosis import Diagnosis, concern, fault, fine
from steps.own_environment import environment_without
from steps.run.redact import Redactor

SECONDS: Final = 30.0
"""How long one node or the directory may take to answer."""

AT_ONCE: Final = 8
"""How many are asked at the same time: an SSH server drops more than ten beginning ones."""

DIRECTORY: Final = "directory"
ENGINE: Final = "engine"
_PASSWORDS = {DIRECTORY: DIRECTORY_PASSWORD, ENGINE: ENGINE_PASSWORD}
_Child = subprocess.Popen[bytes]
_PROBE = (sys.executable, "-P", "-m", "steps.doctor.probe")


def gather_secrets(
    site: Site, ask: Callable[[str], Secret] | None
) -> tuple[dict[str, Secret], list[Diagnosis]]:
    """The secrets that can be had, and a diagnosis of each. Without `ask` nothing is asked."""
    secrets: dict[str, Secret] = {}
    diagnoses = []
    for name, reference in site_references(site).items():
        if reference.source == "prompt" and ask is None:
            diagnoses.append(
                concern(name, "not asked for here", "Run doctor in a terminal, without --json.")
            )
            continue
        try:
            secrets[name] = resolve(reference, ask or _nobody, name)
            diagnoses.append(fine(name, f"found: {reference}"))
        except RekindleError as error:
            diagnoses.append(fault(name, error.message, error.remedy))
    return secrets, diagnoses


def examine_site(
    site: Site, secrets: Mapping[str, Secret], seconds: float = SECONDS
) -> Iterator[Diagnosis]:
    """Ask nodes, directory and engine, several at once; diagnoses in the site's order."""
    asked = list(site.shells)
    missing = site_references(site).keys() - secrets.keys()
    central = {DIRECTORY: site.directory, ENGINE: site.engine}
    unarmed = [what for what in central if _PASSWORDS[what] in missing]
    asked += [what for what, access in central.items() if access and what not in unarmed]
    children: list[_Child] = []
    with ThreadPoolExecutor(AT_ONCE) as threads:
        try:
            for found in threads.map(
                lambda what: _ask(site, secrets, what, seconds, children), asked
            ):
                yield from found
        except BaseException:
            # Ctrl+C, or nobody reads on: what is still being asked must not hold us up.
            threads.shutdown(wait=False, cancel_futures=True)
            for child in children:
                _end(child)
            raise
    for what in unarmed:
        yield concern(what, "not asked: its password is missing", "See above.")
    if not site.nodes and not site.engine_hosts:
        yield concern("nodes", "the site names no hypervisor node", "Add it under nodes.")
    if site.directory is None:
        yield concern("directory", "the site names no directory", "Add it under directory.")


def _ask(
    site: Site, secrets: Mapping[str, Secret], what: str, seconds: float, children: list[_Child]
) -> list[Diagnosis]:
    """The diagnoses of one node, the directory or the engine, from a process with a time limit."""
    revealed = {name: secret.reveal() for name, secret in secrets.items()}
    order = {"site": site_to_data(site), "secrets": revealed, "what": what}
    child = subprocess.Popen(
        _PROBE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env=environment_without(secrets.values()),
        start_new_session=True,
    )
    children.append(child)
    try:
        out, err = child.communicate(json.dumps(order).encode(), seconds)
    except subprocess.TimeoutExpired:
        _end(child)
        late = fault(what, f"did not answer in {seconds:.0f} s", "Look at network and services.")
        return [*_said(child.communicate()[0]), late]
    return _said(out) if child.returncode == 0 else [*_said(out), _broke(what, err, secrets)]


def _end(child: _Child) -> None:
    """End it and what it started (libvirt reaches other hosts by an ssh program of its own)."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)


def _said(output: bytes) -> list[Diagnosis]:
    """The diagnoses of every whole line; one that was cut off is none."""
    lines = output.split(b"\n")[:-1]
    return [Diagnosis(**json.loads(line)) for line in lines]


def _broke(what: str, stderr: bytes, secrets: Mapping[str, Secret]) -> Diagnosis:
    redactor = Redactor()
    for secret in secrets.values():
        redactor.register(secret.reveal())
    lines = stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
    return fault(what, f"the look at it broke off: {redactor.clean(lines[-1])}", "Report this.")


def _nobody(title: str) -> Secret:
    raise LookupError(f"nobody to ask for {title}")

"""Asking probes: each question to the world in a process of its own, with a time limit.

A process of its own because an embedded libvirt belongs to one process alone, because looking may
block, and because libraries print.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from config.errors import Interrupted, StepFailed, Unreachable
from config.paths import log_folder, private_folder
from config.questions import Choice, Finding, Given
from config.secrets import Secret
from config.site import Site
from config.site_file import site_to_data
from steps.error_data import error_from_data
from steps.own_environment import environment_without
from steps.procedure import Probed, Procedure, Survey
from steps.run.redact import Redactor
from steps.run.values import given_to_data

PROBE: Final = (sys.executable, "-P", "-m", "steps.probe_process")
PROBE_SECONDS: Final = 30.0
SURVEY_SECONDS: Final = 300.0
MAX_LOG: Final = 1 << 20


def ask_probe(
    procedure: Procedure,
    probe: str,
    site: Site,
    given: Given,
    secrets: Mapping[str, Secret],
    timeout: float = PROBE_SECONDS,
    *,
    cancel: threading.Event | None = None,
    command: Sequence[str] = (),
) -> Probed:
    """What the procedure's probe of that name says about these answers.

    `timeout` is in seconds. Raises what the probe raised; Unreachable when it takes too long;
    Interrupted when `cancel` is set meanwhile; StepFailed when its process dies.
    """
    request = _request(procedure, site, given, secrets) | {"probe": probe}
    data = _ask(request, secrets, timeout, cancel, command)
    return probed_from_data(data["probed"])


def ask_survey(
    procedure: Procedure,
    site: Site,
    given: Given,
    secrets: Mapping[str, Secret],
    timeout: float = SURVEY_SECONDS,
    *,
    cancel: threading.Event | None = None,
    command: Sequence[str] = (),
) -> Survey:
    """Everything the procedure wants to know before planning; raises as `ask_probe` does."""
    data = _ask(_request(procedure, site, given, secrets), secrets, timeout, cancel, command)
    survey: Survey = data["survey"]
    return survey


def probed_to_data(probed: Probed) -> dict[str, Any]:
    """A probe's answer as JSON data."""
    return asdict(probed)


def probed_from_data(data: Mapping[str, Any]) -> Probed:
    """A probe's answer back from JSON data."""
    suggested = data["suggested"]
    return Probed(
        findings=tuple(Finding(**finding) for finding in data["findings"]),
        choices=tuple(Choice(**choice) for choice in data["choices"]),
        suggested=tuple(suggested) if isinstance(suggested, list) else suggested,
    )


def _request(
    procedure: Procedure, site: Site, given: Given, secrets: Mapping[str, Secret]
) -> dict[str, Any]:
    return {
        "procedure": procedure.name,
        "site": site_to_data(site),
        "given": given_to_data(given),
        "secrets": {name: secret.reveal() for name, secret in secrets.items()},
    }


def _ask(
    request: Mapping[str, Any],
    secrets: Mapping[str, Secret],
    timeout: float,
    cancel: threading.Event | None,
    command: Sequence[str],
) -> dict[str, Any]:
    child = subprocess.Popen(
        command or PROBE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env=environment_without(secrets.values()),
        start_new_session=True,
    )
    try:
        out, err = _converse(child, json.dumps(request).encode() + b"\n", timeout, cancel)
    finally:
        _end(child)
    log = _keep(err, secrets)
    try:
        answer = json.loads(out)
    except ValueError as error:
        raise StepFailed(
            "The process that looks at the world ended without an answer "
            f"(exit code {child.returncode}).",
            f"What it printed: {log}",
            seen=err[-2000:].decode("utf-8", "replace"),
        ) from error
    if "error" in answer:
        raise error_from_data(answer)
    found: dict[str, Any] = answer
    return found


def _converse(
    child: subprocess.Popen[bytes],
    request: bytes,
    timeout: float,
    cancel: threading.Event | None,
) -> tuple[bytes, bytes]:
    deadline = time.monotonic() + timeout
    to_send: bytes | None = request
    while True:
        try:
            return child.communicate(to_send, timeout=0.05)
        except subprocess.TimeoutExpired:
            # It keeps what it could not send yet, and refuses to be given it twice.
            to_send = None
            if cancel is not None and cancel.is_set():
                raise Interrupted("Looking was stopped.") from None
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"Looking took longer than {timeout:g} s and was ended.",
                    "Something does not answer: see rekindle doctor.",
                ) from None


def _end(child: subprocess.Popen[bytes]) -> None:
    """End its whole group where it still runs: it leads a session of its own."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()


def _keep(printed: bytes, secrets: Mapping[str, Secret]) -> Path:
    """What libraries printed, scrubbed, in a log that never grows beyond a mebibyte or two."""
    log = private_folder(log_folder()) / "probe.log"
    if not printed:
        return log
    redactor = Redactor()
    for secret in secrets.values():
        redactor.register(secret.reveal())
    whole = log.exists() and log.stat().st_size > MAX_LOG
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if whole else os.O_APPEND)
    with open(os.open(log, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(redactor.clean(printed[-MAX_LOG:].decode("utf-8", "replace")))
    return log

"""Python, the libraries and the programs of this host."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from config.errors import StepFailed
from steps.doctor.diagnosis import Diagnosis, concern, fault, fine
from steps.targets.processes import child_environment

MIN_PYTHON = (3, 11)

LIBRARIES = (
    # module, distribution, what a missing one means
    ("libvirt", "libvirt-python", "hypervisors cannot be reached"),
    ("ldap", "python-ldap", "directories cannot be reached"),
    ("lxml.etree", "lxml", "domain XML cannot be read"),
    ("paramiko", "paramiko", "hosts cannot be reached by SSH"),
    ("yaml", "pyyaml", "site and answer files cannot be read"),
    ("keyring", "keyring", "secrets cannot come from a keyring"),
    ("jinja2", "jinja2", "the HTML report cannot be written"),
)

# Enterprise Linux keeps its emulator outside the path, under one name for all targets.
PROGRAMS = (
    ("qemu-img", ("qemu-img",), "qemu-utils (Debian) or qemu-img (EL)"),
    (
        "qemu-system",
        (f"qemu-system-{platform.machine()}", "/usr/libexec/qemu-kvm"),
        "qemu-system-x86 (Debian) or qemu-kvm (EL)",
    ),
    ("slapd", ("slapd", "/usr/sbin/slapd"), "slapd (Debian) or openldap-servers (EL, EPEL)"),
)


def examine_software() -> Iterator[Diagnosis]:
    """Everything that must be installed here, and what of it is."""
    yield _python()
    yield _sha256()
    yield _full_screen()
    yield from (_library(*library) for library in LIBRARIES)
    yield from (_program(*program) for program in PROGRAMS)
    yield _postgresql()
    yield _launcher()
    yield _kvm(Path("/dev/kvm"))


def _python(version: tuple[int, ...] = sys.version_info[:3]) -> Diagnosis:
    found = ".".join(map(str, version))
    if version < MIN_PYTHON:
        wanted = ".".join(map(str, MIN_PYTHON))
        return fault("Python", f"{found}, but {wanted} is needed", f"Install Python {wanted}.")
    return fine("Python", f"{found}, {sys.executable}")


def _sha256() -> Diagnosis:
    name = hashlib.sha256.__name__
    if name == "openssl_sha256":
        return fine("SHA-256", "computed by OpenSSL")
    return concern(
        "SHA-256",
        f"computed by {name}, about 7 times slower than by OpenSSL",
        "Use a Python that is linked to OpenSSL.",
    )


def _full_screen() -> Diagnosis:
    # Looked for, not loaded: nothing in this room ever loads it.
    if importlib.util.find_spec("textual") is None:
        return fault("textual", "not installed: no full screen", _install("textual"))
    return fine("textual", importlib.metadata.version("textual"))


def _library(module: str, distribution: str, meaning: str) -> Diagnosis:
    try:
        importlib.import_module(module)
        return fine(distribution, importlib.metadata.version(distribution))
    except (ImportError, OSError) as error:
        return fault(distribution, f"cannot be loaded: {error}: {meaning}", _install(distribution))


def _install(distribution: str) -> str:
    return f"Run: {sys.executable} -m pip install {distribution}"


def _program(topic: str, names: tuple[str, ...], package: str) -> Diagnosis:
    path = next((found for found in map(shutil.which, names) if found), None)
    if path is None:
        return concern(
            topic,
            "not found on this host; drills and machines on this host need it",
            f"Install the package {package}.",
        )
    return fine(topic, f"{path}, {program_version(path)}")


def _postgresql() -> Diagnosis:
    from steps.hosted_engine.rehearsal.programs import installed_programs

    try:
        found = installed_programs()
        return fine("PostgreSQL", f"{found.folder}, {found.version}")
    except StepFailed as error:
        seen = "no server's programs on this host; rehearsals of an engine's backup need them"
        return concern("PostgreSQL", seen, error.remedy)


def program_version(path: str) -> str:
    """The first line that a program says of its version, or why it says none."""
    option = "-VV" if os.path.basename(path) == "slapd" else "--version"
    try:
        result = subprocess.run(
            [path, option], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False,
            env=child_environment(),
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"but it does not run: {error}"
    text = (result.stdout + result.stderr).decode("utf-8", "replace").strip()
    first = " ".join(text.partition("\n")[0].split())
    first = first.removeprefix("@(#) $").removesuffix(" $").strip()
    return first or "which says no version"


def _launcher() -> Diagnosis:
    from steps.run.launcher import uses_systemd

    if uses_systemd():
        return fine("runner", "started as a systemd unit of its own")
    why = "not root" if Path("/run/systemd/system").is_dir() else "no systemd here"
    return fine("runner", f"started in a session of its own ({why}); it outlives the terminal")


def _kvm(device: Path) -> Diagnosis:
    if not device.exists():
        return fine("/dev/kvm", "not there: machines on this host run by emulation")
    if not os.access(device, os.R_OK | os.W_OK):
        return concern(
            "/dev/kvm", "there, but you may not open it", "Join the group that owns it, or use root"
        )
    return fine("/dev/kvm", "can be opened; whether a machine runs on it shows when one starts")

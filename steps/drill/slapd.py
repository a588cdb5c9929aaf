"""A private slapd: own folder, own database, a free loopback port, root or not.

Nothing of an installed slapd service is touched: only its program, modules and schema files are
read.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.errors import InvalidInput, StepFailed, Unreachable
from config.paths import private_folder
from config.secrets import Secret
from steps.drill.ports import free_port
from steps.drill.processes import command_line, end_process, recorded_number
from steps.ldif_text import dump_entries, same_dn
from steps.targets.directory import Entry
from steps.targets.directory_names import naming, rdn

MANAGER = "manager"
"""The one who may do everything: cn=manager,BASE."""

_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_PORT_ATTEMPTS = 5
_PORT_SECONDS = 0.5
_PROGRAMS = "/usr/sbin:/usr/libexec:/usr/lib/openldap:/usr/local/sbin:/usr/local/libexec"
_MODULES = (
    "/usr/lib/ldap",
    "/usr/lib64/openldap",
    "/usr/lib/openldap",
    "/usr/local/libexec/openldap",
)
_SCHEMAS = ("/etc/ldap/schema", "/etc/openldap/schema", "/usr/local/etc/openldap/schema")
_SST_SCHEMA = Path(__file__).with_name("sst.schema")
_INSTALL = "Install it: `apt-get install slapd`, or `dnf install openldap-servers`."


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a slapd that speaks TLS shows: paths of the authority, its certificate, its key."""

    authority: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class RunningSlapd:
    """A running server. `bind_dn` may do everything; `pid` is the one to stop."""

    url: str
    bind_dn: str
    pid: int


def start_slapd(
    folder: Path,
    base: str,
    password: Secret,
    entries: Sequence[Entry],
    *,
    foreground: bool = False,
    certificate: Certificate | None = None,
) -> RunningSlapd:
    """Make a new directory below `base` in `folder`, load `entries` (parents first), serve it.

    An entry for the base itself is made where `entries` has none. Whoever has an entry with a
    userPassword (see `hashed_password`) may bind and write too; nobody else sees anything. The
    server is a daemon that survives its starter; with `foreground` it stays this process's child.
    Raises InvalidInput where slapd is not installed or an entry does not fit the schema.
    """
    private_folder(folder)
    if (folder / "data").exists():
        raise InvalidInput(
            f"{folder} already holds a directory.", "Use ensure_running, or another folder."
        )
    _write(folder / "slapd.conf", _configuration(folder, base, password, certificate))
    (folder / "data").mkdir(mode=0o700)
    try:
        _load(folder, _with_base(base, entries))
    except InvalidInput:
        shutil.rmtree(folder / "data")
        raise
    _write(folder / "bind_dn", manager_dn(base))
    return _serve_somewhere(folder, foreground)


def ensure_running(folder: Path) -> RunningSlapd:
    """The server of that folder: the running one, else started again, on its old port if free."""
    if not (folder / "slapd.conf").is_file() or not (folder / "bind_dn").is_file():
        raise InvalidInput(f"{folder} holds no directory.", "Make one with start_slapd.")
    running = running_slapd(folder)
    return running or _serve_somewhere(folder, foreground=False)


def running_slapd(folder: Path) -> RunningSlapd | None:
    """The server of that folder if it runs and listens."""
    pid, port = recorded_number(folder / "slapd.pid"), recorded_number(folder / "port")
    if not pid or not port or not _belongs_to(folder)(pid) or not _listens(port):
        return None
    return RunningSlapd(_url(port), (folder / "bind_dn").read_text().strip(), pid)


def stop_slapd(folder: Path, *, kill: bool = False) -> None:
    """Stop the server of that folder (`kill`: at once, as a crash would); none running is fine."""
    pid = recorded_number(folder / "slapd.pid")
    number = signal.SIGKILL if kill else signal.SIGTERM
    if pid and not end_process(pid, _belongs_to(folder), number, _STOP_SECONDS):
        raise StepFailed(f"slapd (pid {pid}) does not stop.", f"Stop it: kill -9 {pid}")


def manager_dn(base: str) -> str:
    """The DN that may do everything below `base`."""
    return f"{rdn('cn', MANAGER)},{base}"


def hashed_password(password: Secret) -> bytes:
    """The password as {SSHA}, for a userPassword value or slapd.conf."""
    salt = secrets.token_bytes(8)
    # SHA-1 is what every slapd understands without a module; the file is readable by us alone.
    digest = hashlib.sha1(password.reveal().encode() + salt, usedforsecurity=False).digest()
    return b"{SSHA}" + base64.b64encode(digest + salt)


def slapd_program(name: str = "slapd") -> Path:
    """Path of slapd or one of its tools; raises InvalidInput where it is not installed."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), _PROGRAMS)))
    if found is None:
        raise InvalidInput(f"{name} is not installed.", _INSTALL)
    return Path(found)


def _configuration(
    folder: Path, base: str, password: Secret, certificate: Certificate | None
) -> str:
    schemas = _first_folder(_SCHEMAS, "core.schema")
    modules = _first_folder(_MODULES, "back_mdb.*")
    includes = [schemas / f"{name}.schema" for name in ("core", "cosine", "inetorgperson")]
    lines = [f"include {_quoted(path)}" for path in (*includes, _SST_SCHEMA)]
    lines += [f"modulepath {_quoted(modules)}", "moduleload back_mdb", "moduleload syncprov"]
    lines += [f"pidfile {_quoted(folder / 'slapd.pid')}", "loglevel none", "idletimeout 0"]
    lines += _tls(certificate) if certificate else []
    lines += ['access to dn.base="" by * read', "database mdb", f"suffix {_quoted(base)}"]
    lines += [f"rootdn {_quoted(manager_dn(base))}", f"rootpw {hashed_password(password).decode()}"]
    lines += [f"directory {_quoted(folder / 'data')}", f"maxsize {256 << 20}"]
    lines += ["index objectClass,entryCSN,entryUUID eq", "index sstVirtualMachine,sstSpicePort eq"]
    lines += ["index sstMacAddress,sstSourceFile,dhcpHWAddress eq", "overlay syncprov"]
    lines += ["access to attrs=userPassword by anonymous auth by users write"]
    lines += ["access to * by users write by * none"]
    return "\n".join(lines) + "\n"


def _tls(certificate: Certificate) -> list[str]:
    return [
        f"TLSCACertificateFile {_quoted(certificate.authority)}",
        f"TLSCertificateFile {_quoted(certificate.certificate)}",
        f"TLSCertificateKeyFile {_quoted(certificate.key)}",
    ]


def _quoted(value: object) -> str:
    """A word of slapd.conf, which knows quotes and backslashes but no line breaks."""
    text = str(value)
    if any(ord(character) < 0x20 for character in text):
        raise InvalidInput(f"{text!r} cannot stand in slapd.conf.", "Use a name without it.")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _first_folder(candidates: Sequence[str], pattern: str) -> Path:
    for candidate in candidates:
        if any(Path(candidate).glob(pattern)):
            return Path(candidate)
    raise InvalidInput(f"No folder with slapd's {pattern} among {', '.join(candidates)}.", _INSTALL)


def _with_base(base: str, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    if any(same_dn(entry.dn, base) for entry in entries):
        return tuple(entries)
    attribute, value = naming(base)
    kind = {"dc": b"dcObject", "o": b"", "ou": b"organizationalUnit"}.get(attribute.lower())
    if kind is None:
        raise InvalidInput(
            f"{base} must begin with dc, o or ou.", "Hand over an entry for the base itself."
        )
    name = value.encode()
    structural = (b"organizationalUnit",) if attribute == "ou" else (b"organization",)
    extra = (b"dcObject",) if attribute == "dc" else ()
    organization = {} if attribute == "ou" else {"o": (name,)}
    attributes = {"objectClass": (b"top", *structural, *extra), attribute: (name,), **organization}
    return (Entry(base, attributes), *entries)


def _load(folder: Path, entries: Sequence[Entry]) -> None:
    """Fill the database before it is served. The LDIF goes in over standard input."""
    command = [str(slapd_program("slapadd")), "-f", str(folder / "slapd.conf")]
    done = subprocess.run(
        command, input=dump_entries(entries).encode(), capture_output=True, check=False
    )
    if done.returncode != 0:
        told = done.stderr.decode("utf-8", "replace").strip()
        raise InvalidInput(
            f"slapadd did not take the entries: {told[:800]}", "Correct the entry it names."
        )


def _serve_somewhere(folder: Path, foreground: bool) -> RunningSlapd:
    """Serve on the port of last time if there is one, else on a free one.

    Between finding a free port and listening on it somebody else may take it: then try another.
    """
    port = recorded_number(folder / "port")
    for _ in range(_PORT_ATTEMPTS):
        port = port if port and _becomes_free(port) else free_port()
        _write(folder / "port", str(port))
        pid = _serve(folder, port, foreground)
        if pid:
            return RunningSlapd(_url(port), (folder / "bind_dn").read_text().strip(), pid)
        port = 0
    raise Unreachable(
        f"slapd in {folder} did not start: {_reason(folder)}",
        f"Start it by hand to see why: slapd -d 1 -f {folder / 'slapd.conf'}",
    )


def _serve(folder: Path, port: int, foreground: bool) -> int:
    """The pid once it listens; 0 where it ended at once."""
    (folder / "slapd.pid").unlink(missing_ok=True)
    command = [str(slapd_program()), "-f", str(folder / "slapd.conf"), "-h", _url(port)]
    command += ["-d", "0"] if foreground else []
    with (folder / "slapd.log").open("wb") as log:
        # Its own session: the terminal that started the practice site may go away.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=not foreground,
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        pid = recorded_number(folder / "slapd.pid")
        if pid and _belongs_to(folder)(pid) and _listens(port):
            return pid
        if process.poll() not in (None, 0):
            return 0
        time.sleep(0.01)
    return 0


def _reason(folder: Path) -> str:
    done = subprocess.run(
        [str(slapd_program()), "-Tt", "-f", str(folder / "slapd.conf")],
        capture_output=True,
        check=False,
    )
    return done.stderr.decode("utf-8", "replace").strip()[:400]


def _belongs_to(folder: Path) -> Callable[[int], bool]:
    """Whether a process is the slapd of this folder: a pid alone may be somebody else's."""
    configuration = str(folder / "slapd.conf").encode()
    return lambda pid: configuration in command_line(pid)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _becomes_free(port: int) -> bool:
    """A server that was just killed may hold its port for a moment."""
    deadline = time.monotonic() + _PORT_SECONDS
    while _listens(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _url(port: int) -> str:
    return f"ldap://127.0.0.1:{port}/"


def _write(file: Path, text: str) -> None:
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)

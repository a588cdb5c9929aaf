"""What a practice host has at /: folders of its own, and programs in front of the real ones."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from steps.drill.practice_hosts.first_world import MACHINE, NAME_SERVER
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.programs import postgres_server
from steps.drill.practice_hosts.programs.main import HOST, programs_of
from steps.drill.practice_hosts.world import Facts, computer

_FOLDERS = (
    "usr", "etc", "dev/pts", "dev/shm", "proc", "sys/class/net", "sys/class/dmi/id", "tmp",
    "var/tmp", "var/log", "var/lib", "var/run", "root", "run", "mnt", "home", "opt",
    "practice/bin", "practice/world", "practice/exports", "practice/code/steps",
    "practice/code/config", "practice/pycache", "practice/run", "practice/facts", "practice/old",
    "etc/alternatives",
)  # fmt: skip
_HOST_FOLDERS = ("etc/ovirt-hosted-engine",)
_SERVER_FOLDERS = ("var/backup/ovirt-engine", "var/lib/pgsql/data")
_OPEN_TO_ALL = ("", "dev", "var", "var/lib", "var/run", "practice", "practice/bin", "practice/code")
"""What an account other than root goes through, whatever this account's umask."""
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Links into /usr on most systems, folders of their own on others."""
_USERS = """\
root:x:0:0:root:/root:/bin/bash
vdsm:x:36:36:Node Virtualization Manager:/var/lib/vdsm:/sbin/nologin
qemu:x:107:107:qemu user:/:/sbin/nologin
postgres:x:26:26:PostgreSQL Server:/var/lib/pgsql:/bin/bash
ovirt:x:108:108:oVirt Manager:/var/lib/ovirt-engine:/sbin/nologin
nobody:x:65534:65534:nobody:/:/sbin/nologin
"""
_GROUPS = (
    "root:x:0:\npostgres:x:26:\nkvm:x:36:qemu\nqemu:x:107:vdsm\novirt:x:108:\nnogroup:x:65534:\n"
)
_FLAGS = (
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse"
    " sse2 ss ht syscall nx rdtscp lm constant_tsc vmx ssse3 fma cx16 sse4_1 sse4_2 movbe popcnt"
    " aes xsave avx f16c rdrand lahf_lm abm bmi1 avx2 bmi2 hle rtm pclmulqdq"
)
_RUN = """\
import sys

sys.path.insert(0, "/practice/code")
from steps.drill.practice_hosts.programs.main import main

try:
    code = main(sys.argv[1:])
    sys.stdout.flush()
except (BrokenPipeError, KeyboardInterrupt):
    code = 141
sys.exit(code)
"""
_RUNUSER = """\
# By the numbers of this machine's own accounts, and without PAM, which is not set up here.
if [ "$1" != -u ] || [ $# -lt 3 ]; then
  echo 'runuser: only runuser -u USER [--] COMMAND is simulated here' >&2
  exit 1
fi
while IFS=: read -r name _ user group _; do [ "$name" != "$2" ] || break; done < /etc/passwd
if [ "$name" != "$2" ]; then echo "runuser: user $2 does not exist" >&2; exit 1; fi
shift 2
if [ "$1" = -- ]; then shift; fi
read -r _first _outside accounts < /proc/self/uid_map
if [ "$accounts" -gt 1 ]; then
  exec /usr/bin/setpriv --reuid="$user" --regid="$group" --clear-groups -- "$@"
fi
# Where the practice site is no root's there is one account: it goes by that number for a while.
exec unshare --user --map-user="$user" --map-group="$group" -- "$@"
"""
_NO_CLEANUP = "ovirt-hosted-engine-cleanup"


def interpreter() -> Path:
    """The Python that runs the simulated programs: the one below any virtual environment."""
    return Path(os.path.realpath(sys.executable))


def lay_out(places: HostPlaces, name: str, facts: Facts) -> None:
    """Make a host's or a server's folders and files. Again puts them back as they were."""
    root, host = places.root(name), computer(facts, name)
    kind = str(host.get("kind", HOST))
    for folder in (*_FOLDERS, *(_HOST_FOLDERS if kind == HOST else _SERVER_FOLDERS)):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for folder in _OPEN_TO_ALL:
        (root / folder).chmod(0o755)
    (root / "dev/shm").chmod(0o1777)
    (root / "tmp").chmod(0o1777)
    (root / "var/tmp").chmod(0o1777)
    for link in _LINKED:
        _linked(root / link, Path("/") / link)
    for device in (*DEVICES, "kvm"):
        (root / "dev" / device).touch()
    _identity(root, name, host)
    _hardware(root, host)
    write_names(places, name, facts)
    _installation_disc(root / "var/tmp/installation.iso")
    _programs(root, programs_of(kind), classic=_is_classic(host))
    if kind == MACHINE:
        _stub(root, "runuser", _RUNUSER)
        _real_psql(root / "practice/bin/psql")
    (root / "practice/host-name").write_text(name + "\n")


def _is_classic(host: Facts) -> bool:
    return str(host.get("build", "")).startswith("1.")


def _linked(place: Path, real: Path) -> None:
    if real.is_symlink():
        if not place.is_symlink():
            place.symlink_to(os.readlink(real).lstrip("/"))
    elif real.is_dir():
        place.mkdir(exist_ok=True)


def _installation_disc(place: Path) -> None:
    """What a look takes for a disc: nothing but the mark of an ISO 9660 image is in it."""
    with place.open("wb") as disc:
        disc.truncate(1 << 20)
        disc.seek(32769)
        disc.write(b"CD001")
    place.chmod(0o644)


def _identity(root: Path, name: str, host: Facts) -> None:
    etc = root / "etc"
    (etc / "passwd").write_text(_USERS)
    (etc / "group").write_text(_GROUPS)
    (etc / "hostname").write_text(name + "\n")
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
    (etc / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\n")
    release = "7" if _is_classic(host) else "8" if "build" in host else "9"
    (etc / "os-release").write_text(
        f'NAME="Practice host (simulated)"\nID="centos"\nVERSION_ID="{release}"\n'
    )
    (etc / "redhat-release").write_text(f"Practice host release {release} (simulated)\n")
    (etc / "motd").write_text("This is a practice host of Rekindle. It is simulated.\n")
    if Path("/etc/ld.so.cache").exists():
        shutil.copyfile("/etc/ld.so.cache", etc / "ld.so.cache")


def _hardware(root: Path, host: Facts) -> None:
    (root / "sys/class/dmi/id/product_uuid").write_text(host["uuid"] + "\n")
    (root / "sys/class/dmi/id/product_name").write_text("Practice host (simulated)\n")
    for name, nic in host["nics"].items():
        folder = root / "sys/class/net" / name
        (folder / "device").mkdir(parents=True, exist_ok=True)
        for file, text in (("type", "1"), ("operstate", "up"), ("address", nic["mac"])):
            (folder / file).write_text(text + "\n")
        (folder / "uevent").write_text(f"INTERFACE={name}\n")
    processors = (
        f"processor\t: {number}\nvendor_id\t: GenuineIntel\nmodel name\t: Practice processor\n"
        f"flags\t\t: {_FLAGS}\n"
        for number in range(host["cpus"])
    )
    (root / "practice/facts/cpuinfo").write_text("\n".join(processors))
    kib = host["memory_mb"] * 1024
    (root / "practice/facts/meminfo").write_text(
        f"MemTotal:       {kib + (1 << 20)} kB\nMemFree:        {kib} kB\n"
        f"MemAvailable:   {kib} kB\nBuffers:        0 kB\nCached:         0 kB\n"
    )


def write_names(places: HostPlaces, name: str, facts: Facts) -> None:
    """The names of the world, as the host's own resolver knows them."""
    lines = ["127.0.0.1 localhost"]
    for known, addresses in facts["dns"].items():
        lines += [f"{address} {known} {known.partition('.')[0]}" for address in addresses]
    (places.root(name) / "etc/hosts").write_text("\n".join(lines) + "\n")


def _programs(root: Path, names: Sequence[str], *, classic: bool) -> None:
    (root / "practice/run.py").write_text(_RUN)
    start = f"exec {interpreter()} -I -S -X pycache_prefix=/practice/pycache /practice/run.py"
    stubs = {
        name: f'{start} {name} "$@"' for name in names if not (classic and name == _NO_CLEANUP)
    }
    if "stat" in stubs:
        # Only its -f is answered by the world; everything else must be quick, it is asked often.
        stubs["stat"] = f'[ "$1" = -f ] || exec /usr/bin/stat "$@"\n{stubs["stat"]}'
    # Whoever writes as vdsm must meet the export's mode bits: the privileges of root would not.
    stubs["setpriv"] = (
        'while case "$1" in --*) true;; *) false;; esac; do shift; done\n'
        'exec /usr/bin/setpriv --inh-caps=-all --bounding-set=-all -- "$@"'
    )
    for name, text in stubs.items():
        _stub(root, name, text)
    for name in ("python3", "python"):
        link = root / "practice/bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(interpreter())


def _real_psql(stub: Path) -> None:
    """Asked often: where there is a real server its program starts without ours."""
    real, mark = postgres_server.program("psql"), f"{postgres_server.DATA}/PG_VERSION"
    if real is not None:
        first, rest = stub.read_text().split("\n", 1)
        stub.write_text(f'{first}\n[ ! -e {mark} ] || exec {real} "$@"\n{rest}')


def _stub(root: Path, name: str, text: str) -> None:
    stub = root / "practice/bin" / name
    stub.write_text(f"#!/bin/sh\n{text}\n")
    stub.chmod(0o755)

"""Probes of files on the host: installation media, appliance, backup, the folder for unpacking."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from config.questions import Finding
from steps.hosted_engine.known_hosts import FindKnown, KnownHosts
from steps.hosted_engine.probes.look import Look, found, last_words, ok, warn, wrong
from steps.hosted_engine.probes.names import resolution
from steps.procedure import Probed, ProbeInput
from steps.run.text import counted
from steps.targets.shell import FileStatus
from steps.targets.sizes import size_text

_ISO_MARK = (32769, "CD001")
"""Where an ISO 9660 image says what it is."""

_GIB = 1 << 30
_DISK_SIZE = re.compile(r'<Disk\b[^>]{0,2000}?(?:ovf:)?size="(\d{1,6})"')
_READ_AS_QEMU = 'head -c 1 -- "$2" >/dev/null 2>&1 || exit 1; exec setpriv --reuid="$(id -u qemu)"'
_READ_AS_QEMU += ' --regid="$(id -g qemu)" --init-groups head -c 1 -- "$2" >/dev/null'


def _there(look: Look, path: str) -> FileStatus | None:
    status = look.shell.status(path)
    if status is not None and status.kind == "link":
        target = look.run("readlink", "-f", "--", path).out.strip()
        return look.shell.status(target) if target else None
    return status


def check_media(probe: ProbeInput) -> Probed:
    """There, an ISO 9660 image, and readable by the user qemu."""
    look = Look(probe)
    path = look.text("installation_media")
    status = _there(look, path)
    if status is None:
        return found(wrong(f"{path} is not on {look.host}", "Copy it there, or correct the path."))
    mark = look.run("dd", f"if={path}", "bs=1", f"skip={_ISO_MARK[0]}", "count=5")
    if mark.out != _ISO_MARK[1]:
        return found(wrong(f"{path} is no ISO 9660 image", "Give an installation disc."))
    return found(
        ok(f"{path} is an ISO 9660 image of {size_text(status.size)}"), _readable(look, path)
    )


def _readable(look: Look, path: str) -> Finding:
    if look.run("id", "-u", "qemu").code != 0:
        return warn(f"{look.host} has no user qemu yet: who can read {path} was not tried")
    done = look.script(_READ_AS_QEMU, "", path)
    if done.code == 0:
        return ok("the user qemu can read it")
    return wrong(f"the user qemu cannot read {path}", "Put it where qemu may read, as /var/tmp.")


def check_appliance(probe: ProbeInput) -> Probed:
    """A tar.gz with an OVF in it, and room to unpack its disk."""
    look = Look(probe)
    path = look.text("appliance_ova")
    status = _there(look, path)
    if status is None:
        return found(wrong(f"{path} is not on {look.host}", "Copy it there, or leave it empty."))
    ovf = look.run(
        "timeout",
        "20",
        "tar",
        "-xzOf",
        path,
        "--wildcards",
        "--occurrence=1",
        "master*.ovf",
        seconds=25,
    )
    if ovf.code == 124:
        return found(warn(f"{path}: no OVF was found within 20 s; the tool looks at all of it"))
    if ovf.code != 0 or not ovf.out:
        return found(
            wrong(
                f"{path} holds no OVF of an appliance: {last_words(ovf)}",
                "Give the OVA of ovirt-engine-appliance.",
            )
        )
    folder = look.given("temporary_folder") or "/var/tmp"  # noqa: S108  (the tool's own place)
    return found(*_fits(look, path, ovf.out, folder))


def _fits(look: Look, path: str, ovf: str, folder: str) -> Iterator[Finding]:
    if "MegaBytes" not in ovf:
        yield wrong(
            f"the OVF of {path} does not count memory in MegaBytes",
            "The tool takes appliances of oVirt only.",
        )
    disk = _DISK_SIZE.search(ovf)
    need, free = int(disk[1]) * _GIB if disk else 0, look.shell.free_space(folder)
    said = f"{path}: an appliance with a disk of {size_text(need)}; {folder} has {size_text(free)}"
    if need and free < need:
        yield wrong(said, "Make room, or name another folder.")
    else:
        yield ok(said)


def check_room(probe: ProbeInput) -> Probed:
    """A folder with room."""
    look = Look(probe)
    folder = look.text("temporary_folder")
    status = _there(look, folder)
    if status is None or status.kind != "directory":
        return found(wrong(f"{folder} is no folder on {look.host}", "Make it, or name another."))
    free = look.shell.free_space(folder)
    judge = ok if free >= 50 * _GIB else warn
    return found(
        judge(f"{folder} has {size_text(free)} free; an appliance unpacks to about 50 GiB")
    )


def backup_check(find: FindKnown) -> Callable[[ProbeInput], Probed]:
    """The probe of the backup: its version and, where it was read, the engine it is of."""

    def check(probe: ProbeInput) -> Probed:
        look = Look(probe)
        version = _version(look, look.text("backup_file"))
        known = find(probe) if version.level == "ok" else None
        return Probed((version, *(_engine_of(look, known) if known else ())))

    return check


def _version(look: Look, path: str) -> Finding:
    status = _there(look, path)
    if status is None:
        return wrong(f"{path} is not on {look.host}", "Copy it there: the tool reads it.")
    listed = look.run("timeout", "20", "tar", "-xOf", path, "./version", "version", seconds=25)
    if listed.code == 124:
        return warn(f"{path}: its version was not found within 20 s")
    if not listed.out.strip():
        return wrong(
            f"{path} is no backup of engine-backup: {last_words(listed)}",
            "Give the file that engine-backup --mode=backup wrote.",
        )
    version = " ".join(listed.out.split())[:80]
    return ok(f"{path}: {size_text(status.size)}, of engine version {version}")


def _engine_of(look: Look, known: KnownHosts) -> Iterator[Finding]:
    """The ansible tool takes the engine's name from the backup and does not ask for it."""
    machines = counted(len(known.machines), "machine")
    yield ok(f"{known.origin}: {counted(len(known.hosts), 'host')}, {machines}")
    if known.engine_fqdn:
        yield from resolution(look, known.engine_fqdn)

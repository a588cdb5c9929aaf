"""The probe of an export or Gluster volume: mounted for a moment, written to, left as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator

from config.questions import Finding
from steps.hosted_engine.probes.gluster import check_volume
from steps.hosted_engine.probes.look import Look, last_words, ok, warn, wrong
from steps.hosted_engine.probes.luns import LEAST
from steps.procedure import Probed, ProbeInput
from steps.targets.shell import Completed
from steps.targets.sizes import size_text

MOUNT_TRY = r"""
type=$1; options=$2; source=$3; as=$4; d=/mnt; f=
mount --make-rprivate / || exit 90
command -v setpriv >/dev/null || exit 91
as_vdsm() { setpriv --reuid="$as" --regid="$as" --clear-groups "$@"; }
trap '[ -z "$f" ] || as_vdsm rm -f "$f"; umount "$d" || umount -l "$d"' EXIT
timeout 12 mount -t "$type" -o "$options" -- "$source" "$d" || { trap - EXIT; exit 92; }
echo mounted
echo "free $(df -P -k "$d" | awk 'NR == 2 { print $4 }')"
ls -A "$d" | head -n 20 | sed 's/^/holds /'
f=$d/.rekindle-$$
as_vdsm sh -c 'echo probe > "$1" && cat "$1" && rm "$1"' sh "$f" >/dev/null || exit 93
echo wrote
"""
"""In a mount namespace of its own, over its /mnt: type, options, source, user id.

Nobody else sees the mount, and it ends with the script, however that ends. The one file that it
writes it removes.
"""

VDSM = "36"
"""User and group id of vdsm:kvm on every oVirt host."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NFS = {
    "nfs3": "vers=3,retry=1",
    "nfs4": "vers=4,retry=1",
    "v3": "vers=3,retry=1",
    "v4": "vers=4,retry=1",
    "v4_0": "vers=4.0,retry=1",
    "v4_1": "vers=4.1,retry=1",
    "v4_2": "vers=4.2,retry=1",
    "auto": "retry=1",
}


def check_storage(probe: ProbeInput) -> Probed:
    """Mount, write as vdsm:kvm, room; for Gluster the volume's own settings first."""
    look = Look(probe)
    findings: list[Finding] = []
    source, type_ = look.text("storage_connection"), look.text("storage_type")
    if type_ == "glusterfs":
        findings += check_volume(look, source)
    findings += try_mount(look, *_how(look, type_), source)
    return Probed(tuple(findings))


def _how(look: Look, type_: str) -> tuple[str, str]:
    if type_ == "glusterfs":
        return "glusterfs", look.given("mount_options") or "defaults"
    version = type_ if type_ != "nfs" else look.given("nfs_version") or "auto"
    extra = look.given("mount_options")
    return "nfs", ",".join(part for part in (_NFS.get(version, "retry=1"), extra) if part)


def try_mount(
    look: Look, type_: str, options: str, source: str, as_id: str = VDSM
) -> Iterator[Finding]:
    """What a mount for a moment showed."""
    done = look.run(
        "unshare", "-m", "sh", "-c", MOUNT_TRY, "sh", type_, options, source, as_id, seconds=20
    )
    if missing := look.missing(done, "unshare"):
        yield missing
        return
    yield from read_try(done, source, look.host)
    if done.code == 92:
        yield from _exports(look, source)


def read_try(done: Completed, source: str, host: str) -> Iterator[Finding]:
    """The findings of what the script printed and how it ended."""
    lines = done.out.splitlines()
    if "mounted" not in lines:
        where = {90: "no private mount namespace", 91: "setpriv is not installed"}.get(done.code)
        said = where or _mount_said(done)
        yield wrong(f"{source} was not mounted on {host}: {said}", "Check the export and the path.")
        return
    free = next((int(w[5:]) << 10 for w in lines if re.fullmatch(r"free \d{1,15}", w)), 0)
    held = [line.removeprefix("holds ") for line in lines if line.startswith("holds ")]
    if "wrote" not in lines:
        yield wrong(
            f"{source} is mounted, but vdsm:kvm (36:36) cannot write: {last_words(done)}",
            "On the server: chown 36:36 the folder, mode 0755, no squashing.",
        )
    elif free < LEAST:
        yield wrong(
            f"{source} has {size_text(free)} free; {size_text(LEAST)} are needed",
            "Make room, or use another export.",
        )
    else:
        yield ok(
            f"mounted {source}, wrote and removed a file as vdsm:kvm, {size_text(free)} free,"
            " unmounted"
        )
    yield from _holds(held)


def _mount_said(done: Completed) -> str:
    """Why mount refused, without its pointer to the kernel's log."""
    lines = [line.strip() for line in done.err.splitlines() if line.strip()]
    return next((line[:200] for line in lines if "dmesg" not in line), last_words(done))


def _holds(names: list[str]) -> Iterator[Finding]:
    domains = [name for name in names if _UUID.fullmatch(name)]
    if domains:
        yield warn(
            f"it holds a storage domain already: {domains[0]}",
            "Use an empty export; deploying anew over old storage is not supported.",
        )
    elif names:
        yield warn(f"it is not empty: {', '.join(names[:5])}", "Use an export for itself alone.")


def _exports(look: Look, source: str) -> Iterator[Finding]:
    server = source.rpartition(":/")[0].strip("[]")
    done = look.run("showmount", "-e", "--no-headers", server)
    if done.code == 0:
        names = [line.split()[0] for line in done.out.splitlines() if line.split()]
        yield warn(f"{server} exports: {', '.join(names[:10]) or 'nothing'}")

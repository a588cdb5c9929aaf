"""A practice host's own view of the machine: its folders at /, and no way to anything else.

Mounts, processes, network and host name are of namespaces of its own. The programs of this
machine are there to read; what a host writes lies in its folder.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from pathlib import Path
from typing import Final

from config.errors import Refused
from steps.drill.practice_hosts.host_tree import DEVICES, interpreter
from steps.drill.practice_hosts.places import HostPlaces

ENTER: Final = r"""
set -e
root=$1; name=$2; python=$3; rooms=$4; world=$5; exports=$6; boot=$7; devices=$8; may_fail=$9
mount --make-rprivate /
mount --rbind "$root" "$root"
read_only() {
  mount --rbind "$1" "$2"
  mount -o remount,bind,ro "$2" 2>/dev/null || [ -n "$may_fail" ]
}
read_only /usr "$root/usr"
for folder in bin sbin lib lib32 lib64 libx32; do
  if [ -d "$root/$folder" ] && [ ! -L "$root/$folder" ]; then
    read_only "/$folder" "$root/$folder"
  fi
done
if [ -d /etc/alternatives ]; then read_only /etc/alternatives "$root/etc/alternatives"; fi
case "$python/" in
  /usr/*) ;;
  *) mkdir -p "$root$python"; read_only "$python" "$root$python" ;;
esac
for room in steps config; do read_only "$rooms/$room" "$root/practice/code/$room"; done
mount --bind "$world" "$root/practice/world"
mount --bind "$exports" "$root/practice/exports"
for device in $devices; do mount --bind "/dev/$device" "$root/dev/$device"; done
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
ln -sf pts/ptmx "$root/dev/ptmx"
ln -sfn /proc/self/fd "$root/dev/fd"
mount -t proc proc "$root/proc"
mount --bind "$root/practice/facts/cpuinfo" "$root/proc/cpuinfo"
mount --bind "$root/practice/facts/meminfo" "$root/proc/meminfo"
echo "$boot" > "$root/practice/facts/boot_id"
mount --bind "$root/practice/facts/boot_id" "$root/proc/sys/kernel/random/boot_id"
hostname "$name"
ip link set lo up 2>/dev/null || true
cd "$root"
pivot_root . practice/old
cd /
umount -l /practice/old
PATH=/practice/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
if [ -e /var/lib/pgsql/data/PG_VERSION ]; then
  # Nothing runs yet: whoever has that number now is not the server of before.
  rm -f /var/lib/pgsql/data/postmaster.pid
  /practice/bin/practice-boot &
fi
exec "$python_program" -I -S -X pycache_prefix=/practice/pycache -c '
import sys
sys.path.insert(0, "/practice/code")
from steps.drill.practice_hosts.host_agent import serve
serve("/practice/run/agent")
'
"""
_SPACES: Final = ("--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child")
_NEEDED: Final = (
    "Practice hosts live in namespaces of their own. Run it as root, or allow users their own"
    " namespaces: sysctl user.max_user_namespaces=10000 kernel.apparmor_restrict_unprivileged_"
    "userns=0."
)


def spaces() -> tuple[str, ...]:
    """How namespaces are made by this account. Raises Refused where it cannot."""
    for extra in ((), ("--user", "--map-root-user")):
        command = ["unshare", *extra, *_SPACES, "sh", "-c", "mount -t tmpfs none /mnt"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise Refused(f"unshare does not start: {error.strerror}.", _NEEDED) from error
        if done.returncode == 0:
            return (*extra, *_SPACES)
    raise Refused(f"This account makes no namespaces: {done.stderr.strip()[-200:]}", _NEEDED)


def start_host(places: HostPlaces, name: str, how: tuple[str, ...]) -> int:
    """Start a host: the process that its commands come from. Returns its keeper's process id.

    A host that is started again has booted: what ran on it is gone, its files are there.
    """
    program = interpreter()
    prefix = program.parent.parent
    rooms = Path(__file__).resolve().parents[3]
    arguments = [
        str(places.root(name)), name, str(prefix), str(rooms), str(places.world.folder),
        str(places.exports), str(uuid.uuid4()), " ".join(DEVICES),
        "yes" if "--user" in how else "",
    ]  # fmt: skip
    places.agent(name).unlink(missing_ok=True)
    with places.server_log.open("ab") as log:
        keeper = subprocess.Popen(
            ["unshare", *how, "/bin/sh", "-c", ENTER, "sh", *arguments],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env={**_plain(), "python_program": str(program)},
        )  # fmt: skip
    places.agent_file(name).write_text(f"{keeper.pid}\n")
    return keeper.pid


def _plain() -> dict[str, str]:
    """Nothing of our own environment but where programs are."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin:/usr/sbin:/sbin"), "LC_ALL": "C.UTF-8"}

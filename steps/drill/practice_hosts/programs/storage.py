"""mount, showmount, df, stat -f, multipath, lsblk, iscsiadm, gluster: the storage of the world.

An export is a real folder of the practice site; mounting it binds that folder, really, in the
mount namespace of whoever asks. What is not of the world goes to the host's own program.
"""

from __future__ import annotations

import os
import subprocess
from typing import Final

from steps.drill.practice_hosts.programs.context import Context, run_real
from steps.drill.practice_hosts.tool.storage import LUN_IN_USE, NOT_WRITABLE
from steps.drill.practice_hosts.world import Facts

EXPORTS: Final = "/practice/exports"
_VAR_TMP_FREE: Final = 80 << 30
_TYPES: Final = ("nfs", "nfs4", "glusterfs")


def export_folder(path: str) -> str:
    """The folder's name that stands for an export."""
    return path.strip("/").replace("/", "_")


def mount(context: Context, arguments: list[str]) -> int:
    """`mount -t nfs|glusterfs [-o OPTIONS] -- SOURCE FOLDER`."""
    kind = arguments[arguments.index("-t") + 1] if "-t" in arguments[:-1] else ""
    if kind not in _TYPES:
        return run_real("mount", arguments)
    source, folder = arguments[-2:]
    facts = context.facts()
    server, _, path = source.partition(":")
    addresses = facts["dns"].get(server, [server])
    if not set(addresses) & set(facts["network"]["answering"]):
        return context.complain(f"mount.nfs: Connection timed out for {source}", 32)
    export = facts["storage"]["exports"].get(path.rstrip("/"))
    is_server = set(addresses) & set(facts["dns"][facts["storage"]["server"]])
    gluster = kind == "glusterfs"
    if not is_server or export is None or (export["type"] == "glusterfs") != gluster:
        return context.complain(f"mount.nfs: access denied by server while mounting {source}", 32)
    return _bind(facts, path.rstrip("/"), folder)


def _bind(facts: Facts, path: str, folder: str) -> int:
    source = f"{EXPORTS}/{export_folder(path)}"
    os.makedirs(source, exist_ok=True)
    os.chmod(source, 0o555 if facts["faults"].get(NOT_WRITABLE) else 0o755)
    return subprocess.call(["/usr/bin/mount", "--bind", source, folder])


def showmount(context: Context, arguments: list[str]) -> int:
    """`showmount -e [--no-headers] SERVER`."""
    facts = context.facts()
    server = arguments[-1]
    own = facts["dns"][facts["storage"]["server"]]
    if not set(facts["dns"].get(server, [server])) & set(own):
        return context.complain(f"clnt_create: RPC: Unknown host {server}")
    if "--no-headers" not in arguments:
        print(f"Export list for {server}:")
    for path, export in facts["storage"]["exports"].items():
        if export["type"] == "nfs":
            print(f"{path} *")
    return 0


def df(context: Context, arguments: list[str]) -> int:
    """`df -P -k FOLDER`, for a folder that an export is mounted on."""
    folder = arguments[-1]
    export = _mounted_export(context, folder)
    if export is None or "-P" not in arguments:
        return run_real("df", arguments)
    size = 200 << 20
    free = export["free"] >> 10
    used = size - free
    print("Filesystem     1024-blocks      Used Available Capacity Mounted on")
    print(f"{context.facts()['storage']['server']}:export {size} {used} {free} "
          f"{used * 100 // size}% {folder}")  # fmt: skip
    return 0


def _mounted_export(context: Context, folder: str) -> Facts | None:
    exports = context.facts()["storage"]["exports"]
    with open("/proc/self/mountinfo") as mounts:
        for line in mounts:
            words = line.split()
            if words[4] == folder and "/exports/" in words[3]:
                name = words[3].rpartition("/")[2]
                return next((e for p, e in exports.items() if export_folder(p) == name), None)
    return None


def stat(_context: Context, arguments: list[str]) -> int:
    """`stat -f --printf='%a %S' -- FOLDER`: the room that the world gives a host."""
    if arguments[:1] == ["-f"] and any("%a %S" in word for word in arguments):
        print(f"{_VAR_TMP_FREE // 4096} 4096", end="")
        return 0
    return run_real("stat", arguments)


def _luns(facts: Facts) -> list[Facts]:
    used = bool(facts["faults"].get(LUN_IN_USE))
    return [{**lun, "used": lun["used"] or used} for lun in facts["storage"]["luns"]]


def multipath(context: Context, _arguments: list[str]) -> int:
    """`multipath -ll`."""
    for number, lun in enumerate(_luns(context.facts())):
        print(f"{lun['guid']} dm-{number} {lun['vendor']},{lun['product']}")
        print(f"size={lun['size'] >> 30}G features='0' hwhandler='0' wp=rw")
        for path in range(lun["active"]):
            letter = chr(ord("b") + 2 * number + path)
            print("`-+- policy='service-time 0' prio=1 status=active")
            print(
                f"  `- {path + 1}:0:0:{number} sd{letter} 8:{16 * (path + 1)} active ready running"
            )
    return 0


def lsblk(context: Context, arguments: list[str]) -> int:
    """`lsblk -P -b -o NAME,...`: a pair a column."""
    columns = arguments[arguments.index("-o") + 1].split(",") if "-o" in arguments[:-1] else []
    if "-P" not in arguments or not columns:
        return run_real("lsblk", arguments)
    for number, lun in enumerate(_luns(context.facts())):
        row = {
            "NAME": lun["guid"], "KNAME": f"dm-{number}", "TYPE": "mpath", "SIZE": lun["size"],
            "VENDOR": lun["vendor"], "MODEL": lun["product"],
            "FSTYPE": "LVM2_member" if lun["used"] else "",
        }  # fmt: skip
        print(" ".join(f'{name}="{row.get(name, "")}"' for name in columns))
    return 0


def iscsiadm(context: Context, arguments: list[str]) -> int:
    """Discovery of the portals; nobody is ever logged in."""
    if "discovery" not in arguments:
        return context.complain("iscsiadm: No active sessions.", 21)
    portal = arguments[arguments.index("-p") + 1]
    targets = context.facts()["storage"]["portals"].get(portal)
    if targets is None:
        return context.complain(
            f"iscsiadm: cannot make connection to {portal}: No route to host", 4
        )
    for target in targets:
        print(f"{portal},1 {target}")
    return 0


def gluster(context: Context, arguments: list[str]) -> int:
    """`gluster --xml --remote-host=SERVER volume info NAME`."""
    name = arguments[-1]
    export = context.facts()["storage"]["exports"].get(f"/{name}")
    if export is None or export["type"] != "glusterfs":
        return context.complain(f"Volume {name} does not exist")
    options = {
        "cluster.quorum-type": "auto", "network.ping-timeout": "10", "auth.allow": "*",
        "storage.owner-uid": "36", "storage.owner-gid": "36", "server.allow-insecure": "on",
    }  # fmt: skip
    bricks = "".join(f"<brick><name>gluster-{n}:/brick</name></brick>" for n in (1, 2, 3))
    told = "".join(
        f"<option><name>{key}</name><value>{value}</value></option>"
        for key, value in options.items()
    )
    print('<?xml version="1.0" encoding="UTF-8"?><cliOutput><volInfo><volumes><volume>'
          f"<name>{name}</name><statusStr>Started</statusStr><replicaCount>{export['replica']}"
          f"</replicaCount><bricks>{bricks}</bricks><options>{told}</options></volume></volumes>"
          "</volInfo></cliOutput>")  # fmt: skip
    return 0

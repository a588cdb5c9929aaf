"""The storage of the world as the tool meets it: exports that mount or do not, portals, LUNs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from steps.drill.practice_hosts.tool.dialects import Query
from steps.drill.practice_hosts.tool.session import Session, Wrong
from steps.drill.practice_hosts.world import Facts

LEAST = 20480 << 20
GIB = 1 << 30
NOT_WRITABLE = "export-not-writable"
LUN_IN_USE = "lun-in-use"
ENTER = (
    "Please specify the full shared storage connection path to use (example: host:/path): "
)  # fmt: skip


def export_of(session: Session, connection: str, kind: str) -> Facts:
    """The export that a connection names; raises Wrong in the words of a mount that failed."""
    facts = session.world.read()
    server, _, path = connection.partition(":/")
    addresses = facts["dns"].get(server, [server])
    own = facts["dns"][facts["storage"]["server"]]
    if not server or not path:
        raise Wrong("Connection path must be of the form host:/path")
    export = facts["storage"]["exports"].get(f"/{path.rstrip('/')}")
    if not set(addresses) & set(own):
        raise Wrong(f"Error while mounting specified storage path: mount.nfs: {server}: no answer")
    if export is None or (export["type"] == "glusterfs") != (kind == "glusterfs"):
        problem = "mount.nfs: access denied by server while mounting"
        raise Wrong(f"Error while mounting specified storage path: {problem} {connection}")
    found: Facts = export
    return found


def is_writable(session: Session) -> bool:
    """Whether vdsm may write on the exports."""
    return not session.world.fault(NOT_WRITABLE)


def luns_of(session: Session, kind: str) -> list[Facts]:
    """The LUNs that the host sees; the fault has every one of them in use."""
    used = bool(session.world.fault(LUN_IN_USE))
    luns = [lun for lun in session.world.read()["storage"]["luns"] if lun["kind"] == kind]
    return [{**lun, "used": lun["used"] or used} for lun in luns]


def targets_of(session: Session, portals: Sequence[str]) -> list[tuple[str, str]]:
    """(target, portal) pairs that these portals name."""
    known = session.world.read()["storage"]["portals"]
    return [(target, portal) for portal in portals for target in known.get(portal, [])]


def list_luns(session: Session, luns: Sequence[Facts]) -> None:
    """The list as both generations print it."""
    lines = ["The following luns have been found on the requested target:"]
    for number, lun in enumerate(luns, start=1):
        size = f"{lun['size'] / GIB:.1f}GiB" if not session.old_names else _whole(lun["size"])
        parts = (f"[{number}]", lun["guid"], size, lun["vendor"], lun["product"])
        failed = f", {lun['failed']} failed" if lun["failed"] else ""
        state = "used" if lun["used"] else "free"
        lines += ["\t" + "\t".join(parts)]
        lines += [f"\t\tstatus: {state}, paths: {lun['active']} active{failed}", ""]
    session.dialect.note("\n".join(lines))


def _whole(size: int) -> str:
    return f"{size // GIB}GiB"


def list_targets(session: Session, found: Sequence[tuple[str, str]]) -> None:
    """The list of the ansible generation."""
    lines = ["The following targets have been found:"]
    for number, (target, portal) in enumerate(found, start=1):
        lines += [f"\t[{number}]\t{target}", "\t\tTPGT: 1, portals:", f"\t\t\t{portal}", ""]
    session.dialect.note("\n".join(lines))


def choose_lun(session: Session, kind: str) -> Facts:
    """The list, then the number; the key holds the GUID."""
    luns = luns_of(session, kind)
    if not luns:
        raise Wrong("Cannot find any LUN on the selected target")
    given = session.environment.text("OVEHOSTED_STORAGE/LunID")
    if given:
        return _lun(luns, given)
    list_luns(session, luns)
    numbers = tuple(str(number) for number in range(1, len(luns) + 1))
    note = "Please select the destination LUN (@VALUES@) [@DEFAULT@]: "
    answer = session.ask(Query("OVEHOSTED_STORAGE_BLOCKD_LUN", note, default="1", valid=numbers))
    lun = luns[int(answer) - 1]
    session.environment.set("OVEHOSTED_STORAGE/LunID", lun["guid"])
    return lun


def _lun(luns: Sequence[Facts], guid: str) -> Facts:
    found = next((lun for lun in luns if lun["guid"] == guid), None)
    if found is None:
        raise Wrong(f"The specified LUN {guid} cannot be found")
    return found


def normal_path(session: Session, connection: str) -> str:
    """The path with one slash where there are several; the tool warns of it."""
    server, _, path = connection.partition(":")
    normal = f"{server}:{re.sub('/+', '/', path)}"
    if normal != connection:
        session.say(f"Using {normal} instead of {connection}", "WARNING")
    return normal

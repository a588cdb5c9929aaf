"""Storage questions of 4.5: after the bootstrap, and asked again where the storage refuses.

Reference, section 4, rows 34 to 42. Any storage key in the answer file makes a mistake fatal.
"""

from __future__ import annotations

import json
from typing import Final

from steps.drill.practice_hosts.tool import rules, storage
from steps.drill.practice_hosts.tool.dialects import ERROR, Ended, Query
from steps.drill.practice_hosts.tool.session import Session, Wrong

KEY: Final = "OVEHOSTED_STORAGE/"
_ASKED: Final = (
    "domainType", "nfsVersion", "storageDomainConnection", "mntOptions", "iSCSIPortalIPAddress",
    "iSCSIPortalPort", "iSCSIDiscoverUser", "iSCSIDiscoverPassword", "iSCSIPortalUser",
    "iSCSIPortalPassword", "iSCSITargetName", "LunID",
)  # fmt: skip
_VERSIONS: Final = ("auto", "v3", "v4", "v4_0", "v4_1", "v4_2")
APPLIANCE_GIB: Final = 51
LEAST_DISK: Final = 25


def ask_storage(session: Session) -> None:
    """Ask and create, until it is created; not interactive, the first failure is the last."""
    interactive = not any(session.environment.get(KEY + name) is not None for name in _ASKED)
    while True:
        try:
            _ask(session)
            session.say("Creating Storage Domain")
            _create(session)
            return
        except Wrong as wrong:
            if not interactive:
                raise Ended("Failed to create or access storage domain: " + str(wrong)) from None
            session.say(str(wrong), ERROR)
            for name in _ASKED:
                session.environment.set(KEY + name, None)


def _ask(session: Session) -> None:
    note = "Please specify the storage you would like to use (@VALUES@)[@DEFAULT@]: "
    query = Query("OVEHOSTED_STORAGE_DOMAIN_TYPE", note, "nfs", ("glusterfs", "iscsi", "fc", "nfs"))
    kind = str(session.answered(KEY + "domainType", query))
    if kind in ("nfs", "nfs3", "nfs4", "glusterfs"):
        _by_path(session, kind)
    elif kind == "iscsi":
        _by_portal(session)
    if kind in ("iscsi", "fc"):
        session.say("Getting iSCSI LUNs list" if kind == "iscsi" else "Getting Fibre Channel LUNs"
                    " list")  # fmt: skip
        storage.choose_lun(session, kind)
        if kind == "iscsi":
            session.say("iSCSI discard after delete is disabled")


def _by_path(session: Session, kind: str) -> None:
    if kind == "nfs":
        note = "Please specify the nfs version you would like to use (@VALUES@)[@DEFAULT@]: "
        query = Query("OVEHOSTED_STORAGE_NFS_VERSION", note, "auto", _VERSIONS)
        session.answered(KEY + "nfsVersion", query)

    def check(text: str) -> str:
        server, _, path = text.partition(":/")
        if not server or not path:
            raise Wrong("Connection path must be of the form host:/path")
        return text

    query = Query("OVEHOSTED_STORAGE_DOMAIN_CONNECTION", storage.ENTER)
    session.answered(KEY + "storageDomainConnection", query, check)
    note = (
        "If needed, specify additional mount options for the connection to the hosted-engine"
        " storagedomain (example: rsize=32768,wsize=32768) []: "
    )
    session.answered(KEY + "mntOptions", Query("OVEHOSTED_STORAGE_DOMAIN_MNT_OPTIONS", note, ""))


def _by_portal(session: Session) -> None:
    note = "Please specify the iSCSI portal IP address: "
    address = session.answered(
        KEY + "iSCSIPortalIPAddress", Query("OVEHOSTED_STORAGE_ISCSI_IP_ADDR", note), rules.portal
    )
    note = "Please specify the iSCSI portal port [@DEFAULT@]: "
    port = session.answered(
        KEY + "iSCSIPortalPort", Query("OVEHOSTED_STORAGE_ISCSI_IP_PORT", note, "3260"),
        rules.number(1, 65535, "Port must be a valid port number"),
    )  # fmt: skip
    _chap(session, "discover", "Discover")
    _chap(session, "portal login", "Portal")
    session.say("Discovering iSCSI targets")
    found = storage.targets_of(session, [f"{address}:{port}"])
    if not found:
        raise Wrong("Unable to retrieve the list of target(s)")
    _choose_target(session, found)


def _chap(session: Session, words: str, key: str) -> None:
    note = f"Please specify the iSCSI {words} user: "
    session.answered(f"{KEY}iSCSI{key}User", Query("OVEHOSTED_STORAGE_ISCSI_USER", note, ""))
    # Asked for even where there is no user.
    note = f"Please specify the iSCSI {words} password: "
    query = Query("OVEHOSTED_STORAGE_ISCSI_PASSWORD", note, "", hidden=True)
    session.answered(f"{KEY}iSCSI{key}Password", query)


def _choose_target(session: Session, found: list[tuple[str, str]]) -> None:
    if session.environment.get(KEY + "iSCSITargetName") is not None:
        return
    storage.list_targets(session, found)
    numbers = tuple(str(number) for number in range(1, len(found) + 1))
    note = "Please select a target (@VALUES@) [@DEFAULT@]: "
    answer = session.ask(Query("OVEHOSTED_STORAGE_ISCSI_TARGET", note, "1", numbers))
    session.environment.set(KEY + "iSCSITargetName", found[int(answer) - 1][0])


def _create(session: Session) -> None:
    """The storage domain, as the engine makes it: its refusals are ansible's JSON."""
    kind = session.environment.text(KEY + "domainType")
    task = {"iscsi": "Add iSCSI", "fc": "Add Fibre Channel", "glusterfs": "Add glusterfs"}
    session.say(f"TASK [ovirt.ovirt.hosted_engine_setup : {task.get(kind, 'Add NFS')} storage"
                " domain]")  # fmt: skip
    session.pause(20)
    problem = _problem(session, kind)
    if problem:
        detail = f'Fault reason is "Operation Failed". Fault detail is "[{problem}]".'
        message = f"{detail} HTTP response code is 409."
        session.say(f"fatal: [localhost]: FAILED! => {json.dumps(_failure(message))}", ERROR)
        raise Wrong("Failed to create or access the storage domain; specify another one")
    session.say("changed: [localhost]")
    if kind == "iscsi":
        session.say("iSCSI connected paths: 2")
    _mark_used(session, kind)


def _failure(message: str) -> dict[str, object]:
    return {"changed": False, "msg": message}


def _problem(session: Session, kind: str) -> str:
    if kind in ("iscsi", "fc"):
        guid = session.environment.text(KEY + "LunID")
        lun = next(lun for lun in storage.luns_of(session, kind) if lun["guid"] == guid)
        return f"Cannot create Storage Domain. The LUN {guid} is in use" if lun["used"] else ""
    try:
        connection = session.environment.text(KEY + "storageDomainConnection")
        storage.export_of(session, connection, "glusterfs" if kind == "glusterfs" else "nfs")
    except Wrong:
        return "Problem while trying to mount target"
    if storage.is_writable(session):
        return ""
    return (
        "Permission settings on the specified path do not allow access to the storage. Verify"
        " permission settings on the specified storage path."
    )


def _mark_used(session: Session, kind: str) -> None:
    connection = session.environment.text(KEY + "storageDomainConnection")
    with session.world.change() as facts:
        export = facts["storage"]["exports"].get(connection.partition(":")[2].rstrip("/"))
        if export is not None:
            export["used"] = True
        for lun in facts["storage"]["luns"]:
            if kind in ("iscsi", "fc") and lun["guid"] == session.environment.text(KEY + "LunID"):
                lun["used"] = True


def ask_disk(session: Session) -> None:
    """Row 42."""
    least = APPLIANCE_GIB
    note = "Please specify the size of the VM disk in GiB: [@DEFAULT@]: "
    query = Query("ovehosted_vmenv_image", note, str(APPLIANCE_GIB + 1))
    problem = f"Invalid size: {{value}} GiB, while the appliance needs {least}"
    session.answered(KEY + "imgSizeGB", query, rules.number(least, 1 << 12, problem))

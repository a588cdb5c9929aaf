"""Storage questions of the guide's build. Reference, section 3.1, rows 3 to 14."""

from __future__ import annotations

from steps.drill.practice_hosts.first_world import GUIDE
from steps.drill.practice_hosts.tool import rules, storage
from steps.drill.practice_hosts.tool.dialects import Ended, Query
from steps.drill.practice_hosts.tool.session import Session, Wrong
from steps.drill.practice_hosts.world import Facts

KEY = "OVEHOSTED_STORAGE/"
TYPES = ("glusterfs", "iscsi", "fc", "nfs3", "nfs4")


def ask_storage(session: Session) -> None:
    """The whole section."""
    session.dialect.note("\n--== STORAGE CONFIGURATION ==--\n\n")
    session.dialect.note("During customization use CTRL-D to abort.")
    kind = str(session.answered(KEY + "domainType", _type()))
    if kind in ("iscsi", "fc"):
        _block(session, kind)
    else:
        _path(session, kind)
    _additional(session)
    if session.host["build"] == GUIDE:
        _names(session)
    session.say("Installing on first host")


def _type() -> Query:
    return Query(
        "OVEHOSTED_STORAGE_DOMAIN_TYPE",
        "Please specify the storage you would like to use (@VALUES@)[@DEFAULT@]: ",
        default="nfs3", valid=TYPES,
    )  # fmt: skip


def _path(session: Session, kind: str) -> None:
    def check(text: str) -> str:
        connection = storage.normal_path(session, text)
        export = storage.export_of(session, connection, kind)
        if kind == "glusterfs" and export["replica"] != 3:
            raise Wrong("GlusterFS Volume is not using replica 3")
        if not storage.is_writable(session):
            raise Wrong(
                "The storage path is not writable by vdsm:kvm: [Errno 13] Permission denied"
            )
        return connection

    query = Query("OVEHOSTED_STORAGE_DOMAIN_CONNECTION", storage.ENTER)
    session.answered(KEY + "storageDomainConnection", query, check)


def _block(session: Session, kind: str) -> None:
    if kind == "iscsi":
        _portal(session)
    try:
        lun = storage.choose_lun(session, kind)
    except Wrong as wrong:
        raise Ended(str(wrong)) from None
    if lun["size"] < storage.LEAST:
        raise Ended(f"The selected device has {lun['size']} bytes, not enough")


def _portal(session: Session) -> None:
    found: list[tuple[str, str]] = []
    while not found:
        address = session.answered(
            KEY + "iSCSIPortalIPAddress",
            Query(
                "OVEHOSTED_STORAGE_ISCSI_IP_ADDR", "Please specify the iSCSI portal IP address: "
            ),
            rules.portal,
        )
        port = session.answered(
            KEY + "iSCSIPortalPort",
            Query("OVEHOSTED_STORAGE_ISCSI_IP_PORT",
                  "Please specify the iSCSI portal port [@DEFAULT@]: ", default="3260"),
            rules.number(1, 65535, "Port must be a valid port number"),
        )  # fmt: skip
        _chap(session)
        found = storage.targets_of(session, [f"{address}:{port}"])
        if not found:
            session.say("Unable to retrieve the list of target(s)", "ERROR")
            for name in ("iSCSIPortalIPAddress", "iSCSIPortalPort", "iSCSIPortalUser"):
                session.environment.set(KEY + name, None)
    names = tuple(dict.fromkeys(target for target, _portal in found))
    note = "Please specify the target name (@VALUES@) [@DEFAULT@]: "
    query = Query("OVEHOSTED_STORAGE_ISCSI_TARGET", note, default=names[0], valid=names)
    session.answered(KEY + "iSCSITargetName", query)


def _chap(session: Session) -> None:
    note = "Please specify the iSCSI portal user: "
    user = session.answered(
        KEY + "iSCSIPortalUser", Query("OVEHOSTED_STORAGE_ISCSI_USER", note, default="")
    )
    if user:
        hidden = Query(
            "OVEHOSTED_STORAGE_ISCSI_PASSWORD", "Please specify the iSCSI portal password: ",
            default="", hidden=True,
        )  # fmt: skip
        session.answered(KEY + "iSCSIPortalPassword", hidden)


def _additional(session: Session) -> None:
    """Storage that holds an engine already asks whether this host joins it."""
    if not _holds_engine(session):
        session.environment.set("OVEHOSTED_CORE/isAdditionalHost", False)
        session.environment.set(KEY + "hostID", 1)
        return
    note = (
        "The specified storage location already contains a data domain. "
        "Is this an additional host setup (@VALUES@)[@DEFAULT@]? "
    )
    joins = rules.yes_no(
        session, "OVEHOSTED_CORE/isAdditionalHost", "OVEHOSTED_ADDITIONAL_HOST", note, "Yes"
    )
    if not joins:
        raise Ended("Re-deploying the engine VM over a previously (partially) deployed system is"
                    " not supported. Please clean up the storage device or select a different one"
                    " and retry.")  # fmt: skip
    session.dialect.note("Please specify the Host ID")
    session.answered(
        KEY + "hostID",
        Query("OVEHOSTED_HOST_ID", "Please specify the Host ID [Must be integer, default: 2]: ",
              default="2"),
        rules.number(1, 250, "Invalid Host ID {value}: it must be between {least} and {most}"),
    )  # fmt: skip
    raise Ended("Cannot acquire the answer file of the first host: it does not answer on SSH")


def _holds_engine(session: Session) -> bool:
    facts: Facts = session.world.read()
    path = session.environment.text(KEY + "storageDomainConnection").partition(":")[2]
    export = facts["storage"]["exports"].get(path.rstrip("/"))
    return bool(export and export["used"])


def _names(session: Session) -> None:
    for key, name, note, default in (
        ("storageDomainName", "OVEHOSTED_STORAGE_DOMAIN_NAME",
         "Please provide storage domain name. [@DEFAULT@]: ", "hosted_storage"),
        ("storageDatacenterName", "OVEHOSTED_STORAGE_DATACENTER_NAME",
         "Local storage datacenter name is an internal name\nand currently will not be shown in"
         " engine's admin UI.\nPlease enter local datacenter name [@DEFAULT@]: ",
         "hosted_datacenter"),
    ):  # fmt: skip
        session.answered(
            KEY + key, Query(name, note, default=default),
            rules.word("It can only consist of alphanumeric characters, - and _"),
        )  # fmt: skip

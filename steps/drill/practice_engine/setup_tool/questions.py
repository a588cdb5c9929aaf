"""What engine-setup asks after a restore, and its preview. Reference, sections 9.3 and 9.4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from steps.drill.practice_engine.backup_tool.place import Place
from steps.drill.practice_engine.setup_tool.found import Found
from steps.drill.practice_hosts.programs import postgres_server
from steps.drill.practice_hosts.tool import rules
from steps.drill.practice_hosts.tool.dialects import Ended, Query
from steps.drill.practice_hosts.tool.session import Session, Wrong

UPDATES: Final = "engine-setup-updates"
EXPIRING: Final = "engine-setup-pki-expires"
TASKS: Final = "engine-setup-running-tasks"
VIOLATIONS: Final = "engine-setup-db-violations"
"""Faults: each has a question come up that is not asked otherwise."""
NEEDS_MAINTENANCE: Final = (
    "It seems that you are running your engine inside of the hosted-engine VM and are not in"
    ' "Global Maintenance" mode.\nPlease put the system into the "Global Maintenance" mode before'
    " proceeding."
)
_FIREWALL: Final = (
    "Setup can automatically configure the firewall on this system.\n"
    "Note: automatic configuration of the firewall may overwrite current settings.\n"
    "Do you want Setup to configure the firewall? (@VALUES@) [@DEFAULT@]: "
)
_PKI: Final = (
    "One or more of the certificates should be renewed, because they expire soon, or include an"
    " invalid expiry date.\nPlease note that if you choose Yes, every host must be enrolled again"
    " afterwards.\nRenew certificates? (@VALUES@) [@DEFAULT@]: "
)
_OK_CANCEL: Final = ("OK", "Cancel")
_WIDTH: Final = 40


def nothing(_session: Session, _found: Found) -> None:
    """Nothing is asked here."""


def products(session: Session, found: Found) -> None:
    """Everything is set up already; a running engine must be in global maintenance."""
    if found.running and not found.restored:
        if not session.world.read()["maintenance"]["global"]:
            raise Ended(NEEDS_MAINTENANCE)
        note = "During execution engine service will be stopped (@VALUES@) [@DEFAULT@]: "
        if not agreed(session, "OVESETUP_CORE/engineStop", "OVESETUP_CORE_ENGINE_STOP", note):
            raise Ended("Aborted by user")


def packages(session: Session, _found: Found) -> None:
    """Updates."""
    session.say("Checking for product updates...")
    session.pause(20)
    if not session.world.fault(UPDATES):
        session.say("No product updates found")
        return
    note = (
        "Setup has found updates for some packages.\n"
        "Do you wish to update them now? (@VALUES@) [@DEFAULT@]: "
    )
    rules.yes_no(
        session, "OVESETUP_RPMDISTRO/packageUpgrade", "OVESETUP_RPMDISTRO_PACKAGE_UPGRADE", note,
        "Yes",
    )  # fmt: skip


def network(session: Session, found: Found) -> None:
    """The firewall; the name only where there is none yet."""
    if found.is_new:
        note = "Host fully qualified DNS name of this server [@DEFAULT@]: "
        session.answered(
            "OVESETUP_CONFIG/fqdn", Query("OVESETUP_NETWORK_FQDN_this", note, session.name),
            _resolves(session),
        )  # fmt: skip
    key = "OVESETUP_CONFIG/updateFirewall"
    if rules.yes_no(session, key, "OVESETUP_UPDATE_FIREWALL", _FIREWALL, "Yes"):
        session.environment.set("OVESETUP_CONFIG/firewallManager", "firewalld")
        session.say("firewalld will be configured as firewall manager.")


def _resolves(session: Session) -> rules.Check:
    def check(text: str) -> str:
        if text.lower() not in session.world.read()["dns"]:
            raise Wrong(f"Host name is not valid: {text} did not resolve into an IP address")
        return text

    return check


def databases(session: Session, found: Found) -> None:
    """Where they are is known after a restore."""
    if found.is_new and postgres_server.is_initialised():
        raise Ended("A practice machine with a PostgreSQL that was made by hand takes a backup; an"
                    " engine is not set up anew there")  # fmt: skip
    if found.is_new:
        note = "Where is the Engine database located? (@VALUES@) [@DEFAULT@]: "
        query = Query(
            "OVESETUP_ENGINE_DB_LOCATION", note, "Local", ("Local", "Remote"), folded=True
        )
        if session.ask(query) != "local":
            raise Ended("A practice engine that is set up anew has a local database only")


def engine(session: Session, found: Found) -> None:
    """The password of admin@internal only where there is no engine yet."""
    if not found.is_new:
        session.dialect.note("Skipping storing options as database already prepared")
        return
    prompts = ("Engine admin password: ", "Confirm engine admin password: ")
    rules.secret_twice(
        session, "OVESETUP_CONFIG/adminPassword", "OVESETUP_CONFIG_ADMIN_SETUP", prompts
    )


def certificates(session: Session, found: Found) -> None:
    """Renewed only where they expire: that question has no default."""
    if found.is_new:
        return
    session.dialect.note("PKI is already configured")
    if not session.world.fault(EXPIRING):
        return
    given = session.environment.get("OVESETUP_PKI/renew")
    query = Query("OVESETUP_RENEW_PKI", _PKI, valid=rules.YES_NO, folded=True)
    renew = given if isinstance(given, bool) else session.ask(query) == "yes"
    session.environment.set("OVESETUP_PKI/renew", renew)
    note = "Are you really sure that you want to skip the PKI renewal process? (@VALUES@): "
    confirm = Query("OVESETUP_SKIP_RENEW_PKI_CONFIRM", note, valid=rules.YES_NO, folded=True)
    if not renew and session.ask(confirm) != "yes":
        raise Ended("Aborted by user")


def web_server(_session: Session, _found: Found) -> None:
    """Asked only where the machine's system is another one than at the backup's time."""


def validate(session: Session, found: Found) -> None:
    """Tasks and violations of the restored database."""
    if found.is_new:
        return
    session.say("Cleaning stale zombie tasks and commands")
    if session.world.fault(TASKS):
        note = (
            "The following system tasks have been found running in the system: AddDisk.\n"
            "Would you like to try to wait until they are done? (@VALUES@) [@DEFAULT@]: "
        )
        rules.yes_no(session, "OVESETUP_ASYNC/waitTasks", "OVESETUP_WAIT_RUNNING_TASKS", note, "No")
    if session.world.fault(VIOLATIONS):
        note = (
            "The following inconsistencies were found in Engine database: fk_disks.\n"
            "Would you like to automatically clear inconsistencies before upgrading?"
            " (@VALUES@) [@DEFAULT@]: "
        )
        key = "OVESETUP_DB/fixDbViolations"
        if not rules.yes_no(session, key, "OVESETUP_FIX_DB_VALIDATIONS", note, "Yes"):
            raise Ended("User decided to skip db fix")


def preview(session: Session, found: Found) -> None:
    """Every key with its value; Cancel ends it."""
    session.dialect.note("\n--== CONFIGURATION PREVIEW ==--\n\n")
    for key, value in _rows(session, found):
        session.dialect.note(f"{key:<{_WIDTH}}: {value}")
    note = "\nPlease confirm installation settings (@VALUES@) [@DEFAULT@]: "
    key = "OVESETUP_DIALOG/confirmSettings"
    if not agreed(session, key, "OVESETUP_DIALOG_CONFIRM_SETTINGS", note):
        raise Ended("Configuration was rejected by user")


def agreed(session: Session, key: str, name: str, note: str, default: str = "OK") -> bool:
    """OK or Cancel."""
    given = session.environment.get(key)
    if isinstance(given, bool):
        return given
    said = session.ask(Query(name, note, default, _OK_CANCEL, folded=True)) == "ok"
    session.environment.set(key, said)
    return said


def _rows(session: Session, found: Found) -> Iterator[tuple[str, object]]:
    firewall = session.environment.get("OVESETUP_CONFIG/updateFirewall") is True
    yield "Default SAN wipe after delete", False
    if firewall:
        yield "Firewall manager", "firewalld"
    yield "Update Firewall", firewall
    yield "Host FQDN", session.environment.text("OVESETUP_CONFIG/fqdn") or found.fqdn
    for title, place in (("Engine", found.engine), ("DWH", found.history)):
        yield from _database_rows(title, place) if place else ()
    yield "Engine installation", True
    yield "PKI organization", "practice.invalid"
    yield "Configure local Engine database", found.is_new
    yield "Set application as default page", True
    yield "Configure Apache SSL", True
    yield "DWH installation", True
    yield "Backup DWH database", not found.is_new
    yield "Configure VMConsole Proxy", True
    yield "Configure WebSocket Proxy", True


def _database_rows(title: str, place: Place) -> Iterator[tuple[str, object]]:
    yield f"{title} database secured connection", place.secured
    yield f"{title} database host", place.host
    yield f"{title} database user name", place.user
    yield f"{title} database name", place.name
    yield f"{title} database port", place.port
    yield f"{title} database host name validation", False

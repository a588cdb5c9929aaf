"""Engine, mail and preview of the guide's days. Reference, section 3.3."""

from __future__ import annotations

from typing import Final

from steps.drill.practice_hosts.tool import rules
from steps.drill.practice_hosts.tool.dialects import Ended, Query
from steps.drill.practice_hosts.tool.session import Session

ENGINE: Final = "OVEHOSTED_ENGINE/"
NOTIFY: Final = "OVEHOSTED_NOTIF/"
FQDN_NOTE: Final = (
    "Please provide the FQDN for the engine you would like to use.\n"
    "This needs to match the FQDN that you will use for the engine installation within the VM.\n"
    " Note: This will be the FQDN of the VM you are now going to create,\n"
    " it should not point to the base host or to any other existing machine.\n"
    "Engine FQDN: "
)
_ROWS: Final = (
    ("Bridge interface", "OVEHOSTED_NETWORK/bridgeIf"),
    ("Engine FQDN", "OVEHOSTED_NETWORK/fqdn"),
    ("Bridge name", "OVEHOSTED_NETWORK/bridgeName"),
    ("SSH daemon port", "OVEHOSTED_NETWORK/sshdPort"),
    ("Firewall manager", "OVEHOSTED_NETWORK/firewallManager"),
    ("Gateway address", "OVEHOSTED_NETWORK/gateway"),
    ("Host name for web application", "OVEHOSTED_ENGINE/appHostName"),
    ("Host ID", "OVEHOSTED_STORAGE/hostID"),
    ("Image alias", "OVEHOSTED_STORAGE/imgAlias"),
    ("Image size GB", "OVEHOSTED_STORAGE/imgSizeGB"),
    ("LUN ID", "OVEHOSTED_STORAGE/LunID"),
    ("Storage connection", "OVEHOSTED_STORAGE/storageDomainConnection"),
    ("Console type", "OVEHOSTED_VDSM/consoleType"),
    ("Memory size MB", "OVEHOSTED_VM/vmMemSizeMB"),
    ("MAC address", "OVEHOSTED_VM/vmMACAddr"),
    ("Boot type", "OVEHOSTED_VM/vmBoot"),
    ("Number of CPUs", "OVEHOSTED_VM/vmVCpus"),
    ("CPU Type", "OVEHOSTED_VDSM/cpu"),
)


def ask_engine(session: Session) -> None:
    """Rows 29 to 35: the host's name comes before the password."""
    session.dialect.note("\n--== HOSTED ENGINE CONFIGURATION ==--\n\n")
    note = (
        "Enter the name which will be used to identify this host inside the Administrator Portal"
        " [@DEFAULT@]: "
    )
    number = session.environment.text("OVEHOSTED_STORAGE/hostID") or "1"
    session.answered(
        ENGINE + "appHostName", Query("APP_HOST_NAME", note, f"hosted_engine_{number}")
    )
    prompts = (
        "Enter 'admin@internal' user password that will be used for accessing the Administrator"
        " Portal: ",
        "Confirm 'admin@internal' user password: ",
    )
    rules.secret_twice(session, ENGINE + "adminPassword", "ENGINE_ADMIN_PASSWORD", prompts)
    query = Query("OVEHOSTED_NETWORK_FQDN", FQDN_NOTE)
    session.answered("OVEHOSTED_NETWORK/fqdn", query, rules.engine_name(session))
    ask_mail(session)


def ask_mail(session: Session) -> None:
    """The same four in both generations."""
    for key, prompt, default, check in (
        ("smtpServer", "Please provide the name of the SMTP server through which we will send"
         " notifications", "localhost", rules.mail_server),
        ("smtpPort", "Please provide the TCP port number of the SMTP server", "25", rules.port),
        ("sourceEmail", "Please provide the email address from which notifications will be sent",
         "root@localhost", rules.mail_addresses),
        ("destEmail", "Please provide a comma-separated list of email addresses which will get"
         " notifications", "root@localhost", rules.mail_addresses),
    ):  # fmt: skip
        query = Query(f"DIALOG{NOTIFY}{key}", f"{prompt} [@DEFAULT@]: ", default)
        session.answered(NOTIFY + key, query, check)


def preview(session: Session) -> None:
    """Every key with a value; No loses everything."""
    session.environment.set("OVEHOSTED_NETWORK/bridgeName", "ovirtmgmt")
    session.environment.set("OVEHOSTED_NETWORK/sshdPort", 22)
    session.dialect.note("\n--== CONFIGURATION PREVIEW ==--\n\n")
    rows = [(label, session.environment.text(key)) for label, key in _ROWS]
    session.dialect.note("\n".join(f"{label:<35}: {value}" for label, value in rows if value))
    note = "\nPlease confirm installation settings (@VALUES@)[@DEFAULT@]: "
    if not rules.yes_no(session, "OVEHOSTED_CORE/confirmSettings", "SETTINGS_PROCEED", note, "Yes"):
        raise Ended("Configuration was rejected by user")

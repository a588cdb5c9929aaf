"""Every question of the classic generation, in the tool's order: reference, section 3."""

from __future__ import annotations

from functools import partial

from config.interviews.hosted_engine import checks
from config.interviews.hosted_engine.builds import CLASSIC, GUIDE_BUILD
from config.interviews.hosted_engine.classic_storage import STORAGE_ROWS, SYSTEM_ROWS
from config.interviews.hosted_engine.classic_vm import VM_ROWS
from config.interviews.hosted_engine.conditions import (
    first_host,
)
from config.interviews.hosted_engine.defaults import (
    first_host_name,
)
from config.interviews.hosted_engine.key_names import (
    CORE,
    ENGINE,
    NETWORK,
    NOTIFY,
)
from config.interviews.hosted_engine.stored import (
    flag,
    several,
    text,
    whole,
    word,
)
from config.interviews.hosted_engine.table import Row, Saved, password_rows
from config.otopi.typed import Typed

_NO_ENDS = "the tool ends at this answer."


_row = partial(Row, era=CLASSIC)


START = (
    _row(
        "1", "DEPLOY_PROCEED", "proceed", default=True,
        saved=(Saved(CORE + "deployProceed", flag("proceed")),),
        fragments=("Are you sure you want to continue?",),
        check=checks.only(True, _NO_ENDS, "To leave, leave the wizard: nothing is changed."),
    ),
    _row(
        "2", "SCREEN_PROCEED", "screen_proceed", default=True,
        saved=(Saved(CORE + "screenProceed", flag("screen_proceed")),),
        check=checks.only(True, _NO_ENDS, "Say yes: the run outlives your session by itself."),
    ),
)  # fmt: skip

NETWORK_ROWS = (
    _row(
        "16", "ovehosted_bridge_if", "nic", condition=first_host, check=checks.nic,
        saved=(Saved(NETWORK + "bridgeIf", text("nic"), by_tool=False),),
        fragments=("indicate a nic to set ovirtmgmt bridge on",),
    ),
    _row(
        "17", "OHOSTED_NETWORK_FIREWALL_MANAGER", "manage_iptables", default=True,
        saved=(Saved(NETWORK + "firewallManager",
                     word("manage_iptables", True, Typed("str", "iptables"))),),
        fragments=("do you wish setup to configure it?",),
    ),
    _row(
        "18", "OVEHOSTED_GATEWAY", "gateway", check=checks.address,
        saved=(Saved(NETWORK + "gateway", text("gateway")),),
        fragments=("pingable gateway IP address",),
    ),
)  # fmt: skip

ENGINE_ROWS = (
    _row(
        "29", "APP_HOST_NAME", "host_name", default=first_host_name, check=checks.not_blank,
        saved=(Saved(ENGINE + "appHostName", text("host_name"), by_tool=False),),
        fragments=("used to identify this host inside the",),
    ),
    *password_rows(
        _row, "30", "ENGINE_ADMIN_PASSWORD", "admin_password", ENGINE + "adminPassword",
        ("Enter engine admin password", "Enter 'admin@internal' user password"),
        ("Confirm engine admin password", "Confirm 'admin@internal' user password"),
    ),
    _row(
        "31", "OVEHOSTED_NETWORK_FQDN", "fqdn", check=checks.engine_name,
        saved=(Saved(NETWORK + "fqdn", text("fqdn")),), fragments=("Engine FQDN:",),
    ),
)  # fmt: skip

MAIL_ROWS = (
    _row(
        "32", "DIALOGOVEHOSTED_NOTIF/smtpServer", "smtp_server", condition=first_host,
        default="localhost", check=checks.mail_server,
        saved=(Saved(NOTIFY + "smtpServer", text("smtp_server")),),
        fragments=("name of the SMTP server",),
    ),
    _row(
        "33", "DIALOGOVEHOSTED_NOTIF/smtpPort", "smtp_port", condition=first_host, default=25,
        check=checks.between(1, 65535, "A port"),
        saved=(Saved(NOTIFY + "smtpPort", whole("smtp_port")),),
        fragments=("TCP port number of the SMTP server",),
    ),
    _row(
        "34", "DIALOGOVEHOSTED_NOTIF/sourceEmail", "mail_from", condition=first_host,
        default="root@localhost", check=checks.mail_address,
        saved=(Saved(NOTIFY + "sourceEmail", text("mail_from")),),
        fragments=("email address from which",),
    ),
    _row(
        "35", "DIALOGOVEHOSTED_NOTIF/destEmail", "mail_to", condition=first_host,
        default=("root@localhost",), check=checks.mail_addresses,
        saved=(Saved(NOTIFY + "destEmail", several("mail_to")),),
        fragments=("comma-separated list of email addresses",),
    ),
)  # fmt: skip

LAST_ROWS = (
    _row(
        "36", "OVESETUP_NETWORK_FQDN_HOST_HOSTNAME", "host_fqdn", first=GUIDE_BUILD,
        check=checks.full_name,
        saved=(Saved(NETWORK + "host_name", text("host_fqdn"), by_tool=False),),
    ),
    _row(
        "37", "SETTINGS_PROCEED", "confirm_settings", default=True,
        saved=(Saved(CORE + "confirmSettings", flag("confirm_settings")),),
        fragments=("confirm installation settings",),
        check=checks.only(True, _NO_ENDS, "To change something, go back to it."),
    ),
)  # fmt: skip

AFTER_ROWS = (
    _row("3.4", "OVEHOSTED_INSTALLING_OS", "", listed=True,
         fragments=("VM installation is complete",)),
    _row("3.4", "OVEHOSTED_ENGINE_UP", "", listed=True,
         fragments=("engine installation is complete",)),
    _row("3.4", "OVEHOSTED_ENGINE_FA", "", listed=True, first=GUIDE_BUILD),
    _row(
        "3.4", "cluster_name", "cluster", default="Default", check=checks.word,
        saved=(Saved(ENGINE + "clusterName", text("cluster")),),
    ),
    _row(
        "3.4", "SSL_VALIDATE_CA", "insecure_ssl", default=False,
        saved=(Saved(ENGINE + "insecureSSL", flag("insecure_ssl", only=True)),),
    ),
    _row(
        "3.4", "OVEHOSTED_REQUIRED_NETWORKS", "required_networks", default="ask",
        choices=("ask", "ignore"), words=(("ignore", "Ignore"),), unsaid=("ask",),
        first=GUIDE_BUILD,
        saved=(Saved(NETWORK + "promptRequiredNetworks",
                     word("required_networks", "ignore", Typed("bool", "False"))),),
    ),
    _row(
        "3.4", "OVEHOSTED_NON_OPERATIONAL", "non_operational", default="ask",
        choices=("ask", "ignore"), words=(("ignore", "Ignore"),), unsaid=("ask",),
        first=GUIDE_BUILD,
        saved=(Saved(ENGINE + "promptNonOperational",
                     word("non_operational", "ignore", Typed("bool", "False"))),),
    ),
)  # fmt: skip

CLASSIC_ROWS = (
    *START, *STORAGE_ROWS, *SYSTEM_ROWS, *NETWORK_ROWS, *VM_ROWS, *ENGINE_ROWS, *MAIL_ROWS,
    *LAST_ROWS, *AFTER_ROWS,
)  # fmt: skip
"""The whole table."""

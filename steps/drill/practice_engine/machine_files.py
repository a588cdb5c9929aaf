"""What engine-setup leaves on the engine's machine: files, services, databases. Simulated.

Only the standard library: engine-setup on the practice machine writes the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from steps.drill.practice_hosts import first_world
from steps.drill.practice_hosts.world import Facts

ENGINE_DATABASE, HISTORY_DATABASE = "engine", "ovirt_engine_history"
PASSWORD: Final = "practice-database-password"  # noqa: S105  (of a database that is simulated)
LIVE, LEFTOVER, RESTORED = "live", "leftover", "restored"
"""What a database holds: the running engine's rows, somebody's, or those of a backup."""
HISTORY_TABLE: Final = "history_configuration"
"""By this a Data Warehouse's database is told from others."""
SETUP_CONF: Final = "etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf"
PROTOCOLS: Final = "etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf"
DATABASE_CONF: Final = "etc/ovirt-engine/engine.conf.d/10-setup-database.conf"
HISTORY_CONF: Final = "etc/ovirt-engine-dwh/ovirt-engine-dwhd.conf.d/10-setup-database.conf"
CA: Final = "etc/pki/ovirt-engine/ca.pem"
CA_KEY: Final = "etc/pki/ovirt-engine/private/ca.pem"
FILES: Final = (SETUP_CONF, PROTOCOLS, DATABASE_CONF, HISTORY_CONF, CA, CA_KEY)
"""All of them."""


def write_engine_files(root: Path, ca: str, fqdn: str = first_world.ENGINE) -> None:
    """Files below `root`, the machine's /; the key is none, it only has its place."""
    texts = {
        PROTOCOLS: f"ENGINE_FQDN={fqdn}\nENGINE_PROXY_ENABLED=true\n",
        DATABASE_CONF: database_conf("ENGINE", ENGINE_DATABASE, ENGINE_DATABASE),
        HISTORY_CONF: database_conf("DWH", HISTORY_DATABASE, HISTORY_DATABASE),
        SETUP_CONF: "[environment:default]\n"
        f"OVESETUP_CONFIG/fqdn=str:{fqdn}\nOVESETUP_ENGINE_CORE/enable=bool:True\n"
        "OVESETUP_DWH_CORE/enable=bool:True\nOVESETUP_CONFIG/updateFirewall=bool:True\n"
        "OVESETUP_CONFIG/firewallManager=str:firewalld\n",
        CA: ca,
        CA_KEY: "(the private key of the practice engine's CA would be here)\n",
    }
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / CA_KEY).chmod(0o600)


def database_conf(
    prefix: str, name: str, user: str, *, host: str = "localhost", port: int = 5432,
    password: str = PASSWORD, secured: bool = False,
) -> str:  # fmt: skip
    """The settings of one database, as engine-setup and engine-backup write them."""
    word = str(secured).capitalize()
    return (
        f'{prefix}_DB_HOST="{host}"\n{prefix}_DB_PORT="{port}"\n{prefix}_DB_USER="{user}"\n'
        f'{prefix}_DB_PASSWORD="{password}"\n{prefix}_DB_DATABASE="{name}"\n'
        f'{prefix}_DB_SECURED="{word}"\n{prefix}_DB_SECURED_VALIDATION="False"\n'
    )


def set_up(server: Facts) -> None:
    """The machine's services and databases once an engine runs on it."""
    for service in ("httpd", "postgresql", "ovirt-engine", "ovirt-engine-dwhd"):
        server["services"][service] = "active"
    for name in (ENGINE_DATABASE, HISTORY_DATABASE):
        server["databases"].setdefault(name, {"owner": name})["content"] = LIVE
        server["roles"].setdefault(name, PASSWORD)

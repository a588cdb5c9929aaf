"""Archives as engine-backup of each era writes them, of one small engine."""

from __future__ import annotations

from steps.drill.practice_engine.archive_builder import Recipe, build, compress

__all__ = ["ERAS", "FQDN", "KEY", "MADE", "MODERN", "PASSWORD", "TIME", "build", "compress"]

MADE = 1_764_000_000
"""When every member was made: 2025-11-24T16:00:00Z."""
TIME = "2025-11-24T16:00:00Z"
FQDN = "engine.example.com"
PASSWORD = "s3cret-of-the-database"
KEY = "-----BEGIN PRIVATE KEY-----\ns3cret-key\n"


def engine_files() -> dict[str, str]:
    """What lies in the engine's own folders, by path."""
    database = f'ENGINE_DB_HOST="localhost"\nENGINE_DB_PASSWORD="{PASSWORD}"\n'
    dwh = f'DWH_DB_HOST="dwh.example.com"\nDWH_DB_PASSWORD="{PASSWORD}"\n'
    return {
        "etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf": f"ENGINE_FQDN={FQDN}\n",
        "etc/ovirt-engine/engine.conf.d/10-setup-database.conf": database,
        "etc/ovirt-engine/engine.conf.d/10-setup-dwh-database.conf": dwh,
        "etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf": (
            f"[environment:default]\nOVESETUP_CONFIG/fqdn=str:{FQDN}\n"
            "OVESETUP_DWH_CORE/enable=bool:True\n"
        ),
        "etc/pki/ovirt-engine/ca.pem": "certificate\n",
        "etc/pki/ovirt-engine/private/ca.pem": KEY,
    }


MODERN = Recipe(texts=engine_files(), made=MADE)
_OLD = MODERN.but(os_version=None, outer="bzip2", files="directory", hash="md5sum", config=None)
ERAS = {
    "3.3": _OLD.but(version="3.3.5"),
    "3.4": _OLD.but(version="3.4.4", db_compressor="bzip2", suffix=".bz2"),
    "3.5": _OLD.but(version="3.5.8", db_compressor="bzip2", suffix=".bz2"),
    "3.6": MODERN.but(version="3.6.7", os_version="centos7", hash="md5sum"),
    "4.3": MODERN.but(version="4.3.11.4", os_version="centos7"),
    "4.4": MODERN.but(version="4.4.10.7", os_version="rhel8"),
    "4.5": MODERN,
}

"""A backup, a site and answers for the tests of a restore: data only, nothing is looked at."""

from __future__ import annotations

from pathlib import Path

from config.answers import settled
from config.interviews.hosted_engine_restore import RESTORE
from config.secrets import SecretReference
from config.site import (
    BackupServer,
    EngineAccess,
    EngineHost,
    EngineMachine,
    ShellAccess,
    Site,
)
from steps.hosted_engine.archive import effects
from steps.hosted_engine.archive.engine_model import (
    Cluster,
    DataCenter,
    EngineModel,
    Host,
    StorageDomain,
    Vm,
)
from steps.hosted_engine.archive.inspection import Inspection, Layout
from steps.hosted_engine.archive.version import Version
from steps.hosted_engine.restore.archive_place import ArchivePlace
from steps.hosted_engine.restore.newcomer_look import HostLook
from steps.hosted_engine.restore.survey import RestoreSurvey, compared

FQDN = "engine.example.org"
HOST = "h1.example.org"
OTHER_HOST = "new.example.org"
SERVER = "store.example.org"
ARCHIVE = f"{SERVER}:/backup/engine.backup"
UUIDS = [f"4c4c4544-0035-3910-8051-b{n}c04f4e3332" for n in range(10)]
PASSWORD = SecretReference("prompt")


def host(number, **changes):
    values = {
        "id": f"00000000-0000-4000-8000-00000000000{number}",
        "name": f"hosted_engine_{number}", "address": f"h{number}.example.org",
        "hardware_uuid": UUIDS[number], "status_name": "Up", "cluster": "Default",
        "he_configured": True, "management_ipv4": f"192.0.2.{10 + number}",
        "management_ipv6": None, "power_management": number == 3, "vms": 1, "vms_migrating_in": 0,
    }  # fmt: skip
    return Host(**values | changes)


FAILOVER = host(1, status_name="Maintenance", vms=0)


def machine(name, where, **changes):
    values = {
        "id": f"vm-{name}", "name": name, "status_name": "Up", "host": where, "migrating_to": None,
        "ha": False, "lease": False, "origin": "OVIRT", "engine_vm": False,
    }  # fmt: skip
    return Vm(**values | changes)


MODEL = EngineModel(
    hosts=(FAILOVER, host(2), host(3)),
    vms=(
        machine("web01", "hosted_engine_2"),
        machine("db01", "hosted_engine_3", ha=True),
        machine("HostedEngine", "hosted_engine_2", origin="HOSTED_ENGINE", engine_vm=True),
    ),
    clusters=(Cluster("c1", "Default", "4.7", "Centre", None),),
    data_centers=(DataCenter("d1", "Centre", "Up", "4.7", "hosted_engine_2"),),
    storage_domains=(
        StorageDomain("s1", "hosted_storage", "Data", "NFS", "Active", "Centre", "nas:/he"),
    ),
)


def an_inspection(model=MODEL, version="4.5.7", **changes):
    made = Version.parse(version)
    values = {
        "version": version, "os_version": "rhel9", "engine_fqdn": FQDN,
        "backup_time": "2026-11-26T04:00:00Z", "scopes": ("files", "db", "dwhdb"),
        "dwh_present": True, "engine_db_host": "localhost", "dwh_db_host": "localhost",
        "layout": Layout("gzip", "xz", "custom", "none", "sha256sum"),
        "hosts": model.hosts, "vms": model.vms, "he_hosts": effects.he_hosts(model),
        "idle_maintenance_hosts": effects.idle_maintenance_hosts(model),
        "ready_failover_hosts": effects.ready_failover_hosts(model),
        "restore_sets_down": effects.restore_sets_down(model, made),
        "left_up_on_old_host": effects.left_up_on_old_host(model, made),
        "he_storage": (), "clusters": model.clusters, "data_centers": model.data_centers,
        "storage_domains": model.storage_domains, "disable_fence_at_startup_s": 300,
        "conflicts": (), "problems": (), "fit_for_restore": True,
    }  # fmt: skip
    return Inspection(**values | changes)


KNOWN_HOST = HostLook("hosted_engine_1", HOST, ("192.0.2.11",), UUIDS[1], "4.5", "the appliance")
NEW_HOST = HostLook("new", OTHER_HOST, ("192.0.2.99",), UUIDS[9], "4.5", "the appliance")


def a_survey(given, look=KNOWN_HOST, inspection=None, place=None):
    found = compared(inspection or an_inspection(), look, given)
    where = place or ArchivePlace(SERVER, "/backup/engine.backup")
    return RestoreSurvey(where, 1 << 20, "ab" * 32, found, look, "2026-11-27T04:00:00+00:00")


def a_site(**changes):
    values = {
        "name": "berne",
        "engine_hosts": (EngineHost(HOST, ShellAccess()), EngineHost(OTHER_HOST, ShellAccess())),
        "engine": EngineAccess(
            f"https://{FQDN}", password=PASSWORD, known_cas=Path("/cas"),
            machine=EngineMachine(FQDN, ShellAccess()),
        ),
        "backup_servers": (BackupServer(SERVER, ShellAccess(), "/backup"),),
    }  # fmt: skip
    return Site(**values | changes)


_DEPLOY = {
    "nic": "eth0", "gateway": "192.0.2.1", "mac": "00:16:3e:11:22:33", "fqdn": FQDN,
    "admin_password": PASSWORD, "cluster": "Default", "storage_connection": "nas:/new",
}  # fmt: skip
ANSIBLE = _DEPLOY | {
    "archive": ARCHIVE, "variant": "failover-host", "host": HOST, "era": "4.5", "build": "2.6",
    "data_center": "Centre", "host_fqdn": HOST, "host_name": "hosted_engine_1",
    "root_password": PASSWORD, "appliance_ova": "",
}  # fmt: skip
CLASSIC = _DEPLOY | {
    "archive": ARCHIVE, "variant": "failover-host", "host": HOST, "era": "classic",
    "build": "1.3.0_alpha3", "storage_type": "nfs3", "boot": "pxe", "cpu_model": "model_Penryn",
    "host_name": "hosted_engine_1", "host_fqdn": HOST, "storage_domain_name": "hosted_two",
    "vcpus": 2,
    "databases": "automatic",
}  # fmt: skip
MACHINE = {"archive": ARCHIVE, "variant": "machine", "databases": "automatic"}


def complete(answers):
    """With the defaults of everything else that is asked."""
    return settled(RESTORE, answers)

"""What the deploy interview looks up on the host. Nothing there is changed.

Only a mount for a moment, in a mount namespace of its own, leaves a trace for the length of a
look: a file that is removed again.
"""

from __future__ import annotations

from steps.hosted_engine.known_from_backup import known_from_backup
from steps.hosted_engine.known_hosts import FindKnown, KnownHosts
from steps.hosted_engine.probes import files, luns, machine, mail, names, network, storage, tool
from steps.procedure import Probe, ProbeInput


def deploy_probes(
    find_known: FindKnown = known_from_backup, find_engine: FindKnown | None = None
) -> dict[str, Probe]:
    """Every probe of the interview by name; `find_known` reads the hosts of the backup, and
    `find_engine` those of an engine that runs."""
    finds = [find_known, *([find_engine] if find_engine is not None else [])]

    def find_all(probe: ProbeInput) -> tuple[KnownHosts, ...]:
        return tuple(known for find in finds if (known := find(probe)) is not None)

    return {
        "hosts": tool.list_hosts,
        "host": tool.check_host,
        "era": tool.suggest_era,
        "build": tool.suggest_build,
        "chosen-build": tool.check_build,
        "services": tool.check_services,
        "backup-file": files.backup_check(find_known),
        "storage": storage.check_storage,
        "iscsi-targets": luns.list_targets,
        "luns": luns.list_luns,
        "lun": luns.check_lun,
        "nics": network.list_nics,
        "nic": network.check_nic,
        "gateway-default": network.suggest_gateway,
        "gateway": network.check_gateway,
        "network-test": network.check_network_test,
        "tcp-test": network.check_tcp,
        "appliance": files.check_appliance,
        "room": files.check_room,
        "media": files.check_media,
        "cpu-models": machine.list_cpu_models,
        "vcpus-default": machine.suggest_vcpus,
        "vcpus": machine.check_vcpus,
        "memory-default": machine.suggest_memory,
        "memory": machine.check_memory,
        "disk": machine.check_disk,
        "mac-default": machine.mac_suggestion(find_all),
        "mac": machine.mac_check(find_all),
        "free-address": network.suggest_address,
        "vm-address": network.address_check(find_all),
        "name-servers": network.suggest_name_servers,
        "mail": mail.check_mail,
        "host-name": names.portal_name_check(find_all),
        "fqdn": names.engine_name_check(find_all),
        "host-fqdn-default": names.suggest_host_name,
        "host-fqdn": names.check_host_name,
    }

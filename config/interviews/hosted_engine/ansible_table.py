"""Every question of the ansible generation, in the tool's order: reference, section 4."""

from __future__ import annotations

from functools import partial

from config.interviews.hosted_engine import checks
from config.interviews.hosted_engine.builds import ANSIBLE
from config.interviews.hosted_engine.conditions import (
    MINIMUM_DISK_GB,
    MINIMUM_MEMORY_MB,
    MINIMUM_VCPUS,
    below,
    block,
    both,
    by_path,
    filled,
    holds,
    iscsi,
    new_engine,
    not_,
    restoring,
    static_network,
)
from config.interviews.hosted_engine.defaults import (
    domain_of_engine,
    name_of_host,
    unless_restoring,
)
from config.interviews.hosted_engine.key_names import (
    CORE,
    ENGINE,
    NETWORK,
    NOTIFY,
    STORAGE,
    VM,
)
from config.interviews.hosted_engine.stored import (
    Stored,
    flag,
    secret,
    several,
    static_address,
    static_names,
    text,
    whole,
    word,
)
from config.interviews.hosted_engine.table import Row, Saved, password_rows
from config.otopi.typed import Typed

_NO_ENDS = "the tool ends at this answer."
APPLIANCE_DISK_GB = 52
"""The appliance's disk and one GiB, as the tool proposes it."""


_row = partial(Row, era=ANSIBLE)


def _storage(key: str, stored: Stored, *, by_tool: bool = True, secret: bool = False) -> Saved:
    return Saved(STORAGE + key, stored, by_tool=by_tool, secret=secret, storage=True)


START = (
    _row(
        "1", "DEPLOY_PROCEED", "proceed", default=True,
        saved=(Saved(CORE + "deployProceed", flag("proceed")),),
        fragments=("Are you sure you want to continue?",),
        check=checks.only(True, _NO_ENDS, "To leave, leave the wizard: nothing is changed."),
    ),
    _row(
        "2", "TMUX_PROCEED", "screen_proceed", default=True, also=("SCREEN_PROCEED",),
        saved=(Saved(CORE + "screenProceed", flag("screen_proceed")),),
        check=checks.only(True, _NO_ENDS, "Say yes: the run outlives your session by itself."),
    ),
    _row(
        "3", "FORCE_IP_PROCEED", "ip_version", default="as-resolved",
        choices=("4", "6", "as-resolved"), first="2.6", words=(("as-resolved", "Yes"),),
        saved=(
            Saved(CORE + "forceIpProceed", word("ip_version", "as-resolved", Typed("str", "yes"))),
            Saved(NETWORK + "forceIPv4", word("ip_version", "4", Typed("bool", "True"))),
            Saved(NETWORK + "forceIPv6", word("ip_version", "6", Typed("bool", "True"))),
        ),
        fragments=("--4...Do you want to continue anyway?",), unsaid=("4", "6"),
    ),
    _row(
        "5.1", "", "backup_file",
        saved=(Saved(CORE + "restoreFromFile", text("backup_file"), by_tool=False),),
    ),
)  # fmt: skip

NETWORK_ROWS = (
    _row(
        "4", "OVEHOSTED_GATEWAY", "gateway", check=checks.address,
        saved=(Saved(NETWORK + "gateway", text("gateway")),),
        fragments=("the gateway IP address", "pingable gateway IP address"),
    ),
    _row(
        "5", "ovehosted_bridge_if", "nic", check=checks.nic,
        saved=(Saved(NETWORK + "bridgeIf", text("nic"), by_tool=False),),
        fragments=("indicate a nic to set ovirtmgmt bridge on",),
    ),
    _row(
        "6", "OVEHOSTED_NETWORK_TEST", "network_test", default="dns", first="2.4",
        choices=("ping", "dns", "tcp", "none"),
        saved=(Saved(NETWORK + "network_test", text("network_test")),),
        fragments=("which way the network connectivity should be checked",),
    ),
    _row(
        "6b", "OVEHOSTED_NETWORK_TEST_TCP_ADDRESS", "tcp_address", first="2.4",
        condition=holds("network_test", "tcp"), check=checks.address,
        saved=(Saved(NETWORK + "network_test_tcp_address", text("tcp_address")),),
        fragments=("destination IP address of the TCP connection test",),
    ),
    _row(
        "6b", "OVEHOSTED_NETWORK_TEST_TCP_PORT", "tcp_port", first="2.4",
        condition=holds("network_test", "tcp"), check=checks.between(1, 65535, "A port"),
        saved=(Saved(NETWORK + "network_test_tcp_port", whole("tcp_port")),),
        fragments=("destination TCP port of the TCP connection test",),
    ),
)  # fmt: skip

PLACE_ROWS = (
    _row(
        "7", "ovehosted_datacenter_name", "data_center", first="2.3",
        default=unless_restoring("Default"), check=checks.word,
        saved=(Saved(ENGINE + "datacenterName", text("data_center")),),
        fragments=("Data center:", "the name of the datacenter where"),
    ),
    _row(
        "8", "ovehosted_cluster_name", "cluster", first="2.3",
        default=unless_restoring("Default"), check=checks.data_center_and_cluster,
        saved=(Saved(ENGINE + "clusterName", text("cluster")),),
        fragments=("Cluster:", "the name of the cluster where"),
    ),
    _row(
        "9", "ovehosted_renew_pki", "renew_pki", default=False, condition=restoring, first="2.4",
        saved=(Saved(CORE + "renewPKIonRestore", flag("renew_pki"), by_tool=False),),
        fragments=("Renew CA if needed?", "Renew engine CA on restore"),
    ),
    _row(
        "10", "ovehosted_pause_on_restore", "pause_on_restore", default=False,
        condition=restoring, first="2.4",
        saved=(Saved(CORE + "pauseonRestore", flag("pause_on_restore"), by_tool=False),),
        fragments=("Pause after adding the host?",),
    ),
    _row(
        "11", "ovehosted_enable_keycloak", "keycloak", default=True, first="2.6",
        saved=(Saved(CORE + "enableKeycloak", flag("keycloak")),),
        fragments=("Configure Keycloak integration",),
    ),
)  # fmt: skip

VM_ROWS = (
    _row(
        "12", "OVEHOSTED_VMENV_OVF_ANSIBLE", "appliance_ova",
        saved=(Saved(VM + "ovfArchive", text("appliance_ova")),),
        fragments=("Appliance image path", "the OVA archive you would like to use"),
    ),
    _row(
        "13", "ovehosted_vmenv_cpu", "vcpus", default=2,
        check=checks.between(1, 512, "A number of virtual CPUs"),
        saved=(Saved(VM + "vmVCpus", whole("vcpus")),),
        fragments=("number of virtual CPUs for the VM",),
    ),
    _row(
        "13", "CPU_PROCEED", "few_vcpus", default=False, condition=below("vcpus", MINIMUM_VCPUS),
        check=checks.confirms_small("vcpus", MINIMUM_VCPUS, "virtual CPUs"),
        fragments=("Continue with specified CPUs?",),
    ),
    _row(
        "14", "ovehosted_vmenv_mem", "memory_mb", default=MINIMUM_MEMORY_MB, check=checks.memory,
        saved=(Saved(VM + "vmMemSizeMB", whole("memory_mb", "int")),),
        fragments=("memory size of the VM in MB",),
    ),
    _row(
        "14", "MEMORY_PROCEED", "little_memory", default=False,
        condition=below("memory_mb", MINIMUM_MEMORY_MB),
        check=checks.confirms_small("memory_mb", MINIMUM_MEMORY_MB, "MB of memory"),
        fragments=("Continue with specified memory size?",),
    ),
    _row(
        "15", "CI_INSTANCE_HOSTNAME", "fqdn", condition=new_engine, check=checks.engine_name,
        saved=(Saved(VM + "cloudinitInstanceHostName", text("fqdn")),),
        fragments=("Engine VM FQDN:",),
    ),
    _row(
        "16", "CI_INSTANCE_DOMAINNAME", "vm_domain", condition=new_engine,
        default=domain_of_engine, check=checks.full_name,
        saved=(Saved(VM + "cloudinitInstanceDomainName", text("vm_domain")),),
        fragments=("Engine VM domain",),
    ),
    *password_rows(
        _row, "17", "CI_ROOT_PASSWORD", "root_password", VM + "cloudinitRootPwd",
        ("Enter root password",), ("Confirm appliance root password",),
    ),
    _row(
        "18", "CI_ROOT_SSH_PUBKEY", "root_ssh_key", check=checks.public_key,
        saved=(Saved(VM + "rootSshPubkey", text("root_ssh_key")),),
        fragments=("SSH public key", "ssh public key for the root user"),
    ),
    _row(
        "19", "CI_ROOT_SSH_ACCESS", "root_ssh_access", default="yes",
        choices=("yes", "no", "without-password"),
        saved=(Saved(VM + "rootSshAccess", text("root_ssh_access")),),
        fragments=("enable ssh access for the root user",),
    ),
    _row(
        "20", "CI_APPLY_OPENSCAP_PROFILE", "openscap", default=False, first="2.4",
        saved=(Saved(VM + "applyOpenScapProfile", flag("openscap")),),
        fragments=("apply an OpenSCAP security profile",
                   "apply a default OpenSCAP security profile"),
    ),
    _row(
        "20", "CI_OPENSCAP_PROFILE_NAME", "openscap_profile", default="stig", first="2.4",
        choices=("stig", "pci-dss"), condition=holds("openscap", True),
        saved=(Saved(VM + "OpenScapProfileName", text("openscap_profile")),),
        fragments=("security profile...stig",),
    ),
    _row(
        "21", "CI_ENABLE_FIPS", "fips", default=False, first="2.5.3",
        condition=not_(both(holds("openscap", True), holds("openscap_profile", "stig"))),
        saved=(Saved(VM + "enableFips", flag("fips")),), fragments=("enable FIPS",),
    ),
    _row(
        "22", "ovehosted_vmenv_mac", "mac", check=checks.mac,
        saved=(Saved(VM + "vmMACAddr", text("mac")),), fragments=("MAC address for the VM",),
    ),
    _row(
        "23", "CI_VM_STATIC_NETWORKING", "vm_network", default="dhcp",
        choices=("dhcp", "static"), words=(("dhcp", "DHCP"), ("static", "Static")),
        saved=(Saved(VM + "cloudinitVMStaticCIDR", static_address("vm_network", "vm_address")),),
        fragments=("How should the engine VM network be configured",),
    ),
    _row(
        "24", "CLOUDINIT_VM_STATIC_IP_ADDRESS", "vm_address", condition=static_network,
        check=checks.vm_address,
        saved=(Saved(VM + "cloudinitVMStaticCIDR", static_address("vm_network", "vm_address")),),
        fragments=("the IP address to be used for the engine VM",),
    ),
    _row(
        "25", "CI_DNS", "vm_dns", condition=static_network, default=(),
        check=checks.name_servers,
        saved=(Saved(VM + "cloudinitVMDNS", static_names("vm_dns")),),
        fragments=("Engine VM DNS",),
    ),
    _row(
        "26", "CI_VM_ETC_HOST", "vm_etc_hosts", default=True,
        saved=(Saved(VM + "cloudinitVMETCHOSTS", flag("vm_etc_hosts")),),
        fragments=("Add lines to /etc/hosts?", "Add lines...to /etc/hosts on the engine VM?"),
    ),
)  # fmt: skip

MAIL_ROWS = (
    _row(
        "27", "DIALOGOVEHOSTED_NOTIF/smtpServer", "smtp_server", default="localhost",
        check=checks.mail_server, saved=(Saved(NOTIFY + "smtpServer", text("smtp_server")),),
        fragments=("name of the SMTP server",),
    ),
    _row(
        "28", "DIALOGOVEHOSTED_NOTIF/smtpPort", "smtp_port", default=25,
        check=checks.between(1, 65535, "A port"),
        saved=(Saved(NOTIFY + "smtpPort", whole("smtp_port")),),
        fragments=("TCP port number of the SMTP server",),
    ),
    _row(
        "29", "DIALOGOVEHOSTED_NOTIF/sourceEmail", "mail_from", default="root@localhost",
        check=checks.mail_address, saved=(Saved(NOTIFY + "sourceEmail", text("mail_from")),),
        fragments=("email address from which",),
    ),
    _row(
        "30", "DIALOGOVEHOSTED_NOTIF/destEmail", "mail_to", default=("root@localhost",),
        check=checks.mail_addresses, saved=(Saved(NOTIFY + "destEmail", several("mail_to")),),
        fragments=("comma-separated list of email addresses",),
    ),
)  # fmt: skip

ENGINE_ROWS = (
    *password_rows(
        _row, "31", "ENGINE_ADMIN_PASSWORD", "admin_password", ENGINE + "adminPassword",
        ("Enter engine admin password", "Enter 'admin@internal' user password"),
        ("Confirm engine admin password", "Confirm 'admin@internal' user password"),
    ),
    _row(
        "32", "OVEHOSTED_NETWORK_FQDN", "fqdn", condition=new_engine, check=checks.engine_name,
        saved=(Saved(NETWORK + "fqdn", text("fqdn")),), fragments=("Engine FQDN:",),
    ),
    _row(
        "33", "OVESETUP_NETWORK_FQDN_first_HE", "host_fqdn", check=checks.full_name,
        saved=(Saved(NETWORK + "host_name", text("host_fqdn"), by_tool=False),),
        fragments=("hostname of this host on the management network",),
    ),
    _row(
        "33", "", "host_name", default=name_of_host, check=checks.not_blank,
        saved=(Saved(ENGINE + "appHostName", text("host_name"), by_tool=False),),
    ),
)  # fmt: skip

STORAGE_ROWS = (
    _row(
        "34", "OVEHOSTED_STORAGE_DOMAIN_TYPE", "storage_type", default="nfs",
        choices=("nfs", "iscsi", "fc", "glusterfs"),
        saved=(_storage("domainType", text("storage_type")),),
        fragments=("specify the storage you would like to use",),
    ),
    _row(
        "35", "OVEHOSTED_STORAGE_NFS_VERSION", "nfs_version", default="auto",
        choices=("auto", "v3", "v4", "v4_0", "v4_1", "v4_2"),
        condition=holds("storage_type", "nfs"),
        saved=(_storage("nfsVersion", text("nfs_version")),),
        fragments=("specify the nfs version",),
    ),
    _row(
        "36", "OVEHOSTED_STORAGE_DOMAIN_CONNECTION", "storage_connection", condition=by_path,
        check=checks.connection,
        saved=(_storage("storageDomainConnection", text("storage_connection")),),
        fragments=("full shared storage connection path",),
    ),
    _row(
        "37", "OVEHOSTED_STORAGE_DOMAIN_MNT_OPTIONS", "mount_options", condition=by_path,
        check=checks.options, saved=(_storage("mntOptions", text("mount_options")),),
        fragments=("specify additional mount options",),
    ),
    _row(
        "38", "OVEHOSTED_STORAGE_ISCSI_IP_ADDR", "iscsi_portal", condition=iscsi,
        check=checks.portal, saved=(_storage("iSCSIPortalIPAddress", text("iscsi_portal")),),
        fragments=("iSCSI portal IP address",),
    ),
    _row(
        "38", "OVEHOSTED_STORAGE_ISCSI_IP_PORT", "iscsi_port", condition=iscsi, default="3260",
        check=checks.ports, saved=(_storage("iSCSIPortalPort", text("iscsi_port")),),
        fragments=("iSCSI portal port",),
    ),
    _row(
        "39", "OVEHOSTED_STORAGE_ISCSI_USER", "iscsi_discover_user", condition=iscsi,
        occurrence=1, check=checks.chap_user,
        saved=(_storage("iSCSIDiscoverUser", text("iscsi_discover_user")),),
        fragments=("iSCSI discover user",),
    ),
    _row(
        "39", "OVEHOSTED_STORAGE_ISCSI_PASSWORD", "iscsi_discover_password", occurrence=1,
        condition=both(iscsi, filled("iscsi_discover_user")),
        saved=(_storage("iSCSIDiscoverPassword", secret("iscsi_discover_password"),
                        by_tool=False, secret=True),),
        fragments=("iSCSI discover password",),
    ),
    _row(
        "39", "OVEHOSTED_STORAGE_ISCSI_USER", "iscsi_user", condition=iscsi, occurrence=2,
        check=checks.chap_user, saved=(_storage("iSCSIPortalUser", text("iscsi_user")),),
        fragments=("iSCSI portal login user",),
    ),
    _row(
        "39", "OVEHOSTED_STORAGE_ISCSI_PASSWORD", "iscsi_password", occurrence=2,
        condition=both(iscsi, filled("iscsi_user")),
        saved=(_storage("iSCSIPortalPassword", secret("iscsi_password"), by_tool=False,
                        secret=True),),
        fragments=("iSCSI portal login password",),
    ),
    _row(
        "40", "OVEHOSTED_STORAGE_ISCSI_TARGET", "iscsi_target", condition=iscsi, listed=True,
        check=checks.target, saved=(_storage("iSCSITargetName", text("iscsi_target")),),
        fragments=("select a target",),
    ),
    _row(
        "41", "OVEHOSTED_STORAGE_BLOCKD_LUN", "lun", condition=block, listed=True,
        check=checks.lun, saved=(_storage("LunID", text("lun")),),
        fragments=("select the destination LUN",),
    ),
    _row(
        "42", "ovehosted_vmenv_image", "disk_gb", default=APPLIANCE_DISK_GB,
        check=checks.between(1, 1 << 16, "A disk size in GiB"),
        saved=(_storage("imgSizeGB", whole("disk_gb")),),
        fragments=("size of the VM disk in GiB",),
    ),
    _row(
        "42", "DISK_PROCEED", "small_disk", default=False,
        condition=below("disk_gb", MINIMUM_DISK_GB),
        check=checks.confirms_small("disk_gb", MINIMUM_DISK_GB, "GiB of disk"),
        fragments=("Continue with specified disk size?",),
    ),
)  # fmt: skip

ANSIBLE_ROWS = (
    *START, *NETWORK_ROWS, *PLACE_ROWS, *VM_ROWS, *MAIL_ROWS, *ENGINE_ROWS, *STORAGE_ROWS,
)  # fmt: skip
"""The whole table."""

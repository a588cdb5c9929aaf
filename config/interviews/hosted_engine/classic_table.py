"""Every question of the classic generation, in the tool's order: reference, section 3."""

from __future__ import annotations

from functools import partial

from config.interviews.hosted_engine import checks
from config.interviews.hosted_engine.builds import CLASSIC, GUIDE_BUILD
from config.interviews.hosted_engine.conditions import (
    MINIMUM_DISK_GB,
    MINIMUM_MEMORY_MB,
    MINIMUM_VCPUS,
    additional_host,
    below,
    block,
    boots_disk,
    both,
    by_path,
    cloud_init,
    cloud_init_made,
    filled,
    first_host,
    gluster,
    holds,
    iscsi,
    needs_media,
    static_network,
)
from config.interviews.hosted_engine.defaults import (
    boot_device,
    domain_of_engine,
    first_host_name,
    storage_types,
)
from config.interviews.hosted_engine.stored import (
    flag,
    secret,
    several,
    static_address,
    static_names,
    text,
    whole,
    word,
)
from config.interviews.hosted_engine.table import Row, Saved
from config.otopi.typed import Typed

STORAGE = "OVEHOSTED_STORAGE/"
CORE = "OVEHOSTED_CORE/"
NETWORK = "OVEHOSTED_NETWORK/"
VM = "OVEHOSTED_VM/"
ENGINE = "OVEHOSTED_ENGINE/"
FIRST_HOST = "OVEHOSTED_FIRST_HOST/"
NOTIFY = "OVEHOSTED_NOTIF/"
VDSM = "OVEHOSTED_VDSM/"

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

STORAGE_ROWS = (
    _row(
        "3", "OVEHOSTED_STORAGE_DOMAIN_TYPE", "storage_type", default="nfs3",
        choices=("nfs3", "nfs4", "iscsi", "fc", "glusterfs"), check=storage_types,
        saved=(Saved(STORAGE + "domainType", text("storage_type")),),
        fragments=("specify the storage you would like to use",),
    ),
    _row(
        "3b", "OVEHOSTED_GLUSTER_PROVISIONING", "gluster_provisioning", default=False,
        first=GUIDE_BUILD, condition=gluster,
        saved=(Saved(STORAGE + "glusterProvisioningEnabled", flag("gluster_provisioning")),),
        check=checks.only(False, "the tool itself refuses this as unsupported.",
                          "Say no, and give a volume that exists."),
    ),
    _row(
        "3b", "OVEHOSTED_GLUSTER_BRICKS", "gluster_brick", first=GUIDE_BUILD,
        condition=both(gluster, holds("gluster_provisioning", True)),
        saved=(Saved(STORAGE + "glusterBrick", text("gluster_brick")),),
    ),
    _row(
        "3b", "", "gluster_share", first=GUIDE_BUILD,
        condition=both(gluster, holds("gluster_provisioning", True)),
        saved=(Saved(STORAGE + "glusterProvisionedShareName", text("gluster_share")),),
    ),
    _row(
        "4", "OVEHOSTED_STORAGE_DOMAIN_CONNECTION", "storage_connection", condition=by_path,
        saved=(Saved(STORAGE + "storageDomainConnection", text("storage_connection")),),
        fragments=("full shared storage connection path",), check=checks.connection,
    ),
    _row(
        "4", "", "mount_options", condition=by_path, check=checks.options,
        saved=(Saved(STORAGE + "mntOptions", text("mount_options")),),
    ),
    _row(
        "5", "OVEHOSTED_STORAGE_ISCSI_IP_ADDR", "iscsi_portal", condition=iscsi,
        saved=(Saved(STORAGE + "iSCSIPortalIPAddress", text("iscsi_portal")),),
        fragments=("iSCSI portal IP address",), check=checks.portal,
    ),
    _row(
        "6", "OVEHOSTED_STORAGE_ISCSI_IP_PORT", "iscsi_port", condition=iscsi, default="3260",
        saved=(Saved(STORAGE + "iSCSIPortalPort", text("iscsi_port")),),
        fragments=("iSCSI portal port",), check=checks.ports,
    ),
    _row(
        "7", "OVEHOSTED_STORAGE_ISCSI_USER", "iscsi_user", condition=iscsi,
        saved=(Saved(STORAGE + "iSCSIPortalUser", text("iscsi_user")),),
        fragments=("iSCSI portal user",), check=checks.chap_user,
    ),
    _row(
        "8", "OVEHOSTED_STORAGE_ISCSI_PASSWORD", "iscsi_password",
        condition=both(iscsi, filled("iscsi_user")),
        saved=(Saved(STORAGE + "iSCSIPortalPassword", secret("iscsi_password"), by_tool=False,
                     secret=True),),
        fragments=("iSCSI portal password",),
    ),
    _row(
        "9", "OVEHOSTED_STORAGE_ISCSI_TARGET", "iscsi_target", condition=iscsi,
        saved=(Saved(STORAGE + "iSCSITargetName", text("iscsi_target")),),
        fragments=("specify the target name",), check=checks.target,
    ),
    _row(
        "10", "OVEHOSTED_STORAGE_BLOCKD_LUN", "lun", condition=block, listed=True,
        also=("OVEHOSTED_STORAGE_ISCSI_LUN",),
        saved=(Saved(STORAGE + "LunID", text("lun")),),
        fragments=("select the destination LUN",), check=checks.lun,
    ),
    _row(
        "10b", "OVEHOSTED_FORCE_CREATEVG", "force_create_vg", condition=block, default=False,
        first=GUIDE_BUILD, words=(("yes", "Force"), ("no", "Abort")),
        saved=(Saved(ENGINE + "forceCreateVG", flag("force_create_vg")),),
        fragments=("you must use Force",),
    ),
    _row(
        "11", "OVEHOSTED_ADDITIONAL_HOST", "additional_host", default=False, last="2.0",
        saved=(Saved(CORE + "isAdditionalHost", flag("additional_host")),),
    ),
    _row(
        "12", "OVEHOSTED_HOST_ID", "host_id", default=2, last="2.0", condition=additional_host,
        saved=(Saved(STORAGE + "hostID", whole("host_id", "int")),),
        check=checks.between(1, 250, "A host id"),
    ),
    _row(
        "12b", "OVEHOSTED_RE_DEPLOY_HOST", "redeploy_host", default=True, last="2.0",
        condition=additional_host,
        saved=(Saved(CORE + "additionalHostReDeployment", flag("redeploy_host")),),
    ),
    _row(
        "13", "OVEHOSTED_STORAGE_DOMAIN_NAME", "storage_domain_name", default="hosted_storage",
        last=GUIDE_BUILD,
        saved=(Saved(STORAGE + "storageDomainName", text("storage_domain_name")),),
        fragments=("provide storage domain name",), check=checks.word,
    ),
    _row(
        "14", "OVEHOSTED_STORAGE_DATACENTER_NAME", "storage_pool_name",
        default="hosted_datacenter", last=GUIDE_BUILD,
        saved=(Saved(STORAGE + "storageDatacenterName", text("storage_pool_name")),),
        fragments=("enter local datacenter name",), check=checks.word,
    ),
    _row(
        "15", "OVEHOSTED_CORE_FETCH_ANSWER", "fetch_answers", default=True, last=GUIDE_BUILD,
        condition=additional_host,
        saved=(Saved(FIRST_HOST + "fetchAnswer", flag("fetch_answers")),),
    ),
    _row(
        "15", "OVEHOSTED_NET_FIRST_HOST_FQDN", "first_host_fqdn", last=GUIDE_BUILD,
        condition=both(additional_host, holds("fetch_answers", True)),
        saved=(Saved(FIRST_HOST + "fqdn", text("first_host_fqdn")),), check=checks.full_name,
    ),
    _row(
        "15", "HOST_FIRST_HOST_ROOT_PASSWORD", "first_host_password", last=GUIDE_BUILD,
        condition=both(additional_host, holds("fetch_answers", True)),
        saved=(Saved(FIRST_HOST + "rootPassword", secret("first_host_password"), by_tool=False,
                     secret=True),),
    ),
    _row(
        "15", "", "first_host_port", default=22, last=GUIDE_BUILD,
        condition=both(additional_host, holds("fetch_answers", True)),
        saved=(Saved(FIRST_HOST + "sshdPort", whole("first_host_port", "int")),),
        check=checks.between(1, 65535, "A port"),
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

VM_ROWS = (
    _row(
        "19", "OVEHOSTED_VMENV_BOOT", "boot", condition=first_host, default=boot_device,
        choices=("cdrom", "disk", "pxe"), last="2.0",
        saved=(Saved(VM + "vmBoot", text("boot")),),
        fragments=("device to boot the VM from",),
    ),
    _row(
        "20b", "OVEHOSTED_BOOT_DISK_APPLIANCE", "appliance", condition=boots_disk,
        first=GUIDE_BUILD, listed=True, choices=("installed", "own"), default="installed",
    ),
    _row(
        "20", "OVEHOSTED_VMENV_OVF", "appliance_ova", saved=(
            Saved(VM + "ovfArchive", text("appliance_ova")),),
        condition=both(boots_disk, holds("appliance", "own", None)),
    ),
    _row(
        "20", "OVEHOSTED_COREENV_TEMPDIR", "temporary_folder", condition=boots_disk,
        default="/var/tmp",  # noqa: S108  (the tool's own default)
        saved=(Saved(CORE + "tempDir", text("temporary_folder")),),
    ),
    _row(
        "20c", "CLOUD_INIT_USE", "cloud_init", condition=boots_disk, default=True,
        first=GUIDE_BUILD,
        saved=(Saved(VM + "cloudInitISO", word("cloud_init", False, Typed("str", "skip"))),),
        fragments=("use cloud-init to customize the appliance",),
    ),
    _row(
        "20c", "CLOUD_INIT_GENERATE", "cloud_init_source", condition=cloud_init,
        default="generate", choices=("generate", "existing"), first=GUIDE_BUILD,
        words=(("generate", "Generate"), ("existing", "Existing")),
        saved=(Saved(VM + "cloudInitISO", word(
            "cloud_init_source", "generate", Typed("str", "generate"),
            ("existing", Typed("str", "existing")))),),
        fragments=("generate on-fly a cloud-init ISO image",),
    ),
    _row(
        "20c", "CI_INSTANCE_HOSTNAME", "fqdn", condition=cloud_init_made, first=GUIDE_BUILD,
        saved=(Saved(VM + "cloudinitInstanceHostName", text("fqdn")),),
        fragments=("FQDN you would like to use for the engine appliance",),
        check=checks.engine_name,
    ),
    _row(
        "20c", "CI_EXECUTE_ESETUP", "execute_engine_setup", condition=cloud_init_made,
        default=True, first=GUIDE_BUILD,
        saved=(Saved(VM + "cloudinitExecuteEngineSetup", flag("execute_engine_setup")),),
    ),
    _row(
        "20c", "AUTOMATE_VM_SHUTDOWN", "automate_shutdown", condition=cloud_init_made,
        default=True, first=GUIDE_BUILD,
        saved=(Saved(VM + "automateVMShutdown", flag("automate_shutdown")),),
    ),
    _row(
        "20c", "CI_INSTANCE_DOMAINNAME", "vm_domain", condition=cloud_init_made,
        default=domain_of_engine, first=GUIDE_BUILD, check=checks.full_name,
        saved=(Saved(VM + "cloudinitInstanceDomainName", text("vm_domain")),),
    ),
    _row(
        "20c", "CI_ROOT_PASSWORD", "root_password", condition=cloud_init_made, occurrence=1,
        first=GUIDE_BUILD,
        saved=(Saved(VM + "cloudinitRootPwd", secret("root_password"), by_tool=False,
                     secret=True),),
    ),
    _row(
        "20c", "CI_ROOT_PASSWORD", "root_password", condition=cloud_init_made, occurrence=2,
        first=GUIDE_BUILD, fragments=("Confirm appliance root password",),
    ),
    _row(
        "20c", "CI_VM_STATIC_NETWORKING", "vm_network", condition=cloud_init_made,
        default="dhcp", choices=("dhcp", "static"), first=GUIDE_BUILD,
        words=(("dhcp", "DHCP"), ("static", "Static")),
        saved=(Saved(VM + "cloudinitVMStaticCIDR", static_address("vm_network", "vm_address")),),
        fragments=("How should the engine VM network be configured",),
    ),
    _row(
        "20c", "CLOUDINIT_VM_STATIC_IP_ADDRESS", "vm_address", first=GUIDE_BUILD,
        condition=both(cloud_init_made, static_network), check=checks.vm_address,
        saved=(Saved(VM + "cloudinitVMStaticCIDR", static_address("vm_network", "vm_address")),),
        fragments=("IP address to be used for the engine VM",),
    ),
    _row(
        "20c", "CI_DNS", "vm_dns", condition=both(cloud_init_made, static_network), default=(),
        first=GUIDE_BUILD, check=checks.name_servers,
        saved=(Saved(VM + "cloudinitVMDNS", static_names("vm_dns")),),
        fragments=("Engine VM DNS",),
    ),
    _row(
        "20c", "CI_VM_ETC_HOST", "vm_etc_hosts", condition=cloud_init_made, default=False,
        first=GUIDE_BUILD,
        saved=(Saved(VM + "cloudinitVMETCHOSTS", flag("vm_etc_hosts")),),
        fragments=("Add lines to /etc/hosts?",),
    ),
    _row(
        "21", "OVEHOSTED_STORAGE_IMG_ALIAS", "image_alias", default="hosted_engine",
        condition=first_host, last="1.3.1", check=checks.not_blank,
        saved=(Saved(STORAGE + "imgAlias", text("image_alias")),),
        fragments=("alias for the Hosted Engine image",),
    ),
    _row(
        "22", "ovehosted_vmenv_cpu_type", "cpu_model", condition=first_host,
        check=checks.cpu_model, saved=(Saved(VDSM + "cpu", text("cpu_model")),),
        fragments=("CPU type to be used by the VM",),
    ),
    _row(
        "23", "OVEHOSTED_VMENV_CDROM", "installation_media", condition=needs_media,
        saved=(Saved(VM + "vmCDRom", text("installation_media")),),
        fragments=("path to installation media",),
    ),
    _row(
        "24", "ovehosted_vmenv_cpu", "vcpus", condition=first_host, default=2,
        saved=(Saved(VM + "vmVCpus", whole("vcpus")),),
        fragments=("number of virtual CPUs for the VM",),
        check=checks.between(1, 512, "A number of virtual CPUs"),
    ),
    _row(
        "24", "CPU_PROCEED", "few_vcpus", default=False,
        condition=both(first_host, below("vcpus", MINIMUM_VCPUS)),
        check=checks.confirms_small("vcpus", MINIMUM_VCPUS, "virtual CPUs"),
    ),
    _row(
        "25", "ovehosted_vmenv_mem", "disk_gb", condition=first_host, default=MINIMUM_DISK_GB,
        occurrence=1, saved=(Saved(STORAGE + "imgSizeGB", whole("disk_gb")),),
        fragments=("disk size of the VM in GB",),
        check=checks.between(1, 1 << 16, "A disk size in GB"),
    ),
    _row(
        "25", "DISK_PROCEED", "small_disk", default=False,
        condition=both(first_host, below("disk_gb", MINIMUM_DISK_GB)),
        check=checks.confirms_small("disk_gb", MINIMUM_DISK_GB, "GB of disk"),
    ),
    _row(
        "26", "ovehosted_vmenv_mac", "mac", condition=first_host, check=checks.mac,
        saved=(Saved(VM + "vmMACAddr", text("mac")),), fragments=("MAC address for the VM",),
    ),
    _row(
        "27", "ovehosted_vmenv_mem", "memory_mb", condition=first_host, occurrence=2,
        default=MINIMUM_MEMORY_MB, check=checks.memory,
        saved=(Saved(VM + "vmMemSizeMB", whole("memory_mb", "int")),),
        fragments=("memory size of the VM in MB",),
    ),
    _row(
        "27", "MEMORY_PROCEED", "little_memory", default=False,
        condition=both(first_host, below("memory_mb", MINIMUM_MEMORY_MB)),
        check=checks.confirms_small("memory_mb", MINIMUM_MEMORY_MB, "MB of memory"),
    ),
    _row(
        "28", "OVEHOSTED_VM_CONSOLE_TYPE", "console", condition=first_host, default="vnc",
        choices=("vnc", "spice"), fragments=("console type you",),
        saved=(Saved(VDSM + "consoleType", text("console", spice="qxl")),),
    ),
)  # fmt: skip

ENGINE_ROWS = (
    _row(
        "29", "APP_HOST_NAME", "host_name", default=first_host_name, check=checks.not_blank,
        saved=(Saved(ENGINE + "appHostName", text("host_name"), by_tool=False),),
        fragments=("used to identify this host inside the",),
    ),
    _row(
        "30", "ENGINE_ADMIN_PASSWORD", "admin_password", occurrence=1,
        saved=(Saved(ENGINE + "adminPassword", secret("admin_password"), by_tool=False,
                     secret=True),),
        fragments=("Enter 'admin@internal' user password", "Enter engine admin password"),
    ),
    _row(
        "30", "ENGINE_ADMIN_PASSWORD", "admin_password", occurrence=2,
        fragments=("Confirm 'admin@internal' user password", "Confirm engine admin password"),
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
        choices=("ask", "ignore"), words=(("ignore", "Ignore"),), first=GUIDE_BUILD,
        saved=(Saved(NETWORK + "promptRequiredNetworks",
                     word("required_networks", "ignore", Typed("bool", "False"))),),
    ),
    _row(
        "3.4", "OVEHOSTED_NON_OPERATIONAL", "non_operational", default="ask",
        choices=("ask", "ignore"), words=(("ignore", "Ignore"),), first=GUIDE_BUILD,
        saved=(Saved(ENGINE + "promptNonOperational",
                     word("non_operational", "ignore", Typed("bool", "False"))),),
    ),
)  # fmt: skip

CLASSIC_ROWS = (
    *START, *STORAGE_ROWS, *NETWORK_ROWS, *VM_ROWS, *ENGINE_ROWS, *MAIL_ROWS, *LAST_ROWS,
    *AFTER_ROWS,
)  # fmt: skip
"""The whole table."""

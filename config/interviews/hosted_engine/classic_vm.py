"""The engine's machine in the classic generation: reference, section 3.2."""

from __future__ import annotations

from functools import partial

from config.interviews.hosted_engine import checks
from config.interviews.hosted_engine.builds import CLASSIC, GUIDE_BUILD
from config.interviews.hosted_engine.conditions import (
    MINIMUM_DISK_GB,
    MINIMUM_MEMORY_MB,
    MINIMUM_VCPUS,
    below,
    boots_disk,
    both,
    cloud_init,
    cloud_init_made,
    first_host,
    holds,
    needs_media,
    static_network,
)
from config.interviews.hosted_engine.defaults import (
    boot_device,
    domain_of_engine,
)
from config.interviews.hosted_engine.key_names import (
    CORE,
    STORAGE,
    VDSM,
    VM,
)
from config.interviews.hosted_engine.stored import (
    flag,
    static_address,
    static_names,
    text,
    whole,
    word,
)
from config.interviews.hosted_engine.table import Row, Saved, password_rows
from config.otopi.typed import Typed

_row = partial(Row, era=CLASSIC)

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
        words=(("installed", "Appliance image"), ("own", "Directly select an OVA file")),
        fragments=("select an appliance",),
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
        fragments=("execute engine-setup on the engine appliance",),
    ),
    _row(
        "20c", "AUTOMATE_VM_SHUTDOWN", "automate_shutdown", condition=cloud_init_made,
        default=True, first=GUIDE_BUILD,
        saved=(Saved(VM + "automateVMShutdown", flag("automate_shutdown")),),
        fragments=("restart the engine VM as a monitored service",),
    ),
    _row(
        "20c", "CI_INSTANCE_DOMAINNAME", "vm_domain", condition=cloud_init_made,
        default=domain_of_engine, first=GUIDE_BUILD, check=checks.full_name,
        saved=(Saved(VM + "cloudinitInstanceDomainName", text("vm_domain")),),
        fragments=("Engine VM domain",),
    ),
    *password_rows(
        _row, "20c", "CI_ROOT_PASSWORD", "root_password", VM + "cloudinitRootPwd",
        ("Enter root password",), ("Confirm appliance root password",),
        condition=cloud_init_made, first=GUIDE_BUILD,
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
        fragments=("Continue with specified CPUs?",),
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
        fragments=("Continue with specified disk size?",),
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
        fragments=("Continue with specified memory size?",),
    ),
    _row(
        "28", "OVEHOSTED_VM_CONSOLE_TYPE", "console", condition=first_host, default="vnc",
        choices=("vnc", "spice"), fragments=("console type you",),
        saved=(Saved(VDSM + "consoleType", text("console", spice="qxl")),),
    ),
)  # fmt: skip

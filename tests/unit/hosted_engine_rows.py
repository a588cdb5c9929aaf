"""What the reference on hosted-engine says of every question of both generations, row by row.

Typed from the two tables of the reference (sections 3 and 4), not from the program's tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fact:
    """One row: answer-file keys with types, default, values taken and refused, when it is asked."""

    keys: str = ""
    default: object = None
    good: tuple = ()
    bad: tuple = ()
    when: dict = field(default_factory=dict)
    unless: dict | None = None


ADDED = {"additional_host": True}
FIRST = {"additional_host": False}
DISK = {"boot": "disk"}
CLOUD = {"boot": "disk", "cloud_init": True, "cloud_init_source": "generate"}
NO_CLOUD = {"boot": "disk", "cloud_init": False}
STATIC = {**CLOUD, "vm_network": "static"}
ISCSI = {"storage_type": "iscsi"}
FC = {"storage_type": "fc"}
GLUSTER = {"storage_type": "glusterfs"}
NFS = {"storage_type": "nfs"}
RESTORE = {"backup_file": "/backup/engine.tar.gz"}
LONG = "x" * 51
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7RtoAc62dpQWWMhKrpWeyLMiQ+xNwL2skQKtg9LcmI root@a"

NAMES = ("engine.example.com", "e-1.example.com")
NOT_NAMES = (
    "192.0.2.7",
    "eng_ine.example.com",
    "engine..example.com",
    "-x.example.com",
    "a" * 1001,
)
ENGINE_BAD = (*NOT_NAMES, "engine", "1.2.3")
PATHS = ("s.example.com:/exports/he", "192.0.2.1:/he", "[2001:db8::1]:/he")
NOT_PATHS = (
    "s.example.com:/",
    "s.example.com",
    "/exports/he",
    "s.example.com:he",
    "a b:/x",
    "[x]:/y",
)
QUADS = ("192.0.2.10", "10.254.0.1")
NOT_QUADS = (
    "192.0.2.255",
    "192.0.2",
    "storage",
    "2001:db8::1",
    "192.0.2.10,192.0.2.11",
    "1.2.3.4x",
)
PORTS = ("3260", "1", "65535")
NOT_PORTS = ("0", "65536", "x", "")
MACS = ("00:16:3e:77:b2:a4", "00:16:3E:0A:01:02")
NOT_MACS = ("01:16:3e:77:b2:a4", "00:16:3e:77:b2", "00:16:3e:77:b2:a4:01", "00:16:3e:77:b2:a4x",
            "00-16-3e-77-b2-a4", "0g:16:3e:77:b2:a4")  # fmt: skip
MAILS = ("root@localhost", "a.b+c@example.com")
NOT_MAILS = ("root", "root@Example.com", "@example.com", "a b@example.com", "root@example.com x")
SERVERS = ("localhost", "mail.example.com")
NOT_SERVERS = ("Mail.example.com", "mail_1", "mail example")
WORDS = ("hosted_storage", "a-1")
NOT_WORDS = ("with blank", "ä", "a/b", "a.b")
ADDRESSES = ("192.0.2.1", "2001:db8::1")
NOT_ADDRESSES = ("gateway.example.com", "192.0.2.256", "192.0.2.1/24")
NICS = ("eth0", "bond0", "eth0.100")
NOT_NICS = ("lo", "a/b", "sixteencharacters", "et h0")
MODELS = ("model_Penryn", "model_Haswell-noTSX", "model_Opteron_G5")
NOT_MODELS = ("Penryn", "model_Skylake", "model_", "model_penryn")
CIDR = "OVEHOSTED_VM/cloudinitVMStaticCIDR=str"
VM_IP = ("192.0.2.10/24", "192.0.2.10")
NOT_VM_IP = (
    "192.0.2.0/24",
    "192.0.2.255/24",
    "224.0.0.1",
    "127.0.0.1/8",
    "engine",
    "192.0.2.10/33",
)
DNS = (("192.0.2.1",), ("192.0.2.1", "192.0.2.2", "2001:db8::1"))
NOT_DNS = (("192.0.2.1",) * 4, ("ns.example.com",))
IQNS = ("iqn.2015-05.com.example:he", "eui.02004567A425678D")
NOT_IQNS = ("he", "iqn.a b", "iqn.x;reboot")
LUNS = ("3514f0c5447600351", "36001405f1e0a")
NOT_LUNS = ("1", "12", "a b", "-x")

CLASSIC = {
    "1-DEPLOY_PROCEED": Fact("OVEHOSTED_CORE/deployProceed=bool", True, (True,), (False,)),
    "2-SCREEN_PROCEED": Fact("OVEHOSTED_CORE/screenProceed=bool", True, (True,), (False,)),
    "3-OVEHOSTED_STORAGE_DOMAIN_TYPE": Fact(
        "OVEHOSTED_STORAGE/domainType=str", "nfs3",
        ("nfs3", "nfs4", "iscsi", "fc", "glusterfs"), ("nfs", "NFS3", "cifs")),
    "3b-OVEHOSTED_GLUSTER_PROVISIONING": Fact(
        "OVEHOSTED_STORAGE/glusterProvisioningEnabled=bool", False, (False,), (True,),
        when=GLUSTER, unless=ISCSI),
    "3b-OVEHOSTED_GLUSTER_BRICKS": Fact(
        "OVEHOSTED_STORAGE/glusterBrick=str", None, ("/gluster/brick1",), ("brick",),
        when={**GLUSTER, "gluster_provisioning": True}, unless=GLUSTER),
    "3b-OVEHOSTED_STORAGE/glusterProvisionedShareName": Fact(
        "OVEHOSTED_STORAGE/glusterProvisionedShareName=str", None, ("share",), (),
        when={**GLUSTER, "gluster_provisioning": True}, unless=GLUSTER),
    "4-OVEHOSTED_STORAGE_DOMAIN_CONNECTION": Fact(
        "OVEHOSTED_STORAGE/storageDomainConnection=str", None, PATHS, NOT_PATHS,
        when={"storage_type": "nfs4"}, unless=FC),
    "4-OVEHOSTED_STORAGE/mntOptions": Fact(
        "OVEHOSTED_STORAGE/mntOptions=str", None, ("vers=3,soft",), ("a b", "-o x"),
        when={"storage_type": "nfs3"}, unless=ISCSI),
    "5-OVEHOSTED_STORAGE_ISCSI_IP_ADDR": Fact(
        "OVEHOSTED_STORAGE/iSCSIPortalIPAddress=str", None, QUADS, NOT_QUADS,
        when=ISCSI, unless=FC),
    "6-OVEHOSTED_STORAGE_ISCSI_IP_PORT": Fact(
        "OVEHOSTED_STORAGE/iSCSIPortalPort=str", "3260", PORTS, NOT_PORTS,
        when=ISCSI, unless=FC),
    "7-OVEHOSTED_STORAGE_ISCSI_USER": Fact(
        "OVEHOSTED_STORAGE/iSCSIPortalUser=str", None, ("chap", "x" * 50), (LONG, "a b"),
        when=ISCSI, unless=FC),
    "8-OVEHOSTED_STORAGE_ISCSI_PASSWORD": Fact(
        "OVEHOSTED_STORAGE/iSCSIPortalPassword=str", when={**ISCSI, "iscsi_user": "chap"},
        unless=ISCSI),
    "9-OVEHOSTED_STORAGE_ISCSI_TARGET": Fact(
        "OVEHOSTED_STORAGE/iSCSITargetName=str", None, IQNS, NOT_IQNS, when=ISCSI, unless=FC),
    "10-OVEHOSTED_STORAGE_BLOCKD_LUN": Fact(
        "OVEHOSTED_STORAGE/LunID=str", None, LUNS, NOT_LUNS, when=FC,
        unless={"storage_type": "nfs3"}),
    "10b-OVEHOSTED_FORCE_CREATEVG": Fact(
        "OVEHOSTED_ENGINE/forceCreateVG=bool", False, (True, False), ("Force",), when=FC,
        unless=GLUSTER),
    "11-OVEHOSTED_ADDITIONAL_HOST": Fact(
        "OVEHOSTED_CORE/isAdditionalHost=bool", False, (True, False), ("yes",)),
    "12-OVEHOSTED_HOST_ID": Fact(
        "OVEHOSTED_STORAGE/hostID=int", 2, (1, 250), (0, 251, True), when=ADDED, unless=FIRST),
    "12b-OVEHOSTED_RE_DEPLOY_HOST": Fact(
        "OVEHOSTED_CORE/additionalHostReDeployment=bool", True, (True, False), (1,),
        when=ADDED, unless=FIRST),
    "13-OVEHOSTED_STORAGE_DOMAIN_NAME": Fact(
        "OVEHOSTED_STORAGE/storageDomainName=str", "hosted_storage", WORDS, NOT_WORDS,
        when={"build": "1.3.0_alpha3"}, unless={"build": "1.3.0"}),
    "14-OVEHOSTED_STORAGE_DATACENTER_NAME": Fact(
        "OVEHOSTED_STORAGE/storageDatacenterName=str", "hosted_datacenter", WORDS, NOT_WORDS,
        when={"build": "1.2"}, unless={"build": "1.3.1"}),
    "15-OVEHOSTED_CORE_FETCH_ANSWER": Fact(
        "OVEHOSTED_FIRST_HOST/fetchAnswer=bool", True, (True, False), ("x",), when=ADDED,
        unless={**ADDED, "build": "1.3.0"}),
    "15-OVEHOSTED_NET_FIRST_HOST_FQDN": Fact(
        "OVEHOSTED_FIRST_HOST/fqdn=str", None, NAMES, NOT_NAMES,
        when={**ADDED, "fetch_answers": True}, unless={**ADDED, "fetch_answers": False}),
    "15-HOST_FIRST_HOST_ROOT_PASSWORD": Fact(
        "OVEHOSTED_FIRST_HOST/rootPassword=str", when={**ADDED, "fetch_answers": True},
        unless=FIRST),
    "15-OVEHOSTED_FIRST_HOST/sshdPort": Fact(
        "OVEHOSTED_FIRST_HOST/sshdPort=int", 22, (22, 65535), (0, 65536),
        when={**ADDED, "fetch_answers": True}, unless=FIRST),
    "16-ovehosted_bridge_if": Fact(
        "OVEHOSTED_NETWORK/bridgeIf=str", None, NICS, NOT_NICS, unless=ADDED),
    "17-OHOSTED_NETWORK_FIREWALL_MANAGER": Fact(
        "OVEHOSTED_NETWORK/firewallManager=str", True, (True, False), ("iptables",)),
    "18-OVEHOSTED_GATEWAY": Fact(
        "OVEHOSTED_NETWORK/gateway=str", None, ADDRESSES, NOT_ADDRESSES),
    "19-OVEHOSTED_VMENV_BOOT": Fact(
        "OVEHOSTED_VM/vmBoot=str", "disk", ("cdrom", "disk", "pxe"), ("usb", "CDROM"),
        unless={"build": "2.1"}),
    "20b-OVEHOSTED_BOOT_DISK_APPLIANCE": Fact(
        "", "installed", ("installed", "own"), ("1",), when=DISK, unless={**DISK, "build": "1.2"}),
    "20-OVEHOSTED_VMENV_OVF": Fact(
        "OVEHOSTED_VM/ovfArchive=str", None, ("/var/tmp/a.ova",), ("a.ova", "/x/../y"),
        when={**DISK, "appliance": "own"}, unless={**DISK, "appliance": "installed"}),
    "20-OVEHOSTED_COREENV_TEMPDIR": Fact(
        "OVEHOSTED_CORE/tempDir=str", "/var/tmp", ("/srv/tmp",), ("tmp",), when=DISK,
        unless={"boot": "pxe", "build": "2.0"}),
    "20c-CLOUD_INIT_USE": Fact(
        "OVEHOSTED_VM/cloudInitISO=str", True, (True, False), ("skip",), when=DISK,
        unless={"boot": "cdrom", "build": "2.0"}),
    "20c-CLOUD_INIT_GENERATE": Fact(
        "OVEHOSTED_VM/cloudInitISO=str", "generate", ("generate", "existing"), ("Generate",),
        when={**DISK, "cloud_init": True}, unless=NO_CLOUD),
    "20c-CI_INSTANCE_HOSTNAME": Fact(
        "OVEHOSTED_VM/cloudinitInstanceHostName=str", None, NAMES, ENGINE_BAD, when=CLOUD,
        unless=NO_CLOUD),
    "20c-CI_EXECUTE_ESETUP": Fact(
        "OVEHOSTED_VM/cloudinitExecuteEngineSetup=bool", True, (True, False), ("x",),
        when=CLOUD, unless=NO_CLOUD),
    "20c-AUTOMATE_VM_SHUTDOWN": Fact(
        "OVEHOSTED_VM/automateVMShutdown=bool", True, (True, False), ("x",), when=CLOUD,
        unless=NO_CLOUD),
    "20c-CI_INSTANCE_DOMAINNAME": Fact(
        "OVEHOSTED_VM/cloudinitInstanceDomainName=str", "example.com", ("example.com",),
        ("a b",), when={**CLOUD, "fqdn": "engine.example.com"}, unless=NO_CLOUD),
    "20c-CI_ROOT_PASSWORD#1": Fact(
        "OVEHOSTED_VM/cloudinitRootPwd=str", when=CLOUD, unless=NO_CLOUD),
    "20c-CI_ROOT_PASSWORD#2": Fact("", when=CLOUD, unless=NO_CLOUD),
    "20c-CI_VM_STATIC_NETWORKING": Fact(
        CIDR, "dhcp", ("dhcp", "static"), ("DHCP",), when=CLOUD, unless=NO_CLOUD),
    "20c-CLOUDINIT_VM_STATIC_IP_ADDRESS": Fact(
        CIDR, None, VM_IP, NOT_VM_IP, when=STATIC, unless=CLOUD),
    "20c-CI_DNS": Fact(
        "OVEHOSTED_VM/cloudinitVMDNS=str", (), DNS, NOT_DNS, when=STATIC, unless=CLOUD),
    "20c-CI_VM_ETC_HOST": Fact(
        "OVEHOSTED_VM/cloudinitVMETCHOSTS=bool", False, (True, False), ("x",), when=CLOUD,
        unless=NO_CLOUD),
    "21-OVEHOSTED_STORAGE_IMG_ALIAS": Fact(
        "OVEHOSTED_STORAGE/imgAlias=str", "hosted_engine", ("any name",), ("  ",),
        when={"build": "1.3.1"}, unless={"build": "1.3.2"}),
    "22-ovehosted_vmenv_cpu_type": Fact(
        "OVEHOSTED_VDSM/cpu=str", None, MODELS, NOT_MODELS, unless=ADDED),
    "23-OVEHOSTED_VMENV_CDROM": Fact(
        "OVEHOSTED_VM/vmCDRom=str", None, ("/srv/el7.iso",), ("el7.iso",),
        when={"boot": "cdrom"}, unless={"boot": "pxe"}),
    "24-ovehosted_vmenv_cpu": Fact(
        "OVEHOSTED_VM/vmVCpus=str", 2, (1, 2, 64), (0, 513, "2"), unless=ADDED),
    "24-CPU_PROCEED": Fact("", False, (True,), (False,), when={"vcpus": 1}, unless={"vcpus": 2}),
    "25-ovehosted_vmenv_mem#1": Fact(
        "OVEHOSTED_STORAGE/imgSizeGB=str", 25, (25, 100), (0, "25"), unless=ADDED),
    "25-DISK_PROCEED": Fact(
        "", False, (True,), (False,), when={"disk_gb": 24}, unless={"disk_gb": 25}),
    "26-ovehosted_vmenv_mac": Fact(
        "OVEHOSTED_VM/vmMACAddr=str", None, MACS, NOT_MACS, unless=ADDED),
    "27-ovehosted_vmenv_mem#2": Fact(
        "OVEHOSTED_VM/vmMemSizeMB=int", 4096, (4096, 16384), (0, "4096"), unless=ADDED),
    "27-MEMORY_PROCEED": Fact(
        "", False, (True,), (False,), when={"memory_mb": 4095}, unless={"memory_mb": 4096}),
    "28-OVEHOSTED_VM_CONSOLE_TYPE": Fact(
        "OVEHOSTED_VDSM/consoleType=str", "vnc", ("vnc", "spice"), ("qxl",), unless=ADDED),
    "29-APP_HOST_NAME": Fact(
        "OVEHOSTED_ENGINE/appHostName=str", "hosted_engine_1", ("hosted_engine_1", "any"), ("",)),
    "30-ENGINE_ADMIN_PASSWORD#1": Fact("OVEHOSTED_ENGINE/adminPassword=str"),
    "30-ENGINE_ADMIN_PASSWORD#2": Fact(""),
    "31-OVEHOSTED_NETWORK_FQDN": Fact("OVEHOSTED_NETWORK/fqdn=str", None, NAMES, ENGINE_BAD),
    "32-DIALOGOVEHOSTED_NOTIF/smtpServer": Fact(
        "OVEHOSTED_NOTIF/smtpServer=str", "localhost", SERVERS, NOT_SERVERS, unless=ADDED),
    "33-DIALOGOVEHOSTED_NOTIF/smtpPort": Fact(
        "OVEHOSTED_NOTIF/smtpPort=str", 25, (25, 587), (0, 65536), unless=ADDED),
    "34-DIALOGOVEHOSTED_NOTIF/sourceEmail": Fact(
        "OVEHOSTED_NOTIF/sourceEmail=str", "root@localhost", MAILS, NOT_MAILS, unless=ADDED),
    "35-DIALOGOVEHOSTED_NOTIF/destEmail": Fact(
        "OVEHOSTED_NOTIF/destEmail=str", ("root@localhost",), (MAILS,),
        tuple((m,) for m in NOT_MAILS), unless=ADDED),
    "36-OVESETUP_NETWORK_FQDN_HOST_HOSTNAME": Fact(
        "OVEHOSTED_NETWORK/host_name=str", None, NAMES, NOT_NAMES, unless={"build": "1.2"}),
    "37-SETTINGS_PROCEED": Fact("OVEHOSTED_CORE/confirmSettings=bool", True, (True,), (False,)),
    "3.4-OVEHOSTED_INSTALLING_OS": Fact(""),
    "3.4-OVEHOSTED_ENGINE_UP": Fact(""),
    "3.4-OVEHOSTED_ENGINE_FA": Fact("", unless={"build": "1.2"}),
    "3.4-cluster_name": Fact("OVEHOSTED_ENGINE/clusterName=str", "Default", WORDS, NOT_WORDS),
    "3.4-SSL_VALIDATE_CA": Fact(
        "OVEHOSTED_ENGINE/insecureSSL=bool", False, (True, False), ("x",)),
    "3.4-OVEHOSTED_REQUIRED_NETWORKS": Fact(
        "OVEHOSTED_NETWORK/promptRequiredNetworks=bool", "ask", ("ask", "ignore"), ("Retry",),
        unless={"build": "1.2"}),
    "3.4-OVEHOSTED_NON_OPERATIONAL": Fact(
        "OVEHOSTED_ENGINE/promptNonOperational=bool", "ask", ("ask", "ignore"), ("Retry",),
        unless={"build": "1.2"}),
}  # fmt: skip

A_STATIC = {"vm_network": "static"}
STIG = {"openscap": True, "openscap_profile": "stig"}

ANSIBLE = {
    "1-DEPLOY_PROCEED": Fact("OVEHOSTED_CORE/deployProceed=bool", True, (True,), (False,)),
    "2-TMUX_PROCEED": Fact("OVEHOSTED_CORE/screenProceed=bool", True, (True,), (False,)),
    "3-FORCE_IP_PROCEED": Fact(
        "OVEHOSTED_CORE/forceIpProceed=str OVEHOSTED_NETWORK/forceIPv4=bool"
        " OVEHOSTED_NETWORK/forceIPv6=bool",
        "as-resolved", ("4", "6", "as-resolved"), ("yes", "5"), unless={"build": "2.5.3"}),
    "5.1-OVEHOSTED_CORE/restoreFromFile": Fact(
        "OVEHOSTED_CORE/restoreFromFile=str", None, ("/backup/engine.tar.gz",), ("engine.tar.gz",)),
    "4-OVEHOSTED_GATEWAY": Fact(
        "OVEHOSTED_NETWORK/gateway=str", None, ADDRESSES, NOT_ADDRESSES),
    "5-ovehosted_bridge_if": Fact("OVEHOSTED_NETWORK/bridgeIf=str", None, NICS, NOT_NICS),
    "6-OVEHOSTED_NETWORK_TEST": Fact(
        "OVEHOSTED_NETWORK/network_test=str", "dns", ("ping", "dns", "tcp", "none"), ("icmp",),
        unless={"build": "2.3"}),
    "6b-OVEHOSTED_NETWORK_TEST_TCP_ADDRESS": Fact(
        "OVEHOSTED_NETWORK/network_test_tcp_address=str", None, ADDRESSES, NOT_ADDRESSES,
        when={"network_test": "tcp"}, unless={"network_test": "dns"}),
    "6b-OVEHOSTED_NETWORK_TEST_TCP_PORT": Fact(
        "OVEHOSTED_NETWORK/network_test_tcp_port=str", None, (1, 65535), (0, 65536),
        when={"network_test": "tcp"}, unless={"network_test": "ping"}),
    "7-ovehosted_datacenter_name": Fact(
        "OVEHOSTED_ENGINE/datacenterName=str", "Default", WORDS, NOT_WORDS),
    "8-ovehosted_cluster_name": Fact(
        "OVEHOSTED_ENGINE/clusterName=str", "Default", WORDS, NOT_WORDS),
    "9-ovehosted_renew_pki": Fact(
        "OVEHOSTED_CORE/renewPKIonRestore=bool", False, (True, False), ("x",), when=RESTORE,
        unless={}),
    "10-ovehosted_pause_on_restore": Fact(
        "OVEHOSTED_CORE/pauseonRestore=bool", False, (True, False), ("x",), when=RESTORE,
        unless={}),
    "11-ovehosted_enable_keycloak": Fact(
        "OVEHOSTED_CORE/enableKeycloak=bool", True, (True, False), ("x",),
        unless={"build": "2.5.3"}),
    "12-OVEHOSTED_VMENV_OVF_ANSIBLE": Fact(
        "OVEHOSTED_VM/ovfArchive=str", None, ("/srv/a.ova",), ("a.ova",)),
    "13-ovehosted_vmenv_cpu": Fact("OVEHOSTED_VM/vmVCpus=str", 2, (2, 4), (0, 513)),
    "13-CPU_PROCEED": Fact("", False, (True,), (False,), when={"vcpus": 1}, unless={"vcpus": 2}),
    "14-ovehosted_vmenv_mem": Fact("OVEHOSTED_VM/vmMemSizeMB=int", 4096, (4096, 16384), (0,)),
    "14-MEMORY_PROCEED": Fact(
        "", False, (True,), (False,), when={"memory_mb": 2048}, unless={"memory_mb": 4096}),
    "15-CI_INSTANCE_HOSTNAME": Fact(
        "OVEHOSTED_VM/cloudinitInstanceHostName=str", None, NAMES, ENGINE_BAD, unless=RESTORE),
    "16-CI_INSTANCE_DOMAINNAME": Fact(
        "OVEHOSTED_VM/cloudinitInstanceDomainName=str", "example.com", ("example.com",),
        ("a b",), when={"fqdn": "engine.example.com"}, unless=RESTORE),
    "17-CI_ROOT_PASSWORD#1": Fact("OVEHOSTED_VM/cloudinitRootPwd=str"),
    "17-CI_ROOT_PASSWORD#2": Fact(""),
    "18-CI_ROOT_SSH_PUBKEY": Fact(
        "OVEHOSTED_VM/rootSshPubkey=str", None, (KEY,),
        ("ssh-ed25519", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJ7R", "ssh-ed25519 ****", "hello")),
    "19-CI_ROOT_SSH_ACCESS": Fact(
        "OVEHOSTED_VM/rootSshAccess=str", "yes", ("yes", "no", "without-password"), ("maybe",)),
    "20-CI_APPLY_OPENSCAP_PROFILE": Fact(
        "OVEHOSTED_VM/applyOpenScapProfile=bool", False, (True, False), ("x",)),
    "20-CI_OPENSCAP_PROFILE_NAME": Fact(
        "OVEHOSTED_VM/OpenScapProfileName=str", "stig", ("stig", "pci-dss"), ("none",),
        when={"openscap": True}, unless={"openscap": False}),
    "21-CI_ENABLE_FIPS": Fact(
        "OVEHOSTED_VM/enableFips=bool", False, (True, False), ("x",),
        when={"openscap": True, "openscap_profile": "pci-dss"}, unless=STIG),
    "22-ovehosted_vmenv_mac": Fact("OVEHOSTED_VM/vmMACAddr=str", None, MACS, NOT_MACS),
    "23-CI_VM_STATIC_NETWORKING": Fact(CIDR, "dhcp", ("dhcp", "static"), ("Static",)),
    "24-CLOUDINIT_VM_STATIC_IP_ADDRESS": Fact(
        CIDR, None, VM_IP, NOT_VM_IP, when=A_STATIC, unless={"vm_network": "dhcp"}),
    "25-CI_DNS": Fact(
        "OVEHOSTED_VM/cloudinitVMDNS=str", (), DNS, NOT_DNS, when=A_STATIC,
        unless={"vm_network": "dhcp"}),
    "26-CI_VM_ETC_HOST": Fact(
        "OVEHOSTED_VM/cloudinitVMETCHOSTS=bool", True, (True, False), ("x",)),
    "27-DIALOGOVEHOSTED_NOTIF/smtpServer": Fact(
        "OVEHOSTED_NOTIF/smtpServer=str", "localhost", SERVERS, NOT_SERVERS),
    "28-DIALOGOVEHOSTED_NOTIF/smtpPort": Fact(
        "OVEHOSTED_NOTIF/smtpPort=str", 25, (25,), (0, 65536)),
    "29-DIALOGOVEHOSTED_NOTIF/sourceEmail": Fact(
        "OVEHOSTED_NOTIF/sourceEmail=str", "root@localhost", MAILS, NOT_MAILS),
    "30-DIALOGOVEHOSTED_NOTIF/destEmail": Fact(
        "OVEHOSTED_NOTIF/destEmail=str", ("root@localhost",), (MAILS,),
        tuple((m,) for m in NOT_MAILS)),
    "31-ENGINE_ADMIN_PASSWORD#1": Fact("OVEHOSTED_ENGINE/adminPassword=str"),
    "31-ENGINE_ADMIN_PASSWORD#2": Fact(""),
    "32-OVEHOSTED_NETWORK_FQDN": Fact(
        "OVEHOSTED_NETWORK/fqdn=str", None, NAMES, ENGINE_BAD, unless=RESTORE),
    "33-OVESETUP_NETWORK_FQDN_first_HE": Fact(
        "OVEHOSTED_NETWORK/host_name=str", None, NAMES, NOT_NAMES),
    "33-OVEHOSTED_ENGINE/appHostName": Fact(
        "OVEHOSTED_ENGINE/appHostName=str", None, ("host1",), ("",)),
    "34-OVEHOSTED_STORAGE_DOMAIN_TYPE": Fact(
        "OVEHOSTED_STORAGE/domainType=str", "nfs", ("nfs", "iscsi", "fc", "glusterfs"),
        ("nfs3", "NFS")),
    "35-OVEHOSTED_STORAGE_NFS_VERSION": Fact(
        "OVEHOSTED_STORAGE/nfsVersion=str", "auto", ("auto", "v3", "v4", "v4_0", "v4_1", "v4_2"),
        ("3",), when=NFS, unless=ISCSI),
    "36-OVEHOSTED_STORAGE_DOMAIN_CONNECTION": Fact(
        "OVEHOSTED_STORAGE/storageDomainConnection=str", None, PATHS, NOT_PATHS, when=NFS,
        unless=FC),
    "37-OVEHOSTED_STORAGE_DOMAIN_MNT_OPTIONS": Fact(
        "OVEHOSTED_STORAGE/mntOptions=str", None, ("vers=3",), ("a b",), when=NFS, unless=FC),
    "38-OVEHOSTED_STORAGE_ISCSI_IP_ADDR": Fact(
        "OVEHOSTED_STORAGE/iSCSIPortalIPAddress=str", None,
        ("192.0.2.10", "192.0.2.10,192.0.2.11", "2001:db8::1"), ("storage", "192.0.2.10,"),
        when=ISCSI, unless=FC),
    "38-OVEHOSTED_STORAGE_ISCSI_IP_PORT": Fact(
        "OVEHOSTED_STORAGE/iSCSIPortalPort=str", "3260", (*PORTS, "3260,3261"), NOT_PORTS,
        when=ISCSI, unless=FC),
    "39-OVEHOSTED_STORAGE_ISCSI_USER#1": Fact(
        "OVEHOSTED_STORAGE/iSCSIDiscoverUser=str", None, ("chap",), (LONG,), when=ISCSI,
        unless=FC),
    "39-OVEHOSTED_STORAGE_ISCSI_PASSWORD#1": Fact(
        "OVEHOSTED_STORAGE/iSCSIDiscoverPassword=str",
        when={**ISCSI, "iscsi_discover_user": "chap"}, unless=ISCSI),
    "39-OVEHOSTED_STORAGE_ISCSI_USER#2": Fact(
        "OVEHOSTED_STORAGE/iSCSIPortalUser=str", None, ("chap",), (LONG,), when=ISCSI, unless=FC),
    "39-OVEHOSTED_STORAGE_ISCSI_PASSWORD#2": Fact(
        "OVEHOSTED_STORAGE/iSCSIPortalPassword=str", when={**ISCSI, "iscsi_user": "chap"},
        unless=ISCSI),
    "40-OVEHOSTED_STORAGE_ISCSI_TARGET": Fact(
        "OVEHOSTED_STORAGE/iSCSITargetName=str", None, IQNS, NOT_IQNS, when=ISCSI, unless=FC),
    "41-OVEHOSTED_STORAGE_BLOCKD_LUN": Fact(
        "OVEHOSTED_STORAGE/LunID=str", None, LUNS, NOT_LUNS, when=FC, unless=NFS),
    "42-ovehosted_vmenv_image": Fact("OVEHOSTED_STORAGE/imgSizeGB=str", 52, (52,), (0,)),
    "42-DISK_PROCEED": Fact(
        "", False, (True,), (False,), when={"disk_gb": 24}, unless={"disk_gb": 25}),
}  # fmt: skip

FACTS = {f"classic-{key}": fact for key, fact in CLASSIC.items()} | {
    f"4.5-{key}": fact for key, fact in ANSIBLE.items()
}

NEVER_WRITTEN_BY_THE_TOOL = {
    "adminPassword", "cloudinitRootPwd", "iSCSIPortalPassword", "iSCSIDiscoverPassword",
    "rootPassword", "bridgeIf", "host_name", "appHostName", "restoreFromFile",
    "renewPKIonRestore", "pauseonRestore",
}  # fmt: skip
"""Keys of section 7.1: "never stored: put them in yourself", and the passwords."""

FRAGMENTS = {
    "classic-3-OVEHOSTED_STORAGE_DOMAIN_TYPE":
        "Please specify the storage you would like to use (glusterfs, iscsi, fc, nfs3, nfs4)[nfs3]",
    "classic-4-OVEHOSTED_STORAGE_DOMAIN_CONNECTION":
        "Please specify the full shared storage connection path to use (example: host:/path):",
    "classic-16-ovehosted_bridge_if":
        "Please indicate a nic to set ovirtmgmt bridge on: (eth1, eth0) [eth1]:",
    "classic-17-OHOSTED_NETWORK_FIREWALL_MANAGER":
        "iptables was detected on your computer,"
        " do you wish setup to configure it? (Yes, No)[Yes]:",
    "classic-18-OVEHOSTED_GATEWAY": "Please indicate a pingable gateway IP address [X.X.X.X]:",
    "classic-19-OVEHOSTED_VMENV_BOOT":
        "Please specify the device to boot the VM from (cdrom, disk, pxe) [cdrom]:",
    "classic-21-OVEHOSTED_STORAGE_IMG_ALIAS":
        "Please specify an alias for the Hosted Engine image [hosted_engine]:",
    "classic-22-ovehosted_vmenv_cpu_type":
        "Please specify the CPU type to be used by the VM [model_Penryn]:",
    "classic-24-ovehosted_vmenv_cpu":
        "Please specify the number of virtual CPUs for the VM"
        " [Defaults to minimum requirement: 2]:",
    "classic-25-ovehosted_vmenv_mem#1":
        "Please specify the disk size of the VM in GB [Defaults to minimum requirement: 25]:",
    "classic-26-ovehosted_vmenv_mac":
        "You may specify a MAC address for the VM or accept a randomly generated default [x]:",
    "classic-27-ovehosted_vmenv_mem#2":
        "Please specify the memory size of the VM in MB [Defaults to minimum requirement: 4096]:",
    "classic-28-OVEHOSTED_VM_CONSOLE_TYPE":
        "Please specify the console type you want to use to connect to the VM (vnc, spice) [vnc]:",
    "classic-29-APP_HOST_NAME": "Enter the name which will be used to identify this host inside the"
        " Administration Portal [hosted_engine_1]:",
    "classic-30-ENGINE_ADMIN_PASSWORD#1": "Enter engine admin password:",
    "classic-30-ENGINE_ADMIN_PASSWORD#2": "Confirm engine admin password:",
    "classic-31-OVEHOSTED_NETWORK_FQDN": " Engine FQDN:",
    "classic-32-DIALOGOVEHOSTED_NOTIF/smtpServer": "Please provide the name of the SMTP server"
        " through which we will send notifications [localhost]:",
    "classic-33-DIALOGOVEHOSTED_NOTIF/smtpPort":
        "Please provide the TCP port number of the SMTP server [25]:",
    "classic-34-DIALOGOVEHOSTED_NOTIF/sourceEmail": "Please provide the email address from which"
        " notifications will be sent [root@localhost]:",
    "classic-35-DIALOGOVEHOSTED_NOTIF/destEmail": "Please provide a comma-separated list of email"
        " addresses which will get notifications [root@localhost]:",
    "classic-37-SETTINGS_PROCEED": "Please confirm installation settings (Yes, No)[Yes]:",
}  # fmt: skip
"""Prompts as the guide prints them: human dialect, no ids."""

BESIDE_THE_GUIDE = {
    "classic-20c-CI_EXECUTE_ESETUP": "Automatically execute engine-setup on the engine appliance"
        " on first boot (Yes, No)[Yes]?",
    "classic-20c-AUTOMATE_VM_SHUTDOWN": "Automatically restart the engine VM as a monitored service"
        " after engine-setup (Yes, No)[Yes]?",
    "classic-20c-CI_INSTANCE_DOMAINNAME": "Engine VM domain: [example.com]",
    "classic-25-DISK_PROCEED": "Continue with specified disk size? (Yes, No)[No]:",
    "classic-27-MEMORY_PROCEED": "Continue with specified memory size? (Yes, No)[No]:",
    "4.5-14-MEMORY_PROCEED": "Continue with specified memory size? (Yes, No)[No]:",
    "4.5-42-DISK_PROCEED": "Continue with specified disk size? (Yes, No)[No]:",
    "4.5-20-CI_APPLY_OPENSCAP_PROFILE":
        "Do you want to apply an OpenSCAP security profile (Yes, No) [No]:",
    "4.5-20-CI_OPENSCAP_PROFILE_NAME":
        "Please provide the security profile you would like to use (stig, pci-dss) [stig]:",
}  # fmt: skip
"""Prompts that the guide's run did not come by, as the tool prints them: human dialect, no ids."""

"""What an operator reads at each question: title, why, help; and which probe knows more.

Titles are the tool's own words, short enough for a line. Probes are named here and written in
steps/hosted_engine/probes/.
"""

from __future__ import annotations

from dataclasses import dataclass

from config.questions import Kind


@dataclass(frozen=True, slots=True)
class Wording:
    """How one answer is asked for. `suggests` names the probe that finds a default."""

    title: str
    kind: Kind
    why: str = ""
    help: str = ""
    required: bool = True
    lists: str = ""
    suggests: str = ""
    probe: str = ""
    depends_on: tuple[str, ...] = ()


_T, _N, _Y, _C, _P, _S = (
    Kind.TEXT, Kind.NUMBER, Kind.YES_NO, Kind.CHOICE, Kind.PATH, Kind.SECRET,
)  # fmt: skip
_NAMES = ("host", "backup_file")
_PORTAL = ("host", "storage_type", "iscsi_portal", "iscsi_port")

WORDINGS: dict[str, Wording] = {
    # Where, and with which generation of the tool.
    "host": Wording(
        "Host to deploy on", _C, lists="hosts", probe="host",
        why="hosted-engine --deploy runs there. It becomes a hypervisor of the new engine.",
        help="The hosts of the site file, under `engine_hosts:`. Checking looks for the"
        " tool, for leftovers of an earlier deployment, at services, memory and disk.",
    ),
    "era": Wording(
        "Generation of the tool", _C, suggests="era", probe="services", depends_on=("host",),
        why="Found on the host. Change it only to write an answer file for another host.",
    ),
    "build": Wording(
        "Version of hosted-engine-setup", _C, suggests="build", probe="chosen-build",
        depends_on=("host", "era"),
        why="Questions and menus changed between versions. Found on the host.",
    ),
    "backup_file": Wording(
        "Backup of the engine to restore", _P, required=False, probe="backup-file",
        depends_on=("host",),
        why="A file of engine-backup, on the host. Leave it empty for a new engine.",
        help="With a backup the names, addresses and hosts in it are compared with your answers."
        " The ansible generation restores it itself; in the classic one you restore it by hand"
        " inside the new machine.",
    ),
    "proceed": Wording(
        "Configure this host as hypervisor and create the engine's machine", _Y,
        why="The tool asks this first. Nothing happens before you confirm the plan.",
    ),
    "screen_proceed": Wording(
        "Go on without tmux or screen", _Y,
        why="The run is kept alive apart from your session, so that losing it loses nothing.",
    ),
    "ip_version": Wording(
        "IP version", _C,
        why="With both, the tool silently takes IPv6 since 4.4. Choosing 4 or 6 is safer.",
    ),
    # Storage.
    "storage_type": Wording(
        "Storage type", _C, why="Where the engine's disk lives. Every host must reach it.",
    ),
    "nfs_version": Wording(
        "NFS version", _C, why="auto takes the newest that client and server share.",
    ),
    "gluster_provisioning": Wording(
        "Provision Gluster on the hosts", _Y, why="The tool asks it and then refuses a yes.",
    ),
    "gluster_brick": Wording("Path of the Gluster brick", _P),
    "gluster_share": Wording("Name of the Gluster share", _T),
    "storage_connection": Wording(
        "Full shared storage connection path", _T, probe="storage",
        depends_on=("host", "storage_type", "nfs_version", "mount_options"),
        why="HOST:/PATH of an export that holds nothing else.",
        help="It is mounted for a moment in a mount namespace of its own, written to as vdsm:kvm,"
        " and unmounted: the host is left as it was. At least 20 GiB must be free. A Gluster"
        " volume must be replica 3, started, with the options of the guide.",
    ),
    "mount_options": Wording(
        "Mount options", _T, required=False, why="Empty is right for most servers.",
    ),
    "iscsi_portal": Wording(
        "iSCSI portal IP address", _T, why="The address of the target, not its name.",
    ),
    "iscsi_port": Wording("iSCSI portal port", _T),
    "iscsi_discover_user": Wording(
        "iSCSI discover user", _T, required=False, why="CHAP for listing the targets, if any.",
    ),
    "iscsi_discover_password": Wording("iSCSI discover password", _S),
    "iscsi_user": Wording("iSCSI portal user", _T, required=False, why="CHAP user, if any."),
    "iscsi_password": Wording("iSCSI portal password", _S),
    "iscsi_target": Wording(
        "iSCSI target", _C, lists="iscsi-targets", depends_on=_PORTAL,
        why="The targets that the portal names, asked without keeping anything on the host.",
    ),
    "lun": Wording(
        "Destination LUN", _C, lists="luns", probe="lun",
        depends_on=("host", "storage_type", "iscsi_target"),
        why="By its GUID: numbers of a list differ from host to host. It must hold nothing.",
        help="The host's block devices with size, vendor, status and paths. A LUN of an iSCSI"
        " target is seen only while the host is logged in there.",
    ),
    "force_create_vg": Wording(
        "Overwrite a LUN that is in use", _Y,
        why="Yes destroys what the LUN holds. Asked only where it holds something.",
    ),
    "additional_host": Wording(
        "The storage holds an engine already: join as an additional host", _Y,
        why="No is a fresh deployment. Deploying anew over old storage is not supported.",
    ),
    "host_id": Wording("Host id", _N, why="1 to 250, not used by another host."),
    "redeploy_host": Wording("Deploy again under an id that is known", _Y),
    "storage_domain_name": Wording("Storage domain name", _T),
    "storage_pool_name": Wording("Local data centre name", _T, why="Internal; never seen again."),
    "fetch_answers": Wording("Take the answers of the first host", _Y),
    "first_host_fqdn": Wording("Full name of the first host", _T),
    "first_host_password": Wording("Root password of the first host", _S),
    "first_host_port": Wording("SSH port of the first host", _N),
    # Network.
    "nic": Wording(
        "Network card for ovirtmgmt", _C, lists="nics", probe="nic", depends_on=("host",),
        why="The management bridge is built on it.",
        help="The card that has the address of the host's name comes first. Bonds only in modes"
        " active-backup, balance-xor, broadcast and 802.3ad; VLANs called PARENT.ID; no teams.",
    ),
    "manage_iptables": Wording("Let the tool configure iptables", _Y),
    "gateway": Wording(
        "Gateway IP address", _T, suggests="gateway-default", probe="gateway",
        depends_on=("host", "era"),
        why="Hosts that cannot reach it give the engine away. It must answer a ping.",
    ),
    "network_test": Wording(
        "Network check of the hosts", _C, probe="network-test", depends_on=("host", "gateway"),
        why="How each host tells that its network works.",
    ),
    "tcp_address": Wording("Address for the TCP check", _T),
    "tcp_port": Wording(
        "Port for the TCP check", _N, probe="tcp-test", depends_on=("host", "tcp_address"),
    ),
    "data_center": Wording(
        "Data centre", _T, why="Restoring: the one this host shall be in, as the backup has it.",
    ),
    "cluster": Wording(
        "Cluster", _T, why="Restoring: the one this host shall be in, as the backup has it.",
    ),
    "renew_pki": Wording(
        "Renew the engine's CA if needed", _Y,
        why="Yes means that every host must be installed again later.",
    ),
    "pause_on_restore": Wording(
        "Pause after adding this host", _Y,
        why="Lets you mend networks in the engine before storage is asked for.",
    ),
    "keycloak": Wording("Configure Keycloak", _Y),
    # The engine's machine.
    "boot": Wording("Boot the machine from", _C, why="Installation disc, appliance or network."),
    "appliance": Wording(
        "Appliance", _C, why="The one from the package, or an OVA file of your own.",
    ),
    "appliance_ova": Wording(
        "Path of the appliance (OVA)", _P, required=False, probe="appliance",
        depends_on=("host", "era", "temporary_folder"),
        why="Empty: the one of the installed package.",
    ),
    "temporary_folder": Wording(
        "Folder for unpacking", _P, probe="room", depends_on=("host",),
        why="The unpacked appliance must fit in.",
    ),
    "cloud_init": Wording("Customise the appliance with cloud-init", _Y),
    "cloud_init_source": Wording("cloud-init disc", _C, why="Made now, or one that you have."),
    "execute_engine_setup": Wording("Run engine-setup at first boot", _Y),
    "automate_shutdown": Wording("Restart the machine by itself afterwards", _Y),
    "image_alias": Wording("Image alias", _T),
    "cpu_model": Wording(
        "CPU type", _C, lists="cpu-models", depends_on=("host",),
        why="The newest that this host offers comes first; every other host must have it too.",
    ),
    "installation_media": Wording(
        "Path of the installation media (ISO)", _P, probe="media", depends_on=("host",),
        why="On the host, readable by qemu. To install from, or with cloud-init's data.",
    ),
    "vcpus": Wording(
        "Virtual CPUs", _N, suggests="vcpus-default", probe="vcpus", depends_on=("host", "era"),
        why="At least 2, at most what the host has.",
    ),
    "few_vcpus": Wording("Fewer virtual CPUs than the minimum: take them", _Y),
    "memory_mb": Wording(
        "Memory in MB", _N, suggests="memory-default", probe="memory", depends_on=("host", "era"),
        why="At least 4096; 16384 for a real site; at most what is free on the host.",
    ),
    "little_memory": Wording("Less memory than the minimum: take it", _Y),
    "disk_gb": Wording(
        "Disk size in GB", _N, probe="disk",
        depends_on=("host", "storage_type", "lun"),
        why="At least 25. On a LUN at most its size less 5.",
    ),
    "small_disk": Wording("A smaller disk than the minimum: take it", _Y),
    "mac": Wording(
        "MAC address", _T, suggests="mac-default", probe="mac", depends_on=_NAMES,
        why="Reserve it in DHCP before you start, so that the machine gets the engine's address.",
    ),
    "console": Wording("Console type", _C),
    "vm_domain": Wording("Domain of the engine's machine", _T),
    "root_password": Wording("Root password of the engine's machine", _S),
    "root_ssh_key": Wording(
        "SSH public key of root", _T, required=False, why="One line of a .pub file, or nothing.",
    ),
    "root_ssh_access": Wording("SSH for root", _C),
    "openscap": Wording("Apply an OpenSCAP security profile", _Y),
    "openscap_profile": Wording("OpenSCAP profile", _C),
    "fips": Wording("Enable FIPS", _Y),
    "vm_network": Wording("Network of the engine's machine", _C),
    "vm_address": Wording(
        "Address of the engine's machine", _T, suggests="free-address", probe="vm-address",
        depends_on=("host", "nic", "backup_file"),
        why="With its prefix, as in 192.0.2.10/24; in the subnet of host and gateway.",
    ),
    "vm_dns": Wording(
        "Name servers of the engine's machine", _T, required=False, suggests="name-servers",
        depends_on=("host",), why="At most three addresses, parted by commas.",
    ),
    "vm_etc_hosts": Wording("Add engine and host to /etc/hosts of the machine", _Y),
    # Mail.
    "smtp_server": Wording("Name of the SMTP server", _T),
    "smtp_port": Wording(
        "Port of the SMTP server", _N, probe="mail", depends_on=("host", "smtp_server"),
    ),
    "mail_from": Wording("Notifications are sent from", _T),
    "mail_to": Wording("Notifications are sent to", _T, why="Addresses, parted by commas."),
    # The engine.
    "host_name": Wording(
        "Name of this host in the Administration Portal", _T, probe="host-name",
        depends_on=_NAMES,
        why="Unique among the hosts of the backup or the running engine; the tool checks nothing.",
    ),
    "admin_password": Wording("Password of admin@internal", _S, why="Typed once, given twice."),
    "fqdn": Wording(
        "Engine FQDN", _T, probe="fqdn", depends_on=(*_NAMES, "vm_network", "vm_address"),
        why="Resolves both ways, to the engine's machine and not to this host. Restoring: the"
        " name the backup was made with.",
    ),
    "host_fqdn": Wording(
        "Name of this host on the management network", _T, suggests="host-fqdn-default",
        probe="host-fqdn", depends_on=("host", "nic"),
        why="Resolves only to addresses of this host, on the chosen network card.",
    ),
    "confirm_settings": Wording("Confirm the tool's own preview", _Y),
    # After the preview.
    "insecure_ssl": Wording(
        "Go on where the API's certificate is not trusted", _Y,
        why="Better: put the CA into /etc/pki/CA/ovirtcustomcacert.pem on the host.",
    ),
    "required_networks": Wording("Required networks are missing on the host", _C),
    "non_operational": Wording("The host becomes non operational", _C),
    # About the answer file.
    "storage_in_file": Wording(
        "Answer the storage questions in advance", _Y,
        why="No is safer: answered in advance, one failed mount ends the deployment after the"
        " whole bootstrap. Left open, the tool asks again, and your answers are offered there.",
    ),
    "other_keys": Wording(
        "Further lines of the answer file", _T, required=False,
        why="Keys that no question stands for, kept as an imported file had them.",
        help="Each is SECTION KEY=TYPE:VALUE, as rekindle answers import writes them.",
    ),
}  # fmt: skip

LABELS: dict[str, dict[str, str]] = {
    "era": {"classic": "Classic (oVirt 3.5 to 4.1)", "4.5": "Ansible (oVirt 4.2 to 4.5)"},
    "storage_type": {"fc": "fc (Fibre Channel)"},
    "boot": {"cdrom": "Installation disc", "disk": "Appliance", "pxe": "Network (PXE)"},
    "appliance": {"installed": "From the installed package", "own": "My own OVA file"},
    "cloud_init_source": {"generate": "Make one now", "existing": "An ISO that I have"},
    "vm_network": {"dhcp": "DHCP", "static": "Static address"},
    "ip_version": {"4": "IPv4", "6": "IPv6", "as-resolved": "As the names resolve"},
    "required_networks": {"ask": "Ask me when it happens", "ignore": "Ignore it"},
    "non_operational": {"ask": "Ask me when it happens", "ignore": "Ignore it"},
}
"""Labels of choices that do not speak for themselves."""

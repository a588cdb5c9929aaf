"""Deployments of both generations with the interview's own answers, every question of the tool."""

from __future__ import annotations

import pytest

from config.questions import Given
from config.secrets import SecretReference
from steps.hosted_engine.deploy import PROCEDURE, answer_file
from steps.run.directory import create_run
from steps.run.events import Finish
from tests.crash.toy_deploy import HOST, lay_out
from tests.unit.deploy_support import Deploying, Folder, an_engine, end_all_tools
from tests.unit.hosted_engine_transcripts import GUIDE_MENU, LUNS
from tests.unit.scripted_tool_support import YES_NO, ask

PASSWORD = SecretReference("prompt")

CLASSIC: Given = {
    "host": HOST, "era": "classic", "build": "1.3.0_alpha3", "proceed": True,
    "screen_proceed": True, "storage_type": "fc", "lun": "3514f0c5447600352", "nic": "eth1",
    "manage_iptables": True, "gateway": "192.0.2.1", "boot": "pxe",
    "image_alias": "hosted_engine", "cpu_model": "model_Penryn", "vcpus": 2, "disk_gb": 25,
    "mac": "00:16:3e:77:b2:a4", "memory_mb": 4096, "console": "vnc", "host_name": "he_1",
    "admin_password": PASSWORD, "smtp_server": "localhost", "smtp_port": 25,
    "mail_from": "root@localhost", "mail_to": ("a@example.com", "b@example.com"),
    "confirm_settings": True, "storage_domain_name": "hosted_storage",
    "storage_pool_name": "hosted_datacenter",
}  # fmt: skip

MAIL = [
    ask("DIALOGOVEHOSTED_NOTIF/smtpServer", "Please provide the name of the SMTP server through"
        " which we will send notifications [localhost]: ", default="localhost"),
    ask("DIALOGOVEHOSTED_NOTIF/smtpPort", "Please provide the TCP port number of the SMTP server"
        " [25]: ", default="25"),
    ask("DIALOGOVEHOSTED_NOTIF/sourceEmail", "Please provide the email address from which"
        " notifications will be sent [root@localhost]: ", default="root@localhost"),
    ask("DIALOGOVEHOSTED_NOTIF/destEmail", "Please provide a comma-separated list of email"
        " addresses which will get notifications [root@localhost]: ", default="root@localhost"),
]  # fmt: skip

# Order, prompts, names and defaults of the guide's build, as the reference gives them.
GUIDE = [
    {"stages": ["Initializing", "Environment setup"]},
    ask("DEPLOY_PROCEED", "Continuing will configure this host for serving as hypervisor.\n"
        "Are you sure you want to continue? (Yes, No)[Yes]: ", **YES_NO),
    {"stages": ["Environment customization"]},
    {"note": "\n--== STORAGE CONFIGURATION ==--\n"},
    ask("OVEHOSTED_STORAGE_DOMAIN_TYPE", "During customization use CTRL-D to abort.\nPlease specify"
        " the storage you would like to use (glusterfs, iscsi, fc, nfs3, nfs4)[nfs3]: ",
        valid=["glusterfs", "iscsi", "fc", "nfs3", "nfs4"], default="nfs3", case_sensitive=True),
    ask("OVEHOSTED_STORAGE_BLOCKD_LUN", LUNS, valid=["1", "2"], default="1"),
    ask("ovehosted_bridge_if", "Please indicate a nic to set ovirtmgmt bridge on: (eth1, eth0)"
        " [eth1]: ", valid=["eth1", "eth0"], default="eth1", case_sensitive=True),
    ask("OHOSTED_NETWORK_FIREWALL_MANAGER", "iptables was detected on your computer, do you wish"
        " setup to configure it? (Yes, No)[Yes]: ", **YES_NO),
    ask("OVEHOSTED_GATEWAY", "Please indicate a pingable gateway IP address [192.0.2.254]: ",
        default="192.0.2.254"),
    ask("OVEHOSTED_VMENV_BOOT", "Please specify the device to boot the VM from (cdrom, disk, pxe)"
        " [cdrom]: ", valid=["cdrom", "disk", "pxe"], default="cdrom", case_sensitive=True),
    ask("OVEHOSTED_STORAGE_IMG_ALIAS", "Please specify an alias for the Hosted Engine image"
        " [hosted_engine]: ", default="hosted_engine", case_sensitive=True),
    ask("ovehosted_vmenv_cpu_type", "The following CPU types are supported by this host:\n"
        "\t - model_Penryn: Intel Penryn Family\n\t - model_Conroe: Intel Conroe Family\n"
        "Please specify the CPU type to be used by the VM [model_Penryn]: ",
        default="model_Penryn", case_sensitive=True),
    ask("ovehosted_vmenv_cpu", "Please specify the number of virtual CPUs for the VM [Defaults to"
        " minimum requirement: 2]: ", default="2"),
    ask("ovehosted_vmenv_mem", "Please specify the disk size of the VM in GB [Defaults to minimum"
        " requirement: 25]: ", default="25"),
    ask("ovehosted_vmenv_mac", "You may specify a unicast MAC address for the VM or accept a"
        " randomly generated default [00:16:3e:11:22:33]: ", default="00:16:3e:11:22:33"),
    ask("ovehosted_vmenv_mem", "Please specify the memory size of the VM in MB [Defaults to minimum"
        " requirement: 4096]: ", default="4096"),
    ask("OVEHOSTED_VM_CONSOLE_TYPE", "Please specify the console type you would like to use to"
        " connect to the VM (vnc, spice) [vnc]: ", valid=["vnc", "spice"], default="vnc"),
    ask("APP_HOST_NAME", "Enter the name which will be used to identify this host inside the"
        " Administrator Portal [hosted_engine_1]: ", default="hosted_engine_1",
        case_sensitive=True),
    ask("ENGINE_ADMIN_PASSWORD", "Enter 'admin@internal' user password that will be used for"
        " accessing the Administrator Portal: ", hidden=True, case_sensitive=True),
    ask("ENGINE_ADMIN_PASSWORD", "Confirm 'admin@internal' user password: ", hidden=True,
        case_sensitive=True),
    ask("OVEHOSTED_NETWORK_FQDN", "Please provide the FQDN for the engine you would like to use.\n"
        "Note: This will be the FQDN of the VM you are now going to create.\n Engine FQDN: ",
        case_sensitive=True),
    *MAIL,
    {"stages": ["Setup validation"]},
    ask("SETTINGS_PROCEED", "Please confirm installation settings (Yes, No)[Yes]: ", **YES_NO),
    {"stages": ["Transaction setup", "Misc configuration", "Package installation", "Misc"
                " configuration", "Transaction commit", "Closing up"]},
    ask("OVEHOSTED_INSTALLING_OS", GUIDE_MENU, valid=["1", "2", "3", "4"], default="1"),
    {"note": "Hosted Engine successfully set up"},
    {"stages": ["Clean up", "Pre-termination", "Termination"]},
]  # fmt: skip
SAID = [
    "Yes", "fc", "2", "eth1", "Yes", "192.0.2.1", "pxe", "hosted_engine", "model_Penryn", "2",
    "25", "00:16:3e:77:b2:a4", "4096", "vnc", "he_1", "s3cret-5", "s3cret-5", None, "localhost",
    "25", "root@localhost", "a@example.com,b@example.com", "Yes", "1",
]  # fmt: skip

ANSIBLE: Given = {
    "host": HOST, "era": "4.5", "build": "2.7", "proceed": True, "screen_proceed": True,
    "ip_version": "as-resolved", "gateway": "192.0.2.254", "nic": "eth0", "network_test": "dns",
    "data_center": "Default", "cluster": "Default", "keycloak": True, "vcpus": 2,
    "memory_mb": 16384, "vm_domain": "example.com", "root_password": PASSWORD,
    "root_ssh_access": "yes", "openscap": False, "fips": False,
    "mac": "00:16:3e:77:b2:a4", "vm_network": "dhcp", "vm_etc_hosts": True,
    "smtp_server": "localhost", "smtp_port": 25, "mail_from": "root@localhost",
    "mail_to": ("root@localhost",), "admin_password": PASSWORD, "host_fqdn": HOST,
    "storage_type": "nfs", "nfs_version": "auto",
    "storage_connection": "storage.example.com:/he", "mount_options": "", "disk_gb": 61,
}  # fmt: skip


LIST = "Please indicate a nic to set ovirtmgmt bridge on: (eth0, eth1) [eth0]: "

# The order of 4.5 as measured; storage comes after the bootstrap.
NEW = [
    {"stages": ["Initializing", "Environment setup"]},
    ask("DEPLOY_PROCEED", "Continuing will configure this host.\n"
        "Are you sure you want to continue? (Yes, No)[Yes]: ", **YES_NO),
    ask("TMUX_PROCEED", "It is highly recommended to abort the installation and run it inside a"
        " tmux session.\nDo you want to continue anyway? (Yes, No)[No]: ", valid=["Yes", "No"],
        default="No"),
    {"stages": ["Environment customization"]},
    ask("FORCE_IP_PROCEED", "This host has dual stack, and neither --4 nor --6 was given.\n"
        "Do you want to continue anyway? (Yes, No)[No]: ", valid=["Yes", "No"], default="No"),
    ask("OVEHOSTED_GATEWAY", "Please indicate the gateway IP address [192.0.2.1]: ",
        default="192.0.2.1"),
    ask("ovehosted_bridge_if", LIST, valid=["eth0", "eth1"], default="eth0", case_sensitive=True),
    ask("OVEHOSTED_NETWORK_TEST", "Please specify which way the network connectivity should be"
        " checked (ping, dns, tcp, none) [dns]: ", valid=["ping", "dns", "tcp", "none"],
        default="dns"),
    ask("ovehosted_datacenter_name", "Please enter the name of the data center where you want to"
        " deploy this hosted-engine host.\nData center: [Default]: ", default="Default",
        case_sensitive=True),
    ask("ovehosted_cluster_name", "Please enter the name of the cluster.\nCluster: [Default]: ",
        default="Default", case_sensitive=True),
    ask("ovehosted_enable_keycloak", "Configure Keycloak integration on the engine(Yes, No) [Yes]:"
        " ", **YES_NO),
    ask("OVEHOSTED_VMENV_OVF_ANSIBLE", "If you want to deploy with a custom engine appliance image,"
        " please specify the path.\nAppliance image path []: ", default=""),
    ask("ovehosted_vmenv_cpu", "Please specify the number of virtual CPUs for the VM. [4]: ",
        default="4"),
    ask("ovehosted_vmenv_mem", "Please specify the memory size of the VM in MB. [16384]: ",
        default="16384"),
    ask("CI_INSTANCE_HOSTNAME", "Please provide the FQDN you would like to use for the engine.\n"
        "Engine VM FQDN:  []: ", case_sensitive=True),
    ask("CI_INSTANCE_DOMAINNAME", "Engine VM domain: [example.org]", default="example.org"),
    ask("CI_ROOT_PASSWORD", "Enter root password that will be used for the engine appliance: ",
        hidden=True, case_sensitive=True),
    ask("CI_ROOT_PASSWORD", "Confirm appliance root password: ", hidden=True,
        case_sensitive=True),
    ask("CI_ROOT_SSH_PUBKEY", "You may provide an SSH public key, that will be added by the"
        " deployment script. SSH public key []: ", default=""),
    ask("CI_ROOT_SSH_ACCESS", "Do you want to enable ssh access for the root user? (yes, no,"
        " without-password) [yes]: ", valid=["yes", "no", "without-password"], default="yes"),
    ask("CI_APPLY_OPENSCAP_PROFILE", "Do you want to apply an OpenSCAP security profile? (Yes, No)"
        " [No]: ", valid=["Yes", "No"], default="No"),
    ask("CI_ENABLE_FIPS", "Do you want to enable FIPS? (Yes, No) [No]: ", valid=["Yes", "No"],
        default="No"),
    ask("ovehosted_vmenv_mac", "Please specify a unicast MAC address for the VM, or accept a"
        " randomly generated default [00:16:3e:11:22:33]: ", default="00:16:3e:11:22:33"),
    ask("CI_VM_STATIC_NETWORKING", "How should the engine VM network be configured? (DHCP, Static)"
        "[DHCP]: ", valid=["DHCP", "Static"], default="DHCP"),
    ask("CI_VM_ETC_HOST", "Add lines for the appliance itself and for this host to /etc/hosts?\n"
        "Note: ensuring that this host could resolve the engine VM hostname is still up to you.\n"
        "Add lines to /etc/hosts? (Yes, No)[Yes]: ", **YES_NO),
    *MAIL,
    ask("ENGINE_ADMIN_PASSWORD", "Enter engine admin password: ", hidden=True,
        case_sensitive=True),
    ask("ENGINE_ADMIN_PASSWORD", "Confirm engine admin password: ", hidden=True,
        case_sensitive=True),
    {"stages": ["Setup validation"]},
    ask("OVESETUP_NETWORK_FQDN_first_HE", "Please provide the hostname of this host on the"
        " management network [h]: ", default="h", case_sensitive=True),
    {"stages": ["Transaction setup", "Misc configuration (early)", "Package installation", "Misc"
                " configuration", "Transaction commit", "Closing up"]},
    {"log": ["INFO", "Cleaning previous attempts"]},
    {"log": ["INFO", "TASK [ovirt.ovirt.hosted_engine_setup : Wait for the local VM]"]},
    ask("OVEHOSTED_STORAGE_DOMAIN_TYPE", "Please specify the storage you would like to use"
        " (glusterfs, iscsi, fc, nfs)[nfs]: ", valid=["glusterfs", "iscsi", "fc", "nfs"],
        default="nfs", case_sensitive=True),
    ask("OVEHOSTED_STORAGE_NFS_VERSION", "Please specify the nfs version you would like to use"
        " (auto, v3, v4, v4_0, v4_1, v4_2)[auto]: ",
        valid=["auto", "v3", "v4", "v4_0", "v4_1", "v4_2"], default="auto"),
    ask("OVEHOSTED_STORAGE_DOMAIN_CONNECTION", "Please specify the full shared storage connection"
        " path to use (example: host:/path): ", case_sensitive=True),
    ask("OVEHOSTED_STORAGE_DOMAIN_MNT_OPTIONS", "If needed, specify additional mount options for"
        " the connection to the hosted-engine storagedomain (example: rsize=32768,wsize=32768)"
        " []: ", default=""),
    ask("ovehosted_vmenv_image", "Please specify the size of the VM disk in GiB: [52]: ",
        default="52"),
    {"log": ["INFO", "Hosted Engine successfully deployed"]},
    {"stages": ["Clean up", "Pre-termination", "Termination"]},
]  # fmt: skip
SAID_NEW = [
    "Yes", "Yes", "Yes", "192.0.2.254", "eth0", "dns", "Default", "Default", "Yes", "", "2",
    "16384", None, "example.com", "r00t-pass", "r00t-pass", "", "yes", "No", "No",
    "00:16:3e:77:b2:a4", "DHCP", "Yes", "localhost", "25", "root@localhost", "root@localhost",
    "s3cret-5", "s3cret-5", HOST, "nfs", "auto", "storage.example.com:/he", "", "61",
]  # fmt: skip


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    yield
    end_all_tools(tmp_path)


@pytest.mark.parametrize("head", [{"generation": "old"}, {"only": "human"}], ids=["old", "human"])
def test_the_guides_whole_dialog_is_answered_from_the_interview(tmp_path, head):
    with an_engine() as engine:
        site = lay_out(tmp_path, [head, *GUIDE])
        given = {**CLASSIC, "fqdn": engine.fqdn}
        run = create_run(site, PROCEDURE.name, given, {}, {},
                         {"menu.OVEHOSTED_INSTALLING_OS.1": "continue",
                          "menu.1-2-3-4-1.1": "continue"},
                         folder=tmp_path / "runs")  # fmt: skip
        deploying = Deploying(run, {"admin_password": "s3cret-5"}, procedure=PROCEDURE).start()
        assert deploying.end().finish is Finish.DONE
        said = [engine.fqdn if word is None else word for word in SAID]
    assert Folder(tmp_path).answers() == said
    asked = [a.question.name for a in deploying.view.questions if a.by != "prepared answers"]
    assert asked == []


@pytest.mark.parametrize("head", [{}, {"only": "human"}], ids=["framed", "human"])
def test_the_whole_dialog_of_4_5_is_answered_from_the_interview(tmp_path, head):
    with an_engine() as engine:
        site = lay_out(tmp_path, [head, *NEW])
        given = {**ANSIBLE, "fqdn": engine.fqdn}
        run = create_run(site, PROCEDURE.name, given, {}, {}, {}, folder=tmp_path / "runs")
        secrets = {"admin_password": "s3cret-5", "root_password": "r00t-pass"}
        deploying = Deploying(run, secrets, procedure=PROCEDURE).start()
        assert deploying.end().finish is Finish.DONE
        said = [engine.fqdn if word is None else word for word in SAID_NEW]
    assert Folder(tmp_path).answers() == said
    assert deploying.view.questions == []


def test_the_answer_file_leaves_the_questions_before_any_change_to_the_tool():
    for given, era in ((CLASSIC, "classic"), (ANSIBLE, "4.5")):
        text = answer_file(given, era)
        assert "deployProceed" not in text
        assert "confirmSettings" not in text
        assert "OVEHOSTED_NETWORK/gateway=str:" in text
        assert "assword" not in text
    assert "storageDomainConnection" not in answer_file(ANSIBLE, "4.5")

"""The simulated tool says what the reference on hosted-engine records, to the letter.

The client here knows nothing of Rekindle's own dialog client.
"""

from __future__ import annotations

import os
import re
import signal

import pytest

from steps.drill.practice_hosts import first_world as world
from steps.drill.practice_hosts.answers import GUIDE_HOST, NEW_HOST
from tests.real.practice_hosts_support import practice_hosts
from tests.real.practice_talk import MACHINE, Talk

ADMIN, ROOT = "s3cret-5", "r00t-pass"
PATH = f"{world.STORAGE}:{world.EXPORT}"
NEW_ANSWERS = {
    "FORCE_IP_PROCEED": "yes", "CI_INSTANCE_HOSTNAME": world.ENGINE, "CI_ROOT_PASSWORD": ROOT,
    "ENGINE_ADMIN_PASSWORD": ADMIN, "OVEHOSTED_STORAGE_DOMAIN_CONNECTION": PATH,
}  # fmt: skip
GUIDE_ANSWERS = {
    "OVEHOSTED_VMENV_BOOT": "pxe", "ENGINE_ADMIN_PASSWORD": ADMIN,
    "OVEHOSTED_NETWORK_FQDN": world.ENGINE, "OVEHOSTED_STORAGE_DOMAIN_CONNECTION": PATH,
}  # fmt: skip

# Reference, section 4, rows 1 to 33 without those of branches that are not taken.
NEW_BEFORE = [
    "DEPLOY_PROCEED", "FORCE_IP_PROCEED", "OVEHOSTED_GATEWAY", "ovehosted_bridge_if",
    "OVEHOSTED_NETWORK_TEST", "ovehosted_datacenter_name", "ovehosted_cluster_name",
    "ovehosted_enable_keycloak", "OVEHOSTED_VMENV_OVF_ANSIBLE", "ovehosted_vmenv_cpu",
    "ovehosted_vmenv_mem", "CI_INSTANCE_HOSTNAME", "CI_INSTANCE_DOMAINNAME", "CI_ROOT_PASSWORD",
    "CI_ROOT_PASSWORD", "CI_ROOT_SSH_PUBKEY", "CI_ROOT_SSH_ACCESS", "CI_APPLY_OPENSCAP_PROFILE",
    "CI_ENABLE_FIPS", "ovehosted_vmenv_mac", "CI_VM_STATIC_NETWORKING", "CI_VM_ETC_HOST",
    "DIALOGOVEHOSTED_NOTIF/smtpServer", "DIALOGOVEHOSTED_NOTIF/smtpPort",
    "DIALOGOVEHOSTED_NOTIF/sourceEmail", "DIALOGOVEHOSTED_NOTIF/destEmail",
    "ENGINE_ADMIN_PASSWORD", "ENGINE_ADMIN_PASSWORD", "OVESETUP_NETWORK_FQDN_first_HE",
]  # fmt: skip
NEW_NFS = [
    "OVEHOSTED_STORAGE_DOMAIN_TYPE", "OVEHOSTED_STORAGE_NFS_VERSION",
    "OVEHOSTED_STORAGE_DOMAIN_CONNECTION", "OVEHOSTED_STORAGE_DOMAIN_MNT_OPTIONS",
    "ovehosted_vmenv_image",
]  # fmt: skip
# Section 3: rows 13 and 14 are asked in the alphas, host name before password.
GUIDE_NAMES = ["OVEHOSTED_STORAGE_DOMAIN_NAME", "OVEHOSTED_STORAGE_DATACENTER_NAME"]
GUIDE_REST = [
    "ovehosted_bridge_if", "OHOSTED_NETWORK_FIREWALL_MANAGER", "OVEHOSTED_GATEWAY",
    "OVEHOSTED_VMENV_BOOT", "OVEHOSTED_STORAGE_IMG_ALIAS", "ovehosted_vmenv_cpu_type",
    "ovehosted_vmenv_cpu", "ovehosted_vmenv_mem", "ovehosted_vmenv_mac", "ovehosted_vmenv_mem",
    "OVEHOSTED_VM_CONSOLE_TYPE", "APP_HOST_NAME", "ENGINE_ADMIN_PASSWORD",
    "ENGINE_ADMIN_PASSWORD", "OVEHOSTED_NETWORK_FQDN", "DIALOGOVEHOSTED_NOTIF/smtpServer",
    "DIALOGOVEHOSTED_NOTIF/smtpPort", "DIALOGOVEHOSTED_NOTIF/sourceEmail",
    "DIALOGOVEHOSTED_NOTIF/destEmail", "SETTINGS_PROCEED",
]  # fmt: skip
MENUS = ["OVEHOSTED_INSTALLING_OS", "OVEHOSTED_ENGINE_UP"]
STAGES = [
    "Initializing", "Environment setup", "Environment packages setup", "Programs detection",
    "Environment setup (late)", "Environment customization", "Setup validation",
    "Transaction setup", "Misc configuration (early)", "Package installation",
    "Misc configuration", "Transaction commit", "Closing up", "Clean up", "Pre-termination",
    "Termination",
]  # fmt: skip


@pytest.fixture(scope="module")
def standing():
    with practice_hosts() as hosts:
        yield hosts


@pytest.fixture
def hosts(standing):
    standing.begin()
    return standing


def deploy(hosts, host, *options, wide=0, machine=True, **environment):
    dialect = (MACHINE,) if machine else ()
    agent = hosts.places.agent(host)
    return Talk(agent, "hosted-engine", "--deploy", *dialect, *options, wide=wide, **environment)


def root_file(hosts, host, path):
    return (hosts.places.root(host) / path.lstrip("/")).read_text()


# -- the newer generation ---------------------------------------------------------------------


def test_4_5_asks_in_the_measured_order_and_ends_with_exit_code_0(hosts):
    talk = deploy(hosts, NEW_HOST)
    assert talk.answer_all(NEW_ANSWERS, old=False) == 0
    assert talk.asked == [*NEW_BEFORE, *NEW_NFS]
    assert re.findall(r"^\*\*\*L:INFO Stage: (.*)$", talk.said, re.MULTILINE) == STAGES
    assert "***L:INFO Hosted Engine successfully deployed\n" in talk.said
    assert talk.said.endswith("***TERMINATE\n")


def test_a_frame_of_4_5_is_built_as_otopi_builds_it(hosts):
    talk = deploy(hosts, NEW_HOST)
    text = talk.until(r"^\*\*%QEnd: DEPLOY_PROCEED\n")
    frame = text[text.index("**%QStart: DEPLOY_PROCEED") :].splitlines()
    assert frame[0] == "**%QStart: DEPLOY_PROCEED"
    assert (
        frame[-7] == "### At the end the disk of the local VM will be moved to the shared storage."
    )
    assert frame[-6:] == [
        "### Are you sure you want to continue? (Yes, No)[Yes]: ",
        "**%QDefault: Yes",
        "**%QValidValues: Yes|No",
        "**%QHidden: FALSE",
        "***Q:STRING DEPLOY_PROCEED",
        "**%QEnd: DEPLOY_PROCEED",
    ]
    os.close(talk.given)
    talk.given = talk.theirs
    assert talk.end() == 1


def test_4_5_prints_its_events_first_and_each_one_as_it_passes(hosts):
    talk = deploy(hosts, NEW_HOST)
    assert talk.answer_all(NEW_ANSWERS, old=False) == 0
    lines = talk.said.splitlines()
    start, end = lines.index("**%EventsListStart"), lines.index("**%EventsListEnd")
    planned = [line.removeprefix("**%EventsListEntry ") for line in lines[start + 1 : end]]
    ended = [line[12:] for line in lines[end:] if line.startswith("**%EventEnd ")]
    assert planned == ended
    assert all(re.fullmatch(r"STAGE \S+ METHOD \S+ \(None\)", line) for line in planned)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("iscsi", ["OVEHOSTED_STORAGE_ISCSI_IP_ADDR", "OVEHOSTED_STORAGE_ISCSI_IP_PORT",
                   "OVEHOSTED_STORAGE_ISCSI_USER", "OVEHOSTED_STORAGE_ISCSI_PASSWORD",
                   "OVEHOSTED_STORAGE_ISCSI_USER", "OVEHOSTED_STORAGE_ISCSI_PASSWORD",
                   "OVEHOSTED_STORAGE_ISCSI_TARGET", "OVEHOSTED_STORAGE_BLOCKD_LUN"]),
        ("fc", ["OVEHOSTED_STORAGE_BLOCKD_LUN"]),
        ("glusterfs", ["OVEHOSTED_STORAGE_DOMAIN_CONNECTION",
                       "OVEHOSTED_STORAGE_DOMAIN_MNT_OPTIONS"]),
    ],
)  # fmt: skip
def test_each_storage_of_4_5_asks_its_own_questions(hosts, kind, asked):
    talk = deploy(hosts, NEW_HOST)
    answers = NEW_ANSWERS | {
        "OVEHOSTED_STORAGE_DOMAIN_TYPE": kind, "OVEHOSTED_STORAGE_ISCSI_IP_ADDR": "192.0.2.5",
        "OVEHOSTED_STORAGE_ISCSI_USER#1": "chap", "OVEHOSTED_STORAGE_ISCSI_PASSWORD": "pass",
        "OVEHOSTED_STORAGE_BLOCKD_LUN": "2" if kind == "iscsi" else "1",
        "OVEHOSTED_STORAGE_DOMAIN_CONNECTION": f"{world.STORAGE}:{world.GLUSTER_EXPORT}",
    }  # fmt: skip
    assert talk.answer_all(answers, old=False) == 0
    after = talk.asked[len(NEW_BEFORE) :]
    assert after == ["OVEHOSTED_STORAGE_DOMAIN_TYPE", *asked, "ovehosted_vmenv_image"]


def test_the_lists_of_targets_and_luns_are_printed_as_measured(hosts):
    talk = deploy(hosts, NEW_HOST)
    answers = NEW_ANSWERS | {
        "OVEHOSTED_STORAGE_DOMAIN_TYPE": "iscsi", "OVEHOSTED_STORAGE_ISCSI_IP_ADDR": "192.0.2.5",
        "OVEHOSTED_STORAGE_BLOCKD_LUN": "2",
    }  # fmt: skip
    assert talk.answer_all(answers, old=False) == 0
    assert (
        "### The following targets have been found:\n"
        f"### \t[1]\t{world.TARGET}\n### \t\tTPGT: 1, portals:\n### \t\t\t192.0.2.5:3260\n"
    ) in talk.said
    assert (
        "### The following luns have been found on the requested target:\n"
        "### \t[1]\t3514f0c5447600351\t30.0GiB\tXtremIO\tXtremApp\n"
        "### \t\tstatus: used, paths: 2 active\n###\n"
        "### \t[2]\t3514f0c5447600352\t100.0GiB\tXtremIO\tXtremApp\n"
        "### \t\tstatus: free, paths: 2 active\n"
    ) in talk.said
    assert "### Please select the destination LUN (1, 2) [1]: \n" in talk.said


def test_a_restore_has_its_own_questions_and_takes_the_name_from_the_backup(hosts):
    (hosts.places.root(NEW_HOST) / "root/engine.backup").write_bytes(b"backup")
    talk = deploy(hosts, NEW_HOST, "--restore-from-file=/root/engine.backup", "--4")
    answers = NEW_ANSWERS | {"ovehosted_datacenter_name": "Default",
                             "ovehosted_cluster_name": "Default"}  # fmt: skip
    assert talk.answer_all(answers, old=False) == 0
    assert "FORCE_IP_PROCEED" not in talk.asked
    assert "CI_INSTANCE_HOSTNAME" not in talk.asked
    place = talk.asked.index("ovehosted_cluster_name")
    assert talk.asked[place + 1 : place + 3] == [
        "ovehosted_renew_pki",
        "ovehosted_pause_on_restore",
    ]
    frame = talk.said[talk.said.index("**%QStart: ovehosted_datacenter_name") :]
    assert "QDefault" not in frame[: frame.index("QEnd")]
    assert f"***L:INFO Using Engine VM FQDN {world.ENGINE} from backup file.\n" in talk.said
    assert "TASK [ovirt.ovirt.hosted_engine_setup : Run engine-backup]" in talk.said


def test_static_networking_asks_for_an_address_of_the_subnet(hosts):
    talk = deploy(hosts, NEW_HOST)
    answers = NEW_ANSWERS | {
        "CI_VM_STATIC_NETWORKING": "static", "CLOUDINIT_VM_STATIC_IP_ADDRESS#1": "198.51.100.9",
        "CLOUDINIT_VM_STATIC_IP_ADDRESS#2": world.ENGINE_ADDRESS,
    }  # fmt: skip
    assert talk.answer_all(answers, old=False) == 0
    assert talk.asked.count("CLOUDINIT_VM_STATIC_IP_ADDRESS") == 2
    assert "***L:ERROR 198.51.100.9 is not in the subnet 192.0.2.0/24 of the host\n" in talk.said
    assert talk.asked[talk.asked.index("CI_DNS") + 1] == "CI_VM_ETC_HOST"


def test_storage_in_the_answer_file_makes_a_storage_mistake_fatal(hosts):
    file = hosts.places.root(NEW_HOST) / "root/answers.conf"
    file.write_text("[environment:default]\nOVEHOSTED_STORAGE/domainType=str:nfs\n"
                    "OVEHOSTED_STORAGE/storageDomainConnection=str:elsewhere:/none\n")  # fmt: skip
    talk = deploy(hosts, NEW_HOST, "--config-append=/root/answers.conf")
    assert talk.answer_all(NEW_ANSWERS, old=False) == 1
    assert "Failed to execute stage 'Closing up': " in talk.said
    ending = "***L:ERROR Hosted Engine deployment failed: please check the logs for the issue,"
    assert f"{ending} fix accordingly or re-deploy from scratch.\n" in talk.said


# -- the guide's generation -------------------------------------------------------------------


def test_the_guides_build_asks_in_the_measured_order(hosts):
    talk = deploy(hosts, GUIDE_HOST)
    assert talk.answer_all(GUIDE_ANSWERS, old=True) == 0
    storage = ["DEPLOY_PROCEED", "OVEHOSTED_STORAGE_DOMAIN_TYPE",
               "OVEHOSTED_STORAGE_DOMAIN_CONNECTION"]  # fmt: skip
    once = [n for i, n in enumerate(talk.asked) if n != "OVEHOSTED_ENGINE_UP" or n not in
            talk.asked[:i]]  # fmt: skip
    assert once == [*storage, *GUIDE_NAMES, *GUIDE_REST, *MENUS, "cluster_name"]


def test_the_guides_build_asks_first_and_explains_after_and_knows_no_frames(hosts):
    talk = deploy(hosts, GUIDE_HOST)
    text = talk.until(r"continue\? \(Yes, No\)\[Yes\]: \n")
    tail = (
        "***Q:STRING DEPLOY_PROCEED\n"
        "### Continuing will configure this host for serving as hypervisor and create a VM where"
        " you have to install oVirt Engine afterwards.\n"
        "### Are you sure you want to continue? (Yes, No)[Yes]: \n"
    )
    assert text.endswith(tail)
    assert "**%" not in text
    os.close(talk.given)
    talk.given = talk.theirs
    assert talk.end() == 1
    assert "Failed to execute stage 'Environment setup': End of file\n" in talk.said


def test_the_guides_progress_lines_come_in_their_order(hosts):
    talk = deploy(hosts, GUIDE_HOST)
    assert talk.answer_all(GUIDE_ANSWERS, old=True) == 0
    told = re.findall(r"^\*\*\*L:INFO (.*)$", talk.said, re.MULTILINE)
    told = told[told.index("Configuring libvirt") :]
    wanted = [
        "Configuring libvirt", "Configuring VDSM", "Starting vdsmd",
        "Waiting for VDSM hardware info", "Waiting for VDSM hardware info",
        "Configuring the management bridge", "Creating Storage Domain", "Creating Storage Pool",
        "Connecting Storage Pool", "Verifying sanlock lockspace initialization",
        "Creating VM Image", "Disconnecting Storage Pool", "Start monitoring domain",
        "Configuring VM", "Updating hosted-engine configuration", "Stage: Transaction commit",
        "Stage: Closing up", "Creating VM", "Creating VM",
        "Engine replied: DB Up!Welcome to Health Status!", "Connecting to the Engine",
    ]  # fmt: skip
    assert told[: len(wanted)] == wanted
    assert "### Hosted Engine successfully set up\n" in talk.said
    assert re.search(
        r'### Use temporary password "[0-9]{4}[A-Za-z]{4}" to connect to vnc', talk.said
    )


def test_the_preview_has_the_tools_rows_and_no_ends_it(hosts):
    talk = deploy(hosts, GUIDE_HOST)
    assert talk.answer_all(GUIDE_ANSWERS | {"SETTINGS_PROCEED": "no"}, old=True) == 1
    assert "### --== CONFIGURATION PREVIEW ==--\n" in talk.said
    assert f"### Storage connection                 : {PATH}\n" in talk.said
    assert "### CPU Type                           : model_Haswell\n" in talk.said
    reason = "Failed to execute stage 'Setup validation': Configuration was rejected by user\n"
    assert f"***L:ERROR {reason}" in talk.said


@pytest.mark.parametrize(
    ("build", "fault", "options"),
    [
        (world.GUIDE, "", ["Continue setup - VM installation is complete",
                           "Reboot the VM and restart installation", "Abort setup",
                           "Destroy VM and abort setup"]),
        ("1.3.0", "", ["Continue setup - VM installation is complete", "Power off and restart"
                       " the VM", "Abort setup", "Destroy VM and abort setup"]),
        (world.GUIDE, "menu-order-1.3.1",
         ["Continue setup - VM installation is complete", "Abort setup",
          "Reboot the VM and restart installation", "Destroy VM and abort setup"]),
        ("1.3.1", "", ["Continue setup - VM installation is complete", "Abort setup",
                       "Power off and restart the VM", "Destroy VM and abort setup"]),
    ],
)  # fmt: skip
def test_the_numbers_of_the_menu_moved_between_builds(hosts, build, fault, options):
    hosts.begin(*([fault] if fault else []))
    with hosts.places.world.change() as facts:
        facts["hosts"][GUIDE_HOST]["build"] = build
    talk = deploy(hosts, GUIDE_HOST)
    destroy = str(options.index("Destroy VM and abort setup") + 1)
    answers = GUIDE_ANSWERS | {"OVEHOSTED_INSTALLING_OS": destroy}
    assert talk.answer_all(answers, old=True) == 1
    assert re.findall(r"^###   \((\d)\) (.*)$", talk.said, re.MULTILINE) == [
        (str(number), text) for number, text in enumerate(options, start=1)
    ]
    assert "###   (1, 2, 3, 4)[1]: \n" in talk.said
    assert hosts.places.world.read()["engine"]["state"] == "absent"


@pytest.mark.parametrize("kind", ["iscsi", "fc"])
def test_a_used_lun_of_the_guides_build_is_forced_or_the_end(hosts, kind):
    hosts.begin("lun-in-use")
    answers = GUIDE_ANSWERS | {
        "OVEHOSTED_STORAGE_DOMAIN_TYPE": kind, "OVEHOSTED_STORAGE_ISCSI_IP_ADDR": "192.0.2.5",
    }  # fmt: skip
    talk = deploy(hosts, GUIDE_HOST)
    assert talk.answer_all(answers, old=True) == 1
    assert talk.asked[-1] == "OVEHOSTED_FORCE_CREATEVG"
    assert "### (Force, Abort)[Abort]? \n" in talk.said
    talk = deploy(hosts, GUIDE_HOST)
    assert talk.answer_all(answers | {"OVEHOSTED_FORCE_CREATEVG": "Force"}, old=True) == 0


def test_a_disc_that_is_none_is_asked_for_again(hosts):
    folder = hosts.places.root(GUIDE_HOST) / "root"
    (folder / "disc.iso").write_bytes(b"\0" * 32769 + b"CD001")
    (folder / "text.iso").write_bytes(b"\0" * 40000)
    talk = deploy(hosts, GUIDE_HOST)
    answers = GUIDE_ANSWERS | {
        "OVEHOSTED_VMENV_BOOT": "cdrom", "OVEHOSTED_VMENV_CDROM#1": "/root/none.iso",
        "OVEHOSTED_VMENV_CDROM#2": "/root/text.iso", "OVEHOSTED_VMENV_CDROM#3": "/root/disc.iso",
        "SETTINGS_PROCEED": "no",
    }  # fmt: skip
    assert talk.answer_all(answers, old=True) == 1
    assert talk.asked.count("OVEHOSTED_VMENV_CDROM") == 3
    assert talk.asked[talk.asked.index("OVEHOSTED_VMENV_CDROM") - 1] == "ovehosted_vmenv_cpu_type"


# -- answers, ends, terminals -----------------------------------------------------------------


def test_a_wrong_choice_ends_it_in_the_machine_dialect(hosts):
    talk = deploy(hosts, NEW_HOST)
    assert talk.answer_all(NEW_ANSWERS | {"OVEHOSTED_NETWORK_TEST": "snmp"}, old=False) == 1
    stage = "Failed to execute stage 'Environment customization'"
    assert f"***L:ERROR {stage}: Invalid value provided to 'OVEHOSTED_NETWORK_TEST'\n" in talk.said
    assert "***L:ERROR Hosted Engine deployment failed\n" in talk.said


def test_a_wrong_choice_is_asked_again_in_the_human_dialect(hosts):
    talk = deploy(hosts, NEW_HOST, machine=False, wide=1000)
    talk.until(r"\(Yes, No\)\[Yes\]:\Z")
    talk.say("perhaps")
    assert "\033[0;31m[ ERROR ]\033[0m Invalid value" in talk.until(r"Invalid value")
    talk.until(r"\(Yes, No\)\[Yes\]:\Z")
    talk.say("no")
    assert talk.end() == 1


def test_the_human_dialect_wraps_at_the_terminals_width_less_16(hosts):
    talk = deploy(hosts, GUIDE_HOST, machine=False, wide=80)
    text = talk.until(r"\(Yes, No\)\[Yes\]:\Z").replace("\r\n", "\n")
    assert "\033[92m[ INFO  ]\033[0m Stage: Initializing\n" in text
    tail = text[text.index("          Continuing") :].splitlines()
    assert tail == [
        "          Continuing will configure this host for serving as hypervisor",
        "          and create a VM where you have to install oVirt Engine",
        "          afterwards.",
        "          Are you sure you want to continue? (Yes, No)[Yes]:",
    ]
    os.write(talk.given, b"\x04")
    assert talk.end() == 1
    assert "End of file" in talk.said


def test_a_hidden_answer_is_not_echoed(hosts):
    talk = deploy(hosts, NEW_HOST, "--4", machine=False, wide=1000)
    for prompt in range(40):
        text = talk.until(r"[:?\]]\Z")
        if "root password" in text:
            break
        name = world.ENGINE if "Engine VM FQDN" in text else ""
        talk.say(name)
        assert prompt < 39
    for _time in range(2):
        talk.say_hidden(ROOT)
        talk.until(r"[:?\]]\Z")
    assert ROOT not in talk.said
    os.kill(_outer(hosts, talk), signal.SIGTERM)
    assert talk.end() == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_as_otopi_says_it(hosts, number):
    talk = deploy(hosts, GUIDE_HOST)
    talk.until(r"\[Yes\]: \n")
    os.kill(_outer(hosts, talk), number)
    assert talk.end() == 1
    assert f"Failed to execute stage 'Environment setup': SIG{number.value}\n" in talk.said
    stages = ["Clean up", "Pre-termination", "Termination"]
    assert re.findall(r"Stage: (.*)", talk.said)[-3:] == stages


def _outer(hosts, talk) -> int:
    """The process's number as this test sees it: the one whose number inside is the talk's.

    Below the hosts of this test: in those of others the same number may be a tool as well.
    """
    keepers = {hosts.places.agent_file(name).read_text().strip() for name in (NEW_HOST, GUIDE_HOST)}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and entry not in keepers and _is_below(entry, keepers):
            try:
                with open(f"/proc/{entry}/status") as status:
                    text = status.read()
                with open(f"/proc/{entry}/cmdline") as line:
                    command = line.read()
            except OSError:
                continue
            inner = re.search(r"^NSpid:\s+\d+\s+(\d+)$", text, re.MULTILINE)
            if inner and int(inner[1]) == talk.process.pid and "hosted-engine" in command:
                return int(entry)
    raise AssertionError("the tool's process is not there")


def _is_below(process, keepers) -> bool:
    while process not in ("0", "1"):
        if process in keepers:
            return True
        try:
            with open(f"/proc/{process}/stat") as status:
                process = status.read().rpartition(")")[2].split()[1]
        except OSError:
            return False
    return False


def test_answer_files_are_written_without_passwords(hosts):
    talk = deploy(hosts, NEW_HOST, "--generate-answer=/root/generated.conf")
    assert talk.answer_all(NEW_ANSWERS, old=False) == 0
    for path in ("/root/generated.conf", "/etc/ovirt-hosted-engine/answers.conf"):
        text = root_file(hosts, NEW_HOST, path)
        assert text.startswith("[environment:default]\n")
        assert f"OVEHOSTED_VM/cloudinitInstanceHostName=str:{world.ENGINE}\n" in text
        assert "OVEHOSTED_VM/vmMemSizeMB=int:16384\n" in text
        assert "OVEHOSTED_CORE/deployProceed=bool:True\n" in text
        assert ADMIN not in text
        assert ROOT not in text
        assert "bridgeIf" not in text
    assert "Generating answer file '/etc/ovirt-hosted-engine/answers.conf'" in talk.said


def test_the_log_file_tells_which_question_it_is_at(hosts):
    talk = deploy(hosts, GUIDE_HOST)
    talk.until(r"\[Yes\]: \n")
    os.close(talk.given)
    talk.given = talk.theirs
    talk.end()
    (log,) = (hosts.places.root(GUIDE_HOST) / "var/log/ovirt-hosted-engine-setup").iterdir()
    assert re.fullmatch(r"ovirt-hosted-engine-setup-\d{14}-[0-9a-f]{6}\.log", log.name)
    assert "DEBUG otopi query DEPLOY_PROCEED\n" in log.read_text()


@pytest.mark.parametrize(
    ("host", "old", "name"),
    [(NEW_HOST, False, "TMUX_PROCEED"), (GUIDE_HOST, True, "SCREEN_PROCEED")],
)
def test_over_ssh_it_asks_for_screen_or_tmux(hosts, host, old, name):
    talk = deploy(hosts, host, TERM="xterm", SSH_CLIENT="192.0.2.99 4242 22")
    assert talk.answer_all({"DEPLOY_PROCEED": "yes"}, old=old) == 1
    assert talk.asked == ["DEPLOY_PROCEED", name]

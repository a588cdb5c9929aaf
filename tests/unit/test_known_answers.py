"""What is said to the running tool: the answer of the right row, or nothing at all."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given as invented
from hypothesis import strategies as st

from config.interviews.hosted_engine.merged import ROWS
from config.interviews.hosted_engine.preview import WIDTH, preview_rows, preview_text, settings
from config.secrets import SecretReference
from steps.hosted_engine.known_answers import KnownAnswer, KnownAnswers
from tests.unit.hosted_engine_rows import FACTS, FRAGMENTS


@dataclass(frozen=True)
class Asked:
    """As the dialog client hands it over."""

    name: str = ""
    text: str = ""
    occurrence: int = 1
    choices: tuple = ()
    hidden: bool | None = None


GIVEN = {
    "era": "classic", "build": "1.3.0_alpha3", "storage_type": "nfs3",
    "storage_connection": "storage.example.com:/hosted_engine/nfs", "proceed": True,
    "nic": "eth1", "manage_iptables": True, "gateway": "192.0.2.1", "boot": "pxe",
    "image_alias": "hosted_engine", "cpu_model": "model_Penryn", "vcpus": 2, "disk_gb": 25,
    "mac": "00:16:3e:77:b2:a4", "memory_mb": 4096, "console": "spice", "host_name": "he_1",
    "admin_password": SecretReference("prompt"), "fqdn": "Engine.example.com",
    "smtp_server": "localhost", "smtp_port": 25, "mail_from": "root@localhost",
    "mail_to": ("a@example.com", "b@example.com"), "confirm_settings": True,
    "required_networks": "ask", "lun": "3514f0c5447600352", "host": "h1",
}  # fmt: skip
SAID = {
    "storage_type": "nfs3", "storage_connection": "storage.example.com:/hosted_engine/nfs",
    "nic": "eth1", "manage_iptables": "Yes", "gateway": "192.0.2.1", "boot": "pxe",
    "image_alias": "hosted_engine", "cpu_model": "model_Penryn", "vcpus": "2", "disk_gb": "25",
    "mac": "00:16:3e:77:b2:a4", "memory_mb": "4096", "console": "spice", "host_name": "he_1",
    "fqdn": "Engine.example.com", "smtp_server": "localhost", "smtp_port": "25",
    "mail_from": "root@localhost", "mail_to": "a@example.com,b@example.com",
    "confirm_settings": "Yes",
}  # fmt: skip
CLASSIC = KnownAnswers(GIVEN, "classic")


@pytest.mark.parametrize("key", FRAGMENTS)
def test_every_prompt_of_the_guide_is_answered_without_its_id(key):
    answer = CLASSIC.answer(Asked(text=FRAGMENTS[key]))
    if "PASSWORD" in key:
        assert answer == KnownAnswer("admin_password", secret="admin_password")
    else:
        name = next(row.name for row in ROWS if row.key == key)
        assert answer == KnownAnswer(name, SAID[name])


@pytest.mark.parametrize("key", FACTS)
def test_every_row_with_an_answer_is_found_by_id_and_occurrence_or_prompt(key):
    row = next(row for row in ROWS if row.key == key)
    if not row.id:
        return
    prompt = row.fragments[0].replace("...", " ") if row.fragments else ""
    found = KnownAnswers({}, row.era).row(Asked(row.id, prompt, row.occurrence or 1))
    assert found is not None
    assert found.name == row.name


def test_one_id_for_disk_and_memory_is_told_apart_by_the_prompt_alone():
    memory = Asked("ovehosted_vmenv_mem", "Please specify the memory size of the VM in MB", 1)
    disk = Asked("ovehosted_vmenv_mem", "Please specify the disk size of the VM in GB", 2)
    assert CLASSIC.answer(memory).text == "4096"
    assert CLASSIC.answer(disk).text == "25"
    assert CLASSIC.answer(Asked("ovehosted_vmenv_mem", "Something new about it:", 1)) is None


def test_a_wrapped_prompt_is_recognised():
    text = "Enter the name which will be used to identify this\n          host inside the\n portal:"
    assert CLASSIC.answer(Asked(text=text)).text == "he_1"


def test_a_password_is_one_answer_for_both_questions_and_goes_to_hidden_ones_only():
    for number, prompt in (
        (1, "Enter engine admin password:"),
        (2, "Confirm engine admin password:"),
    ):
        asked = Asked("ENGINE_ADMIN_PASSWORD", prompt, number, hidden=True)
        assert CLASSIC.answer(asked) == KnownAnswer("admin_password", secret="admin_password")
        shown = Asked("ENGINE_ADMIN_PASSWORD", prompt, number, hidden=False)
        assert CLASSIC.answer(shown) is None
    assert CLASSIC.answer(Asked("OVEHOSTED_GATEWAY", "gateway", hidden=True)) is None


def test_nothing_is_said_that_the_tool_would_refuse():
    assert CLASSIC.answer(Asked("OVEHOSTED_VMENV_BOOT", choices=("cdrom", "disk"))) is None
    yes = Asked("DEPLOY_PROCEED", choices=("Yes", "No"))
    assert CLASSIC.answer(yes).text == "Yes"
    assert CLASSIC.answer(Asked("DEPLOY_PROCEED", choices=("yes", "no"))).text == "yes"


def test_a_lun_is_the_entry_with_its_guid_and_never_a_number():
    asked = Asked("OVEHOSTED_STORAGE_BLOCKD_LUN", choices=("1", "2"))
    assert CLASSIC.answer(asked) == KnownAnswer("lun", "3514f0c5447600352", entry=True)


def test_menus_and_what_the_operator_wants_to_be_asked_have_no_answer():
    for name in ("OVEHOSTED_INSTALLING_OS", "OVEHOSTED_ENGINE_UP", "OVEHOSTED_REQUIRED_NETWORKS"):
        assert CLASSIC.answer(Asked(name, choices=("1", "2", "3", "4"))) is None
        assert CLASSIC.answer(Asked(name)) is None


def test_a_question_left_empty_on_purpose_is_answered_with_an_empty_line():
    ansible = KnownAnswers({"era": "4.5"}, "4.5")
    assert ansible.answer(Asked("CI_ROOT_SSH_PUBKEY")) == KnownAnswer("root_ssh_key", empty=True)
    assert ansible.answer(Asked("OVEHOSTED_GATEWAY")) is None


def test_ip_versions_given_on_the_command_line_are_not_typed_as_answers():
    asked = Asked(
        "FORCE_IP_PROCEED", "... --4 or --6 ... Do you want to continue anyway? (Yes, No)"
    )
    assert KnownAnswers({"ip_version": "as-resolved"}, "4.5").answer(asked).text == "Yes"
    assert KnownAnswers({"ip_version": "4"}, "4.5").answer(asked) is None


def test_iscsi_users_for_discovery_and_login_are_two_answers():
    known = KnownAnswers({"iscsi_discover_user": "d", "iscsi_user": "l"}, "4.5")
    user = "OVEHOSTED_STORAGE_ISCSI_USER"
    assert known.answer(Asked(user, "Please specify the iSCSI discover user:", 1)).text == "d"
    assert known.answer(Asked(user, "Please specify the iSCSI portal login user:", 2)).text == "l"


@invented(st.text(max_size=40), st.text(max_size=80), st.integers(0, 9))
def test_an_unknown_question_is_never_answered(name, text, occurrence):
    known = {id_ for row in ROWS for id_ in row.ids}
    fits = any(row.fits(" ".join(text.split())) for row in ROWS)
    if name not in known and (name or not fits):
        assert CLASSIC.answer(Asked(name, text, occurrence)) is None


def test_the_preview_has_the_rows_of_the_guide():
    assert dict(preview_rows(GIVEN)) == {
        "Bridge interface": "eth1", "Engine FQDN": "Engine.example.com",
        "Bridge name": "ovirtmgmt", "SSH daemon port": "22", "Firewall manager": "iptables",
        "Gateway address": "192.0.2.1", "Host name for web application": "he_1", "Host ID": "1",
        "Image alias": "hosted_engine", "Image size GB": "25", "LUN ID": "3514f0c5447600352",
        "Storage connection": "storage.example.com:/hosted_engine/nfs", "Console type": "qxl",
        "Memory size MB": "4096", "MAC address": "00:16:3e:77:b2:a4", "Boot type": "pxe",
        "Number of CPUs": "2", "CPU Type": "model_Penryn",
    }  # fmt: skip


def test_labels_are_padded_as_the_tool_pads_them():
    lines = preview_text(GIVEN).splitlines()
    assert lines[0] == "--== CONFIGURATION PREVIEW ==--"
    assert lines[2] == "Bridge interface                   : eth1"
    assert all(line[WIDTH : WIDTH + 2] == ": " for line in lines[2:])


def test_review_shows_every_other_decision_too_and_no_password():
    shown = dict(settings({**GIVEN, "cluster": "Berne", "few_vcpus": True}))
    assert shown["Cluster"] == "Berne"
    assert shown["Host to deploy on"] == "h1"
    assert shown["Password of admin@internal"] == "prompt"
    assert "Required networks are missing on the host" not in shown


@pytest.mark.parametrize("words", ["discover", "portal login"])
def test_a_chap_password_that_nobody_needs_is_an_empty_line(words):
    # 4.5 asks for it even where the user was left empty.
    asked = Asked(
        "OVEHOSTED_STORAGE_ISCSI_PASSWORD",
        f"Please specify the iSCSI {words} password:",
        1 if words == "discover" else 2,
        hidden=True,
    )
    name = "iscsi_discover_password" if words == "discover" else "iscsi_password"
    user = "iscsi_discover_user" if words == "discover" else "iscsi_user"
    without = KnownAnswers({"era": "4.5", "storage_type": "iscsi"}, "4.5")
    assert without.answer(asked) == KnownAnswer(name, empty=True)
    with_user = KnownAnswers({"era": "4.5", "storage_type": "iscsi", user: "chap"}, "4.5")
    assert with_user.answer(asked) is None


def test_a_password_that_every_deployment_needs_is_never_left_empty():
    asked = Asked("ENGINE_ADMIN_PASSWORD", "Enter engine admin password:", hidden=True)
    assert KnownAnswers({"era": "4.5"}, "4.5").answer(asked) is None


EARLIER = {
    "appliance_ova": "please specify the path to the OVA archive you would like to use\n(leave it"
    " empty to skip, the setup will use the appliance rpm):",
    "root_ssh_key": "Enter ssh public key for the root user that will be used for the engine"
    " appliance (leave it empty to skip):",
    "openscap": "Do you want to apply a default OpenSCAP security profile (Yes, No) [No]:",
    "vm_etc_hosts": "Add lines for the appliance itself and for this host to /etc/hosts on the"
    " engine VM?\nNote: this host must still resolve it.\n(Yes, No)[Yes]",
    "data_center": "Please enter the name of the datacenter where you want to deploy this"
    " hosted-engine host. [Default]:",
    "cluster": "Please enter the name of the cluster where you want to deploy this hosted-engine"
    " host. [Default]:",
    "renew_pki": "Renew engine CA on restore if needed? Please notice that if you choose Yes, all"
    " hosts will have to be reinstalled. (Yes, No)[No]:",
    "vm_address": "Please enter the IP address to be used for the engine VM [192.0.2.2]:",
    "tcp_address": "Please specify the desired destination IP address of the TCP connection test:",
    "tcp_port": "Please specify the desired destination TCP port of the TCP connection test:",
    "few_vcpus": "Continue with specified CPUs? (Yes, No)[No]:",
}


@pytest.mark.parametrize("name", EARLIER)
def test_prompts_of_earlier_4_x_builds_are_recognised_without_an_id(name):
    found = KnownAnswers({}, "4.5").row(Asked(text=EARLIER[name]))
    assert found is not None
    assert found.name == name

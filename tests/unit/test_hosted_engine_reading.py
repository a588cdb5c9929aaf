"""What the dialog's lines mean: menus, defaults, phases, errors, endings, consoles, pauses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvalidInput
from config.secrets import Secret
from steps.hosted_engine.dialog.ansible_errors import unwrap
from steps.hosted_engine.dialog.answers import Answer, fit
from steps.hosted_engine.dialog.attention import (
    Console,
    console_password_in,
    pause_in,
    wants_shut_down,
)
from steps.hosted_engine.dialog.endings import Ending
from steps.hosted_engine.dialog.events import Asked, Level, Log, Note, Passed, Planned, Wants
from steps.hosted_engine.dialog.menus import Action, menu_of
from steps.hosted_engine.dialog.phases import ANSIBLE, CLASSIC, Progress, task_in
from steps.hosted_engine.dialog.prompt_text import choices_in, default_in, options_in
from steps.hosted_engine.dialog.vm_status import read_status
from steps.hosted_engine.remembered import Remembered
from tests.unit.hosted_engine_transcripts import BOUNDARY, FATAL, GUIDE_MENU, LATER_MENU, LUNS


def question(text="Storage? ", **fields):
    return Asked(fields.pop("name", "X"), fields.pop("occurrence", 1), text, **fields)


@pytest.mark.parametrize(
    ("prompt", "default", "choices"),
    [
        ("Are you sure you want to continue? (Yes, No)[Yes]: ", "Yes", ("Yes", "No")),
        ("Please indicate a nic to set ovirtmgmt bridge on: (eth1, eth0) [eth1]: ", "eth1",
         ("eth1", "eth0")),
        ("the number of virtual CPUs for the VM [Defaults to minimum requirement: 2]: ", "2", ()),
        ("full shared storage connection path to use (example: host:/path): ", None, ()),
        ("Please indicate a pingable gateway IP address [192.0.2.1]: ", "192.0.2.1", ()),
        ("Please specify the iSCSI portal user: ", None, ()),
        ("Engine FQDN:  []: ", "", ()),
        ("Please specify the target name (auto-detected values) [default]: ", "default", ()),
        ("Please indicate a nic to set ovirtmgmt bridge on: (em1) [em1]: ", "em1", ("em1",)),
        (GUIDE_MENU, "1", ("1", "2", "3", "4")),
        ("cloud-init to customize the appliance on the first boot (Yes, No)[Yes]? ", "Yes",
         ("Yes", "No")),
        ("number of virtual CPUs for the VM (Defaults to appliance OVF value): [4]: ", "4", ()),
        ("Engine VM FQDN: (leave it empty to skip): ", None, ()),
        ("Engine VM domain: [example.com]", "example.com", ()),
    ],
)  # fmt: skip
def test_default_and_choices_of_a_prompt_without_a_frame(prompt, default, choices):
    assert default_in(prompt) == default
    assert choices_in(prompt) == choices


@given(st.text(max_size=300))
def test_any_prompt_can_be_looked_at(text):
    default_in(text), choices_in(text), options_in(text), menu_of(question(text))


@pytest.mark.parametrize(
    ("menu", "numbers"), [(GUIDE_MENU, "1234"), (LATER_MENU, "1324")], ids=["guide", "1.3.1"]
)
def test_a_menu_is_read_by_its_words_because_the_numbers_moved(menu, numbers):
    found = menu_of(question(menu))
    order = (Action.CONTINUE, Action.RESTART, Action.ABORT, Action.DESTROY)
    assert "".join(found[action].number for action in order) == numbers


def test_a_list_of_luns_is_no_menu_and_a_lun_is_found_by_its_name():
    asked = question(LUNS, choices=("1", "2"))
    assert menu_of(asked) == {}
    assert fit(asked, Answer("3514f0c5447600352", entry=True)).text == "2"
    assert "status: free" in options_in(LUNS)[1].text
    with pytest.raises(InvalidInput, match="more than one"):
        fit(asked, Answer("XtremIO", entry=True))
    with pytest.raises(InvalidInput, match="not among"):
        fit(asked, Answer("36001405", entry=True))


@pytest.mark.parametrize("menu", [GUIDE_MENU, LATER_MENU], ids=["guide", "1.3.1"])
def test_the_prompt_below_a_menu_is_no_part_of_its_last_option(menu):
    assert options_in(menu)[-1].text == "Destroy VM and abort setup"


def test_a_menu_of_two_options_that_do_the_same_is_taken_for_none():
    assert menu_of(question("(1) Abort setup\n(2) Abort it\n(3) Continue")) == {}


def test_a_choice_is_sent_as_the_tool_spells_it():
    asked = question(choices=("Yes", "No"))
    assert fit(asked, Answer("yes")).text == "Yes"
    assert fit(question(choices=("a", "A")), Answer("a")).text == "a"
    with pytest.raises(InvalidInput, match="It takes: Yes, No"):
        fit(asked, Answer("maybe"))


def test_a_secret_goes_to_a_hidden_question_and_nothing_else_does():
    hidden, shown = question(hidden=True), question(hidden=False)
    assert fit(hidden, Answer(Secret("s3cret"))).secret
    with pytest.raises(InvalidInput, match="would show its answer") as shown_error:
        fit(shown, Answer(Secret("s3cret")))
    with pytest.raises(InvalidInput, match="asks for a secret"):
        fit(hidden, Answer("plain"))
    with pytest.raises(InvalidInput, match="control character") as control_error:
        fit(hidden, Answer(Secret("s3\ncret")))
    assert "s3" not in str(shown_error.value) + str(control_error.value)


def test_a_question_about_passwords_is_none_for_one_where_it_has_choices():
    text = "enable ssh access for the root user? (yes, no, without-password)[yes]:"
    assert not question(text, choices=("yes", "no", "without-password"), default="yes").is_secret
    assert question("Enter engine admin password: ").is_secret


def test_an_empty_line_is_sent_only_where_the_tool_has_a_default_or_it_is_meant():
    assert fit(question(default="x"), Answer("")).text == ""
    assert fit(question(), Answer("", empty=True)).text == ""
    with pytest.raises(InvalidInput, match="no default"):
        fit(question(), Answer(""))


@pytest.mark.parametrize("text", ["a\nb", "a\x04", "a\x1b[A", "\x7f", "x" * 5000])
def test_what_no_line_can_carry_is_not_sent(text):
    with pytest.raises(InvalidInput):
        fit(question(), Answer(text))


def test_other_forms_of_answers():
    value = question(name="V", wants=Wants.VALUE)
    assert fit(value, Answer("str:a=b")).text == "VALUE V=str:a=b"
    confirm = question(name="GPG_KEY", wants=Wants.CONFIRM)
    assert fit(confirm, Answer("Yes")).text == "CONFIRM GPG_KEY=yes"
    lines = question(wants=Wants.LINES, boundary=BOUNDARY)
    assert fit(lines, Answer("a\nb")).text == f"a\nb\n{BOUNDARY}"
    for asked, wrong in ((value, "untyped"), (confirm, "perhaps"), (lines, f"a\n{BOUNDARY}")):
        with pytest.raises(InvalidInput):
            fit(asked, Answer(wrong))


@pytest.mark.parametrize(
    "role",
    ["ovirt.ovirt.hosted_engine_setup", "ovirt.hosted_engine_setup", "oVirt.hosted-engine-setup"],
)
def test_a_task_is_known_by_its_name_however_its_role_is_spelt(role):
    assert task_in(f"TASK [{role} : Wait for the local VM]") == "Wait for the local VM"
    assert task_in("TASK [Gathering Facts]") == "Gathering Facts"
    progress = Progress(ANSIBLE)
    phase = progress.feed(Log(Level.INFO, f"TASK [{role} : Wait for the local VM]"))
    assert phase is not None
    assert phase.name == "reachable"


def test_phases_of_the_guide_come_in_order_and_never_go_back():
    progress = Progress(CLASSIC)
    lines = (
        "Stage: Initializing", "Stage: Environment customization", "Stage: Setup validation",
        "Stage: Misc configuration", "Configuring libvirt", "Configuring VDSM",
        "Configuring the management bridge", "Creating Storage Domain", "Creating VM Image",
        "Creating VM", "Creating VM", "Engine replied: DB Up!Welcome to Health Status!",
        "Waiting for the host to become operational in the engine. This may take several minutes",
        "Enabling and starting HA services", "Stage: Clean up", "Stage: Termination",
    )  # fmt: skip
    begun = [phase.name for line in lines if (phase := progress.feed(Log(Level.INFO, line)))]
    assert begun == [phase.name for phase in CLASSIC]
    assert progress.stage == "Termination"
    assert progress.changing


def test_the_tools_own_plan_makes_an_exact_bar():
    progress = Progress(ANSIBLE)
    assert progress.done_and_total == (0, len(ANSIBLE))
    progress.feed(Planned(4))
    for _ in range(6):
        progress.feed(Passed("x"))
    assert progress.done_and_total == (4, 4)


def test_an_ansible_error_is_unwrapped_to_what_it_says_and_the_whole_is_kept():
    error = unwrap(FATAL)
    assert error is not None
    assert error.message.startswith('Fault reason is "Operation Failed".')
    assert error.whole == FATAL
    assert unwrap("FAILED! something else") is None
    delegated = unwrap('fatal: [localhost -> 192.0.2.7]: UNREACHABLE! => {"msg": "no route"}')
    assert delegated is not None
    assert (delegated.host, delegated.message) == ("localhost -> 192.0.2.7", "no route")


def test_an_ansible_error_of_a_loop_tells_its_failed_parts():
    text = (
        'fatal: [h]: FAILED! => {"msg": "One or more items failed", "results": [{"failed": false,'
        ' "msg": "fine"}, {"failed": true, "msg": "disk full"}]}'
    )
    assert unwrap(text).message == "One or more items failed / disk full"


@pytest.mark.parametrize("where", ["stderr", "stdout"])
def test_a_command_that_failed_is_told_with_what_it_printed(where):
    said = {"msg": "non-zero return code", "rc": 1, "stderr": "", where: "FATAL: no such\nversion"}
    error = unwrap(f"fatal: [localhost]: FAILED! => {json.dumps(said)}")
    assert error.message == "non-zero return code / FATAL: no such version"
    said[where] = ""
    silent = unwrap(f"fatal: [localhost]: FAILED! => {json.dumps(said)}")
    assert silent.message == "non-zero return code"


@given(st.text(max_size=200))
def test_no_json_makes_unwrapping_raise(text):
    assert unwrap("fatal: [h]: FAILED! => " + text) is not None


def test_json_nested_without_end_is_shortened():
    assert len(unwrap("fatal: [h]: FAILED! => " + '{"msg":' * 100000).message) < 3000


def ending(*events):
    found = Ending()
    for event in events:
        found.feed(event)
    return found


def test_the_two_endings_tell_whether_anything_was_changed():
    early = ending(Log(Level.ERROR, "Hosted Engine deployment failed"))
    assert not early.changed(changing=True)
    late = ending(
        Log(Level.ERROR, "Hosted Engine deployment failed: please check the logs for the issue,"
            " fix accordingly or re-deploy from scratch."),
    )  # fmt: skip
    assert late.changed(changing=False)
    old = ending(
        Log(Level.ERROR, "Hosted Engine deployment failed: this system is not reliable, please"
            " check the issue, fix and redeploy"),
    )  # fmt: skip
    assert not old.changed(changing=False)
    assert old.changed(changing=True)


def test_a_failure_names_its_stage_reason_log_and_last_troubles():
    found = ending(
        Note("Log file: /var/log/ovirt-hosted-engine-setup/x.log"),
        Note("Version: otopi-1.10.4 (otopi-1.10.4-1.el9)"),
        Log(Level.ERROR, FATAL),
        Log(Level.ERROR, "Failed to execute stage 'Closing up': Failed executing ansible-playbook"),
    )
    assert found.log_file == "/var/log/ovirt-hosted-engine-setup/x.log"
    assert found.otopi == "1.10.4"
    assert found.summary == (
        "It failed in the stage 'Closing up': Failed executing ansible-playbook"
    )
    assert found.troubles[0].startswith("Fault reason")
    assert not found.succeeded


def test_success_and_the_expected_time_out_are_seen():
    found = ending(
        Log(Level.ERROR, "Timed out while waiting for host to start. Please check the logs."),
        Log(Level.ERROR, "Unable to add hosted_engine_2 to the manager"),
        Note("Hosted Engine successfully set up"),
    )
    assert (found.timed_out, found.not_added, found.succeeded) == (True, "hosted_engine_2", True)
    assert ending(Log(Level.INFO, "Hosted Engine successfully deployed")).succeeded


def test_a_pause_is_told_with_its_lock_file_and_only_with_one_of_the_roles_own():
    line = "TASK [ovirt.ovirt.hosted_engine_setup : Pause execution until {} is removed, delete it"
    good = "/tmp/ansible.573d6tqx_he_setup_lock"
    assert pause_in(Log(Level.INFO, line.format(good) + " once ready to proceed]")) == good
    for bad in ("/tmp/ansible.x/../../etc/passwd_he_setup_lock", "/etc/passwd", "/tmp/a b_lock"):
        assert pause_in(Log(Level.INFO, line.format(bad) + " once ready to proceed]")) is None


def test_the_console_is_told_and_its_password_is_found_to_be_hidden():
    console = Console()
    for line in (
        "You can now connect to the VM with the following command:",
        "\t/usr/bin/remote-viewer vnc://localhost:5900",
        'Use temporary password "3477XXAM" to connect to vnc console.',
        "virsh -c qemu+tls://Test/system console HostedEngine",
    ):
        console.feed(line)
    assert console.commands == [
        "/usr/bin/remote-viewer vnc://localhost:5900",
        "virsh -c qemu+tls://Test/system console HostedEngine",
    ]
    assert console_password_in('Use temporary password "3477XXAM" to connect') == "3477XXAM"
    assert wants_shut_down(Note("Please shutdown the VM allowing the system to launch it"))


STATUS = {
    "1": {"hostname": "host1.example.com", "host-id": 1, "live-data": True,
          "engine-status": {"vm": "up", "health": "good", "detail": "Up"}},
    "2": {"hostname": "host2.example.com", "host-id": 2, "live-data": True,
          "engine-status": {"vm": "down", "health": "bad", "detail": "unknown", "reason": "x"}},
    "global_maintenance": True,
}  # fmt: skip


def test_the_status_as_json_tells_each_host_and_stale_data_is_no_word_of_now():
    first, second = read_status(json.dumps(STATUS))
    assert (first.host, first.is_up) == ("host1.example.com", True)
    assert (second.machine, second.health, second.is_up) == ("down", "bad", False)
    stale = {"1": STATUS["1"] | {"live-data": False}}
    assert not read_status(json.dumps(stale))[0].is_up


@pytest.mark.parametrize(
    "head",
    ["--== Host host1.example.com (id: 1) status ==--",
     "--== Host 1 status ==--\n\nStatus up-to-date                   : True\n"
     "Hostname                           : host1.example.com"],
)  # fmt: skip
def test_the_status_as_text_is_read_in_both_spellings(head):
    text = (
        f"\n\n{head}\n\nHost ID                            : 1\n"
        'Engine status                      : {"health": "good", "vm": "up", "detail": "up"}\n'
        "Score                              : 2400\n"
    )
    (found,) = read_status(text)
    assert (found.host, found.is_up) == ("host1.example.com", True)
    engine = '{"health": "good", "vm": "up", "detail": "up"}'
    (stale,) = read_status(text.replace(engine, "unknown stale-data"))
    assert (stale.id, stale.live, stale.is_up, stale.machine) == (1, False, False, "unknown")


@given(st.text(max_size=200))
def test_no_status_makes_reading_it_raise(text):
    read_status(text)
    read_status("Engine status : {" + text + "}")
    read_status("{'1': 'a python dict'}")


@pytest.fixture
def remembered(tmp_path):
    return Remembered("berne/../x", tmp_path / "answers")


def test_an_answer_is_remembered_by_question_and_a_password_never(remembered, tmp_path):
    asked = question("Which colour? ", name="COLOUR")
    assert remembered.recall(asked) is None
    remembered.keep(asked, "blue")
    remembered.keep(question("Password: ", hidden=True), "s3cret")
    assert remembered.recall(asked) == "blue"
    assert remembered.recall(question("Which colour? ", name="OTHER")) is None
    (file,) = (tmp_path / "answers").iterdir()
    assert "s3cret" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"a": 1}', "\x00"])
def test_a_damaged_file_of_remembered_answers_is_as_good_as_none(remembered, tmp_path, content):
    asked = question("Which colour? ", name="COLOUR")
    remembered.keep(asked, "blue")
    (file,) = (tmp_path / "answers").iterdir()
    file.write_text(content)
    assert remembered.recall(asked) is None
    remembered.keep(asked, "red")
    assert remembered.recall(asked) == "red"

"""Deployments on practice hosts by the real steps: both generations, both dialects, each fault."""

from __future__ import annotations

import pytest

from steps.drill.practice_hosts import first_world as world
from steps.drill.practice_hosts.answers import ANSIBLE, CLASSIC, GUIDE_HOST, NEW_HOST
from steps.drill.practice_hosts.engine_machine import is_healthy
from steps.hosted_engine.detached_tool import Channel, DetachedTool
from steps.run.events import Finish
from tests.real.practice_hosts_support import SECRETS, practice_hosts
from tests.unit.scripted_tool_support import wait_until

BOTH = pytest.mark.parametrize("given", [ANSIBLE, CLASSIC], ids=["4.5", "classic"])
STORAGE_AGAIN = {
    "tool.OVEHOSTED_STORAGE_DOMAIN_TYPE.2": "nfs", "tool.OVEHOSTED_STORAGE_NFS_VERSION.2": "auto",
    "tool.OVEHOSTED_STORAGE_DOMAIN_CONNECTION.2": f"{world.STORAGE}:{world.OTHER_EXPORT}",
    "tool.OVEHOSTED_STORAGE_DOMAIN_MNT_OPTIONS.2": "",
    "tool.OVEHOSTED_STORAGE_DOMAIN_MNT_OPTIONS.2.empty.1": "empty",
}  # fmt: skip


@pytest.fixture(scope="module")
def standing():
    with practice_hosts() as hosts:
        yield hosts


@pytest.fixture
def hosts(standing, monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    standing.begin()
    yield standing
    for name in (NEW_HOST, GUIDE_HOST):
        _end_tools(standing, name)


def _end_tools(hosts, name):
    work = hosts.places.root(name) / "var/lib/rekindle"
    folders = [path for path in work.glob("deploy-*") if path.is_dir()] if work.exists() else []
    if folders:
        shell = hosts.shell(name)
        for folder in folders:
            tool = DetachedTool(shell, f"/var/lib/rekindle/{folder.name}", Channel.PIPES)
            tool.stop()
            wait_until(lambda tool=tool: tool.state().over)
        shell.close()


def prove(hosts, deploying):
    """Done, with an engine that is well, and no password anywhere in the run."""
    ended = deploying.end()
    assert ended.finish is Finish.DONE, ended.message
    facts = hosts.places.world.read()
    assert is_healthy(facts, hosts.places.world.now(facts))
    assert facts["engine"]["mac"] == world.FREE_MAC
    run = deploying.session.run.path
    for path in run.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(secret.encode() in data for secret in SECRETS.values()), path


def asked(deploying):
    """What somebody was asked, without what was answered in advance."""
    return [q.question.name for q in deploying.view.questions if q.by != "prepared answers"]


@BOTH
def test_a_tool_that_knows_no_machine_dialect_is_driven_in_a_terminal(hosts, tmp_path, given):
    hosts.begin("human-only")
    deploying = hosts.deploying(tmp_path, given).start()
    prove(hosts, deploying)
    assert asked(deploying) == []


@BOTH
def test_a_connection_cut_at_every_question_loses_nothing(hosts, tmp_path, given):
    hosts.begin(connection_dropped="every")
    deploying = hosts.deploying(tmp_path, given).start()
    prove(hosts, deploying)
    assert asked(deploying) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"storage_type": "iscsi", "iscsi_portal": world.STORAGE_ADDRESS, "iscsi_port": "3260",
         "iscsi_target": world.TARGET, "lun": world.FREE_LUN, "storage_connection": ""},
        {"storage_type": "fc", "lun": world.FC_LUN, "storage_connection": ""},
    ],
    ids=["iscsi", "fc"],
)  # fmt: skip
def test_a_lun_is_chosen_by_its_guid_out_of_the_tools_list(hosts, tmp_path, changes):
    deploying = hosts.deploying(tmp_path, ANSIBLE, **changes).start()
    prove(hosts, deploying)
    used = {lun["guid"] for lun in hosts.places.world.read()["storage"]["luns"] if lun["used"]}
    assert used == {world.USED_LUN, changes["lun"]}


def test_storage_that_refuses_is_asked_for_again_with_its_words(hosts, tmp_path):
    hosts.begin("export-not-writable")
    deploying = hosts.deploying(tmp_path, ANSIBLE).start()
    question = deploying.question("tool.OVEHOSTED_STORAGE_DOMAIN_TYPE.2")
    assert "Permission settings on the specified path do not allow access" in question.detail
    assert "FAILED! =>" not in question.detail
    with hosts.places.world.change() as facts:
        facts["faults"] = {}
    for name, answer in STORAGE_AGAIN.items():
        deploying.answer(name, answer)
    prove(hosts, deploying)
    assert hosts.places.world.read()["storage"]["exports"][world.OTHER_EXPORT]["used"]


def test_the_guides_tool_refuses_an_export_before_anything_is_changed(hosts, tmp_path):
    hosts.begin("export-not-writable")
    deploying = hosts.deploying(tmp_path, CLASSIC).start()
    question = deploying.question("step-failed")
    assert "not writable by vdsm:kvm" in question.text
    assert "Nothing was changed" in question.detail
    deploying.answer("step-failed", "stop")
    assert deploying.end().finish is not Finish.DONE
    assert hosts.places.world.read()["engine"]["state"] == "absent"


def test_the_pause_of_4_5_tells_why_and_where_and_is_resumed(hosts, tmp_path):
    hosts.begin("host-non-operational")
    deploying = hosts.deploying(tmp_path, ANSIBLE).start()
    question = deploying.question("pause")
    assert "has been set in non_operational status" in question.detail
    assert f"https://{NEW_HOST}:6900/ovirt-engine/" in question.detail
    assert list((hosts.places.root(NEW_HOST) / "tmp").glob("ansible.*_he_setup_lock"))
    with hosts.places.world.change() as facts:
        facts["faults"] = {}
    deploying.answer("pause", "resume")
    prove(hosts, deploying)


def test_a_failed_bootstrap_names_its_task_and_is_cleaned_up_and_done_again(hosts, tmp_path):
    hosts.begin("bootstrap-no-address")
    deploying = hosts.deploying(tmp_path, ANSIBLE).start()
    question = deploying.question("step-failed")
    assert "Get local VM IP" in question.detail
    assert "It had begun to change the host" in question.detail
    with hosts.places.world.change() as facts:
        facts["faults"] = {}
    deploying.answer("step-failed", "retry")
    deploying.answer("tool.again.1", "clean-up")
    prove(hosts, deploying)
    assert "ovirt-hosted-engine-cleanup ended with exit code 0" in deploying.log()


def test_a_mac_address_that_is_taken_is_told_by_the_addresses(hosts, tmp_path):
    deploying = hosts.deploying(tmp_path, ANSIBLE, mac=world.TAKEN_MAC).start()
    question = deploying.question("step-failed")
    assert "Engine VM IP address is 192.0.2.40" in question.detail
    deploying.answer("step-failed", "stop")
    deploying.end()


def test_an_engine_that_never_comes_up_is_never_called_up(hosts, tmp_path):
    hosts.begin("engine-never-healthy")
    deploying = hosts.deploying(tmp_path, ANSIBLE).start()
    question = deploying.question("step-failed")
    assert "the engine health check did not pass" in question.detail
    deploying.answer("step-failed", "stop")
    assert deploying.end().finish is not Finish.DONE


def test_the_menu_offers_to_continue_only_once_the_engine_is_well(hosts, tmp_path):
    hosts.begin("engine-never-healthy", "menu-order-1.3.1")
    deploying = hosts.deploying(tmp_path, CLASSIC, {"menu.OVEHOSTED_ENGINE_UP.1": ""})
    deploying.start()
    question = deploying.question("menu.OVEHOSTED_ENGINE_UP.1")
    (go_on,) = [choice for choice in question.choices if choice.value == "continue"]
    assert go_on.refused.startswith("not yet")
    deploying.answer("menu.OVEHOSTED_ENGINE_UP.1", "destroy")
    question = deploying.question("step-failed")
    assert "aborted by user" in question.text
    assert hosts.places.world.read()["engine"]["state"] == "absent"
    deploying.answer("step-failed", "stop")
    deploying.end()


def test_the_expected_time_out_of_a_restored_engine_is_no_failure(hosts, tmp_path):
    hosts.begin("engine-restored")
    deploying = hosts.deploying(tmp_path, CLASSIC, backup_file="/root/engine.backup").start()
    prove(hosts, deploying)
    log = deploying.log()
    assert "ERROR: Timed out while waiting for host to start. Please check the logs." in log
    assert "This time-out is expected when the engine is restored" in log
    assert "ERROR: Unable to add hosted_engine_1 to the manager" in log


@BOTH
def test_a_killed_tool_is_told_of_and_done_again(hosts, tmp_path, given):
    hosts.begin("tool-killed")
    deploying = hosts.deploying(tmp_path, given).start()
    question = deploying.question("step-failed")
    stage = "Misc configuration" if given is CLASSIC else "Closing up"
    assert f"killed by signal 9 in the stage {stage!r}" in question.text
    deploying.answer("step-failed", "retry")
    deploying.answer("tool.again.1", "clean-up")
    prove(hosts, deploying)


def test_storage_that_holds_an_engine_is_never_joined_by_accident(hosts, tmp_path):
    with hosts.places.world.change() as facts:
        facts["storage"]["exports"][world.EXPORT]["used"] = True
    deploying = hosts.deploying(tmp_path, CLASSIC).start()
    question = deploying.question("tool.OVEHOSTED_ADDITIONAL_HOST.1")
    assert "already contains a data domain" in question.text
    deploying.answer("tool.OVEHOSTED_ADDITIONAL_HOST.1", "No")
    assert "clean up the storage device" in deploying.question("step-failed").text
    deploying.answer("step-failed", "stop")
    deploying.end()


def test_a_question_that_nobody_foresaw_is_put_to_the_operator_as_it_is(hosts, tmp_path):
    hosts.begin("unknown-question")
    deploying = hosts.deploying(tmp_path, ANSIBLE).start()
    question = deploying.question("tool.OVEHOSTED_PRACTICE_UNFORESEEN.1")
    assert question.text == "Please name it (storage0, storage1) [storage0]:"
    assert "has no name yet" in question.detail
    assert [choice.value for choice in question.choices] == ["storage0", "storage1"]
    deploying.answer("tool.OVEHOSTED_PRACTICE_UNFORESEEN.1", "storage1")
    prove(hosts, deploying)

"""A lost engine on a practice site, restored by hand: the guide's way, and the newer tool's."""

from __future__ import annotations

import pytest

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.standing import ANSIBLE_HOSTS, FAILOVER, FIRST, NEW, THIRD
from steps.drill.practice_hosts import engine_machine
from steps.drill.practice_hosts import first_world as world
from tests.real.engine_site_support import standing_site
from tests.real.practice_talk import MACHINE, Talk

HOSTS = ANSIBLE_HOSTS | {FAILOVER: world.GUIDE, THIRD: world.GUIDE}
FILE, LOG = "/root/engine.backup", "/root/restore.log"
STORAGE = f"{world.STORAGE}:{world.OTHER_EXPORT}"
CLASSIC = {
    "OVEHOSTED_STORAGE_DOMAIN_CONNECTION": STORAGE, "OVEHOSTED_NETWORK_FQDN": world.ENGINE,
    "ENGINE_ADMIN_PASSWORD": "Practice-1", "APP_HOST_NAME": "hosted_engine_1",
    "OVEHOSTED_VMENV_MAC": world.FREE_MAC, "OVEHOSTED_VMENV_BOOT": "pxe",
}  # fmt: skip
NEWER = {
    "FORCE_IP_PROCEED": "Yes", "ovehosted_datacenter_name": "Default",
    "ovehosted_cluster_name": "Default", "CI_ROOT_PASSWORD": "Practice-2",
    "ENGINE_ADMIN_PASSWORD": "Practice-1", "OVEHOSTED_STORAGE_DOMAIN_CONNECTION": STORAGE,
    "ovehosted_vmenv_mac": world.FREE_MAC,
}  # fmt: skip


@pytest.fixture(scope="module")
def built():
    with standing_site(hosts=HOSTS) as site:
        yield site


@pytest.fixture
def lost(built, tmp_path, request):
    """The engine is lost with its host; a backup of a day when host-02 was free is at hand.

    With a parameter the backup knows a host by the address of the new one, under another name.
    """
    built.begin()
    with built.world.change() as facts:
        facts[db.KEY]["hosts"][1]["status"] = "maintenance"
        facts[db.KEY]["machines"].append(
            db.machine_record(
                "vm_mail", facts[db.KEY]["clusters"][0]["id"], facts[db.KEY]["hosts"][0]["id"]
            )
        )
        if getattr(request, "param", False):
            facts[db.KEY]["hosts"][2].update(address=NEW, uuid="other")
    command = ["engine-backup", "--mode=backup", f"--file={FILE}", f"--log={LOG}"]
    built.machine.run(command)
    built.archive = tmp_path / "engine.backup"
    built.machine.get(FILE, str(built.archive))
    engine_machine.destroy(built.world)
    with built.world.change() as facts:
        facts["hosts"][FIRST]["dead"] = True
    return built


def deploying(site, host, *options):
    return Talk(site.hosts.agent(host), "hosted-engine", "--deploy", MACHINE, *options)


def until_menu(talk, name, answers, *, old=True):
    """Answer up to that question, which stays open."""
    while True:
        asked = talk.next_question(old=old)
        assert asked is not None, talk.said[-3000:]
        if asked == name:
            return
        assert talk.asked.count(asked) < 4, talk.said[-2000:]
        talk.say(answers.get(asked, ""))


def restore_by_hand(site):
    shell = site.machine
    shell.put(str(site.archive), FILE)
    command = ["engine-backup", "--mode=restore", f"--file={FILE}", f"--log={LOG}",
               "--provision-db", "--provision-dwh-db", "--restore-permissions"]  # fmt: skip
    shell.run(command)
    talk = Talk(site.hosts.agent(world.ENGINE), "engine-setup", MACHINE, "--accept-defaults")
    assert talk.answer_all({}, old=False) == 0


def remove(site, name):
    with site.world.change() as facts:
        hosts = facts[db.KEY]["hosts"]
        hosts[:] = [host for host in hosts if host["name"] != name]


def test_the_guides_tool_waits_for_an_engine_and_fails_on_a_host_that_is_still_in_it(lost):
    talk = deploying(lost, FAILOVER)
    until_menu(talk, "OVEHOSTED_INSTALLING_OS", CLASSIC)
    assert not lost.answers(), "there is no system on it"
    talk.say("1")
    until_menu(talk, "OVEHOSTED_ENGINE_UP", CLASSIC)
    lost.new_machine()
    assert lost.machine.run(["systemctl", "is-active", "ovirt-engine"], check=False).code == 3
    talk.say("1")
    talk.until("Engine health status page is not yet reachable")
    until_menu(talk, "OVEHOSTED_ENGINE_UP", CLASSIC)
    restore_by_hand(lost)
    lost.until(lambda: engine_machine.is_healthy(f := lost.facts(), lost.world.now(f)))
    talk.say("1")
    until_menu(talk, "OVEHOSTED_ENGINE_FA", CLASSIC)
    assert "Host with the same address already exists" in talk.said
    remove(lost, "host-02")
    talk.say("1")
    talk.until("Unable to add hosted_engine_1 to the manager")
    assert "Timed out while waiting for host to start. Please check the logs." in talk.said
    assert talk.said.count("Still waiting for VDSM host") >= 20
    talk.until("The system will wait until the VM is down")
    host = lost.has("hosts", "hosted_engine_1")
    assert (host["status"], host["detail"]) == ("non_operational", "storage_domain_unreachable")
    lost.machine.run(["shutdown", "-h", "now"], check=False)
    assert talk.end() == 0
    assert "Hosted Engine successfully set up" in talk.said
    lost.until(lambda: engine_machine.is_healthy(f := lost.facts(), lost.world.now(f)))
    assert lost.facts()["engine"]["host"] == FAILOVER


def test_the_newer_tool_restores_the_file_inside_and_takes_out_only_what_the_role_finds(lost):
    host = lost.shell(NEW)
    host.put(str(lost.archive), FILE)
    talk = deploying(lost, NEW, f"--restore-from-file={FILE}")
    assert talk.answer_all(NEWER, old=False) == 0, talk.said[-3000:]
    facts = lost.facts()
    names = {host["name"]: host["status"] for host in facts[db.KEY]["hosts"]}
    assert set(names) == {"host-01", "host-02", "host-03", NEW}
    assert names[NEW] == "up"
    storage = {domain["name"].partition("_old_")[0] for domain in facts[db.KEY]["storage"]}
    assert storage == {"hosted_storage", "vm_data"}
    assert len(facts[db.KEY]["storage"]) == 3
    (engine,) = [m for m in facts[db.KEY]["machines"] if m["name"] == "HostedEngine"]
    assert engine["host"] == lost.has("hosts", NEW)["id"]
    assert facts[db.KEY]["fence_delay"] == 86400.0
    lost.new_machine()
    conf = "/etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf"
    assert f"ENGINE_FQDN={world.ENGINE}" in lost.machine.read(conf).decode()
    lost.until(lambda: engine_machine.is_healthy(f := lost.facts(), lost.world.now(f)))


@pytest.mark.parametrize("lost", [True], indirect=True)
def test_the_newer_tool_pauses_on_a_backup_that_it_cannot_take_and_fails_on_a_known_address(lost):
    host = lost.shell(NEW)
    host.put(str(lost.archive), FILE)
    with lost.world.change() as facts:
        facts["faults"]["wrong-version"] = "4.4.10"
    talk = deploying(lost, NEW, f"--restore-from-file={FILE}")
    until_menu(talk, "OVESETUP_NETWORK_FQDN_first_HE", NEWER, old=False)
    talk.say("")
    talk.until("Pause execution until .* is removed")
    assert "Backup was created by version '4.5.6' and can not be restored" in talk.said
    with lost.world.change() as facts:
        facts["faults"] = {}
    host.run(["sh", "-c", "rm -f /tmp/ansible.*_he_setup_lock"])
    assert talk.end() == 1
    assert "Host with the same address already exists" in talk.said
    assert "re-deploy from scratch" in talk.said

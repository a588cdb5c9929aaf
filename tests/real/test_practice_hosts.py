"""Practice hosts as hosts: what their programs say, what outlives what, what they cannot touch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import StepFailed, Unreachable
from config.secrets import Secret
from steps.drill.practice_hosts import first_world as world
from steps.drill.practice_hosts.answers import GUIDE_HOST, NEW_HOST
from steps.drill.practice_hosts.engine_machine import start
from steps.drill.practice_hosts.host_command import is_up
from steps.drill.practice_hosts.site import start_servers, stop_host, stop_servers
from steps.targets.ssh import SshShell
from tests.real.practice_hosts_support import practice_hosts


@pytest.fixture(scope="module")
def standing():
    with practice_hosts() as hosts:
        yield hosts


@pytest.fixture
def hosts(standing):
    # At the pace of our own clock: what is to be seen must not pass too soon.
    standing.begin(speed=1.0)
    return standing


@pytest.fixture
def shell(hosts):
    shell = hosts.shell(NEW_HOST)
    yield shell
    shell.close()


def deployed(hosts, host=NEW_HOST, *, healthy=True):
    """An engine that runs on that host, as a deployment leaves it."""
    (hosts.places.root(host) / "etc/ovirt-hosted-engine/hosted-engine.conf").write_text("vmid=1\n")
    with hosts.places.world.change() as facts:
        facts["engine"]["fqdn"] = world.ENGINE
        facts["hosts"][host]["ha"].update(joined=True, score=3400)
        facts["hosts"][host]["services"]["ovirt-ha-agent"] = "active"
    start(hosts.places.world, host, healthy_in=0.0 if healthy else None)


def said(shell, *command, code=0):
    done = shell.run(command, check=False)
    assert done.code == code, (done.out, done.err)
    return done.out


# -- what outlives what, what cannot be touched -------------------------------------------------


def test_a_host_writes_into_its_own_folder_and_cannot_change_this_machine(hosts, shell):
    shell.write("/etc/practice-was-here", b"x")
    assert (hosts.places.root(NEW_HOST) / "etc/practice-was-here").read_bytes() == b"x"
    assert not Path("/etc/practice-was-here").exists()
    for folder in ("/usr", "/usr/bin"):
        assert "Read-only" in shell.run(["touch", f"{folder}/x"], check=False).err
    assert "Read-only" in shell.run(
        ["sh", "-c", "echo 1 > /practice/code/steps/x"], check=False
    ).err  # fmt: skip
    seen = said(shell, "sh", "-c", "ls /proc | grep -c '^[0-9]*$'")
    assert int(seen) < 15, "it sees the processes of this machine"
    reach = "exec 3<>/dev/tcp/127.0.0.1/" + str(hosts.places.ports()[NEW_HOST])
    assert shell.run(["bash", "-c", reach], check=False).code != 0, "it reaches this machine"


def test_there_is_a_disc_to_install_the_engines_machine_from(shell):
    seen = said(shell, "dd", "if=/var/tmp/installation.iso", "bs=1", "skip=32769", "count=5")
    assert seen == "CD001"
    assert said(shell, "stat", "-c", "%a", "/var/tmp/installation.iso").strip() == "644"


def test_what_runs_on_a_host_outlives_the_connection_and_the_servers(hosts, shell):
    said(shell, "sh", "-c", "setsid sleep 300 </dev/null >/dev/null 2>&1 & echo $! > /root/pid")
    pid = shell.read("/root/pid").decode().strip()
    shell.close()
    stop_servers(hosts.places)
    with pytest.raises(Unreachable):
        hosts.shell(NEW_HOST).run(["true"])
    start_servers(hosts.places)
    again = hosts.shell(NEW_HOST)
    said(again, "kill", pid)
    again.close()


def test_a_host_that_loses_its_power_loses_its_processes_and_keeps_its_files(hosts, shell):
    boot = said(shell, "cat", "/proc/sys/kernel/random/boot_id")
    shell.write("/root/kept", b"kept")
    said(shell, "sh", "-c", "setsid sleep 301 </dev/null >/dev/null 2>&1 &")
    stop_servers(hosts.places)
    stop_host(hosts.places, NEW_HOST)
    assert not is_up(hosts.places.agent(NEW_HOST))
    start_servers(hosts.places)
    again = hosts.shell(NEW_HOST)
    assert (
        said(again, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").count("sleep 301") == 0
    )
    assert again.read("/root/kept") == b"kept"
    assert said(again, "cat", "/proc/sys/kernel/random/boot_id") != boot
    again.close()


def test_connections_are_cut_when_the_world_says_so(hosts, shell):
    said(shell, "true")
    # While the command runs: one that was cut before it is begun anew by itself.
    cut = threading.Timer(2.0, hosts.places.world.drop_connections, (NEW_HOST,))
    cut.start()
    with pytest.raises((Unreachable, StepFailed)):
        shell.run(["sleep", "30"])
    cut.join()
    said(shell, "true")


def test_root_comes_in_by_key_or_password_and_nobody_else_does(hosts):
    access = hosts.site.engine_host(NEW_HOST).shell
    password = Secret(hosts.places.password_file.read_text().strip())
    by_password = SshShell(replace(access, key_file=None), NEW_HOST, password)
    assert said(by_password, "id", "-u") == "0\n"
    by_password.close()
    for wrong in (
        SshShell(replace(access, key_file=None), NEW_HOST, Secret("wrong")),
        SshShell(replace(access, user="nobody", key_file=None), NEW_HOST, password),
    ):
        with pytest.raises(Exception, match=r"(?i)password|refuse|accept|let"):
            wrong.run(["true"])
        wrong.close()
    for file in (hosts.places.password_file, hosts.places.user_key):
        assert file.stat().st_mode & 0o077 == 0
    assert password.reveal() not in hosts.places.site_file.read_text()


def test_a_plain_user_can_have_practice_hosts():
    """In a user namespace of our own the program has no privilege over this machine."""
    program = (
        "from tests.real.practice_hosts_support import practice_hosts\n"
        "with practice_hosts() as hosts:\n"
        f"    print(hosts.shell({NEW_HOST!r}).run(['hostname']).out)\n"
    )
    prefix = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
    done = subprocess.run(
        [*prefix, sys.executable, "-P", "-c", program], capture_output=True, text=True,
        timeout=600, check=False, env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert done.stdout.strip() == NEW_HOST, done.stderr


# -- hosted-engine ------------------------------------------------------------------------------


def test_vm_status_as_json_has_the_measured_fields(hosts, shell):
    deployed(hosts)
    status = json.loads(said(shell, "hosted-engine", "--vm-status", "--json"))
    assert status["global_maintenance"] is False
    one = status["1"]
    assert set(one) == {
        "host-id", "host-ts", "score", "engine-status", "hostname", "maintenance", "stopped",
        "crc32", "conf_on_shared_storage", "local_conf_timestamp", "extra", "live-data",
    }  # fmt: skip
    assert one["engine-status"] == {"vm": "up", "health": "good", "detail": "Up"}
    assert (one["hostname"], one["score"], one["live-data"]) == (NEW_HOST, 3400, True)
    assert "state=EngineUp\nstopped=False\n" in one["extra"]


def test_vm_status_as_text_has_its_heading_by_version(hosts, shell):
    deployed(hosts)
    text = said(shell, "hosted-engine", "--vm-status")
    assert f"--== Host {NEW_HOST} (id: 1) status ==--\n" in text
    assert 'Engine status                      : {"vm": "up", "health": "good"' in text
    old = hosts.shell(GUIDE_HOST)
    deployed(hosts, GUIDE_HOST)
    text = said(old, "hosted-engine", "--vm-status", "--json")
    assert "--== Host 2 status ==--\n" in text, "there is no JSON in 3.x"
    old.close()


def test_without_a_deployment_the_subcommands_say_so(shell):
    assert said(shell, "hosted-engine", "--vm-status", code=1) == "You must run deploy first\n"
    said(shell, "hosted-engine", "--check-deployed", code=1)
    said(shell, "hosted-engine", "--check-liveliness", code=2)


def test_maintenance_is_one_flag_of_both(hosts, shell):
    deployed(hosts)
    said(shell, "hosted-engine", "--set-maintenance", "--mode=global")
    text = said(shell, "hosted-engine", "--vm-status")
    assert text.count("!! Cluster is in GLOBAL MAINTENANCE mode !!") == 2
    said(shell, "hosted-engine", "--set-maintenance", "--mode=local", code=1)
    said(shell, "hosted-engine", "--set-maintenance", "--mode=none")
    assert "GLOBAL" not in said(shell, "hosted-engine", "--vm-status")


def test_the_machine_is_shut_down_powered_off_and_started(hosts, shell):
    deployed(hosts)
    assert said(shell, "hosted-engine", "--check-liveliness").endswith("Hosted Engine is up!\n")
    assert "status is Up" in said(shell, "hosted-engine", "--vm-start", code=1)
    said(shell, "hosted-engine", "--vm-shutdown")
    assert '"detail": "Powering down"' in said(shell, "hosted-engine", "--vm-status")
    said(shell, "hosted-engine", "--vm-poweroff")
    assert (
        said(shell, "hosted-engine", "--check-liveliness", code=1) == "Hosted Engine is not up!\n"
    )
    said(shell, "hosted-engine", "--console", code=1)
    assert said(shell, "hosted-engine", "--vm-start") == "VM in WaitForLaunch\n"
    said(shell, "hosted-engine", "--console")


def test_a_console_password_is_taken_and_lasts_two_minutes(hosts, shell):
    deployed(hosts)
    out = said(shell, "hosted-engine", "--add-console-password", "--password=geheim1")
    assert "192.0.2.11:5900" in out
    facts = hosts.places.world.read()
    assert facts["engine"]["console_password"] == "geheim1"
    assert 0 < facts["engine"]["password_until"] - hosts.places.world.now(facts) <= 120


def test_metadata_is_cleaned_only_where_the_agent_is_stopped(hosts, shell):
    deployed(hosts)
    said(shell, "hosted-engine", "--clean-metadata", code=1)
    said(shell, "systemctl", "stop", "ovirt-ha-agent")
    said(shell, "hosted-engine", "--clean-metadata")
    assert not hosts.places.world.read()["hosts"][NEW_HOST]["ha"]["joined"]


def test_the_clean_up_removes_the_hosts_leftovers_and_leaves_storage_dirty(hosts, shell):
    deployed(hosts)
    with hosts.places.world.change() as facts:
        facts["storage"]["exports"][world.EXPORT]["used"] = True
    said(shell, "mkdir", "/var/tmp/localvmabc")
    text = said(shell, "ovirt-hosted-engine-cleanup", "-q")
    assert "  -=== Stop HA services ===- \n" in text
    assert "- removing /etc/ovirt-hosted-engine/hosted-engine.conf\n" in text
    assert "? /etc/vdsm/vdsm.conf already missing\n" in text
    assert shell.status("/etc/ovirt-hosted-engine/hosted-engine.conf") is None
    assert shell.status("/var/tmp/localvmabc") is None
    assert hosts.places.world.read()["storage"]["exports"][world.EXPORT]["used"]
    old = hosts.shell(GUIDE_HOST)
    said(old, "sh", "-c", "command -v ovirt-hosted-engine-cleanup", code=127)
    old.close()


# -- network and storage ------------------------------------------------------------------------


def test_the_network_is_the_worlds(shell):
    out = said(shell, "ip", "-o", "addr", "show")
    assert "2: eth0    inet 192.0.2.11/24 brd 192.0.2.255 scope global eth0\n" in out
    data = json.loads(said(shell, "ip", "-j", "addr", "show"))
    assert data[1]["addr_info"][0]["local"] == "192.0.2.11"
    assert said(shell, "ip", "-o", "-4", "route", "show", "default").startswith(
        "default via 192.0.2.1 dev eth0"
    )
    assert f"lladdr {world.TAKEN_MAC}" in said(shell, "ip", "neigh", "show")
    said(shell, "ping", "-c1", "-W1", world.GATEWAY)
    said(shell, "ping", "-c1", "-W1", world.ENGINE_ADDRESS, code=1)
    assert said(shell, "dig", "+short", world.ENGINE) == f"{world.ENGINE_ADDRESS}\n"
    assert said(shell, "getent", "ahosts", world.ENGINE).startswith(world.ENGINE_ADDRESS)
    assert said(shell, "hostname") == f"{NEW_HOST}\n"


def test_an_export_is_mounted_really_and_only_where_it_is_exported(hosts, shell):
    source = f"{world.STORAGE}:{world.EXPORT}"
    script = 'mount -t nfs -o vers=3 -- "$1" /mnt && df -P -k /mnt && echo x > /mnt/file'
    out = said(shell, "unshare", "-m", "sh", "-c", script, "sh", source)
    assert out.splitlines()[1].split()[3] == str(100 << 20)
    assert (hosts.places.exports / "hosted_engine_nfs/file").read_text() == "x\n"
    assert shell.list("/mnt") == (), "the mount has outlived its namespace"
    said(shell, "mount", "-t", "nfs", f"{world.STORAGE}:/elsewhere", "/mnt", code=32)
    assert said(shell, "showmount", "-e", "--no-headers", world.STORAGE).splitlines() == [
        f"{world.EXPORT} *", f"{world.OTHER_EXPORT} *",
    ]  # fmt: skip


def test_an_export_that_nobody_may_write_on_refuses_vdsm(hosts, shell):
    hosts.begin("export-not-writable")
    source = f"{world.STORAGE}:{world.EXPORT}"
    script = (
        'mount -t nfs -- "$1" /mnt && setpriv --reuid=36 --regid=36 --clear-groups'
        " sh -c 'echo x > /mnt/other'"
    )
    done = shell.run(["unshare", "-m", "sh", "-c", script, "sh", source], check=False)
    assert done.code != 0
    assert "Permission denied" in done.err


def test_the_engines_health_page_answers_by_its_name_once_it_is_well(hosts, shell):
    page = f"http://{world.ENGINE}/ovirt-engine/services/health"
    said(shell, "curl", "-sS", "--", page, code=7)
    deployed(hosts, healthy=False)
    assert "503" in said(shell, "curl", "-sS", "--", page)
    deployed(hosts)
    assert said(shell, "curl", "-sS", "--", page) == "DB Up!Welcome to Health Status!"


def test_the_worlds_clock_can_run_faster(hosts):
    hosts.begin(speed=1000.0)
    facts = hosts.places.world.read()
    before = hosts.places.world.now(facts)
    time.sleep(0.05)
    assert 50 <= hosts.places.world.now(facts) - before < 100_000

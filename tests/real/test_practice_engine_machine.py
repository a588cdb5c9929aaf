"""The engine's machine of a practice site: its way in, its power, what is on it."""

from __future__ import annotations

from contextlib import suppress

import pytest

from config.errors import Unreachable
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.standing import FAILOVER, FIRST
from steps.drill.practice_hosts import engine_machine
from steps.drill.practice_hosts import first_world as world
from steps.hosted_engine.archive.inspect import inspect
from steps.targets.host_keys import ChangedHostKey
from tests.real.engine_site_support import standing_site
from tests.real.practice_talk import MACHINE, Talk


@pytest.fixture(scope="module")
def built():
    with standing_site() as site:
        yield site


@pytest.fixture
def standing(built):
    built.begin()
    return built


def test_the_machine_answers_while_it_runs_and_a_new_one_has_a_key_of_its_own(standing):
    shell = standing.machine
    assert shell.run(["rpm", "-q", "ovirt-engine"]).out.startswith("ovirt-engine-4.5.6-1.el9")
    assert shell.run(["systemctl", "is-active", "ovirt-engine"]).out == "active\n"
    shell.write("/root/note", b"x")
    with suppress(Unreachable):
        # A machine that goes down may be quicker than its answer.
        shell.run(["shutdown", "-h", "now"])
    shell.close()
    standing.until(lambda: not standing.answers())
    engine_machine.start(standing.world, FAILOVER, healthy_in=0.0)
    standing.until(standing.answers)
    assert standing.machine.read("/root/note") == b"x", "the same machine lost its files"
    engine_machine.shut_down(standing.world, 0)
    standing.fresh_machine(FAILOVER, system=False)
    standing.until(lambda: not standing.answers())
    engine_machine.installed(standing.world)
    with pytest.raises(ChangedHostKey):
        standing.until(standing.answers)
    assert not (standing.hosts.root(world.ENGINE) / "root/note").exists()
    assert not (standing.hosts.root(world.ENGINE) / "etc/ovirt-engine").exists()


def test_a_dead_host_and_a_backup_server_are_as_the_world_has_them(standing):
    server = standing.shell(world.BACKUP)
    server.write("/var/backup/ovirt-engine/x", b"1")
    assert server.run(["sha256sum", "/var/backup/ovirt-engine/x"]).out.startswith("6b86b273")
    host = standing.shell(FAILOVER)
    assert host.run(["true"]).code == 0
    with standing.world.change() as facts:
        facts["hosts"][FAILOVER]["dead"] = True
    host.close()

    def gone() -> bool:
        try:
            standing.shell(FAILOVER).run(["true"])
        except Unreachable:
            return True
        return False

    standing.until(gone)


# -- engine-backup ------------------------------------------------------------------------------

FILE, LOG = "/root/engine.backup", "/root/engine.log"
PROVISION = ("--provision-db", "--provision-dwh-db", "--restore-permissions")


def backup(shell, *options, file=FILE, mode="backup"):
    command = ["engine-backup", f"--mode={mode}", f"--file={file}", f"--log={LOG}", *options]
    return shell.run(command, check=False)


def fetched(shell, folder, file=FILE):
    target = folder / "fetched.backup"
    shell.get(file, str(target))
    return target


@pytest.mark.parametrize(
    ("options", "form"),
    [((), "custom"), (("--db-dump-format=plain",), "plain"), (("--small-size",), "plain")],
)
def test_a_backup_is_a_real_archive_that_agrees_with_the_engines_database(
    standing, tmp_path, options, form
):
    with standing.world.change() as facts:
        hosts = facts[db.KEY]["hosts"]
        hosts[1]["status"], hosts[2]["power_management"] = "maintenance", True
    done = backup(standing.machine, *options)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[-6:] == ["- Files", "- Engine database 'engine'",
                          "- DWH database 'ovirt_engine_history'",
                          f"Packing into file '{FILE}'", "Notifying engine", "Done."]  # fmt: skip
    assert f"OUTPUT: Packing into file '{FILE}'" in standing.machine.read(LOG).decode()
    found = inspect(fetched(standing.machine, tmp_path))
    assert (found.problems, found.fit_for_restore) == ((), True)
    assert found.scopes == ("files", "db", "dwhdb")
    assert (found.version, found.engine_fqdn, found.layout.db_format) == (
        "4.5.6", world.ENGINE, form,
    )  # fmt: skip
    assert {host.name: host.status_name for host in found.hosts} == {
        "host-01": "Up", "host-02": "Maintenance", "host-03": "Up",
    }  # fmt: skip
    assert found.he_hosts == ("host-01", "host-02", "host-03")
    assert found.ready_failover_hosts == ("host-02",)
    assert found.data_centers[0].spm == "host-01"
    assert [host.name for host in found.hosts if host.power_management] == ["host-03"]
    assert {vm.name: (vm.status_name, vm.host) for vm in found.vms} == {
        "HostedEngine": ("Up", "host-01"), "vm_web": ("Up", "host-03"),
        "vm_build": ("Up", "host-03"), "vm_archive": ("Down", None),
    }  # fmt: skip
    assert found.restore_sets_down == ("vm_web",)
    assert [domain.name for domain in found.he_storage] == ["hosted_storage"]


def test_wrong_options_are_refused_in_its_own_words_and_a_failed_backup_leaves_an_empty_file(
    standing,
):
    shell = standing.machine
    shell.write("/root/pass", b"secret\n")
    change = ("--change-db-credentials", "--db-host=localhost", "--db-user=engine")
    for options, said in (
        (["--nonsense"], "Unknown option '--nonsense'. Please see '--help' for details."),
        (["--mode=bakup"], "invalid mode"),
        (["--scope=x"], "invalid scope 'x'"),
        (["--db-compressor=zip"], "invalid compressor 'zip'\nFATAL: failed parsing compressor"),
        (["--db-dump-format=tar"], "invalid dump format 'tar'"),
        (["--db-restore-jobs=0"], "invalid number of jobs"),
        (["--mode=restore"], "--file is missing"),
        (["--mode=verify"], "--file is missing"),
        (["--mode=restore", "--file=/no/file"], "/no/file does not exist"),
        (["--file=/a", "--log=/a"], "--file and --log can not be the same"),
        (["--tmpdir=/no"], "Temporary directory /no is missing or not a directory"),
        (["--he-remove-hosts"], "hosted-engine cleaning options work only in restore mode"),
        ([*change, "--db-passfile=/root/pass", "--db-name=e", "--provision-db"],
         "Cannot change credentials if provisioning a database"),
        (["--db-host=x"], "Please use --change-db-credentials to change engine db credentials"),
        (["--change-db-credentials"], "--db-host is missing"),
        ([*change], "--db-passfile or --db-password is missing"),
        ([*change, "--db-passfile=/no/pass"], "Can not read password file /no/pass"),
        ([*change, "--db-passfile=/root/pass"], "--db-name is missing"),
    ):  # fmt: skip
        done = shell.run(["engine-backup", *options], check=False)
        assert (done.code, done.err) == (1, f"FATAL: {said}\n"), options
    with standing.world.change() as facts:
        facts["faults"]["engine-backup-fails"] = "yes"
    done = backup(shell)
    assert (done.code, done.err) == (1, "FATAL: Database engine backup failed\n")
    assert "Done." not in done.out
    assert shell.status(FILE).size == 0
    assert "FATAL: Database engine backup failed" in shell.read(LOG).decode()


def restored(standing, tmp_path, *options):
    """A backup brought to a fresh machine, and what restoring it there says."""
    assert backup(standing.machine).code == 0
    copy = fetched(standing.machine, tmp_path)
    standing.fresh_machine(FAILOVER)
    shell = standing.machine
    shell.put(str(copy), FILE)
    return shell, backup(shell, *options, mode="restore")


def test_a_restore_without_a_permissions_flag_fails_after_the_files_and_not_again_once_mended(
    standing, tmp_path
):
    shell, done = restored(standing, tmp_path)
    assert done.code == 1
    assert "Please pass one of --restore-permissions or --no-restore-permissions" in done.err
    assert "- Files" in done.out
    assert f"ENGINE_FQDN={world.ENGINE}" in shell.read(
        "/etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf"
    ).decode()  # fmt: skip
    done = backup(shell, *PROVISION, mode="restore")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[-2:] == ["You should now run engine-setup.", "Done."]
    assert "- user 'engine', database 'engine'" in lines
    assert "  - Resetting HA VM status" in lines
    again = backup(shell, *PROVISION, mode="restore")
    assert "Please clean up everything and try again" in again.err
    assert not engine_machine.is_healthy(standing.facts(), standing.world.now())


@pytest.mark.parametrize(
    ("fault", "value", "said"),
    [
        ("wrong-version", "4.4.10", "Backup was created by version '4.5.6' and can not be restored"
         " using the installed version 4.4.10"),
        ("database-not-empty", "yes", "Please clean up everything and try again"),
    ],
)  # fmt: skip
def test_a_fresh_machine_that_does_not_fit_refuses_the_restore(
    standing, tmp_path, fault, value, said
):
    assert backup(standing.machine).code == 0
    copy = fetched(standing.machine, tmp_path)
    standing.fresh_machine(FAILOVER)
    with standing.world.change() as facts:
        facts["faults"][fault] = value
    shell = standing.machine
    shell.put(str(copy), FILE)
    done = backup(shell, *PROVISION, mode="restore")
    assert done.code == 1
    assert said in done.err
    with standing.world.change() as facts:
        facts["faults"] = {}
    assert backup(shell, *PROVISION, mode="restore").code == 0


def test_a_damaged_archive_is_refused_and_verify_fails_on_a_plain_one(standing, tmp_path):
    shell = standing.machine
    assert backup(shell).code == 0
    verified = backup(shell, mode="verify")
    assert (verified.code, verified.out.splitlines()[-1]) == (0, "Done.")
    assert "Engine service is active" in backup(shell, *PROVISION, mode="restore").err
    assert backup(shell, "--db-dump-format=plain", file="/root/plain").code == 0
    assert "Errors while running pg_restore" in backup(shell, file="/root/plain", mode="verify").err
    shell.run(["truncate", "-s", "-400", FILE])
    assert "cannot open /tmp/engine-backup." in backup(shell, mode="verify").err
    shell.write("/root/empty", b"")
    shell.run(["systemctl", "stop", "ovirt-engine"])
    refused = backup(shell, *PROVISION, file="/root/empty", mode="restore")
    assert "cannot open /tmp/engine-backup." in refused.err


# -- engine-setup -------------------------------------------------------------------------------


def setting_up(standing, *options, wide=0):
    dialect = () if wide else (MACHINE,)
    return Talk(standing.hosts.agent(world.ENGINE), "engine-setup", *dialect, *options, wide=wide)


def is_healthy(standing):
    facts = standing.facts()
    return engine_machine.is_healthy(facts, standing.world.now(facts))


def test_engine_setup_after_a_restore_takes_the_old_engine_up_and_finds_its_hosts(
    standing, tmp_path
):
    lose(standing, FIRST)
    shell, done = restored(standing, tmp_path, *PROVISION)
    assert done.code == 0
    assert shell.run(["engine-config", "-s", "DisableFenceAtStartupInSec=86400"]).code == 0
    talk = setting_up(standing)
    assert talk.answer_all({}, old=False) == 0
    assert talk.asked == ["OVESETUP_UPDATE_FIREWALL", "OVESETUP_DIALOG_CONFIRM_SETTINGS"]
    assert f"### {'Host FQDN':<40}: {world.ENGINE}" in talk.said
    assert "Skipping storing options as database already prepared" in talk.said
    assert "***L:INFO Execution of setup completed successfully" in talk.said
    standing.until(lambda: is_healthy(standing))
    settled(standing)
    assert standing.has("hosts", "host-01")["status"] == "non_responsive"
    assert standing.has("hosts", "host-03")["status"] == "up"
    assert standing.has("machines", "vm_web")["status"] == "down", "it is highly available"
    assert standing.has("machines", "vm_build")["status"] == "up"
    assert standing.facts()[db.KEY]["fence_delay"] == 86400.0


def lose(standing, name):
    with standing.world.change() as facts:
        facts["hosts"][name]["dead"] = True


def settled(standing):
    """Some minutes of the world later."""
    with standing.world.change() as facts:
        facts["started"] -= 200 / facts["speed"]
        db.settle(facts[db.KEY], standing.world.now(facts))


def test_the_human_dialect_asks_the_same_and_cancel_changes_nothing(standing, tmp_path):
    restored(standing, tmp_path, *PROVISION)
    talk = setting_up(standing, wide=120)
    talk.until(r"configure the firewall\? \(Yes, No\) \[Yes\]:")
    talk.say("")
    talk.until(r"settings \(OK, Cancel\) \[OK\]:")
    talk.say("Cancel")
    assert talk.end() == 1
    assert "Configuration was rejected by user" in talk.said
    assert not standing.facts()["engine"]["set_up"]
    talk = setting_up(standing, "--accept-defaults")
    assert talk.answer_all({}, old=False) == 0
    assert talk.asked == []


def test_faults_bring_the_questions_that_a_restored_database_may_bring(standing, tmp_path):
    restored(standing, tmp_path, *PROVISION)
    with standing.world.change() as facts:
        facts["faults"] = dict.fromkeys(
            ("engine-setup-updates", "engine-setup-pki-expires", "engine-setup-running-tasks",
             "engine-setup-db-violations"), "yes")  # fmt: skip
    talk = setting_up(standing)
    assert talk.answer_all({"OVESETUP_RENEW_PKI": "No", "OVESETUP_SKIP_RENEW_PKI_CONFIRM": "Yes"},
                           old=False) == 0  # fmt: skip
    assert talk.asked == [
        "OVESETUP_RPMDISTRO_PACKAGE_UPGRADE", "OVESETUP_UPDATE_FIREWALL", "OVESETUP_RENEW_PKI",
        "OVESETUP_SKIP_RENEW_PKI_CONFIRM", "OVESETUP_WAIT_RUNNING_TASKS",
        "OVESETUP_FIX_DB_VALIDATIONS", "OVESETUP_DIALOG_CONFIRM_SETTINGS",
    ]  # fmt: skip


def test_engine_setup_refuses_a_half_restored_machine_and_a_running_one(standing, tmp_path):
    talk = setting_up(standing)
    assert talk.answer_all({}, old=False) == 1
    assert 'not in "Global Maintenance" mode' in talk.said
    restored(standing, tmp_path)
    talk = setting_up(standing)
    assert talk.answer_all({}, old=False) == 1
    assert "Cannot connect to Engine database using existing credentials" in talk.said


def test_without_a_restore_engine_setup_makes_an_engine_that_knows_nobody(standing):
    standing.fresh_machine(FAILOVER)
    talk = setting_up(standing)
    assert talk.answer_all({"OVESETUP_CONFIG_ADMIN_SETUP": "Practice-1"}, old=False) == 0
    assert "OVESETUP_ENGINE_DB_LOCATION" in talk.asked
    assert standing.facts()[db.KEY]["hosts"] == []

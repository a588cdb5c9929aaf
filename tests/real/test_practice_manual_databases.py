"""Restores into databases that are made by hand, on the practice site's engine machine with a real
PostgreSQL of its own: over real SSH, up to an engine that is back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from config.answer_file import AnswerFile, save_answers
from config.errors import Unreachable
from config.secrets import Secret, SecretReference
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.standing import FIRST
from steps.drill.practice_hosts import engine_machine
from steps.drill.practice_hosts import first_world as world
from steps.drill.practice_hosts.programs import postgres_server
from steps.drill.practice_hosts.programs.context import Context
from steps.drill.practice_hosts.world import World
from steps.hosted_engine.archive.inspect import inspect
from steps.hosted_engine.machine_restore.databases import manual
from steps.hosted_engine.machine_restore.hba_file import MARK
from steps.hosted_engine.machine_restore.phases import machine_phases
from steps.hosted_engine.machine_restore.restore_command import RestoreChoice
from steps.run.events import Finish
from tests.real.engine_site_support import Standing, standing_site
from tests.real.practice_talk import MACHINE, Talk
from tests.real.test_engine_backup_over_ssh import rekindle
from tests.real.test_engine_restore_site import PROMPTS, RestoreSite
from tests.real.test_practice_machine_restore import ARCHIVE, job_of, restoring

PASSWORDS = {"database password engine": "pw-engine-1:\\x", "database password dwh": "pw-dwh-2"}
PATIENCE = 400.0
BOOT_ID = "/proc/sys/kernel/random/boot_id"
DATA = "/var/lib/pgsql/data"
AT_ONCE = {
    f"database.collation.{world.ENGINE}": "C.utf8",
    f"database.access.{world.ENGINE}": "change",
    "database.make.db.in-the-way": "rename-aside",
}


@dataclass
class ByHand:
    """A site with a backup, and a new engine's machine on which PostgreSQL is only installed."""

    standing: Standing

    @property
    def job(self):
        """The engine's database and the Data Warehouse's, both made on the engine's machine."""
        places = (
            manual("db", server=world.ENGINE),
            manual("dwhdb", name="history", user="dwh", server=world.ENGINE),
        )
        job = job_of(self.standing, self.archive)
        return replace(job, choice=RestoreChoice(places))

    @property
    def archive(self):
        return self.standing.built.folder / "fetched"

    def run(self, tmp_path, *phases, of=None, prompts=AT_ONCE):
        """An operator of these phases; of a run that is there already where one is given."""
        chosen = tuple(p for p in machine_phases(self.job) if p.name in phases)
        operator = restoring(
            self.standing, tmp_path, self.job, phases=chosen, run=of, start=False, **prompts
        )
        for name, text in PASSWORDS.items():
            operator.session.add_secret(name, Secret(text))
        return operator

    def sql(self, text: str, database: str = "postgres") -> list[str]:
        client = ("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1")
        command = [*client, "-d", database, "-c", text]
        return self.standing.machine.run(command).out.split("\n")[:-1]

    def seen(self) -> dict[str, object]:
        """All that the steps on databases touch."""
        machine = self.standing.machine
        files = ("pg_hba.conf", "postgresql.conf")
        return {
            "files": [machine.read(f"{DATA}/{name}") for name in files],
            "names": [name for name in machine.list(DATA) if name.startswith(files)],
            "owners": [machine.status(f"{DATA}/{name}").owner for name in files],
            "roles": self.sql("SELECT rolname, rolpassword FROM pg_authid ORDER BY 1"),
            "databases": self.sql("SELECT datname, datdba, encoding, datcollate FROM pg_database"
                                  " ORDER BY 1"),
            "rules": self.sql("SELECT * FROM pg_hba_file_rules"),
        }  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, standing_site() as standing:
        patch.setenv("REKINDLE_HOME", str(tmp_path_factory.mktemp("home")))
        RestoreSite(standing).back_up()
        yield standing


@pytest.fixture
def by_hand(built, monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    built.begin()
    built.fresh_machine(FIRST)
    return ByHand(built)


def restart(standing: Standing) -> None:
    """The machine loses its power and starts again; its server starts with it."""
    before = standing.machine.read(BOOT_ID)
    engine_machine.start(standing.world, FIRST, healthy_in=None)

    def is_back() -> bool:
        shell = standing.machine
        try:
            if shell.read(BOOT_ID) == before:
                return False
            return shell.run(["systemctl", "is-active", "postgresql"], check=False).code == 0
        except Unreachable:
            return False
        finally:
            shell.close()

    standing.until(is_back, PATIENCE)


def test_the_steps_on_databases_undone_leave_the_server_as_it_was(by_hand, tmp_path):
    machine = by_hand.standing.machine
    machine.run(["postgresql-setup", "initdb"])
    machine.run(["systemctl", "start", "postgresql"])
    machine.run(["runuser", "-u", "postgres", "--", "createdb", "engine"])
    by_hand.sql("CREATE TABLE hosts AS SELECT 'precious' AS name", "engine")
    before = by_hand.seen()

    running = by_hand.run(tmp_path, "databases").start()
    assert running.end().finish is Finish.DONE
    assert MARK in machine.read(f"{DATA}/pg_hba.conf").decode()
    aside = f"{DATA}/pg_hba.conf.before-{running.session.run.path.name}"
    assert machine.read(aside) == before["files"][0]
    assert by_hand.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", "engine") == [
        "0"
    ]

    restart(by_hand.standing)
    undone = by_hand.run(tmp_path, "databases", of=running.session.run).start(undo=True)
    assert undone.end().finish is Finish.UNDONE
    assert by_hand.seen() == before, "after the undo"
    assert by_hand.sql("SELECT name FROM hosts", "engine") == ["precious"]


def credentials(password_file: str) -> list[str]:
    """The engine's database alone, as the guide has it."""
    return [
        "--scope=files", "--scope=db", "--change-db-credentials", "--db-host=localhost",
        "--db-user=engine", "--db-name=engine", f"--db-passfile={password_file}",
        "--no-restore-permissions",
    ]  # fmt: skip


def test_engine_backup_and_engine_cleanup_meet_the_real_server(by_hand, tmp_path):
    assert by_hand.run(tmp_path, "databases").start().end().finish is Finish.DONE
    machine = by_hand.standing.machine
    right, wrong = PASSWORDS["database password engine"], "not-this-one"
    machine.write("/root/right", f"{right}\n".encode(), mode=0o600)
    machine.write("/root/wrong", f"{wrong}\n".encode(), mode=0o600)
    machine.put(str(by_hand.archive), "/root/archive")

    def restore(*options: str):
        words = ["--mode=restore", "--file=/root/archive", "--log=/root/log", *options]
        return machine.run(["engine-backup", *words], check=False, timeout=400)

    by_hand.sql("ALTER DATABASE engine RENAME TO elsewhere")
    for file, logged in (
        ("/root/right", 'database "engine" does not exist'),
        ("/root/wrong", 'password authentication failed for user "engine"'),
    ):
        done = restore(*credentials(file))
        said = "Can't connect to database 'engine'. Please see '/usr/bin/engine-backup --help'."
        assert (done.code, done.err) == (1, f"FATAL: {said}\n")
        assert logged in machine.read("/root/log").decode()
        assert machine.status("/etc/ovirt-engine") is None
        if file == "/root/right":
            by_hand.sql("ALTER DATABASE elsewhere RENAME TO engine")

    done = restore(*credentials("/root/right"))
    assert done.code == 0, done.err
    names = [host.name for host in inspect(by_hand.archive).hosts]
    assert by_hand.sql("SELECT vds_name FROM vds_static ORDER BY 1", "engine") == sorted(names)
    assert by_hand.sql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'",
                       "engine") == ["engine"]  # fmt: skip
    again = restore(*credentials("/root/right"))
    assert (again.code, again.err) == (1, "FATAL: Database 'engine' is not empty\n")
    log = machine.read("/root/log").decode()
    assert not any(password in log for password in (right, wrong))

    cancelled = Talk(by_hand.standing.hosts.agent(world.ENGINE), "engine-cleanup", MACHINE)
    assert cancelled.answer_all({}, old=False) == 1
    assert cancelled.asked == ["OVESETUP_CORE_REMOVE"]
    assert "Aborted by user" in cancelled.said
    assert by_hand.sql("SELECT count(*) FROM vds_static", "engine") == [str(len(names))]
    cleaning = Talk(by_hand.standing.hosts.agent(world.ENGINE), "engine-cleanup", MACHINE)
    assert cleaning.answer_all({"OVESETUP_CORE_REMOVE": "OK"}, old=False) == 0
    assert by_hand.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
                       "engine") == []  # fmt: skip
    assert machine.status("/etc/ovirt-engine/engine.conf.d/10-setup-database.conf") is None
    (kept,) = machine.list("/var/lib/ovirt-engine/backups")
    listed = machine.run(["pg_restore", "--list", f"/var/lib/ovirt-engine/backups/{kept}"]).out
    assert "TABLE DATA public vds_static engine" in listed
    twice = Talk(by_hand.standing.hosts.agent(world.ENGINE), "engine-cleanup", MACHINE)
    assert twice.answer_all({}, old=False) == 1
    assert "Could not detect product setup" in twice.said


def test_a_database_that_somebody_filled_meanwhile_is_renamed_aside_and_the_restore_goes_on(
    by_hand, tmp_path
):
    with by_hand.standing.world.change() as facts:
        facts["faults"]["database-not-empty"] = "struck"
    running = by_hand.run(tmp_path, "machine", "archive", "databases", "restore").start()
    question = running.question("step-failed")
    assert "Database 'engine' is not empty" in question.text
    running.answer(question.name, "retry")
    running.answer("restore.half-restored", "rename-aside")
    assert running.end().finish is Finish.DONE
    hosts = len(inspect(by_hand.archive).hosts)
    assert f"{hosts} hosts" in running.view.steps["restore.run"].evidence
    assert by_hand.sql("SELECT count(*) FROM vds_static", "engine") == [str(hosts)]
    aside = running.view.facts["database.aside.db"]
    assert by_hand.sql("SELECT id FROM leftover", aside) == ["1"]


def test_a_whole_restore_from_an_answer_file_ends_with_the_engine_back(by_hand, tmp_path):
    given = {
        "archive": f"{world.BACKUP}:{ARCHIVE}", "variant": "machine", "databases": "manual",
        "database_name": "engine", "database_user": "engine", "has_history": True,
        "history_name": "history", "history_user": "dwh",
    }  # fmt: skip
    for name, text in (("database_password", "pw-engine-1:\\x"), ("history_password", "pw-dwh-2")):
        file = tmp_path / name
        file.touch(mode=0o600)
        file.write_text(f"{text}\n")
        given[name] = SecretReference("file", str(file))
    answers, rows = tmp_path / "answers.yaml", {"machines.left-up": "accept"}
    save_answers(answers, AnswerFile("hosted_engine.restore", given, rows, PROMPTS | AT_ONCE))
    site = ["--site", str(by_hand.standing.built.file)]
    command = ["run", "hosted_engine.restore", "--answers", str(answers), "--yes"]
    done = rekindle(tmp_path / "home", *site, *command)
    assert done.returncode == 0, done.stdout + done.stderr

    standing, machine = by_hand.standing, by_hand.standing.machine
    assert {h["name"]: h["status"] for h in standing.facts()[db.KEY]["hosts"]} == {
        "host-01": "up", "host-02": "maintenance", "host-03": "up",
    }  # fmt: skip
    assert by_hand.sql("SELECT option_value FROM vdc_options WHERE option_name ="
                       " 'DbJustRestored'", "engine") == ["0"]  # fmt: skip
    assert by_hand.sql("SELECT count(*) FROM history_configuration", "history") == ["1"]
    assert machine.run(["systemctl", "is-enabled", "postgresql"]).out == "enabled\n"
    (aside,) = [n for n in machine.list(DATA) if n.startswith("pg_hba.conf.before-")]
    assert MARK not in machine.read(f"{DATA}/{aside}").decode()
    assert MARK in machine.read(f"{DATA}/pg_hba.conf").decode()
    assert machine.list("/var/lib/rekindle") == ()
    for path in (tmp_path / "home").rglob("*"):
        text = path.read_text(errors="replace") if path.is_file() else ""
        assert not any(password in text for password in PASSWORDS.values()), path


def test_without_postgresql_the_practice_machine_says_what_to_install(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(postgres_server, "FOLDERS", (f"{tmp_path}/*/bin",))
    context = Context("postgresql-setup", World(tmp_path), world.ENGINE)
    assert postgres_server.postgresql_setup(context, ["initdb"]) == 1
    assert "Debian: postgresql, EL: postgresql-server" in capsys.readouterr().err

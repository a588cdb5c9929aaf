"""The databases of a manual restore, made on a real PostgreSQL that knows nothing of the engine."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from steps.drill.ports import free_port
from steps.hosted_engine.machine_restore.databases import manual
from steps.hosted_engine.machine_restore.hba_file import MARK
from steps.hosted_engine.machine_restore.job import ExpectedRows
from steps.hosted_engine.machine_restore.phases import machine_phases
from steps.hosted_engine.machine_restore.postgres_layout import PostgresLayout
from steps.hosted_engine.machine_restore.restore_command import ArchiveHolds, RestoreChoice
from steps.run.events import Finish
from tests.real.postgres_support import program
from tests.unit.machine_support import FQDN, MACHINE, Machine, written

PASSWORDS = {"database password engine": "pw-engine-1:\\x", "database password dwh": "pw-dwh-2"}
SCOPES = ("files", "db", "dwhdb")
UNIT = """
control="runuser -u postgres -- @CTL@ -D @DATA@ -w"
case $1 in
  start) $control -l @DATA@.log -o "-k @DATA@.socket -p @PORT@ -c fsync=off" start;;
  restart) $control -l @DATA@.log -m fast restart;;
  stop) $control -m fast stop;;
esac >/dev/null 2>&1
"""
INITIALISE = (
    "exec runuser -u postgres -- @INITDB@ --pgdata @DATA@ --auth-local=peer --auth-host=ident"
    " --encoding=UTF8 --locale=C.UTF-8 --no-sync"
)


ENGINE_BACKUP = r"""
for option in "$@"; do case $option in
  --db-passfile=*) password=$(cat "${option#*=}");; --db-name=*) name=${option#*=};;
  --db-user=*) user=${option#*=};; --db-host=*) host=${option#*=};; --db-port=*) port=${option#*=};;
esac; done
echo Restoring:; conf=@FOLDER@/etc/setup.conf.d
mkdir -p $conf; : > $conf/20-setup-ovirt-post.conf
umask 077; escaped=$(printf %s "$password" | sed 's/[\\:]/\\&/g')
printf '%s\n' "$host:$port:$name:$user:$escaped" > @FOLDER@/pgpass
PGPASSFILE=@FOLDER@/pgpass; export PGPASSFILE
psql -Xqw -v ON_ERROR_STOP=1 -h "$host" -p "$port" -U "$user" "$name" <<'END' || exit 1
CREATE TABLE vds_static AS SELECT generate_series(1, 2) AS vds_id;
CREATE TABLE vm_static AS VALUES ('VM'), ('TEMPLATE');
ALTER TABLE vm_static RENAME column1 TO entity_type;
CREATE TABLE vdc_options AS SELECT 'DbJustRestored' AS option_name, '1' AS option_value;
END
rm @FOLDER@/pgpass
if [ -e @FOLDER@/fail ]; then rm @FOLDER@/fail; echo "FATAL: Errors while restoring" >&2; exit 1; fi
echo Done.
"""
"""Fills the database by the options it is given, as the real one does; the rest is not its own."""


class Postgres:
    """A PostgreSQL that is installed on a machine and nothing else: no data, not running."""

    def __init__(self, machine: Machine, service: str) -> None:
        self.machine, self.service, self.port = machine, service, free_port()
        self.data = machine.folder / service / "data"
        self.data.parent.mkdir()
        Path(f"{self.data}.socket").mkdir()
        subprocess.run(["chown", "-R", "postgres:", str(self.data.parent)], check=True)
        words = {"@CTL@": program("pg_ctl"), "@INITDB@": program("initdb"),
                 "@DATA@": str(self.data), "@PORT@": str(self.port)}  # fmt: skip
        for name, text in ((f"unit-{service}", UNIT), (f"{service}-setup", INITIALISE)):
            for word, value in words.items():
                text = text.replace(word, value)
            machine.program(name, text)

    @property
    def layout(self) -> PostgresLayout:
        client = ("runuser", "-u", "postgres", "--", "psql", "-h", f"{self.data}.socket")
        setup = str(self.machine.bin / f"{self.service}-setup")
        return PostgresLayout("PostgreSQL", setup, self.service, str(self.data), (setup,), client)

    def sql(self, text: str, database="postgres") -> str:
        command = [*self.layout.client, "-p", str(self.port), "-XAtq", "-d", database, "-c", text]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def file(self, name: str) -> str:
        return (self.data / name).read_text()

    def control(self, what: str) -> None:
        subprocess.run([str(self.machine.bin / f"unit-{self.service}"), what], check=False)


class Server(Machine):
    """A host with PostgreSQL."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        super().__init__(folder, monkeypatch)
        self.postgres = Postgres(self, "postgresql")
        self.port, self.data = self.postgres.port, self.postgres.data
        self.layouts = (self.postgres.layout,)
        self.address = subprocess.run(
            ["/usr/bin/hostname", "-I"], capture_output=True, text=True, check=True
        ).stdout.split()[0]
        self.write("hosts", f"{self.address} {FQDN}\n{self.address} {self.address}\n")

    def steps(self, *places, scopes=SCOPES, phases=("databases",), chosen=()):
        job = self.job(
            holds=ArchiveHolds("4.5.7", scopes),
            choice=RestoreChoice(places, chosen),
            postgres=self.layouts,
            expected=ExpectedRows(2, 1),
        )
        found = (phase.steps for phase in machine_phases(job) if phase.name in phases)
        return tuple(step for steps in found for step in steps)

    def sql(self, text: str, database="postgres") -> str:
        return self.postgres.sql(text, database)

    def file(self, name: str) -> str:
        return self.postgres.file(name)


@pytest.fixture
def server(monkeypatch):
    folder = Path(tempfile.mkdtemp(prefix="rk-em-", dir="/tmp"))
    folder.chmod(0o755)
    made = Server(folder, monkeypatch)
    yield made
    made.postgres.control("stop")
    shutil.rmtree(folder)


def both(server, **engine):
    return (
        manual("db", port=server.port, server=MACHINE, **engine),
        manual("dwhdb", host=server.address, port=server.port, name="history", user="dwh",
               server=MACHINE),
    )  # fmt: skip


def test_both_databases_are_made_from_nothing_and_proved_from_the_engine_s_side(server):
    steps = server.steps(*both(server))
    names = [step.name for step in steps]
    assert names == [
        f"database.server.{MACHINE}", "database.make.db", "database.make.dwhdb",
        f"database.access.{MACHINE}", f"database.firewall.{MACHINE}", "database.prove.db",
        "database.prove.dwhdb",
    ]  # fmt: skip
    running = server.run(*steps, secrets=PASSWORDS).start()
    question = running.question(f"database.collation.{MACHINE}")
    assert "C.utf8" in [choice.value for choice in question.choices]
    running.answer(question.name, "C.utf8")
    question = running.question(f"database.access.{MACHINE}")
    assert "+host    engine    engine    127.0.0.1/32    md5" in question.detail
    assert f"+host    history    dwh    {server.address}/32    md5" in question.detail
    assert "+listen_addresses = '*'" in question.detail
    assert "engine-backup wants en_US.UTF-8" in question.detail
    assert MARK not in server.file("pg_hba.conf")
    running.answer(question.name, "change")
    assert running.end().finish is Finish.DONE
    assert server.sql("SHOW listen_addresses") == "*"
    shown = server.sql(
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate"
        " FROM pg_database WHERE datname = 'history'"
    )
    assert shown == "dwh|UTF8|C.utf8"
    run = running.session.run
    for name in ("pg_hba.conf", "postgresql.conf"):
        aside = f"{name}.before-{run.path.name}"
        assert MARK not in server.file(aside)
        assert "(rekindle)" in server.file(name)
        here, before = (owner_and_mode(server.data / each) for each in (name, aside))
        assert here == before
    for password in PASSWORDS.values():
        assert password not in written(run)
        assert password not in (server.data.parent / "data.log").read_text()
    assert "enable postgresql" in (server.folder / "systemctl.log").read_text()


def owner_and_mode(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_uid, found.st_gid, found.st_mode


def test_a_wrong_password_or_a_closed_door_is_seen_by_the_proof(server):
    place = manual("db", port=server.port, server=MACHINE)
    steps = server.steps(place, scopes=("files", "db"))
    prompts = {f"database.collation.{MACHINE}": "C.utf8", f"database.access.{MACHINE}": "change"}
    running = server.run(*steps[:-1], secrets=PASSWORDS, prompts=prompts).start()
    assert running.end().finish is Finish.DONE
    wrong = server.run(steps[-1], secrets={"database password engine": "other"}).start()
    question = wrong.question("step-failed")
    assert "password authentication failed" in question.detail
    wrong.answer("step-failed", "stop")
    wrong.end()
    assert server.run(steps[-1], secrets=PASSWORDS).start().end().finish is Finish.DONE


PREPARED = {f"database.collation.{MACHINE}": "C.utf8", f"database.access.{MACHINE}": "change"}


def one(server, **place):
    """The steps of one local database, without the proof."""
    at_home = manual("db", port=server.port, server=MACHINE, **place)
    return server.steps(at_home, scopes=("files", "db"))[:-1]


def test_a_database_that_is_not_empty_is_named_and_renamed_aside_or_left_but_never_dropped(server):
    ready, make, _access = one(server)
    assert server.run(ready).start().end().finish is Finish.DONE
    server.sql("CREATE DATABASE engine")
    server.sql("CREATE TABLE hosts AS SELECT 1 AS precious", "engine")

    running = server.run(make, secrets=PASSWORDS, prompts=PREPARED).start()
    question = running.question("database.make.db.in-the-way")
    assert "not empty, it has 1 tables" in question.text
    assert "never dropped" in question.detail
    running.answer(question.name, "other-name")
    assert "left as it is" in running.question("step-failed").text
    assert server.sql("SELECT precious FROM hosts", "engine") == "1"
    running.answer("step-failed", "retry")
    running.answer("database.make.db.in-the-way", "rename-aside")
    assert running.end().finish is Finish.DONE
    aside = running.view.facts["database.aside.db"]
    assert server.sql("SELECT precious FROM hosts", aside) == "1"
    assert server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", "engine") == "0"

    undone = server.run(make, secrets=PASSWORDS, folder=running.session.run).start(undo=True)
    assert undone.end().finish is Finish.UNDONE
    assert server.sql("SELECT precious FROM hosts", "engine") == "1"
    assert server.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'engine'") == "0"


def test_a_role_that_is_there_gets_no_new_password_unasked(server):
    ready, make, _access = one(server)
    assert server.run(ready).start().end().finish is Finish.DONE
    server.sql("CREATE ROLE engine LOGIN PASSWORD 'of somebody'")
    before = server.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'engine'")
    running = server.run(make, secrets=PASSWORDS, prompts=PREPARED).start()
    running.answer("database.make.db.role", "stop")
    running.answer("step-failed", "stop")
    running.end()
    assert server.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'engine'") == before


def test_the_files_come_back_as_they_were_when_the_access_is_undone(server):
    ready, make, access = one(server)
    first = server.run(ready, make, secrets=PASSWORDS, prompts=PREPARED).start()
    assert first.end().finish is Finish.DONE
    before = {name: server.file(name) for name in ("pg_hba.conf", "postgresql.conf")}
    running = server.run(access, prompts=PREPARED).start()
    assert running.end().finish is Finish.DONE
    assert server.file("pg_hba.conf") != before["pg_hba.conf"]
    assert server.file("postgresql.conf") == before["postgresql.conf"]
    undone = server.run(access, folder=running.session.run).start(undo=True)
    assert undone.end().finish is Finish.UNDONE
    assert {name: server.file(name) for name in before} == before
    assert (
        server.sql("SELECT count(*) FROM pg_hba_file_rules WHERE 'engine' = ANY(database)") == "0"
    )


def test_a_restore_into_a_database_that_was_made_is_counted_in_that_database(server):
    server.program("engine-backup", ENGINE_BACKUP)
    place = manual("db", port=server.port, server=MACHINE)
    steps = server.steps(place, scopes=("files", "db"), phases=("databases", "restore"))
    running = server.run(*steps, secrets=PASSWORDS, prompts=PREPARED).start()
    assert running.end().finish is Finish.DONE
    assert "2 hosts and 1 machines" in running.view.steps["restore.run"].evidence
    assert "marked as just restored" in running.view.steps["restore.run"].evidence
    assert server.sql("SELECT count(*) FROM vds_static", "engine") == "2"
    owner = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert server.sql(owner, "engine") == "engine"
    assert PASSWORDS["database password engine"] not in written(running.session.run)


def test_after_a_restore_that_failed_the_filled_database_is_renamed_aside_and_one_made_anew(server):
    server.program("engine-backup", ENGINE_BACKUP)
    server.write("fail", "")
    place = manual("db", port=server.port, server=MACHINE)
    steps = server.steps(place, scopes=("files", "db"), phases=("databases", "restore"))
    running = server.run(*steps, secrets=PASSWORDS, prompts=PREPARED).start()
    running.answer("step-failed", "retry")
    running.answer("restore.half-restored", "rename-aside")
    assert running.end().finish is Finish.DONE
    aside = running.view.facts["database.aside.db"]
    for database in ("engine", aside):
        assert server.sql("SELECT count(*) FROM vds_static", database) == "2"

"""Databases of a restore on servers of their own, over TLS, and alone: on real PostgreSQL."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from steps.hosted_engine.machine_restore.databases import manual
from steps.run.events import Finish
from steps.run.runner import open_site_targets
from tests.real.test_machine_databases import ENGINE_BACKUP, PREPARED, Postgres, server
from tests.unit.machine_support import MACHINE, SERVER, written

__all__ = ["server"]
PASSWORDS = {"database password engine": "pw-engine-1", "database password dwh": "pw-dwh-2"}
ANSWERS = PREPARED | {
    f"database.collation.{SERVER}": "C.utf8", f"database.access.{SERVER}": "change",
}  # fmt: skip


def patient(operator):
    """A run that a busy machine may take its time for."""
    operator.patience = 300.0
    return operator


class Elsewhere:
    """Another host: this one, on which the engine's own PostgreSQL is not to be seen."""

    def __init__(self, inner, hidden: str) -> None:
        self._inner, self._hidden = inner, hidden

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def status(self, path):
        return None if path == self._hidden else self._inner.status(path)

    def run(self, command, **options):
        looks_for_it = self._hidden in command
        return self._inner.run(["false"] if looks_for_it else command, **options)


class Targets:
    """The site's, whose backup server is such another host."""

    def __init__(self, inner, hidden: str) -> None:
        self._inner, self._hidden = inner, hidden

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def shell(self, name):
        shell = self._inner.shell(name)
        return Elsewhere(shell, self._hidden) if name == SERVER else shell


@pytest.fixture
def other(server):
    """The PostgreSQL of the other host."""
    made = Postgres(server, "otherpg")
    server.layouts = (server.postgres.layout, made.layout)
    yield made
    made.control("stop")


def names(postgres) -> str:
    return postgres.sql("SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1")


def test_two_databases_go_to_two_servers_each_with_its_own_port_access_and_password(server, other):
    steps = server.steps(
        manual("db", host=server.address, port=server.port, server=MACHINE),
        manual("dwhdb", host=server.address, port=other.port, name="history", user="dwh",
               server=SERVER),
    )  # fmt: skip
    hidden = server.postgres.layout.sign
    operator = server.run(
        *steps, secrets=PASSWORDS, prompts=ANSWERS,
        open_targets=lambda *args, **more: Targets(open_site_targets(*args, **more), hidden),
    )  # fmt: skip
    running = patient(operator).start()
    assert running.end().finish is Finish.DONE
    assert names(server.postgres).split() == ["engine", "postgres"]
    assert names(other).split() == ["history", "postgres"]
    for postgres, mine, theirs in ((server.postgres, "engine", "dwh"), (other, "dwh", "engine")):
        rules = postgres.file("pg_hba.conf")
        assert f"    {mine}    {server.address}/32" in rules
        assert f"    {theirs}    {server.address}/32" not in rules
        assert postgres.sql("SHOW listen_addresses") == "*"
    for scope, port in (("db", server.port), ("dwhdb", other.port)):
        evidence = running.view.steps[f"database.prove.{scope}"].evidence
        assert f"{server.address}:{port}/" in evidence


def test_a_server_that_runs_at_another_port_is_told_so_before_anything_is_made(server, other):
    step, *_rest = server.steps(
        manual("db", port=other.port, server=MACHINE), scopes=("files", "db")
    )
    running = patient(server.run(step)).start()
    assert f"does not answer at port {other.port}" in running.question("step-failed").text
    running.answer("step-failed", "stop")
    running.end()
    assert "engine" not in names(server.postgres)


# -- TLS -------------------------------------------------------------------------------------


def authority(folder: Path) -> Path:
    """A certificate that signs itself, for localhost, with its key beside it."""
    folder.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "3650", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", str(folder / "key"),
         "-out", str(folder / "crt")],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


def give_certificate(server, made: Path) -> None:
    """As its administrator would."""
    for name in ("crt", "key"):
        target = server.data / f"server.{name}"
        target.write_bytes((made / name).read_bytes())
        target.chmod(0o600)
        subprocess.run(["chown", "postgres:", str(target)], check=True)
    with (server.data / "postgresql.conf").open("a") as settings:
        settings.write("ssl = on\n")
    server.postgres.control("restart")


def trust(home: Path, made: Path) -> None:
    (home / ".postgresql").mkdir(parents=True, exist_ok=True)
    (home / ".postgresql/root.crt").write_bytes((made / "crt").read_bytes())


def test_a_secured_database_is_reached_over_tls_only_and_by_the_right_certificate(
    server, monkeypatch
):
    home = server.folder / "home-of-root"
    monkeypatch.setenv("HOME", str(home))
    mine, other = authority(server.folder / "mine"), authority(server.folder / "other")
    trust(home, other)
    server.program("engine-backup", ENGINE_BACKUP)
    place = manual("db", port=server.port, server=MACHINE, secured=True, validated=True)
    steps = server.steps(place, scopes=("files", "db"), phases=("databases", "restore"))
    running = patient(server.run(*steps, secrets=PASSWORDS, prompts=PREPARED)).start()
    assert "offers no encrypted connection" in running.question("step-failed").text
    give_certificate(server, mine)
    running.answer("step-failed", "retry")
    question = running.question("step-failed")
    assert "certificate verify failed" in question.text
    assert "root.crt" in question.detail
    trust(home, mine)
    running.answer("step-failed", "retry")
    assert running.end().finish is Finish.DONE
    evidence = running.view.steps["database.prove.db"].evidence
    assert evidence.endswith("lets the engine in, encrypted, certificate checked")
    kinds = server.sql("SELECT DISTINCT type FROM pg_hba_file_rules WHERE 'engine' = ANY(database)")
    assert kinds == "hostssl"
    assert "2 hosts and 1 machines" in running.view.steps["restore.run"].evidence
    assert PASSWORDS["database password engine"] not in written(running.session.run)


# -- alone -----------------------------------------------------------------------------------


def test_a_database_alone_is_restored_into_a_new_one_and_the_old_one_is_kept(server):
    server.program("engine-backup", ENGINE_BACKUP)
    place = manual("db", port=server.port, server=MACHINE)
    ready, *rest = server.steps(place, phases=("databases", "restore"), chosen=("db",))
    assert patient(server.run(ready)).start().end().finish is Finish.DONE
    server.sql("CREATE DATABASE engine")
    server.sql("CREATE TABLE hosts AS SELECT 1 AS precious", "engine")
    answers = PREPARED | {"database.make.db.in-the-way": "rename-aside"}
    running = patient(server.run(*rest, secrets=PASSWORDS, prompts=answers)).start()
    assert running.end().finish is Finish.DONE
    assert "2 hosts and 1 machines" in running.view.steps["restore.run"].evidence
    aside = running.view.facts["database.aside.db"]
    assert server.sql("SELECT precious FROM hosts", aside) == "1"
    assert server.sql("SELECT count(*) FROM vds_static", "engine") == "2"

"""Databases of archives of every era, restored into a real PostgreSQL and counted."""

import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from config.errors import Interrupted, InvalidInput, Refused, StepFailed
from steps.hosted_engine.rehearsal import dump_look, programs
from steps.hosted_engine.rehearsal.rehearsal import Rehearsal, RestoreError, TableRows
from steps.hosted_engine.rehearsal.rehearse import rehearse
from tests.engine_archives import ERAS, build, compress
from tests.real.rehearsal_support import (
    archive,
    dumps,
    leftovers,
    one,
    plain_with,
    scratch,
    servers,
)
from tests.unit.dump_support import CustomDump

__all__ = ["dumps", "plain_with", "scratch"]

SCHEMA = {"3.3": "3.5", "3.4": "3.5", "3.5": "3.5", "3.6": "3.6"}


@pytest.mark.parametrize("era", ERAS)
def test_the_databases_of_every_era_come_back_whole(tmp_path, dumps, scratch, era):
    data = dumps(
        "--format=plain" if era < "3.6" else "--format=custom", schema=SCHEMA.get(era, "4.5")
    )
    files = {"engine_backup.db": data, "dwh_backup.db": data}
    if era >= "4.4":
        files["grafana.db"] = b"SQLite format 3\0" + bytes(100)
    path = build(tmp_path / "x", ERAS[era].but(dumps=files))
    found = rehearse(path, folder=scratch)
    assert {database.scope for database in found.databases} == {"db", "dwhdb"}
    assert found.left_out == (("grafanadb",) if era >= "4.4" else ())
    assert found.passed, found.summary
    for database in found.databases:
        rows = {table.table: (table.in_dump, table.in_database) for table in database.tables}
        assert rows["public.audit_log"] == (2000, 2000)
        assert rows["other.vds_static"] == (1, 1)
        assert rows["public.vds_static"] == (4, 4)
        assert database.errors == ()
        assert database.dump_bytes > 100_000
        assert database.database_bytes > 1_000_000
    assert Rehearsal.from_data(found.to_data()) == found


@pytest.mark.parametrize(
    ("form", "inner"), [("plain", "gzip"), ("plain", "xz"), ("custom", "bzip2"), ("custom", "gzip")]
)
def test_every_compressor_of_a_dump(tmp_path, dumps, scratch, form, inner):
    data = dumps(f"--format={form}")
    found = one(archive(tmp_path, data, outer="xz", db_compressor=inner), scratch)
    assert (found.format, found.compressor) == (form, inner)
    assert found.passed
    assert found.rows == sum(table.in_dump or 0 for table in found.tables) > 2000


@pytest.mark.parametrize("level", [0, 9])
def test_every_level_within_a_custom_dump(tmp_path, dumps, scratch, level):
    data = dumps("--format=custom", f"--compress={level}")
    assert one(archive(tmp_path, data), scratch).passed


def test_only_what_is_asked_for_is_restored(tmp_path, dumps, scratch):
    data = dumps("--format=custom")
    path = archive(tmp_path, dumps={"engine_backup.db": data, "dwh_backup.db": data})
    found = rehearse(path, folder=scratch, databases=["dwhdb"])
    assert [database.scope for database in found.databases] == ["dwhdb"]
    assert found.left_out == ("db",)
    with pytest.raises(InvalidInput, match="keycloakdb"):
        rehearse(path, folder=scratch, databases=["keycloakdb"])


def test_roles_that_a_dump_names_are_made_for_each_database(tmp_path, plain_with, scratch):
    data = plain_with(
        'CREATE TABLE public.theirs (a int); ALTER TABLE public.theirs OWNER TO "Odd ""one"; '
        "GRANT SELECT ON public.theirs TO reader; GRANT USAGE ON SCHEMA public TO reader;\n"
        "ALTER DEFAULT PRIVILEGES FOR ROLE reader GRANT SELECT ON TABLES TO PUBLIC;"
    )
    path = archive(tmp_path, dumps={"engine_backup.db": data, "dwh_backup.db": data})
    found = rehearse(path, folder=scratch)
    assert [database.errors for database in found.databases] == [(), ()]
    assert found.passed


def test_rows_that_do_not_come_back_are_told_by_table(tmp_path, plain_with, scratch):
    found = one(
        archive(
            tmp_path,
            plain_with("DELETE FROM public.vds_static WHERE port = 54321 AND vds_name = 'node1';"),
        ),
        scratch,
    )
    assert found.errors == ()
    assert found.differing == (TableRows("public.vds_static", 4, 2),)
    assert not found.passed


def test_a_table_that_is_not_made_is_told(tmp_path, dumps, scratch):
    data = dumps("--format=plain").replace(
        b"CREATE TABLE public.network (", b"CREATE TABLE public.gone ("
    )
    found = one(archive(tmp_path, data), scratch)
    assert TableRows("public.network", 1, None) in found.differing
    assert [error.times for error in found.real_errors] == [2]
    assert found.real_errors[0].message == 'relation "public.network" does not exist'


def test_errors_that_engine_backup_passes_over_do_not_count(tmp_path, plain_with, scratch):
    found = one(
        archive(
            tmp_path,
            plain_with(
                "CREATE PROCEDURAL LANGUAGE plpgsql;\nALTER LANGUAGE plpgsql OWNER TO engine;\n"
                "COMMENT ON EXTENSION plpgsql IS 'PL/pgSQL';\n"
                "CREATE FUNCTION public.uuid_nil() RETURNS uuid\n"
                "  LANGUAGE c AS '$libdir/uuid-ossp', 'uuid_nil';\n"
                "ALTER FUNCTION public.uuid_nil() OWNER TO engine;\n"
            ),
        ),
        scratch,
    )
    assert {error.message for error in found.errors} == {
        'extension "plpgsql" already exists',
        "must be owner of language plpgsql",
        "must be owner of extension plpgsql",
        "permission denied for language c",
        "function public.uuid_nil() does not exist",
    }
    assert all(error.expected for error in found.errors)
    assert found.passed


def test_any_other_error_counts(tmp_path, plain_with, scratch):
    found = one(archive(tmp_path, plain_with("SELECT no_such();\n" * 3)), scratch)
    assert found.errors == (RestoreError("function no_such() does not exist", 3),)
    assert not found.passed


def test_what_a_row_holds_stands_in_no_message(tmp_path, dumps, scratch):
    bad = b"COPY public.network (id, name) FROM stdin;\ns3cret-password\tx\n"
    data = dumps("--format=plain").replace(b"COPY public.network (id, name) FROM stdin;\n", bad)
    found = one(archive(tmp_path, data), scratch)
    assert [error.message for error in found.real_errors] == [
        "network, line 1, column id: invalid input syntax for type uuid"
    ]
    assert TableRows("public.network", 2, 0) in found.differing


def test_a_row_of_many_megabytes_comes_back(tmp_path, plain_with, scratch):
    row = "x" * (40 << 20)
    data = plain_with(
        "CREATE TABLE public.large (a text);\nCOPY public.large (a) FROM stdin;\n" + row + "\n\\.\n"
    )
    found = one(archive(tmp_path, data), scratch)
    assert TableRows("public.large", 1, 1) in found.tables
    assert found.passed


# -- what is refused --------------------------------------------------------------------------


def test_a_dump_that_is_cut_off_is_refused(tmp_path, dumps, scratch):
    for form in ("plain", "custom"):
        data = dumps(f"--format={form}")
        with pytest.raises(Refused):
            rehearse(archive(tmp_path, data[: len(data) * 2 // 3]), folder=scratch)


def test_a_dump_of_a_newer_server_is_refused_with_what_to_install(tmp_path, dumps, scratch):
    data = dumps("--format=plain").replace(
        b"-- Dumped from database version 1", b"-- Dumped from database version 9"
    )
    with pytest.raises(Refused, match=r"is of PostgreSQL 95\.") as caught:
        rehearse(archive(tmp_path, data), folder=scratch)
    assert "Install PostgreSQL 95 here" in caught.value.remedy


def test_a_format_that_the_installed_pg_restore_does_not_know_is_refused(tmp_path, scratch):
    data = CustomDump(16, "zlib").dump({"t": (("a",), [("1",)])})
    with pytest.raises(Refused, match=r"unsupported version \(1\.16\)"):
        rehearse(archive(tmp_path, data), folder=scratch)


def test_a_format_older_than_any_engine_is_refused(tmp_path, scratch):
    data = CustomDump(10, "zlib").dump({"t": (("a",), [("1",)])})
    with pytest.raises(Refused, match=r"version 1\.10"):
        rehearse(archive(tmp_path, data), folder=scratch)


def test_what_is_no_archive_or_holds_no_dump_is_refused(tmp_path, dumps, scratch):
    with pytest.raises(InvalidInput, match="There is no file"):
        rehearse(tmp_path / "none", folder=scratch)
    (tmp_path / "empty").touch()
    with pytest.raises(InvalidInput, match="is empty"):
        rehearse(tmp_path / "empty", folder=scratch)
    with pytest.raises(InvalidInput, match="holds no dump of a database"):
        rehearse(archive(tmp_path), folder=scratch)


def test_without_a_server_installed_it_says_what_to_install(tmp_path):
    with pytest.raises(StepFailed) as caught:
        programs.installed_programs(tmp_path)
    assert "postgresql-server" in caught.value.remedy
    for folder in ("usr/bin", "usr/lib/postgresql/9.6/bin", "usr/lib/postgresql/13/bin"):
        (tmp_path / folder).mkdir(parents=True)
        for name in ("initdb", "postgres", "pg_restore"):
            path = tmp_path / folder / name
            said = folder.split("/")[-2].replace("usr", "10.23")
            path.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {said}'\n")
            path.chmod(0o755)
    assert programs.installed_programs(tmp_path).version == "13"
    assert programs.release_of("9.6.24") == (9, 6)
    assert programs.release_of("15.18") == (15,)


# -- the server itself ------------------------------------------------------------------------


def test_the_server_is_private_unprivileged_and_on_no_network(tmp_path, dumps, scratch):
    seen = []

    def look(stage):
        if stage.doing.startswith("counting"):
            seen.append(_seen(scratch))

    assert one(archive(tmp_path, dumps("--format=custom")), scratch, progress=look).passed
    mode, owner, uids, inet = seen[0]
    assert mode == 0o700
    assert uids == {owner}
    assert owner != 0
    assert inet == []


def _seen(scratch):
    (folder,) = leftovers(scratch)
    status = folder.stat()
    pids = servers(scratch)
    assert pids
    inodes, uids = set(), set()
    for pid in pids:
        with suppress(OSError):  # a server's helper that has ended just now
            uids.add(Path(f"/proc/{pid}").stat().st_uid)
            for link in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    inodes.add(os.readlink(link))
    inet = [
        line
        for table in ("tcp", "tcp6", "udp", "udp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if f"socket:[{line.split()[9]}]" in inodes
    ]
    return stat.S_IMODE(status.st_mode), status.st_uid, uids, inet


def test_it_is_stopped_at_any_stage_and_leaves_nothing(tmp_path, dumps, scratch):
    path = archive(tmp_path, dumps("--format=custom"))
    for doing in ("reading", "starting", "restoring", "counting"):
        cancel = threading.Event()

        def stop(stage, cancel=cancel, doing=doing):
            if stage.doing.startswith(doing):
                cancel.set()

        with pytest.raises(Interrupted):
            rehearse(path, folder=scratch, progress=stop, cancel=cancel)
        assert leftovers(scratch) == []


def test_a_dump_that_sleeps_can_be_stopped(tmp_path, plain_with, scratch):
    path = archive(
        tmp_path, plain_with("CREATE INDEX ON public.vds_static (vds_name); SELECT pg_sleep(600);")
    )
    cancel = threading.Event()
    with pytest.raises(Interrupted):
        rehearse(
            path,
            folder=scratch,
            cancel=cancel,
            progress=lambda s: (
                threading.Timer(1, cancel.set).start() if "indexes" in s.doing else None
            ),
        )


def test_too_little_room_is_told_before_anything_is_made(tmp_path, dumps, scratch, monkeypatch):
    monkeypatch.setattr(dump_look, "_RESTORED_BYTES", 1 << 40)
    with pytest.raises(StepFailed, match=r"needs about .* free") as caught:
        rehearse(archive(tmp_path, dumps("--format=custom")), folder=scratch)
    assert "Free some space" in caught.value.remedy


def test_progress_tells_each_stage_in_turn(tmp_path, dumps, scratch):
    stages = []
    one(archive(tmp_path, dumps("--format=custom")), scratch, progress=stages.append)
    assert list(dict.fromkeys(stage.doing for stage in stages)) == [
        "reading",
        "starting a scratch PostgreSQL",
        "restoring",
        "restoring db: indexes and constraints",
        "counting the rows of db",
    ]
    assert all(stage.done <= stage.total for stage in stages if stage.total)


def test_a_dump_through_its_own_compressor_is_restored_as_a_stream(tmp_path, dumps, scratch):
    data = compress(dumps("--format=custom"), "xz")
    assert one(archive(tmp_path, data), scratch).compressor == "xz"

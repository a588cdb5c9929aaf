"""Archives of every era, with dumps that a real PostgreSQL wrote."""

import json
import stat

import pytest

from steps.hosted_engine.archive.inspect import inspect
from steps.hosted_engine.archive.inspection import Inspection, Layout
from steps.hosted_engine.archive.newcomer import Newcomer
from steps.hosted_engine.archive.version import Version
from steps.hosted_engine.archive.warehouse import Warehouse
from tests.bench import inspecting
from tests.engine_archives import ERAS, FQDN, KEY, MODERN, PASSWORD, TIME, build, compress
from tests.engine_schema import C2, H1, H4, SECRET, UUID_1
from tests.unit.dump_support import Collected, plain
from tui.main import main

SCHEMA = {"3.3": "3.5", "3.4": "3.5", "3.5": "3.5", "3.6": "3.6"}
COMPRESSORS = ("none", "gzip", "bzip2", "xz")


@pytest.fixture(scope="session")
def dumps(postgres):
    """What pg_dump wrote, by schema and options; each is made once."""
    made = {}

    def dump(schema="4.5", *options):
        if (schema, options) not in made:
            made[schema, options] = postgres.dump(f"engine-{schema}", *options)
        return made[schema, options]

    return dump


def archive(tmp_path, dump_of, era, **changes):
    form = "plain" if era < "3.6" else "custom"
    data = dump_of(SCHEMA.get(era, "4.5"), f"--format={form}")
    files = {"engine_backup.db": data, "dwh_backup.db": plain()}
    return build(tmp_path / "engine.bck", ERAS[era].but(**{"dumps": files, **changes}))


@pytest.mark.parametrize("era", ERAS)
def test_an_archive_of_every_era_tells_what_it_holds(tmp_path, dumps, era):
    found = inspect(archive(tmp_path, dumps, era))
    recipe = ERAS[era]
    form = "plain" if era < "3.6" else "custom"
    assert found.problems == ()
    assert found.fit_for_restore
    assert (found.version, found.os_version) == (recipe.version, recipe.os_version)
    assert (found.engine_fqdn, found.backup_time) == (FQDN, TIME)
    assert found.layout == Layout(
        recipe.outer, recipe.files, form, recipe.db_compressor, recipe.hash
    )
    assert found.scopes == ("files", "db", "dwhdb")
    assert (found.dwh_present, found.engine_db_host, found.dwh_db_host) == (
        True, "localhost", "dwh.example.com"
    )  # fmt: skip
    assert found.disable_fence_at_startup_s == 300
    assert [host.name for host in found.hosts] == ["node1", "node2", "node3", "node1"]
    assert found.he_hosts == ("node1", "node2", "node3")
    assert found.idle_maintenance_hosts == ("node3", "node1")
    assert found.ready_failover_hosts == ("node3",)
    assert [domain.name for domain in found.he_storage] == ["hosted_storage"]
    assert [center.spm for center in found.data_centers] == ["node1"]
    assert [cluster.id for cluster in found.clusters][1] == C2


def test_a_host_is_told_with_all_its_facts(tmp_path, dumps):
    hosts = inspect(archive(tmp_path, dumps, "4.5")).hosts
    first, second, _third, fourth = hosts
    assert (first.id, first.address, first.hardware_uuid) == (H1, "node1.example.com", UUID_1)
    assert (first.status_name, first.cluster, first.he_configured) == ("Up", "Default", True)
    assert (first.management_ipv4, first.management_ipv6) == ("10.1.0.11", "fd00::11")
    assert (first.power_management, second.power_management) == (False, True)
    assert (first.vms, second.vms, second.vms_migrating_in) == (4, 1, 1)
    assert second.hardware_uuid == "bbbbbbbb-0000-4000-8000-000000000002"
    assert (fourth.id, fourth.he_configured, fourth.management_ipv4) == (H4, False, "10.2.0.14")


def test_the_effects_are_those_of_the_era(tmp_path, dumps):
    modern = inspect(archive(tmp_path, dumps, "4.5"))
    assert modern.restore_sets_down == ("ha-up",)
    assert [(row.vm, row.host, row.status_name) for row in modern.left_up_on_old_host] == [
        ("HostedEngine", "node1", "Up"),
        ("ha-leased", "node2", "Up"),
        ("plain-up", "node1", "Up"),
        ("moving", "node1", "MigratingFrom"),
    ]
    old = inspect(archive(tmp_path, dumps, "3.6"))
    assert old.restore_sets_down == ()
    assert len(old.left_up_on_old_host) == 5
    assert {vm.lease for vm in old.vms} == {None}


@pytest.mark.parametrize("outer", COMPRESSORS)
@pytest.mark.parametrize("inner", COMPRESSORS)
@pytest.mark.parametrize("form", ["plain", "custom"])
def test_every_compressor_of_archive_files_and_dump(tmp_path, dumps, outer, inner, form):
    data = dumps("4.5", f"--format={form}")
    recipe = MODERN.but(
        outer=outer, files=inner, db_compressor=inner, dumps={"engine_backup.db": data}
    )
    found = inspect(build(tmp_path / "x", recipe))
    assert found.problems == ()
    assert found.layout == Layout(outer, inner, form, inner, "sha256sum")
    assert len(found.hosts) == 4
    assert found.engine_fqdn == FQDN


@pytest.mark.parametrize("level", range(0, 10, 3))
def test_custom_dumps_of_every_level_have_the_rows_of_the_plain_one(dumps, level):
    custom = Collected("vds_static", "audit_log").read(
        dumps("4.5", "--format=custom", f"--compress={level}")
    )
    plain = Collected("vds_static", "audit_log").read(dumps("4.5", "--format=plain"))
    assert custom.rows == plain.rows
    assert len(custom.rows["public", "audit_log"]) == 2000
    assert len(custom.rows["other", "vds_static"]) == 1


def test_offsets_that_are_set_make_no_difference(postgres, dumps):
    path = postgres.folder / "with-offsets"
    postgres.dump("engine-4.5", "--format=custom", f"--file={path}")
    data = path.read_bytes()
    piped = dumps("4.5", "--format=custom")
    assert len(data) == len(piped)
    assert sum(one != other for one, other in zip(data, piped, strict=True)) > 20
    assert Collected("vds_static").read(data).rows == Collected("vds_static").read(piped).rows


def test_an_older_plain_dump_without_schemas_is_read(tmp_path, dumps):
    data = dumps("3.5", "--format=plain").replace(b"\nCOPY public.", b"\nCOPY ")
    data = data.replace(b"SELECT pg_catalog.set_config('search_path', '', false);",
                        b"SET search_path = public, pg_catalog;")  # fmt: skip
    found = inspect(archive(tmp_path, dumps, "3.3", dumps={"engine_backup.db": data}))
    assert len(found.hosts) == 4
    assert len(found.vms) == 6


def test_a_dump_compressed_by_its_program_has_no_offsets_and_is_read(tmp_path, dumps):
    data = compress(dumps("4.5", "--format=custom"), "xz")
    found = inspect(archive(tmp_path, dumps, "4.5", dumps={"engine_backup.db": data}))
    assert found.layout.db_compressor == "xz"
    assert len(found.hosts) == 4


def test_an_archive_with_only_the_database_takes_the_name_from_there(tmp_path, dumps):
    found = inspect(archive(tmp_path, dumps, "4.5", with_files=False))
    assert found.engine_fqdn == FQDN
    assert found.layout.files is None
    assert found.engine_db_host is None
    assert [problem.code for problem in found.problems] == ["no-files"]
    assert found.fit_for_restore


def test_an_archive_with_only_files_knows_nothing_of_hosts(tmp_path, dumps):
    found = inspect(archive(tmp_path, dumps, "4.5", dumps={}))
    assert found.scopes == ("files",)
    assert found.hosts is found.vms is found.restore_sets_down is found.he_storage is None
    assert found.layout.db_format is None
    assert (found.engine_fqdn, found.dwh_present) == (FQDN, True)
    assert [problem.code for problem in found.problems] == ["no-database"]
    assert not found.fit_for_restore


def test_an_archive_with_only_the_warehouse_cannot_bring_the_engine_back(tmp_path, dumps):
    only = {"dwh_backup.db": dumps("4.5", "--format=custom")}
    found = inspect(archive(tmp_path, dumps, "4.5", dumps=only, with_files=False))
    assert found.scopes == ("dwhdb",)
    assert found.dwh_present is True
    assert [problem.code for problem in found.problems] == ["no-database"]


def test_it_goes_to_json_and_back(tmp_path, dumps):
    newcomer = Newcomer("node3", "NODE1.example.com", ("10.1.0.12",))
    found = inspect(archive(tmp_path, dumps, "4.5"), newcomer, Version.parse("4.4.10"))
    assert found.conflicts
    assert found.problems
    assert Inspection.from_data(json.loads(json.dumps(found.to_data()))) == found


def test_no_secret_of_the_archive_is_ever_printed(tmp_path, dumps, capsys):
    path = archive(tmp_path, dumps, "4.5", config=f"DB_DUMP_FORMAT=custom\nX={PASSWORD}\n")
    for options in ([], ["--json"]):
        assert main(["inspect", str(path), *options]) == 3
        printed = capsys.readouterr()
        for secret in (SECRET, PASSWORD, KEY.splitlines()[1]):
            assert secret not in printed.out + printed.err


def test_nothing_is_written_and_the_file_is_not_touched(tmp_path, dumps):
    path = archive(tmp_path, dumps, "4.5")
    path.chmod(0o444)
    before = path.stat()
    inspect(path)
    after = path.stat()
    assert (after.st_mtime_ns, stat.S_IMODE(after.st_mode)) == (before.st_mtime_ns, 0o444)
    assert list(tmp_path.iterdir()) == [path]


def test_the_benchmark_runs_on_small_dumps_too():
    claims = inspecting.measure(1, megabytes=2, small=1)
    assert [claim.unit for claim in claims] == ["x", "x", "s", "s", *["MB"] * 4]
    assert all(claim.measured > 0 for claim in claims)
    assert all(claim.measured < claim.limit for claim in claims if claim.unit == "MB")


# -- the data warehouse -----------------------------------------------------------------------

WAREHOUSE = """
CREATE TABLE host_samples_history (history_id int, history_datetime timestamptz, host_id uuid);
CREATE TABLE vm_samples_history (history_id int, history_datetime timestamptz);
CREATE TABLE history_configuration (var_name text, var_value text);
INSERT INTO host_samples_history SELECT n,
  '2025-11-24 12:00+02'::timestamptz + n * '1 min'::interval FROM generate_series(1, 500) n;
INSERT INTO vm_samples_history SELECT n, '2030-01-01' FROM generate_series(1, 1000) n;
INSERT INTO history_configuration VALUES ('version', '4.5.0');
"""


@pytest.mark.parametrize("form", ["plain", "custom"])
def test_the_warehouse_tells_how_much_it_holds_and_up_to_when(tmp_path, dumps, postgres, form):
    if form == "plain":
        postgres.create("warehouse", WAREHOUSE)
    data = postgres.dump("warehouse", f"--format={form}")
    files = {"engine_backup.db": dumps("4.5", "--format=custom"), "dwh_backup.db": data}
    found = inspect(archive(tmp_path, dumps, "4.5", dumps=files))
    assert found.problems == ()
    assert found.dwh == Warehouse(3, 1501, "2025-11-24T18:20:00Z")
    assert Inspection.from_data(json.loads(json.dumps(found.to_data()))) == found
    assert found.to_data()["dwh"]["rows"] == 1501


def test_the_engine_says_when_the_warehouse_last_fetched(tmp_path, postgres):
    postgres.create(
        "keeping",
        "CREATE TABLE dwh_history_timekeeping (var_name text, var_value text, var_datetime "
        "timestamptz); INSERT INTO dwh_history_timekeeping VALUES ('lastSync', NULL, "
        "'2025-11-24 12:00:00.5+02'), ('heartBeat', NULL, '2026-01-01');",
    )
    files = {"engine_backup.db": postgres.dump("keeping"), "dwh_backup.db": plain()}
    found = inspect(build(tmp_path / "x", MODERN.but(dumps=files)))
    assert found.dwh == Warehouse(0, 0, None, "2025-11-24T10:00:00Z")

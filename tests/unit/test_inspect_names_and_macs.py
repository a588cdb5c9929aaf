"""Old hosts by the addresses of their names and by their network cards; what stays unknown."""

import json
import socket
import threading
import time

import pytest

from config.site import BackupServer, EngineMachine, ShellAccess
from steps.hosted_engine.archive.inspect import inspect
from steps.hosted_engine.archive.inspection import Inspection
from steps.hosted_engine.archive.name_lookup import resolve_names
from steps.hosted_engine.archive.newcomer import Newcomer
from steps.hosted_engine.backup.job import BackupJob
from steps.hosted_engine.backup.judge import shortcomings
from tests.engine_archives import MODERN, build
from tests.unit.dump_support import CustomDump, plain
from tui.inspect_report import as_text
from tui.main import main

HOSTS = [("1", "node1", "node1.example.com"), ("2", "node2", "10.1.0.12"), ("3", "node3", "node3")]
CARDS = [
    ("1", "ovirtmgmt", None, "52:54:00:00:00:01"),
    ("1", None, None, "52:54:00:00:00:0A"),
    ("2", None, None, "00:00:00:00:00:00"),
]
TABLES = {
    "vds_static": (("vds_id", "vds_name", "host_name"), HOSTS),
    "vds_interface": (("vds_id", "network_name", "addr", "mac_addr"), CARDS),
    "mac_pools": (("id", "name"), [("9", "Default")]),
    "mac_pool_ranges": (
        ("mac_pool_id", "from_mac", "to_mac"), [("9", "56:6f:00:00:00:00", "56:6f:00:00:ff:ff")]
    ),
}  # fmt: skip


@pytest.fixture
def archive(tmp_path):
    return build(
        tmp_path / "x", MODERN.but(dumps={"engine_backup.db": CustomDump(14, "zlib").dump(TABLES)})
    )


def said(**names):
    """A resolver that knows these names, and does not answer for others."""
    asked = []

    def lookup(wanted):
        asked.extend(wanted)
        return {name: names.get(name.partition(".")[0]) for name in wanted}

    lookup.asked = asked
    return lookup


def matches(found):
    return {conflict.host: conflict.matches for conflict in found.conflicts}


def test_a_host_that_was_added_by_name_is_found_by_its_address(archive):
    lookup = said(node1=("10.1.0.11", "fd00::11"), node3=())
    newcomer = Newcomer(addresses=("FD00:0::11",))
    found = inspect(archive, newcomer, lookup=lookup)
    assert matches(found) == {"node1": ("ip",)}
    assert lookup.asked == ["node1.example.com", "node3"]
    assert found.unresolved_names == ()
    assert "unresolved_names" not in found.to_data()


def test_the_new_hosts_own_name_is_looked_up_as_well(archive):
    found = inspect(archive, Newcomer(fqdn="new.example.com"), lookup=said(new=("10.1.0.12",)))
    assert matches(found) == {"node2": ("ip",)}
    assert found.conflicts[0].missed_by_tool


def test_an_address_that_every_host_has_is_no_conflict(archive):
    lookup = said(node1=("127.0.1.1",), node3=("::1", "fe80::1"), new=("127.0.1.1", "fe80::1"))
    assert inspect(archive, Newcomer(fqdn="new"), lookup=lookup).conflicts == ()


def test_names_that_nobody_could_tell_are_told(archive):
    found = inspect(archive, Newcomer(addresses=("10.1.0.11",)), lookup=said(node3=()))
    assert found.conflicts == ()
    assert found.unresolved_names == ("node1.example.com",)
    assert found.fit_for_restore
    assert found.to_data()["unresolved_names"] == ("node1.example.com",)
    assert Inspection.from_data(json.loads(json.dumps(found.to_data()))) == found
    assert "not known: the addresses of node1.example.com" in as_text(found)


def test_nothing_is_looked_up_where_no_address_is_compared(archive):
    lookup = said()
    for newcomer in (None, Newcomer(name="node1"), Newcomer(hardware_uuid="0" * 32)):
        inspect(archive, newcomer, lookup=lookup)
    assert lookup.asked == []


# -- the resolver -----------------------------------------------------------------------------


def test_the_resolver_is_given_its_time_and_no_more(monkeypatch):
    let_go = threading.Event()

    def answer(name, *_args, **_options):
        if name == "hangs":
            let_go.wait(300)
        if name == "gone":
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        if name == "offline":
            raise socket.gaierror(socket.EAI_AGAIN, "try again")
        if name == "x" * 70:
            raise UnicodeError("label too long")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.0.11", 0))] * 2

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    names = ["hangs", "gone", "offline", "x" * 70, *(f"n{number}" for number in range(100))]
    # A busy host does not come to all of them in a second; to the first, it never does.
    for limit in (1.0, 5.0, 25.0):
        began = time.monotonic()
        found = resolve_names(names, limit=limit)
        assert limit <= time.monotonic() - began < 200
        if found["n99"]:
            break
    let_go.set()
    assert list(found) == names
    assert (found["hangs"], found["gone"], found["offline"], found["x" * 70]) == (
        None,
        (),
        None,
        (),
    )
    assert found["n99"] == ("10.1.0.11",)
    assert resolve_names([]) == {}


def test_the_real_resolver_knows_this_machine():
    assert set(resolve_names(["localhost"])["localhost"]) & {"127.0.0.1", "::1"}


# -- hardware addresses -----------------------------------------------------------------------


def test_a_network_card_of_an_old_host_is_a_conflict(archive):
    found = inspect(archive, Newcomer(macs=("52-54-00-00-00-0a", "52:54:00:00:00:99")))
    assert matches(found) == {"node1": ("mac",)}
    (conflict,) = found.conflicts
    assert conflict.missed_by_tool
    assert "other-hardware" in conflict.choices
    assert "one of its hardware addresses" in as_text(found)


def test_an_empty_card_matches_nobody(archive):
    assert inspect(archive, Newcomer(macs=("00:00:00:00:00:00",))).conflicts == ()


def test_a_card_within_a_pool_is_a_caution(archive):
    found = inspect(archive, Newcomer(macs=("56:6F:00:00:12:34",)))
    assert found.conflicts == ()
    assert [problem.code for problem in found.problems] == ["mac-in-pool"]
    assert "'Default'" in found.problems[0].message
    assert found.fit_for_restore
    assert inspect(archive, Newcomer(macs=("56:6f:00:01:00:00",))).problems == ()


def test_the_command_takes_hardware_addresses(archive, capsys):
    assert main(["inspect", str(archive), "--host-mac", "52:54:00:00:00:01", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [row["matches"] for row in data["conflicts"]] == [["mac"]]
    assert main(["inspect", str(archive), "--host-mac", "52:54:00:00:00"]) == 2
    assert "'52:54:00:00:00' is not a hardware address" in capsys.readouterr().err


# -- a damaged warehouse ----------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"nothing of a dump", plain()[:-20]])
def test_a_damaged_warehouse_is_a_caution_and_the_engine_is_still_read(tmp_path, data):
    dumps = {"engine_backup.db": CustomDump(14, "zlib").dump(TABLES), "dwh_backup.db": data}
    found = inspect(build(tmp_path / "x", MODERN.but(dumps=dumps)))
    assert [problem.code for problem in found.problems] == ["damaged-warehouse"]
    assert "--scope=db" in found.problems[0].remedy
    assert found.fit_for_restore
    assert len(found.hosts) == 3
    assert found.dwh is None


def test_a_backup_that_was_just_made_is_no_good_with_a_damaged_warehouse(tmp_path):
    engine = {"engine_backup.db": CustomDump(14, "zlib").dump(TABLES)}
    machine, server = EngineMachine("m", ShellAccess()), BackupServer("s", ShellAccess())
    job = BackupJob(machine, server, None, (), "x", ("all",), (), 0, 0)
    for warehouse, said in ((plain(), []), (plain()[:-20], ["The dump of the data warehouse"])):
        dumps = engine | {"dwh_backup.db": warehouse}
        found = inspect(build(tmp_path / "x", MODERN.but(dumps=dumps)))
        wrong = [text[:30] for text in shortcomings(found, job, in_maintenance=False)]
        assert wrong == [text[:30] for text in said]

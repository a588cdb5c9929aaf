"""A new host compared with the hosts in the backup, and what each choice needs."""

import uuid

import pytest

from config.errors import InvalidInput
from steps.hosted_engine.archive.effects import fenced_after_start, ready_failover_hosts
from steps.hosted_engine.archive.engine_model import Cluster, EngineModel, Host, StorageDomain
from steps.hosted_engine.archive.newcomer import Newcomer, conflicts, storage_clash

UUID = "4c4c4544-0051-3010-8057-b2c04f4e3531"
SWAPPED = "44454c4c-5100-1030-8057-b2c04f4e3531"
OTHER = "99999999-0000-4000-8000-000000000009"


def host(**changes):
    values = {
        "id": "1", "name": "node1", "address": "node1.example.com", "hardware_uuid": UUID,
        "status_name": "Up", "cluster": "Default", "he_configured": True,
        "management_ipv4": "10.1.0.11", "management_ipv6": "fd00::11", "power_management": True,
        "vms": 2, "vms_migrating_in": 0,
    }  # fmt: skip
    return Host(**values | changes)


def clash(newcomer, *hosts):
    return conflicts(EngineModel(hosts=hosts or (host(),)), newcomer)


@pytest.mark.parametrize(
    ("newcomer", "matches", "missed"),
    [
        (Newcomer(name="NODE1"), ("name",), False),
        (Newcomer(fqdn="Node1.Example.com."), ("fqdn",), True),
        (Newcomer(addresses=("10.1.0.99", "10.1.0.11")), ("ip",), True),
        (Newcomer(addresses=("FD00:0:0::0011",)), ("ip",), True),
        (Newcomer(addresses=("::ffff:10.1.0.11",)), ("ip",), True),
        (Newcomer(hardware_uuid=UUID.upper()), ("hw_uuid",), False),
        (Newcomer(hardware_uuid=SWAPPED), ("hw_uuid",), True),
        (Newcomer("node1", "node1.example.com", ("10.1.0.11",), UUID),
         ("name", "fqdn", "ip", "hw_uuid"), False),
    ],
)  # fmt: skip
def test_a_match_and_whether_the_deployment_itself_would_see_it(newcomer, matches, missed):
    (found,) = clash(newcomer)
    assert (found.matches, found.missed_by_tool) == (matches, missed)
    assert (found.host_id, found.host) == ("1", "node1")


def test_the_swapped_uuid_above_is_what_other_firmware_says():
    assert uuid.UUID(bytes=uuid.UUID(UUID).bytes_le) == uuid.UUID(SWAPPED)


@pytest.mark.parametrize(
    "newcomer",
    [
        Newcomer("node2", "node2.example.com", ("10.1.0.12",), OTHER),
        Newcomer(name="node1.example.com"),
        Newcomer(fqdn="node1"),
        Newcomer(addresses=("10.1.0.1",)),
    ],
)
def test_another_host_is_no_conflict(newcomer):
    assert clash(newcomer) == ()


def test_a_host_that_was_added_by_its_address_is_found_by_it():
    (found,) = clash(
        Newcomer(addresses=("10.1.0.50",)), host(address="10.1.0.50", management_ipv4=None)
    )
    assert found.matches == ("ip",)


def test_a_uuid_with_a_hardware_address_behind_it_is_still_one():
    (found,) = clash(Newcomer(hardware_uuid=UUID), host(hardware_uuid=f"{UUID}_00:11:22:33:44:55"))
    assert found.matches == ("hw_uuid",)


def test_every_host_of_that_name_is_a_conflict():
    assert len(clash(Newcomer(name="node1"), host(), host(id="2", cluster="Two"))) == 2


def test_the_choices_are_those_that_settle_the_matches():
    newcomer = Newcomer("node1", "node1.example.com", (), UUID)
    (busy,) = clash(newcomer)
    assert busy.choices == ("rename", "other-address", "other-hardware", "stop")
    free = host(status_name="Maintenance", vms=0)
    (ready,) = clash(newcomer, free)
    assert ready.choices[0] == "use-failover-host"


@pytest.mark.parametrize(
    "change",
    [{"vms": 1}, {"vms_migrating_in": 1}, {"vms": None}, {"status_name": "Up"},
     {"he_configured": False}, {"status_name": None}],
)  # fmt: skip
def test_a_failover_host_that_was_not_ready_is_none(change):
    free = host(**{"status_name": "Maintenance", "vms": 0, **change})
    (found,) = clash(Newcomer(name="node1"), free)
    assert "use-failover-host" not in found.choices
    assert ready_failover_hosts(EngineModel(hosts=(free,))) == ()


def test_without_a_new_host_or_old_ones_nothing_is_claimed():
    assert clash(None) == ()
    assert conflicts(EngineModel(), Newcomer(name="x")) is None


@pytest.mark.parametrize(
    "newcomer", [Newcomer(addresses=("10.1.0",)), Newcomer(hardware_uuid="not settable")]
)
def test_what_cannot_be_right_is_refused(newcomer):
    with pytest.raises(InvalidInput):
        newcomer.check()


@pytest.mark.parametrize(
    ("path", "clashes"),
    [
        ("nas.example.com:/hosted", True), ("NAS.example.com.:/hosted/", True),
        ("nas.example.com:/hosted2", False), ("other.example.com:/hosted", False), (None, False),
    ],
)  # fmt: skip
def test_the_storage_of_the_old_engine_is_recognised(path, clashes):
    old = StorageDomain("1", "hosted_storage", None, None, None, None, "nas.example.com:/hosted")
    model = EngineModel(storage_domains=(old,))
    assert (storage_clash(model, Newcomer(storage=path)) is not None) is clashes


@pytest.mark.parametrize(
    ("change", "fenced"),
    [
        ({}, True), ({"status_name": "NonResponsive"}, True), ({"status_name": None}, True),
        ({"power_management": False}, False), ({"power_management": None}, False),
        ({"status_name": "Maintenance"}, False), ({"status_name": "Down"}, False),
        ({"cluster": "Spared"}, False),
    ],
)  # fmt: skip
def test_which_hosts_the_restored_engine_may_power_off(change, fenced):
    clusters = (
        Cluster("c", "Spared", None, None, False),
        Cluster("d", "Default", None, None, None),
    )
    assert bool(fenced_after_start([host(**change)], clusters)) is fenced

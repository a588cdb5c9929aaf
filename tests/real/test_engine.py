"""The real client library against the practice engine: reading, acting, rules, waiting."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from config.errors import InvalidInput, Refused, StepFailed, Unreachable
from config.secrets import Secret
from config.site import Site
from config.site_file import load_site, save_site
from config.site_secrets import resolve_site_secrets
from steps.doctor.site import examine_site
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.database import machine_record
from steps.drill.practice_engine.site import (
    lose_host,
    name_engine,
    restore_database,
    saved_database,
    set_fault,
    start_server,
    stop_server,
)
from steps.drill.practice_hosts import engine_machine
from steps.drill.practice_hosts.first_world import ANSIBLE, practice_world
from steps.targets.engine import NewHost
from steps.targets.engine_facts import Deployment, Page, Power
from steps.targets.engine_waiting import (
    Sight,
    engine_up,
    host_becomes,
    host_gone,
    machine_becomes,
    storage_becomes,
    wait_until,
)
from steps.targets.open import open_targets
from steps.targets.ovirt_engine import OvirtEngine
from tests.real.engine_support import HOSTS, SOON, SPEED, practising, with_user

NEW = "host-09.practice.invalid"


def becomes(practice, name, *wanted):
    look = host_becomes(practice.engine, practice.host_id(name), wanted)
    return wait_until(f"{name} {wanted}", look, SOON)


def machines_left(practice, name, number):
    """Wait until no more of them are on that host."""
    wait_until(f"{number} machines on {name}", partial(count_on, practice, name, number), SOON)


def count_on(practice, name, number):
    found = len(practice.engine.machines(practice.host_id(name)))
    return Sight(found == number, f"{found} machines")


def lost(practice, name):
    lose_host(practice.places, name)
    becomes(practice, name, "non_responsive")


def test_everything_an_engine_tells_is_read(practice):
    engine = practice.engine
    about = engine.about()
    assert (about.vendor, about.version, about.simulated) == ("Rekindle", db.VERSION, True)
    one, two, three = engine.hosts()
    assert (one.name, one.address, one.status, one.spm) == ("host-01", HOSTS[0], "up", "spm")
    assert one.hardware_uuid == practice.facts()["hosts"][HOSTS[0]]["uuid"]
    assert (one.machines, two.machines, three.machines) == (1, 0, 2)
    part = one.hosted_engine
    assert part is not None
    assert (part.configured, part.active, part.score) == (True, True, 3400)
    assert (part.local_maintenance, part.global_maintenance) == (False, False)
    machines = {machine.name: machine for machine in engine.machines()}
    assert machines["HostedEngine"].is_engine
    assert machines["vm_web"].high_availability
    assert machines["vm_web"].host == three.id
    assert machines["vm_archive"].status == "down"
    assert {machine.name for machine in engine.machines(three.id)} == {"vm_web", "vm_build"}
    center, cluster = engine.data_centers()[0], engine.clusters()[0]
    assert (center.name, center.status, center.version) == ("Default", "up", "4.7")
    assert (cluster.data_center, one.cluster) == (center.id, cluster.id)
    hosted, data = engine.storage_domains()
    assert (hosted.name, hosted.kind, hosted.storage, hosted.status) == (
        "hosted_storage", "data", "nfs", "active",
    )  # fmt: skip
    assert (data.master, data.place) == (True, "storage.practice.invalid:/vm_data")
    assert engine.health().page is Page.UP


def test_a_host_that_carries_no_engine_has_no_part_in_it(practice):
    with practice.places.world.change() as facts:
        facts["hosts"][HOSTS[1]]["ha"]["joined"] = False
    assert practice.engine.host_named("HOST-02").hosted_engine is None


def test_what_is_not_there_is_none_and_acting_on_it_is_told(practice):
    nobody = "00000000-0000-0000-0000-000000000001"
    assert practice.engine.host(nobody) is None
    assert practice.engine.machine(nobody) is None
    assert practice.engine.host_named("nobody") is None
    with pytest.raises(InvalidInput, match="nothing like that"):
        practice.engine.activate_host(nobody)
    for bad in ("", "..", "a/b", "a?b"):
        with pytest.raises(InvalidInput, match="not the id"):
            practice.engine.remove_host(bad)
    assert len(practice.engine.hosts()) == 3


def test_maintenance_moves_machines_and_the_storage_pool_manager_away_in_its_time(practice):
    engine, seen = practice.engine, []
    practice.pace(1)
    id = practice.host_id("host-01")
    engine.marked("rekindle-run-1").maintain_host(id, "failover host")
    look = host_becomes(engine, id, ("maintenance",))
    with pytest.raises(StepFailed, match="after 0 s"):
        wait_until("maintenance", look, replace(SOON, seconds=0, told=seen.append))
    practice.pace(SPEED)
    wait_until("maintenance", look, replace(SOON, told=seen.append))
    assert seen[0] == "host host-01 is preparing_for_maintenance with 1 machine and spm"
    assert seen[-1] == "host host-01 is maintenance"
    host = engine.host(id)
    assert (host.machines, host.spm, host.hosted_engine.score) == (0, "none", 0)
    assert host.hosted_engine.local_maintenance
    assert sum(other.spm != "none" for other in engine.hosts()) == 1
    engine.activate_host(id)
    becomes(practice, "host-01", "up")
    assert engine.host(id).hosted_engine.score == 3400


def test_a_step_is_found_in_the_event_log_by_its_mark(practice):
    practice.engine.marked("rekindle-run-7-host.maintain").maintain_host(
        practice.host_id("host-02")
    )
    practice.engine.activate_host(practice.host_id("host-02"))
    found = practice.engine.events(correlation="rekindle-run-7-host.maintain")
    assert [event.text for event in found] == ["Host host-02 is being moved to Maintenance mode."]
    assert found[0].severity == "normal"
    assert found[0].time is not None
    assert {event.correlation for event in practice.engine.events(after=found[0].id)} == {""}
    assert len(practice.engine.events(limit=1)) == 1
    with pytest.raises(InvalidInput, match="correlation id"):
        practice.engine.marked("x" * 51)


def test_a_machine_that_cannot_go_is_seen_on_its_host(practice):
    practice.told("machines", "vm_build", pinned=practice.has("hosts", "host-03")["id"])
    practice.engine.maintain_host(practice.host_id("host-03"))
    machines_left(practice, "host-03", 1)
    look = host_becomes(practice.engine, practice.host_id("host-03"), ("maintenance",))
    with pytest.raises(StepFailed, match="with 1 machine") as failed:
        wait_until("host-03 in maintenance", look, replace(SOON, seconds=0.5))
    assert failed.value.seen.startswith("host host-03 is preparing_for_maintenance")
    assert any("Failed to migrate VM vm_build" in event.text for event in practice.engine.events())


def test_a_dead_host_is_fenced_by_word_and_its_machines_are_let_go(practice):
    lost(practice, "host-03")
    assert {m.status for m in practice.engine.machines(practice.host_id("host-03"))} == {"unknown"}
    with pytest.raises(Refused, match="One or more VMs are still running on this Host"):
        practice.engine.remove_host(practice.host_id("host-03"), force=True)
    with pytest.raises(Refused, match="still has running VMs on it"):
        practice.engine.maintain_host(practice.host_id("host-03"))
    practice.engine.confirm_rebooted(practice.host_id("host-03"))
    web = next(m for m in practice.engine.machines() if m.name == "vm_web")
    wait_until("vm_web up", machine_becomes(practice.engine, web.id, ("up",)), SOON)
    assert practice.engine.machine(web.id).host != practice.host_id("host-03")
    assert next(m for m in practice.engine.machines() if m.name == "vm_build").status == "down"
    id = practice.host_id("host-03")
    practice.engine.remove_host(id)
    wait_until("host-03 gone", host_gone(practice.engine, id), SOON)
    assert "damage" not in practice.facts()


def test_a_host_that_was_not_rebooted_comes_back_and_the_damage_is_known(practice):
    set_fault(practice.places, db.STILL_ALIVE, "host-03")
    lost(practice, "host-03")
    practice.engine.confirm_rebooted(practice.host_id("host-03"))
    becomes(practice, "host-03", "up")
    assert practice.facts()["damage"] == [
        "the disks of vm_web were written by two hosts",
        "the disks of vm_build were written by two hosts",
    ]


def test_the_storage_pool_manager_is_fenced_only_when_another_host_can_take_over(practice):
    practice.told("hosts", "host-02", status="maintenance")
    engine_machine.start(practice.places.world, HOSTS[2], healthy_in=0)
    practice.engine.hosts()
    practice.pace(1)
    lose_host(practice.places, "host-01")
    with pytest.raises(Refused, match="Data Center is up"):
        practice.engine.confirm_rebooted(practice.host_id("host-01"))
    practice.pace(SPEED)
    becomes(practice, "host-01", "non_responsive")
    assert practice.engine.data_centers()[0].status == "problematic"
    practice.told("hosts", "host-03", status="maintenance")
    with pytest.raises(Refused, match="no other Host"):
        practice.engine.confirm_rebooted(practice.host_id("host-01"))
    practice.told("hosts", "host-03", status="up")
    practice.engine.confirm_rebooted(practice.host_id("host-01"))
    becomes(practice, "host-03", "up")
    assert practice.engine.host_named("host-03").spm in ("contending", "spm")
    assert practice.engine.host_named("host-01").spm == "none"


@pytest.mark.parametrize("status", ["up", "reboot", "installing", "connecting", "initializing"])
def test_force_removes_no_host_whose_status_forbids_it(practice, status):
    practice.told("hosts", "host-02", status=status)
    assert not practice.engine.host_named("host-02").may_be_removed
    with pytest.raises(Refused, match="switch Host to Maintenance mode first") as refused:
        practice.engine.remove_host(practice.host_id("host-02"), force=True)
    assert refused.value.exit_code == 3
    assert "Nothing was changed" in refused.value.remedy


@pytest.mark.parametrize(
    "status",
    ["non_responsive", "maintenance", "down", "unassigned", "install_failed", "non_operational"],
)
def test_a_host_without_machines_is_removed_from_each_status_that_allows_it(practice, status):
    practice.told("hosts", "host-02", status=status)
    host = practice.engine.host_named("host-02")
    assert host.may_be_removed
    practice.engine.remove_host(host.id)
    assert practice.engine.host(host.id) is None


def test_a_host_with_machines_pinned_to_it_stays(practice):
    id = practice.host_id("host-02")
    with practice.places.world.change() as facts:
        cluster = facts[db.KEY]["clusters"][0]["id"]
        facts[db.KEY]["machines"].append(machine_record("vm_pin", cluster, pinned=id))
    practice.told("hosts", "host-02", status="maintenance")
    with pytest.raises(Refused, match="pinned to this Host: vm_pin"):
        practice.engine.remove_host(id, force=True)


def test_a_host_in_service_cannot_be_called_rebooted(practice):
    with pytest.raises(Refused, match="in status up"):
        practice.engine.confirm_rebooted(practice.host_id("host-02"))
    practice.told("hosts", "host-03", status="non_operational")
    with pytest.raises(Refused, match="has running VMs"):
        practice.engine.confirm_rebooted(practice.host_id("host-03"))


def test_a_host_that_stays_non_operational_is_given_up_at_once_where_that_is_hopeless(practice):
    set_fault(practice.places, db.STAYS_NON_OPERATIONAL, "host-02")
    practice.told("hosts", "host-02", status="maintenance")
    practice.engine.activate_host(practice.host_id("host-02"))
    id = practice.host_id("host-02")
    look = host_becomes(practice.engine, id, ("up",), hopeless=("non_operational",))
    with pytest.raises(StepFailed, match="non_operational \\(network_unreachable\\)"):
        wait_until("host-02 up", look, replace(SOON, seconds=60))
    set_fault(practice.places, db.STAYS_NON_OPERATIONAL, "")
    practice.engine.activate_host(id)
    becomes(practice, "host-02", "up")


def test_a_storage_pool_manager_that_is_not_released_holds_maintenance_up(practice):
    set_fault(practice.places, db.SPM_NOT_RELEASED, "host-01")
    practice.engine.maintain_host(practice.host_id("host-01"))
    machines_left(practice, "host-01", 0)
    look = host_becomes(practice.engine, practice.host_id("host-01"), ("maintenance",))
    with pytest.raises(StepFailed, match="preparing_for_maintenance and spm"):
        wait_until("host-01 in maintenance", look, replace(SOON, seconds=0.5))
    set_fault(practice.places, db.SPM_NOT_RELEASED, "")
    wait_until("host-01 in maintenance", look, SOON)


def test_another_version_than_expected_is_read(practice):
    set_fault(practice.places, db.WRONG_VERSION, "4.3.10")
    assert practice.engine.about().version == "4.3.10"
    with pytest.raises(InvalidInput, match="no fault"):
        set_fault(practice.places, "nonsense", "x")


def test_a_host_is_added_with_a_part_in_the_engine_and_conflicts_are_refused(practice):
    cluster = practice.engine.clusters()[0].id
    with practice.places.world.change() as facts:
        facts["hosts"] |= practice_world(dict.fromkeys([*HOSTS, NEW], ANSIBLE))["hosts"]
        twin = {**facts["hosts"][NEW], "uuid": facts["hosts"][HOSTS[1]]["uuid"]}
        facts["hosts"]["twin.practice.invalid"] = twin
    for name, address, wrong in (
        ("HOST-02", NEW, "name is already in use"),
        ("host-09", HOSTS[1].upper(), "same address already exists"),
        ("host-09", "twin.practice.invalid", "same UUID"),
    ):
        with pytest.raises(Refused, match=wrong):
            practice.engine.add_host(NewHost(name, address, cluster, Secret("root-pw")))
    new = NewHost("host-09", NEW, cluster, Secret("root-pw"))
    practice.pace(1)
    id = practice.engine.add_host(new, Deployment.DEPLOY)
    assert practice.engine.host(id).status == "installing"
    practice.pace(SPEED)
    becomes(practice, "host-09", "up")
    assert practice.engine.host(id).hosted_engine.score == 3400
    assert "root-pw" not in (practice.places.world.folder / "world.json").read_text()


def test_a_host_is_reinstalled_from_maintenance_only(practice):
    id = practice.host_id("host-02")
    with pytest.raises(Refused, match="switch Host to Maintenance"):
        practice.engine.reinstall_host(id, Deployment.UNDEPLOY)
    practice.told("hosts", "host-02", status="maintenance")
    practice.engine.reinstall_host(id, Deployment.UNDEPLOY, Secret("root-pw"))
    becomes(practice, "host-02", "up")
    assert practice.engine.host(id).hosted_engine is None
    practice.told("hosts", "host-02", status="maintenance")
    practice.engine.reinstall_host(id, Deployment.DEPLOY)
    becomes(practice, "host-02", "up")
    assert practice.engine.host(id).hosted_engine.configured


def test_power_is_told_where_power_management_is_set_up(practice):
    with pytest.raises(Refused, match="Power Management is not enabled"):
        practice.engine.power_of(practice.host_id("host-03"))
    practice.told("hosts", "host-03", power_management=True)
    assert practice.engine.host_named("host-03").power_management
    assert practice.engine.power_of(practice.host_id("host-03")) is Power.ON
    lost(practice, "host-03")
    assert practice.engine.power_of(practice.host_id("host-03")) is Power.OFF


def test_machines_are_started_shut_down_pulled_and_removed(practice):
    engine = practice.engine
    ids = {machine.name: machine.id for machine in engine.machines()}
    with pytest.raises(Refused, match="VM is running"):
        engine.start_machine(ids["vm_build"])
    with pytest.raises(Refused, match="VM is running"):
        engine.remove_machine(ids["vm_build"])
    engine.shut_down_machine(ids["vm_build"])
    wait_until("vm_build down", machine_becomes(engine, ids["vm_build"], ("down",)), SOON)
    engine.start_machine(ids["vm_build"])
    wait_until("vm_build up", machine_becomes(engine, ids["vm_build"], ("up",)), SOON)
    engine.power_off_machine(ids["vm_build"])
    assert engine.machine(ids["vm_build"]).status == "down"
    engine.remove_machine(ids["vm_build"])
    assert engine.machine(ids["vm_build"]) is None


def test_storage_goes_to_maintenance_the_master_last_and_can_be_forgotten(practice):
    engine = practice.engine
    hosted, data = engine.storage_domains()
    center = hosted.data_centers[0]
    with pytest.raises(Refused, match="master"):
        engine.maintain_storage(center, data.id)
    engine.maintain_storage(center, hosted.id)
    wait_until("in maintenance", storage_becomes(engine, hosted.id, ("maintenance",)), SOON)
    engine.activate_storage(center, hosted.id)
    wait_until("active", storage_becomes(engine, hosted.id, ("active",)), SOON)
    engine.maintain_storage(center, hosted.id)
    wait_until("in maintenance", storage_becomes(engine, hosted.id, ("maintenance",)), SOON)
    engine.detach_storage(center, hosted.id)
    found = next(domain for domain in engine.storage_domains() if domain.id == hosted.id)
    assert (found.status, found.data_centers) == ("unattached", ())
    engine.forget_storage(hosted.id)
    assert [domain.name for domain in engine.storage_domains()] == ["vm_data"]


def test_a_wrong_password_or_profile_is_told_without_the_password(practice):
    for access, word in (
        (practice.access, "tr0ub4dor"),
        (with_user(practice.access, "admin@ovirt@internalsso"), practice.password.reveal()),
    ):
        engine = OvirtEngine(access, Secret(word), 10)
        with pytest.raises(Refused, match="does not let this account in") as refused:
            engine.hosts()
        assert "password is incorrect" in refused.value.message
        assert word not in str(refused.value)
        assert "admin@ovirt@internalsso" in refused.value.remedy
    with pytest.raises(InvalidInput, match="no password"):
        OvirtEngine(practice.access, None).hosts()


def test_an_account_of_a_keycloak_installation_gets_in(tmp_path):
    account = "admin@ovirt@internalsso"
    with practising(tmp_path / "p", account) as practice:
        assert practice.access.user == account
        assert len(practice.engine.hosts()) == 3
        other = OvirtEngine(with_user(practice.access, "admin@internal"), practice.password, 10)
        with pytest.raises(Refused, match="does not let this account in"):
            other.hosts()


def test_lanes_that_ask_at_the_same_time_share_one_log_in(practice):
    id = practice.host_id("host-01")
    marks = [practice.engine.marked(f"rekindle-lane-{n}") for n in range(8)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda engine: engine.host(id), marks))
    assert {host.name for host in found} == {"host-01"}
    assert len(practice.facts()[db.KEY]["tokens"]) == 1


def test_a_proxy_of_the_operator_that_is_away_is_named(practice, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.invalid:3128")
    with pytest.raises(Unreachable, match="proxy"):
        practice.engine.hosts()


def test_a_log_in_that_ran_out_is_renewed(practice):
    practice.engine.hosts()
    with practice.places.world.change() as facts:
        facts[db.KEY]["tokens"].clear()
    assert len(practice.engine.hosts()) == 3


def test_closing_logs_out_and_the_next_call_logs_in_again(practice):
    practice.engine.hosts()
    assert len(practice.facts()[db.KEY]["tokens"]) == 1
    practice.engine.close()
    assert practice.facts()[db.KEY]["tokens"] == []
    assert practice.engine.hosts()


def test_an_engine_that_is_only_starting_is_unreachable_and_never_an_empty_one(practice):
    id = practice.host_id("host-01")
    practice.pace(1)
    with practice.places.world.change() as facts:
        facts["engine"]["healthy_at"] = practice.places.world.now(facts) + 600
    assert practice.engine.health().page is Page.STARTING
    with pytest.raises(Unreachable, match="health answers 503"):
        practice.engine.host(id)
    practice.pace(SPEED)
    wait_until("engine up", engine_up(practice.engine), SOON)
    assert practice.engine.host(id) is not None


def test_the_server_is_there_while_the_engine_machine_runs_and_keeps_what_it_knows(tmp_path):
    with practising(tmp_path / "p") as practice:
        id = practice.host_id("host-02")
        practice.engine.maintain_host(id)
    places, engine = practice.places, practice.engine
    try:
        start_server(places)
        assert "Simulated" in places_home(practice.access.url)
        becomes(practice, "host-02", "maintenance")
        engine_machine.shut_down(places.world, 0)
        wait_until("engine away", partial(engine_away, engine), SOON)
        look = engine_up(engine)
        with pytest.raises(StepFailed, match="Connection refused"):
            wait_until("engine up", look, replace(SOON, seconds=0.6))
        assert engine.health().page is Page.AWAY
        with pytest.raises(Unreachable, match="does not answer"):
            engine.hosts()
        engine_machine.start(places.world, HOSTS[1], healthy_in=60)
        wait_until("engine up", look, SOON)
        assert engine.host(id).status == "maintenance"
    finally:
        engine.close()
        stop_server(places)
    assert not places.server_file.exists()


def engine_away(engine):
    page = engine.health().page
    return Sight(page is Page.AWAY, page.value)


def places_home(url):
    from steps.targets.engine_pages import fetch, unverified

    return fetch(url + "/", unverified()).body.decode()


def test_a_practice_site_file_names_its_engine_with_a_ca_that_is_trusted(practice, tmp_path):
    file = tmp_path / "site.yaml"
    save_site(file, Site("practice", practice=True))
    os.unlink(next(practice.places.known_cas.iterdir()))
    name_engine(practice.places, file)
    site = load_site(file)
    assert site.practice
    targets = open_targets(site, resolve_site_secrets(site, lambda _title: Secret("")))
    assert len(targets.engine().hosts()) == 3
    targets.close()


def test_the_site_opens_its_engine_and_doctor_says_how_it_is(practice):
    site = Site("here", engine=practice.access)
    targets = open_targets(site, {"engine password": practice.password})
    assert targets.engine() is targets.engine()
    assert len(targets.engine().hosts()) == 3
    targets.close()
    found = {d.topic: d for d in examine_site(site, {"engine password": practice.password}, 240)}
    assert found["engine health"].level == "ok"
    assert found["engine"].seen == f"version {db.VERSION} (simulated): 3 hosts, 3 up"
    assert {d.topic: d.level for d in examine_site(site, {}, 240)}["engine"] == "warning"
    os.unlink(next(practice.places.known_cas.iterdir()))
    found = {d.topic: d for d in examine_site(site, {"engine password": practice.password}, 240)}
    assert found["engine"].level == "error"
    assert "SHA-256" in found["engine"].seen
    with pytest.raises(InvalidInput, match="has no engine"):
        open_targets(Site("bare"), {}).engine()


def test_a_restored_engine_finds_out_who_is_gone_and_leaves_maintenance_alone(practice):
    practice.told("hosts", "host-02", status="maintenance")
    saved = saved_database(practice.places)
    practice.engine.remove_host(practice.host_id("host-02"))
    practice.pace(1)
    lose_host(practice.places, "host-03")
    restore_database(practice.places, saved)
    found = {host.name: (host.status, host.spm) for host in practice.engine.hosts()}
    assert found == {
        "host-01": ("unassigned", "none"),
        "host-02": ("maintenance", "none"),
        "host-03": ("connecting", "none"),
    }
    assert practice.engine.data_centers()[0].status == "not_operational"
    practice.pace(SPEED)
    becomes(practice, "host-01", "up")
    becomes(practice, "host-03", "non_responsive")
    assert practice.engine.host_named("host-02").status == "maintenance"
    practice.engine.confirm_rebooted(practice.host_id("host-03"))
    assert {m.status for m in practice.engine.machines(practice.host_id("host-03"))} == set()


@pytest.mark.parametrize("delay", [300.0, 86400.0])
def test_power_management_fences_by_itself_only_after_its_time(practice, delay):
    practice.told("hosts", "host-03", power_management=True)
    saved = saved_database(practice.places)
    lose_host(practice.places, "host-03")
    restore_database(practice.places, saved, delay)
    becomes(practice, "host-03", "non_responsive")
    practice.pace(SPEED * 4)
    look = partial(event_seen, practice, "Host host-03 was restarted by its power management.")
    if delay < 1000:
        wait_until("fenced", look, SOON)
        assert practice.engine.machines(practice.host_id("host-03")) == ()
    else:
        with pytest.raises(StepFailed):
            wait_until("fenced", look, replace(SOON, seconds=0.5))
        assert len(practice.engine.machines(practice.host_id("host-03"))) == 2


def event_seen(practice, text):
    found = any(event.text == text for event in practice.engine.events())
    return Sight(found, f"{text} {found}")


def test_the_root_page_of_the_practice_engine_says_that_it_is_simulated(practice):
    assert "Simulated" in places_home(practice.access.url)
    assert practice.engine.about().product == "Rekindle practice engine (simulated)"


def test_the_engine_machine_is_where_the_world_has_it_and_migrates_in_the_world_too(practice):
    practice.engine.maintain_host(practice.host_id("host-01"))
    becomes(practice, "host-01", "maintenance")
    at = practice.facts()["engine"]["host"]
    assert at in HOSTS[1:]
    engine_machine.start(practice.places.world, next(h for h in HOSTS[1:] if h != at), healthy_in=0)
    at = practice.facts()["engine"]["host"]
    machine = next(m for m in practice.engine.machines() if m.is_engine)
    assert practice.engine.host(machine.host).address == at

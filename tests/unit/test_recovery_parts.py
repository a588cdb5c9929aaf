"""The pure parts of recovery and rejoining: what is legal when, jobs from an inspection, looks."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest

from config.answers import unanswered
from config.errors import InvalidInput, Unreachable
from config.interviews.hosted_engine_rejoin import BY_PASSWORD
from config.site import EngineAccess, EngineHost, ShellAccess, Site
from steps.hosted_engine.archive.engine_model import Host as OldHost
from steps.hosted_engine.archive.engine_model import Vm
from steps.hosted_engine.archive.inspection import Inspection, Layout
from steps.hosted_engine.archive.newcomer import Conflict
from steps.hosted_engine.recovery.host_rules import Way, next_act
from steps.hosted_engine.recovery.phases import make_way_phase, recovery_phases
from steps.hosted_engine.recovery.recovery_job import (
    BackupHost,
    RecoveryJob,
    hosts_of,
    in_the_way_of,
    machines_of,
)
from steps.hosted_engine.recovery.signs_of_life import running_machines, signs_of_life
from steps.hosted_engine.rejoin.choices import refusal, site_host
from steps.hosted_engine.rejoin.procedure import PROCEDURE, plan
from steps.hosted_engine.rejoin.rejoin_job import RejoinHost, host_data, hosts_from_data
from steps.targets.engine_facts import (
    CLEARS_MACHINES,
    FENCEABLE,
    REMOVABLE,
    Host,
    Machine,
    Power,
)
from steps.targets.shell import Completed

STATUSES = sorted(
    {*FENCEABLE, *REMOVABLE, "up", "error", "initializing", "preparing_for_maintenance"}
)


def host(status, **more):
    return Host("1", "host-02", "host-02.example.com", status, **more)


@pytest.mark.parametrize(("status", "machines"), list(itertools.product(STATUSES, (0, 2))))
def test_nothing_is_ever_asked_of_the_engine_that_it_refuses_in_that_state(status, machines):
    act = next_act(host(status), machines)
    if act.way is Way.REMOVE:
        assert status in REMOVABLE
        assert machines == 0
    if act.way is Way.CONFIRM:
        assert status in FENCEABLE & CLEARS_MACHINES
    if act.way is Way.MAINTAIN:
        assert status not in ("non_responsive", "maintenance")
    if status == "up":
        assert act.way is Way.MAINTAIN
    assert status in act.why


def test_a_lost_storage_pool_manager_is_confirmed_before_it_is_removed():
    act = next_act(host("non_responsive", spm="spm"), 0)
    assert act.way is Way.CONFIRM
    assert "Storage Pool Manager" in act.why
    assert next_act(host("non_responsive"), 0).way is Way.REMOVE
    assert next_act(host("install_failed"), 1).way is Way.NONE


def inspection(**changes):
    hosts = (
        OldHost("1", "host-01", "a", "u1", "Maintenance", "c", True, None, None, None, 0, 0),
        OldHost("2", "host-02", None, None, "Up", "c", True, None, None, None, 2, 0),
    )
    vms = (
        Vm("v1", "web", "Up", "host-02", None, True, False, "OVIRT", False),
        Vm("v2", "off", "Down", "host-02", None, False, False, "OVIRT", False),
        Vm("v3", "HostedEngine", "Up", "host-02", None, False, False, "HOSTED_ENGINE", True),
        Vm("v4", "idle", "Down", None, None, False, False, "OVIRT", False),
    )
    conflicts = (Conflict("1", "host-01", ("name",), False, ("use-failover-host",)),)
    values = dict.fromkeys(Inspection.__dataclass_fields__)
    values |= {
        "scopes": (), "layout": Layout(None, None, None, None, None), "problems": (),
        "fit_for_restore": True, "hosts": hosts, "vms": vms, "conflicts": conflicts,
        "restore_sets_down": ("web",),
    }  # fmt: skip
    return Inspection(**(values | changes))


def test_only_a_host_that_was_found_in_the_way_and_chosen_is_ever_removed():
    found = inspection()
    assert [one.name for one in in_the_way_of(found, ("1", "2"))] == ["host-01"]
    assert in_the_way_of(found, ("2",)) == ()
    assert in_the_way_of(inspection(conflicts=None), ("1",)) == ()
    (web,) = machines_of(found)
    assert (web.name, web.host, web.high_availability, web.set_down) == (
        "web", "host-02", True, True,
    )  # fmt: skip
    assert hosts_of(inspection(hosts=None)) == ()


def test_the_phases_are_about_the_hosts_of_the_backup_and_none_bears_a_name_twice():
    from steps.hosted_engine.deploy_job import DeployJob

    found = inspection()
    deploy = DeployJob("s", EngineHost("h", ShellAccess()), "classic", "e", "", lambda _c: None)
    job = RecoveryJob(deploy, "new", in_the_way_of(found, ("1",)), hosts_of(found))
    phases = (make_way_phase(job), *recovery_phases(job))
    names = [step.name for phase in phases for step in phase.steps]
    assert len(names) == len(set(names))
    assert [name for name in names if "host-0" in name] == ["make-way.host-01", "rebooted.host-02"]
    assert all(step.commands() and step.title for phase in phases for step in phase.steps)


class Says:
    """A shell that says one thing to everything."""

    where = "host-01"

    def __init__(self, out):
        self.out = out

    def run(self, command, **_more):
        if isinstance(self.out, Exception):
            raise self.out
        return Completed("look", 0, self.out, "")


class Powered:
    """An engine that tells of power management alone."""

    def __init__(self, power):
        self.power = power

    def power_of(self, _id):
        return self.power


LOST = host("non_responsive", power_management=True)
SILENT = "ping no\n22 no\n54321 no\n"


@pytest.mark.parametrize(
    ("said", "power", "doubts"),
    [
        (SILENT, Power.OFF, ()),
        (SILENT, Power.UNKNOWN, ()),
        (SILENT, Power.ON, ("its power management says that it is on",)),
        ("ping no\n22 yes\n54321 no\n", Power.UNKNOWN, ("SSH (port 22) answers",)),
        ("ping unseen\n22 unseen\n54321 unseen\n", Power.UNKNOWN, ("nothing could be looked at",)),
        ("garbage \x00\n\n", Power.UNKNOWN, ("nothing could be looked at",)),
        (Unreachable("no way there."), Power.UNKNOWN, ("nothing could be looked at",)),
        (Unreachable("no way there."), Power.OFF, ()),
    ],
)
def test_what_speaks_against_a_hosts_having_been_switched_off(said, power, doubts):
    signs = signs_of_life(Powered(power), Says(said), LOST)
    assert signs.doubts == doubts
    assert "power management" in signs.seen


def test_a_host_that_is_entered_is_judged_by_what_runs_on_it():
    answers = Says("ping yes\n22 yes\n54321 yes\n")
    quiet = Says("since 1700000000\nlooked\n")
    busy = Says("since 1700000000\nmachine web01\nlooked\n")
    dumb = Says("since 1700000000\n")
    look = lambda inside: signs_of_life(Powered(Power.OFF), answers, LOST, inside)  # noqa: E731
    assert look(quiet).doubts == ()
    assert "up since 14 Nov 22:13 UTC, no machine runs" in look(quiet).seen
    assert look(busy).doubts == ("web01 runs there",)
    assert len(look(dumb).doubts) == 3, "what cannot be looked at is no silence"
    assert running_machines(dumb) is None
    assert running_machines(Says(Unreachable("gone."))) is None


def test_a_host_without_a_shell_or_with_the_engines_machine_is_no_choice():
    known = EngineHost("h2", ShellAccess("ssh", host="HOST-02.example.com"))
    site = Site("s", engine_hosts=(known,))
    lost = host("non_operational")
    assert site_host(site, lost) == known
    assert refusal(site, lost, ()) == ""
    assert "names no engine host" in refusal(Site("s"), lost, ())
    engine = Machine("m", "HostedEngine", "up", "1", origin="managed_hosted_engine")
    assert "engine's own machine" in refusal(site, lost, (engine,))
    assert refusal(site, host("up"), ()).startswith("It is up.")


def test_a_host_is_entered_by_its_address_before_a_name_that_another_one_bears():
    other = EngineHost("host-02", ShellAccess("ssh", host="host-01.example.com"))
    right = EngineHost("host-01", ShellAccess("ssh", host="host-02.example.com"))
    site = Site("s", engine_hosts=(other, right))
    assert site_host(site, host("non_operational")) == right
    assert site_host(Site("s", engine_hosts=(other,)), host("non_operational")) == other


@pytest.mark.parametrize("data", [None, 3, [{}], [{"id": "1"}], [3], "xy"])
def test_a_damaged_survey_is_told(data):
    with pytest.raises(InvalidInput, match="damaged"):
        hosts_from_data(data)


def rejoin_plan_of(**given):
    hosts = [
        RejoinHost(BackupHost(f"{n}", f"host-0{n}", f"host-0{n}.example.com"), "c", f"host-0{n}")
        for n in (2, 3)
    ]
    hosts[1] = replace(hosts[1], ssh_port=2222)
    survey = json.loads(json.dumps({"hosts": [host_data(host) for host in hosts]}))
    carrier = EngineHost("host-01", ShellAccess())
    site = Site("s", engine=EngineAccess("https://e"), engine_hosts=(carrier,))
    return plan(site, {"looked_from": "host-01", **given}, {}, survey)


def test_each_hosts_own_password_is_asked_for_first_and_its_port_is_told():
    made = rejoin_plan_of(access=BY_PASSWORD, same_password=False)
    assert made.steps[0].name == "passwords.ask"
    asked = []

    class Asking:
        def secret(self, name, title):
            asked.append((name, title))

        def remember(self, *_fact):
            pass

    made.steps[0].apply(Asking())
    assert asked == [
        ("root_password.host-02", "Password of root on host-02"),
        ("root_password.host-03", "Password of root on host-03"),
    ]
    settings = dict(made.settings)
    assert "SSH at port 2222" in settings["host-03"]
    assert "port" not in settings["host-02"]
    assert settings["The engine enters"].endswith("each host's own")
    adding = next(step for step in made.steps if step.name == "add.host-03")
    assert "<ssh><port>2222</port></ssh>" in adding.commands()[0]


def test_one_password_for_all_is_the_default_and_asks_nothing_more():
    assert rejoin_plan_of(access=BY_PASSWORD).steps[0].name == "reach.host-02"
    interview = PROCEDURE.interview
    given = {"hosts": ("a",), "looked_from": "b", "access": BY_PASSWORD}
    assert [q.name for q in unanswered(interview, given)] == ["root_password"]
    assert unanswered(interview, {**given, "same_password": False}) == ()

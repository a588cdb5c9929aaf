"""What the running engine knows of hosts and machines, asked of a practice engine by the real
client library, for the checks of the deploy interview."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager

import pytest

from config.paths import cache_folder
from config.secrets import Secret
from config.site import EngineHost, ShellAccess, Site
from steps.drill.practice_engine import documents, routes
from steps.hosted_engine.known_from_engine import KEPT_SECONDS, known_from_engine
from steps.hosted_engine.known_hosts import KnownHost
from steps.hosted_engine.probes import deploy_probes
from steps.procedure import ProbeInput
from steps.targets.open import ENGINE_PASSWORD, open_targets
from tests.real.engine_support import HOSTS, practising
from tests.unit.hosted_engine_host import RecordedShell, told

MAC, ADDRESS = "00:1a:4a:16:01:51", "192.0.2.51"


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))


class Looked:
    """One page of the interview: a site with this engine, and a host whose answers are recorded."""

    def __init__(self, practice, password=None):
        hosts = (EngineHost("h1", ShellAccess()),)
        site = Site("berne", engine_hosts=hosts, engine=practice.access)
        self.targets = open_targets(site, {ENGINE_PASSWORD: password or practice.password})
        shell = RecordedShell().says("dmidecode", self.hardware(practice))
        self.targets.shell = lambda _name: shell
        self.input = lambda given: ProbeInput(site, {"host": "h1", "era": "4.5", **given}, self)
        self.engine = self.targets.engine
        self.shell = self.targets.shell

    def hardware(self, practice):
        return practice.has("hosts", "host-02")["uuid"]

    def known(self):
        return known_from_engine(self.input({}))

    def says(self, probe, **given):
        probes = deploy_probes(find_engine=known_from_engine)
        return told(probes[probe](self.input(given)))


@contextmanager
def looking(practice, password=None):
    looked = Looked(practice, password)
    try:
        yield looked
    finally:
        looked.targets.close()


def forget():
    """As if the last look were long ago."""
    for file in (cache_folder() / "inventories").iterdir():
        long_ago = time.time() - KEPT_SECONDS - 1
        os.utime(file, (long_ago, long_ago))


def test_a_living_engines_hosts_cards_and_addresses_are_known(practice):
    with looking(practice) as looked:
        known = looked.known()
    assert known.live
    assert known.silent == ""
    assert known.origin == f"the engine {practice.access.url}"
    uuid = practice.has("hosts", "host-01")["uuid"]
    assert known.hosts[0] == KnownHost("host-01", (HOSTS[0],), uuid)
    machines = {machine.name: machine for machine in known.machines}
    assert machines["vm_web"].macs == (MAC,)
    assert machines["vm_web"].addresses == (ADDRESS,)
    assert machines["vm_archive"].macs == ()


def test_an_engine_that_does_not_follow_links_is_asked_machine_by_machine(
    practice,
    monkeypatch,
):
    plain = documents.machine
    monkeypatch.setattr(routes.shown, "machine", lambda record, **_follow: plain(record))
    cards = {one.name: one.macs for one in practice.engine.cards()}
    assert cards["vm_web"] == (MAC,)
    assert cards["vm_build"] == ()


def test_the_checks_compare_with_the_running_engine(practice):
    with looking(practice) as looked:
        assert f"{MAC} belongs to vm_web in the engine" in looked.says("mac", mac=MAC)
        assert "is not in the engine" in looked.says("mac", mac="00:1a:4a:16:01:99")
        address = looked.says("vm-address", vm_address=f"{ADDRESS}/24", nic="eth0")
        assert f"error: {ADDRESS} belongs to vm_web in the engine" in address
        same_name = looked.says("host-name", host_name="host-01")
        assert "has a host of this name as host-01" in same_name
        assert "has this very machine as host-02" in same_name
        name = looked.says("fqdn", fqdn="127.0.0.1")
        assert "answers under this name today" in name


def test_an_engine_that_is_gone_is_told_by_each_check_and_stops_none(tmp_path):
    with practising(tmp_path / "practice") as practice:
        gone = practice
    with looking(gone) as looked:
        known = looked.known()
        assert known.live
        assert known.silent
        assert known.hosts == ()
        for probe, given in (
            ("mac", {"mac": "00:1a:4a:16:01:99"}),
            ("host-name", {"host_name": "new"}),
            ("vm-address", {"vm_address": "192.0.2.200/24", "nic": "eth0"}),
        ):
            said = looked.says(probe, **given)
            assert f"warning: not compared with the engine {gone.access.url}: " in said
            assert "error" not in said


def test_a_wrong_password_is_told_in_the_engines_words(practice):
    with looking(practice, Secret("not it")) as looked:
        assert "password" in looked.known().silent.lower()


def test_the_checks_of_one_page_ask_once_and_those_of_the_next_ask_again(
    practice,
):
    with looking(practice) as looked:
        first = looked.known()
        practice.told("machines", "vm_web", macs=["00:1a:4a:16:01:77"])
        assert looked.known() == first
        forget()
        assert looked.known() != first


def test_a_site_without_an_engine_has_nothing_to_compare_with():
    assert known_from_engine(ProbeInput(Site("berne"), {}, None)) is None

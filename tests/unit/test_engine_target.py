"""An engine's answers as records, its marks, and waiting for it; no engine is needed here."""

import hashlib
import re
import ssl
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovirtsdk4 import reader, types

from config.errors import Interrupted, InvalidInput, StepFailed, Unreachable
from config.paths import known_cas_folder
from config.secrets import Secret, SecretReference
from config.site import EngineAccess, Site
from config.site_secrets import ENGINE_PASSWORD, resolve_site_secrets
from steps.drill.practice_engine.certificates import make_identity
from steps.targets import engine_reading as read
from steps.targets.engine_ca import read_ca, trust_file, verifying
from steps.targets.engine_facts import FENCEABLE, OUT_OF_SERVICE, REMOVABLE, Host
from steps.targets.engine_mark import checked_mark, correlation_mark
from steps.targets.engine_waiting import Patience, Sight, host_becomes, host_seen, wait_until

AT_ONCE = Patience(0.0)

HOST = b"""<host href="/ovirt-engine/api/hosts/1" id="1">
  <actions><link href="/ovirt-engine/api/hosts/1/fence" rel="fence"/></actions>
  <name>failover_host</name><comment/>
  <link href="/ovirt-engine/api/hosts/1/nics" rel="nics"/>
  <address>host-02.example.org</address>
  <auto_numa_status>disable</auto_numa_status>
  <hardware_information><uuid>4c4c4544-0035-3910-8051-b1c04f4e3332</uuid></hardware_information>
  <hosted_engine><active>true</active><configured>true</configured>
    <global_maintenance>false</global_maintenance><local_maintenance>true</local_maintenance>
    <score>0</score></hosted_engine>
  <power_management><automatic_pm_enabled>true</automatic_pm_enabled><enabled>true</enabled>
    <pm_proxies/></power_management>
  <spm><priority>5</priority><status>contending</status></spm>
  <status>non_operational</status><status_detail>storage_domain_unreachable</status_detail>
  <summary><active>1</active><migrating>1</migrating><total>2</total></summary>
  <field_of_tomorrow>x</field_of_tomorrow>
  <cluster href="/ovirt-engine/api/clusters/9" id="9"/>
</host>"""


def parsed(xml):
    return reader.Reader.read(xml)


def test_a_host_in_full_is_read():
    host = read.host(parsed(HOST))
    assert (host.id, host.name, host.address) == ("1", "failover_host", "host-02.example.org")
    assert (host.status, host.status_detail) == ("non_operational", "storage_domain_unreachable")
    assert (host.spm, host.cluster, host.machines) == ("contending", "9", 2)
    assert host.hardware_uuid == "4c4c4544-0035-3910-8051-b1c04f4e3332"
    assert host.power_management
    part = host.hosted_engine
    assert (part.configured, part.active, part.score) == (True, True, 0)
    assert (part.global_maintenance, part.local_maintenance) == (False, True)


@pytest.mark.parametrize(
    ("reading", "xml"),
    [
        (read.host, b"<host/>"),
        (read.machine, b"<vm/>"),
        (read.storage_domain, b"<storage_domain/>"),
        (read.data_center, b"<data_center/>"),
        (read.cluster, b"<cluster/>"),
        (read.event, b"<event/>"),
        (read.about, b"<api/>"),
    ],
)
def test_whatever_is_left_out_is_tolerated(reading, xml):
    assert reading(parsed(xml)) is not None


# The shapes below are those of a 4.3 engine as publicly recorded by ManageIQ's provider (2019).


def test_a_machine_whose_host_is_lost_is_unknown_and_still_on_it():
    machine = read.machine(
        parsed(
            b"""<vm href="/ovirt-engine/api/vms/7" id="7"><actions/><name>vm_on</name>
    <description></description><comment></comment>
    <high_availability><enabled>false</enabled><priority>1</priority></high_availability>
    <origin>rhev</origin><cluster href="/ovirt-engine/api/clusters/5" id="5"/>
    <quota id="3"/><status>unknown</status>
    <stop_time>2019-08-21T09:49:05.491+03:00</stop_time>
    <host href="/ovirt-engine/api/hosts/2" id="2"/></vm>"""
        )
    )
    assert (machine.status, machine.host, machine.cluster) == ("unknown", "2", "5")
    assert not machine.is_engine


def test_attached_storage_has_a_data_centre_in_place_of_a_status():
    domains = parsed(
        b"""<storage_domains>
    <storage_domain href="/ovirt-engine/api/storagedomains/1" id="1"><name>data_1</name>
      <description></description><available>37580963840</available>
      <external_status>ok</external_status><master>true</master>
      <storage><address>nas.example.org</address><path>/vol/data1</path><type>nfs</type></storage>
      <storage_format>v5</storage_format><type>data</type>
      <data_centers><data_center href="/ovirt-engine/api/datacenters/9" id="9"/></data_centers>
    </storage_domain>
    <storage_domain href="/ovirt-engine/api/storagedomains/2" id="2"><name>iscsi_n</name>
      <master>false</master><storage><type>iscsi</type><volume_group id="pkQKmN"><logical_units>
      <logical_unit id="3600a"><address>192.0.2.70</address><port>3260</port></logical_unit>
      </logical_units></volume_group></storage><type>data</type>
      <data_centers><data_center href="/ovirt-engine/api/datacenters/9" id="9"/></data_centers>
    </storage_domain></storage_domains>"""
    )
    nfs, block = read.each(read.storage_domain, domains)
    assert (nfs.status, nfs.data_centers, nfs.master) == ("", ("9",), True)
    assert (nfs.kind, nfs.storage, nfs.place) == ("data", "nfs", "nas.example.org:/vol/data1")
    assert (block.storage, block.place, block.status) == ("iscsi", "", "")


def test_a_cluster_may_belong_to_no_data_centre():
    cluster = read.cluster(
        parsed(
            b"""<cluster href="/ovirt-engine/api/clusters/5" id="5"><name>Default</name>
    <cpu><architecture>x86_64</architecture></cpu><version><major>4</major><minor>2</minor>
    </version><scheduling_policy href="/ovirt-engine/api/schedulingpolicies/8" id="8"/></cluster>"""
        )
    )
    assert (cluster.data_center, cluster.version) == ("", "4.2")


def test_a_host_that_says_nothing_of_its_machines_has_not_none_of_them():
    assert read.host(parsed(b"<host/>")).machines is None
    assert read.host(parsed(b"<host><status>quantum</status></host>")).status == "unknown"


def test_every_status_of_the_library_is_read_by_its_word():
    for status in types.HostStatus:
        xml = f"<host><status>{status.value}</status></host>".encode()
        assert read.host(parsed(xml)).status == status.value
    for status in types.VmStatus:
        xml = f"<vm><status>{status.value}</status></vm>".encode()
        assert read.machine(parsed(xml)).status == status.value


def test_the_rules_speak_of_statuses_that_there_are():
    hosts = {status.value for status in types.HostStatus}
    assert hosts >= FENCEABLE | REMOVABLE
    assert {status.value for status in types.DataCenterStatus} >= OUT_OF_SERVICE


def test_a_version_is_read_in_full_or_from_its_parts():
    full = b"<api><product_info><name>oVirt Engine</name><version><full_version>4.5.6-1.el8"
    full += b"</full_version><major>4</major></version></product_info></api>"
    assert read.about(parsed(full)).version == "4.5.6-1.el8"
    assert not read.about(parsed(full)).simulated
    parts = b"<api><product_info><version><build>10</build><major>4</major><minor>3</minor>"
    parts += b"<revision>4</revision></version></product_info></api>"
    assert read.about(parsed(parts)).version == "4.3.10.4"


@pytest.mark.parametrize("origin", ["hosted_engine", "managed_hosted_engine"])
def test_the_engine_machine_is_known_by_its_origin(origin):
    xml = f"<vm><name>HostedEngine</name><origin>{origin}</origin></vm>".encode()
    assert read.machine(parsed(xml)).is_engine
    assert not read.machine(parsed(b"<vm><name>HostedEngine</name></vm>")).is_engine


@given(st.text(), st.text())
def test_every_step_has_a_mark_that_an_engine_takes(run, step):
    mark = correlation_mark(run, step)
    assert checked_mark(mark) == mark
    assert correlation_mark(run, step) == mark


def test_long_names_of_steps_keep_marks_of_their_own():
    one, two = (correlation_mark("20261127-2104-x", f"{'host.' * 12}{n}") for n in (1, 2))
    assert one != two
    assert re.fullmatch(r"rekindle-20261127-2104-x-.{16}-[0-9a-f]{8}", one)
    with pytest.raises(InvalidInput):
        checked_mark("a b")


class Shown:
    """An engine whose host is seen in these ways, one after another."""

    def __init__(self, *sights):
        self.sights = list(sights)

    def host(self, _id):
        sight = self.sights.pop(0) if len(self.sights) > 1 else self.sights[0]
        if isinstance(sight, Exception):
            raise sight
        return sight


UP = Host("1", "host-01", "a", "up")
QUICK = Patience(5.0, every=0.0)


def test_waiting_tells_each_new_sight_once_and_outlasts_an_engine_that_restarts():
    told = []
    engine = Shown(
        replace(UP, status="installing"),
        replace(UP, status="installing"),
        Unreachable("The engine does not answer."),
        replace(UP, status="initializing", status_detail="why", machines=1, spm="spm"),
        UP,
    )
    seen = wait_until("up", host_becomes(engine, "1", ("up",)), replace(QUICK, told=told.append))
    assert told == [
        "host host-01 is installing",
        "The engine does not answer.",
        "host host-01 is initializing (why) with 1 machine and spm",
        "host host-01 is up",
    ]
    assert seen == told[-1]


def test_waiting_ends_at_its_limit_with_what_was_seen_last():
    engine = Shown(replace(UP, status="installing"))
    with pytest.raises(StepFailed, match="after 0 s; seen last: host host-01 is inst") as failed:
        wait_until("up", host_becomes(engine, "1", ("up",)), AT_ONCE)
    assert failed.value.seen == "host host-01 is installing"
    assert failed.value.expected == "up"


@pytest.mark.parametrize("sight", [None, replace(UP, status="install_failed")])
def test_waiting_for_what_cannot_come_any_more_ends_at_once(sight):
    look = host_becomes(Shown(sight), "1", ("up",), hopeless=("install_failed",))
    with pytest.raises(StepFailed, match="will not become so"):
        wait_until("up", look, Patience(600.0))


def test_waiting_hears_the_operator_at_every_look():
    calls = []

    def checkpoint():
        calls.append(1)
        if len(calls) == 3:
            raise Interrupted("stop")

    look = host_becomes(Shown(replace(UP, status="installing")), "1", ("up",))
    with pytest.raises(Interrupted):
        wait_until("up", look, replace(QUICK, checkpoint=checkpoint))
    assert len(calls) == 3


def test_waiting_looks_once_more_even_without_time():
    assert wait_until("so", lambda: Sight(True, "it is so"), AT_ONCE) == "it is so"


def test_a_host_in_order_is_one_short_line():
    assert host_seen(UP) == "host host-01 is up"
    assert host_seen(replace(UP, machines=2)) == "host host-01 is up with 2 machines"


def test_the_ca_of_each_engine_has_a_file_of_its_own(tmp_path):
    one = EngineAccess("https://engine.example.org")
    assert trust_file(one) == known_cas_folder() / "engine.example.org_443.pem"
    two = EngineAccess("https://[2001:db8::1]:8443", known_cas=tmp_path)
    assert trust_file(two) == tmp_path / "2001-db8--1_8443.pem"


def test_the_engine_password_is_asked_for_by_account_and_engine():
    access = EngineAccess("https://e.example.org", password=SecretReference("prompt"))
    titles = []
    found = resolve_site_secrets(
        Site("s", engine=access), lambda title: titles.append(title) or Secret("x")
    )
    assert found == {ENGINE_PASSWORD: Secret("x")}
    assert titles == ["Password of admin@internal at the engine https://e.example.org"]


CA = make_identity(["engine.example.org"]).ca


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_ca_with_any_byte_changed_is_read_or_refused_and_nothing_else(data):
    der = bytearray(ssl.PEM_cert_to_DER_cert(CA.decode()))
    for place in data.draw(st.lists(st.integers(0, len(der) - 1), min_size=1, max_size=4)):
        der[place] = data.draw(st.integers(0, 255))
    try:
        found = read_ca(ssl.DER_cert_to_PEM_cert(bytes(der)).encode(), "it")
        verifying(found)
    except InvalidInput:
        pass
    else:
        assert found.fingerprint.replace(":", "").lower() == hashlib.sha256(der).hexdigest()
        assert found.subject.isprintable()


@given(st.binary(max_size=300))
def test_any_bytes_in_place_of_a_ca_are_refused(text):
    with pytest.raises(InvalidInput):
        read_ca(text, "it")
    with pytest.raises(InvalidInput):
        read_ca(b"-----BEGIN CERTIFICATE-----\n" + text + b"\n-----END CERTIFICATE-----\n", "it")

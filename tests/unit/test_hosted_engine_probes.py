"""What the deploy interview looks up, on recorded answers of programs that cannot run here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given as invented
from hypothesis import strategies as st

from config.interviews.hosted_engine.interview import DEPLOY
from config.interviews.hosted_engine.passwords import judge_password
from config.secrets import Secret
from config.site import Site
from steps.hosted_engine.known_hosts import Inventory, KnownHost, KnownMachine, free_host_name
from steps.hosted_engine.probes import deploy_probes
from steps.hosted_engine.probes.block_devices import parse_luns
from steps.hosted_engine.probes.gluster import judge_volume, parse_volume
from steps.hosted_engine.probes.luns import parse_targets
from steps.hosted_engine.probes.machine_facts import available_mb, parse_processors
from steps.hosted_engine.probes.network_facts import parse_network
from steps.procedure import ProbeInput
from tests.unit.hosted_engine_host import NETWORK, RecordedShell, ask, told

INTEL = "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: vmx ssse3 sse4_1 cx16 lm\n"
MEMORY = "MemTotal: 9000000 kB\nMemFree: 4194304 kB\nBuffers: 1048576 kB\nCached: 1048576 kB\n"
MULTIPATH = """\
mpatha (3514f0c5447600351) dm-0 XtremIO ,XtremApp
size=30G features='0' hwhandler='0' wp=rw
`-+- policy='queue-length 0' prio=1 status=active
  |- 3:0:0:1 sdb 8:16 active ready running
  `- 4:0:0:1 sdc 8:32 active ready running
3514f0c5447600352 dm-1 XtremIO ,XtremApp
size=30G features='0' hwhandler='0' wp=rw
`-+- policy='queue-length 0' prio=1 status=active
  |- 3:0:0:2 sdd 8:48 active ready running
  `- 4:0:0:2 sde 8:64 failed faulty running
3514f0c5447600353 dm-2 XtremIO ,XtremApp
size=10G features='0' hwhandler='0' wp=rw
"""
LSBLK = """\
NAME="mpatha" KNAME="dm-0" PKNAME="sdb" TYPE="mpath" SIZE="32212254720" FSTYPE="" MOUNTPOINT=""
NAME="x" KNAME="dm-1" PKNAME="" TYPE="mpath" SIZE="32212254720" FSTYPE="LVM2_member" MOUNTPOINT=""
NAME="vg-metadata" KNAME="dm-7" PKNAME="dm-1" TYPE="lvm" SIZE="1" FSTYPE="" MOUNTPOINT=""
NAME="y" KNAME="dm-2" PKNAME="" TYPE="mpath" SIZE="10737418240" FSTYPE="" MOUNTPOINT=""
"""
GLUSTER = """<cliOutput><volInfo><volumes><volume><name>he</name><statusStr>Started</statusStr>
<replicaCount>{replica}</replicaCount><bricks><brick>a:/b<name>a:/b</name></brick>
<brick><name>b:/b</name></brick><brick><name>c:/b</name></brick></bricks><options>
<option><name>cluster.quorum-type</name><value>auto</value></option>
<option><name>network.ping-timeout</name><value>10</value></option>
<option><name>auth.allow</name><value>*</value></option>
<option><name>storage.owner-uid</name><value>36</value></option>
<option><name>storage.owner-gid</name><value>36</value></option>
<option><name>server.allow-insecure</name><value>{insecure}</value></option>
</options></volume></volumes></volInfo></cliOutput>"""
OLD = Inventory(
    "the backup of 2 Nov",
    "engine.example.com",
    (
        KnownHost("hosted_engine_1", ("h1.example.com",), "11111111-2222-3333-4444-555555555555"),
        KnownHost("hosted_engine_2", ("h2.example.com",), "99999999-2222-3333-4444-555555555555"),
    ),
    (
        KnownMachine("HostedEngine", ("00:16:3e:77:b2:a4",)),
        KnownMachine("web01", ("00:1A:4A:00:00:01",), ("192.0.2.50",)),
    ),
)


def host() -> RecordedShell:
    return RecordedShell(**{"/proc/cpuinfo": INTEL, "/proc/meminfo": MEMORY})


def test_every_probe_that_a_question_names_exists_and_every_probe_is_named():
    questions = [DEPLOY.question(name) for name in DEPLOY.names]
    named = {p for q in questions for p in (q.probe, q.choices_probe, q.suggest_probe) if p}
    assert named == set(deploy_probes())


def test_a_site_without_engine_hosts_says_what_to_add():
    probed = deploy_probes()["hosts"](ProbeInput(Site("x"), {}, None))
    assert "engine_hosts" in told(probed)
    assert [choice.value for choice in ask(host(), "hosts").choices] == ["h1"]


@pytest.mark.parametrize(
    ("version", "era", "build"),
    [("1.3.0_alpha3-1", "classic", "1.3.0_alpha3"), ("2.7.1-1.el8", "4.5", "2.7")],
)
def test_the_generation_is_told_by_the_package(version, era, build):
    shell = host().says("rpm -q --qf", version)
    probed = ask(shell, "era", era="")
    assert probed.suggested == era
    assert version in told(probed)
    assert ask(shell, "build", era=era).suggested == build


def test_a_version_that_is_not_the_one_on_the_host_is_warned_of():
    shell = host().says("rpm -q --qf", "1.3.0_alpha3-1")
    (other,) = ask(shell, "chosen-build", era="classic", build="2.1").findings
    assert other.level == "warning"
    assert "1.3.0_alpha3-1 is installed" in other.text
    assert "you chose 2.1" in other.text
    assert ask(shell, "chosen-build", era="classic", build="1.3.0_alpha3").findings == ()


def test_without_the_package_nothing_is_assumed_in_silence():
    shell = host().says("rpm -q --qf", "", 1, "package ovirt-hosted-engine-setup is not installed")
    probed = ask(shell, "era", era="")
    assert probed.suggested is None
    assert "is not installed" in told(probed)


def test_a_host_with_leftovers_is_refused_and_each_is_named():
    shell = host().says("sh -c command -v", "/usr/sbin/hosted-engine\n").says("id -u", "0\n")
    shell.says("virsh -r list", "web01\nHostedEngineLocal\n").says(
        "systemctl is-active", "active\n"
    )
    shell.statuses = {"/dev/kvm": "other", "/etc/ovirt-hosted-engine/hosted-engine.conf": "file"}
    shell.listing = ("localvmX1", "other")
    shell.free = 10 << 30
    lines = told(ask(shell, "host"))
    assert "error: a machine is left behind: HostedEngineLocal" in lines
    assert "error: /etc/ovirt-hosted-engine/hosted-engine.conf is there" in lines
    assert "warning: /var/tmp has 10.0 GiB free" in lines
    assert "web01" not in lines


def test_a_clean_host_passes_and_what_was_looked_at_is_said():
    shell = host().says("sh -c command -v", "/usr/sbin/hosted-engine\n").says("id -u", "0\n")
    shell.says("virsh -r list", "\n").says("systemctl is-active", "inactive\n", 3)
    shell.statuses = {"/dev/kvm": "other"}
    probed = ask(shell, "host")
    assert {finding.level for finding in probed.findings} == {"ok"}
    assert "nothing is left behind: no HostedEngine machine" in told(probed)


def test_firewall_and_network_manager_are_judged_by_the_generation():
    shell = host().says("systemctl is-active", "active\n").says("systemctl is-enabled", "enabled\n")
    shell.says("rpm -q ovirt-engine-appliance", "ovirt-engine-appliance-4.5\n")
    classic = told(ask(shell, "services", era="classic"))
    assert "error: NetworkManager is active" in classic
    assert "refuseDeployingWithNM=bool:False" in classic
    assert "warning: firewalld is active" in classic
    assert {f.level for f in ask(shell, "services").findings} == {"ok"}
    stopped = (
        host().says("systemctl is-active", "inactive\n").says("systemctl is-enabled", "masked")
    )
    assert "error: firewalld is inactive, masked" in told(ask(stopped, "services"))


def test_cards_are_listed_with_the_reason_why_one_cannot_be_taken():
    shell = host().says("hostname -f", "h1.example.com\n")
    shell.says("getent ahosts h1.example.com", "198.51.100.11  STREAM h1\n198.51.100.11  DGRAM\n")
    probed = ask(shell, "nics")
    refused = {choice.value: choice.refused for choice in probed.choices}
    assert refused["eth0"] == refused["eth1"] == refused["bond1"] == refused["eth1.100"] == ""
    assert refused["eth2"] == "part of bond0"
    assert "balance-rr" in refused["bond0"]
    assert "PARENT.ID" in refused["storage"]
    assert "team" in refused["team0"]
    assert "bridge" in refused["br0"]
    assert refused["eth3"] == "its state is down"
    assert "lo" not in refused
    assert probed.suggested == "eth1"
    assert "h1.example.com has its address on eth1" in told(probed)


def test_the_card_is_judged_when_it_is_typed():
    assert "error: no bridge can be built on bond0" in told(ask(host(), "nic", nic="bond0"))
    assert "ok: eth0: nic, up, 192.0.2.11/24" in told(ask(host(), "nic", nic="eth0"))
    assert "has no card em1" in told(ask(host(), "nic", nic="em1"))


def test_the_gateway_is_the_preferred_route_and_must_answer():
    assert ask(host(), "gateway-default").suggested == "192.0.2.1"
    silent = host().says("ping -c1 -W2 192.0.2.1", "", 1)
    assert "error" in told(ask(silent, "gateway", gateway="192.0.2.1", era="classic"))
    assert "warning" in told(ask(silent, "gateway", gateway="192.0.2.1"))
    answering = host().says("ping -c1 -W2 192.0.2.1", "")
    assert "ok: 192.0.2.1 answered a ping" in told(ask(answering, "gateway", gateway="192.0.2.1"))
    assert "ping is not installed" in told(ask(host(), "gateway", gateway="192.0.2.1"))


@pytest.mark.parametrize(
    ("kind", "command", "good", "bad"),
    [
        ("ping", "ping", "answered a ping", "did not answer"),
        ("dns", "dig", "got an answer", "got no answer"),
    ],
)
def test_the_network_check_is_made_once(kind, command, good, bad):
    given = {"network_test": kind, "gateway": "192.0.2.1"}
    assert good in told(ask(host().says(command, "x"), "network-test", **given))
    assert bad in told(ask(host().says(command, "", 9), "network-test", **given))


def test_the_tcp_check_connects():
    given = {"tcp_address": "192.0.2.9", "tcp_port": 80}
    assert "took a connection" in told(
        ask(host().says("nc -z -w 2 192.0.2.9 80"), "tcp-test", **given)
    )
    assert "error" in told(ask(host().says("nc", "", 1), "tcp-test", **given))


def test_a_free_address_is_proposed_with_the_cards_prefix():
    shell = host().says('sh -c for a in "$@"', "192.0.2.3\n").says("sh -c command -v ping", "/x")
    probed = ask(shell, "free-address", nic="eth0")
    assert probed.suggested == "192.0.2.3/24"
    tried = next(line for line in shell.asked if line.startswith("sh -c for a"))
    assert " 192.0.2.1 " not in tried
    assert " 192.0.2.11 " not in tried


def test_an_address_that_is_taken_or_elsewhere_is_refused():
    quiet = host().says("ping", "", 1)
    for address, words in (
        ("192.0.2.11/24", "an address of h1 itself"),
        ("203.0.113.5/24", "is not in 192.0.2.0/24"),
        ("192.0.2.50/24", "belongs to web01 in the backup of 2 Nov"),
    ):
        assert words in told(ask(quiet, "vm-address", OLD, vm_address=address, nic="eth0"))
    loud = host().says("ping", "")
    assert "answers a ping" in told(ask(loud, "vm-address", vm_address="192.0.2.9/24", nic="eth0"))
    good = ask(quiet, "vm-address", OLD, vm_address="192.0.2.9/24", nic="eth0")
    assert {finding.level for finding in good.findings} == {"ok"}


@pytest.mark.parametrize(("live", "level"), [(False, "ok"), (True, "warning")])
def test_the_engines_own_address_of_before_may_be_kept(live, level):
    own = replace(OLD, machines=(KnownMachine("HostedEngine", (), ("192.0.2.9",)),), live=live)
    quiet = host().says("ping", "", 1)
    said = ask(quiet, "vm-address", own, vm_address="192.0.2.9/24", nic="eth0").findings
    assert [f.level for f in said if "HostedEngine" in f.text or "engine's own" in f.text] == [
        level
    ]
    assert "error" not in {finding.level for finding in said}


def names(shell=None, back="engine.example.com") -> RecordedShell:
    shell = shell or host()
    shell.says("getent ahosts engine.example.com", "192.0.2.20  STREAM engine.example.com\n")
    shell.says("getent hosts 192.0.2.20", f"192.0.2.20  {back}\n")
    return shell.says("dig +short", "192.0.2.20\n")


def test_the_engines_name_resolves_both_ways_and_is_the_one_of_the_backup():
    lines = told(ask(names(), "fqdn", OLD, fqdn="engine.example.com"))
    assert "ok: engine.example.com resolves to 192.0.2.20" in lines
    assert "ok: 192.0.2.20 resolves back to engine.example.com" in lines
    assert "ok: the backup of 2 Nov has the same name" in lines


def test_a_name_that_does_not_resolve_or_points_home_is_refused():
    silent = host().says("getent ahosts", "", 2)
    assert "error: engine.example.com does not resolve" in told(
        ask(silent, "fqdn", fqdn="engine.example.com")
    )
    home = host().says("getent ahosts", "192.0.2.11 STREAM engine.example.com\n")
    assert "resolves to h1 itself" in told(ask(home, "fqdn", fqdn="engine.example.com"))


def test_doubts_about_the_engines_name_are_told():
    shell = names(back="old.example.com").says("dig +short", "\n")
    lines = told(
        ask(
            shell, "fqdn", fqdn="engine.example.com", vm_network="static", vm_address="192.0.2.9/24"
        )
    )
    assert "warning: 192.0.2.20 resolves back to old.example.com" in lines
    assert "only h1 does" in lines
    assert "is to be 192.0.2.9, the name resolves to 192.0.2.20" in lines


def test_another_engines_backup_is_refused_and_one_not_read_is_told():
    other = Inventory("the backup", "old.example.com")
    lines = told(ask(names(), "fqdn", other, fqdn="engine.example.com"))
    assert "error: the backup is of the engine old.example.com" in lines
    unread = told(ask(names(), "fqdn", None, fqdn="engine.example.com", backup_file="/b"))
    assert "not compared with the backup" in unread


def test_a_backup_that_was_read_says_whose_it_is_and_whether_that_name_resolves():
    shell = names().says("timeout 20 tar -xOf /b ./version", "4.5.7\n")
    shell.statuses = {"/b": "file"}
    lines = told(ask(shell, "backup-file", OLD, backup_file="/b"))
    assert "of engine version 4.5.7" in lines
    assert "the backup of 2 Nov: 2 hosts, 2 machines" in lines
    assert "ok: engine.example.com resolves to 192.0.2.20" in lines
    assert "resolves" not in told(ask(shell, "backup-file", None, backup_file="/b"))


def test_the_hosts_own_name_must_be_on_the_chosen_card():
    shell = host().says("getent ahosts h1.example.com", "192.0.2.11 STREAM\n")
    given = {"host_fqdn": "h1.example.com"}
    assert "ok: h1.example.com resolves to 192.0.2.11 on eth0" in told(
        ask(shell, "host-fqdn", nic="eth0", **given)
    )
    assert "error: h1.example.com is on eth0, not on eth1" in told(
        ask(shell, "host-fqdn", nic="eth1", **given)
    )
    for address in ("127.0.0.1", "203.0.113.9"):
        away = host().says("getent ahosts", f"{address} STREAM\n")
        assert "error" in told(ask(away, "host-fqdn", nic="eth0", **given))
    named = host().says("hostname -f", "h1.example.com\n")
    assert ask(named, "host-fqdn-default").suggested == "h1.example.com"
    assert ask(host().says("hostname -f", "h1\n"), "host-fqdn-default").suggested is None


UUID = "dmidecode -s system-uuid"


@pytest.mark.parametrize(
    ("name", "uuid", "era", "level", "words"),
    [
        ("hosted_engine_9", "0" * 8, "classic", "ok", "has 2 hosts, none with the name"),
        ("hosted_engine_1", OLD.hosts[0].hardware_uuid, "classic", "warning", "failover host"),
        ("hosted_engine_2", OLD.hosts[0].hardware_uuid, "classic", "error", "another machine"),
        ("new", OLD.hosts[1].hardware_uuid.upper(), "classic", "error", "this very machine as"),
        ("new", OLD.hosts[1].hardware_uuid, "4.5", "warning", "the restore removes that entry"),
        ("HOSTED_ENGINE_2", "0" * 8, "4.5", "error", "another machine called hosted_engine_2"),
    ],
)
def test_name_and_hardware_are_compared_with_the_hosts_of_the_backup(name, uuid, era, level, words):
    probed = ask(host().says(UUID, f"# note\n{uuid}\n"), "host-name", OLD, host_name=name, era=era)
    assert any(f.level == level and words in f.text for f in probed.findings), told(probed)


def test_the_address_of_this_host_under_another_name_is_told():
    shell = host().says(UUID, "0").says("hostname -f", "h1.example.com\n")
    lines = told(ask(shell, "host-name", OLD, host_name="new"))
    assert "has h1.example.com of this host as hosted_engine_1" in lines


def test_a_free_name_is_proposed():
    assert free_host_name("hosted_engine_1", OLD) == "hosted_engine_3"
    assert free_host_name("host", Inventory("x")) == "host_1"


def test_processors_are_counted_and_the_newest_family_comes_first():
    probed = ask(host(), "cpu-models")
    assert [c.value for c in probed.choices] == ["model_Penryn", "model_Conroe"]
    assert probed.suggested == "model_Penryn"
    amd = INTEL.replace("GenuineIntel", "AuthenticAMD").replace("ssse3", "sse2")
    shell = RecordedShell(**{"/proc/cpuinfo": amd})
    assert ask(shell, "cpu-models").suggested == "model_Opteron_G1"
    assert "of no family" in told(ask(RecordedShell(), "cpu-models"))


def test_defaults_are_never_more_than_the_host_has():
    assert ask(host(), "vcpus-default").suggested == 1
    assert "error: 2 virtual CPUs on 1 processors" in told(ask(host(), "vcpus", vcpus=2))
    assert ask(host(), "memory-default").suggested == 5632
    assert ask(host(), "memory-default", era="classic").suggested == 4096
    assert "error: 6000 MB of the 5632 MB" in told(ask(host(), "memory", memory_mb=6000))
    assert "warning: 2048 MB is less" in told(ask(host(), "memory", memory_mb=2048))
    four = RecordedShell(**{"/proc/cpuinfo": INTEL * 8})
    assert ask(four, "vcpus-default").suggested == 4
    assert ask(four, "vcpus-default", era="classic").suggested == 2


def test_a_disk_must_fit_its_lun():
    shell = host().says("multipath -ll", MULTIPATH).says("lsblk", LSBLK)
    given = {"storage_type": "fc", "lun": "3514f0c5447600351"}
    assert "error: 26.0 GiB on a LUN of 30.0 GiB" in told(ask(shell, "disk", disk_gb=26, **given))
    assert "ok: 25.0 GiB of a LUN" in told(ask(shell, "disk", disk_gb=25, **given))
    without = told(ask(shell, "disk", disk_gb=25, storage_type="iscsi"))
    assert ("LUN once one is chosen" in without, "export" in without) == (True, False)


def test_a_mac_address_of_something_known_is_refused():
    shell = host().says("ip neigh", "192.0.2.7 dev eth0 lladdr 00:16:3e:00:00:07 REACHABLE\n")
    for mac, level, words in (
        ("00:1a:4a:00:00:01", "error", "belongs to web01"),
        ("52:54:00:00:00:01", "error", "a card of h1 itself"),
        ("00:16:3e:00:00:07", "warning", "among the neighbours"),
        ("00:16:3E:77:B2:A4", "ok", "was the engine's own"),
        ("00:16:3e:00:00:08", "ok", "is not in the backup of 2 Nov"),
    ):
        assert f"{level}: " in told(ask(shell, "mac", OLD, mac=mac))
        assert words in told(ask(shell, "mac", OLD, mac=mac))
    drawn = ask(shell, "mac-default", OLD).suggested
    assert drawn.startswith("00:16:3e:")
    assert int(drawn.split(":")[3], 16) < 0x80


def test_targets_are_discovered_without_keeping_a_record():
    shell = host().says("iscsiadm -m discovery -t sendtargets -p 192.0.2.5:3260 -o nonpersistent",
                        "192.0.2.5:3260,1 iqn.2015-05.com.example:he\n")  # fmt: skip
    probed = ask(shell, "iscsi-targets", iscsi_portal="192.0.2.5", iscsi_port="3260")
    assert probed.suggested == "iqn.2015-05.com.example:he"
    failed = host().says("iscsiadm", "", 21, "iscsiadm: No portals found\n")
    assert "error" in told(ask(failed, "iscsi-targets", iscsi_portal="192.0.2.5"))


def test_a_chap_password_is_never_put_on_a_command_line():
    shell = host()
    probed = ask(shell, "iscsi-targets", iscsi_portal="192.0.2.5", iscsi_discover_user="chap")
    assert "command line" in told(probed)
    assert not shell.asked


def test_luns_are_listed_as_the_tool_lists_them():
    shell = host().says("multipath -ll", MULTIPATH).says("lsblk", LSBLK)
    probed = ask(shell, "luns", storage_type="fc")
    free, used, small = probed.choices
    assert (free.value, free.label) == ("3514f0c5447600351", "3514f0c5447600351  30.0 GiB")
    assert free.note == "XtremIO XtremApp free, 2 active"
    assert used.note == "XtremIO XtremApp used: LVM2_member, vg-metadata, 1 active, 1 failed"
    assert "smaller than 20.0 GiB" in small.refused


def test_a_used_or_small_lun_is_refused_unless_overwriting_was_chosen():
    shell = host().says("multipath -ll", MULTIPATH).says("lsblk", LSBLK)
    used = {"lun": "3514f0c5447600352", "storage_type": "fc"}
    assert "error: 3514f0c5447600352 is used" in told(ask(shell, "lun", **used))
    forced = told(ask(shell, "lun", force_create_vg=True, **used))
    assert "warning: 3514f0c5447600352 is used" in forced
    assert "error" not in forced
    assert "error" in told(ask(shell, "lun", lun="3514f0c5447600353", storage_type="fc"))
    assert "ok: 3514f0c5447600351: 30.0 GiB" in told(
        ask(shell, "lun", lun="3514f0c5447600351", storage_type="fc")
    )


def test_an_iscsi_target_without_session_is_told():
    shell = host().says("multipath -ll", MULTIPATH).says("lsblk", LSBLK).says("iscsiadm", "")
    lines = told(ask(shell, "luns", storage_type="iscsi", iscsi_target="iqn.x:he"))
    assert "not logged in at iqn.x:he" in lines


@pytest.mark.parametrize(
    ("printed", "code", "level", "words"),
    [
        ("mounted\nfree 838860800\nwrote\n", 0, "ok", "a file as vdsm:kvm, 800.0 GiB free"),
        ("mounted\nfree 1048576\nwrote\n", 0, "error", "has 1.0 GiB free; 20.0 GiB are needed"),
        ("mounted\nfree 838860800\n", 93, "error", "vdsm:kvm (36:36) cannot write"),
        ("", 92, "error", "was not mounted on h1: mount.nfs: access denied"),
        ("mounted\nfree 838860800\nholds lost+found\nwrote\n", 0, "warning", "is not empty"),
        (
            "mounted\nfree 838860800\nholds 5b1f7a6e-0000-4000-8000-000000000001\nwrote\n",
            0, "warning", "holds a storage domain already",
        ),
    ],
)  # fmt: skip
def test_an_export_is_judged_by_a_mount_for_a_moment(printed, code, level, words):
    shell = host().says("unshare -m", printed, code, "mount.nfs: access denied by server\n")
    shell.says("showmount -e", "/exports/he *\n")
    given = {"storage_type": "nfs3", "storage_connection": "s.example.com:/he", "era": "classic"}
    probed = ask(shell, "storage", **given)
    assert any(f.level == level and words in f.text for f in probed.findings), told(probed)
    if code == 92:
        assert "s.example.com exports: /exports/he" in told(probed)


def test_mount_options_follow_version_and_answer():
    shell = host().says("unshare -m", "", 92)
    ask(shell, "storage", storage_type="nfs", nfs_version="v4_1", mount_options="soft",
        storage_connection="s:/he")  # fmt: skip
    assert "nfs vers=4.1,retry=1,soft s:/he 36" in shell.asked[0]


def test_a_gluster_volume_is_replica_3_with_the_options_of_the_guide():
    good = parse_volume(GLUSTER.format(replica=3, insecure="on"))
    assert [finding.level for finding in judge_volume(good)] == ["ok"]
    bad = "".join(
        f.text for f in judge_volume(parse_volume(GLUSTER.format(replica=2, insecure="")))
    )
    assert "replica 2" in bad
    assert "server.allow-insecure on" in bad
    shell = host().says("gluster", GLUSTER.format(replica=2, insecure="on")).says("unshare", "", 92)
    given = {"storage_type": "glusterfs", "storage_connection": "a:/he"}
    assert "error: the volume he has replica 2" in told(ask(shell, "storage", **given))


def test_hostile_xml_of_gluster_is_no_volume():
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><cliOutput>&a;</cliOutput>'
    for text in ("", "<", bomb, "<a/>", "\0"):
        assert parse_volume(text) is None


def test_weak_passwords_are_warned_about_and_never_repeated():
    for weak in ("hunter2", "password-Password1", "aaaaaaaaaaaaaa", " Abcdefgh12345-x"):
        (finding,) = judge_password(Secret(weak))
        assert finding.level == "warning"
        assert weak.strip() not in finding.text
    assert [f.level for f in judge_password(Secret("Kz7-mount-Lemon"))] == ["ok"]


@invented(st.text(max_size=300), st.text(max_size=300))
def test_whatever_programs_print_the_parsers_end(one, two):
    parse_network(one)
    parse_luns(one, two)
    parse_targets(one)
    parse_processors(one)
    available_mb(one, classic=True)
    parse_volume(one)


LINES = st.sampled_from((*NETWORK.splitlines(), *MULTIPATH.splitlines(), "|", "a|b"))


@invented(st.lists(LINES, max_size=12), st.lists(st.sampled_from(LSBLK.splitlines()), max_size=4))
def test_torn_and_shuffled_output_is_read_without_an_error(lines, devices):
    parse_network("\n".join(lines))
    parse_luns("\n".join(lines), "\n".join(devices))

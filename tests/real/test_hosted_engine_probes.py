"""Probes of the deploy interview on this very host, locally and over SSH: nothing stays behind.

What oVirt hosts alone have (rpm, multipath, iSCSI, NFS servers) is recorded in the unit tests.
"""

from __future__ import annotations

import gzip
import io
import os
import socket
import subprocess
import tarfile
import threading

import pytest

from config.site import EngineHost, ShellAccess, Site
from steps.hosted_engine.probes import deploy_probes
from steps.hosted_engine.probes.look import Look
from steps.hosted_engine.probes.network import network_of
from steps.hosted_engine.probes.storage import try_mount
from steps.procedure import ProbeInput
from steps.targets.open import open_targets
from tests.real.sshd_support import running_sshd


@pytest.fixture(scope="module")
def server():
    with running_sshd() as running:
        yield running


@pytest.fixture(scope="module", params=["local", "ssh"])
def site(request, server):
    access = ShellAccess() if request.param == "local" else server.access()
    return Site("here", engine_hosts=(EngineHost("h1", access),))


@pytest.fixture(scope="module")
def targets(site):
    opened = open_targets(site, {})
    yield opened
    opened.close()


@pytest.fixture
def ask(site, targets):
    def asked(probe, **given):
        answers = {"host": "h1", "era": "4.5", **given}
        return deploy_probes()[probe](ProbeInput(site, answers, targets))

    return asked


@pytest.fixture
def look(site, targets):
    return Look(ProbeInput(site, {"host": "h1", "era": "4.5"}, targets))


def told(probed):
    return "\n".join(f"{f.level}: {f.text} {f.remedy}" for f in probed.findings)


def mounts():
    with open("/proc/self/mountinfo") as file:
        return file.read()


def test_the_network_script_sees_what_the_kernel_has(look):
    before = set(os.listdir("/sys/class/net"))
    network = network_of(look)
    after = set(os.listdir("/sys/class/net"))
    # Machines and bridges of other tests come and go meanwhile.
    assert before & after <= {link.name for link in network.links} <= before | after
    assert "127.0.0.1" in network.addresses
    assert network.link("lo").refused
    shown = subprocess.run(["ip", "-o", "route", "show", "default"], capture_output=True, text=True)
    assert bool(network.gateways) == bool(shown.stdout.strip())


def test_memory_and_processors_are_those_of_this_host(ask):
    count = os.cpu_count()
    assert ask("vcpus-default").suggested == min(4, count)
    assert f"{count} processors" in told(ask("vcpus", vcpus=4096))
    assert "error" in told(ask("memory", memory_mb=1 << 23))
    assert "ok" in told(ask("vcpus", vcpus=count)) or count < 2


def test_a_name_of_this_host_is_refused_as_the_engines(ask):
    assert "resolves to h1 itself (127.0.0.1)" in told(ask("fqdn", fqdn="localhost"))
    assert "does not resolve" in told(ask("fqdn", fqdn="engine.invalid"))


def test_a_folder_is_mounted_written_to_as_vdsm_and_left_as_it_was(look, tmp_path):
    os.chown(tmp_path, 36, 36)
    before = mounts()
    findings = list(try_mount(look, "none", "bind", str(tmp_path)))
    assert [f.level for f in findings if "wrote and removed a file as vdsm:kvm" in f.text] == ["ok"]
    assert os.listdir(tmp_path) == []
    assert mounts() == before


def test_a_folder_that_vdsm_may_not_write_is_refused_and_left_as_it_was(look, tmp_path):
    (tmp_path / "kept").write_text("x")
    os.chmod(tmp_path, 0o755)
    before = mounts()
    lines = [f"{f.level}: {f.text}" for f in try_mount(look, "none", "bind", str(tmp_path))]
    assert any("error" in line and "vdsm:kvm (36:36) cannot write" in line for line in lines)
    assert "warning: it is not empty: kept" in lines
    assert os.listdir(tmp_path) == ["kept"]
    assert mounts() == before


def test_what_cannot_be_mounted_is_told_in_the_words_of_mount(look, tmp_path):
    (finding,) = try_mount(look, "none", "bind", str(tmp_path / "missing"))
    assert finding.level == "error"
    assert "mount: " in finding.text


def test_a_small_file_system_has_too_little_room(look):
    (finding,) = try_mount(look, "tmpfs", "size=8m,uid=36,gid=36", "none")
    assert "8.0 MiB free; 20.0 GiB are needed" in finding.text


def test_an_installation_disc_is_told_by_its_mark(ask, tmp_path):
    iso, text = tmp_path / "el.iso", tmp_path / "text.iso"
    iso.write_bytes(bytes(32769) + b"CD001" + bytes(100))
    text.write_text("x" * 40000)
    assert "ok: " in told(ask("media", installation_media=str(iso)))
    assert "no ISO 9660 image" in told(ask("media", installation_media=str(text)))
    assert "is not on h1" in told(ask("media", installation_media=str(tmp_path / "none.iso")))


def archive(path, members):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    path.write_bytes(gzip.compress(data.getvalue()))


def test_an_appliance_is_opened_and_its_disk_compared_with_the_room(ask, tmp_path):
    ovf = b'<Item>MegaBytes</Item><Disk ovf:diskId="x" ovf:size="50"/>'
    good, huge, other = (tmp_path / name for name in ("good.ova", "huge.ova", "other.ova"))
    archive(good, {"master/vms/1/1.ovf": ovf.replace(b'"50"', b'"1"')})
    archive(huge, {"master/vms/1/1.ovf": ovf.replace(b'"50"', b'"999999"')})
    archive(other, {"readme": b"x"})
    assert "ok: " in told(ask("appliance", appliance_ova=str(good)))
    assert "error: " in told(ask("appliance", appliance_ova=str(huge)))
    assert "holds no OVF" in told(ask("appliance", appliance_ova=str(other)))


def test_a_backup_says_which_version_of_the_engine_it_is_of(ask, tmp_path):
    good, other = tmp_path / "engine.tar.gz", tmp_path / "other.tar.gz"
    archive(good, {"./version": b"4.5.7\n", "./files": b""})
    archive(other, {"readme": b"x"})
    assert "of engine version 4.5.7" in told(ask("backup-file", backup_file=str(good)))
    assert "is no backup" in told(ask("backup-file", backup_file=str(other)))


def test_a_mail_server_greets_or_a_warning_says_that_it_does_not(ask):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def greet():
            client, _address = server.accept()
            client.sendall(b"220 mail.example.com ESMTP\r\n")
            client.close()

        thread = threading.Thread(target=greet)
        thread.start()
        lines = told(ask("mail", smtp_server="127.0.0.1", smtp_port=port))
        thread.join(240)
    assert "greets h1: 220 mail.example.com ESMTP" in lines
    closed = told(ask("mail", smtp_server="127.0.0.1", smtp_port=port))
    assert closed.startswith("warning: ")
    assert "/dev/tcp" not in str(closed)


def test_a_shell_word_in_an_answer_stays_a_word(ask, tmp_path):
    mark = tmp_path / "mark"
    evil = f"127.0.0.1'$(touch {mark});touch {mark}"
    for probe, name in (("gateway", "gateway"), ("mail", "smtp_server"), ("fqdn", "fqdn")):
        ask(probe, **{name: evil, "smtp_port": 25})
    ask("storage", storage_type="nfs", storage_connection=f"s:/$(touch {mark})")
    ask("tcp-test", tcp_address=evil, tcp_port=1)
    assert not mark.exists()


def test_looking_at_the_whole_host_says_what_is_missing(ask):
    lines = told(ask("host"))
    assert "hosted-engine is not there" in lines
    assert "/var/tmp has " in lines

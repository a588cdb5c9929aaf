"""The doctor looks at a real directory and a real hypervisor, and at ones that do not answer."""

import signal
import socket
import threading
import time

import pytest

from config.secrets import Secret, SecretReference
from config.site import DirectoryAccess, HypervisorNode, MachineStorage, ShellAccess, Site
from steps.doctor.site import examine_site
from steps.drill.embedded import forget_root, prepare_root
from steps.drill.slapd import start_slapd, stop_slapd

BASE = "dc=example,dc=org"
PASSWORD = Secret("correct horse")


@pytest.fixture
def slapd(tmp_path):
    folder = tmp_path / "slapd"
    yield start_slapd(folder, BASE, PASSWORD, ())
    stop_slapd(folder)


@pytest.fixture
def silent_port():
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def directory_site(url, bind_dn, base=BASE):
    password = SecretReference("prompt")
    return Site("s", directory=DirectoryAccess(base, url, bind_dn=bind_dn, password=password))


def look(site, password=PASSWORD, seconds=240.0):
    secrets = {"directory password": password}
    return {found.topic: found for found in examine_site(site, secrets, seconds)}


def test_a_directory_that_binds_and_has_its_base_is_ok(slapd):
    found = look(directory_site(slapd.url, slapd.bind_dn))["directory"]
    assert (found.level, found.seen) == ("ok", f"answers; {BASE} is there")


def test_a_wrong_password_is_an_error_that_does_not_show_it(slapd):
    found = look(directory_site(slapd.url, slapd.bind_dn), Secret("hunter22"))["directory"]
    assert found.level == "error"
    assert found.remedy
    assert "hunter22" not in found.seen + found.remedy


def test_a_missing_base_is_a_finding(slapd):
    found = look(directory_site(slapd.url, slapd.bind_dn, "dc=other,dc=org"))["directory"]
    assert found.level != "ok"
    assert "dc=other,dc=org" in found.seen
    assert found.remedy


def test_nobody_listening_is_an_error_with_the_address():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = look(directory_site(f"ldap://127.0.0.1:{port}", "cn=m"))["directory"]
    assert found.level == "error"
    assert str(port) in found.seen


def test_a_server_that_never_answers_ends_in_time(silent_port):
    started = time.monotonic()
    found = look(directory_site(f"ldap://127.0.0.1:{silent_port}", "cn=m"), seconds=3)["directory"]
    assert found.level == "error"
    assert "did not answer in 3 s" in found.seen
    assert time.monotonic() - started < 200


@pytest.fixture
def hypervisor_uri(tmp_path):
    """An embedded hypervisor of this test's own; the short link to it goes away again."""
    root = tmp_path / "root"
    yield prepare_root(root)
    forget_root(root)


def test_a_node_with_hypervisor_and_shell_is_looked_at_in_all_parts(tmp_path, hypervisor_uri):
    for name in ("live", "retain"):
        (tmp_path / name).mkdir()
    storage = MachineStorage(
        str(tmp_path / "live"), str(tmp_path / "backup"), str(tmp_path / "retain")
    )
    node = HypervisorNode("node-1", hypervisor_uri, ShellAccess())
    found = look(Site("s", (node,), storage=storage))
    assert "0 machines, 0 running" in found["node-1 hypervisor"].seen
    assert found["node-1 hypervisor"].level == "ok"
    assert found["node-1 shell"].level == "ok"
    assert found["node-1 qemu-img"].seen.startswith("qemu-img version")
    assert found[f"node-1 {tmp_path}/live"].level == "ok"
    assert found[f"node-1 {tmp_path}/backup"].level == "warning"
    assert found["node-1 owner"].level in ("ok", "warning")


def test_what_was_seen_before_something_hung_is_told(tmp_path, silent_port, hypervisor_uri):
    shell = ShellAccess("ssh", "127.0.0.1", silent_port, "root", known_hosts=tmp_path / "none")
    hangs = HypervisorNode("hangs", hypervisor_uri, shell)
    # A busy host does not come to the hypervisor in six seconds.
    for seconds in (6, 20, 60):
        found = look(Site("s", (hangs,)), seconds=seconds)
        if "hangs hypervisor" in found:
            break
    assert found["hangs hypervisor"].level == "ok"
    shell_or_node = found.get("hangs shell") or found["hangs"]
    assert shell_or_node.level == "error"
    assert shell_or_node.remedy


def test_a_node_that_is_not_there_does_not_hide_the_others(tmp_path, hypervisor_uri):
    gone = HypervisorNode("gone", f"qemu:///embed?root={tmp_path}/none", ShellAccess())
    here = HypervisorNode("here", hypervisor_uri, ShellAccess())
    found = look(Site("s", (gone, here)))
    assert found["gone hypervisor"].level == "error"
    assert found["gone hypervisor"].remedy
    assert found["here hypervisor"].level == "ok"


@pytest.fixture
def heeding_interrupts():
    """Whoever started the tests in the background may have them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding_interrupts")
def test_an_interrupt_ends_what_is_still_being_asked(silent_port):
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted_look(directory_site(f"ldap://127.0.0.1:{silent_port}", "cn=m"))
    assert time.monotonic() - started < 200


def interrupted_look(site):
    def interrupt():
        time.sleep(1)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    # It arrives while this thread waits for the answer that never comes.
    threading.Thread(target=interrupt).start()
    list(examine_site(site, {"directory password": PASSWORD}, seconds=600))

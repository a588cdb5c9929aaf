"""Whom we talk to, how we get in, and what happens when the line is cut."""

import hashlib
import os
import socket
import stat
import subprocess
import threading
import time
from pathlib import Path

import paramiko
import pytest

from config.errors import InvalidInput, Refused, StepFailed, Unreachable
from config.secrets import Secret
from steps.drill.ports import free_port
from steps.targets.host_keys import ChangedHostKey, UnknownHostKey
from steps.targets.open_shell import open_shell
from tests.real.sshd_support import Wire, make_key, running_sshd

MIB = 1 << 20


@pytest.fixture(scope="module")
def server():
    with running_sshd() as running:
        yield running


@pytest.fixture
def shells():
    """Opens shells that are closed at the end."""
    opened = []

    def open_one(access, secret=None):
        opened.append(open_shell(access, "node-01", secret))
        return opened[-1]

    yield open_one
    for shell in opened:
        shell.close()


@pytest.fixture
def wire(server):
    relay = Wire(server.port)
    yield relay
    relay.close()


def soon(holds):
    """Wait until it is so."""
    until = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def through(server, wire, tmp_path):
    """Access to the server by way of the wire."""
    known = tmp_path / "known_hosts"
    known.write_text(server.host_line("ed25519", wire.port))
    return server.access(port=wire.port, known_hosts=known)


def test_an_unknown_host_key_is_shown_and_once_accepted_lets_us_in(server, shells, tmp_path):
    known = tmp_path / "new" / "known_hosts"
    shell = shells(server.access(known_hosts=known))
    with pytest.raises(UnknownHostKey) as caught:
        shell.run(["true"])
    refusal = caught.value
    assert (refusal.host, refusal.port) == ("127.0.0.1", server.port)
    assert refusal.key_type == "ssh-ed25519"
    assert refusal.fingerprint == server.fingerprint("ed25519")
    assert refusal.fingerprint in refusal.message
    assert not known.exists()
    refusal.accept()
    assert stat.S_IMODE(known.stat().st_mode) == 0o600
    assert shell.run(["echo", "in"]).out == "in\n"


def test_accepting_keeps_the_lines_that_were_there(server, shells, tmp_path):
    known = tmp_path / "known_hosts"
    known.write_text("other ssh-ed25519 AAAA\n# a comment without a line end")
    shell = shells(server.access(known_hosts=known))
    with pytest.raises(UnknownHostKey) as caught:
        shell.run(["true"])
    caught.value.accept()
    caught.value.accept()
    lines = known.read_text().splitlines()
    assert lines[:2] == ["other ssh-ed25519 AAAA", "# a comment without a line end"]
    assert lines[2:] == [server.host_line("ed25519").strip()]


def test_a_changed_host_key_is_refused_with_both_fingerprints(server, shells, tmp_path):
    other = make_key(tmp_path / "other")
    blob = Path(f"{other}.pub").read_text().split()[1]
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.port} ssh-ed25519 {blob}\n")
    before = known.read_text()
    with pytest.raises(ChangedHostKey) as caught:
        shells(server.access(known_hosts=known)).run(["true"])
    old = subprocess.run(["ssh-keygen", "-lf", f"{other}.pub"], capture_output=True, text=True)
    assert old.stdout.split()[1] in caught.value.message
    assert server.fingerprint("ed25519") in caught.value.message
    assert known.read_text() == before


def test_a_revoked_host_key_is_refused(server, shells, tmp_path):
    known = tmp_path / "known_hosts"
    line = server.host_line("ed25519")
    known.write_text(line + "@revoked " + line)
    with pytest.raises(Refused, match="revoked"):
        shells(server.access(known_hosts=known)).run(["true"])


def test_a_host_known_by_its_rsa_key_is_asked_for_that_one(server, shells, tmp_path):
    known = tmp_path / "known_hosts"
    known.write_text(server.host_line("rsa"))
    assert shells(server.access(known_hosts=known)).run(["echo", "in"]).out == "in\n"


def test_hashed_names_are_known_too(server, shells, tmp_path):
    known = tmp_path / "known_hosts"
    known.write_text(server.host_line("ed25519"))
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known)], check=True, capture_output=True)
    assert "127.0.0.1" not in known.read_text()
    assert shells(server.access(known_hosts=known)).run(["echo", "in"]).out == "in\n"


def test_a_key_that_is_not_accepted_is_refused_by_name(server, shells, tmp_path):
    key = make_key(tmp_path / "stranger")
    with pytest.raises(Refused, match="did not let us in") as caught:
        shells(server.access(key_file=key)).run(["true"])
    assert "stranger" in caught.value.message


def test_a_key_with_a_passphrase_wants_it_and_never_shows_it(server, shells, tmp_path):
    key = make_key(tmp_path / "locked", phrase="open sesame")
    with (server.folder / "authorized_keys").open("a") as allowed:
        allowed.write(Path(f"{key}.pub").read_text())
    access = server.access(key_file=key)
    assert shells(access, Secret("open sesame")).run(["echo", "in"]).out == "in\n"
    with pytest.raises(InvalidInput, match="passphrase"):
        shells(access).run(["true"])
    with pytest.raises(InvalidInput) as caught:
        shells(access, Secret("wrong words")).run(["true"])
    assert "wrong words" not in str(caught.value)


def test_a_key_file_that_is_none_is_bad_input(server, shells, tmp_path):
    (tmp_path / "key").write_text("no key")
    for name in ("key", "missing"):
        with pytest.raises(InvalidInput, match=name):
            shells(server.access(key_file=tmp_path / name)).run(["true"])


def test_keys_of_an_agent_are_used(server, shells, tmp_path, monkeypatch):
    address = str(tmp_path / "agent")
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", address], stdout=subprocess.DEVNULL)
    try:
        while not os.path.exists(address):
            time.sleep(0.02)
        monkeypatch.setenv("SSH_AUTH_SOCK", address)
        subprocess.run(["ssh-add", "-q", str(server.user_key)], check=True)
        assert shells(server.access(key_file=None)).run(["echo", "in"]).out == "in\n"
    finally:
        agent.terminate()
        agent.wait()


def test_a_wrong_password_is_refused_and_never_shown(server, shells, monkeypatch, tmp_path):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(Refused, match="did not let us in") as caught:
        shells(server.access(key_file=None), Secret("hunter2")).run(["true"])
    assert "hunter2" not in str(caught.value)


def test_a_host_that_does_not_answer_is_unreachable(server, shells):
    with pytest.raises(Unreachable, match="does not answer"):
        shells(server.access(port=free_port())).run(["true"])


def test_a_server_of_another_kind_is_unreachable(server, shells, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            connection.sendall(b"220 mail.example.org ESMTP\r\n" * 200)
            connection.close()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(Unreachable, match="does not speak SSH"):
            shells(server.access(port=listener.getsockname()[1])).run(["true"])


def test_the_fast_cipher_is_used(server, shells):
    shell = shells(server.access())
    shell.run(["true"])
    assert shell._work.connection._transport.remote_cipher == "aes128-gcm@openssh.com"


@pytest.mark.parametrize("call", ["run", "stream", "status"])
def test_a_cut_line_is_unreachable_and_the_next_call_connects_again(
    server, shells, wire, tmp_path, call
):
    shell = shells(through(server, wire, tmp_path))
    assert shell.status(str(tmp_path)).kind == "directory"
    calls = {
        "run": lambda: shell.run(["sleep", "120"]),
        "stream": lambda: shell.stream(["sleep", "120"], print),
        "status": lambda: shell._work.probe.run(["sleep", "120"]),
    }
    threading.Timer(0.5, wire.cut).start()
    begun = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        calls[call]()
    assert time.monotonic() - begun < 100
    assert "node-01" in caught.value.message
    assert "sleep" in caught.value.message
    assert shell.run(["echo", "back"]).out == "back\n"
    assert shell.status(str(tmp_path)).kind == "directory"


def test_a_line_cut_while_we_are_let_in_is_no_refusal(server, shells, wire, tmp_path, monkeypatch):
    cuts = []

    def cut_first(transport, *arguments, really=paramiko.Transport.auth_publickey, **more):
        if not cuts:
            cuts.append(wire.cut())
        return really(transport, *arguments, **more)

    monkeypatch.setattr(paramiko.Transport, "auth_publickey", cut_first)
    shell = shells(through(server, wire, tmp_path))
    with pytest.raises(Unreachable, match="was lost while it let us in"):
        shell.run(["true"])
    assert shell.run(["true"]).code == 0


def test_a_killed_session_is_noticed_too(shells):
    with running_sshd() as server:
        shell = shells(server.access())
        shell.run(["true"])
        for pid in server.sessions():
            os.kill(pid, 9)
        # A busy host takes its time to end them and to bring the news.
        soon(lambda: not server.sessions())
        soon(lambda: not shell._work.connection._transport.is_active())
        assert shell.run(["echo", "back"]).out == "back\n"


@pytest.mark.parametrize("way", ["get", "put"])
def test_a_line_cut_in_a_transfer_leaves_no_target(server, shells, wire, tmp_path, way):
    source = tmp_path / "source"
    with open(source, "wb") as file:
        file.truncate(400 * MIB)
    shell = shells(through(server, wire, tmp_path))

    def cut(done, total):
        if 0 < done < total:
            wire.cut()

    with pytest.raises(Unreachable):
        getattr(shell, way)(str(source), str(tmp_path / "target"), cut)
    time.sleep(0.5)
    assert not (tmp_path / "target").exists()
    again = getattr(shell, way)(str(source), str(tmp_path / "target"))
    assert again == hashlib.sha256(bytes(400 * MIB)).hexdigest()
    soon(lambda: sorted(os.listdir(tmp_path)) == ["known_hosts", "source", "target"])


def test_a_write_that_is_cut_short_keeps_the_old_file(server, shells, wire, tmp_path):
    shell = shells(through(server, wire, tmp_path))
    path = str(tmp_path / "file")
    shell.write(path, b"old")
    wire.cut_after(1 * MIB)
    with pytest.raises(Unreachable):
        shell.write(path, bytes(8 * MIB))
    wire.cut_after(0)
    soon(lambda: sorted(os.listdir(tmp_path)) == ["file", "known_hosts"])
    assert shell.read(path) == b"old"


def test_new_session_keys_on_the_way_do_no_harm(shells, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(64 * MIB))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    with running_sshd("RekeyLimit 16M") as server:
        shell = shells(server.access())
        for round_number in range(2):
            there, back = str(tmp_path / f"there{round_number}"), str(tmp_path / f"b{round_number}")
            assert shell.put(str(source), there) == digest
            assert shell.get(there, back) == digest


def test_more_than_half_a_gigabyte_on_one_connection_does_not_stall(server, shells, tmp_path):
    source = tmp_path / "source"
    with open(source, "wb") as file:
        file.truncate(256 * MIB)
    shell = shells(server.access())
    for number in range(3):
        shell.get(str(source), str(tmp_path / f"copy{number}"))
    assert shell.run(["echo", "alive"]).out == "alive\n"


def test_a_login_that_prints_a_greeting_harms_nothing(shells, tmp_path):
    greeting = 'ForceCommand echo Welcome; echo Welcome >&2; /bin/sh -c "$SSH_ORIGINAL_COMMAND"'
    source = tmp_path / "source"
    source.write_bytes(os.urandom(MIB))
    with running_sshd(greeting) as server:
        shell = shells(server.access())
        assert shell.run(["echo", "in"]).out == "in\n"
        assert shell.list(str(tmp_path)) == ("source",)
        shell.put(str(source), str(tmp_path / "there"))
        shell.get(str(tmp_path / "there"), str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == source.read_bytes()


def test_a_host_without_openssl_hashes_with_sha256sum(shells, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "sha256sum", "stat", "cat", "dd", "ln", "rm", "sync", "cp", "flock", "date"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    source = tmp_path / "source"
    source.write_bytes(os.urandom(MIB))
    with running_sshd(f"SetEnv PATH={tools}") as server:
        shell = shells(server.access())
        assert shell.run(["openssl"], check=False).code == 127
        digest = shell.put(str(source), str(tmp_path / "there"))
        assert shell.get(str(tmp_path / "there"), str(tmp_path / "back")) == digest
        assert shell.copy(str(source), str(tmp_path / "copy")).sha256 == digest
        assert shell.checksum(str(source)).sha256 == digest
    assert digest == hashlib.sha256(source.read_bytes()).hexdigest()


def test_a_damaged_copy_on_the_other_host_is_found(shells, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "openssl").write_text('#!/bin/sh\n{ cat; echo; } | /usr/bin/openssl "$@"\n')
    (tools / "openssl").chmod(0o755)
    source = tmp_path / "source"
    source.write_bytes(os.urandom(MIB))
    with running_sshd(f"SetEnv PATH={tools}:/usr/bin:/bin") as server:
        shell = shells(server.access())
        for transfer in (shell.put, shell.get):
            with pytest.raises(StepFailed, match="SHA-256 differ"):
                transfer(str(source), str(tmp_path / "target"))
            assert sorted(os.listdir(tmp_path)) == ["bin", "source"]

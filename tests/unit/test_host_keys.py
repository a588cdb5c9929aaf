"""Which host keys are known, by OpenSSH's own file format."""

import base64
import hashlib
import hmac
import os
import stat
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import Refused
from steps.targets.host_keys import (
    ChangedHostKey,
    HostKey,
    UnknownHostKey,
    accept_host_key,
    check_host_key,
    known_host_keys,
    known_types,
    renew_host_key,
)

KEY = HostKey("ssh-ed25519", b"first key")
OTHER = HostKey("ssh-ed25519", b"other key")


def line(names, key=KEY, mark=""):
    blob = base64.b64encode(key.blob).decode()
    return f"{mark} {names} {key.key_type} {blob} a comment\n".lstrip()


def hashed(name):
    salt = b"twenty bytes of salt"
    digest = hmac.digest(salt, name.encode(), hashlib.sha1)
    return "|1|" + "|".join(base64.b64encode(part).decode() for part in (salt, digest))


@pytest.mark.parametrize(
    ("names", "port"),
    [
        ("node-01.example.org", 22),
        ("a,NODE-01.Example.org,b", 22),
        ("*.example.org", 22),
        ("node-0?.example.org", 22),
        ("[node-01.example.org]:2222", 2222),
        (hashed("node-01.example.org"), 22),
        (hashed("[node-01.example.org]:2222"), 2222),
    ],
)
def test_a_key_is_known_by_each_way_to_write_its_host(tmp_path, names, port):
    known = tmp_path / "known_hosts"
    known.write_text("# comment\n\nnonsense\n" + line(names))
    check_host_key((known,), "Node-01.example.org", port, KEY)
    assert known_types((known,), "node-01.example.org", port) == ("ssh-ed25519",)


@pytest.mark.parametrize(
    "names",
    ["other.example.org", "!node-01.example.org,*.example.org", "[node-01.example.org]:2222"],
)
def test_the_key_of_another_host_or_port_does_not_count(tmp_path, names):
    known = tmp_path / "known_hosts"
    known.write_text(line(names))
    with pytest.raises(UnknownHostKey):
        check_host_key((known,), "node-01.example.org", 22, KEY)


def test_another_key_of_the_host_means_it_changed(tmp_path):
    known = tmp_path / "known_hosts"
    known.write_text(line("node-01", OTHER))
    with pytest.raises(ChangedHostKey) as caught:
        check_host_key((known,), "node-01", 22, KEY)
    assert KEY.fingerprint in caught.value.message
    assert OTHER.fingerprint in caught.value.message
    assert "ssh-keygen" in caught.value.remedy


def test_a_key_of_another_type_alone_means_it_changed_too(tmp_path):
    known = tmp_path / "known_hosts"
    known.write_text(line("node-01", HostKey("ssh-rsa", b"rsa")))
    with pytest.raises(ChangedHostKey):
        check_host_key((known,), "node-01", 22, KEY)


def test_one_of_several_keys_is_enough_but_a_revoked_one_never(tmp_path):
    known = tmp_path / "known_hosts"
    known.write_text(line("node-01", OTHER) + line("node-01"))
    check_host_key((known,), "node-01", 22, KEY)
    known.write_text(line("node-01") + line("*", mark="@revoked"))
    with pytest.raises(Refused, match="revoked"):
        check_host_key((known,), "node-01", 22, KEY)


def test_a_key_of_an_authority_is_no_key_of_the_host(tmp_path):
    known = tmp_path / "known_hosts"
    known.write_text(line("node-01", mark="@cert-authority"))
    with pytest.raises(UnknownHostKey):
        check_host_key((known,), "node-01", 22, KEY)


def test_every_file_is_looked_at(tmp_path):
    second = tmp_path / "second"
    second.write_text(line("node-01"))
    check_host_key((tmp_path / "none", second), "node-01", 22, KEY)


def test_many_may_accept_at_once_and_no_line_is_lost(tmp_path):
    known = tmp_path / "ssh" / "known_hosts"
    hosts = [f"node-{number}" for number in range(8)]
    threads = [
        threading.Thread(target=accept_host_key, args=(known, host, 22, KEY)) for host in hosts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for host in hosts:
        check_host_key((known,), host, 22, KEY)
    assert stat.S_IMODE(known.stat().st_mode) == 0o600
    assert os.listdir(known.parent) == ["known_hosts"]


def test_accepting_never_overrides_another_key(tmp_path):
    known = tmp_path / "known_hosts"
    known.write_text(line("node-01", OTHER))
    with pytest.raises(ChangedHostKey):
        accept_host_key(known, "node-01", 22, KEY)
    assert known.read_text() == line("node-01", OTHER)


def test_a_linked_file_stays_a_link(tmp_path):
    (tmp_path / "real").write_text("")
    (tmp_path / "known_hosts").symlink_to(tmp_path / "real")
    accept_host_key(tmp_path / "known_hosts", "node-01", 22, KEY)
    assert (tmp_path / "known_hosts").is_symlink()
    check_host_key((tmp_path / "real",), "node-01", 22, KEY)


@given(st.text(), st.text(min_size=1), st.integers(1, 65535))
def test_no_text_makes_the_parser_fail_or_trust(text, host, port):
    assert all(key != KEY for _mark, key in known_host_keys(text, host, port))


@given(st.lists(st.sampled_from(["|1|", "a", "*", "!", "[", "]", ",", "=", "@revoked", " "])))
def test_broken_patterns_are_passed_over(parts):
    list(known_host_keys("".join(parts) + " ssh-ed25519 AAAA", "node-01", 22))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (line("engine", OTHER), ""),
        (line("engine", OTHER) + line("engine", HostKey("ssh-rsa", b"rsa")), ""),
        (line("engine,10.0.0.5", OTHER), line("10.0.0.5", OTHER)),
        (line(hashed("engine"), OTHER) + line("node-01"), line("node-01")),
        ("# mine\n" + line("x", OTHER) + line("Engine", OTHER), "# mine\n" + line("x", OTHER)),
        ("\udcff odd\n" + line("engine", OTHER), "\udcff odd\n"),
    ],
)  # fmt: skip
def test_a_host_that_was_installed_anew_gets_its_new_key_and_the_old_file_is_kept(
    tmp_path, before, after
):
    known = tmp_path / "known_hosts"
    old = before.encode("utf-8", "surrogateescape")
    known.write_bytes(old)
    aside = renew_host_key(known, "engine", 22, KEY)
    assert aside.read_bytes() == old
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    check_host_key((known,), "engine", 22, KEY)
    new = f"engine ssh-ed25519 {base64.b64encode(KEY.blob).decode()}\n".encode()
    assert known.read_bytes() == after.encode("utf-8", "surrogateescape") + new
    assert renew_host_key(known, "engine", 22, OTHER) != aside


@pytest.mark.parametrize(
    "text",
    [line("*.example.org", OTHER), line("engine.example.org", mark="@revoked")],
    ids=["pattern", "revoked"],
)
def test_a_new_key_is_not_taken_over_a_pattern_or_a_revocation(tmp_path, text):
    known = tmp_path / "known_hosts"
    known.write_text(text)
    with pytest.raises(Refused):
        renew_host_key(known, "engine.example.org", 22, KEY)
    assert known.read_text() == text
    assert os.listdir(tmp_path) == ["known_hosts"]

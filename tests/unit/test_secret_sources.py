"""References to secrets: read strictly, resolved carefully, never shown."""

import os

import keyring
import keyring.backend
import keyring.errors
import pytest

from config.errors import InvalidInput, Refused, RekindleError, Unreachable
from config.secret_sources import PROMPT, parse_reference, resolve
from config.secrets import Secret, SecretReference
from config.site import DirectoryAccess, HypervisorNode, ShellAccess, Site
from config.site_secrets import resolve_site_secrets, site_references

SECRET = "correct horse"


def nobody(title):
    raise AssertionError(f"asked for {title}")


@pytest.fixture
def secret_file(tmp_path):
    def make(content, mode=0o600):
        path = tmp_path / "secret"
        path.write_bytes(content)
        path.chmod(mode)
        return SecretReference("file", str(path))

    return make


@pytest.mark.parametrize(
    "text", ["prompt", "file:/etc/x", "environment:LDAP_PASSWORD", "keyring:ldap/cn=m,dc=x"]
)
def test_a_reference_is_read_and_written_the_same(text):
    assert str(parse_reference(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "hunter22", "Prompt", "prompt:", "prompt:x", "vault:x", "hunter22:x", "file:"),
        *("file:x", "environment:", "environment:A-B", "environment:1A", "keyring:", "keyring:a"),
        *("keyring:/b", "keyring:a/", "file:/a\nb", "file:/a\0b"),
    ],
)
def test_anything_else_is_refused_without_repeating_a_possible_secret(text):
    with pytest.raises(InvalidInput) as caught:
        parse_reference(text)
    assert "hunter22" not in str(caught.value)
    assert caught.value.remedy


def test_a_prompt_asks_with_its_title():
    asked = []
    assert resolve(PROMPT, lambda title: asked.append(title) or Secret("x"), "Door") == Secret("x")
    assert asked == ["Door"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"correct horse\n", "correct horse"),
        (b"correct horse", "correct horse"),
        (b"correct horse\r\nand a note\n", "correct horse"),
        (b" spaces stay \n", " spaces stay "),
        ("p\u00e4ss".encode(), "p\u00e4ss"),
    ],
)
def test_the_first_line_of_a_private_file_is_the_secret(secret_file, content, text):
    assert resolve(secret_file(content, 0o400), nobody).reveal() == text


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o666, 0o610])
def test_a_file_that_others_may_read_is_refused(secret_file, mode):
    with pytest.raises(Refused) as caught:
        resolve(secret_file(SECRET.encode(), mode), nobody)
    assert f"{mode:04o}" in caught.value.message
    assert "chmod 600" in caught.value.remedy
    assert SECRET not in str(caught.value)


def test_a_file_of_somebody_else_is_refused(secret_file, monkeypatch):
    reference = secret_file(SECRET.encode())
    if os.geteuid() == 0:
        os.chown(reference.place, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(Refused, match="somebody else"):
        resolve(reference, nobody)


@pytest.mark.parametrize("content", [b"", b"\n", b"\nlate\n", b"a\0b\n", b"x" * 100_000])
def test_a_file_without_a_first_line_of_text_is_refused(secret_file, content):
    with pytest.raises(InvalidInput, match="does not begin with a line of text"):
        resolve(secret_file(content), nobody)


def test_bytes_of_a_secret_do_not_reach_the_error(secret_file):
    with pytest.raises(InvalidInput) as caught:
        resolve(secret_file(b"hunter22\xff\n"), nobody)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "hunter22" not in str(caught.value)


def test_a_fifo_or_folder_neither_hangs_nor_passes(tmp_path):
    os.mkfifo(tmp_path / "fifo", 0o600)
    for path in (tmp_path / "fifo", tmp_path, tmp_path / "missing"):
        with pytest.raises(InvalidInput, match=str(path)):
            resolve(SecretReference("file", str(path)), nobody)


def test_a_secret_from_the_environment_is_no_longer_there_for_programs_started_later(monkeypatch):
    monkeypatch.setenv("REKINDLE_TEST_SECRET", SECRET)
    reference = parse_reference("environment:REKINDLE_TEST_SECRET")
    assert resolve(reference, nobody).reveal() == SECRET
    assert "REKINDLE_TEST_SECRET" not in os.environ
    assert resolve(reference, nobody).reveal() == SECRET


def test_a_missing_variable_is_named():
    with pytest.raises(InvalidInput, match="REKINDLE_NO_SUCH_VARIABLE is not set"):
        resolve(parse_reference("environment:REKINDLE_NO_SUCH_VARIABLE"), nobody)


class Backend(keyring.backend.KeyringBackend):
    priority = 1
    held = {("ldap", "manager"): SECRET}

    def get_password(self, service, username):
        if service == "locked":
            raise keyring.errors.KeyringLocked("the vault is locked")
        return self.held.get((service, username))

    def set_password(self, service, username, password):
        raise AssertionError("nothing is stored")


@pytest.fixture
def backend():
    before = keyring.get_keyring()
    keyring.set_keyring(Backend())
    yield
    keyring.set_keyring(before)


@pytest.mark.usefixtures("backend")
def test_the_keyring_is_asked_for_service_and_user():
    assert resolve(parse_reference("keyring:ldap/manager"), nobody).reveal() == SECRET
    with pytest.raises(InvalidInput, match="holds nothing for other at ldap"):
        resolve(parse_reference("keyring:ldap/other"), nobody)
    with pytest.raises(Unreachable, match="the vault is locked"):
        resolve(parse_reference("keyring:locked/x"), nobody)


def test_without_a_keyring_the_error_says_what_to_do():
    import keyring.backends.fail

    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    try:
        with pytest.raises(Unreachable) as caught:
            resolve(parse_reference("keyring:a/b"), nobody)
    finally:
        keyring.set_keyring(before)
    assert "file:/PATH" in caught.value.remedy


def test_a_source_that_does_not_exist_is_refused():
    with pytest.raises(RekindleError):
        resolve(SecretReference("vault", "x"), nobody)


def test_every_secret_of_a_site_has_its_name(secret_file):
    reference = secret_file(b"one\n")
    site = Site(
        "s",
        (
            HypervisorNode("n1", "qemu:///system", ShellAccess("ssh", "h", password=PROMPT)),
            HypervisorNode("n2", "qemu:///system", ShellAccess()),
        ),
        DirectoryAccess("dc=x", "ldaps://h", bind_dn="cn=m", password=reference),
    )
    assert site_references(site) == {"ssh password n1": PROMPT, "directory password": reference}
    titles = []
    secrets = resolve_site_secrets(site, lambda title: titles.append(title) or Secret("two"))
    assert secrets == {"ssh password n1": Secret("two"), "directory password": Secret("one")}
    assert titles == ["Password for SSH to n1"]

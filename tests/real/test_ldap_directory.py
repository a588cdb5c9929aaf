"""What only a server can do: vanish, hang, refuse, limit, lose an answer, show a wrong key."""

from __future__ import annotations

import datetime
import ipaddress
import os
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config.errors import InvalidInput, Refused, Unreachable
from config.secrets import Secret
from config.site import DirectoryAccess
from steps.drill.slapd import Certificate, RunningSlapd, ensure_running, start_slapd, stop_slapd
from steps.targets import ldap_connection, ldap_directory
from steps.targets.directory import Change, Entry
from steps.targets.directory_names import child, equals
from steps.targets.ldap_directory import LdapDirectory
from tests.real.slapd_support import (
    BASE,
    COLLEAGUE,
    COLLEAGUE_PASSWORD,
    LEAF_DN,
    MACHINE_DN,
    MACHINES,
    PASSWORD,
    Relay,
    colleague,
    ldap_world,
    manager_access,
    tree,
)

MODE = "sstProvisioningMode"


@pytest.fixture
def relay(slapd: RunningSlapd) -> Iterator[Relay]:
    made = Relay(slapd.url)
    yield made
    made.close()


def through(relay: Relay, slapd: RunningSlapd) -> LdapDirectory:
    url = f"ldap://127.0.0.1:{relay.port}/"
    return LdapDirectory(DirectoryAccess(base=BASE, url=url, bind_dn=slapd.bind_dn), PASSWORD)


def read(directory: LdapDirectory, dn: str = MACHINE_DN) -> Entry:
    entry = directory.get(dn)
    assert entry is not None
    return entry


def replace(attribute: str, value: str) -> Change:
    return Change("replace", attribute, (value.encode(),))


def test_a_server_that_is_gone_is_said_so_and_found_again_when_back(
    slapd: RunningSlapd, tmp_path: Path
) -> None:
    directory = LdapDirectory(manager_access(slapd), PASSWORD)
    before = read(directory)
    stop_slapd(tmp_path / "slapd", kill=True)
    for attempt in (
        lambda: directory.get(MACHINE_DN),
        lambda: directory.modify(
            MACHINE_DN, [replace("sstVCPU", "2")], expected_csn=before.entry_csn
        ),
        lambda: directory.transition(LEAF_DN, MODE, "finished", "restore"),
    ):
        with pytest.raises(Unreachable) as unreachable:
            attempt()
        assert slapd.url in unreachable.value.message
        assert unreachable.value.remedy
    assert ensure_running(tmp_path / "slapd").url == slapd.url
    assert read(directory) == before
    directory.modify(MACHINE_DN, [replace("sstVCPU", "2")], expected_csn=before.entry_csn)
    assert read(directory).text("sstVCPU") == "2"


def test_reads_and_later_writes_heal_a_dropped_connection(
    slapd: RunningSlapd, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ldap_connection, "_IDLE_SECONDS", 0.0)
    directory = through(relay, slapd)
    entry = read(directory)
    relay.cut()
    assert read(directory) == entry
    relay.cut()
    directory.modify(MACHINE_DN, [replace("sstVCPU", "2")], expected_csn=entry.entry_csn)
    assert read(directory).text("sstVCPU") == "2"


def test_lanes_share_one_connection_and_heal_it_together(slapd: RunningSlapd, relay: Relay) -> None:
    directory = through(relay, slapd)
    with ThreadPoolExecutor(8) as pool:
        first = list(pool.map(lambda _: read(directory).dn, range(40)))
        assert len(relay._open) == 2  # one connection: its two ends
        relay.cut()
        second = list(pool.map(lambda _: read(directory).dn, range(40)))
    assert first == second == [MACHINE_DN] * 40
    assert len(relay._open) == 4
    directory.close()


def warmed_up(directory: LdapDirectory) -> str:
    """The machine's entryCSN, after a change: from here on a write sends nothing but itself."""
    change = [replace("description", "warm")]
    directory.modify(MACHINE_DN, change, expected_csn=read(directory).entry_csn)
    return read(directory).entry_csn


def writes(directory: LdapDirectory, csn: str) -> dict[str, Callable[[], None]]:
    new = child("ou", "new", MACHINES)
    unit = {"objectClass": (b"organizationalUnit",), "ou": (b"new",)}
    return {
        "modify": lambda: directory.modify(MACHINE_DN, [replace("sstVCPU", "2")], expected_csn=csn),
        "transition": lambda: directory.transition(LEAF_DN, MODE, "finished", "restore"),
        "add": lambda: directory.add(new, unit),
        "delete": lambda: directory.delete(LEAF_DN),
    }


@pytest.mark.parametrize("kind", ["modify", "transition", "add", "delete"])
def test_a_write_whose_answer_is_lost_is_not_called_done_nor_undone(
    slapd: RunningSlapd, relay: Relay, kind: str
) -> None:
    directory = through(relay, slapd)
    csn = warmed_up(directory)
    relay.swallow_answers = True
    with pytest.raises(Unreachable, match="not known whether") as unreachable:
        writes(directory, csn)[kind]()
    assert "Reading it now failed" in unreachable.value.remedy
    relay.swallow_answers = False
    # The change did reach the server: that is why nobody may claim that nothing happened.
    assert read(directory, MACHINE_DN).text("sstVCPU") == ("2" if kind == "modify" else "1")


@pytest.mark.parametrize("kind", ["modify", "transition", "add", "delete"])
def test_after_a_lost_answer_the_entry_is_read_again_and_told(
    slapd: RunningSlapd, relay: Relay, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = through(relay, slapd)
    csn = warmed_up(directory)
    relay.swallow_answers = True
    get = LdapDirectory.get

    def get_on_a_good_line(self: LdapDirectory, dn: str) -> Entry | None:
        relay.swallow_answers = False
        return get(self, dn)

    monkeypatch.setattr(LdapDirectory, "get", get_on_a_good_line)
    with pytest.raises(Unreachable, match=r"not known whether .* now (last written by|gone)"):
        writes(directory, csn)[kind]()


@pytest.mark.parametrize("kind", ["modify", "transition", "add", "delete"])
def test_a_write_that_never_arrived_is_told_as_not_made(
    slapd: RunningSlapd, relay: Relay, kind: str
) -> None:
    directory = through(relay, slapd)
    csn = warmed_up(directory)
    relay.cut()
    with pytest.raises(Unreachable, match="is as before"):
        writes(directory, csn)[kind]()
    writes(directory, csn)[kind]()


def stop_in_its_tracks(pid: int) -> None:
    """SIGSTOP, and wait until each of its threads has stopped."""
    os.kill(pid, signal.SIGSTOP)
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    while any(") T " not in (task / "stat").read_text() for task in tasks):
        time.sleep(0.01)


def test_a_server_that_hangs_is_waited_for_a_bounded_time(
    slapd: RunningSlapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (ldap_connection, ldap_directory):
        monkeypatch.setattr(module, "OPERATION_SECONDS", 1)
    directory = LdapDirectory(manager_access(slapd), PASSWORD)
    read(directory)
    stop_in_its_tracks(slapd.pid)
    try:
        started = time.monotonic()
        with pytest.raises(Unreachable):
            directory.get(MACHINE_DN)
        with pytest.raises(Unreachable):
            LdapDirectory(manager_access(slapd), PASSWORD).get(MACHINE_DN)
        assert time.monotonic() - started < 40
    finally:
        os.kill(slapd.pid, signal.SIGCONT)
    assert directory.get(MACHINE_DN) is not None


@pytest.mark.parametrize("tls", ["none", "starttls", "ldaps"])
def test_a_server_that_takes_the_call_and_says_nothing_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, tls: str
) -> None:
    monkeypatch.setattr(ldap_connection, "OPERATION_SECONDS", 1)
    monkeypatch.setattr(ldap_connection, "CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        scheme = "ldaps" if tls == "ldaps" else "ldap"
        url = f"{scheme}://127.0.0.1:{mute.getsockname()[1]}/"
        access = DirectoryAccess(base=BASE, url=url, bind_dn=COLLEAGUE, start_tls=tls == "starttls")
        started = time.monotonic()
        with pytest.raises(Unreachable, match=url):
            LdapDirectory(access, COLLEAGUE_PASSWORD).get(BASE)
        assert time.monotonic() - started < 40


def test_more_entries_than_a_page_are_all_there(slapd: RunningSlapd) -> None:
    directory = LdapDirectory(manager_access(slapd), PASSWORD)
    for number in range(1100):
        directory.add(
            child("ou", f"unit {number}", MACHINES),
            {"objectClass": (b"organizationalUnit",), "ou": (f"unit {number}".encode(),)},
        )
    assert len(directory.children(MACHINES)) == 1101
    limited = ldap_world(slapd).other
    with pytest.raises(Refused, match="did not hand over everything"):
        limited.search(MACHINES, "(objectClass=*)")


def test_a_wrong_password_is_refused_and_not_repeated_in_the_message(slapd: RunningSlapd) -> None:
    directory = LdapDirectory(manager_access(slapd), Secret("wrong-one"))
    with pytest.raises(Refused) as refused:
        directory.get(BASE)
    assert "Invalid credentials" in refused.value.message
    assert "wrong-one" not in str(refused.value)


@pytest.mark.parametrize("password", [None, Secret("")])
def test_a_name_without_a_password_does_not_become_an_anonymous_visitor(
    slapd: RunningSlapd, password: Secret | None
) -> None:
    with pytest.raises(InvalidInput, match="no password"):
        LdapDirectory(manager_access(slapd), password).get(BASE)


def test_an_anonymous_visitor_sees_nothing(slapd: RunningSlapd) -> None:
    assert LdapDirectory(DirectoryAccess(base=BASE, url=slapd.url)).get(MACHINE_DN) is None


@pytest.mark.parametrize("url", ["ldap://127.0.0.1:1/", "http://127.0.0.1/", "nonsense"])
def test_a_wrong_address_is_said_so(url: str) -> None:
    directory = LdapDirectory(DirectoryAccess(base=BASE, url=url, bind_dn="cn=x"), PASSWORD)
    with pytest.raises((Unreachable, InvalidInput)) as error:
        directory.get(BASE)
    assert url in error.value.message


@pytest.mark.parametrize(
    ("dn", "attribute", "value", "words"),
    [
        (f"ou=backup,{MACHINE_DN}", "sstVirtualizationDiskImagePermission", "0660", "syntax"),
        (MACHINE_DN, "sstIsActive", "true", "syntax"),
        (MACHINE_DN, "sstMemory", "64 MiB", "syntax"),
        (MACHINE_DN, "sstBackupNumberOfIterations", "1", "not allowed"),
        (MACHINE_DN, "noSuchAttribute", "1", "attribute type undefined"),
    ],
)
def test_what_the_schema_forbids_is_refused_in_the_servers_words(
    slapd: RunningSlapd, dn: str, attribute: str, value: str, words: str
) -> None:
    directory = LdapDirectory(manager_access(slapd), PASSWORD)
    entry = read(directory, dn)
    with pytest.raises(InvalidInput, match=words):
        directory.modify(dn, [replace(attribute, value)], expected_csn=entry.entry_csn)
    assert read(directory, dn) == entry


def test_a_timetable_value_can_be_replaced_but_not_deleted_by_value(slapd: RunningSlapd) -> None:
    dn = f"ou=backup,ou=configuration,ou=virtualization,ou=services,{BASE}"
    directory = LdapDirectory(manager_access(slapd), PASSWORD)
    with pytest.raises(InvalidInput, match=r"[Ii]nappropriate matching"):
        directory.transition(dn, "sstCronHour", "3", "4")
    directory.modify(dn, [replace("sstCronHour", "4")], expected_csn=read(directory, dn).entry_csn)
    assert read(directory, dn).text("sstCronHour") == "4"


def test_a_long_mode_word_is_accepted(slapd: RunningSlapd) -> None:
    directory = LdapDirectory(manager_access(slapd), PASSWORD)
    directory.transition(LEAF_DN, MODE, "finished", "unretainedSmallFiles")
    assert read(directory, LEAF_DN).text(MODE) == "unretainedSmallFiles"


def test_without_the_assertion_control_a_stale_change_is_still_refused(
    slapd: RunningSlapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = ldap_world(slapd)
    monkeypatch.setattr(LdapDirectory, "_offers_assertion", lambda self: False)
    csn = read(world.directory).entry_csn
    world.other.modify(MACHINE_DN, [replace("sstVCPU", "2")], expected_csn=csn)
    with pytest.raises(Refused, match=COLLEAGUE):
        world.directory.modify(MACHINE_DN, [replace("sstVCPU", "4")], expected_csn=csn)
    assert read(world.directory).text("sstVCPU") == "2"


def test_the_guard_is_the_servers_and_not_only_ours(
    slapd: RunningSlapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody changes the entry after our last look and before our write."""
    world = ldap_world(slapd)
    csn = read(world.directory).entry_csn
    write = ldap_connection.LdapConnection.write

    def late_colleague(self: ldap_connection.LdapConnection, action: object) -> None:
        monkeypatch.undo()
        world.other.modify(MACHINE_DN, [replace("sstVCPU", "2")], expected_csn=csn)
        write(self, action)

    monkeypatch.setattr(ldap_connection.LdapConnection, "write", late_colleague)
    with pytest.raises(Refused, match=COLLEAGUE):
        world.directory.modify(MACHINE_DN, [replace("sstVCPU", "4")], expected_csn=csn)
    assert read(world.directory).text("sstVCPU") == "2"


# -- TLS ------------------------------------------------------------------------------------------


def make_certificate(folder: Path, address: str = "127.0.0.1") -> Certificate:
    """An authority, and a server's certificate for that address, as files."""
    folder.mkdir()
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in ("ca", address)]
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in names]
    files = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    for name, key, file in zip(names, keys, (files.authority, files.certificate), strict=True):
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(names[0])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )
        if name == names[0]:
            extension: x509.ExtensionType = x509.BasicConstraints(ca=True, path_length=None)
        else:
            extension = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        signed = builder.add_extension(extension, critical=name == names[0]).sign(
            keys[0], hashes.SHA256()
        )
        file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        keys[1].private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@pytest.fixture
def tls_slapd(tmp_path: Path) -> Iterator[tuple[RunningSlapd, Certificate]]:
    certificate = make_certificate(tmp_path / "right")
    folder = tmp_path / "slapd"
    try:
        entries = [*tree(), colleague()]
        yield start_slapd(folder, BASE, PASSWORD, entries, certificate=certificate), certificate
    finally:
        stop_slapd(folder)


def starting_tls(slapd: RunningSlapd, ca_file: Path | None) -> LdapDirectory:
    access = DirectoryAccess(
        base=BASE, url=slapd.url, bind_dn=COLLEAGUE, ca_file=ca_file, start_tls=True
    )
    return LdapDirectory(access, COLLEAGUE_PASSWORD)


def test_start_tls_with_the_right_authority_works(
    tls_slapd: tuple[RunningSlapd, Certificate],
) -> None:
    slapd, certificate = tls_slapd
    directory = starting_tls(slapd, certificate.authority)
    assert directory.search(BASE, equals("sstVirtualMachine", "*")) == ()
    assert read(directory).text("sstDisplayName") == "web01"


def test_an_authority_that_did_not_sign_the_server_is_refused(
    tls_slapd: tuple[RunningSlapd, Certificate], tmp_path: Path
) -> None:
    slapd, certificate = tls_slapd
    # A good connection first: its settings must not carry over to the next.
    assert starting_tls(slapd, certificate.authority).get(BASE) is not None
    for ca_file in (make_certificate(tmp_path / "wrong").authority, None):
        with pytest.raises(Unreachable) as unreachable:
            starting_tls(slapd, ca_file).get(BASE)
        assert "ca_file" in unreachable.value.remedy


def test_a_server_without_tls_is_not_spoken_to_in_clear(
    slapd: RunningSlapd, tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path / "right")
    with pytest.raises((Unreachable, Refused, InvalidInput)):
        starting_tls(slapd, certificate.authority).get(BASE)


def test_a_missing_authority_file_is_said_so(slapd: RunningSlapd, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no-such\.pem"):
        starting_tls(slapd, tmp_path / "no-such.pem").get(BASE)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_ldaps_checks_the_servers_address(
    slapd: RunningSlapd, tmp_path: Path, address: str
) -> None:
    certificate = make_certificate(tmp_path / "right", address)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    relay = Relay(slapd.url, context)
    access = DirectoryAccess(
        base=BASE,
        url=f"ldaps://127.0.0.1:{relay.port}/",
        bind_dn=slapd.bind_dn,
        ca_file=certificate.authority,
    )
    directory = LdapDirectory(access, PASSWORD)
    try:
        if address == "127.0.0.1":
            assert read(directory).text("sstDisplayName") == "web01"
        else:
            with pytest.raises(Unreachable):
                directory.get(MACHINE_DN)
    finally:
        directory.close()
        relay.close()

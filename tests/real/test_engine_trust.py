"""Whom an engine's connection trusts, and what else may answer in its place."""

import io
import time
from dataclasses import replace

import pytest

from config.errors import InvalidInput, Refused, RekindleError, Unreachable
from config.secrets import Secret
from config.site import EngineAccess, Site
from config.site_file import save_site
from steps.drill.practice_engine.certificates import make_identity
from steps.targets.engine_ca import (
    PLACES,
    ChangedEngineCa,
    UnknownEngineCa,
    fetch_ca,
    keep_ca,
    kept_ca,
    read_ca,
    trust_file,
    trusted_ca,
)
from steps.targets.engine_facts import Page
from steps.targets.ovirt_engine import OvirtEngine
from tests.real.engine_support import HEALTHY, XML, http, logged_in, slowly
from tui.main import main

NOWHERE = EngineAccess("https://127.0.0.1:9")
PAGE = http("503 Service Unavailable", "text/html", "<html>Service Unavailable</html>")
MISSING = http("404 Not Found", "text/html", "<html>Not Found</html>")
HOST = "00000000-0000-0000-0000-000000000001"


def serves_ca(server_of, place, names=("127.0.0.1",)):
    def answers(_method, path):
        return (
            http("200 OK", "application/x-x509-ca-cert", made[0].ca.read_bytes())
            if (path == place)
            else MISSING
        )

    made = []
    made.append(server_of(answers, names=names))
    return made[0]


@pytest.mark.parametrize("place", PLACES)
def test_a_new_ca_is_shown_and_kept_once_it_was_accepted(serving, tmp_path, place):
    server = serves_ca(serving, place)
    access = EngineAccess(server.url, known_cas=tmp_path / "cas")
    for _ in range(2):
        with pytest.raises(UnknownEngineCa) as unknown:
            trusted_ca(access)
        assert not trust_file(access).exists()
    fingerprint = unknown.value.fingerprint
    assert fingerprint == read_ca(server.ca.read_bytes(), "").fingerprint
    assert fingerprint in unknown.value.message
    unknown.value.accept()
    unknown.value.accept()
    file = trusted_ca(access)
    assert file == trust_file(access)
    assert kept_ca(file).fingerprint == fingerprint
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_the_password_never_goes_to_an_engine_that_is_not_trusted_yet(serving, tmp_path):
    server = serves_ca(serving, PLACES[0])
    access = EngineAccess(server.url, known_cas=tmp_path)
    with pytest.raises(UnknownEngineCa):
        OvirtEngine(access, Secret("hunter2")).hosts()
    assert server.asked == [("GET", PLACES[0])]


def test_a_changed_ca_is_refused_with_both_fingerprints(serving, tmp_path):
    server = serves_ca(serving, PLACES[0])
    access = EngineAccess(server.url, known_cas=tmp_path)
    before = read_ca(make_identity(["127.0.0.1"]).ca, "")
    keep_ca(trust_file(access), before)
    for ask in (lambda e: e.hosts(), lambda e: e.health()):
        with pytest.raises(ChangedEngineCa) as changed:
            ask(OvirtEngine(access, Secret("hunter2"), 5))
        assert before.fingerprint in changed.value.message
        assert fetch_ca(server.url).fingerprint in changed.value.message
    assert kept_ca(trust_file(access)).fingerprint == before.fingerprint
    assert not any(method == "POST" for method, _path in server.asked)


def test_accepting_never_replaces_a_ca_that_was_kept_meanwhile(tmp_path):
    one, two = (read_ca(make_identity(["a"]).ca, "") for _ in range(2))
    keep_ca(tmp_path / "x.pem", one)
    with pytest.raises(Refused):
        keep_ca(tmp_path / "x.pem", two)
    assert kept_ca(tmp_path / "x.pem").fingerprint == one.fingerprint
    assert len(list(tmp_path.iterdir())) == 1


def test_a_name_that_the_certificate_is_not_made_for_is_refused_as_such(serving, tmp_path):
    server = serves_ca(serving, PLACES[0], names=("engine.example.org",))
    with pytest.raises(Refused, match="IP address mismatch"):
        trusted_ca(EngineAccess(server.url, known_cas=tmp_path))
    with pytest.raises(Refused, match="IP address mismatch") as refused:
        server.engine().hosts()
    assert not isinstance(refused.value, ChangedEngineCa)
    assert server.asked.count(("GET", PLACES[0])) == 2


def test_a_web_server_with_a_certificate_of_another_ca_is_told_apart(serving, tmp_path):
    other = make_identity(["127.0.0.1"]).ca
    server = serving(lambda _m, path: http("200 OK", "text/plain", other))
    with pytest.raises(Refused, match="does not hold") as refused:
        trusted_ca(EngineAccess(server.url, known_cas=tmp_path))
    assert "ca_file" in refused.value.remedy


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (http("200 OK", "text/html", "<html>log in</html>"), "does not offer its CA"),
        (PAGE, "answers 503"),
        (http("200 OK", "text/plain", "-----BEGIN CERTIFICATE-----\nAA\n"), "is no certificate"),
        (
            http("200 OK", "text/plain", make_identity(["x"]).server.split(b"-----BEGIN PRIV")[0]),
            "not one of a CA",
        ),
    ],
)
def test_what_is_no_ca_is_told(serving, tmp_path, answer, wrong):
    server = serving(lambda _m, _p: answer)
    with pytest.raises((InvalidInput, Unreachable), match=wrong):
        trusted_ca(EngineAccess(server.url, known_cas=tmp_path))
    assert list(tmp_path.glob("*.pem")) == []


def test_redirects_are_followed_on_the_same_host_only(serving):
    def answers(_method, path):
        if path == PLACES[0]:
            return http("302 Found", "text/html", Location="/moved")
        if path == "/moved":
            return http("200 OK", "text/plain", server.ca.read_bytes())
        return http("302 Found", "text/html", Location=path)

    server = serving(answers)
    assert fetch_ca(server.url).fingerprint == kept_ca(server.ca).fingerprint
    assert server.engine().health().page is Page.AWAY
    away = serving(lambda _m, _p: http("302 Found", "text/html", Location="https://evil.invalid/"))
    with pytest.raises(Unreachable, match=r"sends elsewhere.*evil\.invalid"):
        fetch_ca(away.url)
    plain = serving(lambda _m, _p: http("302 Found", "text/html", Location="http://127.0.0.1/"))
    with pytest.raises(Unreachable, match="sends elsewhere"):
        fetch_ca(plain.url)


def test_a_file_of_a_ca_that_is_missing_or_nonsense_is_told(tmp_path):
    with pytest.raises(InvalidInput, match="No such file"):
        trusted_ca(replace(NOWHERE, ca_file=tmp_path / "none.pem"))
    (tmp_path / "x.pem").write_text("hello")
    with pytest.raises(InvalidInput, match="is no certificate"):
        trusted_ca(replace(NOWHERE, ca_file=tmp_path / "x.pem"))


def test_nobody_listening_is_unreachable(tmp_path):
    with pytest.raises(Unreachable, match="Connection refused"):
        trusted_ca(replace(NOWHERE, known_cas=tmp_path))


@pytest.mark.parametrize(
    ("answer", "page"),
    [
        (HEALTHY, Page.UP),
        (PAGE, Page.STARTING),
        (MISSING, Page.STARTING),
        (http("200 OK", "text/html", "<html>welcome</html>"), Page.STARTING),
        (http("500 Internal Server Error", "text/html", "DB Down!"), Page.SICK),
        (None, Page.AWAY),
    ],
)
def test_the_health_page_tells_states_apart(serving, answer, page):
    health = serving(lambda _m, _p: answer).engine().health()
    assert (health.page, health.up) == (page, page is Page.UP)
    assert health.seen


HOSTILE = [
    PAGE,
    MISSING,
    None,
    http("200 OK", "text/html", "<html>log in here</html>"),
    http("302 Found", "text/html", Location="https://elsewhere.invalid/"),
    http("301 Moved Permanently", XML, Location="/elsewhere"),
    http("503 Service Unavailable", XML, ""),
    http("200 OK", XML, ""),
    http("200 OK", XML, "<hosts><host"),
    http("200 OK", XML, "<vms><vm id='1'/></vms>"),
    http("200 OK", XML, "<nonsense/>"),
    http("200 OK", XML, "<hosts><host id='1'><port>many</port></host></hosts>"),
    http("200 OK", XML, b"\xff\xfe\x00"),
    b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n<hosts/>",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 99\r\n\r\n<hosts/>",
    b"nonsense\r\n\r\n",
]


@pytest.mark.parametrize("answer", HOSTILE)
def test_whatever_answers_in_place_of_an_api_is_an_error_of_ours(serving, answer):
    engine = serving(logged_in(lambda _m, _p: answer)).engine(2)
    for ask in (engine.hosts, lambda: engine.host(HOST), lambda: engine.activate_host(HOST)):
        with pytest.raises(RekindleError) as error:
            ask()
        assert "hunter2" not in str(error.value)
        assert error.value.remedy


def test_a_page_instead_of_the_api_says_what_the_health_page_says(serving):
    engine = serving(lambda _m, _p: PAGE).engine()
    with pytest.raises(Unreachable, match="health answers 503"):
        engine.hosts()


def test_an_empty_answer_404_is_no_proof_that_a_host_has_gone(serving):
    empty = http("404 Not Found", XML, "")
    engine = serving(logged_in(lambda _m, _p: empty)).engine()
    with pytest.raises(RekindleError):
        engine.host(HOST)
    api = http("200 OK", XML, "<api/>")
    there = serving(logged_in(lambda _m, p: api if p.endswith("/api") else empty)).engine()
    assert there.host(HOST) is None


@pytest.mark.parametrize(
    "body",
    [
        "<fault><reason>Operation Failed</reason><detail>[Cannot remove Host.]</detail></fault>",
        "<action><fault><detail>[Cannot remove Host.]</detail><reason>Operation Failed</reason>"
        "</fault><status>failed</status></action>",
    ],
)
def test_both_shapes_of_a_fault_are_told_in_the_engine_own_words(serving, body):
    engine = serving(logged_in(lambda _m, _p: http("409 Conflict", XML, body))).engine()
    with pytest.raises(Refused, match=r"refuses activating host .*: Cannot remove Host\."):
        engine.activate_host(HOST)


def test_an_account_without_the_right_is_told_so(serving):
    body = "<fault><reason>Operation Failed</reason><detail>no permission</detail></fault>"
    engine = serving(logged_in(lambda _m, _p: http("403 Forbidden", XML, body))).engine()
    with pytest.raises(Refused, match="does not allow this account"):
        engine.activate_host(HOST)


def test_an_engine_of_the_3x_age_is_told_apart(serving):
    def answers(_method, path):
        if path == "/ovirt-engine/services/health":
            return HEALTHY
        return http("401 Unauthorized", "text/html") if path == "/api" else MISSING

    with pytest.raises(Refused, match=r"version 3\.x"):
        serving(answers).engine().hosts()


def test_an_answer_that_is_too_slow_is_given_up_and_its_fate_is_not_guessed(serving):
    hosts = http("200 OK", XML, "<hosts/>")
    slow = [90.0]
    server = serving(logged_in(lambda _m, _p: slowly(slow[0], hosts)))
    engine = server.engine(3)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="in time") as late:
        engine.hosts()
    assert time.monotonic() - began < 60
    assert "not known" in late.value.remedy
    slow[0] = 0.0
    assert engine.hosts() == ()


def test_a_log_in_that_never_ends_is_given_up_too(serving, monkeypatch):
    monkeypatch.setattr("steps.targets.ovirt_connection._SPARE_SECONDS", 0.5)
    server = serving(lambda _m, _p: slowly(90, HEALTHY))
    began = time.monotonic()
    with pytest.raises(Unreachable, match="in time"):
        server.engine(1).hosts()
    assert time.monotonic() - began < 60


def trusting(site_file, *arguments):
    return main(["--site", str(site_file), "site", "--trust-engine", *arguments])


def test_an_operator_trusts_an_engine_from_the_command_line(serving, tmp_path, monkeypatch, capsys):
    server = serves_ca(serving, PLACES[0])
    access = EngineAccess(server.url, known_cas=tmp_path / "cas")
    file = tmp_path / "site.yaml"
    save_site(file, Site("here", engine=access))
    right = kept_ca(server.ca).fingerprint
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert trusting(file) == 2
    assert trusting(file, "00" + right[2:] if right[:2] != "00" else "11" + right[2:]) == 3
    assert not trust_file(access).exists()
    assert right in capsys.readouterr().err
    assert trusting(file, right.lower().replace(":", "")) == 0
    assert kept_ca(trust_file(access)).fingerprint == right
    capsys.readouterr()
    assert trusting(file) == 0
    assert f"trusted already: {kept_ca(server.ca).subject}" in capsys.readouterr().out
    assert trusting(file, "00:11") == 3


@pytest.mark.parametrize(("word", "code"), [("no", 3), ("", 3), ("yes", 0)])
def test_a_ca_is_kept_only_when_yes_was_typed(serving, tmp_path, monkeypatch, capsys, word, code):
    server = serves_ca(serving, PLACES[0])
    access = EngineAccess(server.url, known_cas=tmp_path / "cas")
    save_site(tmp_path / "site.yaml", Site("here", engine=access))
    typed = io.StringIO(word + "\n")
    typed.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", typed)
    assert trusting(tmp_path / "site.yaml") == code
    assert kept_ca(server.ca).fingerprint in capsys.readouterr().out
    assert trust_file(access).exists() == (word == "yes")


def test_a_site_without_an_engine_has_nothing_to_trust(tmp_path, capsys):
    save_site(tmp_path / "site.yaml", Site("here"))
    assert trusting(tmp_path / "site.yaml") == 2
    assert "has no engine" in capsys.readouterr().err

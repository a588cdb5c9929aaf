"""The control socket: who may speak, who steers, and what hostile input does (nothing)."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.errors import InvalidInput, Refused, Unreachable
from config.secrets import Secret
from config.site import Site
from steps.run.control import MAX_CLIENTS, MAX_LINE, ControlServer
from steps.run.control_client import ControlClient
from steps.run.directory import create_run
from steps.run.redact import Redactor
from steps.run.socket_path import short_path
from steps.run.switches import MAX_ANSWER, Switches
from steps.run.view import OfferedChoice, OpenQuestion

CHOICES = (OfferedChoice("yes", "Yes"), OfferedChoice("no", "No", "", "it is too late"))


@pytest.fixture
def run(tmp_path):
    # Deeper than the 108 bytes that a socket's address can hold.
    return create_run(Site("s"), "toy.replace", {}, {}, {}, folder=tmp_path / ("d" * 120) / "runs")


@pytest.fixture
def switches():
    return Switches()


@pytest.fixture
def server(run, switches):
    started = ControlServer(run, switches, Redactor())
    yield started
    started.close()


@pytest.fixture
def client(run, server):
    with ControlClient(run) as connected:
        yield connected


def question(number=1, choices=CHOICES, secret=False) -> OpenQuestion:
    return OpenQuestion(
        number, "s", "q", "Really?", "", choices, "", secret, datetime.now(UTC)
    )  # fmt: skip


def raw(run) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(120)
    with short_path(run.socket_file) as address:
        connection.connect(address)
    return connection


def test_the_socket_is_for_its_owner_alone_and_gone_when_closed(run, server):
    assert os.stat(run.socket_file).st_mode & 0o777 == 0o600
    server.close()
    assert not run.socket_file.exists()


def test_a_socket_left_by_a_dead_runner_is_replaced(run, switches):
    run.socket_file.touch()
    server = ControlServer(run, switches, Redactor())
    with ControlClient(run) as client:
        assert client.status().question is None
    server.close()


def test_without_a_runner_the_client_says_so_and_what_to_do(run):
    with ControlClient(run) as client, pytest.raises(Unreachable, match="does not answer") as error:
        client.status()
    assert f"rekindle resume {run.id}" in error.value.remedy


def test_requests_reach_the_switches_and_show_in_the_status(client, switches):
    client.pause()
    client.stop()
    client.abort()
    status = client.status()
    assert status.steering
    assert status.pause_by == status.stop_by == status.abort_by == switches.abort_by != ""
    client.go_on()
    assert (client.status().pause_by, client.status().stop_by) == ("", "")


def test_an_answer_is_judged_before_it_is_taken(client, switches):
    switches.put(question())
    with pytest.raises(InvalidInput, match="not one of the answers"):
        client.answer(1, "perhaps")
    with pytest.raises(Refused, match="too late"):
        client.answer(1, "no")
    with pytest.raises(Refused, match="not open any more"):
        client.answer(2, "yes")
    client.answer(1, "yes")
    assert switches.wait_reply(stoppable=False).value == "yes"
    with pytest.raises(Refused, match="not open any more"):
        client.answer(1, "yes")


def test_a_text_answer_is_bounded(client, switches):
    switches.put(question(choices=()))
    for value in ("x" * (MAX_ANSWER + 1), "a\0b"):
        with pytest.raises(InvalidInput):
            client.answer(1, value)
    client.answer(1, Secret("any text"))
    assert switches.wait_reply(stoppable=False).value == "any text"


def test_two_watch_one_steers_and_the_wheel_is_taken_over_only_on_purpose(run, client, switches):
    client.steer()
    with ControlClient(run) as other:
        assert other.status().steered_by == client.status().steered_by != ""
        assert not other.status().steering
        with pytest.raises(Refused, match="steers this run"):
            other.stop()
        assert switches.stop_by == ""
        other.steer(take=True)
        assert other.status().steering
        with pytest.raises(Refused, match="steers this run"):
            client.stop()


def test_the_wheel_is_free_again_when_its_holder_leaves(run, client):
    with ControlClient(run) as other:
        other.steer()
    deadline = time.monotonic() + 120
    while client.status().steered_by:
        assert time.monotonic() < deadline
    client.stop()


def test_secrets_are_handed_over_once(run, server, client):
    client.hand_over({"p": Secret("x")}, {"clean-up": "no"})
    assert server.await_hand_over(1.0) == ({"p": Secret("x")}, {"clean-up": "no"})
    with pytest.raises(Refused, match="already"):
        client.hand_over({}, {})


def test_waiting_for_secrets_that_never_come_ends(server):
    with pytest.raises(Unreachable, match="in time"):
        server.await_hand_over(0.05)


HOSTILE = [
    b"\n", b"{}\n", b"[]\n", b"null\n", b'{"do":5}\n', b'{"do":"__init__"}\n', b"\xff\xfe\0\n",
    b"[" * 200_000 + b"\n", b'{"do":"answer","question":"1","value":"x"}\n',
    b'{"do":"answer","question":1,"value":{"a":1}}\n', b'{"do":"hand-over","secrets":[1]}\n',
    b'{"do":"hand-over","secrets":{"a":1}}\n', b'{"do":"hello","terminal":9}\n',
    b"1" * 5000 + b"\n",
]  # fmt: skip


@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_request_is_answered_with_an_error_and_changes_nothing(
    run, server, switches, line
):
    with raw(run) as connection:
        connection.sendall(line)
        reply = json.loads(connection.makefile().readline())
        assert (reply["ok"], reply["error"]) == (False, "InvalidInput")
        connection.sendall(b'{"do":"status"}\n')
        assert json.loads(connection.makefile().readline())["ok"]
    assert (switches.stop_by, switches.pause_by, switches.abort_by) == ("", "", "")
    assert server.handed is None


@given(line=st.binary(max_size=200))
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_bytes_stop_the_server(run, server, line):
    with raw(run) as connection:
        connection.sendall(line + b"\n")
        connection.shutdown(socket.SHUT_WR)
        for reply in connection.makefile("rb"):
            assert isinstance(json.loads(reply)["ok"], bool)
    with ControlClient(run) as client:
        assert client.status().question is None


def test_a_line_without_end_is_cut_off_and_costs_bounded_memory(run, server):
    with raw(run) as connection:
        sent = 0
        try:
            while sent < 4 * MAX_LINE:
                sent += connection.send(b"x" * 65536)
        except OSError:
            pass
        assert sent < 4 * MAX_LINE


def test_a_terminal_name_cannot_forge_lines(run, server):
    with raw(run) as connection:
        hello = {"do": "hello", "terminal": "pts/1\n\x1b[2Jroot"}
        connection.sendall(json.dumps(hello).encode() + b"\n" + b'{"do":"steer"}\n')
        lines = connection.makefile()
        assert json.loads(lines.readline())["ok"]
        assert json.loads(lines.readline())["ok"]
        assert server.steered_by().isprintable()


def test_more_clients_than_are_served_are_turned_away_and_room_comes_back(run, server):
    connections = [raw(run) for _ in range(MAX_CLIENTS)]
    for connection in connections:
        connection.sendall(b'{"do":"status"}\n')
        assert connection.recv(4096)
    with raw(run) as extra:
        assert extra.recv(10) == b""
    for connection in connections:
        connection.close()
    deadline = time.monotonic() + 120
    while True:
        try:
            with ControlClient(run) as client:
                client.status()
                return
        except Unreachable:
            assert time.monotonic() < deadline


def test_another_user_is_turned_away(run, switches, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    monkeypatch.setattr("steps.run.control.ROOT", 4243)
    server = ControlServer(run, switches, Redactor())
    with raw(run) as connection:
        assert connection.recv(10) == b""
    server.close()


def test_while_stopping_the_runner_says_why(run, switches):
    server = ControlServer(run, switches, Redactor())
    with ControlClient(run) as client:
        client.status()
        closing = threading.Thread(target=server.close, args=("The disk is full.",))
        closing.start()
        with pytest.raises(Unreachable, match="The disk is full"):
            ask_until_it_fails(client)
        closing.join()


def ask_until_it_fails(client: ControlClient) -> None:
    while True:
        client.status()


def test_stop_and_abort_wake_whoever_waits(switches):
    switches.put(question())
    for ask, stoppable in ((switches.stop, True), (switches.abort, False)):
        timer = threading.Timer(0.05, ask, args=("alice",))
        timer.start()
        assert switches.wait_reply(stoppable=stoppable) is None
        timer.join()


def test_a_socket_path_of_any_length_fits(run):
    assert len(str(run.socket_file)) > 108
    with short_path(run.socket_file) as address:
        assert len(address) < 60
        assert Path(address).parent.resolve() == run.path.resolve()


def test_what_must_not_be_written_down_goes_with_its_question_and_ends_with_it(client, switches):
    switches.put(question(), "Temporary password: 3477XXAM")
    assert client.status().private == "Temporary password: 3477XXAM"
    switches.put(None)
    assert client.status().private == ""

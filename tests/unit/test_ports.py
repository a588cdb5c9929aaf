"""Ports of servers that are started later: nobody who only connects gets one meanwhile."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest

from steps.drill import ports
from steps.drill.build import reserve_ports
from steps.drill.ports import free_port, free_ports


def test_the_kernel_gives_none_of_them_to_those_who_connect():
    lowest, highest = map(int, ports.RANGE_FILE.read_text().split())
    found = free_ports(30)
    assert len(set(found)) == 30
    assert not [port for port in found if lowest <= port <= highest]


def test_a_port_that_somebody_listens_on_is_not_free(monkeypatch, tmp_path):
    # Exactly as many as can be chosen from; one of them is taken.
    kernel = tmp_path / "range"
    kernel.write_text(f"{ports.LOWEST + 1000}\t60999\n")
    monkeypatch.setattr(ports, "RANGE_FILE", kernel)
    with socket.create_server(("127.0.0.1", 0)) as mine:
        taken = mine.getsockname()[1]
        monkeypatch.setattr(ports, "LOWEST", taken - 999)
        kernel.write_text(f"{taken + 1}\t{taken + 9}\n")
        assert taken not in free_ports(900)


def test_a_console_has_none_of_the_first_ports_that_libvirt_gives_to_whoever_wants_just_any():
    for mark in ("00", "14", "63", "ff"):
        with ExitStack() as held:
            sockets = [held.enter_context(one) for one in reserve_ports(mark, 3)]
            numbers = [one.getsockname()[1] for one in sockets]
        assert len(set(numbers)) == 3
        assert min(numbers) >= 5920


@pytest.mark.parametrize("text", ["1024\t65535\n", "", None, "no number\n"])
def test_where_the_kernel_gives_all_or_does_not_say_they_are_the_kernels(
    monkeypatch, tmp_path, text
):
    kernel = tmp_path / "range"
    if text is not None:
        kernel.write_text(text)
    monkeypatch.setattr(ports, "RANGE_FILE", kernel)
    assert len(set(free_ports(3))) == 3
    with socket.create_server(("127.0.0.1", free_port())):
        pass

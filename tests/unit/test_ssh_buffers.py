"""The receiving side of SSH hands on every byte, in order, however it is asked."""

import socket

from hypothesis import given, settings
from hypothesis import strategies as st

from steps.targets.ssh_buffers import PiecePipe, ReadAheadSocket

PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=10)


@given(PIECES, st.lists(st.integers(1, 100), min_size=1, max_size=20))
def test_a_pipe_gives_out_what_was_fed_in_any_portion(pieces, sizes):
    pipe = PiecePipe()
    for piece in pieces:
        pipe.feed(piece)
    assert len(pipe) == len(b"".join(pieces))
    pipe.close()
    seen = []
    for size in [*sizes, 1 << 20]:
        part = pipe.read(size)
        assert len(part) <= size
        seen.append(part)
    assert b"".join(seen) == b"".join(pieces)
    assert len(pipe) == 0
    assert pipe.read(10) == b""


def test_a_pipe_can_be_emptied_and_fed_again():
    pipe = PiecePipe()
    pipe.feed(b"one")
    pipe.feed(b"two")
    assert pipe.empty() == b"onetwo"
    assert not pipe.read_ready()
    pipe.feed(b"three")
    assert pipe.read(2) == b"th"
    pipe.feed(b"!")
    assert pipe.read(100) == b"ree!"


@settings(max_examples=30)
@given(st.binary(min_size=1, max_size=5000), st.lists(st.integers(1, 600), min_size=1, max_size=9))
def test_reading_ahead_loses_and_reorders_nothing(data, sizes):
    near, far = socket.socketpair()
    with near, far:
        far.sendall(data)
        far.shutdown(socket.SHUT_WR)
        reader = ReadAheadSocket(near)
        seen, turn = b"", 0
        while part := reader.recv(sizes[turn % len(sizes)]):
            assert len(part) <= sizes[turn % len(sizes)]
            seen, turn = seen + part, turn + 1
        assert seen == data
        assert reader.recv(10) == b""
        assert reader.getsockname() == near.getsockname()

"""Child processes of this host: argument lists, bounded output, and nothing left running.

Every child leads its own process group, so that a time limit or an interruption ends all of it.
"""

from __future__ import annotations

import errno
import io
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from config.errors import StepFailed
from steps.targets.quoting import command_line

_READ_SIZE = 256 << 10
_GRACE = 2.0
_DRAIN = 0.2
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "XDG_RUNTIME_DIR")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

NOT_FOUND = 127
NOT_EXECUTABLE = 126

Receive = Callable[[bytes], None]


def child_environment() -> dict[str, str]:
    """The little that a child gets to know: no secret of ours is ever in it."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    path = environment.get("PATH", "").split(":") + _SYSTEM_PATH.split(":")
    environment["PATH"] = ":".join(dict.fromkeys(part for part in path if part.startswith("/")))
    environment["LC_ALL"] = "C.UTF-8"
    return environment


def run_child(
    command: Sequence[str], on_out: Receive, on_err: Receive, *, stdin: bytes, timeout: float
) -> int:
    """Run it and return its exit code (negative: ended by that signal).

    A program that is not there gives 127 and one that may not be run 126, as a shell would. When
    this ends in any other way than by the child's own end, its process group is killed. A child
    that leaves a service behind is done when it exits itself.

    Raises StepFailed where it takes longer than `timeout` seconds.
    """
    line = command_line(command)
    try:
        child = _started(command)
    except OSError as error:
        on_err(f"{command[0]}: {error.strerror}\n".encode())
        missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
        return NOT_FOUND if missing else NOT_EXECUTABLE
    with child, _ended_at_last(child):
        if not _pump(child, on_out, on_err, stdin, time.monotonic() + timeout):
            raise StepFailed(
                f"This did not end within {timeout:g} seconds: {line}",
                "It was stopped. Find out what it waits for.",
            )
        return child.wait()


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env=child_environment(),
        start_new_session=True,
        bufsize=0,
    )


@contextmanager
def _ended_at_last(child: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        if child.returncode is None:
            _kill_group(child)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """Ask, wait a little, then kill whatever is left of the group. The leader is reaped last, so
    that its number cannot stand for somebody else's group."""
    os.killpg(child.pid, signal.SIGTERM)
    until = time.monotonic() + _GRACE
    while time.monotonic() < until and not _has_exited(child.pid):
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _has_exited(pid: int) -> bool:
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, pid, options) is not None


def _pump(
    child: subprocess.Popen[bytes],
    on_out: Receive,
    on_err: Receive,
    stdin: bytes,
    deadline: float,
) -> bool:
    """Feed and drain the pipes until the child is gone; False where the deadline came first."""
    exited = os.pidfd_open(child.pid)
    gone = False
    with selectors.DefaultSelector() as selector:
        try:
            selector.register(exited, selectors.EVENT_READ)
            _register(selector, child, on_out, on_err)
            pending = memoryview(stdin)
            while selector.get_map():
                ready = selector.select(max(deadline - time.monotonic(), 0))
                if time.monotonic() >= deadline:
                    return gone  # when gone, something it left behind holds its output open
                for key, _events in ready:
                    if key.fd == exited:
                        selector.unregister(exited)
                        gone, deadline = True, time.monotonic() + _DRAIN
                    elif key.data is None:
                        pending = _feed(selector, key, pending)
                    else:
                        _drain(selector, key)
            return True
        finally:
            os.close(exited)


def _register(
    selector: selectors.BaseSelector,
    child: subprocess.Popen[bytes],
    on_out: Receive,
    on_err: Receive,
) -> None:
    for pipe, receive in ((child.stdout, on_out), (child.stderr, on_err), (child.stdin, None)):
        assert pipe is not None
        os.set_blocking(pipe.fileno(), False)
        event = selectors.EVENT_WRITE if receive is None else selectors.EVENT_READ
        selector.register(pipe, event, receive)


def _feed(
    selector: selectors.BaseSelector, key: selectors.SelectorKey, pending: memoryview
) -> memoryview:
    try:
        pending = pending[os.write(key.fd, pending[:65536]) :] if pending else pending
    except BlockingIOError:
        return pending
    except BrokenPipeError:  # the child does not want the rest
        pending = pending[:0]
    if not pending:
        _finish(selector, key)
    return pending


def _drain(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    data = os.read(key.fd, _READ_SIZE)
    if data:
        key.data(data)
    else:
        _finish(selector, key)


def _finish(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    selector.unregister(key.fileobj)
    if isinstance(key.fileobj, io.IOBase):
        key.fileobj.close()

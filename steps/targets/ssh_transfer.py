"""Files over SSH: streamed, hashed at both ends, under a temporary name until they are whole.

Each way is one command on the other host, because each command costs a login there. SFTP is not
used: it costs two to three times the processor time.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import closing

from config.errors import Refused, StepFailed, Unreachable
from steps.targets.chunks import PIECE_SIZE, ZEROS
from steps.targets.files import open_regular, parent, write_all
from steps.targets.os_errors import explaining
from steps.targets.partial import Partial, SourceIdentity, partial_paths
from steps.targets.remote_files import MUST_BE_FILE, STAT_FORMAT, RemoteStatus, parse_stat
from steps.targets.remote_work import FIND_HASHER, LOCK, RemoteWork
from steps.targets.shell import Progress

_PACKET = 32704
"""The most that fits into one SSH packet: no slice of it is ever copied."""

_STAT = f"stat -L --printf='{STAT_FORMAT}\\n' -- \"$1\""
# stdout: what stat says, then the data. stderr at the end: the digest, and what stat says then.
_SEND = (
    MUST_BE_FILE
    + FIND_HASHER
    + f"{_STAT} || exit 1\n"
    + 'digest() { seen=$($hasher < "$1") && echo "sha256 $seen" >&2; }\n'
    + 'digest "$1" & cat -- "$1" || exit 1\n'
    + f'wait && printf "after " >&2 && {_STAT} >&2'
)
# The size says where the data ends and the digest that was sent begins: a connection that is cut
# ends without a digest, and nothing gets the target's name.
_RECEIVE = (
    LOCK
    + "trap 'rm -f -- \"$1\"' EXIT; trap 'exit 1' TERM HUP\n"
    + FIND_HASHER
    + 'if [ -e "$2" ] || [ -L "$2" ]; then echo ": File exists" >&2; exit 1; fi\n'
    + 'dd of="$1" bs=256K iflag=fullblock,count_bytes count="$3" oflag=nocache conv=sparse '
    + 'status=none && read -r sent && sync -- "$1" && seen=$($hasher < "$1") || exit 1\n'
    + 'echo "${seen%% *}"; [ "${seen%% *}" = "$sent" ] || exit 0\n'
    + 'ln -PT -- "$1" "$2" && rm -f -- "$1" && sync -- "$4"'
)
_DIGEST = re.compile(r"^sha256 ([0-9a-f]{64})\b", re.MULTILINE)
_AFTER = re.compile(r"^after (.+)$", re.MULTILINE)


def get_file(work: RemoteWork, remote: str, local: str, progress: Progress) -> str:
    """Copy a remote file to a new local one, mode 0600, zeros as holes; returns its SHA-256.

    Raises Refused where `local` exists, StepFailed where both ends do not agree.
    """
    with explaining(f"Cannot write {local!r}"):
        if os.path.lexists(local):
            raise Refused(f"{local!r} exists already.", "Move it aside, then try again.")
        with closing(Partial(local, SourceIdentity(0, 0, 0, 0), 1)) as partial:
            try:
                partial.start_after(0)
                received = _Received(partial, remote)
                work.run(
                    _SEND,
                    [remote],
                    f"Cannot read {remote!r}",
                    on_out=received.take,
                    on_err=received.end,
                    on_tick=lambda: progress(received.done, received.size),
                )
                progress(received.done, received.size)
                digest = received.proved(local)
                partial.publish()
            except BaseException:
                partial.discard()
                raise
    return digest


class _Received:
    """What has come so far: hashed, and written where it is not zeros."""

    def __init__(self, partial: Partial, path: str) -> None:
        self._partial = partial
        self._path = path
        self._head = b""
        self._before: RemoteStatus | None = None
        self._last_words = ""
        self._digest = hashlib.sha256()
        self.done = 0
        self.size = 0

    def take(self, data: bytes) -> None:
        """More of the stream: first the line from stat, then the file."""
        if self._before is None:
            head, line_end, data = (self._head + data).partition(b"\n")
            if not line_end:
                self._head = head
                return
            self._before = parse_stat(head.decode("ascii", "replace"))
            self.size = self._before.status.size
        view = memoryview(data)
        for start in range(0, len(view), PIECE_SIZE):
            piece = view[start : start + PIECE_SIZE]
            self._digest.update(piece)
            if not ZEROS.startswith(piece):
                write_all(self._partial.descriptor, piece, self.done)
            self.done += len(piece)
        self._partial.start_writing(self.done)

    def end(self, last_words: str) -> None:
        """What the command said on its standard error."""
        self._last_words = last_words

    def proved(self, local: str) -> str:
        """The SHA-256, once it is clear that both files hold the same."""
        there, after = _DIGEST.search(self._last_words), _AFTER.search(self._last_words)
        if there is None or after is None or self._before is None:
            raise Unreachable(f"The transfer of {self._path!r} ended too early.", "Try again.")
        same = parse_stat(after[1]).identity == self._before.identity
        if self.done != self.size or not same:
            raise _changed(self._path)
        os.ftruncate(self._partial.descriptor, self.size)
        _compare(self._digest.hexdigest(), there[1], self._path, local)
        return there[1]


def put_file(work: RemoteWork, local: str, remote: str, progress: Progress) -> str:
    """Copy a local file to a new remote one, mode 0600, zeros as holes; returns its SHA-256.

    `progress` is never called once the file has its name, so its last call may say less than all.
    Raises Refused where `remote` exists or another copy to it runs, StepFailed where both ends do
    not agree.
    """
    with explaining(f"Cannot read {local!r}"):
        descriptor = open_regular(local)
    try:
        sent = _Sent(descriptor, local)
        size = sent.identity.size
        there = work.run(
            _RECEIVE,
            [partial_paths(remote)[0], remote, str(size), parent(remote)],
            f"Cannot write {remote!r}",
            stdin=sent.packets(),
            on_tick=lambda: progress(sent.done, size),
        ).strip()
        _compare(sent.digest.hexdigest(), there, local, remote)
    finally:
        os.close(descriptor)
    return there


class _Sent:
    """A local file on its way: read once, hashed as it goes."""

    def __init__(self, descriptor: int, path: str) -> None:
        self._descriptor = descriptor
        self._path = path
        self.identity = SourceIdentity.of(descriptor)
        self.digest = hashlib.sha256()
        self.done = 0

    def packets(self) -> Iterator[bytes]:
        """The file and a last line with its digest. Raises StepFailed where it changes."""
        with explaining(f"Cannot read {self._path!r}"):
            while data := os.pread(self._descriptor, _PACKET, self.done):
                yield data
                self.digest.update(data)
                self.done += len(data)
            same = SourceIdentity.of(self._descriptor) == self.identity
        if not same or self.done != self.identity.size:
            raise _changed(self._path)
        yield self.digest.hexdigest().encode("ascii") + b"\n"


def _changed(path: str) -> StepFailed:
    return StepFailed(
        f"{path!r} changed while it was read.", "Find out what writes to it, then try again."
    )


def _compare(here: str, there: str, source: str, target: str) -> None:
    if here != there:
        raise StepFailed(
            f"{target!r} is not what {source!r} is: their SHA-256 differ. It was not kept.",
            "Try again. If it happens again, test the disks and the network on both hosts.",
            seen=there,
            expected=here,
        )

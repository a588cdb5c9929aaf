"""Copy a file with its holes and prove the copy, both in one pass over the data.

The data goes to a temporary name beside the target in chunks, each with its SHA-256; a rename that
never replaces anything ends it. A copy that was stopped or killed goes on where its last durable
chunk ended, if the source is still the same file. Where the file system can share blocks
(FICLONE), it does, and the checksum is read back from the copy.

When the file system runs full the temporary file is removed: it would keep every other machine on
that file system from writing.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property

from config.errors import Refused, StepFailed
from steps.targets.chunk_reader import ChunkReader, Sink
from steps.targets.chunks import CHUNK_SIZE, Chunks, chunk_count
from steps.targets.extents import Extents, find_extents
from steps.targets.files import open_regular, write_all
from steps.targets.os_errors import NO_SPACE, NoSpaceLeft, explaining
from steps.targets.partial import Partial, SourceIdentity
from steps.targets.quoting import checked_path
from steps.targets.shell import Progress
from steps.targets.sizes import size_text

_FICLONE = 0x40049409
PLAIN = "plain-digest"
"""The thread that takes a plain SHA-256, by the beginning of its name."""
LEAD = 128 << 20
"""So many bytes may the chunks be ahead of the plain digest: it finds them in the cache, and an
image larger than memory is read from the disk once and not twice."""
_WAIT_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class CopySettings:
    """How to copy. `threads` 0: one for each core, at most four; times in seconds."""

    chunk_size: int = CHUNK_SIZE
    threads: int = 0
    record_every: float = 5.0
    clone: bool = True


DEFAULTS = CopySettings()


def copy_file(
    source: str,
    target: str,
    progress: Progress | None = None,
    *,
    sha256: bool = False,
    settings: CopySettings = DEFAULTS,
) -> Chunks:
    """Copy `source` to `target`, which must not exist, and return what was read and written.

    `progress` is called with bytes of data (holes left out) from this thread and may raise
    Interrupted: the temporary file then stays, and the same call goes on from there. With `sha256`
    the plain digest of the whole file is computed as well, holes as zeros.

    Raises Refused where the target exists or another copy to it runs; StepFailed where space is
    missing or the source changed meanwhile (the temporary file is removed), or where reading or
    writing fails (it stays).
    """
    checked_path(source)
    checked_path(target)
    with explaining(f"Cannot copy {source!r} to {target!r}"):
        if os.path.lexists(target):
            raise Refused(f"{target!r} exists already.", "Move it aside, then try again.")
        descriptor = open_regular(source)
        try:
            identity = SourceIdentity.of(descriptor)
            with closing(Partial(target, identity, settings.chunk_size)) as partial:
                file = _OpenFile(descriptor, source, identity)
                return _Copy(file, target, partial, settings).run(progress or _silent, sha256)
        finally:
            os.close(descriptor)


def checksum_file(
    path: str,
    progress: Progress | None = None,
    *,
    sha256: bool = False,
    settings: CopySettings = DEFAULTS,
) -> Chunks:
    """What `copy_file` would return for this file, read back from disk and not from the cache.

    Raises InvalidInput where it is no file, StepFailed where it changes meanwhile.
    """
    checked_path(path)
    with explaining(f"Cannot read {path!r}"):
        descriptor = open_regular(path)
        try:
            identity = SourceIdentity.of(descriptor)
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            file = _OpenFile(descriptor, path, identity)
            chunks = _hash(file, settings, progress or _silent, sha256)
            _refuse_changed(file)
            return chunks
        finally:
            os.close(descriptor)


@dataclass(frozen=True)
class _OpenFile:
    """A file being read, and what it was when it was opened."""

    descriptor: int
    path: str
    identity: SourceIdentity

    def reader(self, settings: CopySettings, sink: Sink | None = None) -> ChunkReader:
        return ChunkReader(
            self.descriptor, self.path, self.identity.size, settings.chunk_size, self.extents, sink
        )

    @cached_property
    def extents(self) -> Extents:
        """Where its data is. Looked for once: an image in small pieces has many."""
        return find_extents(self.descriptor, self.identity.size)

    def changed(self) -> bool:
        return SourceIdentity.of(self.descriptor) != self.identity


class _Copy:
    """One run of a copy, from an open source into its partial file."""

    def __init__(
        self, source: _OpenFile, target: str, partial: Partial, settings: CopySettings
    ) -> None:
        self._source = source
        self._target = target
        self._partial = partial
        self._settings = settings
        self._digests: list[bytes] = []
        self._is_clone = False
        self._record_at = time.monotonic() + settings.record_every

    @property
    def _copy(self) -> _OpenFile:
        """The temporary file as it is now: where its data is changes."""
        return _OpenFile(self._partial.descriptor, self._partial.path, self._source.identity)

    def run(self, progress: Progress, sha256: bool) -> Chunks:
        """Copy, check that the source stood still, and give the copy its name."""
        self._digests = self._durable_chunks()
        self._partial.start_after(len(self._digests) * self._settings.chunk_size)
        try:
            self._is_clone = not self._digests and self._cloned()
            if self._is_clone:
                chunks = _hash(self._copy, self._settings, progress, sha256)
            else:
                chunks = self._copy_data(progress, sha256)
            _refuse_changed(self._source)
            self._partial.take_after(os.fstat(self._source.descriptor))
            self._partial.publish()
        except OSError as error:
            if error.errno not in NO_SPACE:
                self._keep()
                raise
            self._partial.discard()
            raise self._no_space() from error
        except NoSpaceLeft:
            self._partial.discard()
            raise
        except BaseException:
            self._keep()
            raise
        return chunks

    def _durable_chunks(self) -> list[bytes]:
        """What an earlier try left, as far as the temporary file really holds it."""
        count = chunk_count(self._source.identity.size, self._settings.chunk_size)
        recorded = self._partial.recorded(count)
        good: list[bytes] = []
        if recorded:
            reader = self._copy.reader(self._settings)
            with closing(reader.digests(threads=self._settings.threads)) as found:
                for expected, seen in zip(recorded, found, strict=False):
                    if expected != seen:
                        break
                    good.append(seen)
        return good

    def _cloned(self) -> bool:
        if not self._settings.clone:
            return False
        try:
            fcntl.ioctl(self._partial.descriptor, _FICLONE, self._source.descriptor)
        except OSError as error:
            if error.errno in NO_SPACE:
                raise
            return False  # another file system, or one that cannot share blocks
        return True

    def _copy_data(self, progress: Progress, sha256: bool) -> Chunks:
        def write(piece: memoryview, offset: int) -> None:
            write_all(self._partial.descriptor, piece, offset)

        def advance(done: int, total: int) -> None:
            self._partial.start_writing(len(self._digests) * self._settings.chunk_size)
            progress(done, total)
            if time.monotonic() >= self._record_at:
                self._partial.record(self._digests)
                self._record_at = time.monotonic() + self._settings.record_every

        self._refuse_full()
        return _hash(self._source, self._settings, advance, sha256, write, self._digests)

    def _keep(self) -> None:
        """Leave behind what a later try can go on from, and nothing else."""
        if self._is_clone or self._source.changed():
            self._partial.discard()
            return
        with suppress(OSError):  # without the record a later try starts again; nothing is wrong
            self._partial.record(self._digests)

    def _refuse_full(self) -> None:
        if self._missing() > 0:
            raise self._no_space()

    def _missing(self) -> int:
        """Bytes that the file system lacks for the whole copy."""
        status = os.fstatvfs(self._partial.descriptor)
        if not status.f_blocks:  # a file system that does not count
            return 0
        free = (status.f_bfree if os.geteuid() == 0 else status.f_bavail) * status.f_frsize
        have = os.fstat(self._partial.descriptor).st_blocks * 512
        return self._source.extents.data - free - have

    def _no_space(self) -> NoSpaceLeft:
        return no_space(self._target, self._missing())


def no_space(target: str, missing: int) -> NoSpaceLeft:
    """The error of a copy that its file system has no room for; `missing` in bytes."""
    lacks = size_text(max(missing, 0))
    return NoSpaceLeft(
        f"No space for {target!r}: its file system lacks {lacks}.",
        "Free that much there, then try again. Nothing of the copy was left there.",
        seen=f"{lacks} missing",
    )


def _hash(
    file: _OpenFile,
    settings: CopySettings,
    progress: Progress,
    sha256: bool,
    sink: Sink | None = None,
    digests: list[bytes] | None = None,
) -> Chunks:
    """Read on from the chunks whose digests are there already; adds the others to `digests`."""
    digests = [] if digests is None else digests
    reader = file.reader(settings, sink)
    total = reader.extents.data
    done = sum(reader.data_in(index) for index in range(len(digests)))
    with ThreadPoolExecutor(1, PLAIN) as pool, closing(file.reader(settings)) as plain:
        whole = pool.submit(plain.plain_digest) if sha256 else None
        progress(done, total)
        with closing(reader.digests(len(digests), settings.threads)) as found:
            for digest in found:
                done += reader.data_in(len(digests))
                digests.append(digest)
                progress(done, total)
                while whole and not whole.done() and _is_ahead(digests, settings, plain):
                    time.sleep(_WAIT_SECONDS)
                    progress(done, total)
        text = None if whole is None else _awaited(whole, lambda: progress(done, total))
    size = file.identity.size
    return Chunks(size, settings.chunk_size, total, tuple(digests), text)


def _is_ahead(digests: list[bytes], settings: CopySettings, plain: ChunkReader) -> bool:
    return len(digests) * settings.chunk_size - plain.hashed > LEAD


def _awaited(future: Future[str], meanwhile: Callable[[], None]) -> str:
    while True:
        try:
            return future.result(timeout=0.2)
        except NotYet:
            meanwhile()


def _refuse_changed(file: _OpenFile) -> None:
    if file.changed():
        raise StepFailed(
            f"{file.path!r} changed while it was read.",
            "Find out what writes to it, then try again.",
            seen=f"size and time now {SourceIdentity.of(file.descriptor)}",
            expected=f"{file.identity}",
        )


def _silent(_done: int, _total: int) -> None:
    return

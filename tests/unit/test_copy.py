"""Copies hold the same bytes and holes, are proved by a checksum, and go on where they ended."""

import hashlib
import os
import random
import stat
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.errors import Interrupted, InvalidInput, Refused, StepFailed
from steps.targets import chunk_reader, copy
from steps.targets.chunks import CHUNK_SIZE, Chunks
from steps.targets.copy import CopySettings, checksum_file, copy_file
from steps.targets.extents import Extents
from steps.targets.files import _rename_by_link
from steps.targets.partial import discard_partial, partial_paths

MIB = 1 << 20
SMALL = CopySettings(chunk_size=8192, threads=2)


def make_file(path, size, spans):
    """A file of `size` bytes with random data in each (offset, length), holes elsewhere."""
    rng = random.Random(size)
    with open(path, "wb") as file:
        file.truncate(size)
        for offset, length in spans:
            file.seek(offset)
            file.write(rng.randbytes(length))
        file.flush()
        os.fsync(file.fileno())
    return str(path)


def tree_root(path, chunk_size):
    """The root by the plain definition, read without any regard to holes."""

    def digest(*parts):
        return hashlib.sha256(b"".join(parts)).digest()

    def cut(data, size):
        return [data[start : start + size] for start in range(0, len(data), size)]

    chunks = [
        digest(*(digest(piece) for piece in cut(chunk, 256 << 10)))
        for chunk in cut(Path(path).read_bytes(), chunk_size)
    ]
    return f"sha256-tree-{chunk_size}:{digest(*chunks).hex()}"


def same_bytes(first, second):
    return subprocess.run(["cmp", first, second], check=False).returncode == 0


def leftovers(directory):
    return [name for name in os.listdir(directory) if name.startswith(".")]


SHAPES = {
    "empty": (0, []),
    "one byte": (1, [(0, 1)]),
    "dense": (9 * MIB, [(0, 9 * MIB)]),
    "no multiple of the chunk": (CHUNK_SIZE * 2 + 12345, [(0, CHUNK_SIZE * 2 + 12345)]),
    "only a hole": (64 * MIB, []),
    "hole at the end": (32 * MIB, [(0, MIB)]),
    "hole at the start": (32 * MIB, [(31 * MIB, MIB)]),
    "scattered": (64 * MIB, [(4096, 4096), (CHUNK_SIZE - 4096, 8192), (40 * MIB, 3 * MIB + 7)]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_copy_is_the_same_to_the_byte_and_keeps_its_holes(tmp_path, shape):
    source = make_file(tmp_path / "source", *SHAPES[shape])
    target = str(tmp_path / "target")
    chunks = copy_file(source, target, sha256=True)
    assert same_bytes(source, target)
    assert os.stat(target).st_blocks <= os.stat(source).st_blocks + 16
    assert chunks.root == tree_root(source, CHUNK_SIZE)
    assert chunks.sha256 == hashlib.sha256((tmp_path / "source").read_bytes()).hexdigest()
    assert checksum_file(target, sha256=True).copied() == chunks.copied()
    assert leftovers(tmp_path) == []


def test_zeros_that_were_written_become_holes(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(MIB) + bytes(20 * MIB) + os.urandom(MIB))
    chunks = copy_file(str(source), str(tmp_path / "target"))
    assert chunks.root == tree_root(source, CHUNK_SIZE)
    assert same_bytes(source, tmp_path / "target")
    assert os.stat(tmp_path / "target").st_blocks * 512 < 4 * MIB


def test_mode_and_times_are_those_of_the_source(tmp_path):
    source = make_file(tmp_path / "source", 5000, [(0, 5000)])
    os.chmod(source, 0o640)
    os.utime(source, ns=(10**18, 10**18 + 123456789))
    copy_file(source, str(tmp_path / "target"))
    made = os.stat(tmp_path / "target")
    assert stat.S_IMODE(made.st_mode) == 0o640
    assert made.st_mtime_ns == 10**18 + 123456789


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    size=st.integers(0, 70_000),
    spans=st.lists(st.tuples(st.integers(0, 17), st.integers(1, 20_000)), max_size=5),
)
def test_every_boundary_of_chunks_and_extents_copies_right(tmp_path_factory, size, spans):
    folder = tmp_path_factory.mktemp("boundaries")
    inside = [(page * 4096, min(n, size - page * 4096)) for page, n in spans if page * 4096 < size]
    source = make_file(folder / "source", size, inside)
    chunks = copy_file(source, str(folder / "target"), settings=SMALL)
    assert same_bytes(source, folder / "target")
    assert chunks.root == tree_root(source, SMALL.chunk_size)
    assert checksum_file(source, settings=SMALL).root == chunks.root


@pytest.mark.parametrize(
    "name", ["a..b", "with\nnewline", 'it\'s "quoted"', "-rf", "$(id)", "x" * 255, "\udcff\udcfe"]
)
def test_any_name_that_a_file_can_have_is_copied(tmp_path, name):
    source = make_file(tmp_path / "source", 10_000, [(0, 10_000)])
    copy_file(source, str(tmp_path / name))
    assert same_bytes(source, tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == sorted(["source", name])


def test_an_existing_target_is_never_replaced(tmp_path):
    source = make_file(tmp_path / "source", 100, [(0, 100)])
    (tmp_path / "target").write_bytes(b"precious")
    with pytest.raises(Refused, match="exists already"):
        copy_file(source, str(tmp_path / "target"))
    assert (tmp_path / "target").read_bytes() == b"precious"


def test_a_target_that_appears_meanwhile_is_not_replaced_either(tmp_path):
    source = make_file(tmp_path / "source", 100, [(0, 100)])
    target = tmp_path / "target"
    with pytest.raises(Refused, match="exists already"):
        copy_file(source, str(target), lambda *_: target.write_bytes(b"precious") and None)
    assert target.read_bytes() == b"precious"


@pytest.mark.parametrize("kind", ["nothing", "directory", "fifo"])
def test_only_a_regular_file_is_copied(tmp_path, kind):
    source = tmp_path / "source"
    if kind == "directory":
        source.mkdir()
    elif kind == "fifo":
        os.mkfifo(source)
    with pytest.raises(InvalidInput):
        copy_file(str(source), str(tmp_path / "target"))
    assert not (tmp_path / "target").exists()
    assert leftovers(tmp_path) == []


def test_progress_counts_data_and_ends_at_its_total(tmp_path):
    source = make_file(tmp_path / "source", 64 * MIB, [(0, 5 * MIB), (40 * MIB, 5 * MIB)])
    seen = []
    copy_file(source, str(tmp_path / "target"), lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 10 * MIB)
    assert seen[-1] == (10 * MIB, 10 * MIB)
    assert seen == sorted(seen)


def interrupt_after(count):
    """A progress callback that stops the work at its call number `count`."""
    calls = iter(range(count))

    def progress(_done, _total):
        if next(calls, None) is None:
            raise Interrupted("stopped")

    return progress


def test_an_interrupted_copy_goes_on_where_it_stopped(tmp_path):
    source = make_file(tmp_path / "source", 400_000, [(0, 400_000)])
    target = str(tmp_path / "target")
    with pytest.raises(Interrupted):
        copy_file(source, target, interrupt_after(20), settings=SMALL)
    assert not os.path.exists(target)
    seen = []
    chunks = copy_file(source, target, lambda done, _all: seen.append(done), settings=SMALL)
    assert seen[0] >= 19 * SMALL.chunk_size
    assert same_bytes(source, target)
    assert chunks.root == tree_root(source, SMALL.chunk_size)
    assert leftovers(tmp_path) == []


def stopped_copy(tmp_path):
    """A source of random bytes and the target that a copy of it was stopped on the way to."""
    source = make_file(tmp_path / "source", 400_000, [(0, 400_000)])
    with pytest.raises(Interrupted):
        copy_file(source, str(tmp_path / "target"), interrupt_after(20), settings=SMALL)
    return source, str(tmp_path / "target")


def test_damage_in_the_temporary_file_is_found_and_copied_again(tmp_path):
    source, target = stopped_copy(tmp_path)
    with open(partial_paths(target)[0], "r+b") as file:
        file.seek(5 * SMALL.chunk_size + 17)
        file.write(b"damage")
    seen = []
    copy_file(source, target, lambda done, _all: seen.append(done), settings=SMALL)
    assert seen[0] == 5 * SMALL.chunk_size
    assert same_bytes(source, target)


@pytest.mark.parametrize("harm", [b"", b"{}\n", b"\xff" * 300, None])
def test_a_record_that_makes_no_sense_only_costs_time(tmp_path, harm):
    source, target = stopped_copy(tmp_path)
    record = partial_paths(target)[1]
    text = Path(record).read_bytes()
    Path(record).write_bytes(text[:-40] + b"zz" if harm is None else harm)
    copy_file(source, target, settings=SMALL)
    assert same_bytes(source, target)
    assert leftovers(tmp_path) == []


def test_another_source_starts_from_nothing(tmp_path):
    source, target = stopped_copy(tmp_path)
    with open(source, "r+b") as file:
        file.write(b"new")
    seen = []
    copy_file(source, target, lambda done, _all: seen.append(done), settings=SMALL)
    assert seen[0] == 0
    assert same_bytes(source, target)


def test_what_a_stopped_copy_left_can_be_removed(tmp_path):
    _source, target = stopped_copy(tmp_path)
    assert len(leftovers(tmp_path)) == 2
    discard_partial(target)
    discard_partial(target)
    assert leftovers(tmp_path) == []


def test_a_second_copy_to_the_same_target_is_refused_while_one_runs(tmp_path):
    source = make_file(tmp_path / "source", 100_000, [(0, 100_000)])
    target = str(tmp_path / "target")

    def meddle(_done, _total):
        with pytest.raises(Refused, match="Another copy"):
            copy_file(source, target, settings=SMALL)

    copy_file(source, target, meddle, settings=SMALL)
    assert same_bytes(source, target)


def test_a_name_that_someone_else_planted_is_not_written_through(tmp_path):
    source = make_file(tmp_path / "source", 100, [(0, 100)])
    (tmp_path / "precious").write_bytes(b"precious")
    os.link(tmp_path / "precious", partial_paths(str(tmp_path / "target"))[0])
    with pytest.raises(Refused, match="not made by"):
        copy_file(source, str(tmp_path / "target"))
    assert (tmp_path / "precious").read_bytes() == b"precious"


@pytest.mark.parametrize("change", ["shorter", "longer", "rewritten"])
def test_a_source_that_changes_meanwhile_fails_the_copy(tmp_path, change):
    source = make_file(tmp_path / "source", 400_000, [(0, 400_000)])

    def meddle(done, _total):
        if done:
            with open(source, "r+b") as file:
                if change == "shorter":
                    file.truncate(200_000)
                elif change == "longer":
                    file.truncate(500_000)
                else:
                    file.write(os.urandom(16))

    with pytest.raises(StepFailed, match=r"changed|shorter"):
        copy_file(source, str(tmp_path / "target"), meddle, settings=SMALL)
    assert os.listdir(tmp_path) == ["source"]


COPY_FOREVER = """
import sys, time
from steps.targets.copy import CopySettings, copy_file
def slowly(done, total):
    print(done, flush=True)
    time.sleep(0.02)
copy_file(sys.argv[1], sys.argv[2], slowly,
          settings=CopySettings(chunk_size=8192, threads=2, record_every=0.05))
"""


def test_a_killed_copy_goes_on_where_its_last_durable_chunk_ended(tmp_path):
    source = make_file(tmp_path / "source", 8 * MIB, [(0, 3 * MIB), (4 * MIB, 4 * MIB)])
    target = str(tmp_path / "target")
    child = subprocess.Popen(
        [sys.executable, "-c", COPY_FOREVER, source, target], stdout=subprocess.PIPE
    )
    while not os.path.exists(partial_paths(target)[1]):
        assert child.stdout.readline()
    for _ in range(10):
        assert child.stdout.readline()
    child.kill()
    child.wait()
    child.stdout.close()
    assert not os.path.exists(target)
    seen = []
    chunks = copy_file(source, target, lambda done, _all: seen.append(done), settings=SMALL)
    assert seen[0] > 0
    assert same_bytes(source, target)
    assert chunks.root == tree_root(source, SMALL.chunk_size)
    assert os.stat(target).st_blocks <= os.stat(source).st_blocks + 16
    assert leftovers(tmp_path) == []


def test_chunks_come_back_from_json_and_tell_the_place_of_damage(tmp_path):
    source = make_file(tmp_path / "source", 50_000, [(0, 50_000)])
    before = Chunks.from_json(checksum_file(source, settings=SMALL).to_json())
    with open(source, "r+b") as file:
        file.seek(3 * 8192 + 5)
        file.write(b"damage")
    after = checksum_file(source, settings=SMALL)
    assert before.differences(after) == ((3 * 8192, 8192),)
    assert not before.copied().same_content(after.copied())
    assert before.copied().same_content(before.copied())


@pytest.mark.parametrize("field", ["size", "chunk_size", "root", "digests"])
def test_a_chunk_list_that_was_changed_is_refused(tmp_path, field):
    source = make_file(tmp_path / "source", 50_000, [(0, 50_000)])
    document = checksum_file(source, settings=SMALL).to_json()
    document[field] = [] if field == "digests" else "sha256-tree-8192:00" if field == "root" else 1
    with pytest.raises(InvalidInput):
        Chunks.from_json(document)


def test_where_blocks_can_be_shared_the_copy_is_read_back(tmp_path, monkeypatch):
    source, target = make_file(tmp_path / "source", 100_000, [(0, 100_000)]), tmp_path / "target"
    calls = []

    def share(to, request, origin):
        calls.append(request)
        os.ftruncate(to, 0)
        os.pwrite(to, os.pread(origin, 100_000, 0), 0)

    monkeypatch.setattr("steps.targets.copy.fcntl.ioctl", share)
    with pytest.raises(Interrupted):
        copy_file(source, str(target), interrupt_after(3), settings=SMALL)
    assert os.listdir(tmp_path) == ["source"]  # sharing again costs nothing
    chunks = copy_file(source, str(target), settings=SMALL)
    assert calls == [0x40049409, 0x40049409]
    assert same_bytes(source, target)
    assert chunks.root == tree_root(source, SMALL.chunk_size)


def test_a_user_who_may_not_give_files_away_copies_for_himself(tmp_path):
    source, folder = make_file(tmp_path / "source", 100_000, [(0, 100_000)]), tmp_path / "own"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    for place in (tmp_path, *tmp_path.parents):
        if place.stat().st_uid == os.geteuid() and place != Path("/"):
            place.chmod(place.stat().st_mode | 0o055)
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            copy_file(source, str(folder / "target"))
        except BaseException:  # noqa: BLE001 - the child must not go on as a second pytest
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert same_bytes(source, folder / "target")
    assert os.stat(folder / "target").st_uid == 65534


@given(
    st.lists(st.integers(1, 40), max_size=8),
    st.integers(0, 200),
    st.integers(0, 200),
)
def test_parts_of_a_range_cover_it_without_gaps(steps, offset, length):
    spans, at = [], 0
    for number, step in enumerate(steps):
        if number % 2:
            spans.append((at, at + step))
        at += step
    parts = Extents(tuple(spans)).within(offset, length)
    covered = [place for _is_data, start, span in parts for place in range(start, start + span)]
    assert covered == list(range(offset, offset + length))
    for is_data, start, span in parts:
        inside = [any(a <= place < b for a, b in spans) for place in range(start, start + span)]
        assert set(inside) == {is_data}


def test_a_rename_without_the_kernels_help_never_replaces_either(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
        (tmp_path / f"{name}-dir").mkdir()
    with pytest.raises(FileExistsError):
        _rename_by_link(str(tmp_path / "one"), str(tmp_path / "two"))
    with pytest.raises(FileExistsError):
        _rename_by_link(str(tmp_path / "one-dir"), str(tmp_path / "two-dir"))
    _rename_by_link(str(tmp_path / "one"), str(tmp_path / "three"))
    _rename_by_link(str(tmp_path / "one-dir"), str(tmp_path / "three-dir"))
    assert sorted(os.listdir(tmp_path)) == ["three", "three-dir", "two", "two-dir"]
    assert (tmp_path / "two").read_text() == "two"


def test_the_plain_digest_is_taken_of_what_has_just_been_read(tmp_path, monkeypatch):
    """A file larger than memory would else be read from the disk twice."""
    size, threads = 32 * MIB, 2
    source = make_file(tmp_path / "source", size, [(0, size)])
    read, at, ahead = chunk_reader.read_exactly, [0], [0]

    def slow_for_the_plain_one(descriptor, view, offset, path):
        if threading.current_thread().name.startswith(copy.PLAIN):
            time.sleep(0.002)
            at[0] = offset
        else:
            ahead[0] = max(ahead[0], offset - at[0])
        read(descriptor, view, offset, path)

    monkeypatch.setattr(copy, "LEAD", 2 * MIB)
    monkeypatch.setattr(chunk_reader, "read_exactly", slow_for_the_plain_one)
    chunks = checksum_file(source, sha256=True, settings=CopySettings(MIB, threads))
    assert chunks.sha256 == hashlib.sha256((tmp_path / "source").read_bytes()).hexdigest()
    assert ahead[0] < (2 + 3 * threads + 4) * MIB

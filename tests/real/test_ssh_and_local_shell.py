"""What a step may rely on, the same on this host and on another one over a real SSH connection."""

import fcntl
import hashlib
import os
import stat
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.errors import Interrupted, InvalidInput, Refused, StepFailed
from config.site import ShellAccess
from steps.targets.open_shell import open_shell
from tests.real.sshd_support import running_sshd

MIB = 1 << 20
STRANGE_NAMES = ["a..b", "two\nlines", 'it\'s "so"', "-rf", "$(touch pwned)", "*", " ", "\udcff!"]


@pytest.fixture(scope="module")
def server():
    with running_sshd() as running:
        yield running


@pytest.fixture(scope="module", params=["local", "ssh"])
def shell(request, server):
    access = ShellAccess() if request.param == "local" else server.access()
    opened = open_shell(access, "node-01")
    yield opened
    opened.close()


def leftovers(folder):
    return [name for name in os.listdir(folder) if name.startswith(".")]


def random_file(path, size, hole=0):
    data = os.urandom(size)
    with open(path, "wb") as file:
        file.truncate(hole)
        file.seek(hole)
        file.write(data)
    return str(path)


def running(marker):
    """Whether any process has this marker in its command line."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in entry.read_bytes().split(b"\0"):
                return True
        except OSError:
            continue
    return False


def gone_soon(marker):
    until = time.monotonic() + 120
    while running(marker):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def test_arguments_reach_the_program_as_they_are(shell):
    arguments = ["a b", "$HOME", "it's", '"', "two\nlines", "*", "", "\\", "a=b", "~"]
    result = shell.run(["printf", "%s\\0", *arguments])
    assert result.out.split("\0")[:-1] == arguments
    assert result.code == 0


def test_standard_input_reaches_the_program_whole(shell):
    data = os.urandom(3 * MIB)
    result = shell.run(["sha256sum"], stdin=data)
    assert result.out.split()[0] == hashlib.sha256(data).hexdigest()


def test_more_input_than_the_program_wants_does_no_harm(shell):
    assert shell.run(["head", "-c", "5"], stdin=b"12345" + bytes(8 * MIB)).out == "12345"


def test_output_and_errors_are_kept_apart(shell):
    result = shell.run(["sh", "-c", "echo out; echo err >&2; exit 7"], check=False)
    assert (result.code, result.out, result.err) == (7, "out\n", "err\n")


def test_a_failure_carries_what_the_program_said(shell):
    with pytest.raises(StepFailed, match="disk on fire") as caught:
        shell.run(["sh", "-c", "echo disk on fire >&2; exit 3"])
    assert "node-01" in caught.value.message
    assert caught.value.seen == "exit code 3"


def test_a_missing_program_is_named_with_its_host(shell):
    with pytest.raises(StepFailed, match="no-such-program") as caught:
        shell.run(["no-such-program"])
    assert "node-01" in caught.value.remedy
    assert shell.run(["no-such-program"], check=False).code == 127


def test_huge_output_is_cut_with_a_note(shell):
    result = shell.run(["head", "-c", str(20 * MIB), "/dev/zero"])
    assert len(result.out) < 9 * MIB
    assert "more bytes of output were not kept" in result.out[-100:]


def test_output_that_is_no_utf8_is_replaced(shell):
    assert shell.run(["printf", "\\377"]).out == "\ufffd"


def test_children_speak_plain_english_and_know_no_secret(shell, monkeypatch):
    monkeypatch.setenv("REKINDLE_TEST_SECRET", "hunter2")
    text = shell.run(["env"]).out
    assert "LC_ALL=C.UTF-8" in text
    assert "hunter2" not in text


def test_a_time_limit_ends_the_program_and_its_children(shell):
    begun = time.monotonic()
    long = f"4711.{os.getpid()}"
    script = f"trap '' TERM; sleep {long} & sleep {long}"
    with pytest.raises(StepFailed, match="did not end within"):
        shell.run(["sh", "-c", script], timeout=0.5)
    assert time.monotonic() - begun < 120
    assert gone_soon(long)


def test_a_chatty_program_meets_its_time_limit_too(shell):
    with pytest.raises(StepFailed, match="did not end within"):
        shell.run(["yes"], timeout=0.5)


def test_a_service_left_behind_does_not_hold_us_up(shell):
    begun = time.monotonic()
    result = shell.run(["sh", "-c", "sleep 141.75 & echo started"])
    assert result.out == "started\n"
    assert time.monotonic() - begun < 120


def test_lines_come_while_the_program_runs(shell, tmp_path):
    arrived, heard = [], tmp_path / "heard"

    def hear(line):
        arrived.append(line)
        heard.touch()

    # It says no more before its first line was heard.
    script = (
        'echo one; n=0; while [ ! -e "$1" ]; do n=$((n+1)); [ $n -lt 1200 ] || exit 1; sleep 0.1;'
        " done; printf 'two\\rthree\\r\\n\\nfour'; exit 5"
    )
    assert shell.stream(["sh", "-c", script, "sh", str(heard)], hear) == 5
    assert arrived == ["one", "two", "three", "", "four"]


def test_an_endless_line_is_cut(shell):
    lines = []
    shell.stream(["sh", "-c", "head -c 3000000 /dev/zero; echo; echo next"], lines.append)
    assert len(lines) == 2
    assert lines[0].endswith("[line cut]")
    assert len(lines[0]) < 100_000
    assert lines[1] == "next"


def test_an_interruption_while_streaming_ends_the_program(shell):
    def stop(_line):
        raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        shell.stream(["sh", "-c", "echo go; sleep 4712.25"], stop)
    assert gone_soon("4712.25")


@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_any_name_is_written_read_listed_renamed_and_removed(shell, tmp_path, name):
    path = str(tmp_path / name)
    shell.write(path, b"content", mode=0o640)
    assert shell.list(str(tmp_path)) == (name,)
    assert shell.read(path) == b"content"
    status = shell.status(path)
    assert (status.kind, status.size, status.mode) == ("file", 7, 0o640)
    shell.rename(path, path + "2")
    shell.copy(path + "2", path)
    shell.remove(path)
    shell.remove(path)
    assert shell.list(str(tmp_path)) == (name + "2",)


@pytest.mark.parametrize("path", ["relative", "/a/../b", "/a\0b", ""])
def test_a_path_that_is_not_safe_is_refused_before_anything_happens(shell, path):
    for method in (shell.read, shell.status, shell.list, shell.remove, shell.checksum):
        with pytest.raises(InvalidInput):
            method(path)
    with pytest.raises(InvalidInput):
        shell.write(path, b"")


def test_status_says_what_stat_says(shell, tmp_path):
    path = random_file(tmp_path / "file", MIB, hole=8 * MIB)
    os.chmod(path, 0o4751)
    os.utime(path, (1, 1234567.25))
    seen, status = os.stat(path), shell.status(path)
    assert (status.size, status.allocated) == (9 * MIB, seen.st_blocks * 512)
    assert (status.device, status.inode, status.modified) == (seen.st_dev, seen.st_ino, 1234567.25)
    assert status.mode == 0o4751
    assert (status.owner, status.group) == ("root", "root")


def test_status_tells_kinds_apart_and_follows_no_link(shell, tmp_path):
    (tmp_path / "link").symlink_to("/nowhere")
    os.mkfifo(tmp_path / "fifo")
    assert shell.status(str(tmp_path)).kind == "directory"
    assert shell.status(str(tmp_path / "link")).kind == "link"
    assert shell.status(str(tmp_path / "fifo")).kind == "other"
    assert shell.status(str(tmp_path / "none")) is None
    assert shell.status(str(tmp_path / "fifo" / "below")) is None


def test_an_owner_without_a_name_is_shown_by_number(shell, tmp_path):
    path = random_file(tmp_path / "file", 1)
    os.chown(path, 54321, 54322)
    assert (shell.status(path).owner, shell.status(path).group) == ("54321", "54322")


def test_reading_takes_a_part_of_a_file(shell, tmp_path):
    path = random_file(tmp_path / "file", 100_000)
    data = Path(path).read_bytes()
    assert shell.read(path) == data
    assert shell.read(path, limit=10, offset=500) == data[500:510]
    assert shell.read(path, offset=200_000) == b""
    assert shell.read(path, limit=0) == b""


@pytest.mark.parametrize("kind", ["missing", "directory", "fifo"])
def test_reading_what_is_no_file_is_refused(shell, tmp_path, kind):
    path = tmp_path / "thing"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    with pytest.raises(InvalidInput, match="thing"):
        shell.read(str(path))


def test_writing_replaces_a_file_whole_and_a_directory_never(shell, tmp_path):
    path = str(tmp_path / "file")
    shell.write(path, b"first")
    shell.write(path, os.urandom(5 * MIB) + b"end", mode=0o604)
    assert shell.status(path).size == 5 * MIB + 3
    assert shell.status(path).mode == 0o604
    (tmp_path / "directory").mkdir()
    with pytest.raises(InvalidInput):
        shell.write(str(tmp_path / "directory"), b"")
    with pytest.raises(InvalidInput):
        shell.write(str(tmp_path / "none" / "file"), b"")
    assert sorted(os.listdir(tmp_path)) == ["directory", "file"]


def test_listing_needs_a_directory(shell, tmp_path):
    random_file(tmp_path / "file", 1)
    for name in ("file", "none"):
        with pytest.raises(InvalidInput):
            shell.list(str(tmp_path / name))
    (tmp_path / "empty").mkdir()
    assert shell.list(str(tmp_path / "empty")) == ()


def test_rename_never_replaces_anything(shell, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
        (tmp_path / f"{name}-dir").mkdir()
    pairs = [("one", "two"), ("one", "two-dir"), ("one-dir", "two-dir"), ("one-dir", "two")]
    (tmp_path / "dangling").symlink_to("/nowhere")
    for source, target in [*pairs, ("one", "dangling")]:
        with pytest.raises(Refused, match="exist"):
            shell.rename(str(tmp_path / source), str(tmp_path / target))
    assert (tmp_path / "two").read_text() == "two"
    assert len(os.listdir(tmp_path)) == 5
    shell.rename(str(tmp_path / "one-dir"), str(tmp_path / "moved"))
    shell.rename(str(tmp_path / "dangling"), str(tmp_path / "moved-link"))
    assert (tmp_path / "moved").is_dir()
    assert os.readlink(tmp_path / "moved-link") == "/nowhere"


def test_rename_stays_on_one_file_system(shell, tmp_path):
    elsewhere = Path("/dev/shm") / f"rekindle-{os.getpid()}"
    random_file(tmp_path / "file", 10)
    (tmp_path / "dir").mkdir()
    for name in ("file", "dir"):
        with pytest.raises(Refused):
            shell.rename(str(tmp_path / name), str(elsewhere))
    assert not elsewhere.exists()
    assert sorted(os.listdir(tmp_path)) == ["dir", "file"]


def test_renaming_what_is_not_there_is_bad_input(shell, tmp_path):
    with pytest.raises(InvalidInput):
        shell.rename(str(tmp_path / "none"), str(tmp_path / "other"))


def test_removing_keeps_a_directory_that_holds_something(shell, tmp_path):
    (tmp_path / "dir").mkdir()
    random_file(tmp_path / "dir" / "file", 1)
    with pytest.raises(Refused):
        shell.remove(str(tmp_path / "dir"))
    shell.remove(str(tmp_path / "dir" / "file"))
    shell.remove(str(tmp_path / "dir"))
    assert os.listdir(tmp_path) == []


def test_directories_are_made_with_their_parents_and_mode(shell, tmp_path):
    path = str(tmp_path / "a b" / "c'd")
    shell.make_directory(path, mode=0o2750)
    shell.make_directory(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o2750
    assert stat.S_IMODE(os.stat(tmp_path / "a b").st_mode) == 0o2750
    random_file(tmp_path / "file", 1)
    with pytest.raises(InvalidInput, match="not a directory"):
        shell.make_directory(str(tmp_path / "file"))
    (tmp_path / "link").symlink_to(tmp_path / "a b")
    shell.make_directory(str(tmp_path / "link" / "below"))
    assert (tmp_path / "a b" / "below").is_dir()


def test_lanes_that_make_the_same_directories_do_not_stumble_over_each_other(shell, tmp_path):
    lanes = 6
    together = threading.Barrier(lanes)

    def make(lane: int) -> None:
        for turn in range(8):
            together.wait()
            shell.make_directory(str(tmp_path / f"pool{turn}" / "a" / "b" / f"machine{lane}"))

    with ThreadPoolExecutor(lanes) as threads:
        list(threads.map(make, range(lanes)))
    assert len(list(tmp_path.glob("pool*/a/b/machine*"))) == 8 * lanes


def test_owner_and_mode_are_set_and_unknown_names_refused(shell, tmp_path):
    path = random_file(tmp_path / "file", 1)
    shell.set_owner(path, "daemon", "adm", 0o660)
    status = shell.status(path)
    assert (status.owner, status.group, status.mode) == ("daemon", "adm", 0o660)
    shell.set_owner(path, "4321", "0", 0o600)
    assert shell.status(path).owner == "4321"
    with pytest.raises(InvalidInput, match="no-such-user"):
        shell.set_owner(path, "no-such-user", "adm", 0o600)
    with pytest.raises(InvalidInput):
        shell.set_owner(str(tmp_path / "none"), "root", "root", 0o600)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(Refused):
        shell.set_owner(str(tmp_path / "link"), "root", "root", 0o600)
    assert shell.status(path).owner == "4321"


def test_missing_owners_are_named(shell):
    assert shell.has_owner("root", "root") == ""
    said = shell.has_owner("no-such-user", "no-such-group")
    assert "no-such-user" in said
    assert "no-such-group" in said
    assert "no-such-group" in shell.has_owner("root", "no-such-group")


def test_free_space_is_that_of_the_nearest_parent(shell, tmp_path):
    found = shell.free_space(str(tmp_path / "not" / "there" / "yet"))
    seen = os.statvfs(tmp_path)
    assert abs(found - seen.f_bavail * seen.f_frsize) < 4 << 30


def test_a_copy_keeps_holes_mode_owner_and_times_and_is_proved(shell, tmp_path):
    source, target = random_file(tmp_path / "source", MIB, hole=64 * MIB), str(tmp_path / "target")
    os.chown(source, 1, 2)
    os.chmod(source, 0o640)
    os.utime(source, (1000, 2000))
    copied = shell.copy(source, target)
    assert Path(source).read_bytes() == Path(target).read_bytes()
    made = os.stat(target)
    assert made.st_blocks * 512 < 2 * MIB
    assert (made.st_uid, made.st_gid, stat.S_IMODE(made.st_mode)) == (1, 2, 0o640)
    assert made.st_mtime == 2000
    assert copied.size == 65 * MIB
    assert copied.data < 2 * MIB
    assert shell.checksum(target).same_content(copied)
    assert shell.checksum(target).root == copied.root == shell.checksum(source).root
    assert leftovers(tmp_path) == []


def test_checksums_of_both_kinds_of_shell_compare_by_the_plain_digest(shell, server, tmp_path):
    path = random_file(tmp_path / "source", 10_000)
    other = open_shell(server.access(), "other")
    mine, theirs = shell.checksum(path, sha256=True), other.checksum(path, sha256=True)
    other.close()
    assert mine.sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert mine.same_content(theirs)


def test_a_copy_never_replaces_anything(shell, tmp_path):
    source = random_file(tmp_path / "source", 100)
    (tmp_path / "target").write_text("precious")
    with pytest.raises(Refused, match="exists already"):
        shell.copy(source, str(tmp_path / "target"))
    assert (tmp_path / "target").read_text() == "precious"
    assert leftovers(tmp_path) == []


def test_a_copy_of_nothing_is_bad_input(shell, tmp_path):
    for name in ("none", "."):
        with pytest.raises(InvalidInput):
            shell.copy(str(tmp_path / name), str(tmp_path / "target"))
    assert os.listdir(tmp_path) == []


def test_a_stopped_copy_leaves_no_target_and_can_be_run_again(shell, tmp_path):
    source, target = random_file(tmp_path / "source", 12 * MIB), str(tmp_path / "target")

    def stop(_done, _total):
        raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        shell.copy(source, target, stop)
    assert not os.path.exists(target)
    seen = []
    shell.copy(source, target, lambda done, total: seen.append((done, total)))
    assert Path(source).read_bytes() == Path(target).read_bytes()
    assert seen[-1][0] == seen[-1][1] > 0
    assert leftovers(tmp_path) == []


def test_what_a_stopped_copy_left_can_be_discarded(shell, tmp_path):
    target = str(tmp_path / "target")
    (tmp_path / ".target.rekindle-part").write_text("left")
    (tmp_path / ".target.rekindle-done").write_text("left")
    shell.discard_copy(target)
    shell.discard_copy(target)
    assert os.listdir(tmp_path) == []


def test_a_second_copy_to_one_target_is_refused_while_the_first_runs(shell, tmp_path):
    source, target = random_file(tmp_path / "source", 1000), str(tmp_path / "target")
    part = tmp_path / ".target.rekindle-part"
    with part.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Refused, match=r"nother copy"):
            shell.copy(source, target)
        assert part.exists()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 16 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    subprocess.run(command, check=True)
    yield place
    # A program that has ended may hold it for another instant.
    until = time.monotonic() + 120
    while subprocess.run(["umount", str(place)]).returncode:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_copy_that_cannot_fit_is_refused_before_it_begins(shell, tmp_path, small_disk):
    source = random_file(tmp_path / "source", 20 * MIB)
    with pytest.raises(StepFailed, match=r"lacks 4\.0 MiB"):
        shell.copy(source, str(small_disk / "target"))
    assert os.listdir(small_disk) == []


def test_a_disk_that_runs_full_on_the_way_is_left_as_it_was(shell, tmp_path, small_disk):
    source = random_file(tmp_path / "source", 12 * MIB)
    filled = []

    def fill(_done, _total):
        if not filled:
            filled.append(random_file(small_disk / "filler", 8 * MIB))

    with pytest.raises(StepFailed, match=r"lacks \d"):
        shell.copy(source, str(small_disk / "target"), fill)
    assert os.listdir(small_disk) == ["filler"]
    os.unlink(filled[0])
    shell.copy(source, str(small_disk / "target"))


def test_a_full_disk_fails_a_write_and_keeps_the_old_file(shell, small_disk):
    path = str(small_disk / "file")
    shell.write(path, b"old")
    with pytest.raises(StepFailed, match="No space left"):
        shell.write(path, bytes(os.urandom(20 * MIB)))
    assert shell.read(path) == b"old"
    assert os.listdir(small_disk) == ["file"]


@pytest.mark.parametrize("size", [0, 1, 70_000, 5 * MIB + 3])
def test_files_go_there_and_back_unchanged(shell, tmp_path, size):
    source = random_file(tmp_path / "it's one", size)
    digest = hashlib.sha256(Path(source).read_bytes()).hexdigest()
    assert shell.put(source, str(tmp_path / "there it's")) == digest
    seen = []
    back = shell.get(
        str(tmp_path / "there it's"),
        str(tmp_path / "back"),
        lambda done, total: seen.append((done, total)),
    )
    assert back == digest
    assert Path(source).read_bytes() == (tmp_path / "back").read_bytes()
    assert seen[-1] == (size, size)
    assert leftovers(tmp_path) == []


def test_transfers_never_replace_anything(shell, tmp_path):
    source = random_file(tmp_path / "source", 100)
    (tmp_path / "target").write_text("precious")
    for transfer in (shell.get, shell.put):
        with pytest.raises(Refused, match="exist"):
            transfer(source, str(tmp_path / "target"))
    assert (tmp_path / "target").read_text() == "precious"
    assert leftovers(tmp_path) == []


def test_a_transfer_of_nothing_is_bad_input(shell, tmp_path):
    for transfer in (shell.get, shell.put):
        with pytest.raises(InvalidInput):
            transfer(str(tmp_path / "none"), str(tmp_path / "target"))
    assert os.listdir(tmp_path) == []


def test_a_stopped_transfer_leaves_nothing(shell, tmp_path):
    source = random_file(tmp_path / "source", 40 * MIB)

    def stop(_done, _total):
        raise Interrupted("stopped")

    for transfer in (shell.put, shell.get):
        with pytest.raises(Interrupted):
            transfer(source, str(tmp_path / "target"), stop)
        assert not (tmp_path / "target").exists()
        shell.discard_copy(str(tmp_path / "target"))
    assert os.listdir(tmp_path) == ["source"]


def test_a_source_that_changes_while_it_is_fetched_fails(shell, tmp_path):
    source = random_file(tmp_path / "source", 40 * MIB, hole=200 * MIB)

    def append(done, total):
        if 0 < done < total:
            with open(source, "ab") as file:
                file.write(b"more")

    with pytest.raises(StepFailed, match=r"changed|shorter"):
        shell.get(source, str(tmp_path / "target"), append)
    assert os.listdir(tmp_path) == ["source"]


def test_one_shell_serves_several_threads(shell, tmp_path):
    def work(number):
        path = str(tmp_path / f"file-{number}")
        for round_number in range(5):
            shell.write(path, f"{number} {round_number}".encode())
            assert shell.read(path) == f"{number} {round_number}".encode()
            assert shell.run(["echo", str(number)]).out == f"{number}\n"

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [None] * 4

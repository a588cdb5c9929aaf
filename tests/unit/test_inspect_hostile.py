"""Archives that are damaged, or made to do harm: each has its own problem, soon and cheaply."""

import gzip
import io
import lzma
import os
import tarfile
import threading
import zlib
from pathlib import Path

import pytest

from config.errors import Interrupted, InvalidInput, StepFailed
from steps.hosted_engine.archive import budget
from steps.hosted_engine.archive.inspect import inspect
from tests.engine_archives import ERAS, MODERN, build, compress
from tests.unit.dump_support import CustomDump, copy_block, plain

COLUMNS = ("vds_id", "vds_name")
ROWS = [("1", "node1")]
DUMP = CustomDump(14, "zlib").dump({"vds_static": (COLUMNS, ROWS)})
PLAIN = plain(copy_block("public.vds_static (vds_id, vds_name)", ROWS))
GOOD = MODERN.but(dumps={"engine_backup.db": DUMP})
OLD = ERAS["3.5"].but(dumps={"engine_backup.db": PLAIN})


def codes(path):
    found = inspect(path)
    for problem in found.problems:
        assert problem.message
        assert problem.remedy
    assert found.fit_for_restore is (not any(problem.blocks for problem in found.problems))
    return [problem.code for problem in found.problems]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "archive"]


def built(tmp_path, recipe=GOOD, **changes):
    return build(tmp_path / "engine.backup", recipe.but(**changes))


@pytest.mark.parametrize("recipe", [GOOD, OLD])
def test_a_good_archive_has_no_problem(tmp_path, recipe):
    path = built(tmp_path, recipe)
    assert codes(path) == []
    assert [host.name for host in inspect(path).hosts] == ["node1"]


def test_an_empty_file_is_what_a_failed_backup_leaves(tmp_path):
    path = tmp_path / "empty"
    path.touch()
    assert codes(path) == ["empty-file"]
    assert "engine-backup" in inspect(path).problems[0].remedy


@pytest.mark.parametrize("data", [b"x", b"hello world " * 100, bytes(range(256)) * 100])
@pytest.mark.parametrize("outer", ["none", "gzip", "bzip2", "xz"])
def test_anything_else_is_no_archive(tmp_path, data, outer):
    path = tmp_path / "random"
    path.write_bytes(compress(data, outer))
    assert codes(path) == ["not-an-archive"]


@pytest.mark.parametrize("outer", ["none", "gzip", "bzip2", "xz"])
def test_a_cut_off_archive_is_truncated(tmp_path, outer):
    path = built(tmp_path, outer=outer)
    whole = path.read_bytes()
    # A bare tar archive ends in zeros, of which some may well be missing.
    for share in (0.1, 0.4) if outer == "none" else (0.3, 0.7, 0.95):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert "truncated" in codes(path)
        assert len(codes(path)) < 4


def _same_content(changed: bytes, whole: bytes) -> bool:
    """In a run of zeros another distance may say the same: nothing was damaged then."""
    try:
        return gzip.decompress(changed) == gzip.decompress(whole)
    except (OSError, EOFError, zlib.error):
        return False


@pytest.mark.parametrize("outer", ["none", "gzip", "bzip2", "xz"])
def test_no_flipped_byte_goes_unnoticed(tmp_path, outer):
    path = built(tmp_path, outer=outer)
    whole = bytearray(path.read_bytes())
    seen = set()
    # Of a bare tar archive only what is data: its padding has no checksum, and does no harm.
    places = range(40, len(whole) - 20, 97) if outer != "none" else _data_places(path)
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 0x10
        if outer == "gzip" and _same_content(changed, whole):
            continue
        path.write_bytes(changed)
        found = inspect(path)
        assert not found.fit_for_restore, place
        seen |= {problem.code for problem in found.problems}
    assert seen & {"damaged-archive", "hash-mismatch"}
    assert seen <= {
        "damaged-archive", "hash-mismatch", "truncated", "not-an-archive", "corrupt-dump",
        "hash-missing-member", "hash-unlisted-member", "unknown-dump", "no-engine-tables",
        "oversized-table", "hash-unreadable", "oversized-member", "version-unreadable",
        "config-suspicious", "hash-missing",
    }  # fmt: skip


def _data_places(path):
    with tarfile.open(path) as tar:
        members = [m for m in tar if m.isfile()]
    return [m.offset_data + step for m in members for step in range(0, m.size, 97)]


def test_a_member_changed_afterwards_does_not_match_its_checksum(tmp_path):
    path = built(tmp_path, after_hash=lambda folder: (folder / "version").write_text("4.5.6\n"))
    assert codes(path) == ["hash-mismatch"]


def test_a_member_that_is_gone_is_missed(tmp_path):
    path = built(tmp_path, after_hash=lambda folder: (folder / "os_version").unlink())
    assert codes(path) == ["hash-missing-member"]


def test_a_member_that_was_added_is_told(tmp_path):
    path = built(tmp_path, after_hash=lambda folder: (folder / "extra").write_text("x"))
    assert codes(path) == ["hash-unlisted-member"]
    assert inspect(path).fit_for_restore


def test_an_archive_without_checksums_is_refused(tmp_path):
    path = built(tmp_path, after_hash=lambda folder: (folder / "sha256sum").unlink())
    assert codes(path) == ["hash-missing"]


def test_a_list_that_is_no_list_is_unreadable(tmp_path):
    path = built(tmp_path, after_hash=lambda f: (f / "sha256sum").write_text("rm -rf /\n"))
    assert "hash-unreadable" in codes(path)


@pytest.mark.parametrize(
    "line",
    ["rm -rf /", "DB_DUMP_FORMAT=custom; id", "DB_DUMP_FORMAT=$(id)", "DB_DUMP_COMPRESSOR=`id`",
     "export A=1", "DB_DUMP_FORMAT=custom id", " DB_DUMP_FORMAT=custom", "DB_DUMP_FORMAT='custom",
     "ODD_DB_DUMP_FORMAT=custom", "DB_DUMP_FORMAT=shell", "DB_DUMP_FORMAT=custom\r"],
)  # fmt: skip
def test_shell_in_the_config_is_told_and_not_shown(tmp_path, line):
    path = built(tmp_path, config=f"DB_DUMP_FORMAT=custom\n{line}\n", before_hash=lambda f: None)
    assert codes(path) == ["config-suspicious"]
    message = inspect(path).problems[0].message
    assert "line 2" in message
    assert line not in message


def with_member(path, *members, name_of_outer="none"):
    """The archive with more members in front of its own."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as new, tarfile.open(path) as old:
        for member, data in members:
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
        for member in old:
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    path.write_bytes(compress(buffer.getvalue(), name_of_outer))
    return path


def member(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize(
    ("info", "code"),
    [
        (member("../../etc/passwd"), "unsafe-member"),
        (member("db/../../x"), "unsafe-member"),
        (member("/etc/passwd"), "unsafe-member"),
        (member("./dev", tarfile.CHRTYPE), "unsafe-member"),
        (member("./pipe", tarfile.FIFOTYPE), "unsafe-member"),
        (member("./extra", tarfile.SYMTYPE, "/etc/passwd"), "link-member"),
        (member("./extra", tarfile.LNKTYPE, "version"), "link-member"),
        (member("./db", tarfile.SYMTYPE, "/etc"), "link-member"),
        (member("./version"), "duplicate-member"),
    ],
)
def test_members_that_would_do_harm_are_refused(tmp_path, info, code):
    path = with_member(built(tmp_path, outer="none"), (info, b""))
    assert code in codes(path)
    assert not inspect(path).fit_for_restore


def test_a_file_written_through_a_link_among_the_engines_files_is_refused(tmp_path):
    path = with_member(
        built(tmp_path, OLD.but(outer="none")),
        (member("./files/etc/a", tarfile.SYMTYPE, "/root"), b""),
        (member("./files/etc/a/b"), b"key"),
    )
    assert "link-member" in codes(path)


def test_harm_within_the_inner_archive_is_told(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(member("../../etc/profile"))
        tar.addfile(member("etc/pki/apache-ca.pem", tarfile.SYMTYPE, "ca.pem"))
    data = compress(buffer.getvalue(), "xz")
    path = built(tmp_path, before_hash=lambda folder: (folder / "files").write_bytes(data))
    assert codes(path) == ["unsafe-member"]
    assert "'files'" in inspect(path).problems[0].message


def test_a_damaged_inner_archive_is_told_and_the_rest_is_read(tmp_path):
    path = built(tmp_path, before_hash=lambda f: (f / "files").write_bytes(b"\xfd7zXZ\0" * 9))
    assert codes(path) == ["damaged-archive"]
    assert inspect(path).hosts


def test_a_claim_of_exbibytes_is_refused(tmp_path):
    path = built(tmp_path, outer="none")
    info = member("./config")
    info.size = 1 << 62
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + path.read_bytes())
    assert codes(path)[0] == "oversized-member"


@pytest.mark.parametrize("name", ["version", "config", "sha256sum"])
def test_a_small_member_may_not_be_large(tmp_path, name):
    def grow(folder: Path) -> None:
        (folder / name).write_bytes(b"# long line\n" * (4 << 20))

    change = {"after_hash": grow} if name == "sha256sum" else {"before_hash": grow}
    assert "oversized-member" in codes(built(tmp_path, **change))


def endless(name):
    """The start of a tar archive whose one member is zeros, and claims more of them."""
    info = tarfile.TarInfo(name)
    info.size = 1 << 30
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(32 << 20)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_bomb_is_given_up(tmp_path, pack, monkeypatch):
    monkeypatch.setattr(budget, "FREE_BYTES", 8 << 20)
    path = tmp_path / "bomb"
    path.write_bytes(pack(endless("./extra")))
    assert codes(path) == ["decompression-bomb"]


@pytest.mark.parametrize("name", ["files", "db/engine_backup.db"])
def test_a_bomb_within_is_given_up(tmp_path, name, monkeypatch):
    monkeypatch.setattr(budget, "FREE_BYTES", 8 << 20)
    content = endless("etc/large") if name == "files" else b"--\n" + bytes(32 << 20)
    bomb = lzma.compress(content)
    path = built(tmp_path, before_hash=lambda folder: (folder / name).write_bytes(bomb))
    assert "decompression-bomb" in codes(path)


def test_a_dump_that_is_none_is_corrupt(tmp_path):
    path = built(tmp_path, dumps={"engine_backup.db": b"SQLite format 3\0"})
    assert codes(path) == ["corrupt-dump"]


def test_a_dump_without_hosts_is_no_engines_database(tmp_path):
    path = built(tmp_path, dumps={"engine_backup.db": plain(copy_block("public.a (b)", []))})
    assert codes(path) == ["no-engine-tables"]


def test_an_archive_that_does_not_say_its_version_is_refused(tmp_path):
    path = built(tmp_path, before_hash=lambda folder: (folder / "version").unlink())
    assert codes(path) == ["version-missing"]


def test_a_version_that_is_none_is_unreadable(tmp_path):
    path = built(tmp_path, version="four \x1b[31m")
    assert "damaged-archive" in codes(path)
    assert codes(built(tmp_path, version="four")) == ["version-unreadable"]


def test_no_file_a_folder_and_a_pipe_are_no_archive(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none", tmp_path, tmp_path / "pipe"):
        with pytest.raises(InvalidInput):
            inspect(path)


def test_stopping_it_ends_it(tmp_path):
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Interrupted):
        inspect(built(tmp_path), cancel=cancel)


def test_a_reading_error_is_ours(tmp_path, monkeypatch):
    path = built(tmp_path)

    def fail(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("steps.targets.files.os.open", fail)
        with pytest.raises(StepFailed, match="Permission denied"):
            inspect(path)

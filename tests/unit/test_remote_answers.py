"""What another host's programs answer is read exactly, and nothing else is believed."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvalidInput, Refused, StepFailed
from steps.targets.os_errors import NoSpaceLeft
from steps.targets.remote_copy import CLONE
from steps.targets.remote_files import parse_stat, said_error
from steps.targets.ssh_probe import Probed


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("stat: cannot statx '/a: b': No such file or directory", InvalidInput),
        ("sh: 3: cannot create /a/b: Directory nonexistent", InvalidInput),
        ("warning: something\nmv: cannot move '/a' to '/b': File exists\n", Refused),
        ("ln: failed to create hard link '/b' => '/a': Invalid cross-device link", Refused),
        ("cp: error writing '/b': No space left on device", NoSpaceLeft),
        ("chown: changing ownership of '/a': Operation not permitted", StepFailed),
        ("dd: error reading '/a': Input/output error", StepFailed),
        ("something never heard of", StepFailed),
        ("", StepFailed),
    ],
)
def test_what_a_program_says_becomes_the_error_of_the_system(said, kind):
    error = said_error(Probed(1, b"", said), "Cannot do it")
    assert type(error) is kind
    assert error.message.startswith("Cannot do it: ")


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("sh: 3: cannot create /a/b: No such file or directory", "its folder"),
        ("cat: /a: Is a directory", "name a file"),
        ("cat: /a/b: Not a directory", "correct the path"),
    ],
)
def test_a_path_that_is_wrong_is_told_with_what_to_do(said, remedy):
    assert remedy in said_error(Probed(1, b"", said), "Cannot do it").remedy


def test_a_status_line_is_read():
    found = parse_stat("81a4 1048576 2048 512 65024 4711 1234567.500000000 0 54321 root UNKNOWN")
    status = found.status
    assert (status.kind, status.size, status.allocated, status.mode) == (
        "file",
        1048576,
        1048576,
        0o644,
    )
    assert (status.owner, status.group, status.modified) == ("root", "54321", 1234567.5)


@given(
    st.one_of(st.text(), st.lists(st.sampled_from(["1", "81a4", "x", "root", "-1"])).map(" ".join))
)
def test_any_other_answer_is_refused(text):
    try:
        parse_stat(text)
    except InvalidInput:
        return
    assert len(text.split(" ")) == 11


def test_sharing_blocks_fails_only_because_a_file_system_cannot(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"data")
    command = ["/bin/sh", "-c", CLONE, "sh", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "failed to clone" in done.stderr

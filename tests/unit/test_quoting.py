"""Arguments and paths stay what they are, and what cannot be safe is refused."""

import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvalidInput
from steps.targets.quoting import checked_path, command_line

ARGUMENTS = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    min_size=1,
    max_size=4,
)


@given(ARGUMENTS)
def test_a_quoted_line_splits_into_the_same_arguments(command):
    assert shlex.split(command_line(command)) == command


@settings(max_examples=25, deadline=None)
@given(ARGUMENTS)
def test_a_real_shell_hands_over_the_same_bytes(arguments):
    line = command_line(["printf", "%s\\0", "--", *arguments])
    seen = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True).stdout
    assert seen == b"".join(argument.encode() + b"\0" for argument in ["--", *arguments])


@pytest.mark.parametrize("command", [[], ["cat", "a\0b"], ["\0"]])
def test_an_empty_command_or_a_nul_is_refused(command):
    with pytest.raises(InvalidInput):
        command_line(command)


@pytest.mark.parametrize("path", ["", "etc/passwd", "/a/../b", "/..", "/a/..", "/a\0b", "-rf"])
def test_a_path_that_leaves_its_directory_is_refused(path):
    with pytest.raises(InvalidInput, match="path"):
        checked_path(path)


@pytest.mark.parametrize("path", ["/", "/a/..b", "/a/b..c", "/a/...", "/a/b\nc", "/a/'\"$(x)"])
def test_a_strange_name_is_still_a_name(path):
    assert checked_path(path) == path

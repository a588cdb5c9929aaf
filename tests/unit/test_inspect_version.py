"""Which backup an installed engine takes back: the rule of engine-backup itself."""

import pytest

from config.errors import InvalidInput
from steps.hosted_engine.archive.version import Version, version_problem


@pytest.mark.parametrize(
    ("backup", "installed", "taken"),
    [
        # Measured with 4.5.7 and 4.5.6.
        ("4.3.11.4", "4.5.7", True), ("4.4.10.7", "4.5.7", True), ("3.6.7", "4.5.7", False),
        ("3.4.4", "4.5.7", False), ("4.5.7", "4.5.6", False),
        # The same release: any order before 4.4.7, then only forwards.
        ("4.5.6", "4.5.7", True), ("4.5.7", "4.5.7", True), ("4.5.7.1", "4.5.7", False),
        ("4.4.6", "4.4.5", True), ("4.4.8", "4.4.7", False), ("4.4.10", "4.4.9", False),
        ("3.5.8", "3.5.0", True), ("4.3.11", "4.3.9", True),
        # Pairs.
        ("4.4.10", "4.5.0", False), ("4.3.11", "4.5.0", False), ("4.4.1", "4.5.1", True),
        ("4.3.9", "4.5.7", False), ("4.3.10", "4.5.1", True), ("4.3.9", "4.4.10", False),
        ("4.3.10", "4.4.0", True), ("4.2.8", "4.4.10", False), ("3.6.7", "4.0.6", True),
        ("3.6.7", "4.1.0", False), ("4.0.6", "4.1.0", False), ("4.5.7", "4.4.10", False),
        ("4.5.7_master", "4.5.7", True), ("4.4.10.7-0.1.el8ev", "4.4.10.7", True),
    ],
)  # fmt: skip
def test_the_rule(backup, installed, taken):
    problem = version_problem(Version.parse(backup), Version.parse(installed))
    assert (problem is None) is taken
    if problem is not None:
        assert problem.code == "version-refused"
        assert backup in problem.message
        assert installed in problem.message
        assert problem.remedy


@pytest.mark.parametrize("text", ["", "4", "four.five", "4.5.7 or later", "4.5.7\x1b", "9" * 99])
def test_what_is_no_version_is_refused(text):
    with pytest.raises(InvalidInput):
        Version.parse(text)

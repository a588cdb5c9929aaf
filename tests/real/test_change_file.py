"""A change file as an administrator applies it by hand: ldapmodify and a real slapd."""

import subprocess

import pytest

from steps.ldif_text import dump_delete, dump_modify
from steps.targets.directory import Change
from tests.real.slapd_support import LEASE_DN, MACHINE_DN, PASSWORD, ldap_world


@pytest.fixture
def directory(slapd):
    """The directory of this test."""
    made = ldap_world(slapd)
    yield made.directory
    made.directory.close()
    made.other.close()


@pytest.fixture
def apply(slapd, tmp_path):
    """Apply a change file; the exit code is what the server answered."""
    password, file = tmp_path / "password", tmp_path / "change.ldif"
    password.write_text(PASSWORD.reveal())
    line = ["ldapmodify", "-x", "-H", slapd.url, "-D", slapd.bind_dn, "-y", password, "-f", file]

    def run(text):
        file.write_text(text)
        return subprocess.run(line, capture_output=True, timeout=240, check=False).returncode

    return run


ASSERTION_FAILED = 122


def test_a_change_is_applied_to_the_entry_it_was_made_for_and_to_no_later_one(directory, apply):
    csn = directory.get(MACHINE_DN).entry_csn
    first = dump_modify(MACHINE_DN, [Change("replace", "description", (b"one",))], expected_csn=csn)
    second = first.replace("description: one", "description: two")
    assert apply(first) == 0
    assert apply(second) == ASSERTION_FAILED
    assert directory.get(MACHINE_DN).text("description") == "one"


def test_an_entry_that_changed_is_not_deleted(directory, apply):
    csn = directory.get(LEASE_DN).entry_csn
    changed = [Change("replace", "dhcpStatements", (b"fixed-address 10.1.0.250",))]
    assert apply(dump_modify(LEASE_DN, changed, expected_csn=csn)) == 0
    assert apply(dump_delete(LEASE_DN, expected_csn=csn)) == ASSERTION_FAILED
    now = directory.get(LEASE_DN)
    assert now.text("dhcpStatements") == "fixed-address 10.1.0.250"
    assert apply(dump_delete(LEASE_DN, expected_csn=now.entry_csn)) == 0
    assert directory.get(LEASE_DN) is None

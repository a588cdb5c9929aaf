"""The private slapd of the practice site: quiet about its password, easy to find, easy to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import ldap
import pytest

from config.errors import InvalidInput
from config.site import DirectoryAccess
from steps.drill.slapd import (
    RunningSlapd,
    ensure_running,
    manager_dn,
    running_slapd,
    start_slapd,
    stop_slapd,
)
from steps.targets.directory import Entry
from steps.targets.ldap_directory import LdapDirectory
from tests.real.slapd_support import BASE, PASSWORD, manager_access, tree

ROOT = Path(__file__).parents[2]


def test_it_is_up_in_no_time_and_holds_the_entries(tmp_path: Path) -> None:
    started = time.monotonic()
    slapd = start_slapd(tmp_path / "s", BASE, PASSWORD, tree())
    try:
        assert time.monotonic() - started < 60
        directory = LdapDirectory(manager_access(slapd), PASSWORD)
        assert slapd.url.startswith("ldap://127.0.0.1:")
        assert directory.subtree(BASE)[0].dn == BASE
        assert len(directory.subtree(BASE)) == len(tree())
    finally:
        stop_slapd(tmp_path / "s")


@pytest.mark.parametrize("base", ["dc=practice", "o=stepping-stone,c=ch", "ou=a b,dc=example"])
def test_the_entry_of_the_base_is_made_where_it_is_missing(tmp_path: Path, base: str) -> None:
    slapd = start_slapd(tmp_path / "s", base, PASSWORD, [])
    try:
        access = DirectoryAccess(base=base, url=slapd.url, bind_dn=slapd.bind_dn)
        assert [entry.dn for entry in LdapDirectory(access, PASSWORD).subtree(base)] == [base]
    finally:
        stop_slapd(tmp_path / "s")


def test_a_base_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="c=ch"):
        start_slapd(tmp_path / "s", "c=ch", PASSWORD, [])


def test_the_password_is_in_no_file_and_on_no_command_line(
    slapd: RunningSlapd, tmp_path: Path
) -> None:
    secret = PASSWORD.reveal().encode()
    held = [f for f in tmp_path.rglob("*") if f.is_file() and secret in f.read_bytes()]
    assert held == []
    assert secret not in Path(f"/proc/{slapd.pid}/cmdline").read_bytes()
    assert secret not in Path(f"/proc/{slapd.pid}/environ").read_bytes()
    assert (tmp_path / "slapd").stat().st_mode & 0o077 == 0
    assert (tmp_path / "slapd" / "slapd.conf").stat().st_mode & 0o077 == 0


def test_an_entry_that_does_not_fit_is_named_and_the_folder_can_be_used_again(
    tmp_path: Path,
) -> None:
    wrong = Entry(f"ou=x,{BASE}", {"objectClass": (b"noSuchClass",), "ou": (b"x",)})
    with pytest.raises(InvalidInput, match="noSuchClass"):
        start_slapd(tmp_path / "s", BASE, PASSWORD, [wrong])
    start_slapd(tmp_path / "s", BASE, PASSWORD, [])
    stop_slapd(tmp_path / "s")


def test_a_folder_in_use_is_not_overwritten(slapd: RunningSlapd, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="already holds"):
        start_slapd(tmp_path / "slapd", BASE, PASSWORD, [])
    assert running_slapd(tmp_path / "slapd") == slapd


def test_running_already_is_fine_and_a_crashed_one_comes_back_where_it_was(
    slapd: RunningSlapd, tmp_path: Path
) -> None:
    folder = tmp_path / "slapd"
    assert ensure_running(folder) == slapd
    stop_slapd(folder, kill=True)
    assert running_slapd(folder) is None
    again = ensure_running(folder)
    assert again.url == slapd.url
    assert again.pid != slapd.pid
    assert len(LdapDirectory(manager_access(again), PASSWORD).subtree(BASE)) == len(tree()) + 1


def test_a_taken_port_makes_it_move(slapd: RunningSlapd, tmp_path: Path) -> None:
    import socket

    folder = tmp_path / "slapd"
    port = int(slapd.url.rstrip("/").rpartition(":")[2])
    stop_slapd(folder)
    with socket.create_server(("127.0.0.1", port)):
        again = ensure_running(folder)
    assert again.url != slapd.url
    assert len(LdapDirectory(manager_access(again), PASSWORD).subtree(BASE)) == len(tree()) + 1


def test_stopping_twice_is_fine_and_never_ends_somebody_else(
    slapd: RunningSlapd, tmp_path: Path
) -> None:
    folder = tmp_path / "slapd"
    stop_slapd(folder)
    stop_slapd(folder)
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        (folder / "slapd.pid").write_text(f"{bystander.pid}\n")
        stop_slapd(folder, kill=True)
        assert running_slapd(folder) is None
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_it_survives_the_process_and_the_session_that_started_it(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    code = (
        "import sys, pathlib; from config.secrets import Secret;"
        "from steps.drill.slapd import start_slapd;"
        "start_slapd(pathlib.Path(sys.argv[1]), sys.argv[2], Secret('x'), [])"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code, str(folder), BASE], cwd=ROOT, start_new_session=True
    )
    assert starter.wait(240) == 0
    try:
        with pytest.raises(ProcessLookupError):
            os.killpg(starter.pid, signal.SIGHUP)
        slapd = running_slapd(folder)
        assert slapd is not None
        assert slapd.bind_dn == manager_dn(BASE)
    finally:
        stop_slapd(folder)


def test_in_the_foreground_it_is_our_child(tmp_path: Path) -> None:
    slapd = start_slapd(tmp_path / "s", BASE, PASSWORD, [], foreground=True)
    os.kill(slapd.pid, signal.SIGTERM)
    assert os.waitpid(slapd.pid, 0)[0] == slapd.pid


def test_a_path_with_spaces_and_quotes_works(tmp_path: Path) -> None:
    folder = tmp_path / 'a "strange" na\\me #1'
    slapd = start_slapd(folder, BASE, PASSWORD, [])
    try:
        assert ensure_running(folder) == slapd
    finally:
        stop_slapd(folder)


def test_it_runs_as_a_plain_user(tmp_path: Path) -> None:
    """A user namespace makes us somebody who is not root; a plain user needs none."""
    code = (
        "import os, sys, pathlib; from config.secrets import Secret;"
        "from steps.drill.slapd import start_slapd, stop_slapd;"
        "folder = pathlib.Path(sys.argv[1]); assert os.geteuid() != 0;"
        "print(start_slapd(folder, sys.argv[2], Secret('x'), []).url); stop_slapd(folder)"
    )
    namespace = ["unshare", "--user", "--map-user=1000"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*namespace, sys.executable, "-c", code, str(tmp_path / "s"), BASE],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("ldap://127.0.0.1:"), done.stderr


def test_other_users_cannot_read_without_an_account(slapd: RunningSlapd) -> None:
    visitor = ldap.initialize(slapd.url)
    with pytest.raises(ldap.NO_SUCH_OBJECT):
        visitor.search_s(BASE, ldap.SCOPE_SUBTREE)

"""The house: lock files, and the scripts that make a checkout runnable."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
NOBODY = 65534


def requirements(lock: str) -> dict[str, str]:
    """Name to its whole entry, hashes included."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    entries = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {re.match(r"[\w.-]+", entry)[0]: entry for entry in entries}


def names(requirement_list: list[str]) -> set[str]:
    return {re.match(r"[\w.-]+", text)[0].lower() for text in requirement_list}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_version_and_hashes_and_no_address(lock):
    entries = requirements(lock)
    assert entries
    for entry in entries.values():
        assert re.match(r"[\w.-]+==[\w.!+]+ ", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
    assert "://" not in (ROOT / lock).read_text()
    assert "/" not in re.sub(r"--hash=\S+", "", (ROOT / lock).read_text())


def test_everything_the_project_asks_for_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert names(project["project"]["dependencies"]) <= requirements("requirements.lock").keys()
    dev = names(project["dependency-groups"]["dev"])
    assert dev <= requirements("requirements-dev.lock").keys()
    build = names(project["build-system"]["requires"])
    assert build <= requirements("requirements-build.lock").keys()


def test_tests_run_with_the_versions_an_operator_gets():
    operator, developer = requirements("requirements.lock"), requirements("requirements-dev.lock")
    assert {name: developer.get(name) for name in operator} == operator


@pytest.mark.parametrize("script", sorted((ROOT / "scripts").glob("*.sh")), ids=lambda p: p.name)
def test_scripts_are_valid_bash(script):
    subprocess.run(["bash", "-n", script], check=True)


@pytest.fixture
def checkout(tmp_path_factory):
    """A copy of the scripts, and a PATH on which slapd is not installed and nothing installs."""
    folder = Path("/tmp") / f"rekindle-set-up-{os.getpid()}-{tmp_path_factory.mktemp('x').name}"
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    stubs = folder / "stubs"
    stubs.mkdir()
    absent = 'case "$*" in *slapd*|*openldap-servers*) exit 1;; esac\n'
    stub(stubs / "dpkg-query", absent + "echo installed")
    stub(stubs / "rpm", absent)
    for program in ("apt-get", "dnf"):
        stub(stubs / program, "echo E: no network; exit 100")
    for program in ("debconf-set-selections", "systemctl", "update-rc.d"):
        stub(stubs / program, "")
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def stub(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def packages(checkout: Path, *arguments: str, plain_user: bool = False):
    drop = ["setpriv", f"--reuid={NOBODY}", "--clear-groups"]
    prefix = drop if plain_user and os.geteuid() == 0 else []
    path = f"{checkout}/stubs:/usr/sbin:/usr/bin:/sbin:/bin"
    return subprocess.run(
        [*prefix, checkout / "scripts" / "packages.sh", *arguments],
        env={"PATH": path, "HOME": "/"},
        capture_output=True,
        text=True,
    )


def test_a_plain_user_is_told_the_one_line_to_run(checkout):
    assert packages(checkout, "check", "drill", plain_user=True).returncode == 1
    answer = packages(checkout, "install", "drill", plain_user=True)
    assert answer.returncode == 1
    lines = [line for line in answer.stderr.splitlines() if "sudo" in line]
    assert [line.partition(": ")[2].strip() for line in lines] == [
        f"sudo '{checkout}/scripts/packages.sh' install drill"
    ]
    assert re.search(r"missing packages: (slapd|openldap-servers)", answer.stderr)


def test_nothing_is_missing_where_everything_is_installed(checkout):
    for name in ("dpkg-query", "rpm"):
        stub(checkout / "stubs" / name, "echo installed")
    assert packages(checkout, "check", "test").returncode == 0
    assert packages(checkout, "install", "test").returncode == 0


def test_our_modules_are_compiled_beforehand_and_again_after_a_change(checkout):
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    for package in ("tui", "steps", "config"):
        (checkout / package).mkdir()
    module = checkout / "steps" / "work.py"
    compiled = Path(importlib.util.cache_from_source(str(module)))
    stamps = []
    for seconds, text in enumerate(("x = 1\n", "x = 'changed'\n")):
        module.write_text(text)
        os.utime(module, (seconds, seconds))
        subprocess.run([checkout / "scripts" / "bytecode.sh"], check=True)
        stamps.append(compiled.read_bytes())
    assert stamps[0] != stamps[1]


def test_a_checkout_that_cannot_be_compiled_is_set_up_all_the_same(checkout):
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    for package in ("tui", "steps", "config"):
        (checkout / package).mkdir()
    (checkout / "steps" / "work.py").write_text("this is no Python\n")
    done = subprocess.run(
        [checkout / "scripts" / "bytecode.sh"], capture_output=True, text=True, check=True
    )
    assert "could not be compiled" in done.stderr

"""`rekindle node`: the unit, bad input, and what it does at once on a real directory."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from config.secrets import SecretReference
from config.site import DirectoryAccess, HypervisorNode, ShellAccess, Site
from config.site_file import save_site
from steps.virtual_machine.node.unit import unit
from tui.main import main

NODE = "node-01.example.org"


@pytest.fixture
def site_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    write_site(tmp_path / "site.yaml", SecretReference("file", str(tmp_path / "secret")))
    return tmp_path / "site.yaml"


def write_site(path: Path, password: SecretReference) -> None:
    node = HypervisorNode(NODE, "qemu:///system", ShellAccess())
    access = DirectoryAccess(
        base="dc=x", url="ldap://127.0.0.1:9/", bind_dn="cn=node,dc=x", password=password
    )
    save_site(path, Site("test", (node,), access))


def unit_of(site_file: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["node", "--site", str(site_file), "--systemd-unit", *options]) == 0
    return capsys.readouterr().out


def test_the_unit_starts_this_very_program_with_this_site(
    site_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = unit_of(site_file, capsys, "--node", NODE)
    line = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    program, *words = line.removeprefix("ExecStart=").split()
    assert Path(program).is_file()
    told = subprocess.run([program, "node", "--help"], capture_output=True, text=True, check=True)
    assert "--systemd-unit" in told.stdout
    assert words == ["node", "--site", str(site_file), "--node", NODE, "--state",
                     "/var/lib/rekindle-node"]  # fmt: skip
    assert "Restart=on-failure" in text


def test_systemd_finds_nothing_wrong_with_the_unit(
    site_file: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "rekindle-node.service"
    file.write_text(unit_of(site_file, capsys))
    program = shutil.which("systemd-analyze")
    assert program, "install systemd"
    done = subprocess.run([program, "verify", str(file)], capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if "rekindle-node" in line]
    assert done.returncode == 0, done.stderr
    assert said == []


@pytest.mark.parametrize("path", ["/etc/my site.yaml", '/etc/a"b.yaml', "/etc/50%$x.yaml"])
def test_a_path_that_systemd_would_read_otherwise_is_quoted(tmp_path: Path, path: str) -> None:
    file = tmp_path / "rekindle-node.service"
    file.write_text(unit(("/bin/echo",), NODE, Path(path)))
    program = shutil.which("systemd-analyze")
    assert program, "install systemd"
    done = subprocess.run([program, "verify", str(file)], capture_output=True, text=True)
    assert "rekindle-node" not in done.stderr
    literal = path.replace("%", "%%").replace("$", "$$").replace('"', '\\"')
    assert literal in file.read_text()


def test_a_password_that_is_typed_is_refused_for_a_service(
    tmp_path: Path, site_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_site(site_file, SecretReference("prompt", ""))
    assert main(["node", "--site", str(site_file), "--systemd-unit"]) == 2
    assert "a service has none" in capsys.readouterr().err


def test_a_node_that_the_site_does_not_have_is_bad_input(
    site_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["node", "--site", str(site_file), "--node", "node-09", "--once"]) == 2
    assert f"it has {NODE}" in capsys.readouterr().err


def test_a_directory_that_does_not_answer_is_told_at_once(
    site_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text("only-for-this-test-5b2")
    (tmp_path / "secret").chmod(0o600)
    assert main(["node", "--site", str(site_file), "--once"]) == 1
    said = capsys.readouterr().err
    assert "does not answer" in said
    assert "only-for-this-test" not in said

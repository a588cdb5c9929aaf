"""`rekindle plans`, `dashboard` and `run virtual_machine.plan`, on a directory of LDIF files."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.real.slapd_support import BASE, MACHINE, SERVICES, write_ldif_folder
from tui.main import main

WHOLE = f"ou=backup,ou=configuration,{SERVICES}"


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TZ", "Europe/Zurich")
    write_ldif_folder(tmp_path / "ldif")
    path = tmp_path / "site.yaml"
    path.write_text(
        yaml.safe_dump({
            "name": "berne",
            "directory": {"base": BASE, "ldif_folder": str(tmp_path / "ldif")},
            "nodes": [{"name": "node-01.example.org", "uri": "test:///default",
                       "shell": {"kind": "local"}}],
        })
    )  # fmt: skip
    return path


def told(capsys, *words):
    code = main(list(words))
    return code, capsys.readouterr().out


def test_the_table_tells_whose_plan_counts_and_when_it_runs(site, capsys):
    code, out = told(capsys, "plans", "--site", str(site))
    assert code == 0
    head, line = out.splitlines()
    assert head.startswith("MACHINE  PLAN OF   TIMETABLE       NEXT RUN (Europe/Zurich)")
    assert line.startswith("web01    site      0 3 * * *")
    assert " 03:00 CE" in line
    assert line.endswith("UTC)")


def test_one_machine_is_shown_with_every_setting_and_what_is_a_default(site, capsys):
    for name in ("web01", MACHINE):
        code, out = told(capsys, "plans", "--site", str(site), "--machine", name)
        assert code == 0
        assert f"plan of     site  {WHOLE}" in out
        lines = [" ".join(line.split()) for line in out.splitlines()]
        assert "sstBackupNumberOfIterations 1" in lines
        assert "sstVirtualizationDiskImageFormat qcow2 (default)" in lines
        assert sum(line.startswith("next run") for line in lines) == 3


def test_as_json_with_both_clocks(site, capsys):
    _, out = told(capsys, "plans", "--site", str(site), "--json")
    (plan,) = json.loads(out)
    assert (plan["origin"], plan["excluded"], plan["followed"]) == ("site", False, True)
    assert plan["next_runs"][0]["utc"].endswith("+00:00")


def test_a_timetable_that_cannot_be_read_is_told_and_the_rest_is_shown(site, capsys, tmp_path):
    base = tmp_path / "ldif" / "base.ldif"
    base.write_text(base.read_text().replace("sstCronHour: 3", "sstCronHour: 25"))
    code, out = told(capsys, "plans", "--site", str(site))
    assert code == 2
    assert "'25' is outside 0 to 23" in out


def test_an_unknown_machine_is_bad_input(site, capsys):
    assert main(["plans", "--site", str(site), "--machine", "none"]) == 2
    assert "no machine 'none'" in capsys.readouterr().err


def test_a_machine_is_excluded_and_included_by_answer_files(site, capsys, tmp_path):
    for what, excluded in (("exclude", True), ("include", False)):
        answers = tmp_path / f"{what}.yaml"
        answers.write_text(
            yaml.safe_dump({
                "rekindle": 1, "procedure": "virtual_machine.plan",
                "answers": {"scope": "machine", "machine": MACHINE, "what": what},
            })
        )  # fmt: skip
        words = ["virtual_machine.plan", "--site", str(site), "--answers", str(answers)]
        assert main(["run", *words, "--yes"]) == 0
        capsys.readouterr()
        _, out = told(capsys, "plans", "--site", str(site), "--json")
        assert json.loads(out)[0]["excluded"] is excluded


def test_the_dashboard_of_a_site_with_a_real_libvirt_and_its_exit_code(site, capsys, tmp_path):
    base = tmp_path / "ldif" / "base.ldif"
    text = base.read_text()
    for name in ("backup/virtualization", "virtualization/retain"):
        text = text.replace(f"file:///var/{name}", f"file://{tmp_path}/{name}")
    base.write_text(text)
    folder = tmp_path / "backup/virtualization/vm-persistent/pool" / MACHINE / "20121002T010000Z"
    folder.mkdir(parents=True)
    for name in (*(f"{MACHINE}.{kind}" for kind in ("state", "xml", "ldif")), "one.qcow2"):
        (folder / f"{name}.20121002T010000Z").write_bytes(b"x" * 5000)
    code, out = told(capsys, "dashboard", "--site", str(site))
    assert code == 1
    lines = out.splitlines()
    assert lines[0].startswith("1 machine, 1 overdue, 0 stuck, ")
    assert any(line.startswith("! web01  ") and line.endswith(" days") for line in lines)
    assert "    backup    not backed up since 2 Oct 2012" in out
    assert "not foretold: 1 night: too few for a trend" in out
    code, out = told(capsys, "dashboard", "--site", str(site), "--json")
    data = json.loads(out)
    assert data["machines"][0]["missed"] is True
    assert data["silent"] == []

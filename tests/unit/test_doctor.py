"""The doctor: findings with remedies, and an exit code that tells whether there is an error."""

import json
import os
import stat
from pathlib import Path

import pytest

from config.secrets import Secret, SecretReference
from config.site import (
    BackupServer,
    DirectoryAccess,
    EngineAccess,
    EngineHost,
    EngineMachine,
    ShellAccess,
    Site,
)
from steps.doctor import folders, software
from steps.doctor.diagnosis import Diagnosis, concern, fault, fine, healthy
from steps.doctor.site import examine_site, gather_secrets
from tui.commands.doctor import as_lines
from tui.main import main


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def by_topic(diagnoses):
    return {diagnosis.topic: diagnosis for diagnosis in diagnoses}


def test_this_installation_is_complete():
    found = by_topic(software.examine_software())
    for topic in ("Python", "SHA-256", "textual", *(name for _, name, _ in software.LIBRARIES)):
        assert found[topic].level == "ok", found[topic]
    assert found["textual"].seen.startswith("8.")
    assert "qemu-img version" in found["qemu-img"].seen
    assert found["PostgreSQL"].level == "ok"
    assert found["runner"].seen.startswith("started ")


def test_every_finding_that_is_not_ok_has_a_remedy(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(software, "LIBRARIES", (("no_such_module", "no-such", "nothing works"),))
    monkeypatch.setattr(software, "PROGRAMS", (("qemu-img", ("qemu-img",), "qemu-utils"),))
    monkeypatch.setattr("hashlib.sha256", lambda: None)
    found = by_topic(software.examine_software())
    assert found["no-such"].level == "error"
    assert "nothing works" in found["no-such"].seen
    assert found["qemu-img"].level == "warning"
    assert "qemu-utils" in found["qemu-img"].remedy
    assert found["SHA-256"].level == "warning"
    assert all(diagnosis.remedy for diagnosis in found.values() if diagnosis.level != "ok")


def test_a_program_that_does_not_run_is_told(tmp_path):
    path = tmp_path / "qemu-img"
    path.write_text("no program\n")
    path.chmod(0o700)
    assert "does not run" in software.program_version(str(path))
    path.write_text("#!/bin/sh\necho ' qemu-img   version 9 '\necho more\n")
    assert software.program_version(str(path)) == "qemu-img version 9"


def test_a_program_that_is_asked_for_its_version_learns_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("LDAP_PASSWORD", "not for a program's eyes")
    path = tmp_path / "curious"
    path.write_text('#!/bin/sh\necho "knows ${LDAP_PASSWORD:-nothing}"\n')
    path.chmod(0o755)
    assert software.program_version(str(path)) == "knows nothing"


def test_folders_are_made_private_and_locks_hold(home):
    found = by_topic(folders.examine_folders())
    assert {diagnosis.level for diagnosis in found.values()} == {"ok"}
    assert "locks hold on" in found["runs lock"].seen
    assert stat.S_IMODE((home / "state" / "runs").stat().st_mode) == 0o700
    assert list((home / "state" / "runs").iterdir()) == []


def test_a_state_folder_that_cannot_be_used_is_an_error(home):
    home.mkdir()
    (home / "state").write_text("a file in the way")
    found = by_topic(folders.examine_folders())
    assert found["state folder"].level == "error"
    assert found["runs folder"].level == "error"
    assert "runs lock" not in found
    assert found["cache folder"].level == "ok"


def test_a_folder_that_others_may_write_is_an_error(home):
    (home / "state").mkdir(parents=True)
    (home / "state").chmod(0o777)
    found = by_topic(folders.examine_folders())
    assert found["state folder"].level == "error"
    assert "chmod go-w" in found["state folder"].remedy


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:50 / /srv rw - nfs4 filer:/srv rw
31 30 0:51 / /srv/with\\040space rw - xfs /dev/sdb rw
32 22 0:52 / /mnt rw - ext4 /dev/sdc rw
33 32 0:53 / /mnt rw - fuse.sshfs host: rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/x", "ext4"),
        ("/srv", "nfs4"),
        ("/srv/x/y", "nfs4"),
        ("/srvx", "ext4"),
        ("/srv/with space/x", "xfs"),
        ("/mnt/x", "fuse.sshfs"),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(path, kind, tmp_path):
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS)
    assert folders.file_system(Path(path), table) == kind


def test_a_remote_file_system_is_a_warning(monkeypatch):
    monkeypatch.setattr(folders, "file_system", lambda _path: "nfs4")
    found = by_topic(folders.examine_folders())
    assert found["runs lock"].level == "warning"
    assert "REKINDLE_HOME" in found["runs lock"].remedy


def site(reference):
    directory = DirectoryAccess("dc=x", "ldaps://192.0.2.1", bind_dn="cn=m", password=reference)
    return Site("s", directory=directory)


def test_a_secret_that_must_be_typed_is_not_asked_for_without_a_terminal():
    secrets, found = gather_secrets(site(SecretReference("prompt")), None)
    assert secrets == {}
    assert [(d.topic, d.level) for d in found] == [("directory password", "warning")]


def test_a_secret_that_must_be_typed_is_asked_for_in_a_terminal():
    secrets, found = gather_secrets(site(SecretReference("prompt")), lambda _title: Secret("pw"))
    assert secrets == {"directory password": Secret("pw")}
    assert healthy(found)


def test_a_secret_that_cannot_be_had_is_an_error_and_its_directory_is_not_asked(tmp_path):
    path = tmp_path / "secret"
    path.write_text("correct horse\n")
    path.chmod(0o644)
    named = site(SecretReference("file", str(path)))
    secrets, found = gather_secrets(named, None)
    assert [(d.topic, d.level) for d in found] == [("directory password", "error")]
    assert "chmod 600" in found[0].remedy
    reached = by_topic(examine_site(named, secrets, seconds=120))
    assert reached["directory"].level == "warning"
    assert "not asked" in reached["directory"].seen


def test_a_site_without_nodes_or_directory_is_told_so():
    found = by_topic(examine_site(Site("empty"), {}))
    assert found["nodes"].level == found["directory"].level == "warning"


def test_an_engine_host_is_asked_whether_it_has_its_tool():
    hosts = (
        EngineHost("h1", ShellAccess(), ("sh", "-x")),
        EngineHost("h2", ShellAccess(), ("no-such-tool",)),
    )
    found = by_topic(examine_site(Site("s", engine_hosts=hosts), {}, seconds=120))
    assert found["h1 shell"].level == found["h1 hosted-engine"].level == "ok"
    assert found["h2 hosted-engine"].level == "warning"
    assert "no-such-tool is not there" in found["h2 hosted-engine"].seen
    assert "nodes" not in found


def test_the_engines_machine_and_the_backup_servers_are_looked_at(tmp_path):
    machine = EngineMachine("e1", ShellAccess())
    servers = (
        BackupServer("b1", ShellAccess(), str(tmp_path)),
        BackupServer("b2", ShellAccess(), str(tmp_path / "none")),
    )
    engine = EngineAccess("https://127.0.0.1:1", machine=machine)
    found = by_topic(
        examine_site(Site("s", engine=engine, backup_servers=servers), {}, seconds=120)
    )
    assert found["e1 shell"].level == found[f"b1 {tmp_path}"].level == "ok"
    assert "engine-backup is not there" in found["e1 engine-backup"].seen
    assert "not there" in found[f"b2 {tmp_path / 'none'}"].seen


def test_a_site_is_healthy_without_errors():
    assert healthy([fine("a", "b"), concern("a", "b", "c")])
    assert not healthy([fine("a", "b"), fault("a", "b", "c")])


def test_a_finding_is_a_line_and_its_remedy_one_more():
    lines = list(as_lines(Diagnosis("disk", "error", "full\nreally", "Make room.\nSoon.")))
    assert lines == [
        "error    disk: full", "           really", "           do: Make room.",
        "               Soon.",
    ]  # fmt: skip


def test_a_site_file_with_several_mistakes_is_told_in_whole_sentences(tmp_path, capsys):
    path = tmp_path / "s.yaml"
    path.write_text("name: berne\nfoo: 1\nbar: 2\n")
    assert main(["--site", str(path), "doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    (at,) = [n for n, line in enumerate(lines) if "site file: " in line]
    assert "line 2, foo: there is no such field here." in lines[at]
    assert "line 3, bar: there is no such field here." in lines[at + 1]
    assert "do: Correct these 2 places" in lines[at + 2]
    assert ".;" not in "".join(lines)


def test_the_command_prints_words_and_a_summary(capsys):
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines[:-1]} <= {"ok", "warning", "error", "do:"}
    assert lines[-1].endswith(" 0 errors")
    warnings = sum(line.startswith("warning") for line in lines)
    assert f", {warnings} warning{'' if warnings == 1 else 's'}, " in lines[-1]
    assert any("there is none yet" in line for line in lines)


def test_the_command_prints_json_and_tells_errors_by_its_exit_code(tmp_path, capsys):
    path = tmp_path / "site.yaml"
    path.write_text("nam: x\n")
    assert main(["doctor", "--json", "--site", str(path)]) == 1
    found = by_topic(Diagnosis(**item) for item in json.loads(capsys.readouterr().out))
    assert found["site file"].level == "error"
    assert "Did you mean name?" in found["site file"].seen
    assert found["Python"].level == "ok"


def test_nothing_is_left_in_the_environment_or_working_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    main(["doctor"])
    assert dict(os.environ) == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["home"]

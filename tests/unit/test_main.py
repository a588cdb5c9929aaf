"""The command line: dispatch, errors in an operator's words, exit codes."""

import errno
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

import tui.main
from config.errors import Interrupted, InvalidInput, Refused, StepFailed, Unreachable
from config.secrets import Secret
from config.site import Site
from config.version import __version__
from tui.main import COMMANDS, main

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def command(monkeypatch):
    """Make `rekindle try` run a function of the test."""

    def make(run, add_arguments=lambda parser: None):
        module = types.ModuleType("tui.commands.try")
        module.run, module.add_arguments = run, add_arguments
        module.__doc__ = "Try something."
        monkeypatch.setitem(COMMANDS, "try", "try something")
        monkeypatch.setitem(sys.modules, "tui.commands.try", module)

    return make


def failing(error):
    def run(_arguments):
        raise error

    return run


def start(*arguments, **options):
    """A real process of the program."""
    return subprocess.run(
        [sys.executable, "-m", "tui.main", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=240,
        stdin=subprocess.DEVNULL,
        **options,
    )


@pytest.mark.parametrize("arguments", [["--version"], ["--plain", "--version"]])
def test_the_version_is_printed(arguments, capsys):
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"rekindle {__version__}\n"


def test_help_names_every_command_in_a_line_of_80_columns(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for name in COMMANDS:
        assert any(line.split()[:1] == [name] for line in text.splitlines())
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_module_and_help(name, capsys):
    assert main([name, "--help"]) == 0
    assert f"usage: rekindle {name}" in capsys.readouterr().out


def test_an_unknown_command_is_bad_input_with_the_nearest_one(capsys):
    assert main(["reprot"]) == 2
    assert "Did you mean report?" in capsys.readouterr().err


def test_an_unknown_option_is_bad_input(capsys):
    assert main(["site", "--nonsense"]) == 2
    assert "--nonsense" in capsys.readouterr().err
    assert main(["--nonsense"]) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--site", "/s.yaml", "--plain", "--mouse", "try"],
        ["try", "--site", "/s.yaml", "--plain", "--mouse"],
        ["--site", "/wrong.yaml", "try", "--mouse", "--plain", "--site=/s.yaml"],
    ],
)
def test_shared_options_stand_before_or_after_the_command(arguments, command):
    seen = []
    command(lambda given: seen.append(given) or 7)
    assert main(arguments) == 7
    assert (seen[0].site, seen[0].plain, seen[0].mouse) == (Path("/s.yaml"), True, True)


def test_a_command_may_define_a_shared_option_anew(command):
    seen = []
    command(
        lambda given: seen.append(given) or 0,
        lambda parser: parser.add_argument("--site", choices=["a", "b"]),
    )
    assert main(["try", "--site", "b"]) == 0
    assert seen[0].site == "b"
    assert main(["try", "--site", "c"]) == 2


def test_arguments_after_the_command_belong_to_it(command):
    seen = []
    command(
        lambda given: seen.append(given) or 0,
        lambda parser: [parser.add_argument("--version"), parser.add_argument("names", nargs="*")],
    )
    assert main(["try", "--version", "3", "list", "run"]) == 0
    assert (seen[0].version, seen[0].names) == ("3", ["list", "run"])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("bad", "fix it"), 2),
        (Refused("no", "fix it"), 3),
        (Unreachable("gone", "fix it"), 1),
        (StepFailed("broke", "fix it"), 1),
        (Interrupted("stopped", "fix it"), 130),
    ],
)
def test_our_errors_are_a_message_a_remedy_and_a_code(error, code, command, capsys, home):
    command(failing(error))
    assert main(["try"]) == code
    assert capsys.readouterr().err == f"rekindle: {error.message}\n  fix it\n"
    assert not home.exists()


def test_an_error_without_a_remedy_is_one_line(command, capsys):
    command(failing(Refused("no")))
    assert main(["try"]) == 3
    assert capsys.readouterr().err == "rekindle: no\n"


def test_every_line_of_a_remedy_is_set_in(command, capsys):
    command(failing(InvalidInput("bad", "do this\nor that")))
    assert main(["try"]) == 2
    assert capsys.readouterr().err == "rekindle: bad\n  do this\n  or that\n"


def test_ctrl_c_ends_quietly(command, capsys):
    command(failing(KeyboardInterrupt()))
    assert main(["try"]) == 130
    assert capsys.readouterr().err == ""


def test_an_unexpected_error_is_a_line_and_a_private_log(command, capsys, home):
    def run(_arguments):
        password = Secret("correct horse")
        raise ValueError(f"broken near {password}")

    command(run)
    assert main(["try"]) == 1
    told = capsys.readouterr().err
    logs = list((home / "state" / "log").iterdir())
    assert len(logs) == 1
    assert str(logs[0]) in told
    assert "Traceback" not in told
    text = logs[0].read_text()
    assert "Traceback" in text
    assert "ValueError" in text
    assert "correct horse" not in text
    assert logs[0].stat().st_mode & 0o777 == 0o600


def test_the_log_lands_somewhere_even_when_the_state_folder_is_broken(
    command, capsys, home, monkeypatch, tmp_path
):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    home.write_text("a file in the way")
    command(failing(ZeroDivisionError()))
    assert main(["try"]) == 1
    logs = list(tmp_path.glob("crash-*.log"))
    assert len(logs) == 1
    assert str(logs[0]) in capsys.readouterr().err


def test_an_unexpected_error_is_told_even_where_no_log_can_be_kept(command, capsys, monkeypatch):
    def full(_error):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tui.crash_log.write_crash_log", full)
    command(failing(ValueError("odd value")))
    assert main(["try"]) == 1
    told = capsys.readouterr().err
    assert "ValueError" in told
    assert "could not be kept: No space left on device. odd value" in told


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["list"], ["--version"], ["site", "--example"]])
def test_output_to_a_full_disk_is_told_in_words(arguments, unbuffered, home):
    with open("/dev/full", "wb") as full:
        process = subprocess.run(
            [sys.executable, "-m", "tui.main", *arguments],
            cwd=PROJECT, stdout=full, stderr=subprocess.PIPE, timeout=240, text=True,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert process.returncode == 1
    assert process.stderr == (
        "rekindle: No space is left on the device that is written to.\n"
        "  Free some space there and try again.\n"
    )
    assert not home.exists()


def test_a_full_disk_is_named_where_it_is_known(command, capsys):
    command(failing(OSError(errno.ENOSPC, "No space left on device", "/srv/x")))
    assert main(["try"]) == 1
    assert "No space is left on /srv/x." in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [sys.executable, "-m", "tui.main", "site", "--example"],
        cwd=PROJECT,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=240,
    )
    os.close(writing)
    assert process.returncode == 141
    assert process.stderr == b""


def test_another_broken_pipe_is_not_taken_for_a_reader_that_left(command, capsys, home):
    command(failing(BrokenPipeError(32, "Broken pipe")))
    assert main(["try"]) == 1
    assert "BrokenPipeError" in capsys.readouterr().err
    assert list((home / "state" / "log").iterdir())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [("nonsense 2>&- <&-", 2), ("--version >&-", 0), ("site --example >&-", 0)],
)
def test_closed_standard_streams_do_not_break_it(arguments, code, home):
    command = f"exec {sys.executable} -m tui.main {arguments}"
    process = subprocess.run(
        ["sh", "-c", command], cwd=PROJECT, timeout=240, check=False, stderr=subprocess.PIPE
    )
    assert (process.returncode, process.stderr) == (code, b"")
    assert not home.exists()


def test_a_current_folder_that_is_gone_does_not_break_it(tmp_path):
    code = (
        f"import os, sys; sys.path.append({str(PROJECT)!r})\n"
        "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n"
        "from tui.main import console\n"
        "sys.argv = ['rekindle', '--version']\n"
        "console()\n"
    )
    process = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert process.stdout == f"rekindle {__version__}\n", process.stderr


def test_site_prints_the_example_and_checks_it(tmp_path):
    example = start("site", "--example").stdout
    path = tmp_path / "s.yaml"
    path.write_text(example)
    checked = start("site", "--check", str(path))
    assert checked.returncode == 0
    assert checked.stdout.startswith(f"ok  {path}: site berne")
    path.write_text(example.replace("uri:", "url:"))
    wrong = start("site", "--check", str(path))
    assert wrong.returncode == 2
    assert "Did you mean uri?" in wrong.stderr


def test_site_shows_the_site_in_use(tmp_path, capsys):
    from config.site_example import EXAMPLE

    path = tmp_path / "s.yaml"
    path.write_text(EXAMPLE)
    assert main(["site", "--site", str(path)]) == 0
    text = capsys.readouterr().out
    for word in ("berne", "vm-node-01.example.org", "ldaps://ldap.example.org", "SSH to root@"):
        assert word in text
    assert main(["--site", str(path), "site", "--json"]) == 0
    import json

    assert json.loads(capsys.readouterr().out)["nodes"][0]["shell"]["kind"] == "ssh"


def test_site_shows_engine_hosts_with_their_command(tmp_path, capsys):
    path = tmp_path / "s.yaml"
    path.write_text("name: berne\nengine_hosts:\n  - {name: h1, command: he --x}\n")
    assert main(["site", "--site", str(path)]) == 0
    text = capsys.readouterr().out
    assert "Engine host  h1" in text
    assert "command    he --x" in text
    assert main(["site", "--check", str(path)]) == 0
    assert capsys.readouterr().out.endswith("hypervisor nodes: 0, engine hosts: 1\n")


def test_the_check_of_a_site_counts_engine_machines_and_backup_servers(tmp_path, capsys):
    path = tmp_path / "s.yaml"
    path.write_text(
        "name: berne\nengine: {url: https://e, machine: {name: e}}\n"
        "backup_servers:\n  - {name: b1, folder: /b}\n  - {name: b2, folder: /b}\n"
    )
    assert main(["site", "--check", str(path)]) == 0
    told = "hypervisor nodes: 0, engine machines: 1, backup servers: 2"
    assert told in capsys.readouterr().out
    main(["--site", str(path), "doctor", "--seconds", "0.01"])
    assert f"site berne, {told}" in capsys.readouterr().out


def test_without_a_site_file_the_remedy_says_how_to_begin(capsys):
    assert main(["site"]) == 2
    assert "rekindle site --example" in capsys.readouterr().err


def test_list_knows_the_procedures(capsys):
    import json

    assert main(["list"]) == 0
    assert "virtual_machine.restore" in capsys.readouterr().out
    assert main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    names = [procedure["name"] for procedure in found]
    assert "virtual_machine.restore" in names
    assert all(procedure["questions"] for procedure in found)


@pytest.mark.parametrize(("options", "plain"), [([], True), (["--plain"], True)])
def test_without_a_terminal_the_wizard_is_plain(options, plain, monkeypatch):
    chosen = []
    plain_wizard = types.ModuleType("tui.plain")
    plain_wizard.run_wizard = lambda site: chosen.append(("plain", site)) or 0
    monkeypatch.setitem(sys.modules, "tui.plain", plain_wizard)
    assert main(options) == 0
    assert chosen == [("plain", None)]


def test_in_a_terminal_the_wizard_is_full_screen_and_gets_the_site(monkeypatch, tmp_path):
    import tui.terminal_guard

    chosen = []
    full = types.ModuleType("tui.app")
    full.run_home = lambda find_site, *, mouse: chosen.append((find_site(), mouse)) or 5
    monkeypatch.setitem(sys.modules, "tui.app", full)
    monkeypatch.setattr(tui.terminal_guard, "plain_reason", lambda: "")
    path = tmp_path / "s.yaml"
    path.write_text("name: x\n")
    assert main(["--site", str(path), "--mouse"]) == 5
    assert chosen == [(Site("x", file=path), True)]


def test_a_broken_site_file_stops_the_wizard_before_it_starts(tmp_path, capsys):
    path = tmp_path / "s.yaml"
    path.write_text("nam: x\n")
    assert main(["--site", str(path)]) == 2
    assert "Did you mean name?" in capsys.readouterr().err


def test_the_project_folder_stays_importable_when_the_current_folder_is_dropped(monkeypatch):
    own = str(PROJECT)
    monkeypatch.chdir(PROJECT)
    monkeypatch.setattr(sys, "path", ["", "/usr/lib/x"])
    tui.main._leave_current_folder()
    assert sys.path == ["/usr/lib/x", own]

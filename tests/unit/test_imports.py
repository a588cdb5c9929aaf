"""Who may import whom, and that nothing heavy is loaded before it is needed."""

import ast
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.bench.conflicts import command_words

PROJECT = Path(__file__).resolve().parents[2]
HEAVY = ("textual", "paramiko", "libvirt", "ovirtsdk4", "ldap", "lxml", "keyring", "jinja2")
FORBIDDEN = {"config": {"steps", "tui"}, "steps": {"tui", "textual"}, "tui": set()}


def loaded_after(code):
    """Top-level names of the modules that a fresh interpreter has loaded after this code."""
    return {name.split(".")[0] for name in modules_after(code)}


def modules_after(code):
    """Full names of them."""
    program = (
        f"import sys\nsys.path.append({str(PROJECT)!r})\n{code}\n"
        "import json\nsys.stderr.write('LOADED' + json.dumps(sorted(sys.modules)))"
    )
    with tempfile.TemporaryDirectory() as home:
        result = subprocess.run(
            [sys.executable, "-P", "-c", program],
            env={**os.environ, "REKINDLE_HOME": home},
            capture_output=True,
            text=True,
            timeout=240,
        )
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stderr.partition("LOADED")[2]))


def modules_of(package):
    return [
        ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        for path in sorted((PROJECT / package).rglob("*.py"))
        if path.name != "__init__.py"
    ]


def imported_names(path):
    """Top-level names of everything a file imports, wherever in the file it does so."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_room_imports_only_rooms_to_its_left(package):
    files = sorted((PROJECT / package).rglob("*.py"))
    assert files
    for path in files:
        wrong = set(imported_names(path)) & FORBIDDEN[package]
        assert not wrong, f"{path.relative_to(PROJECT)} imports {wrong}"


def test_the_rule_above_would_see_a_forbidden_import(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("def f():\n    from steps.run import plan\n    import tui.app as app\n")
    assert set(imported_names(path)) == {"steps", "tui"}


def test_all_of_config_loads_nothing_heavy():
    loaded = loaded_after("\n".join(f"import {name}" for name in ["config", *modules_of("config")]))
    assert not loaded & set(HEAVY)


def test_steps_and_its_catalogue_load_nothing_heavy():
    assert not loaded_after("import steps, steps.catalogue, steps.procedure") & set(HEAVY)


def test_nothing_in_steps_ever_loads_textual():
    names = modules_of("steps")
    assert len(names) > 20
    assert "textual" not in loaded_after("\n".join(f"import {name}" for name in names))


def test_asking_for_the_procedures_never_loads_textual():
    loaded = loaded_after("from steps.catalogue import procedures; procedures()")
    assert "textual" not in loaded


def test_the_version_loads_neither_libraries_nor_argparse():
    loaded = loaded_after("from tui.main import main; assert main(['--version']) == 0")
    assert not loaded & {*HEAVY, "yaml", "argparse", "importlib.metadata", "steps"}


def test_help_loads_no_command_and_no_library():
    loaded = loaded_after("from tui.main import main; assert main(['--help']) == 0")
    assert not loaded & {*HEAVY, "yaml", "steps"}


def test_the_plain_commands_never_load_textual():
    helps = [f"{command} --help" for command in ("doctor", "runs", "inspect", "answers")]
    for command in ("list", "site --example", *helps):
        arguments = command.split()
        loaded = loaded_after(f"from tui.main import main; assert main({arguments!r}) == 0")
        assert "textual" not in loaded, command


def test_comparing_files_for_a_program_loads_nothing_that_only_writing_or_reading_needs(tmp_path):
    words = command_words(tmp_path)
    loaded = modules_after(f"from tui.main import main; assert main({words!r}) == 0")
    assert "steps.virtual_machine.compare" in loaded
    ours = {"documents", "merged_entries", "merged_xml", "entry_changes", "places", "previews"}
    assert not loaded & {f"steps.virtual_machine.{name}" for name in ours}
    assert not loaded & {"config.secrets", "config.site", "config.questions", "textwrap", "yaml"}
    assert not {name.split(".")[0] for name in loaded} & {*HEAVY, "yaml"} - {"lxml"}

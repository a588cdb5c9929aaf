"""Our three package names are generic: nobody else may claim them, and ours must be found."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
NAMES = ("tui", "steps", "config")


@pytest.mark.parametrize("name", NAMES)
def test_the_package_resolves_inside_the_project(name):
    module = __import__(name)
    assert Path(module.__file__) == PROJECT / name / "__init__.py"
    assert [Path(folder) for folder in module.__path__] == [PROJECT / name]


@pytest.mark.parametrize("name", [*NAMES, "tests"])
def test_no_other_installed_distribution_claims_the_name(name):
    claimed = importlib.metadata.packages_distributions().get(name, [])
    assert set(claimed) <= {"rekindle"}


def test_every_folder_of_the_packages_is_a_package():
    for name in NAMES:
        for folder in (PROJECT / name).rglob("*"):
            if folder.is_dir() and any(folder.glob("*.py")):
                assert (folder / "__init__.py").exists(), folder


def test_a_foreign_package_in_the_current_folder_does_not_shadow_ours(tmp_path):
    for name in ("config", "steps", "yaml", "argparse"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('shadowed')\n")
    # As the console script starts: our folder is on the path, and the current one before it.
    code = (
        "import os, sys\n"
        f"sys.path.append({str(PROJECT)!r})\n"
        "from tui.main import console\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "sys.path[:0] = ['', os.getcwd()]\n"
        "sys.argv = ['rekindle', 'site', '--example']\n"
        "console()\n"
    )
    result = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=240
    )
    assert result.returncode == 0, result.stderr
    assert "nodes:" in result.stdout

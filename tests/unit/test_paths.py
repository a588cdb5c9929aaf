"""Our own folders: where they are, and that nobody else reads or writes them."""

import os
import stat
from pathlib import Path

import pytest

from config import paths
from config.errors import InvalidInput, Refused
from config.private_files import write_private


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in ("REKINDLE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/ops")


def test_without_settings_the_xdg_defaults_hold():
    assert paths.default_site_file() == Path("/home/ops/.config/rekindle/site.yaml")
    assert paths.runs_folder() == Path("/home/ops/.local/state/rekindle/runs")
    assert paths.cache_folder() == Path("/home/ops/.cache/rekindle")


def test_xdg_variables_move_each_folder(monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/a")
    monkeypatch.setenv("XDG_STATE_HOME", "/b")
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    assert paths.config_folder() == Path("/a/rekindle")
    assert paths.log_folder() == Path("/b/rekindle/log")
    assert paths.cache_folder() == Path("/c/rekindle")


def test_a_relative_xdg_value_is_ignored(monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    assert paths.state_folder() == Path("/home/ops/.local/state/rekindle")


def test_one_variable_moves_everything(monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "/b")
    monkeypatch.setenv("REKINDLE_HOME", "/srv/r")
    assert paths.default_site_file() == Path("/srv/r/config/site.yaml")
    assert paths.runs_folder() == Path("/srv/r/state/runs")
    assert paths.answers_folder() == Path("/srv/r/state/answers")


def test_a_relative_rekindle_home_is_refused(monkeypatch):
    monkeypatch.setenv("REKINDLE_HOME", "here")
    with pytest.raises(InvalidInput, match="'here'"):
        paths.state_folder()


def test_every_folder_on_the_way_is_made_for_the_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        made = paths.private_folder(tmp_path / "a" / "b" / "c")
    finally:
        os.umask(before)
    for folder in (made, made.parent, made.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_existing_folder_is_left_as_it_is(tmp_path):
    tmp_path.chmod(0o755)
    assert paths.private_folder(tmp_path) == tmp_path
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o1777])
def test_a_folder_that_others_may_write_is_refused(tmp_path, mode):
    tmp_path.chmod(mode)
    with pytest.raises(Refused, match="can be written by others"):
        paths.private_folder(tmp_path)


def test_a_folder_of_somebody_else_is_refused(tmp_path, monkeypatch):
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(Refused, match="belongs to somebody else"):
        paths.private_folder(tmp_path)


def test_a_file_in_the_way_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="cannot be made"):
        paths.private_folder(tmp_path / "file" / "below")


def test_a_private_file_replaces_the_old_one_whole(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["x.yaml"]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_private(target, "text")
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_private(tmp_path / "missing" / "x", "text")
    assert os.listdir(tmp_path) == ["folder"]

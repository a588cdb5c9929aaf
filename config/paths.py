"""Where Rekindle keeps its own files: XDG base directories, or all of them below REKINDLE_HOME.

The functions of the first half only compute; `private_folder` makes a folder for its owner alone.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from config.errors import InvalidInput, Refused

HOME_VARIABLE = "REKINDLE_HOME"
"""Environment variable that moves configuration, state and cache below one folder."""


def config_folder() -> Path:
    """Folder of the site file and whatever else the operator writes."""
    return _folder("config", "XDG_CONFIG_HOME", ".config")


def state_folder() -> Path:
    """Folder of runs and logs: what must outlive a reboot."""
    return _folder("state", "XDG_STATE_HOME", ".local/state")


def cache_folder() -> Path:
    """Folder of what can be made again."""
    return _folder("cache", "XDG_CACHE_HOME", ".cache")


def runs_folder() -> Path:
    """Folder with one folder a run."""
    return state_folder() / "runs"


def log_folder() -> Path:
    """Folder of Rekindle's own error logs."""
    return state_folder() / "log"


def answers_folder() -> Path:
    """Folder where the wizard saves answers."""
    return state_folder() / "answers"


def known_cas_folder() -> Path:
    """Folder of the CAs of engines that the operator confirmed."""
    return config_folder() / "known_cas"


def default_site_file() -> Path:
    """The site file that is read where none is named."""
    return config_folder() / "site.yaml"


def private_folder(path: Path) -> Path:
    """Make a folder with its missing parents, mode 0700, and return it.

    Raises Refused where somebody else owns it or may write into it, InvalidInput where it cannot
    be made.
    """
    try:
        _make(path)
        status = path.stat()
    except OSError as error:
        raise InvalidInput(
            f"The folder {path} cannot be made: {error.strerror}.",
            f"Make it yourself, or name another place in {HOME_VARIABLE}.",
        ) from error
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Refused(
            f"The folder {path} belongs to somebody else or can be written by others.",
            f"As its owner: chmod go-w {path}; or name another place in {HOME_VARIABLE}.",
        )
    return path


def _make(path: Path) -> None:
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)


def _folder(kind: str, variable: str, below_home: str) -> Path:
    override = os.environ.get(HOME_VARIABLE, "")
    if override:
        return _absolute(override) / kind
    # The XDG specification says that a relative value is invalid and must be ignored.
    base = os.environ.get(variable, "")
    if os.path.isabs(base):
        return Path(base) / "rekindle"
    return _user_home() / below_home / "rekindle"


def _absolute(override: str) -> Path:
    if not os.path.isabs(override):
        raise InvalidInput(
            f"{HOME_VARIABLE} is {override!r}, which is not an absolute path.",
            f"Set {HOME_VARIABLE} to a full path, or unset it.",
        )
    return Path(override)


def _user_home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise InvalidInput(
            "This user has no home folder.", f"Set HOME or {HOME_VARIABLE}."
        ) from error

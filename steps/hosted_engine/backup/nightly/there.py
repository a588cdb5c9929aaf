"""What a nightly backup goes by on its host: its command, its answers, its site file.

All of it is read where it lies: that host's site file may have another folder than ours.
"""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeVar

from config.answer_file import AnswerFile, load_answers
from config.errors import InvalidInput
from config.interviews.hosted_engine_backup import BACKUP
from config.site import Site
from config.site_file import load_site
from steps.hosted_engine.backup.plan import NAME as BACKUP_NAME
from steps.targets.shell import Shell

_LARGEST: Final = 1 << 20
_EXEC: Final = "ExecStart="
_Read = TypeVar("_Read")


def unit_command(text: str) -> tuple[str, ...]:
    """The command of a service unit, as it was before it was written there."""
    lines = (line for line in text.splitlines() if line.startswith(_EXEC))
    line = next(lines, _EXEC).removeprefix(_EXEC)
    return _words(line.replace("%%", "%").replace("$$", "$"))


def cron_command(line: str) -> tuple[str, ...]:
    """The same of what follows the user in a crontab line."""
    return _words(line.replace("\\%", "%"))


def _words(line: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(line))
    except ValueError:
        return ()


def kept_at(shell: Shell, command: Sequence[str], ours: Site) -> tuple[str, str]:
    """Server and folder where that command puts its archives; `ours` counts where it names no site
    file. Raises InvalidInput where that cannot be told.
    """
    path = _option(command, "--answers")
    if not path:
        raise InvalidInput(
            f"What is started on {shell.where} names no answer file.",
            "Look at its unit file or crontab line.",
        )
    answers = answers_there(shell, path).answers
    file, name = _option(command, "--site"), str(answers.get("server") or "")
    site = site_there(shell, file) if file else ours
    server = site.backup_server(name)
    if server is None:
        raise InvalidInput(
            f"{file or 'the site file'} on {shell.where} names no backup server {name!r}.",
            "Look at the answers of the nightly backup.",
        )
    return name, server.folder.rstrip("/")


def answers_there(shell: Shell, path: str) -> AnswerFile:
    """The answers of the backup on that host. Raises InvalidInput."""
    return _read(shell, path, lambda copy: load_answers(copy, BACKUP, BACKUP_NAME))


def site_there(shell: Shell, path: str) -> Site:
    """The site file on that host. Raises InvalidInput."""
    return _read(shell, path, load_site)


def _option(command: Sequence[str], name: str) -> str:
    return dict(pairwise(command)).get(name, "")


def _read(shell: Shell, path: str, load: Callable[[Path], _Read]) -> _Read:
    data = shell.read(path, limit=_LARGEST)
    with tempfile.TemporaryDirectory(prefix="rekindle-") as folder:
        copy = Path(folder) / "there.yaml"
        copy.write_bytes(data)
        try:
            return load(copy)
        except InvalidInput as error:
            raise InvalidInput(error.message.replace(str(copy), path), error.remedy) from error

"""The backups that a folder keeps, by the records beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from steps.hosted_engine.backup.job import LOG, RECORD, SUMS
from steps.hosted_engine.backup.record import LONGEST_LINE, Summary, read_summary, without_sums
from steps.hosted_engine.backup.step_keep import read_text
from steps.targets.shell import Shell

_SECONDS: Final = 120.0
_LIST: Final = r"""
cd -- "$1" 2>/dev/null || exit 0
for file in *.json; do
  [ -f "$file" ] && [ ! -L "$file" ] && head -n 1 -- "$file" | head -c "$2" && echo
done
exit 0
"""


def kept_backups(shell: Shell, folder: str) -> tuple[Summary, ...]:
    """Every backup with a record there, the newest first; whatever else lies there is not told."""
    command = ["/bin/sh", "-c", _LIST, "sh", folder, str(LONGEST_LINE)]
    said = shell.run(command, timeout=_SECONDS).out
    found = (read_summary(line) for line in said.splitlines() if line.strip())
    return tuple(sorted((one for one in found if one), key=lambda one: one.made, reverse=True))


def beyond(found: Sequence[Summary], keep: int, engine: str) -> tuple[str, ...]:
    """The names that go once one more is there: the oldest of that engine. `keep` 0 keeps all."""
    own = [one.file for one in found if one.engine.lower() == engine.lower()]
    return tuple(own[keep - 1 :]) if keep else ()


def remove_backup(shell: Shell, folder: str, name: str) -> None:
    """An archive and what lies beside it. The record goes last: until then it is found again."""
    base = f"{folder.rstrip('/')}/{name}"
    for path in (base, base + LOG):
        shell.remove(path)
    sums = f"{folder.rstrip('/')}/{SUMS}"
    text = read_text(shell, sums)
    rest = without_sums(text, (name, name + LOG, name + RECORD))
    if rest != text:
        shell.write(sums, rest.encode(), mode=0o600)
    shell.remove(base + RECORD)

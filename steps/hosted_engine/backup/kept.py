"""The backups that a folder keeps, by the records beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from steps.hosted_engine.backup.job import LOG, RECORD
from steps.hosted_engine.backup.record import (
    LONGEST_LINE,
    Summary,
    moment_of,
    read_summary,
    without_sums,
)
from steps.hosted_engine.backup.sums import change_sums
from steps.targets.shell import Shell

_SECONDS: Final = 120.0
_LIST: Final = r"""
cd -- "$1" 2>/dev/null || exit 0
for file in *.json; do
  case $file in *[!A-Za-z0-9._-]*) continue;; esac
  [ -f "$file" ] && [ ! -L "$file" ] || continue
  base=${file%.json} size=-1
  [ -f "$base" ] && [ ! -L "$base" ] && size=$(($(wc -c < "$base")))
  printf '%s %s ' "$base" "$size"
  head -n 1 -- "$file" | head -c "$2"
  echo
done
exit 0
"""


@dataclass(frozen=True, slots=True)
class NewBackup:
    """What will be known of the backup that is about to be made."""

    engine: str
    restores: bool
    has_failover: bool


def kept_backups(shell: Shell, folder: str) -> tuple[Summary, ...]:
    """Every backup with a record there, the newest first; whatever else lies there is not told.

    A record counts under its archive's own name only: a copy of one is no second backup.
    """
    command = ["/bin/sh", "-c", _LIST, "sh", folder, str(LONGEST_LINE)]
    said = shell.run(command, timeout=_SECONDS).out
    found = sorted(_listed(said), key=lambda one: (_moment(one), one.file), reverse=True)
    return tuple(found)


def _listed(said: str) -> Iterator[Summary]:
    for line in said.split("\n"):
        name, _, rest = line.partition(" ")
        size, _, first = rest.partition(" ")
        summary = read_summary(first)
        if summary is not None and summary.file == name:
            yield replace(summary, whole=size == str(summary.size))


def _moment(one: Summary) -> datetime:
    return moment_of(one.made) or datetime.min.replace(tzinfo=UTC)


def of_engine(found: Sequence[Summary], engine: str) -> tuple[Summary, ...]:
    """Those of that engine; all of them where its name is not known."""
    return tuple(one for one in found if not engine or one.engine.lower() == engine.lower())


def beyond(found: Sequence[Summary], keep: int, new: NewBackup) -> tuple[str, ...]:
    """The names that go once one more is there: the oldest of that engine. `keep` 0 keeps all.

    What is not whole any more does not count. A backup that an engine can be brought back from
    never goes for one that it cannot be brought back from, nor does the last with a failover host
    for one without.
    """
    own = of_engine(found, new.engine) if new.engine else ()
    if not new.restores:
        own = tuple(one for one in own if not one.restores)
    last = next((one for one in own if one.whole and one.failover), None)
    gone: list[str] = []
    counted = 1
    for one in own:
        stays = one is last and not new.has_failover
        if counted >= keep > 0 and not stays:
            gone.append(one.file)
        counted += one.whole
    return tuple(gone)


def remove_backup(shell: Shell, folder: str, name: str) -> None:
    """An archive and what lies beside it. The record goes last: until then it is found again."""
    base = f"{folder.rstrip('/')}/{name}"
    for path in (base, base + LOG):
        shell.remove(path)
    names = (name, name + LOG, name + RECORD)
    change_sums(shell, folder, lambda text: without_sums(text, names))
    shell.remove(base + RECORD)

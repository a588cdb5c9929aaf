"""Look into an archive of engine-backup, changing nothing and unpacking nothing to disk.

Shows what is in it, what a restore would do to every host and machine, and where a new host would
clash. Passwords and keys of the archive are never printed.

--rehearse also restores its databases into a PostgreSQL of their own and counts every row; the
server is removed again. It needs the server programs of PostgreSQL on this machine. Ctrl+C ends it.

exit codes: 0 fit for a restore, 2 no archive (or an option that cannot be right), 3 not fit (or a
database did not come back whole), 1 the rehearsal cannot be carried out, 130 it was ended
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import InvalidInput, Refused
from tui.inspect_form import ARCHIVE, look

if TYPE_CHECKING:
    from steps.hosted_engine.archive.inspection import Inspection
    from steps.hosted_engine.rehearsal.rehearsal import Rehearsal, Stage

_STEP_BYTES = 32 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle inspect`."""
    parser.add_argument(ARCHIVE, metavar="ARCHIVE", help="file of engine-backup")
    host = parser.add_argument_group("the new host, to be compared with the hosts in the backup")
    host.add_argument(
        "--host-name", default="", metavar="N", help="its name in the Administration Portal"
    )
    host.add_argument("--host-fqdn", default="", metavar="F", help="its FQDN")
    host.add_argument(
        "--host-ip", action="append", default=[], metavar="A", help="an address; repeat it"
    )
    host.add_argument(
        "--host-uuid", default="", metavar="U", help="what dmidecode -s system-uuid prints"
    )
    host.add_argument(
        "--host-mac", action="append", default=[], metavar="M", help="a hardware address; repeat it"
    )
    host.add_argument(
        "--storage", default="", metavar="PATH", help="the new engine's storage, SERVER:/PATH"
    )
    parser.add_argument(
        "--engine-version",
        default="",
        metavar="X",
        help="the installed engine that is to take it back",
    )
    parser.add_argument(
        "--rehearse", action="store_true", help="restore the databases into a scratch PostgreSQL"
    )
    parser.add_argument(
        "--rehearse-in", metavar="FOLDER", help="where that PostgreSQL is made (/var/tmp)"
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Inspect, print, and say by the exit code whether it is fit for a restore."""
    if not arguments.archive.strip():
        raise InvalidInput("The name of the archive is empty.", "Name an archive of engine-backup.")
    meter = None if arguments.json or not sys.stderr.isatty() else _Meter()
    found = look(_values(arguments), meter)
    if not (arguments.rehearse or arguments.rehearse_in):
        _print(found, as_json=arguments.json)
        return exit_code(found)
    return _with_rehearsal(found, arguments)


def _with_rehearsal(found: Inspection, arguments: argparse.Namespace) -> int:
    """What the inspection found is printed in any case."""
    if not arguments.json:
        _print(found, as_json=False)
    rehearsal = None
    try:
        if found.is_archive:
            rehearsal = _rehearsed(arguments)
    finally:
        if arguments.json:
            data = rehearsal.to_data() if rehearsal else None
            print(json.dumps(found.to_data() | {"rehearsal": data}, indent=2))
    if rehearsal is not None and not arguments.json:
        from tui.hanging import wrapped
        from tui.inspect_report import WIDTH
        from tui.plain_lines import Lines
        from tui.rehearsal_report import rehearsal_part

        part = rehearsal_part(rehearsal)
        Lines().say("\n".join(["", part.heading, *wrapped(part.rows, WIDTH)]))
    whole = rehearsal is None or rehearsal.passed
    return exit_code(found) if whole else exit_code(found) or Refused.exit_code


def _rehearsed(arguments: argparse.Namespace) -> Rehearsal:
    from steps.hosted_engine.rehearsal.rehearse import rehearse

    folder = Path(arguments.rehearse_in) if arguments.rehearse_in else None
    tell = _Stages() if sys.stderr.isatty() else None
    with _stopped_by_signals() as cancel:
        path = Path(os.path.expanduser(arguments.archive))
        return rehearse(path, progress=tell, cancel=cancel, folder=folder)


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Set by Ctrl+C, a plain kill or a lost line, so that everything is put away first."""
    cancel = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number in numbers:
            signal.signal(number, lambda _number, _frame: cancel.set())
        yield cancel
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_code(found: Inspection) -> int:
    """0 fit, 2 no archive, 3 not fit."""
    if not found.is_archive:
        return InvalidInput.exit_code
    return 0 if found.fit_for_restore else Refused.exit_code


def _values(arguments: argparse.Namespace) -> dict[str, str]:
    return {
        ARCHIVE: arguments.archive,
        "name": arguments.host_name,
        "fqdn": arguments.host_fqdn,
        "addresses": " ".join(arguments.host_ip),
        "uuid": arguments.host_uuid,
        "macs": " ".join(arguments.host_mac),
        "storage": arguments.storage,
        "version": arguments.engine_version,
    }


def _print(found: Inspection, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found.to_data(), indent=2))
        return
    from tui.inspect_report import as_text
    from tui.plain_lines import Lines

    Lines().say(as_text(found))


class _Stages:
    """What a rehearsal does, on a terminal's standard error: each stage, and every 32 MiB."""

    def __init__(self) -> None:
        self._doing, self._next = "", _STEP_BYTES

    def __call__(self, stage: Stage) -> None:
        if stage.doing != self._doing:
            self._doing, self._next = stage.doing, _STEP_BYTES
            print(stage.doing, file=sys.stderr)
        elif stage.total and stage.done >= self._next:
            self._next = stage.done + _STEP_BYTES
            print(f"  {stage.done >> 20} of {stage.total >> 20} MiB", file=sys.stderr)


class _Meter:
    """How far it is, on a terminal's standard error, every 32 MiB."""

    def __init__(self) -> None:
        self._next = _STEP_BYTES

    def __call__(self, read: int, whole: int) -> None:
        if read >= self._next:
            self._next = read + _STEP_BYTES
            print(f"read {read >> 20} of {whole >> 20} MiB", file=sys.stderr)

"""Look into an archive of engine-backup, changing nothing and unpacking nothing to disk.

Shows what is in it, what a restore would do to every host and machine, and where a new host would
clash. Passwords and keys of the archive are never printed.

exit codes: 0 fit for a restore, 2 no archive (or an option that cannot be right), 3 not fit
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from config.errors import InvalidInput, Refused
from tui.inspect_form import ARCHIVE, look

if TYPE_CHECKING:
    from steps.hosted_engine.archive.inspection import Inspection

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
        "--storage", default="", metavar="PATH", help="the new engine's storage, SERVER:/PATH"
    )
    parser.add_argument(
        "--engine-version",
        default="",
        metavar="X",
        help="the installed engine that is to take it back",
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Inspect, print, and say by the exit code whether it is fit for a restore."""
    meter = None if arguments.json or not sys.stderr.isatty() else _Meter()
    found = look(_values(arguments), meter)
    _print(found, as_json=arguments.json)
    return exit_code(found)


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


class _Meter:
    """How far it is, on a terminal's standard error, every 32 MiB."""

    def __init__(self) -> None:
        self._next = _STEP_BYTES

    def __call__(self, read: int, whole: int) -> None:
        if read >= self._next:
            self._next = read + _STEP_BYTES
            print(f"read {read >> 20} of {whole >> 20} MiB", file=sys.stderr)

"""Compare one backup of a KVM machine with today, changing nothing.

Today comes from the site, or from files: --live-ldif, --live-xml and --host-facts. With --write
and every row decided, the documents of the restore are written. They hold the console password
and are readable by their owner only.

exit codes: 0 compared, 2 a file or option cannot be accepted, 3 a row is open or something blocks
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import InvalidInput, Refused
from steps.conflicts import Desk, Resolution, Resolutions

if TYPE_CHECKING:
    from steps.virtual_machine.conflict_set import MachineConflicts
    from steps.virtual_machine.host_facts import HostFacts
    from steps.virtual_machine.sources import Sources

MAX_FACTS_BYTES = 32 << 20
_REFUSED_DOCUMENTS = ("xml-entities", "xml-several-documents", "xml-unreadable")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle conflicts`."""
    parser.add_argument(
        "--backup", type=Path, required=True, metavar="DIR", help="folder of the backup set"
    )
    parser.add_argument("--vm", required=True, metavar="NAME", help="name of the machine")
    parser.add_argument("--leaf", default="", metavar="L", help="iteration (default: the newest)")
    parser.add_argument("--live-ldif", type=Path, metavar="F", help="today's entries; empty: gone")
    parser.add_argument("--live-xml", type=Path, metavar="F", help="today's domain XML")
    parser.add_argument("--host-facts", type=Path, metavar="F", help="facts of the host, JSON")
    parser.add_argument("--cold", action="store_true", help="compare for a start without memory")
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")
    parser.add_argument(
        "--choose", action="append", default=[], metavar="ID=CHOICE",
        help="decide a row: keep-backup, take-live, next-boot or custom:VALUE; repeat it",
    )  # fmt: skip
    parser.add_argument("--write", type=Path, metavar="OUT", help="folder for the documents")


def run(arguments: argparse.Namespace) -> int:
    """Compare, print, and write where that was asked for."""
    from steps.virtual_machine.compare import compare_machine
    from steps.virtual_machine.situation import COLD, WITH_STATE
    from tui.conflict_report import as_json, as_text

    sources, facts = _sources(arguments)
    conflicts = compare_machine(sources, facts, COLD if arguments.cold else WITH_STATE)
    resolutions = _decided(conflicts, arguments.choose)
    _print(as_json(conflicts) if arguments.json else as_text(conflicts, resolutions))
    refused = [b for b in conflicts.always_blocking if b.code in _REFUSED_DOCUMENTS]
    if refused:
        raise InvalidInput(refused[0].message, refused[0].remedy)
    if arguments.choose or arguments.write is not None:
        _require_settled(conflicts, resolutions)
    if arguments.write is not None:
        _write(arguments.write, conflicts, resolutions)
    return 0


def _print(text: str) -> None:
    # A terminal that cannot show a letter shows its code; failing over it would help nobody.
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))


def _sources(arguments: argparse.Namespace) -> tuple[Sources, HostFacts]:
    from steps.virtual_machine.set_files import read_set

    files = (arguments.live_ldif, arguments.live_xml, arguments.host_facts)
    if arguments.site is not None and any(files):
        raise InvalidInput(
            "--site and files of today exclude each other.",
            "Give --site, or --live-ldif and --host-facts.",
        )
    backup = read_set(arguments.backup, arguments.vm, arguments.leaf)
    return _from_files(arguments, backup) if any(files) else _from_site(arguments, backup)


def _from_files(arguments: argparse.Namespace, backup: Sources) -> tuple[Sources, HostFacts]:
    from steps.ldif_text import MAX_BYTES
    from steps.virtual_machine.domain_xml import MAX_BYTES as MAX_XML_BYTES
    from steps.virtual_machine.host_facts import HostFacts
    from steps.virtual_machine.set_files import read_bounded

    if arguments.live_ldif is None or arguments.host_facts is None:
        raise InvalidInput(
            "Today is not fully described.",
            "Give --live-ldif (an empty file where the entry is gone) and --host-facts, or --site.",
        )
    xml = read_bounded(arguments.live_xml, MAX_XML_BYTES) if arguments.live_xml else b""
    today = replace(
        backup,
        directory_now=read_bounded(arguments.live_ldif, MAX_BYTES) or None,
        xml_now=xml if xml.strip() else None,
    )
    return today, HostFacts.from_json(_json(arguments.host_facts))


def _json(path: Path) -> object:
    from steps.virtual_machine.set_files import read_bounded

    data = read_bounded(path, MAX_FACTS_BYTES)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            f"{path} is not JSON: {str(error)[:200]}.", "Correct the file."
        ) from error


def _from_site(arguments: argparse.Namespace, backup: Sources) -> tuple[Sources, HostFacts]:
    from config.site_file import require_site
    from config.site_secrets import resolve_site_secrets
    from steps.procedure import ProbeInput
    from steps.targets.open import open_targets
    from steps.virtual_machine.today import add_today
    from tui.typed_secret import ask_secret

    site = require_site(arguments.site)
    targets = open_targets(site, resolve_site_secrets(site, ask_secret))
    try:
        return add_today(ProbeInput(site, {}, targets), backup)
    finally:
        targets.close()


def _decided(conflicts: MachineConflicts, choices: Sequence[str]) -> Resolutions:
    """What --choose says, with the rows that move along."""
    decisions: dict[str, Resolution] = {}
    for text in choices:
        row, equals, choice = text.partition("=")
        if not equals:
            raise InvalidInput(
                f"--choose {text!r} is not ID=CHOICE.", "Write for instance memory=keep-backup."
            )
        if row in decisions and decisions[row] != Resolution.parse(choice):
            raise InvalidInput(f"--choose decides {row!r} twice.", "Decide every row once.")
        decisions[row] = Resolution.parse(choice)
    desk = Desk(conflicts)
    desk.decide_all(decisions)
    return desk.decided


def _require_settled(conflicts: MachineConflicts, resolutions: Resolutions) -> None:
    blocked = conflicts.blocking(resolutions)
    if blocked:
        raise Refused(
            "Something blocks: " + " ".join(found.message for found in blocked),
            " ".join(dict.fromkeys(found.remedy for found in blocked)),
        )
    rows = conflicts.still_open(resolutions)
    if rows:
        count = "1 row is" if len(rows) == 1 else f"{len(rows)} rows are"
        raise Refused(
            f"{count} open: {', '.join(rows)}.",
            "Decide each of them with --choose ID=CHOICE.",
        )


def _write(folder: Path, conflicts: MachineConflicts, resolutions: Resolutions) -> None:
    """Every document, each whole or not at all, in a folder of its owner only."""
    from datetime import UTC, datetime

    from config.private_files import write_private
    from steps.targets.accounts import owner_name

    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    results = conflicts.results(resolutions, who=owner_name(os.getuid()), when=when)
    machine = conflicts.machine
    documents = {
        f"{machine}.ldif": results.merged_ldif,
        f"{machine}.change.ldif": results.change_ldif,
        f"{machine}.xml": results.restore_xml,
        f"{machine}.next-boot.xml": results.next_boot_xml,
        "decisions.json": results.decision_log,
    }
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"{folder} cannot be made: {error.strerror}.", "Name a folder whose parent exists."
        ) from error
    for name, text in documents.items():
        if not text and name.endswith(".xml"):
            continue  # a template has none
        write_private(folder / name, text)
        print(f"wrote {folder / name}", file=sys.stderr)

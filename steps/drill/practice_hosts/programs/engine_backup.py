"""`engine-backup` on the engine's machine; what it does is in practice_engine.backup_tool."""

from __future__ import annotations

from pathlib import Path

from steps.drill.practice_engine.backup_tool import making, restoring
from steps.drill.practice_engine.backup_tool.options import (
    BACKUP,
    HELP,
    RESTORE,
    Options,
    parsed,
)
from steps.drill.practice_engine.backup_tool.words import Fatal, Words, framed
from steps.drill.practice_hosts.engine_machine import package_version
from steps.drill.practice_hosts.programs.context import Context


def engine_backup(context: Context, arguments: list[str]) -> int:
    """Backup, restore or verify; 0 or 1."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)
        return 0
    words = Words()
    try:
        options = parsed(arguments)
        words.open_log(Path(options.log))
        _run(context, options, words)
    except Fatal as fatal:
        return words.give_up(fatal)
    return 0


def _run(context: Context, options: Options, words: Words) -> None:
    version = package_version(context.facts(), context.host_name, "ovirt-engine") or "none"
    number = version.partition("-")[0]
    file = Path(options.file)
    if options.mode != RESTORE:
        # Before it looks at anything the script makes the file its own.
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.chmod(0o600)
    if options.mode == BACKUP:
        if options.formats["db"] == "plain":
            words.say(*framed("Please note: a plain dump holds no permissions.", mark="#"))
        file.write_bytes(b"")
        making.make(context.world, context.host_name, options, words, number)
        return
    making.header(options, words)
    if options.mode == RESTORE:
        restoring.restore(context.world, context.host_name, options, words, number)
    else:
        restoring.verify(context.world, options, words, number)

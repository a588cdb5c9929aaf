"""Looking into an archive of engine-backup, in plain lines."""

from __future__ import annotations

from config.errors import RekindleError
from steps.targets.quoting import command_line
from tui.inspect_form import ARCHIVE, FIELDS, HINT, look
from tui.inspect_report import as_text
from tui.plain_lines import Lines


def inspect_plain(lines: Lines) -> int:
    """Ask, look, and tell what was found; returns an exit code."""
    from tui.commands.inspect import exit_code

    lines.say(HINT, "")
    values = {name: lines.ask(f"{label}:") for name, label in FIELDS.items()}
    if not values[ARCHIVE]:
        return 0
    lines.say(f"Looking into {values[ARCHIVE]} ...")
    try:
        found = look(values)
    except RekindleError as error:
        lines.say(f"error   {error}")
        return error.exit_code
    lines.say("", as_text(found))
    if found.is_archive:
        archive = command_line([values[ARCHIVE]])
        lines.say("", f"To rehearse the restore: rekindle inspect {archive} --rehearse")
    return exit_code(found)

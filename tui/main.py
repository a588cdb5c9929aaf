"""The command line. Loads nothing but what the chosen command needs.

`console` is the console script; `main` is the same with arguments and an exit code, for tests.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from config.errors import RekindleError
    from config.site import Site

COMMANDS = {
    "list": "the procedures there are",
    "plan": "show what a procedure would do with these answers",
    "plans": "the backup plan that counts for each machine, and its next runs",
    "dashboard": "how every machine's backups stand, and what needs you",
    "run": "run a procedure with an answer file",
    "answers": "read and write answer files of hosted-engine",
    "runs": "the runs there were, and how they ended",
    "attach": "watch a run and steer it",
    "resume": "go on with a run that was cut off",
    "report": "show or write the report of a run",
    "conflicts": "compare a backup with today, changing nothing",
    "inspect": "look into an archive of engine-backup, changing nothing",
    "backups": "the engine's backups: how old, how complete, when the next is due",
    "machines": "backups by machine and node: what waits, what is stuck",
    "node": "the daemon of a node: does what the directory orders",
    "drill": "practise on an embedded site",
    "doctor": "what is installed, reachable and usable",
    "site": "show, check or begin the site file",
}
"""Every command with its line of help; tui/commands/NAME.py has add_arguments() and run()."""

EPILOGUE = """exit codes: 0 done, 1 a step failed, 2 bad input, 3 refused,
4 waiting for an operator, 130 aborted

REKINDLE_HOME=FOLDER keeps all files of Rekindle itself below that folder."""


def console() -> None:
    """Entry point of the console script."""
    _leave_current_folder()
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code. Never raises."""
    try:
        code = _answer_version() if list(argv) == ["--version"] else _dispatch(argv)
        if sys.stdout is not None:
            sys.stdout.flush()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError as error:
        return _end_quietly() if _reader_left() else _explain(error)
    except Exception as error:  # noqa: BLE001  (an operator gets a line and a log, no traceback)
        return _explain(error)
    return code


def _leave_current_folder() -> None:
    """Take the current folder off the import path: what lies in it must never shadow our code.

    This is `python -P` after the fact. The project's own folder stays, by its full name.
    """
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    current = _current_folder()
    sys.path[:] = [entry for entry in sys.path if entry == own or entry not in ("", current)]
    if own not in sys.path:
        sys.path.append(own)


def _current_folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""


def _answer_version() -> int:
    from config.version import __version__

    print(f"rekindle {__version__}")
    return 0


def _dispatch(argv: Sequence[str]) -> int:
    arguments = _front_parser().parse_args(argv)
    if arguments.version:
        return _answer_version()
    if not arguments.command:
        return _wizard(_settled(arguments))
    return _command(arguments)


def _front_parser() -> argparse.ArgumentParser:
    import argparse

    lines = [f"  {name:<10} {help_line}" for name, help_line in COMMANDS.items()]
    parser = argparse.ArgumentParser(
        prog="rekindle",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Guided recovery of virtualisation and storage systems.\n"
        "Without a command the wizard starts.",
        epilog="\n".join(["commands (each with its own --help):", *lines, "", EPILOGUE]),
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.set_defaults(site=None, plain=False, mouse=False)
    _add_shared_options(parser)
    parser.add_argument("command", nargs="?", metavar="COMMAND", help="one of those below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _add_shared_options(parser: argparse.ArgumentParser) -> None:
    """Options that stand before or after the command."""
    from argparse import SUPPRESS
    from pathlib import Path

    parser.add_argument(
        "--site", type=Path, metavar="FILE", default=SUPPRESS, help="the site file to use"
    )
    parser.add_argument(
        "--plain", action="store_true", default=SUPPRESS, help="plain lines, no full screen"
    )
    parser.add_argument(
        "--mouse", action="store_true", default=SUPPRESS, help="use the mouse in the full screen"
    )


def _command(front: argparse.Namespace) -> int:
    import argparse
    import importlib

    if front.command not in COMMANDS:
        raise _unknown_command(front.command)
    module = importlib.import_module(f"tui.commands.{front.command}")
    # A command may define an option of its own by a shared name, for instance a required --site.
    parser = argparse.ArgumentParser(
        prog=f"rekindle {front.command}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        conflict_handler="resolve",
    )
    _add_shared_options(parser)
    module.add_arguments(parser)
    shared = argparse.Namespace(site=front.site, plain=front.plain, mouse=front.mouse)
    code: int = module.run(_settled(parser.parse_args(front.rest, namespace=shared)))
    return code


def _settled(arguments: argparse.Namespace) -> argparse.Namespace:
    """The arguments, with `plain` also true where the terminal leaves no choice."""
    from tui.terminal_guard import plain_reason

    arguments.plain = arguments.plain or bool(plain_reason())
    return arguments


def _unknown_command(name: str) -> RekindleError:
    from config.checked_fields import suggestion
    from config.errors import InvalidInput

    return InvalidInput(f"{name!r} is not a command.", suggestion(name, COMMANDS))


def _wizard(arguments: argparse.Namespace) -> int:
    def find_site() -> Site | None:
        from config.site_file import find_site

        return find_site(arguments.site)

    if arguments.plain:
        from tui.plain import run_wizard as run_plain_wizard

        return run_plain_wizard(find_site())
    from tui.app import run_home

    # The site is read after the first paint.
    return run_home(find_site, mouse=arguments.mouse)


def _explain(error: Exception) -> int:
    from config.errors import RekindleError

    if isinstance(error, RekindleError):
        _say_error(error.message, error.remedy)
        return error.exit_code
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        place = error.filename or "the device that is written to"
        _say_error(f"No space is left on {place}.", "Free some space there and try again.")
        if error.filename is None:
            _drop_output()
        return 1
    _say_unexpected(error)
    return 1


def _say_error(message: str, remedy: str) -> None:
    _say(f"rekindle: {message}")
    for line in remedy.splitlines():
        _say(f"  {line}")


def _say_unexpected(error: Exception) -> None:
    from tui.crash_log import write_crash_log

    _say(f"rekindle: something unexpected happened: {type(error).__name__}")
    try:
        log = write_crash_log(error)
    except OSError as refused:
        _say(f"The details could not be kept: {refused.strerror}. {error}")
    else:
        _say(f"The details are in {log}; please send that file with a report.")


def _say(line: str) -> None:
    if sys.stderr is not None:
        print(line, file=sys.stderr)


def _reader_left() -> bool:
    """Whether it is standard output that broke, for instance because of `| head`."""
    import select

    output = select.poll()
    output.register(1, 0)
    return any(event & select.POLLERR for _descriptor, event in output.poll(0))


def _end_quietly() -> int:
    _drop_output()
    return 141


def _drop_output() -> None:
    """Output that is still buffered goes nowhere, or the interpreter complains when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    console()

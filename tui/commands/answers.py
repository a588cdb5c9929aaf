"""Answer files of `hosted-engine --deploy`: import one as answers of Rekindle, or export one.

The file goes to standard output, what there is to know about it to standard error.
Passwords are never in either.

exit codes: 0 done, 2 the file cannot be accepted
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from config.errors import InvalidInput

PROCEDURE = "hosted_engine.deploy"
ERAS = ("classic", "4.5")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle answers`."""
    what = parser.add_subparsers(dest="what", required=True, metavar="import|export")
    imported = what.add_parser("import", help="print the answers of an answers.conf as YAML")
    imported.add_argument("file", type=Path, help="an answer file of hosted-engine, any version")
    imported.add_argument("--era", choices=ERAS, default="", help="default: told by its keys")
    imported.add_argument("--build", default="", help="version of ovirt-hosted-engine-setup")
    exported = what.add_parser("export", help="print answers as an answers.conf")
    exported.add_argument("file", type=Path, help="an answer file of Rekindle")
    exported.add_argument("--era", choices=ERAS, required=True, help="for which generation")


def run(arguments: argparse.Namespace) -> int:
    """Print the other form of the file; raises InvalidInput where it cannot be accepted."""
    if arguments.what == "import":
        print(_imported(arguments), end="")
    else:
        print(_exported(arguments), end="")
    return 0


def _imported(arguments: argparse.Namespace) -> str:
    from config.answer_file import AnswerFile, answers_text
    from config.interviews.hosted_engine.conf_import import import_conf
    from config.otopi.conf import MAX_BYTES, parse_conf

    conf = parse_conf(_read(arguments.file, MAX_BYTES), str(arguments.file))
    found = import_conf(conf, arguments.era, arguments.build)
    _say(found.notices)
    return answers_text(AnswerFile(PROCEDURE, found.answers))


def _exported(arguments: argparse.Namespace) -> str:
    from config.answer_file import load_answers
    from config.interviews.hosted_engine.conf_export import export_conf
    from config.interviews.hosted_engine.interview import DEPLOY

    loaded = load_answers(arguments.file, DEPLOY, PROCEDURE)
    found = export_conf(loaded.answers, arguments.era)
    _say(found.notices)
    return found.text


def _read(path: Path, most: int) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read: {error.strerror}.", "Name an answer file."
        ) from error


def _say(notices: Iterable[str]) -> None:
    for notice in notices:
        print(notice, file=sys.stderr)

"""`engine-setup`: options, stages in their order, the end and its exit code."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from steps.drill.practice_engine.setup_tool import questions, work
from steps.drill.practice_engine.setup_tool.found import Found, look
from steps.drill.practice_hosts.tool.dialects import ERROR, WARNING, Dialect, Ended
from steps.drill.practice_hosts.tool.environment import Environment
from steps.drill.practice_hosts.tool.session import Session
from steps.drill.practice_hosts.world import World

LOGS: Final = Path("/var/log/ovirt-engine/setup")
ANSWERS: Final = Path("/var/lib/ovirt-engine/setup/answers")
_KNOWN: Final = ("--log", "--config", "--config-append", "--generate-answer", "--jboss-home",
                 "--otopi-environment")  # fmt: skip
_SWITCHES: Final = ("--offline", "--accept-defaults", "--reconfigure-optional-components",
                    "--reconfigure-dwh-scale", "--show-environment-documentation")  # fmt: skip
_CONFIGURATION: Final = "/etc/ovirt-engine-setup.conf.d/"

_ASKED: Final[tuple[tuple[str, Callable[[Session, Found], None]], ...]] = (
    ("PRODUCT OPTIONS", questions.products),
    ("PACKAGES", questions.packages),
    ("NETWORK CONFIGURATION", questions.network),
    ("DATABASE CONFIGURATION", questions.databases),
    ("OVIRT ENGINE CONFIGURATION", questions.engine),
    ("STORAGE CONFIGURATION", questions.nothing),
    ("PKI CONFIGURATION", questions.certificates),
    ("APACHE CONFIGURATION", questions.web_server),
    ("SYSTEM CONFIGURATION", questions.nothing),
    ("MISC CONFIGURATION", questions.nothing),
    ("END OF CONFIGURATION", questions.nothing),
)


def set_up(world: World, here: str, options: Sequence[str]) -> int:
    """Set the engine up on this machine; returns the exit code."""
    return carry_out(world, here, options, _run, "setup", "ovirt-engine-setup")


def carry_out(
    world: World, here: str, options: Sequence[str],
    run: Callable[[Session, Sequence[str], Sequence[str]], None], what: str, log: str,
) -> int:  # fmt: skip
    """What otopi does around the work of either tool; returns the exit code."""
    wrong = [o for o in options if o.partition("=")[0] not in (*_KNOWN, *_SWITCHES)]
    if wrong:
        print(f"FATAL: Invalid option '{wrong[0]}'")
        return 1
    words = [w for o in options if o.startswith("--otopi-environment=")
             for w in shlex.split(o.partition("=")[2])]  # fmt: skip
    machine = "DIALOG/dialect=str:machine" in words and not world.fault("human-only")
    server = world.read()["servers"][here]
    session = Session(world, server, Dialect(machine, old=False), Environment(), old_names=False,
                      accepts_defaults="--accept-defaults" in options)  # fmt: skip
    session.open_log(LOGS, log)
    session.catch_signals()
    try:
        run(session, options, words)
        session.ended_well = True
    except Ended as ended:
        session.say(f"Failed to execute stage '{session.stage}': {ended}", ERROR)
    _clean_up(session, options, what)
    session.dialect.terminate()
    return 0 if session.ended_well else 1


def _run(session: Session, options: Sequence[str], words: Sequence[str]) -> None:
    session.begin("Initializing")
    session.begin("Environment setup")
    session.environment.pairs(words)
    appended = [o.partition("=")[2] for o in options if o.startswith(("--config-append=",
                                                                      "--config="))]  # fmt: skip
    for path in appended:
        warning = session.environment.append(path)
        if warning:
            session.say(warning, WARNING)
    files = sorted(str(path) for path in Path(_CONFIGURATION).glob("*.conf"))
    session.dialect.note(f"Configuration files: {', '.join([*files, *appended])}")
    session.dialect.note(f"Log file: {session.log_file}")
    session.dialect.note("Version: otopi-1.10.4 (practice)")
    for stage in ("Environment packages setup", "Programs detection", "Environment setup (late)"):
        session.begin(stage)
    found = look(session)
    session.begin("Environment customization")
    for title, ask in _ASKED:
        session.dialect.note(f"\n--== {title} ==--\n\n")
        ask(session, found)
    session.begin("Setup validation")
    questions.validate(session, found)
    questions.preview(session, found)
    session.begin("Transaction setup")
    work.change(session, found)


def _clean_up(session: Session, options: Sequence[str], what: str) -> None:
    session.begin("Clean up")
    session.dialect.note(f"Log file is located at {session.log_file}")
    stamp = session.log_file.stem.removeprefix("ovirt-engine-").partition("-")[2]
    files = [ANSWERS / f"{stamp}-{what}.conf"]
    files += [Path(o.partition("=")[2]) for o in options if o.startswith("--generate-answer=")]
    for file in files:
        session.say(f"Generating answer file '{file}'")
        session.environment.write(file, ("OVESETUP_",))
    session.begin("Pre-termination")
    session.begin("Termination")
    if session.ended_well:
        session.say(f"Execution of {what} completed successfully")
    else:
        session.say(f"Execution of {what} failed", ERROR)

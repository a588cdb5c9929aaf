"""The process that carries out a run: `python -P -m steps.run.runner RUN_DIRECTORY`.

It holds the run's lock for its whole life, ignores the terminal's end, and goes on only with what
its journal could record.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from config.errors import InvalidInput, RekindleError
from config.secrets import Secret
from config.site import Site
from steps import catalogue
from steps.procedure import Procedure
from steps.run import resume
from steps.run.captured_output import CapturedOutput
from steps.run.control import ControlServer, parse_hand_over
from steps.run.directory import RunDirectory
from steps.run.ended import Ended
from steps.run.events import Event, Finish
from steps.run.journal import Journal, JournalBroken
from steps.run.law import Law
from steps.run.lock import RunLock, boot_id
from steps.run.redact import Redactor
from steps.run.session import RunSession
from steps.run.switches import Switches
from steps.run.undo import everything
from steps.targets import Targets

HAND_OVER_SECONDS = 30.0

HandedOver = tuple[dict[str, Secret], dict[str, str]]


def open_site_targets(site: Site, secrets: Mapping[str, Secret]) -> Targets:
    """The targets of a real site."""
    from steps.targets.open import open_targets

    return open_targets(site, secrets)


def open_journal(run: RunDirectory, redactor: Redactor) -> Journal:
    """The journal of a run."""
    return Journal(run.journal_file, redactor)


@dataclass(frozen=True, slots=True)
class World:
    """Where a runner finds procedures and targets, and how it writes its journal."""

    find: Callable[[str], Procedure] = catalogue.find
    open_targets: Callable[[Site, Mapping[str, Secret]], Targets] = open_site_targets
    open_journal: Callable[[RunDirectory, Redactor], Journal] = open_journal


def main(argv: Sequence[str], world: World | None = None) -> int:
    """Carry out, go on with or undo the run; returns the exit code of architecture.md."""
    arguments = _arguments(argv)
    world = world or World()
    run = RunDirectory(arguments.run)
    try:
        handed = _from_stdin() if arguments.hand_over == "stdin" else None
        lock = RunLock(run.lock_file)
        procedure = world.find(run.frozen().procedure)
        resume.check_resumable(run.view(), undo=arguments.undo)
    except RekindleError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(_unwritable(run, error), file=sys.stderr)
        return 1
    if arguments.daemonise and os.fork():
        os._exit(0)
    code = Runner(run, procedure, world, arguments, lock).live(handed)
    lock.release()
    return code


class Runner:
    """One process's life in one run. The caller holds the lock."""

    def __init__(
        self,
        run: RunDirectory,
        procedure: Procedure,
        world: World,
        arguments: argparse.Namespace,
        lock: RunLock,
    ) -> None:
        self._run, self._procedure, self._world = run, procedure, world
        self._arguments, self._lock = arguments, lock
        self._switches, self._redactor = Switches(), Redactor()
        self._by = _user() + (f" on {arguments.terminal}" if arguments.terminal else "")

    def live(self, handed: HandedOver | None) -> int:
        """From the first word to the report."""
        _leave_terminal()
        self._heed_signals()
        output = CapturedOutput(self._run.runner_log, self._redactor)
        try:
            return self._listen(handed)
        except RekindleError as error:
            print(error, file=sys.stderr)
            return error.exit_code
        except OSError as error:
            print(_unwritable(self._run, error), file=sys.stderr)
            return 1
        except Exception:  # noqa: BLE001  (the journal boundary: resume finds out what was done)
            traceback.print_exc()
            return 1
        finally:
            output.close()

    def _listen(self, handed: HandedOver | None) -> int:
        self._lock.sign()
        server = ControlServer(self._run, self._switches, self._redactor)
        farewell = ""
        try:
            return self._carry_out(server, handed)
        except JournalBroken as error:
            farewell = str(error)
            self._last_words(error)
            raise
        finally:
            server.close(farewell)

    def _carry_out(self, server: ControlServer, handed: HandedOver | None) -> int:
        if handed is None:
            handed = server.await_hand_over(HAND_OVER_SECONDS)
        else:
            server.hand_over(*handed)
        # Known before anything is written, so that nothing that is written holds one.
        for secret in handed[0].values():
            self._redactor.register(secret.reveal())
        session = self._session(handed)
        try:
            self._walk(session)
        finally:
            session.close()
        self._report()
        return session.view.exit_code

    def _session(self, handed: HandedOver) -> RunSession:
        session = RunSession(
            self._run,
            self._procedure,
            self._switches,
            self._redactor,
            open_targets=self._world.open_targets,
            journal=self._world.open_journal,
        )
        secrets, prompts = handed
        for name, secret in secrets.items():
            session.add_secret(name, secret)
        session.prompts.update(prompts)
        return session

    def _walk(self, session: RunSession) -> None:
        again = resume.offered_again(session.view)
        resume.check_same_steps(session.view, session.plan)
        self._record_start(session)
        with suppress(OSError):  # a disk that is too full for it is found out soon enough
            self._run.keep_reserve()
        law = Law(session, again=again)
        try:
            if self._arguments.undo:
                law.undo(everything(session.view), whole=True, by=self._by)
            elif session.view.undo is not None:
                law.go_on_undoing()
            else:
                law.carry_out()
        except Ended as ended:
            session.record(Event.RUN_FINISHED, outcome=ended.finish.value, message=ended.message)

    def _record_start(self, session: RunSession) -> None:
        session.record(
            Event.RUN_STARTED,
            pid=os.getpid(),
            boot_id=boot_id(),
            host=socket.gethostname(),
            user=_user(),
            terminal=self._arguments.terminal,
            plan_hash=session.frozen.sha256,
            launcher=self._arguments.launcher,
            resumed=bool(session.view.sessions),
        )
        session.record_plan()

    def _heed_signals(self) -> None:
        """SIGHUP never reaches a run; SIGTERM stops after the step, a second one aborts."""

        def terminate(_number: int, _frame: object) -> None:
            if self._switches.stop_by:
                self._switches.abort("a second SIGTERM")
            else:
                self._switches.stop("SIGTERM")

        def interrupt(_number: int, _frame: object) -> None:
            self._switches.abort("SIGINT")

        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, terminate)
        signal.signal(signal.SIGINT, interrupt)

    def _last_words(self, why: JournalBroken) -> None:
        """Say why in the journal after all, in the room that was kept free for that."""
        self._run.reserve_file.unlink(missing_ok=True)
        try:
            journal = Journal(self._run.journal_file, self._redactor)
            journal.record(Event.RUN_FINISHED, outcome=Finish.FAILED.value, message=why.message)
            journal.close()
        except (OSError, RekindleError) as error:
            print(f"Nor could that be written into the journal: {error}", file=sys.stderr)

    def _report(self) -> None:
        """Write the reports. A report that cannot be written changes nothing about the run."""
        from steps.run.report import write_reports

        try:
            write_reports(self._run, self._procedure, self._redactor)
        except Exception:  # noqa: BLE001  (the journal boundary: `rekindle report` tries again)
            traceback.print_exc()


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="steps.run.runner", description=__doc__)
    parser.add_argument("run", type=Path, help="the run directory")
    parser.add_argument("--undo", action="store_true", help="undo the run as a whole")
    parser.add_argument("--terminal", default="", help="where it was started from")
    parser.add_argument("--launcher", default="by hand", help="how it was started")
    parser.add_argument("--hand-over", choices=("stdin", "socket"), default="stdin")
    parser.add_argument("--daemonise", action="store_true", help="fork once the lock is held")
    return parser.parse_args(argv)


def _from_stdin() -> HandedOver:
    line = sys.stdin.readline()
    try:
        data = json.loads(line or "{}")
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise InvalidInput("Standard input holds no JSON object with the secrets of this run.")
    return parse_hand_over(data)


def _unwritable(run: RunDirectory, error: OSError) -> str:
    return f"The run directory {run.path} cannot be used: {error.strerror or error}."


def _leave_terminal() -> None:
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _user() -> str:
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"user {os.getuid()}"
    before_sudo = os.environ.get("SUDO_USER", "")
    return f"{name} (sudo by {before_sudo})" if before_sudo else name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The engine's public key on the hosts: put there before they are added, taken away afterwards."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from config.errors import Unreachable
from steps.hosted_engine.rejoin.rejoin_job import AUTHORIZED, RejoinHost, RejoinJob
from steps.hosted_engine.rejoin.rejoin_step import RejoinStep
from steps.procedure import Step, StepContext, Verdict, done, not_done
from steps.targets.engine_key import PLACE, engine_public_key
from steps.targets.shell import Shell


def marker(context: StepContext) -> str:
    """The comment that says which run has added a line."""
    return f"rekindle-{context.run_directory.name}"


def lines_of(shell: Shell) -> list[str]:
    """The lines of root's authorized_keys; none where it is not there."""
    if not _is_there(shell):
        return []
    return shell.read(AUTHORIZED).decode("utf-8", "surrogateescape").splitlines()


def let_in(context: StepContext, job: RejoinJob, host: RejoinHost) -> None:
    """Add the engine's key, marked, where it is not there."""
    shell = context.targets.shell(host.site_name)
    key, lines = engine_public_key(job.engine), lines_of(shell)
    if any(_lets_in(line, key) for line in lines):
        return
    was = context.recall(_added(host)) or ("there" if _is_there(shell) else "made")
    context.remember(_added(host), was)
    shell.make_directory(posixpath.dirname(AUTHORIZED), mode=0o700)
    _write(shell, [*lines, f"{key} {marker(context)}"])


def take_away(context: StepContext, host: RejoinHost) -> None:
    """Every line that this run has added, and the file where this run has made it."""
    shell = context.targets.shell(host.site_name)
    lines = lines_of(shell)
    kept = [line for line in lines if not line.endswith(f" {marker(context)}")]
    if kept == lines:
        return
    if not kept and context.recall(_added(host)) == "made":
        shell.remove(AUTHORIZED)
    else:
        _write(shell, kept)


def _lets_in(line: str, key: str) -> bool:
    """Whether sshd reads that key in it: a line that is commented out lets nobody in."""
    return key in line and not line.lstrip().startswith("#")


def _added(host: RejoinHost) -> str:
    """The fact that this run added a line: to a file that was there, or one that it made."""
    return f"rejoin.key.{host.name}"


def _is_there(shell: Shell) -> bool:
    return shell.status(AUTHORIZED) is not None


def _write(shell: Shell, lines: Sequence[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    shell.write(AUTHORIZED, text.encode("utf-8", "surrogateescape"), mode=0o600)


class LetEngineIn(RejoinStep):
    """The engine may enter as root, by its own key."""

    kind = "key"
    titled = "Let the engine into {name}"
    reason = (
        "The engine installs the host over SSH. With its key it needs no password; the line that is"
        " added is marked, and taken away at the end."
    )

    def commands(self) -> Sequence[str]:
        """curl and a line more."""
        return (f"curl '{self.job.engine.url}{PLACE}' >> {AUTHORIZED}",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where the key is there, whoever put it; or the host has been added already."""
        if self.added(self.engine(context)) is not None:
            return done("it has been added again already")
        key = engine_public_key(self.job.engine)
        lines = [line for line in lines_of(self.shell(context)) if _lets_in(line, key)]
        if not lines:
            return not_done(f"the engine's key is not in {AUTHORIZED}")
        whose = "put there by this run" if lines[0].endswith(marker(context)) else "there before"
        return done(f"the engine's key is in {AUTHORIZED}, {whose}")

    def apply(self, context: StepContext) -> None:
        """Add the line, marked; what is there stays."""
        let_in(context, self.job, self.host)

    def undo(self, context: StepContext) -> None:
        """Take the line away."""
        take_away(context, self.host)


class TakeKeysAway(Step):
    """On every host, also on those that could not be added. The engine has put its own line by
    then where it needs one.
    """

    name = "keys.away"
    title = "Take the engine's key away again"
    reason = "What was added for the installation is not needed afterwards."

    def __init__(self, job: RejoinJob) -> None:
        self.job = job

    @property
    def optional(self) -> bool:
        """The hosts work with it."""
        return True

    def commands(self) -> Sequence[str]:
        """sed on each host."""
        return tuple(
            f"ssh root@{host.address} sed -i '/ rekindle-RUN$/d' {AUTHORIZED}"
            for host in self.job.hosts
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where no line of this run is left."""
        left = [self._seen(context, host) for host in self._touched(context)]
        if any(left):
            return not_done("; ".join(filter(None, left)))
        return done("no line of this run is left on any host")

    def apply(self, context: StepContext) -> None:
        """Remove them; a host that does not answer holds up none of the others."""
        for host in self._touched(context):
            try:
                take_away(context, host)
            except Unreachable as error:
                context.log(f"{host.name}: {error.message}")

    def _touched(self, context: StepContext) -> list[RejoinHost]:
        return [host for host in self.job.hosts if context.recall(_added(host))]

    def _seen(self, context: StepContext, host: RejoinHost) -> str:
        try:
            lines = lines_of(context.targets.shell(host.site_name))
        except Unreachable as error:
            return f"not looked at on {host.name}: {error.message}"
        still = any(line.endswith(f" {marker(context)}") for line in lines)
        return f"still on {host.name}" if still else ""

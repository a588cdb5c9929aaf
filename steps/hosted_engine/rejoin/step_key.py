"""The engine's public key on the hosts: put there before they are added, taken away afterwards."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

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
    if shell.status(AUTHORIZED) is None:
        return []
    return shell.read(AUTHORIZED).decode("utf-8", "surrogateescape").splitlines()


def take_away(context: StepContext, shell: Shell) -> None:
    """Every line that this run has added; all others stay as they are."""
    lines = lines_of(shell)
    kept = [line for line in lines if not line.endswith(f" {marker(context)}")]
    if kept != lines:
        _write(shell, kept)


def _write(shell: Shell, lines: Sequence[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    shell.write(AUTHORIZED, text.encode("utf-8", "surrogateescape"), mode=0o600)


class LetEngineIn(RejoinStep):
    """The engine may enter as root, by its own key."""

    kind = "key"
    reason = (
        "The engine installs the host over SSH. With its key it needs no password; the line that is"
        " added is marked, and taken away at the end."
    )

    def __init__(self, job: RejoinJob, host: RejoinHost) -> None:
        super().__init__(job, host)
        self.title = f"Let the engine into {host.name}"

    def commands(self) -> Sequence[str]:
        """curl and a line more."""
        return (f"curl '{self.job.engine.url}{PLACE}' >> {AUTHORIZED}",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where the key is there, whoever put it; or the host has been added already."""
        if self.added(self.engine(context)) is not None:
            return done("it has been added again already")
        key = engine_public_key(self.job.engine)
        lines = [line for line in lines_of(self.shell(context)) if key in line]
        if not lines:
            return not_done(f"the engine's key is not in {AUTHORIZED}")
        whose = "put there by this run" if lines[0].endswith(marker(context)) else "there before"
        return done(f"the engine's key is in {AUTHORIZED}, {whose}")

    def apply(self, context: StepContext) -> None:
        """Add the line, marked; what is there stays."""
        shell = self.shell(context)
        key = engine_public_key(self.job.engine)
        shell.make_directory(posixpath.dirname(AUTHORIZED), mode=0o700)
        _write(shell, [*lines_of(shell), f"{key} {marker(context)}"])

    def undo(self, context: StepContext) -> None:
        """Take the line away."""
        take_away(context, self.shell(context))


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
        left = [
            host.name
            for host in self.job.hosts
            if any(line.endswith(f" {marker(context)}") for line in self._lines(context, host))
        ]
        if left:
            return not_done(f"still on {', '.join(left)}")
        return done(f"on none of {', '.join(host.name for host in self.job.hosts)}")

    def apply(self, context: StepContext) -> None:
        """Remove them."""
        for host in self.job.hosts:
            take_away(context, context.targets.shell(host.site_name))

    def _lines(self, context: StepContext, host: RejoinHost) -> list[str]:
        return lines_of(context.targets.shell(host.site_name))

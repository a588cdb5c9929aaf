"""Reaching the new machine: it answers, and its new SSH host key is one that somebody has seen.

A freshly deployed machine has a new key under an old name: `ssh` would speak of an attack.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.errors import Refused, StepFailed, Unreachable
from config.questions import Choice
from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.machine_step import MachineStep
from steps.procedure import Prompt, StepContext, Verdict, done, not_done
from steps.targets.engine_waiting import Patience, Sight, wait_until
from steps.targets.host_keys import (
    SYSTEM_FILE,
    ChangedHostKey,
    UnknownHostKey,
    renew_host_key,
)

WAIT_SECONDS: Final = 1800.0
"""A new machine may still be booting its appliance."""
HOST_KEY: Final = "machine.host-key"
"""The question about its key; an answer file may give the fingerprint beforehand."""
TRUST: Final = "trust"
STOP: Final = "stop"

NewKey = UnknownHostKey | ChangedHostKey


class MachineReached(MachineStep):
    """The machine answers to SSH, by a host key that was confirmed."""

    name = "machine.reach"
    title = "Reach the engine's new machine"
    reason = (
        "A new machine has a new SSH host key under the old name. It is shown before it is"
        " trusted, and the old one is kept aside."
    )

    def __init__(self, job: MachineRestoreJob, *, wait_seconds: float = WAIT_SECONDS) -> None:
        super().__init__(job)
        self._wait_seconds = wait_seconds

    def commands(self) -> Sequence[str]:
        """How an operator would do it."""
        access = self.job.machine.shell
        if access.kind != "ssh":
            return ("true",)
        port = "" if access.port == 22 else f"-p {access.port} "
        return (
            f"ssh-keyscan {port}{access.host} | ssh-keygen -lf -",
            f"ssh {port}{access.user or 'root'}@{access.host} true",
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where a command runs there."""
        try:
            self.shell(context).run(["true"])
        except (UnknownHostKey, ChangedHostKey, Unreachable) as error:
            return not_done(error.message)
        return done(f"{self.job.machine.name} answers")

    def apply(self, context: StepContext) -> None:
        """Wait for it, and ask about its key. Raises StepFailed, Refused."""
        for _key in range(5):  # it may show a key of another type after one was accepted
            found = self._new_key(context)
            if found is None:
                return
            self._ask(context, found)
        raise StepFailed(f"{self.job.machine.name} shows one new host key after another.")

    def _new_key(self, context: StepContext) -> NewKey | None:
        """The key that is not known yet, once the machine answers; None where it lets us in."""
        found: list[NewKey] = []

        def look() -> Sight:
            try:
                self.shell(context).run(["true"])
            except (UnknownHostKey, ChangedHostKey) as error:
                found.append(error)
            return Sight(True, f"{self.job.machine.name} answers")

        patience = Patience(self._wait_seconds, context.log, context.checkpoint)
        wait_until(f"{self.job.machine.name} answers to SSH", look, patience)
        return found[0] if found else None

    def _ask(self, context: StepContext, found: NewKey) -> None:
        old = f"It was {found.known.fingerprint}. " if isinstance(found, ChangedHostKey) else ""
        prompt = Prompt(
            HOST_KEY,
            f"Is this the SSH host key of the new {found.host}?"
            f" {found.key.key_type} {found.key.fingerprint}",
            (
                Choice(TRUST, "Trust it: the machine was installed anew"),
                Choice(STOP, "Stop: I have to compare it first"),
            ),
            STOP,
            f"{old}Compare it on the machine's own console with what"
            " `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` says there.\n"
            f"It is written to {found.known_hosts}; the file as it was is kept beside it.",
            seen=found.key.fingerprint,
        )
        if context.ask(prompt) != TRUST:
            raise Refused(
                f"The host key of {found.host} was not trusted: {found.key.fingerprint}.",
                "Compare it on the machine's console, then try again.",
            )
        self._take(context, found)

    def _take(self, context: StepContext, found: NewKey) -> None:
        if isinstance(found, UnknownHostKey):
            found.accept()
            return
        if found.known_hosts == SYSTEM_FILE:
            raise Refused(
                f"The old key of {found.host} stands in {SYSTEM_FILE}, which is everybody's.",
                f"Remove it there: ssh-keygen -f {SYSTEM_FILE} -R {found.host}",
            )
        aside = renew_host_key(found.known_hosts, found.host, found.port, found.key)
        context.log(f"{found.known_hosts} has the new key; as it was it is kept in {aside}")

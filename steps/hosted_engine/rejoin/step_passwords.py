"""Asking for the passwords of root before anything is done: later nobody may be about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.secrets import Secret
from steps.hosted_engine.rejoin.rejoin_job import ROOT_PASSWORD, RejoinHost, RejoinJob
from steps.procedure import Step, StepContext, Verdict, done, not_done

_ASKED: Final = "rejoin.passwords"


class AskPasswords(Step):
    """Every host's own one is known to this run."""

    name = "passwords.ask"
    title = "Ask for the passwords of root"
    reason = (
        "A host that has been taken out needs its password at once, and that may be an hour from"
        " now. They are kept in memory alone: a run that is resumed asks again where it needs one."
    )

    def __init__(self, job: RejoinJob) -> None:
        self.job = job

    def commands(self) -> Sequence[str]:
        """Nothing is run."""
        return ()

    def verify(self, context: StepContext) -> Verdict:
        """Done where they were asked for."""
        if context.recall(_ASKED):
            return done("asked for")
        return not_done("not asked for yet")

    def apply(self, context: StepContext) -> None:
        """Ask for those that were not given at the start."""
        for host in self.job.hosts:
            password_of(context, self.job, host)
        context.remember(_ASKED, "yes")


def password_of(context: StepContext, job: RejoinJob, host: RejoinHost) -> Secret:
    """The password of root on that host: its own, or the one of all."""
    name = ROOT_PASSWORD if job.same_password else f"{ROOT_PASSWORD}.{host.name}"
    return context.secret(name, f"Password of root on {host.name}")

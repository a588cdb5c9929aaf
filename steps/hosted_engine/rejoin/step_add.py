"""The host is added again, with hosted-engine deployment, and followed until it takes part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.errors import StepFailed
from config.secrets import Secret
from steps.hosted_engine.recovery.engine_step import API
from steps.hosted_engine.recovery.host_rules import PASSING
from steps.hosted_engine.recovery.step_host import what_helps
from steps.hosted_engine.rejoin.rejoin_step import RejoinStep
from steps.hosted_engine.rejoin.step_key import let_in
from steps.hosted_engine.rejoin.step_passwords import password_of
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.engine import Engine, NewHost
from steps.targets.engine_facts import Deployment, Host
from steps.targets.engine_waiting import Sight, host_seen

_FAILED: Final = ("install_failed", "non_operational", "non_responsive", "error")
_STAGES: Final = {"installing": 1, "installing_os": 1, "reboot": 2, "initializing": 2, "up": 3}
_LAST: Final = 4


class AddingStep(RejoinStep):
    """What adding and installing again have in common."""

    def password(self, context: StepContext) -> Secret | None:
        """The password of root; where the engine enters by its key, that is put there.

        It may have been taken away meanwhile: a host that failed is tried again at the very end.
        """
        if not self.job.by_password:
            let_in(context, self.job, self.host)
            return None
        return password_of(context, self.job, self.host)


class AddHost(AddingStep):
    """Under its old name and address, in its old cluster."""

    kind = "add"
    titled = "Add {name} again"
    irreversible = True
    reason = "The engine installs it anew and makes it able to carry the engine's machine."

    def commands(self) -> Sequence[str]:
        """The engine's call."""
        return (
            f"POST {API}/hosts?deploy_hosted_engine=true  <host><name>{self.host.name}</name>"
            f"<address>{self.host.address}</address><ssh><port>{self.host.ssh_port}</port></ssh>"
            "</host>",
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where the engine has a host of that name that is not the old one."""
        host = self.added(self.engine(context))
        if host is None:
            return not_done(f"the engine has no new host {self.host.name}")
        return done(f"{host_seen(host)}; its id is {host.id}")

    def apply(self, context: StepContext) -> None:
        """Ask the engine for it; a rule that says no is told in its words."""
        engine = self.engine(context)
        new = NewHost(
            self.host.name, self.host.address, self.host.cluster, self.password(context),
            self.host.ssh_port,
        )  # fmt: skip
        engine.add_host(new, Deployment.DEPLOY)
        self.tell_events(context)


class TakePart(AddingStep):
    """Up, and counted by the agents with a score."""

    kind = "takes-part"
    titled = "{name} is up and can carry the engine"
    reason = (
        "A host that is up may still be unable to carry the engine: what counts is a score above"
        " nought."
    )

    def commands(self) -> Sequence[str]:
        """The look."""
        return (f"GET {API}/hosts?search=name={self.host.name}&all_content=true",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where it is up with a score above nought."""
        sight = self._look(context, self.engine(context))
        return done(sight.seen) if sight.reached else not_done(sight.seen)

    def apply(self, context: StepContext) -> None:
        """Wait; one that failed before is tried again first. Raises StepFailed with its reason."""
        engine = self.engine(context)
        host, before = self._there(engine), self.newest_event(context)
        if host.status in ("install_failed", "maintenance"):
            engine.reinstall_host(host.id, Deployment.DEPLOY, self.password(context))
        elif host.status in _FAILED:
            engine.activate_host(host.id)
        try:
            self.wait(
                context, f"{host.name} is up with a score", lambda: self._look(context, engine),
                self.limits.active,
            )  # fmt: skip
        except StepFailed as failed:
            self.tell_since(context, before)
            raise StepFailed(failed.message, what_helps(engine, host), seen=failed.seen,
                             expected=failed.expected) from failed  # fmt: skip
        self.tell_since(context, before)

    def _there(self, engine: Engine) -> Host:
        host = self.added(engine)
        if host is None:
            raise StepFailed(
                f"The engine has no host {self.host.name} any more.",
                "Somebody has removed it: add it in the Administration Portal, then retry.",
            )
        return host

    def _look(self, context: StepContext, engine: Engine) -> Sight:
        host = self.added(engine)
        if host is None:
            return Sight(False, f"the engine has no new host {self.host.name}", hopeless=True)
        part = host.hosted_engine
        score = part.score if part is not None and part.configured else 0
        stage = _STAGES.get(host.status, 0) + (1 if host.status == "up" and score else 0)
        context.progress(stage, _LAST, "stages")
        told = f"{host_seen(host)}, score {score}"
        hopeless = host.status in _FAILED and host.status not in PASSING
        return Sight(stage == _LAST, told, hopeless)

"""Fencing a host by hand: confirm that it was rebooted, so that its machines can start again."""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import StepFailed
from steps.hosted_engine.recovery.engine_step import API, host_of_id, named
from steps.hosted_engine.recovery.host_rules import PASSING
from steps.hosted_engine.recovery.rebooted import LostHostStep
from steps.procedure import PutOff, StepContext, Verdict, done, not_done
from steps.targets.engine import Engine
from steps.targets.engine_facts import CLEARS_MACHINES, Host
from steps.targets.engine_waiting import Sight, host_seen


class ConfirmRebooted(LostHostStep):
    """Confirm 'Host has been Rebooted' of one host, where the engine waits for that."""

    kind = "rebooted"
    titled = "Confirm that {name} was rebooted, if it does not answer"
    irreversible = True
    reason = (
        "The engine lets go of a lost host's machines only on this word. It must be true: a host"
        " that still runs would write to disks that another host has by then."
    )

    @property
    def optional(self) -> bool:
        """Alone it may be put off; in a lane, what comes after it needs it."""
        return not self.lane

    def commands(self) -> Sequence[str]:
        """The look, and the engine's call."""
        return (
            f"ping -c1 {self.host.address or self.host.name}",
            f"POST {API}/hosts/{self.host.id}/fence  <action><fence_type>manual</fence_type>"
            "</action>",
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where the engine holds nothing of it that only this word would free."""
        engine = self.engine(context)
        host = host_of_id(engine, self.host.id)
        if host is None:
            return done(f"{self.host.name} is not in the engine any more")
        machines = engine.machines(host.id)
        if host.status in PASSING:
            return not_done(f"{host_seen(host)}: what becomes of it is not known yet")
        if host.status not in CLEARS_MACHINES:
            return done(f"{host_seen(host)}: there is nothing to confirm")
        if not machines and host.spm == "none":
            return done(f"{host_seen(host)}: the engine has let go of everything it had")
        return not_done(f"{host_seen(host)}: {named(machines) or 'no machines'}")

    def apply(self, context: StepContext) -> None:
        """Wait until the engine knows; ask; confirm; wait until it has let go.

        Raises PutOff (in a lane StepFailed) where the operator leaves it.
        """
        engine = self.engine(context)
        self.wait(
            context, f"the engine knows how {self.host.name} is",
            lambda: self._settled(engine), self.limits.settled,
        )  # fmt: skip
        host = host_of_id(engine, self.host.id)
        if host is None or host.status not in CLEARS_MACHINES:
            return
        if not self.word_given(context, engine, host):
            self._left(host)
        self.wait(
            context, f"the engine lets go of what {host.name} had",
            lambda: self._let_go(engine), self.limits.machines,
        )  # fmt: skip
        self.tell_events(context)

    def _settled(self, engine: Engine) -> Sight:
        host = host_of_id(engine, self.host.id)
        if host is None:
            return Sight(True, f"{self.host.name} is not there any more")
        return Sight(host.status not in PASSING, host_seen(host))

    def _let_go(self, engine: Engine) -> Sight:
        host = host_of_id(engine, self.host.id)
        machines = engine.machines(self.host.id)
        role = host is not None and host.spm != "none" and host.status in CLEARS_MACHINES
        seen = f"{self.host.name} still has {named(machines)}" if machines else "no machines"
        return Sight(not machines and not role, f"{seen}{', and the role of SPM' if role else ''}")

    def _left(self, host: Host) -> None:
        told = f"{host.name} was left as it is: {host_seen(host)}."
        if self.optional:
            raise PutOff(f"{told} Its machines cannot be started until this is confirmed.")
        raise StepFailed(
            told, "Switch it off or reboot it, then retry; or leave this host out.",
            seen=host_seen(host), expected="the word that it was rebooted",
        )  # fmt: skip

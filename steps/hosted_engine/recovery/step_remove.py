"""Removing a host from the engine, by its id, through whatever is legal first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.recovery.engine_step import API, host_of_id
from steps.hosted_engine.recovery.host_rules import PASSING, Way, next_act
from steps.hosted_engine.recovery.rebooted import LostHostStep
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.engine import Engine
from steps.targets.engine_facts import Host
from steps.targets.engine_waiting import Sight, host_becomes, host_gone, host_seen

Look = Callable[[], Sight]

_MOST_ACTS: Final = 6
"""Wait, maintain, wait, confirm, wait, remove: more turns than that are none that end."""


class RemoveHost(LostHostStep):
    """One host, by its id: one that is added under its name later has another, and is not meant."""

    kind = "remove"
    titled = "Remove {name} from the engine"
    irreversible = True
    reason = (
        "Force would not help: the engine wants a host without machines, in maintenance or out of"
        " reach, so it is brought there first."
    )

    def commands(self) -> Sequence[str]:
        """The engine's call."""
        return (f"DELETE {API}/hosts/{self.host.id}",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where the engine has no host of that id."""
        engine = self.engine(context)
        hosts = engine.hosts()
        found = next((host for host in hosts if host.id == self.host.id), None)
        if found is not None:
            return not_done(host_seen(found))
        left = ", ".join(host.name for host in hosts) or "none"
        return done(f"the engine has no host {self.host.id}; it has {left}")

    def apply(self, context: StepContext) -> None:
        """Whatever is legal next, until it is gone. Raises StepFailed where nothing is."""
        engine = self.engine(context)
        for _ in range(_MOST_ACTS):
            host = host_of_id(engine, self.host.id)
            if host is None:
                self.tell_events(context)
                return
            self._act(context, engine, host)
        raise StepFailed(f"{self.host.name} does not come into a state to be removed in.")

    def _act(self, context: StepContext, engine: Engine, host: Host) -> None:
        act = next_act(host, len(engine.machines(host.id)))
        context.log(f"{host.name}: {act.why}")
        match act.way:
            case Way.REMOVE:
                engine.remove_host(host.id)
                gone = host_gone(engine, host.id)
                self.wait(context, f"{host.name} is gone", gone, self.limits.removed)
            case Way.WAIT:
                look = self._passed(engine)
                self.wait(context, f"{host.name} is settled", look, self.limits.settled)
            case Way.MAINTAIN if host.status != "up":
                engine.maintain_host(host.id, "it is deployed anew")
                look = host_becomes(engine, host.id, ("maintenance",))
                self.wait(context, f"{host.name} in maintenance", look, self.limits.maintenance)
            case Way.CONFIRM:
                self._confirm(context, engine, host)
            case _:
                raise _not_legal(host, act.why)

    def _passed(self, engine: Engine) -> Look:
        def look() -> Sight:
            host = host_of_id(engine, self.host.id)
            if host is None:
                return Sight(True, f"{self.host.name} is gone")
            return Sight(host.status not in PASSING, host_seen(host))

        return look

    def _confirm(self, context: StepContext, engine: Engine, host: Host) -> None:
        if not self.word_given(context, engine, host):
            raise StepFailed(
                f"{host.name} was left as it is: {host_seen(host)}.",
                "It stays in the engine. Retry when it may be confirmed.",
            )


def _not_legal(host: Host, why: str) -> StepFailed:
    if host.status == "up":
        return StepFailed(
            f"{host.name} is up: the engine reaches it, so it may be another host that is well.",
            "Nothing was removed. If it is the one that is meant, put it into maintenance in the"
            " Administration Portal, then retry. If it is another one, stop.",
            seen=host_seen(host), expected="a host in maintenance, or out of the engine's reach",
        )  # fmt: skip
    return StepFailed(
        f"{host.name} cannot be removed: {why}.",
        "Look at it in the Administration Portal, then retry.",
        seen=host_seen(host),
    )

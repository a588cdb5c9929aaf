"""The host that carries the engine: seen in it, into maintenance, and up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.recovery.engine_step import API, RecoveryStep
from steps.hosted_engine.recovery.host_rules import PASSING
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.engine import Engine
from steps.targets.engine_facts import Host
from steps.targets.engine_waiting import Sight, host_becomes, host_seen

MAINTAINED: Final = "recovery.host-maintained"
_FAILED: Final = ("non_operational", "install_failed", "error", "non_responsive")
_EXPECTED: Final = (
    ". This is what a restore brings about, no failure: the backup's Storage Pool Manager does not"
    " answer, so the host cannot reach the storage, and the tool's own wait for it times out"
)


class HostStep(RecoveryStep):
    """A step about the host that the engine was deployed on."""

    def found(self, engine: Engine) -> Host | None:
        """The host, by its name in the engine as it is written, then in any case, then by its
        address.
        """
        address = self.job.deploy.host.name.lower()
        hosts, name = engine.hosts(), self.job.host_name.lower()
        exact = (host for host in hosts if host.name == self.job.host_name)
        by_name = (host for host in hosts if host.name.lower() == name)
        by_address = (host for host in hosts if host.address.lower() == address)
        return next(exact, None) or next(by_name, None) or next(by_address, None)

    def there(self, engine: Engine) -> Host:
        """The host. Raises StepFailed where it is not in the engine."""
        host = self.found(engine)
        if host is None:
            raise StepFailed(
                f"The engine has no host {self.job.host_name}.",
                "The tool could not add it: its log says why. Add it in the Administration Portal,"
                " then retry.",
                seen=", ".join(host.name for host in engine.hosts()) or "no hosts",
                expected=self.job.host_name,
            )
        return host

    def settled(self, context: StepContext, engine: Engine) -> Host:
        """The host, once its status is none that passes by itself."""

        def look() -> Sight:
            host = self.found(engine)
            if host is None:
                return Sight(False, f"the engine has no host {self.job.host_name} yet")
            return Sight(host.status not in PASSING, host_seen(host))

        what = f"{self.job.host_name} is in the engine, and settled"
        self.wait(context, what, look, self.limits.active)
        return self.there(engine)


class HostInEngine(HostStep):
    """The restored engine knows the host."""

    name = "host.seen"
    title = "The engine knows the host"
    reason = (
        "When an engine is restored, the tool waits for the host in vain and says that it timed"
        " out. That is expected; what counts is that the host is in the engine."
    )

    def commands(self) -> Sequence[str]:
        """The look."""
        return (f"GET {API}/hosts?search=name={self.job.host_name}",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where it is there and its status does not pass by itself."""
        host = self.found(self.engine(context))
        if host is None:
            return not_done(f"the engine has no host {self.job.host_name}")
        if host.status in PASSING:
            return not_done(host_seen(host))
        timed_out = self.job.deploy.expect_time_out and host.status == "non_operational"
        expected = _EXPECTED if timed_out else ""
        return done(f"{host_seen(host)}{expected}")

    def apply(self, context: StepContext) -> None:
        """Wait until it is."""
        try:
            self.settled(context, self.engine(context))
        except StepFailed:
            self.there(self.engine(context))
            raise


class MaintainHost(HostStep):
    """Into maintenance, where it did not come up by itself."""

    name = "host.maintenance"
    title = "The host goes to maintenance"
    reason = "From there it can be activated, and then contends for the storage."

    def commands(self) -> Sequence[str]:
        """The engine's call."""
        return (f"POST {API}/hosts/ID/deactivate  ({self.job.host_name}: Maintenance)",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where it is in maintenance, was so in this run, or is up and needs none."""
        seen = context.recall(MAINTAINED)
        if seen:
            return done(f"was in maintenance in this run: {seen}")
        host = self.there(self.engine(context))
        if host.status == "up":
            return done(f"{host_seen(host)}: it needs no maintenance")
        if host.status == "maintenance":
            context.remember(MAINTAINED, host_seen(host))
            return done(host_seen(host))
        if host.status == "non_operational" and _carries_alone(self.engine(context), host):
            return done(
                f"{host_seen(host)}: it runs the engine's own machine and no other host is up to"
                " take that, so the engine allows no maintenance; it is activated as it is"
            )
        return not_done(host_seen(host))

    def apply(self, context: StepContext) -> None:
        """Ask for it and wait."""
        engine = self.engine(context)
        host = self.there(engine)
        if host.status != "preparing_for_maintenance":
            host = self.settled(context, engine)
            alone = host.status == "non_operational" and _carries_alone(engine, host)
            if alone or host.status in ("up", "maintenance"):
                return
            engine.maintain_host(host.id, "to be activated after the restore")
        look = host_becomes(engine, host.id, ("maintenance",))
        seen = self.wait(context, f"{host.name} in maintenance", look, self.limits.maintenance)
        context.remember(MAINTAINED, seen)
        self.tell_events(context)


def _carries_alone(engine: Engine, host: Host) -> bool:
    """Whether the engine's machine runs there and nowhere else could. Old engines show none."""
    others = any(other.can_carry_engine and other.id != host.id for other in engine.hosts())
    return not others and any(machine.is_engine for machine in engine.machines(host.id))


class ActivateHost(HostStep):
    """Up."""

    name = "host.active"
    title = "The host is activated"
    reason = "Once up it contends for the role of Storage Pool Manager, and storage comes back."

    def commands(self) -> Sequence[str]:
        """The engine's call."""
        return (f"POST {API}/hosts/ID/activate  ({self.job.host_name}: Activate)",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where it is up."""
        host = self.there(self.engine(context))
        return done(host_seen(host)) if host.status == "up" else not_done(host_seen(host))

    def apply(self, context: StepContext) -> None:
        """Activate it where it is not on its way, and wait. Raises StepFailed with its reason."""
        engine = self.engine(context)
        host, before = self.there(engine), self.newest_event(context)
        if host.status not in PASSING or host.status == "preparing_for_maintenance":
            engine.activate_host(host.id)
        look = host_becomes(engine, host.id, ("up",), _FAILED)
        try:
            self.wait(context, f"{host.name} is up", look, self.limits.active)
        except StepFailed as failed:
            self.tell_since(context, before)
            raise StepFailed(failed.message, what_helps(engine, host), seen=failed.seen,
                             expected=failed.expected) from failed  # fmt: skip
        self.tell_since(context, before)


def what_helps(engine: Engine, host: Host) -> str:
    """What to do about a host that does not come up, by the engine's own reason."""
    now = engine.host(host.id)
    detail = now.status_detail if now is not None else ""
    known = {
        "network_unreachable": "The host lacks a network that its cluster requires: attach it to"
        " one of its cards (Hosts, Network Interfaces, Setup Host Networks), or make it not"
        " required in the cluster.",
        "storage_domain_unreachable": "It does not reach a storage domain: look at the mounts, or"
        " put the domain into maintenance.",
    }
    return known.get(detail, "The engine's events in this step's log say why.") + " Then retry."

"""Storage: the data centre up, with a Storage Pool Manager; and the way out where an old one
keeps the role.
"""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import StepFailed
from steps.hosted_engine.recovery.engine_step import API
from steps.hosted_engine.recovery.rebooted import Confirmation
from steps.hosted_engine.recovery.step_host import HostStep
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.engine import Engine
from steps.targets.engine_facts import CLEARS_MACHINES, DataCenter, Host, StorageDomain
from steps.targets.engine_waiting import Sight, host_seen


class StorageUp(HostStep):
    """The host's data centre and its storage are up."""

    name = "storage.up"
    title = "Data centre and storage are up"
    reason = (
        "One host at a time manages the storage. An old one that does not answer may keep that role"
        " until it is confirmed that it was rebooted."
    )
    irreversible = False

    def commands(self) -> Sequence[str]:
        """The looks."""
        return (f"GET {API}/datacenters", f"GET {API}/datacenters/ID/storagedomains")

    def verify(self, context: StepContext) -> Verdict:
        """Done where the data centre is up, a host manages its storage, the master is active."""
        sight = self._look(self.engine(context))
        return done(sight.seen) if sight.reached else not_done(sight.seen)

    def apply(self, context: StepContext) -> None:
        """Wait; where an old host keeps the role, ask whether it was rebooted, and wait on."""
        engine = self.engine(context)
        before = self.newest_event(context)
        stuck = self._wait(context, engine)
        if stuck is not None:
            context.log(f"SPM not released: {host_seen(stuck)} keeps the role.")
            self._free(context, engine, stuck)
            stuck = self._wait(context, engine)
        self.tell_since(context, before)
        if stuck is not None:
            raise _held(stuck)

    def _wait(self, context: StepContext, engine: Engine) -> Host | None:
        """Until it is so, or the role is held by a host that will not let go of it."""
        holder: list[Host] = []

        def look() -> Sight:
            sight = self._look(engine)
            holder[:] = [] if sight.reached else self._holders(engine)
            return Sight(sight.reached or bool(holder), sight.seen)

        self.wait(context, self.title, look, self.limits.storage)
        return holder[0] if holder else None

    def _free(self, context: StepContext, engine: Engine, holder: Host) -> None:
        shell = self.shell(context)
        if not Confirmation(context, engine, shell, holder).give():
            raise _held(holder)

    def _holders(self, engine: Engine) -> list[Host]:
        """Hosts that do not answer and have the role, while ours is up and could take it."""
        ours = self.there(engine)
        if ours.status != "up":
            return []
        return [
            host
            for host in engine.hosts()
            if host.spm != "none" and host.id != ours.id and host.status in CLEARS_MACHINES
        ]

    def _look(self, engine: Engine) -> Sight:
        center = self._center(engine)
        domains = [d for d in engine.storage_domains() if center.id in d.data_centers]
        manager = next((host for host in engine.hosts() if host.spm == "spm"), None)
        master = next((domain for domain in domains if domain.master), None)
        up = center.status == "up" and manager is not None and manager.status == "up"
        reached = up and (master is None or master.status == "active")
        role = f"Storage Pool Manager {manager.name} ({manager.status})" if manager else "no SPM"
        return Sight(reached, f"data centre {center.name} {center.status}, {role}{_told(domains)}")

    def _center(self, engine: Engine) -> DataCenter:
        ours = self.there(engine)
        cluster = next((c for c in engine.clusters() if c.id == ours.cluster), None)
        centers = engine.data_centers()
        found = next((c for c in centers if cluster and c.id == cluster.data_center), None)
        if found is None:
            raise StepFailed(f"The cluster of {ours.name} has no data centre.", "Look at it.")
        return found


def _told(domains: Sequence[StorageDomain]) -> str:
    active = sum(domain.status == "active" for domain in domains)
    others = [f"{d.name} ({d.status or 'no status'})" for d in domains if d.status != "active"]
    told = f", {active} of {len(domains)} storage domains active"
    return told + (f"; not active: {', '.join(others)}" if others else "")


def _held(holder: Host) -> StepFailed:
    return StepFailed(
        f"SPM not released: {host_seen(holder)}, so no other host can manage the storage.",
        f"Switch {holder.name} off or reboot it, then retry and confirm that it was rebooted.",
        seen=host_seen(holder), expected="a Storage Pool Manager that is up",
    )  # fmt: skip

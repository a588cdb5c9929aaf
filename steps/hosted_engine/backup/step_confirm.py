"""The step that confirms which host is which, before any of them is asked into maintenance."""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import StepFailed
from steps.hosted_engine.backup.failover import disagreements
from steps.hosted_engine.backup.job import BackupStep
from steps.hosted_engine.backup.look import Seen, look_at_hosts
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.quoting import command_line

_CONFIRMED = "failover.confirmed"


class ConfirmHosts(BackupStep):
    """The engine and hosted-engine --vm-status mean the same host."""

    name = "failover.confirm"
    title = "Confirm which host is which"
    reason = (
        "The engine's name of a host says nothing: the wrong one in maintenance is no failover"
        " host, and its machines have moved for nothing."
    )

    def commands(self) -> Sequence[str]:
        """The look."""
        return tuple(
            command_line([*watcher.command, "--vm-status", "--json"])
            for watcher in self.job.watchers[:1]
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where both say the same, now or earlier in this run."""
        confirmed = context.recall(_CONFIRMED)
        if confirmed:
            return done(confirmed)
        seen = look_at_hosts(context.targets, self.job.watchers)
        problems = self._problems(seen)
        if problems:
            return not_done("; ".join(problems))
        return done(self._told(seen))

    def apply(self, context: StepContext) -> None:
        """Raises StepFailed with what does not agree."""
        seen = look_at_hosts(context.targets, self.job.watchers)
        problems = self._problems(seen)
        if problems:
            raise StepFailed(
                f"Which host is which cannot be confirmed: {'; '.join(problems)}.",
                "Look at both: hosted-engine --vm-status on a host, and the hosts in the"
                " administration portal. Choose another failover host where this one is not it.",
                seen="; ".join(problems),
                expected="engine and agents name the same host",
            )
        context.remember(_CONFIRMED, self._told(seen))

    def _problems(self, seen: Seen) -> list[str]:
        chosen = self.job.failover
        assert chosen is not None
        host = seen.host(chosen.name)
        if host is None or host.id != chosen.id:
            known = ", ".join(one.name for one in seen.hosts)
            return [f"the engine has no host {chosen.name} any more; it has {known}"]
        now = next(one for one in seen.candidates if one.id == host.id)
        found = list(disagreements(host, seen.hosts, seen.machines, seen.rows, seen.addresses))
        if now.ha_name and now.ha_name != chosen.ha_name:
            found.append(f"{chosen.name} was {chosen.ha_name} before and is {now.ha_name} now")
        if now.carries_engine and not chosen.carries_engine:
            found.append(f"the engine's machine has moved to {chosen.name} meanwhile")
        if now.refused and not found:
            found.append(f"{chosen.name} cannot be taken: {now.refused}")
        return found

    def _told(self, seen: Seen) -> str:
        chosen = self.job.failover
        assert chosen is not None
        row = next((row for row in seen.rows if row.host == chosen.ha_name), None)
        number = f", id {row.id}, score {row.score}" if row is not None else ""
        carries = next((one.name for one in seen.candidates if one.carries_engine), "none of them")
        return (
            f"{chosen.name} of the engine is {chosen.ha_name}{number}; the engine's machine is on"
            f" {carries} (as {seen.told_by} tells)"
        )

"""The agents forget the host: its entry in their shared metadata, where they still count it."""

from __future__ import annotations

from collections.abc import Sequence

from config.checked_fields import is_address
from steps.hosted_engine.dialog.vm_status import EngineStatus
from steps.hosted_engine.ha_view import look_at_agents
from steps.hosted_engine.rejoin.rejoin_step import RejoinStep
from steps.procedure import StepContext, Verdict, done, not_done, unknown
from steps.targets.engine_waiting import Sight
from steps.targets.quoting import command_line


class ForgetHost(RejoinStep):
    """Only a stale entry: the host's own agent has been stopped by then."""

    kind = "metadata"
    titled = "The agents forget {name}"
    reason = (
        "The agents keep an entry for each host. One that is stale is counted until it is cleaned;"
        " the host gets a new one when it is added. Cleaned from a host that is well, after the"
        " agent of this one was stopped."
    )

    def commands(self) -> Sequence[str]:
        """The look and the cleaning."""
        program = self.job.looked_from.command
        return (
            command_line([*program, "--vm-status", "--json"]),
            command_line([*program, "--clean-metadata", "--host-id=ID", "--force-cleanup"]),
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where they do not count it, or it has been added again already."""
        if self.added(self.engine(context)) is not None:
            return done("it has been added again already")
        counted = self._counted(context)
        if not counted:
            return unknown(self._silent)
        own = self._own(counted)
        if own:
            return not_done(f"counted as host {own.id}, {'live' if own.live else 'stale'}")
        hosts = ", ".join(f"{one.host} ({one.id})" for one in counted)
        return done(f"the agents count {hosts}")

    def apply(self, context: StepContext) -> None:
        """Wait until its entry is stale, then clean it."""
        self.wait(
            context, f"the entry of {self.host.name} is stale", lambda: self._stale(context),
            self.limits.services,
        )  # fmt: skip
        own = self._own(self._counted(context) or ())
        if own is None:
            return
        command = (
            *self.job.looked_from.command, "--clean-metadata", f"--host-id={own.id}",
            "--force-cleanup",
        )  # fmt: skip
        said = self.carrier(context).run(command, timeout=300)
        context.log((said.out + said.err).strip()[:1000])

    def _stale(self, context: StepContext) -> Sight:
        counted = self._counted(context)
        if not counted:
            return Sight(False, self._silent)
        own = self._own(counted)
        if own is None:
            return Sight(True, "there is no entry")
        return Sight(not own.live, f"host {own.id} is {'live' if own.live else 'stale'}")

    @property
    def _silent(self) -> str:
        """A host that takes part counts itself at least: no entry at all is no answer."""
        where = self.job.looked_from.name
        return f"the agents on {where} do not say which hosts they count, not even {where}"

    def _counted(self, context: StepContext) -> tuple[EngineStatus, ...] | None:
        view = look_at_agents(self.carrier(context), self.job.looked_from.command)
        return view.rows if view is not None else None

    def _own(self, counted: Sequence[EngineStatus]) -> EngineStatus | None:
        names = {self.host.address.lower(), self.host.site_name.lower()}
        short = {name.partition(".")[0] for name in names if not is_address(name)}
        return next((one for one in counted if one.host.lower() in names | short), None)

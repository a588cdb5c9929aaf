"""The agents forget the host: its entry in their shared metadata, where they still count it."""

from __future__ import annotations

from collections.abc import Sequence

from steps.hosted_engine.rejoin.metadata import Counted, counted_hosts
from steps.hosted_engine.rejoin.rejoin_job import RejoinHost, RejoinJob
from steps.hosted_engine.rejoin.rejoin_step import RejoinStep
from steps.procedure import StepContext, Verdict, done, not_done, unknown
from steps.targets.engine_waiting import Sight
from steps.targets.quoting import command_line


class ForgetHost(RejoinStep):
    """Only a stale entry: the host's own agent has been stopped by then."""

    kind = "metadata"
    reason = (
        "The agents keep an entry for each host. One that is stale is counted until it is cleaned;"
        " the host gets a new one when it is added. Cleaned from a host that is well, after the"
        " agent of this one was stopped."
    )

    def __init__(self, job: RejoinJob, host: RejoinHost) -> None:
        super().__init__(job, host)
        self.title = f"The agents forget {host.name}"

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
        if counted is None:
            return unknown("hosted-engine --vm-status says nothing that is understood")
        own = self._own(counted)
        if own:
            return not_done(f"counted as host {own.number}, {'live' if own.live else 'stale'}")
        hosts = ", ".join(f"{one.host} ({one.number})" for one in counted) or "none"
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
            *self.job.looked_from.command, "--clean-metadata", f"--host-id={own.number}",
            "--force-cleanup",
        )  # fmt: skip
        said = self.carrier(context).run(command, timeout=300)
        context.log((said.out + said.err).strip()[:1000])

    def _stale(self, context: StepContext) -> Sight:
        own = self._own(self._counted(context) or ())
        if own is None:
            return Sight(True, "there is no entry")
        return Sight(not own.live, f"host {own.number} is {'live' if own.live else 'stale'}")

    def _counted(self, context: StepContext) -> tuple[Counted, ...] | None:
        shell, program = self.carrier(context), self.job.looked_from.command
        for options in (("--vm-status", "--json"), ("--vm-status",)):
            looked = shell.run([*program, *options], timeout=120, check=False)
            found = counted_hosts(looked.out)
            if found is not None:
                return found
        return None

    def _own(self, counted: Sequence[Counted]) -> Counted | None:
        names = {self.host.address.lower(), self.host.site_name.lower()}
        return next((one for one in counted if one.host.lower() in names), None)

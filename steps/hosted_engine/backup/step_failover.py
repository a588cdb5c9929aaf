"""The failover host into maintenance before the backup, and into service again after it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from config.errors import Interrupted, Refused, RekindleError, StepFailed
from steps.hosted_engine.backup.failover import READY, Candidate
from steps.hosted_engine.backup.job import BackupJob, BackupStep
from steps.hosted_engine.backup.stuck import GIVE_UP, SHUT_DOWN, WITHOUT, ask_about_stuck
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.engine import Engine
from steps.targets.engine_facts import Host, Machine
from steps.targets.engine_waiting import (
    POLL_SECONDS,
    Patience,
    Sight,
    host_becomes,
    host_seen,
    wait_until,
)

PREPARING: Final = "preparing_for_maintenance"
STUCK_SECONDS: Final = 60.0
"""So long may nothing on a host that is emptied move before it is asked about."""
UP_SECONDS: Final = 900.0
OFF_SECONDS: Final = 600.0
"""So long a machine that was asked to shut down may take, before it is told and left."""

ENTERED: Final = "failover.entered"
"""Remembered: this run has asked the host into maintenance."""
GONE_WITHOUT: Final = "failover.without"
"""Remembered: the operator goes on without maintenance."""
SHUT_DOWN_FOR_IT: Final = "failover.shut-down"
"""Remembered: the machines that were shut down, to be started again, each as its id:name."""
_ROUND: Final = "failover.round"


class FailoverStep(BackupStep):
    """A step that acts on the failover host."""

    @property
    def host(self) -> Candidate:
        """The failover host."""
        assert self.job.failover is not None
        return self.job.failover


class MaintainHost(FailoverStep):
    """The failover host is in maintenance, and nothing runs on it."""

    name = "failover.maintain"

    def __init__(self, job: BackupJob) -> None:
        super().__init__(job)
        self.title = f"Put {self.host.name} into maintenance"
        self.reason = (
            "The backup must know it as empty and in maintenance: only then can it be removed from"
            " the restored engine, and the engine be deployed on it."
        )

    def commands(self) -> Sequence[str]:
        """The call of the API."""
        return (f"POST /ovirt-engine/api/hosts/{self.host.id}/deactivate",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where the engine says maintenance and has nothing on it, or it goes without."""
        without = context.recall(GONE_WITHOUT)
        if without:
            return done(without)
        host, left = self._look(context)
        if host is None:
            return not_done(f"the engine has no host {self.host.name}")
        said = _seen(host, left)
        return done(said) if host.status == READY and not left else not_done(said)

    def apply(self, context: StepContext) -> None:
        """Ask it, wait, and ask the operator about machines that do not move."""
        refusal = self._ask_it(context)
        while refusal or not self._emptied(context):
            answer, machine = ask_about_stuck(
                context, self.host.name, self._left(context), self._next_round(context), refusal
            )
            if answer == WITHOUT:
                self._go_without(context)
                return
            if answer == GIVE_UP:
                self._back(context)
                raise StepFailed(
                    f"{self.host.name} did not become empty; it is in service again.",
                    "Move or shut down what runs there, or choose another host, then try again.",
                )
            if answer == SHUT_DOWN and machine is not None:
                context.log(f"asking {machine.name} to shut down")
                note_shut_down(context, machine)
                self.engine(context).shut_down_machine(machine.id)
            refusal = self._ask_it(context)

    def undo(self, context: StepContext) -> None:
        """Into service again where this run has taken it out."""
        context.remember(GONE_WITHOUT, "")
        self._back(context)

    def _ask_it(self, context: StepContext) -> str:
        """Ask it into maintenance; returns why the engine says no, empty where it does not."""
        host, _left = self._look(context)
        if host is None or host.status in (READY, PREPARING):
            return ""
        context.remember(ENTERED, "yes")
        try:
            self.engine(context).maintain_host(self.host.id, f"failover host of {self.job.file}")
        except Refused as error:
            return error.message
        return ""

    def _emptied(self, context: StepContext) -> bool:
        """Wait; False where it does not become empty."""
        wait = Patience(self.job.wait_seconds, context.log, context.checkpoint, POLL_SECONDS)
        watch = _Watch(context, self)
        try:
            wait_until(f"{self.host.name} is in maintenance and empty", watch.look, wait)
        except StepFailed as error:
            context.log(error.message)
            return False
        return True

    def _go_without(self, context: StepContext) -> None:
        self._back(context)
        context.remember(
            GONE_WITHOUT,
            f"without maintenance, as was decided: after a restore {self.host.name} cannot be"
            " deployed on, only new hardware can",
        )

    def _back(self, context: StepContext) -> None:
        if context.recall(ENTERED):
            into_service(self.engine(context), self.host, context)
            context.remember(ENTERED, "")

    def _next_round(self, context: StepContext) -> int:
        number = int(context.recall(_ROUND) or 0) + 1
        context.remember(_ROUND, str(number))
        return number

    def _left(self, context: StepContext) -> Sequence[Machine]:
        return self._look(context)[1]

    def _look(self, context: StepContext) -> tuple[Host | None, Sequence[Machine]]:
        engine = self.engine(context)
        return engine.host(self.host.id), engine.machines(self.host.id)


class _Watch:
    """Looks at a host that is emptied, and notices when nothing moves any more."""

    def __init__(self, context: StepContext, step: MaintainHost) -> None:
        self._context, self._step = context, step
        self._most, self._seen, self._since = 0, "", time.monotonic()

    def look(self) -> Sight:
        """One look."""
        host, left = self._step._look(self._context)
        if host is None:
            return Sight(False, f"host {self._step.host.name} is not there", hopeless=True)
        self._most = max(self._most, len(left))
        self._context.progress(self._most - len(left), self._most or 1, "machines")
        if host.status == READY and not left:
            return Sight(True, _seen(host, left))
        return Sight(False, _seen(host, left), self._is_stuck(host, left))

    def _is_stuck(self, host: Host, left: Sequence[Machine]) -> bool:
        if host.status not in (READY, PREPARING):
            return True  # somebody, or the engine itself, has called it off
        now = _seen(host, left)
        if now != self._seen or any(machine.status == "migrating" for machine in left):
            self._seen, self._since = now, time.monotonic()
        return bool(left) and time.monotonic() - self._since > STUCK_SECONDS


class ActivateHost(FailoverStep):
    """The failover host is in service again."""

    name = "failover.activate"

    def __init__(self, job: BackupJob) -> None:
        super().__init__(job)
        self.title = f"Activate {self.host.name} again"
        self.reason = "The archive has it in maintenance; the site needs it in service."

    def commands(self) -> Sequence[str]:
        """The call of the API."""
        return (f"POST /ovirt-engine/api/hosts/{self.host.id}/activate",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where it is up, or was in maintenance before this run and is left so."""
        host = self.engine(context).host(self.host.id)
        if host is None:
            return not_done(f"the engine has no host {self.host.name}")
        if host.status == READY and not self._is_to_be_up(context):
            return done(f"{self.host.name} was in maintenance before this run, and is left so")
        if host.status != "up":
            return not_done(host_seen(host))
        down = [machine.name for machine in still_down(self.engine(context), context)]
        if down:
            return not_done(f"{host_seen(host)}; shut down and not started yet: {', '.join(down)}")
        return done(host_seen(host))

    def apply(self, context: StepContext) -> None:
        """Activate it, wait until it is up, and start what was shut down for it."""
        into_service(self.engine(context), self.host, context)

    def _is_to_be_up(self, context: StepContext) -> bool:
        return self.job.always_activate or bool(context.recall(ENTERED))


def note_shut_down(context: StepContext, machine: Machine) -> None:
    """Remember, before it is done, what is to be started again."""
    known = {**_shut_down(context), machine.id: machine.name}
    context.remember(SHUT_DOWN_FOR_IT, " ".join(f"{id}:{name}" for id, name in known.items()))


def still_down(engine: Engine, context: StepContext) -> list[Machine]:
    """The machines that were shut down for the backup and are down."""
    return [machine for machine in _found(engine, context) if machine.status == "down"]


def into_service(engine: Engine, host: Candidate, context: StepContext) -> None:
    """The host up, and what was shut down for the backup started again, each for itself.

    Another host may carry the machines where this one does not come up. Raises StepFailed with
    everything that is not as it was before, and what to do about it.
    """
    failed, remedies = [], []
    try:
        bring_back(engine, host, context)
    except Interrupted:
        raise
    except RekindleError as error:
        failed.append(f"{host.name} {_standing(engine, host)}: it was taken out of service for")
        failed[-1] += f" this backup, and did not come up again. {error.message}"
        remedies.append(f"Find out why, and activate {host.name} in the administration portal.")
    off = start_again(engine, context)
    if off:
        told = "; ".join(f"{name} ({why})" for name, why in off.items())
        failed.append(f"Shut down for this backup, and not running again: {told}.")
        remedies.append(f"Start there, on any host that can carry them: {', '.join(off)}.")
    if failed:
        raise StepFailed(" ".join(failed), " ".join(remedies))


def start_again(engine: Engine, context: StepContext) -> dict[str, str]:
    """Start the machines that were shut down for the backup; what still shuts down is waited for.

    Returns the names of those that could not be started, with the reason.
    """
    off: dict[str, str] = {}
    try:
        wait_until(
            "what was asked to shut down is down, or up again",
            lambda: _shutting_down(engine, context),
            Patience(OFF_SECONDS, context.log, context.checkpoint, POLL_SECONDS),
        )
    except StepFailed as error:
        context.log(error.message)
    try:
        found = _found(engine, context)
    except RekindleError as error:
        return dict.fromkeys(_shut_down(context).values(), error.message)
    for machine in found:
        if machine.status == "powering_down":
            off[machine.name] = "it still shuts down"
        elif machine.status == "down":
            _start(engine, machine, context, off)
    return off


def _start(engine: Engine, machine: Machine, context: StepContext, off: dict[str, str]) -> None:
    context.log(f"starting {machine.name} again")
    try:
        engine.start_machine(machine.id)
    except Interrupted:
        raise
    except RekindleError as error:
        off[machine.name] = error.message


def _shut_down(context: StepContext) -> dict[str, str]:
    """Name by id."""
    noted = (context.recall(SHUT_DOWN_FOR_IT) or "").split()
    return {id: name for id, _, name in (one.partition(":") for one in noted)}


def _found(engine: Engine, context: StepContext) -> list[Machine]:
    found = (engine.machine(id) for id in _shut_down(context))
    return [machine for machine in found if machine is not None]


def _shutting_down(engine: Engine, context: StepContext) -> Sight:
    found = _found(engine, context)
    names = [machine.name for machine in found if machine.status == "powering_down"]
    return Sight(not names, f"shutting down: {', '.join(names) or 'none'}")


def _standing(engine: Engine, host: Candidate) -> str:
    try:
        found = engine.host(host.id)
    except RekindleError:
        return "IS NOT KNOWN TO BE IN SERVICE"
    if found is None or found.status == READY:
        return "IS STILL IN MAINTENANCE" if found else "IS NOT THERE ANY MORE"
    return f"IS {found.status.replace('_', ' ').upper()}, NOT UP"


def bring_back(engine: Engine, host: Candidate, context: StepContext) -> None:
    """Activate a host where it is out of service, and wait until it is up."""
    found = engine.host(host.id)
    if found is not None and found.status == "up":
        return
    if found is None or found.status in (READY, PREPARING, "non_operational", "error"):
        engine.activate_host(host.id)
    wait_until(
        f"{host.name} is up",
        host_becomes(engine, host.id, ("up",), ("non_operational", "install_failed")),
        Patience(UP_SECONDS, context.log, context.checkpoint, POLL_SECONDS),
    )


def _seen(host: Host, left: Sequence[Machine]) -> str:
    named = ", ".join(f"{machine.name} {machine.status}" for machine in left[:8])
    more = f" and {len(left) - 8} more" if len(left) > 8 else ""
    return host_seen(host) + (f": {named}{more}" if left else ", nothing on it")

"""The daemon's work on real machines: the steps of the backup procedure, task by task."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from config.errors import RekindleError
from config.interviews.virtual_machine_backup import INCLUDE
from config.site import Site
from steps.procedure import Outcome, ProbeInput, Step, StepContext
from steps.targets.os_errors import explained
from steps.virtual_machine.backup.facts import DOWNTIME, moment_of, seconds_of
from steps.virtual_machine.backup.job import BackupJob
from steps.virtual_machine.backup.plan import choose
from steps.virtual_machine.backup.step_snapshot import TakeSnapshot
from steps.virtual_machine.backup.steps import (
    delete_steps,
    merge_steps,
    prepare_steps,
    retain_steps,
    snapshot_steps,
)
from steps.virtual_machine.backup.survey import look_at_machine
from steps.virtual_machine.job_leaf import CLAIMED
from steps.virtual_machine.job_words import DELETE, MERGE, RETAIN, SNAPSHOT, Task
from steps.virtual_machine.machine_site import find_machine
from steps.virtual_machine.node.orders import Order
from steps.virtual_machine.node.restore_work import restore_steps
from steps.virtual_machine.return_values import (
    UNDEFINED,
    WRONG_STATE,
    BackupFailed,
    return_code,
)

JOB = "job"
"""Fact: the whole job as it was planned when the snapshot was ordered. It holds no secret."""
_CLAIM = "planned for"
"""Fact: the claim that the documents in retain were written for."""


class MachineWork:
    """Work on the machines of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def steps(self, order: Order, context: StepContext) -> Sequence[Step]:
        """The steps of a task. Raises BackupFailed where it cannot be done here."""
        if order.task is SNAPSHOT:
            job = _going_on(order, context) or self._planned(order, context)
            return (*prepare_steps(job), *snapshot_steps(job))
        if order.task is DELETE:
            return delete_steps(_kept(context) or self._old(order, context))
        if order.task in (MERGE, RETAIN):
            job = self._begun(order, context)
            return merge_steps(job) if order.task is MERGE else retain_steps(job)
        return restore_steps(self._site, order, context)

    def return_code(self, error: Exception, task: Task) -> int:
        """The documented number."""
        if isinstance(error, OSError):
            error = explained(error, task.order)
        if isinstance(error, RekindleError):
            return return_code(error, task.order)
        return UNDEFINED

    def measured(self, order: Order, context: StepContext) -> Mapping[str, float]:
        """The downtime of a snapshot, in seconds, where the machine had one."""
        job = _kept(context) if order.task is SNAPSHOT else None
        downtime = seconds_of(context.recall, job, DOWNTIME) if job else None
        return {} if downtime is None else {DOWNTIME: downtime}

    def moment(self, order: Order, context: StepContext) -> float | None:
        """When the snapshot was taken, by this host's clock."""
        job = _kept(context) if order.task is SNAPSHOT else None
        return moment_of(context.recall, job) if job else None

    def _planned(self, order: Order, context: StepContext) -> BackupJob:
        """Look at the machine and plan as the procedure does; whoever ordered it means it."""
        leaf = order.leaf
        probe = ProbeInput(self._site, {}, context.targets)
        look = look_at_machine(probe, leaf.machine, own=leaf.name)
        survey = {"leaf": leaf.name, "machines": [look.to_json()]}
        chosen = choose(self._site, {"excluded": INCLUDE}, json.loads(json.dumps(survey)))
        context.remember(_CLAIM, leaf.mark(CLAIMED))
        return _keep(context, replace(chosen.taken[0].job, reports_failures=False))

    def _begun(self, order: Order, context: StepContext) -> BackupJob:
        job = _kept(context)
        if job is None:
            raise BackupFailed(
                WRONG_STATE,
                f"This daemon knows of no snapshot of {order.leaf.machine} for {order.leaf.name}.",
                "The daemon that took it has to go on with it; it may have been on another node.",
            )
        return job

    def _old(self, order: Order, context: StepContext) -> BackupJob:
        """The job of an iteration that is to be removed: only its places count."""
        leaf = order.leaf
        site = find_machine(ProbeInput(self._site, {}, context.targets), leaf.machine)
        found = [i for i in site.iterations() if i.leaf == leaf.name]
        if not found:
            raise BackupFailed(
                WRONG_STATE, f"There is no iteration {leaf.name} of {leaf.machine} on this node."
            )
        job = BackupJob(
            machine=leaf.machine, title=site.title, node=site.node.name, machine_dn=site.dn,
            leaf_dn=leaf.dn, place=found[0].place, plan=site.plan, disks=(), method="", was="",
            domain_known=False, live_root=self._site.storage.live_root,
        )  # fmt: skip
        return _keep(context, job)


def _going_on(order: Order, context: StepContext) -> BackupJob | None:
    """The job of a snapshot that was cut off, or failed and is ordered again.

    None where it did not get further than looking: it is planned anew, by what is there now.
    """
    job = _kept(context)
    if job is None or not context.recall(job.key("checked")):
        return None
    claimed = order.leaf.mark(CLAIMED)
    if context.recall(_CLAIM) != claimed:
        written = context.recall(job.key("documents")) == "written"
        if written and TakeSnapshot(job).verify(context).outcome is not Outcome.DONE:
            # They are of the hour of the order that failed: written again, in the same place.
            context.remember(job.key("documents"), "begun")
        context.remember(_CLAIM, claimed)
    return job


def _kept(context: StepContext) -> BackupJob | None:
    text = context.recall(JOB)
    return BackupJob.from_json(json.loads(text)) if text else None


def _keep(context: StepContext, job: BackupJob) -> BackupJob:
    context.remember(JOB, json.dumps(job.to_json()))
    return job

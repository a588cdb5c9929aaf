"""The restore as a daemon does it: the steps of the restore procedure, in three orders.

Between the first and the second the operator decides. What was decided lies beside the small files
in retain, as JSON: row to choice in the words of an answer file; every row without a decision takes
its default, and the order fails where a row has none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from config.errors import InvalidInput
from config.interviews.virtual_machine import COLD, KEEP, WITH_STATE
from config.questions import Given
from config.site import Site
from steps.conflicts import Decision, Desk, Resolution, Resolutions
from steps.procedure import Plan, ProbeInput, Step, StepContext, Survey
from steps.virtual_machine.backup_set import SetFacts, state_refusal
from steps.virtual_machine.job_words import RESTORE, UNRETAIN_SMALL
from steps.virtual_machine.machine_site import find_machine
from steps.virtual_machine.node.orders import Order
from steps.virtual_machine.restore_job import LDIF, XML, RestoreJob
from steps.virtual_machine.restore_plan import restore_conflicts, restore_plan
from steps.virtual_machine.return_values import (
    ENTRY_AND_XML_DISAGREE,
    FILES_MISSING,
    UNSUPPORTED_VALUE,
    WRONG_STATE,
    BackupFailed,
)
from steps.virtual_machine.set_look import SetLook
from steps.virtual_machine.small_files import read_small
from steps.virtual_machine.step_checks import CheckSet
from steps.virtual_machine.step_copies import CopySmallFiles
from steps.virtual_machine.step_modes import LeafMode
from steps.virtual_machine.survey import RestoreSurvey, survey

_KEPT: Final = "restore.json"
_LARGE: Final = ("check", "small", "large")
_SWAP: Final = ("swap",)


def restore_steps(site: Site, order: Order, context: StepContext) -> Sequence[Step]:
    """The steps of an order of a restore. Raises BackupFailed where it cannot be done."""
    if order.task is UNRETAIN_SMALL:
        return (CopySmallFiles(_small_job(site, order, context)),)
    if order.task is RESTORE:
        return _of(_kept(site, order, context), _SWAP)
    return _of(_decided(site, order, context), _LARGE)


def decisions_file(machine: str) -> str:
    """The name, in retain, of the file with what the operator decided."""
    return f"{machine}.decisions.json"


def _of(plan: Plan, phases: Sequence[str]) -> tuple[Step, ...]:
    """The steps of these phases; the leaf's modes are the daemon's own affair."""
    steps = (step for phase in plan.phases if phase.name in phases for step in phase.steps)
    return tuple(
        CheckSetAtWork(step.job) if isinstance(step, CheckSet) else step
        for step in steps
        if not isinstance(step, LeafMode)
    )


class CheckSetAtWork(CheckSet):
    """The check of a set whose own leaf says that it is being worked on: by this very daemon."""

    def facts(self, look: SetLook) -> SetFacts:
        """Without what the leaf of this restore says."""
        own = f"{self.job.leaf_dn}:".lower()
        others = tuple(w for w in look.facts.at_work if not w.lower().startswith(own))
        return replace(look.facts, at_work=others)


def _small_job(site: Site, order: Order, context: StepContext) -> RestoreJob:
    """As much of a job as copying the small files needs: nothing is compared or decided yet."""
    machine = find_machine(ProbeInput(site, {}, context.targets), order.leaf.machine)
    iteration = machine.iteration(order.leaf.name)
    names = tuple(f"{machine.machine}.{kind}" for kind in (LDIF, XML))
    missing = [name for name in names if not iteration.has(name)]
    if missing:
        raise BackupFailed(
            FILES_MISSING, f"{iteration.place.backup} has no {', '.join(missing)}.",
            "Choose another iteration.",
        )  # fmt: skip
    return RestoreJob(
        site=site, node=machine.node.name, title=machine.title, machine_dn=machine.dn,
        leaf_dn=order.leaf.dn, place=iteration.place, images=machine.plan.images,
        directories=machine.plan.directories, disks=(), state_size=0, state_sha256="",
        with_state=False, resume=False, entry_known=True, domain_known=True, shutdown_limit=0.0,
        old_images=KEEP, small_files=names, resolutions={}, survey={},
    )  # fmt: skip


def _decided(site: Site, order: Order, context: StepContext) -> Plan:
    """Compare, take what was decided, plan; the same again after a crash."""
    file = context.run_directory / "keep" / _KEPT
    if not file.exists():
        given = _given(site, order, context)
        found = survey(ProbeInput(site, given, context.targets))
        place = RestoreSurvey.from_json(found).place
        written = _written(context, order, place.retained(decisions_file(order.leaf.machine)))
        resolutions = _resolutions(site, given, found, written)
        restore_plan(site, given, resolutions, found)
        words = {row: str(choice) for row, choice in resolutions.items()}
        file.parent.mkdir(mode=0o700, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(json.dumps({"given": dict(given), "decided": words, "survey": found}))
        new.rename(file)
    return _kept(site, order, context)


def _kept(site: Site, order: Order, context: StepContext) -> Plan:
    file = context.run_directory / "keep" / _KEPT
    if not file.exists():
        raise BackupFailed(
            WRONG_STATE,
            f"This daemon did not unretain the large files of {order.leaf.machine}.",
            "Begin the restore with unretainSmallFiles.",
        )
    data: dict[str, Any] = json.loads(file.read_text())
    resolutions = {row: Resolution.parse(text) for row, text in data["decided"].items()}
    return restore_plan(site, data["given"], resolutions, data["survey"])


def _given(site: Site, order: Order, context: StepContext) -> Given:
    """With state where the set has one that can be restored; the images of today are kept."""
    base = {"machine": order.leaf.machine, "iteration": order.leaf.name, "mode": COLD}
    facts = RestoreSurvey.from_json(survey(ProbeInput(site, base, context.targets)))
    cold = bool(state_refusal(facts.facts.state)) or facts.place.storage.is_template
    return {**base, "mode": COLD if cold else WITH_STATE, "old_images": KEEP}


def _resolutions(
    site: Site, given: Given, found: Survey, written: dict[str, Resolution]
) -> Resolutions:
    desk = Desk(restore_conflicts(site, given, found))
    desk.decide_all(written)
    for row in desk.conflicts.rows:
        # A row whose value must be typed has no default that a daemon could take.
        usual = row.default if row.default is not Decision.CUSTOM else None
        if usual is not None and row.id in desk.conflicts.still_open(desk.decided):
            desk.decide(row.id, Resolution(usual))
    still_open = desk.conflicts.still_open(desk.decided)
    if still_open:
        raise BackupFailed(
            ENTRY_AND_XML_DISAGREE, f"Not decided, and without a default: {', '.join(still_open)}.",
            "Restore with `rekindle run virtual_machine.restore`, or write down the decisions.",
        )  # fmt: skip
    return desk.decided


def _written(context: StepContext, order: Order, path: str) -> dict[str, Resolution]:
    """What the operator wrote down, or nothing."""
    shell = context.targets.shell(_node(context, order))
    if shell.status(path) is None:
        return {}
    try:
        data = json.loads(read_small(shell, path))
        return {str(row): Resolution.parse(str(text)) for row, text in data.items()}
    except (ValueError, AttributeError, RecursionError, InvalidInput) as error:
        raise BackupFailed(
            UNSUPPORTED_VALUE, f"{path} holds no decisions: {str(error)[:200]}",
            'Write {"row": "keep-backup", ...}, or take the file away.',
        ) from error  # fmt: skip


def _node(context: StepContext, order: Order) -> str:
    entry = context.targets.directory().get(order.leaf.machine_dn)
    return (entry.text("sstNode") or "") if entry else ""

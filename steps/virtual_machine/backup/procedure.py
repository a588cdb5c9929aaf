"""The procedure that backs up virtual machines: one, many, all."""

from __future__ import annotations

from config.interviews.virtual_machine_backup import BACKUP
from config.questions import Given
from config.site import Site
from steps.conflicts import Resolutions
from steps.procedure import Plan, Probed, ProbeInput, Procedure, Survey
from steps.virtual_machine.backup.plan import NAME, backup_plan
from steps.virtual_machine.backup.probes import PROBES
from steps.virtual_machine.backup.survey import survey
from steps.virtual_machine.coordination.backup_by_nodes import (
    is_by_nodes,
    look_by_nodes,
    plan_by_nodes,
    survey_by_nodes,
)


def _survey(probe: ProbeInput) -> Survey:
    """What the daemons' directory tells, or where this program does the work, everything."""
    return survey_by_nodes(probe) or survey(probe)


def _plan(site: Site, given: Given, resolutions: Resolutions, found: Survey) -> Plan:
    if is_by_nodes(found):
        return plan_by_nodes(site, given, found)
    return backup_plan(site, given, resolutions, found)


def _look(probe: ProbeInput) -> Probed:
    return look_by_nodes(probe) or PROBES["backup-look"](probe)


PROCEDURE = Procedure(
    name=NAME,
    system="Virtual machines (KVM)",
    title="Back up machines",
    description="Takes a snapshot of every chosen machine, as close together as can be, merges its"
    " disks back to one image each, and brings the set to the backup, proved and with a manifest.",
    needs="hypervisors, their directory",
    undo="until a machine's disks are merged",
    interview=BACKUP,
    drills=("backup-night",),
    probes={**PROBES, "backup-look": _look},
    survey=_survey,
    plan=_plan,
)

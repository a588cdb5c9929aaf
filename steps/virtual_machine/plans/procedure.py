"""The procedure that changes a backup plan."""

from __future__ import annotations

from config.interviews.virtual_machine_plan import PLAN
from steps.procedure import Procedure
from steps.virtual_machine.plans.change_plan import NAME, change_plan
from steps.virtual_machine.plans.plan_probes import PROBES
from steps.virtual_machine.plans.plan_survey import survey

PROCEDURE = Procedure(
    name=NAME,
    system="Virtual machines (KVM)",
    title="Change a backup plan",
    description="Shows and changes how a machine, a pool or the whole site is backed up: folders,"
    " owners, iterations, timetable. Excludes a machine and includes it again. Puts the timetable"
    " on a node as a systemd timer or a crontab line.",
    needs="the directory; for a timetable, a node",
    undo="at any time, from what was kept",
    interview=PLAN,
    probes=PROBES,
    survey=survey,
    plan=change_plan,
    about=("scope", "machine", "pool"),
)

"""The procedure that restores one virtual machine from a backup."""

from __future__ import annotations

from config.interviews.virtual_machine import RESTORE
from steps.procedure import Procedure
from steps.virtual_machine.probes import PROBES
from steps.virtual_machine.restore_plan import NAME, restore_conflicts, restore_plan
from steps.virtual_machine.survey import survey

PROCEDURE = Procedure(
    name=NAME,
    system="Virtual machines (KVM)",
    title="Restore a machine",
    description="Takes one machine back to a backup. Checks the backup, lets you settle every"
    " difference between backup, directory and hypervisor, swaps the disks, resumes the machine.",
    needs="a hypervisor, its directory",
    undo="until you confirm the clean-up",
    interview=RESTORE,
    probes=PROBES,
    survey=survey,
    plan=restore_plan,
    conflicts=restore_conflicts,
    drills=("restore-machine",),
)

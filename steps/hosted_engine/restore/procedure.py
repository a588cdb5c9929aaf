"""The procedure that restores a self-hosted engine from a backup."""

from __future__ import annotations

from config.interviews.hosted_engine_restore import RESTORE
from steps.hosted_engine.restore.conflict_set import restore_conflicts
from steps.hosted_engine.restore.probes import restore_probes
from steps.hosted_engine.restore.restore_plan import NAME, restore_plan
from steps.hosted_engine.restore.survey import survey
from steps.procedure import Procedure

PROCEDURE = Procedure(
    name=NAME,
    system="Self-hosted engine (oVirt)",
    title="Restore",
    description="Brings a lost engine back from a backup: on the failover host, on new hardware, or"
    " onto an engine machine that is there. Every conflict is shown before, nothing is guessed.",
    needs="a backup, and a host with ovirt-hosted-engine-setup or an engine machine",
    undo="until the deployment's first question is answered",
    interview=RESTORE,
    probes=restore_probes(),
    survey=survey,
    plan=restore_plan,
    conflicts=restore_conflicts,
    about=("archive", "host"),
    drills=("lost-engine-failover-host", "lost-engine-new-hardware"),
)

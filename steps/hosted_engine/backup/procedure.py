"""The procedure that backs up a self-hosted engine."""

from __future__ import annotations

from config.interviews.hosted_engine_backup import BACKUP
from steps.hosted_engine.backup.plan import NAME, backup_plan
from steps.hosted_engine.backup.probes import PROBES
from steps.hosted_engine.backup.survey import survey
from steps.procedure import Procedure

PROCEDURE = Procedure(
    name=NAME,
    system="Self-hosted engine (oVirt)",
    title="Back up",
    description="Makes a failover host ready, backs the engine up with engine-backup, looks into"
    " the archive, copies it to a backup server and brings the host back into service.",
    needs="the engine, a hosted-engine host, a backup server",
    drills=("backup-without-maintenance",),
    undo="until older backups are removed",
    interview=BACKUP,
    probes=PROBES,
    survey=survey,
    plan=backup_plan,
    about=("server",),
)

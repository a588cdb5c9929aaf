"""The procedure that has the engine backed up every night."""

from __future__ import annotations

from config.interviews.hosted_engine_schedule import SCHEDULE
from steps.hosted_engine.backup.nightly.plan import NAME, schedule_plan, survey
from steps.hosted_engine.backup.nightly.probes import PROBES
from steps.procedure import Procedure

PROCEDURE = Procedure(
    name=NAME,
    system="Self-hosted engine (oVirt)",
    title="Back up every night",
    description="Puts a systemd timer or a crontab line on a host that backs the engine up by an"
    " answer file, shows when it comes round next, and takes it away again.",
    needs="a host with Rekindle, an answer file of the backup",
    undo="at any time, from what was kept",
    interview=SCHEDULE,
    probes=PROBES,
    survey=survey,
    plan=schedule_plan,
    about=("node",),
)

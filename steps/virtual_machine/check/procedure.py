"""The procedure that checks backups: reads them whole, and restores them where nobody is hurt."""

from __future__ import annotations

from config.interviews.virtual_machine_check import CHECK
from steps.procedure import Procedure
from steps.virtual_machine.check.plan import NAME, check_plan, survey
from steps.virtual_machine.check.probes import PROBES

PROCEDURE = Procedure(
    name=NAME,
    system="Virtual machines (KVM)",
    title="Check backups",
    description="Reads backups whole from disk again and compares them with their checksums. On"
    " request restores each in isolation, watches it run and keeps its screen. Changes nothing.",
    needs="the nodes of the backups, their directory",
    undo="nothing is changed",
    interview=CHECK,
    probes=PROBES,
    survey=survey,
    plan=check_plan,
    about=("scope", "machine", "iteration"),
)

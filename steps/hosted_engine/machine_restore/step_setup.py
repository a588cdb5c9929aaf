"""engine-setup on the restored machine, driven through its dialog to its end."""

from __future__ import annotations

from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.setup_job import SetupJob
from steps.hosted_engine.step_tool import FollowTool, StartTool


class SetupStarted(StartTool):
    """Start it detached, and hear it up to its first question."""

    name = "setup.start"
    title = "Start engine-setup"
    reason = (
        "It runs on the machine by itself: a lost connection loses nothing. Up to its preview it"
        " changes nothing."
    )

    def __init__(self, job: MachineRestoreJob) -> None:
        super().__init__(SetupJob(job))


class SetupFollowed(FollowTool):
    """Answer it, show its preview, and follow it to its end."""

    name = "setup.follow"
    title = "Set the restored engine up: answer engine-setup and follow it to its end"
    reason = (
        "It takes up the restored settings and databases and starts the engine. Its preview is"
        " shown before it changes anything; what nobody foresaw is asked as it is."
    )

    def __init__(self, job: MachineRestoreJob) -> None:
        super().__init__(SetupJob(job))

"""A classic deployment by the scripted tool, held at its menu and at its wait for the shutdown.

The real steps of the tool; what is done between them is a file that is written or removed.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from steps.hosted_engine.deploy_job import DeployJob
from steps.hosted_engine.step_hold import ContinueTool, FollowToEnd, HoldAtMenu
from steps.hosted_engine.step_prove import TidyUp
from steps.hosted_engine.step_tool import StartTool
from steps.procedure import Phase, Plan, Procedure, Step, done, not_done
from steps.run.directory import create_run
from tests.crash import toy_deploy

NAME = "toy.hold"
INSTALL_MENU = """\
The VM has been started.  Install the OS and shut down or reboot it.  \
To continue please make a selection:

  (1) Continue setup - VM installation is complete
  (2) Reboot the VM and restart installation
  (3) Abort setup
  (4) Destroy VM and abort setup

  (1, 2, 3, 4)[1]: """
ENGINE_MENU = """\
Please install and setup the engine in the VM.
To continue make a selection from the options below:
  (1) Continue setup - engine installation is complete
  (2) Power off and restart the VM
  (3) Abort setup
  (4) Destroy VM and abort setup

  (1, 2, 3, 4)[1]: """
MENU = {"valid": ["1", "2", "3", "4"], "default": "1"}


def acts(folder: Path, *, again: bool = False):
    """The guide's dialog; `again`: the tool finds no engine the first time and asks once more."""
    engine = {"ask": "OVEHOSTED_ENGINE_UP", "text": ENGINE_MENU, **MENU}
    refused = [engine, {"log": ["ERROR", "Engine is still not reachable"]}] if again else []
    return [
        {"generation": "old"},
        {"stages": ["Initializing"]},
        {"ask": "DEPLOY_PROCEED", "text": "Continue? (Yes, No)[Yes]: ", "valid": ["Yes", "No"]},
        {"stages": ["Closing up"]},
        {"ask": "OVEHOSTED_INSTALLING_OS", "text": INSTALL_MENU, **MENU},
        *refused,
        engine,
        {"log": ["INFO", "Engine replied: DB Up!Welcome to Health Status!"]},
        {"log": ["ERROR", "Timed out while waiting for host to start. Please check the logs."]},
        {"log": ["ERROR", "Unable to add hosted_engine_2 to the manager"]},
        {"note": "Please shutdown the VM allowing the system to launch it as a monitored service.\n"
                 "The system will wait until the VM is down."},
        {"until_gone": str(folder / "machine")},
        {"log": ["INFO", "Enabling and starting HA services"]},
        {"note": "Hosted Engine successfully set up"},
        {"stages": ["Clean up", "Pre-termination", "Termination"]},
    ]  # fmt: skip


class Between(Step):
    """Something that is done meanwhile; it waits as long as there is a file `wait`."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.title, self.folder = name, name, folder

    def commands(self):
        return ("true",)

    @property
    def mark(self) -> Path:
        return self.folder / self.name

    def verify(self, context):
        return done("it is there") if self.mark.exists() else not_done("it is not there")

    def apply(self, context):
        while (self.folder / "wait").exists():
            (self.folder / "waiting").touch()
            context.checkpoint()
            time.sleep(0.02)
        self.mark.touch()


class Down(Between):
    """The machine is shut down."""

    def verify(self, context):
        up = (self.folder / "machine").exists()
        return not_done("the machine is up") if up else done("the machine is down")

    def apply(self, context):
        (self.folder / "machine").unlink()


def make_plan(site, given, _resolutions, _survey):
    answers = json.loads(str(given["known"]))
    job = DeployJob(
        site_name=site.name,
        host=site.engine_hosts[0],
        era="classic",
        fqdn=str(given["fqdn"]),
        answer_file="",
        known=lambda context: toy_deploy.Known(context, answers),
        restores=True,
    )
    folder = Path(job.host.work_folder).parent
    return Plan(
        procedure=NAME,
        object="toy",
        verb="Restore",
        phases=(
            Phase("deploy", "Deploy", (StartTool(job), HoldAtMenu(job))),
            Phase("engine", "Engine", (Between("engine", folder),)),
            Phase("synchronise", "Synchronise", (ContinueTool(job),)),
            Phase("down", "Down", (Down("down", folder),)),
            Phase("end", "End", (FollowToEnd(job), TidyUp(job))),
        ),
    )


PROCEDURE = Procedure(
    name=NAME, system="toy", title="Restore", description="Drives the scripted tool.",
    needs="a host", undo="until the tool's first question is answered",
    interview=toy_deploy.INTERVIEW, probes={}, survey=lambda _input: {}, plan=make_plan,
)  # fmt: skip


def make_run(folder: Path, *, script=None, fqdn="", prompts=None):
    """A run on that script, its machine up."""
    site = toy_deploy.lay_out(folder, script or acts(folder))
    (folder / "machine").touch()
    answers = {"known": json.dumps({"DEPLOY_PROCEED": "Yes"}), "fqdn": fqdn}
    return create_run(site, NAME, answers, {}, {}, prompts or {}, folder=folder / "runs")

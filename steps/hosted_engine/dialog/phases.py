"""How far a deployment is, told from its own lines: stages, ansible tasks by name, log lines.

An ansible task's line is `TASK [ROLE : NAME]`. The role was spelt in three ways, so only the name
counts. Expected times are the tool's own limits, or what is usual where it has none; they are told
to the operator and stop nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from steps.hosted_engine.dialog.events import Event, Log, Passed, Planned

_STAGE: Final = re.compile(r"^Stage: (.{1,200})$")
_TASK: Final = re.compile(r"^TASK \[(?:[^\]:]{1,200} : )?(.{1,2000})\]\s*\**$")


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of a deployment. `signs` begin it; `expected` says how long it may take."""

    name: str
    title: str
    signs: tuple[str, ...]
    expected: str = ""


CLASSIC: Final = (
    Phase("start", "Start of the tool", ("Stage: Initializing",), "a minute"),
    Phase("questions", "The tool's questions", ("Stage: Environment customization",)),
    Phase("validation", "Check of the settings", ("Stage: Setup validation",), "a minute"),
    Phase("host", "Configure libvirt and VDSM", ("Configuring libvirt", "Configuring VDSM"),
          "two minutes"),
    Phase("bridge", "Management bridge", ("Configuring the management bridge",),
          "a minute; the connection to the host may stall"),
    Phase("storage", "Storage domain", ("Creating Volume Group", "Creating Storage Domain"),
          "five minutes"),
    Phase("image", "Image of the engine machine", ("Creating VM Image",), "minutes; longer where"
          " an appliance is extracted"),
    Phase("machine", "Engine machine", ("Creating VM",)),
    Phase("engine", "Connect to the engine", ("Engine replied", "Connecting to the Engine"),
          "a minute"),
    Phase("host-up", "The engine takes the host in",
          ("Waiting for the host to become operational",), "up to ten minutes"),
    Phase("services", "High availability services", ("Enabling and starting HA services",),
          "a minute"),
    Phase("end", "Clean-up of the tool", ("Stage: Clean up",), "a minute"),
)  # fmt: skip

ANSIBLE: Final = (
    Phase("start", "Start of the tool", ("Stage: Initializing",), "a minute"),
    Phase("questions", "The tool's questions", ("Stage: Environment customization",)),
    Phase("validation", "Check of the settings", ("Stage: Setup validation",), "a minute"),
    Phase("clean", "Remove earlier attempts", ("Cleaning previous attempts",), "minutes"),
    Phase("bootstrap", "Local engine machine", ("Starting local VM",), "minutes"),
    Phase("appliance", "Appliance",
          ("Install oVirt Engine Appliance", "Install ovirt-engine-appliance rpm",
           "Extract appliance to local VM directory", "Extract appliance", "Copy appliance",
           "Create local VM", "Get local VM IP"),
          "up to fifteen minutes for an address"),
    Phase("reachable", "Local engine machine answers", ("Wait for the local VM",),
          "up to an hour"),
    Phase("restore", "Restore of the backup",
          ("Copy the backup file to the engine VM for restore", "Run engine-backup",
           "Remove previous hosted-engine VM", "Rename previous HE storage domain to avoid name"
           " conflicts"),
          "as long as the database is large"),
    Phase("engine-setup", "engine-setup",
          ("Execute engine-setup", "Run engine-setup with answerfile"), "up to half an hour"),
    Phase("engine", "The engine comes up", ("Wait for ovirt-engine service to start",),
          "up to ten minutes"),
    Phase("host-up", "The engine takes the host in", ("Add host", "Wait for the host to be up"),
          "up to twenty minutes"),
    Phase("storage", "Storage domain",
          ("Creating Storage Domain", "Add NFS storage domain", "Add iSCSI storage domain",
           "Add Fibre Channel storage domain", "Add glusterfs storage domain",
           "Check storage domain free space", "Activate storage domain")),
    Phase("target", "Engine machine on shared storage",
          ("Creating Target VM", "Add HE disks", "Add VM",
           "Copy local VM disk to shared storage", "Verify copy of VM disk"), "long"),
    Phase("services", "High availability services",
          ("Start ovirt-ha-broker service on the host", "Start ovirt-ha-broker",
           "Initialize lockspace volume", "Start ovirt-ha-agent service on the host",
           "Start ovirt-ha-agent", "Exit HE maintenance mode"), "minutes"),
    Phase("up", "The engine is up", ("Check engine VM health",), "up to fifteen minutes"),
    Phase("end", "Clean-up of the tool", ("Cleaning temporary resources", "Stage: Clean up"),
          "minutes"),
)  # fmt: skip

_CHANGES: Final = (
    "Misc configuration", "Package installation", "Transaction commit", "Closing up",
)  # fmt: skip
"""Stages in which a deployment changes the host, in either era."""


def stage_in(text: str) -> str | None:
    """The stage that a log line begins, or None."""
    found = _STAGE.match(text)
    return found[1].strip() if found else None


def task_in(text: str) -> str | None:
    """The name of the ansible task that a log line begins, whatever its role is called."""
    found = _TASK.match(text)
    return found[1].strip() if found else None


@dataclass(slots=True)
class Progress:
    """Fed with every event, it knows the stage, task and phase, and how far it is."""

    phases: tuple[Phase, ...]
    stage: str = ""
    task: str = ""
    number: int = -1
    planned: int = 0
    passed: int = 0
    changing: bool = False
    """Whether a stage was reached in which the host is changed."""

    @property
    def phase(self) -> Phase | None:
        """The phase it is in, or None before the first."""
        return self.phases[self.number] if self.number >= 0 else None

    @property
    def done_and_total(self) -> tuple[int, int]:
        """How far: by the tool's own plan where it has printed one, else by phases."""
        if self.planned:
            return min(self.passed, self.planned), self.planned
        return max(self.number, 0), len(self.phases)

    def feed(self, event: Event) -> Phase | None:
        """Take an event in; returns the phase that it begins, or None."""
        match event:
            case Planned(total):
                self.planned = total
            case Passed():
                self.passed += 1
            case Log(text=text):
                return self._line(text)
        return None

    def _line(self, text: str) -> Phase | None:
        stage, task = stage_in(text), task_in(text)
        if stage is not None:
            self.stage = stage
            self.changing = self.changing or stage in _CHANGES
        if task is not None:
            self.task = task
        return self._begin(task if task is not None else text)

    def _begin(self, sign: str) -> Phase | None:
        # Never backwards: "Creating VM" and the stage of clean-up come more than once.
        for number, phase in enumerate(self.phases):
            if number > self.number and any(sign.startswith(start) for start in phase.signs):
                self.number = number
                return phase
        return None

"""What all steps on the engine's machine have in common."""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import StepFailed
from steps.hosted_engine.archive.version import Version
from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.procedure import Step, StepContext
from steps.targets.shell import Shell


class MachineStep(Step):
    """A step of one restore, on the engine's machine."""

    def __init__(self, job: MachineRestoreJob) -> None:
        self.job = job
        self.depends_on = job.depends_on

    def shell(self, context: StepContext) -> Shell:
        """The shell on the engine's machine."""
        return context.targets.shell(self.job.machine.name)

    def folder(self, context: StepContext) -> str:
        """The folder on the machine for what this run needs there."""
        return self.job.folder(run_name(context))


def run_name(context: StepContext) -> str:
    """The run's name: what it leaves elsewhere is called after it."""
    return context.run_directory.name


def has_program(shell: Shell, program: str) -> bool:
    """Whether the host has a program."""
    return shell.run(["/bin/sh", "-c", 'command -v "$1"', "sh", program], check=False).code == 0


def is_active(shell: Shell, service: str) -> bool:
    """Whether a service runs, or is about to."""
    done = shell.run(["systemctl", "is-active", service], check=False)
    return done.out.strip() in ("active", "activating", "reloading")


def installed_version(shell: Shell, package: str = "ovirt-engine") -> Version:
    """The engine that is installed. Raises StepFailed where none is, or its version is odd."""
    done = shell.run(["rpm", "-q", "--qf", "%{VERSION}\\n", package], check=False)
    text = (done.out.strip().splitlines() or [""])[-1]
    if done.code != 0 or not text:
        raise StepFailed(
            f"{package} is not installed on {shell.where}: {(done.out + done.err).strip()[:200]}",
            "Install the engine's packages there, of the version that made the backup.",
            seen="no package",
            expected=package,
        )
    return Version.parse(text)


def told(problems: Sequence[str]) -> str:
    """Several problems on one line."""
    return "; ".join(problems)

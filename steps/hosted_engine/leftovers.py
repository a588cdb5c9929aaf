"""What a failed deployment leaves on a host, and removing it. Reference, section 10."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from config.errors import StepFailed
from steps.procedure import StepContext
from steps.targets.quoting import command_line
from steps.targets.shell import Shell

CLEANUP: Final = "ovirt-hosted-engine-cleanup"
SECONDS: Final = 1800.0

CONFIGURATION: Final = (
    "/etc/ovirt-hosted-engine/hosted-engine.conf",
    "/etc/ovirt-hosted-engine/answers.conf",
    "/etc/vdsm/vdsm.conf",
)
"""Files that say a host is deployed. Renamed aside where there is no clean-up program."""

_LOOK: Final = r"""
for f in "$@"; do [ -e "$f" ] && echo "file $f"; done
for d in /var/tmp/localvm*; do [ -e "$d" ] && echo "folder $d"; done
ps -C qemu-kvm,qemu-system-x86_64 -o args= 2>/dev/null | grep -q HostedEngine &&
  echo "a running HostedEngine machine"
exit 0
"""

_STEPS: Final = (
    ("hosted-engine", "--vm-poweroff"),
    ("service", "ovirt-ha-agent", "stop"),
    ("service", "ovirt-ha-broker", "stop"),
    ("sanlock", "client", "shutdown", "-f", "1"),
    ("service", "vdsmd", "stop"),
    ("service", "supervdsmd", "stop"),
    ("service", "libvirtd", "stop"),
    ("service", "sanlock", "stop"),
)
"""What the program would do, as far as a host of the guide's days knows it."""


def is_deployed(shell: Shell) -> bool:
    """Whether the host carries an engine: its configuration names one."""
    return shell.run(["grep", "-q", "^vmid=..*", CONFIGURATION[0]], check=False).code == 0


@dataclass(frozen=True, slots=True)
class CleanUp:
    """The clean-up of one host. `command` is the site's deployment program."""

    context: StepContext
    shell: Shell
    command: tuple[str, ...]

    def left_behind(self) -> tuple[str, ...]:
        """What is there, a line each."""
        found = self.shell.run(["/bin/sh", "-c", _LOOK, "sh", *CONFIGURATION], check=False)
        return tuple(f"left behind: {line}" for line in found.out.splitlines() if line)

    def has_program(self) -> bool:
        """Whether the host has the clean-up program (from the end of 2016 on)."""
        look = self.shell.run(["/bin/sh", "-c", f"command -v {CLEANUP}"], check=False)
        return look.code == 0

    def how(self) -> str:
        """How it is done there."""
        if self.has_program():
            return f"runs {CLEANUP} -q"
        return "there is no clean-up program: stops the services, renames the configuration aside"

    def commands(self) -> Sequence[str]:
        """What is done where there is no program."""
        renames = (f"mv {path} {path}.before-clean-up" for path in CONFIGURATION)
        return (*(command_line(step) for step in self._steps()), *renames)

    def carry_out(self) -> None:
        """Do it. Raises StepFailed where configuration is still there afterwards."""
        if self.has_program():
            # Its exit code means nothing; what is left afterwards does.
            code = self.shell.stream([CLEANUP, "-q"], self.context.log, timeout=SECONDS)
            self.context.log(f"{CLEANUP} ended with exit code {code}")
        else:
            self._by_hand()
        deployed = CONFIGURATION[0]
        if self.shell.status(deployed) is not None:
            raise StepFailed(f"After the clean-up {deployed} is still there.", "Look at its log.")

    def _by_hand(self) -> None:
        for step in self._steps():
            done = self.shell.run(step, timeout=300, check=False)
            said = (done.out + done.err).strip().replace("\n", " / ")[:300]
            self.context.log(f"{done.command}: exit code {done.code} {said}")
        for path in CONFIGURATION:
            if self.shell.status(path) is not None:
                self.shell.rename(path, self._aside(path))

    def _aside(self, path: str) -> str:
        for number in range(1, 1000):
            aside = f"{path}.before-clean-up-{number}"
            if self.shell.status(aside) is None:
                self.context.log(f"{path} is renamed to {aside}")
                return aside
        raise StepFailed(f"{path} was renamed aside a thousand times.", "Remove the old ones.")

    def _steps(self) -> tuple[tuple[str, ...], ...]:
        return tuple(
            (*self.command, *step[1:]) if step[0] == "hosted-engine" else step for step in _STEPS
        )

"""The step that restores one set in isolation and watches it run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from config.errors import Refused, RekindleError
from config.paths import cache_folder
from config.site import Site
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.sizes import size_text
from steps.virtual_machine.check.scratch import clear_scratch, is_clear
from steps.virtual_machine.check.set_job import SetJob
from steps.virtual_machine.check.steps import SetStep, found_before, note_failed_trial
from steps.virtual_machine.check.trial import COLD, WITH_STATE, TrialDisk, TrialJob
from steps.virtual_machine.check.trial_watch import watch_trial
from steps.virtual_machine.directory_modes import timestamp

_MEMORY = Path("/proc/meminfo")
_OVERHEAD = 256 << 20
_WATCHED = "watched "


class TryRestore(SetStep):
    """Restore the set in a hypervisor of its own, cut off from everything, and watch it."""

    reason = (
        "Checksums say that nothing was lost since; only a machine that runs says that it was a"
        " backup. On overlays, every link down, in a hypervisor of its own: nothing is touched."
    )
    depends_on = ("watch_seconds",)

    def __init__(self, site: Site, job: SetJob, how: str, seconds: float) -> None:
        super().__init__(site, job, "try")
        self.how, self.seconds = how, seconds
        self.title = f"Test restore: {job.words}"

    def commands(self) -> Sequence[str]:
        """Overlays, a restore or a boot, a screenshot, the end."""
        place, leaf = self.job.place, self.job.place.leaf
        up = (
            f"virsh restore --paused --xml ISOLATED.xml {place.file(f'{self.job.machine}.state')}"
            if self.how == WITH_STATE
            else "virsh create --paused ISOLATED.xml   # another name and uuid"
        )
        return (
            f"qemu-img create -f qcow2 -F FORMAT -b {place.backup}/IMAGE.{leaf} OVERLAY",
            up,
            f"virsh resume; sleep {self.seconds:.0f}; virsh domstate --reason; virsh domblkerror",
            "virsh screenshot; virsh destroy; rm OVERLAY",
        )

    def verify(self, context: StepContext) -> Verdict:
        """It was seen running in this run, and nothing of the trial is left."""
        if not is_clear(self._scratch(context)):
            return not_done("a trial was begun and not ended; it will be cleared away")
        found = context.recall(self.name)
        return done(json.loads(found)["words"]) if found else not_done("not tried yet")

    def apply(self, context: StepContext) -> None:
        """Try it; whatever happens, nothing of it is left."""
        clear_scratch(self._scratch(context))
        job = self._trial(context)
        _require_memory(self.job)

        def hear(line: str) -> None:
            if line.startswith(_WATCHED):
                context.progress(int(line.removeprefix(_WATCHED)), int(job.seconds), "s")
            elif line:
                context.log(line)
            context.checkpoint()

        moment = timestamp(datetime.now(UTC))
        try:
            result = watch_trial(job, hear)
        except RekindleError as error:
            note_failed_trial(self, context, self.how, error)
            raise
        for remark in result.notes:
            context.log(f"note: {remark}")
        words = (
            f"restored in {result.restored} s, ran for {result.watched:.0f} s using"
            f" {result.processor} s of processor, no I/O error;"
            f" {f'screen: {result.screen}' if result.screen else 'it has no screen'}"
        )
        fact = {"at": moment, "how": self.how, "seconds": result.restored, "words": words}
        context.remember(self.name, json.dumps(fact))

    def _trial(self, context: StepContext) -> TrialJob:
        found, place = found_before(context, self.job), self.job.place
        machine = self.job.machine
        seconds = context.given.get("watch_seconds", int(self.seconds))
        return TrialJob(
            machine=machine,
            xml=place.file(f"{machine}.xml"),
            state=place.file(f"{machine}.state") if self.how == WITH_STATE else "",
            disks=tuple(TrialDisk(i.target, i.path, i.format) for i in found.images),
            seconds=float(seconds) if isinstance(seconds, int) else self.seconds,
            scratch=str(self._scratch(context)),
            keep=str(context.run_directory / "keep" / f"trial-{self.job.key}"),
            cache=str(cache_folder() / "hypervisor"),
        )

    def _scratch(self, context: StepContext) -> Path:
        short = hashlib.sha256(self.job.key.encode()).hexdigest()[:8]
        return context.run_directory / "scratch" / short


def _require_memory(job: SetJob) -> None:
    """A machine larger than what is free would have the host end somebody else's process."""
    needed, free = job.memory + _OVERHEAD, _free_memory()
    if needed > free:
        raise Refused(
            f"{job.words} needs {size_text(needed)} of memory to run; this host has"
            f" {size_text(free)} available.",
            "Free some, or check this backup on another host.",
        )


def _free_memory() -> int:
    for line in _MEMORY.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return 0


def way_of(job: SetJob, answer: str) -> str:
    """How a set is tried: with its memory state where it has one and that is wanted, else cold."""
    return WITH_STATE if job.has_state and answer != COLD else COLD

"""The steps of a check: read the set, try it in isolation, prove that it is as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from config.errors import InvalidInput, Refused, RekindleError, StepFailed
from config.site import Site
from steps.procedure import ProbeInput, Step, StepContext
from steps.run.text import counted
from steps.targets.quoting import command_line
from steps.virtual_machine.check.read_set import (
    FileProof,
    Read,
    SetReading,
    read_file,
    read_whole_set,
)
from steps.virtual_machine.check.set_job import SetJob
from steps.virtual_machine.directory_modes import timestamp
from steps.virtual_machine.iterations import Iteration
from steps.virtual_machine.machine_site import MachineSite, find_machine
from steps.virtual_machine.step_checks import CheckStep, without_errors
from steps.virtual_machine.verification import Tried, Verified, note


class SetStep(Step):
    """What every step on one set has: its lane, and where the set is now."""

    def __init__(self, site: Site, job: SetJob, kind: str) -> None:
        self.site, self.job = site, job
        self.lane = job.words
        self.name = f"{kind}.{job.key}"

    @property
    def can_undo(self) -> bool:
        """Nothing of the world is changed, so there is nothing to take back."""
        return False

    def probe(self, context: StepContext) -> ProbeInput:
        """What the readers look at the site with."""
        return ProbeInput(self.site, context.given, context.targets)

    def reporter(self, context: StepContext) -> Read:
        """Progress by bytes that lets the operator's abort through."""

        def report(done: int) -> None:
            context.progress(done, max(self.job.size, done))
            context.checkpoint()

        return report

    def locate(self, context: StepContext) -> tuple[MachineSite, Iteration]:
        """The machine and the set as they are now; Refused where the set is elsewhere."""
        site = find_machine(self.probe(context), self.job.machine)
        iteration = site.iteration(self.job.place.leaf)
        if iteration.place.backup != self.job.place.backup or site.node.name != self.job.node:
            raise Refused(
                f"The backup is {iteration.place.backup} on {site.node.name} now; the plan was made"
                f" for {self.job.place.backup} on {self.job.node}.",
                "Start the check anew.",
            )
        return site, iteration


class VerifySet(SetStep, CheckStep):
    """Read the set whole and compare it with everything that is known of it."""

    reason = (
        "A backup that nobody has read since is a hope. Every byte is read from disk, not from"
        " memory; every disk's structure, chain, state header, XML and entry is looked at."
    )

    def __init__(self, site: Site, job: SetJob) -> None:
        super().__init__(site, job, "verify")
        self.title = f"Verify {job.words}"

    def commands(self) -> Sequence[str]:
        """sha256sum and qemu-img check."""
        folder, leaf = self.job.place.backup, self.job.place.leaf
        return (
            command_line(["cd", folder]),
            f"dd if=FILE iflag=nocache count=0; sha256sum *.{leaf}   # every file, from disk",
            f"qemu-img check IMAGE.{leaf}; qemu-img info --backing-chain IMAGE.{leaf}",
        )

    def look(self, context: StepContext) -> str:
        """Read it; note in its record what was found, good or bad."""
        site, iteration = self.locate(context)
        reading = read_whole_set(self.probe(context), site, iteration, self.reporter(context))
        moment = timestamp(datetime.now(UTC))
        try:
            seen = without_errors(context, reading.findings, "a whole and sound backup")
        except StepFailed as error:
            note(site.shell, iteration, verified=Verified(moment, error.message))
            raise
        sums = {name: proof.sha256 for name, proof in reading.files.items()}
        note(site.shell, iteration, verified=Verified(moment), sums=sums)
        context.remember(f"{self.name}.found", _as_json(reading))
        return seen


class ProveUnchanged(SetStep, CheckStep):
    """After a trial: the set is bit for bit what it was, and so are its owners and times."""

    reason = "A trial that touched the backup would be worse than none: it is read once more."

    def __init__(self, site: Site, job: SetJob) -> None:
        super().__init__(site, job, "unchanged")
        self.title = f"Unchanged: {job.words}"

    def commands(self) -> Sequence[str]:
        """sha256sum again."""
        return (f"sha256sum {command_line([self.job.place.backup])}/*   # every file, from disk",)

    def look(self, context: StepContext) -> str:
        """Compare with what was read before; then note that it was restored."""
        site, iteration = self.locate(context)
        before = found_before(context, self.job)
        names = {file.name for file in iteration.files}
        wrong = [f"{name} has come or gone" for name in sorted(names ^ set(before.files))]
        wrong += self._changed(context, site, iteration, before.files)
        if wrong:
            raise StepFailed(
                f"The backup changed while it was tried: {'; '.join(wrong)}.",
                "Find out what writes to it. Do not restore from it before it is verified again.",
                seen="; ".join(wrong),
                expected="the files as they were before the trial",
            )
        tried = json.loads(context.recall(f"try.{self.job.key}") or "{}")
        if tried:
            note(site.shell, iteration, tried=Tried(tried["at"], tried["how"], tried["seconds"]))
        files = counted(len(names), "file")
        return f"{files} as before the trial: checksums, sizes, owners, modes, times"

    def _changed(
        self,
        context: StepContext,
        site: MachineSite,
        iteration: Iteration,
        before: Mapping[str, FileProof],
    ) -> list[str]:
        """Which files are not what they were."""
        wrong, read = [], 0
        for file in iteration.files:
            now = read_file(
                site.shell, f"{iteration.place.backup}/{file.name}", read, self.reporter(context)
            )
            if file.name in before and now != before[file.name]:
                wrong.append(f"{file.name} is not what it was")
            read += file.allocated
        return wrong


class Summary(CheckStep):
    """How many sets are sound, restored, damaged."""

    name = "summary"
    title = "Sum up"
    reason = "One line for the night's report."
    every_time = True
    can_undo = False

    def __init__(self, jobs: Sequence[SetJob], tried: Sequence[SetJob]) -> None:
        self.jobs, self.tried = jobs, tried

    def commands(self) -> Sequence[str]:
        """Nothing is run."""
        return ("# counts what the steps before have found",)

    def look(self, context: StepContext) -> str:
        """Count."""
        if not self.jobs:
            return "no backup was due"
        sound = [job for job in self.jobs if context.recall(f"verify.{job.key}")]
        worked = [job for job in self.tried if context.recall(f"unchanged.{job.key}")]
        words = [f"{len(sound)} of {len(self.jobs)} verified"]
        if self.tried:
            words.append(f"{len(worked)} of {len(self.tried)} restored in isolation")
        words += [f"not sound: {job.words}" for job in self.jobs if job not in sound]
        words += [f"not restored: {job.words}" for job in self.tried if job not in worked]
        return "; ".join(words)


def found_before(context: StepContext, job: SetJob) -> SetReading:
    """What the verification of this run has read; raises Refused where there was none."""
    text = context.recall(f"verify.{job.key}.found")
    if not text:
        raise Refused(
            f"{job.words} was not found sound in this run, so nothing could prove afterwards that"
            " it is unchanged.",
            "Verify it first: retry that step.",
        )
    return _from_json(json.loads(text))


def note_failed_trial(step: SetStep, context: StepContext, how: str, error: RekindleError) -> None:
    """The record shows that it was tried and did not work."""
    try:
        site, iteration = step.locate(context)
    except (Refused, InvalidInput):
        return
    moment = timestamp(datetime.now(UTC))
    note(site.shell, iteration, tried=Tried(moment, how, problem=error.message))


def _as_json(reading: SetReading) -> str:
    files = {name: proof.to_json() for name, proof in reading.files.items()}
    images = [(image.target, image.path, image.format) for image in reading.images]
    return json.dumps({"files": files, "images": images, "state": reading.has_state})


def _from_json(data: Mapping[str, object]) -> SetReading:
    from steps.virtual_machine.backup_set import ImageFacts

    files, images = data["files"], data["images"]
    assert isinstance(files, dict)
    assert isinstance(images, list)
    return SetReading(
        (),
        {name: FileProof(**proof) for name, proof in files.items()},
        tuple(ImageFacts(target, "", "", path, format=kind) for target, path, kind in images),
        data["state"] is True,
    )

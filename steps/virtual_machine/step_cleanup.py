"""Steps of the clean-up: the images of before and what is left in retain: no way back then."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from config.errors import StepFailed
from config.interviews.virtual_machine import ASK, KEEP, REMOVE
from config.questions import Choice
from steps.procedure import Prompt, PutOff, Step, StepContext, Verdict, done, not_done
from steps.targets.quoting import command_line
from steps.targets.shell import Shell
from steps.virtual_machine.restore_job import RestoreJob
from steps.virtual_machine.step_images import fact_of

CHOICE = "cleanup.choice"
_PUT_OFF = "cleanup.put-off"


class CleanUpStep(Step):
    """Removes what the way back needs; asked for, never done by itself."""

    irreversible = True

    def __init__(self, job: RestoreJob) -> None:
        self.job = job

    @property
    def optional(self) -> bool:
        """The machine is restored without it."""
        return True

    def shell(self, context: StepContext) -> Shell:
        """The shell on the machine's node."""
        return context.targets.shell(self.job.node)

    @abstractmethod
    def leftovers(self, context: StepContext) -> tuple[str, ...]:
        """Files that are there and go."""

    def verify(self, context: StepContext) -> Verdict:
        """Done where nothing is left."""
        left = self.leftovers(context)
        return not_done(f"still there: {', '.join(left)}") if left else done("nothing is left")


class RemoveOldImages(CleanUpStep):
    """Remove the images that were set aside."""

    name = "cleanup.images"
    title = "Remove the images of before"
    reason = "While they are there, this restore can be undone. Look at the machine first."

    def commands(self) -> Sequence[str]:
        """rm, a line an image."""
        return tuple(command_line(["rm", f"{disk.live}.before-RUN"]) for disk in self.job.disks)

    def leftovers(self, context: StepContext) -> tuple[str, ...]:
        """The images that are aside."""
        asides = (str(fact["aside"]) for fact in old_images(context, self.job))
        return tuple(path for path in asides if self.shell(context).status(path) is not None)

    def apply(self, context: StepContext) -> None:
        """Ask, then remove each that is still the image that was set aside."""
        _decide(context, self.job)
        shell = self.shell(context)
        for fact in old_images(context, self.job):
            path = str(fact["aside"])
            status = shell.status(path)
            if status is not None and status.inode != fact["inode"]:
                raise StepFailed(
                    f"{path} is not the image that was set aside.", "Look at it by hand."
                )
            shell.remove(path)
            context.log(f"removed {path}")


def old_images(context: StepContext, job: RestoreJob) -> list[dict[str, object]]:
    """What was remembered of each image that was set aside."""
    facts = (fact_of(context, f"images.aside.{disk.target}") for disk in job.disks)
    return [fact for fact in facts if fact is not None and fact["aside"] is not None]


class RemoveRetained(CleanUpStep):
    """Remove what this restore left in retain, the state file first."""

    name = "cleanup.retain"
    title = "Remove the copies in retain"
    reason = (
        "A memory state must never be restored a second time, and retained files stop the next"
        " backup. The backup itself stays."
    )

    def commands(self) -> Sequence[str]:
        """rm, and the folder once it is empty."""
        return (
            *(command_line(["rm", "-f", path]) for path in self._files()),
            command_line(["rmdir", "--ignore-fail-on-non-empty", self.job.place.retain]),
        )

    def leftovers(self, context: StepContext) -> tuple[str, ...]:
        """The files of this restore that are still in retain."""
        shell = self.shell(context)
        return tuple(path for path in self._files() if shell.status(path) is not None)

    def apply(self, context: StepContext) -> None:
        """Remove them where the old images went too, else put it off as well."""
        if old_images(context, self.job):
            if context.recall(CHOICE) != REMOVE:
                raise PutOff("the images of before are kept, and the way back needs these files")
        else:
            _decide(context, self.job)
        shell, folder = self.shell(context), self.job.place.retain
        for path in self._files():
            shell.remove(path)
        if shell.status(folder) is None:
            return
        left = shell.list(folder)
        if left:
            context.log(f"{folder} stays, it also holds {', '.join(left)}")
        else:
            shell.remove(folder)

    def _files(self) -> tuple[str, ...]:
        job = self.job
        copies = (job.place.retained(name) for name in job.small_files)
        documents = (
            job.merged_ldif, job.restore_xml, job.next_boot_xml, job.kept_ldif, job.kept_xml,
        )  # fmt: skip
        state = (job.state_copy,) if job.with_state else ()
        return (*state, *copies, *documents)


def _decide(context: StepContext, job: RestoreJob) -> None:
    """By the answers, else by asking; asked in any case once it was put off. May raise PutOff.

    Once they go they go: some may be gone already, and the way back with them.
    """
    if context.recall(CHOICE) == REMOVE:
        return
    answer = str(context.given.get("old_images", job.old_images))
    if answer == ASK or context.recall(_PUT_OFF):
        answer = context.ask(_question(job))
    context.remember(CHOICE, answer)
    if answer == KEEP:
        context.remember(_PUT_OFF, "yes")
        raise PutOff("the way back is kept; resume the run to remove it")


def _question(job: RestoreJob) -> Prompt:
    return Prompt(
        name="cleanup",
        text=f"{job.title} is restored. Remove the images of before?",
        choices=(
            Choice(KEEP, "Keep them", "this run can still be undone; resume it to remove them"),
            Choice(REMOVE, "Remove them", "there is no way back after this"),
        ),
        default=KEEP,
        detail="Look at the machine first: console, services, data.",
    )

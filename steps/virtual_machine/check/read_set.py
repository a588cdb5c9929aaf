"""Reads one set for a check: its content, its chain, and every byte of it from disk again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass

from config.errors import InvalidInput, RekindleError, StepFailed
from config.questions import Finding
from steps.procedure import ProbeInput
from steps.run.text import counted
from steps.targets.shell import Shell
from steps.targets.sizes import size_text
from steps.virtual_machine.backup.completeness import manifest_of
from steps.virtual_machine.backup.manifest import Manifest
from steps.virtual_machine.backup_set import (
    ERROR,
    NOT_RUNNING,
    OK,
    WARNING,
    ImageFacts,
    StateFacts,
    content_findings,
)
from steps.virtual_machine.iterations import INCOMPLETE, MANIFEST, SUMS, Iteration
from steps.virtual_machine.machine_site import MachineSite
from steps.virtual_machine.qemu_image import image_chain
from steps.virtual_machine.set_reader import SetDocuments, SetReader
from steps.virtual_machine.verification import read_record

Read = Callable[[int], None]
"""Called with how many bytes have been read; it may raise Interrupted."""


@dataclass(frozen=True, slots=True)
class FileProof:
    """What a file was when it was read: enough to say later that it is the same."""

    sha256: str
    size: int
    mode: int
    owner: str
    group: str
    modified: float

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class SetReading:
    """What was read of a set. `files` are the proofs by name."""

    findings: tuple[Finding, ...]
    files: Mapping[str, FileProof]
    images: tuple[ImageFacts, ...]
    has_state: bool


@dataclass(frozen=True, slots=True)
class _Content:
    backup: str
    images: tuple[ImageFacts, ...]
    state: StateFacts
    document_problems: tuple[str, ...]
    unlisted: tuple[str, ...]


def read_whole_set(
    probe: ProbeInput, site: MachineSite, iteration: Iteration, read: Read
) -> SetReading:
    """Everything there is to say about the set. Raises for what keeps it from being read at all."""
    return _Reading(probe, site, iteration).all(read)


class _Reading:
    """One set being read."""

    def __init__(self, probe: ProbeInput, site: MachineSite, iteration: Iteration) -> None:
        self._site, self._shell, self._iteration = site, site.shell, iteration
        self._place = iteration.place
        self._reader = SetReader(site.shell, self._place, probe.site.storage.live_root)
        self._names = {file.name for file in iteration.files}

    def all(self, read: Read) -> SetReading:
        documents = self._reader.documents()
        plan_format = self._site.plan.image_format
        images = tuple(
            self._reader.image(disk, documents, plan_format, check=True) for disk in documents.disks
        )
        manifest, problems = self._manifest()
        content = _Content(
            self._place.backup, images, self._reader.state(documents),
            (*documents.problems, *problems, *self._entry_problems(documents)),
            self._reader.unlisted(documents),
        )  # fmt: skip
        with_state = self._wants_state(content.state, manifest)
        files = self._files(read)
        found = [
            *self._standing(manifest),
            *content_findings(content, with_state=with_state),
            *(finding for image in images for finding in self._chain(image)),
            *self._sums(files, documents, manifest),
        ]
        order = (ERROR, WARNING, OK)
        found.sort(key=lambda finding: order.index(finding.level))
        return SetReading(tuple(found), files, images, content.state.kind == "saved")

    def _manifest(self) -> tuple[Manifest | None, tuple[str, ...]]:
        try:
            return manifest_of(self._shell, self._iteration), ()
        except RekindleError as error:
            return None, (error.message,)

    def _entry_problems(self, documents: SetDocuments) -> Iterator[str]:
        machine = self._place.machine
        own = f"sstvirtualmachine={machine},".lower()
        if documents.entries and not any(e.dn.lower().startswith(own) for e in documents.entries):
            yield f"{self._place.file(f'{machine}.ldif')} has no entry of the machine {machine}."
        facts = documents.facts
        if facts and facts.name and facts.name != machine:
            yield f"The XML of {self._place.backup} is of the machine {facts.name}, not {machine}."

    def _wants_state(self, state: StateFacts, manifest: Manifest | None) -> bool:
        if self._place.storage.is_template or state.kind == NOT_RUNNING:
            return False
        # A backup of disks alone says so in its manifest.
        return manifest is None or manifest.memory

    def _standing(self, manifest: Manifest | None) -> Iterator[Finding]:
        if INCOMPLETE in self._names:
            yield Finding(
                ERROR, f"{self._place.backup} is not complete: its backup or removal did not end.",
                "Wait for it where it runs; else choose another backup.",
            )  # fmt: skip
        elif manifest is None and MANIFEST not in self._names:
            yield Finding(
                WARNING, "It has no manifest (other tools made it, or its backup did not end): what"
                " must be there was taken from its XML",
            )  # fmt: skip

    def _chain(self, image: ImageFacts) -> Iterator[Finding]:
        """What lies behind an image opens, down to the end."""
        if image.problem or not image.backing or not image.backing_there:
            return
        try:
            image_chain(self._shell, image.path)
        except (StepFailed, InvalidInput) as error:
            remedy = "Bring what lies behind it back first, or choose another backup."
            yield Finding(ERROR, f"{image.target} ({image.image}): {error.message}", remedy)

    def _files(self, read: Read) -> dict[str, FileProof]:
        """Every file, read from disk."""
        before = 0
        proofs = {}
        for file in self._iteration.files:
            path = f"{self._place.backup}/{file.name}"
            proof = read_file(self._shell, path, before, read)
            if proof is None:
                raise StepFailed(
                    f"{path} went away while it was read.", "Find out what removes it."
                )
            proofs[file.name] = proof
            before += file.allocated
        return proofs

    def _sums(
        self,
        files: Mapping[str, FileProof],
        documents: SetDocuments,
        manifest: Manifest | None,
    ) -> Iterator[Finding]:
        listed = {file.name: file.sha256.lower() for file in manifest.files} if manifest else {}
        known = read_record(self._shell, self._iteration).sums
        for source, sums in (
            (MANIFEST, listed), (SUMS, documents.sums), ("what was found earlier", known),
        ):  # fmt: skip
            for name, sha256 in sorted(sums.items()):
                yield from _compared(name, sha256, files.get(name), source)
        for name in sorted(set(listed) - set(files)):
            if name not in documents.sums:
                yield Finding(ERROR, f"{name} is in {MANIFEST} and not in the folder.")
        sources = [name for name, sums in ((MANIFEST, listed), (SUMS, documents.sums)) if sums] or (
            ["what was found earlier"] if known else []
        )
        if not sources:
            yield Finding(
                WARNING, "It has no checksums of its own: they are taken now, and later checks"
                " compare with them."
            )  # fmt: skip
        volume = size_text(sum(file.allocated for file in self._iteration.files))
        against = f", compared with {' and '.join(sources)}" if sources else ""
        yield Finding(OK, f"{counted(len(files), 'file')} read again from disk, {volume}{against}")


def read_file(shell: Shell, path: str, before: int, read: Read) -> FileProof | None:
    """Read a file from disk again; None where it is gone. `before`: bytes read before it."""
    if shell.status(path) is None:
        return None
    found = shell.checksum(path, lambda done, _all: read(before + done), sha256=True)
    status = shell.status(path)
    if status is None:
        return None
    return FileProof(
        found.sha256 or found.root, status.size, status.mode, status.owner, status.group,
        status.modified,
    )  # fmt: skip


def _compared(name: str, sha256: str, found: FileProof | None, source: str) -> Iterator[Finding]:
    if found is not None and found.sha256 != sha256:
        yield Finding(
            ERROR, f"{name} is not what was backed up: its checksum is {found.sha256[:16]}...,"
            f" by {source} it is {sha256[:16]}...",
            "Choose another backup, or repair this one from a second copy.",
        )  # fmt: skip

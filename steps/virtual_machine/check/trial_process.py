"""One trial in a process of its own: `python -P -m steps.virtual_machine.check.trial_process JOB`.

An embedded hypervisor belongs to one process, and a process can have one in its life. What happens
is told as JSON lines. When whoever started it goes away, the guest goes with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import asdict
from pathlib import Path

from config.errors import InvalidInput, StepFailed
from steps.drill.child import Say, run_child
from steps.drill.embedded import emulator, keep_capabilities, prepare_root, why_no_guest_runs
from steps.virtual_machine.check.isolated_hypervisor import IsolatedHypervisor
from steps.virtual_machine.check.isolated_xml import Identity, IsolatedXml, Surroundings, isolated
from steps.virtual_machine.check.scratch import clear_scratch
from steps.virtual_machine.check.trial import TrialJob, TrialResult
from steps.virtual_machine.domain_xml import parse_domain
from steps.virtual_machine.set_files import read_bounded
from steps.virtual_machine.state_file import NEEDED_BYTES, read_header, require_real

_MOST_XML = 2 << 20
_MOST_SERIAL = 64 << 10
_LOOK_SECONDS = 0.5
_LEAST_PROCESSOR = 0.01


def run_trial(job: TrialJob, say: Say) -> TrialResult:
    """Restore or boot it, watch it, take its picture, end it. Raises StepFailed."""
    began = time.monotonic()
    machine = _isolated(job)
    _lay_overlays(job)
    hypervisor = IsolatedHypervisor(
        prepare_root(job.root, Path(job.cache), owns_images=False)
    )  # fmt: skip
    try:
        _bring_up(job, machine, hypervisor)
        keep_capabilities(job.root, Path(job.cache))
        _require_isolation(job, hypervisor.xml(machine.name))
        hypervisor.resume(machine.name)
        restored = round(time.monotonic() - began, 1)
        say(f"runs after {restored} s, cut off; watched for {job.seconds:.0f} s")
        processor = _watch(job, machine.name, hypervisor, say)
        screen = _keep_screen(job, hypervisor.screen(machine.name))
        return TrialResult(restored, job.seconds, round(processor, 2), screen, machine.notes)
    finally:
        hypervisor.destroy(machine.name)
        hypervisor.close()
        _keep_serial(job)


def _isolated(job: TrialJob) -> IsolatedXml:
    """The XML to try it with, from the state file where there is one."""
    if job.state:
        with open(job.state, "rb") as file:
            head = file.read(NEEDED_BYTES)
        xml = require_real(read_header(head, os.stat(job.state).st_size), job.state).xml
    else:
        xml = read_bounded(Path(job.xml), _MOST_XML)
    around = Surroundings(
        {disk.target: str(job.overlay(disk.target)) for disk in job.disks},
        job.scratch,
        loose_cards=os.geteuid() == 0,
        kvm=not _wants_kvm(xml) or not why_no_guest_runs(emulator(), "kvm"),
    )
    if job.state:
        return isolated(xml, around)
    return isolated(xml, around, Identity(f"check-{os.getpid()}", str(uuid.uuid4())))


def _wants_kvm(xml: bytes) -> bool:
    return parse_domain(xml, "The XML of the backup").get("type") == "kvm"


def _lay_overlays(job: TrialJob) -> None:
    for disk in job.disks:
        formats = ["-q", "-f", "qcow2", "-F", disk.format]
        command = ["qemu-img", "create", *formats, "-b", disk.path, str(job.overlay(disk.target))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StepFailed(f"qemu-img said of {disk.path}: {done.stderr.strip()}")


def _bring_up(job: TrialJob, machine: IsolatedXml, hypervisor: IsolatedHypervisor) -> None:
    if job.state:
        hypervisor.restore_paused(job.state, machine.xml)
    else:
        hypervisor.boot_paused(machine.xml)


def _require_isolation(job: TrialJob, xml: str) -> None:
    """Look at the paused machine: its disks are the overlays, every link is down."""
    devices = parse_domain(xml, "the trial's XML").find("devices")
    if devices is None:
        raise InvalidInput("The trial's XML has no devices.")
    images = {
        source.get("file", "")
        for disk in devices.iterfind("disk")
        for source in disk.iterfind("source")
    }
    wrong = [f"it has the disk {path}" for path in images - _overlays(job)]
    for card in devices.iterfind("interface"):
        link = card.find("link")
        if link is None or link.get("state") != "down" or card.get("type") in ("bridge", "network"):
            wrong.append("a network card is not cut off")
    if wrong:
        raise StepFailed(
            f"The trial is not isolated: {'; '.join(wrong)}. It was ended before it ran.",
            "Send this with a report: it must not happen.",
        )


def _overlays(job: TrialJob) -> set[str]:
    return {str(job.overlay(disk.target)) for disk in job.disks}


def _watch(job: TrialJob, name: str, hypervisor: IsolatedHypervisor, say: Say) -> float:
    """Seconds of processor it used; raises StepFailed as soon as it does not run well."""
    first = hypervisor.health(name)
    began = time.monotonic()
    seen = first
    while time.monotonic() - began < job.seconds:
        time.sleep(_LOOK_SECONDS)
        seen = hypervisor.health(name)
        if seen.trouble:
            _refuse(job, name, hypervisor, seen.trouble, time.monotonic() - began)
        say(f"watched {min(time.monotonic() - began, job.seconds):.0f}")
    used = seen.processor - first.processor
    if used < _LEAST_PROCESSOR:
        _refuse(job, name, hypervisor, "it does nothing: no processor time was used", job.seconds)
    return used


def _refuse(
    job: TrialJob, name: str, hypervisor: IsolatedHypervisor, what: str, after: float
) -> None:
    status = hypervisor.domain(name)
    screen = _keep_screen(job, hypervisor.screen(name)) if status and status.active else ""
    raise StepFailed(
        f"It came up, and {after:.0f} s later {what}.",
        f"Look at its screen: {screen}." if screen else "Look at what it said on its serial port.",
        seen=what,
        expected="running",
    )


def _keep_screen(job: TrialJob, picture: bytes | None) -> str:
    if picture is None:
        return ""
    path = Path(job.keep) / "screen.png"
    path.write_bytes(picture)
    return str(path)


def _keep_serial(job: TrialJob) -> None:
    """The end of what it said on its serial ports."""
    for log in sorted(Path(job.scratch).glob("*-*.log")):
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _MOST_SERIAL))
            (Path(job.keep) / log.name).write_bytes(file.read())


def _end_with_the_parent(job: TrialJob) -> None:
    """Standard input ends when whoever started this has gone: take the guest along."""
    sys.stdin.buffer.read()
    clear_scratch(Path(job.scratch))
    os._exit(1)


def main(job_file: Path) -> None:
    """Run the trial that the file describes."""
    job = TrialJob.from_json(json.loads(job_file.read_text()))
    threading.Thread(target=_end_with_the_parent, args=(job,), daemon=True).start()
    run_child(lambda say: json.dumps(asdict(run_trial(job, say))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""A procedure of probes that do what a test needs, and the process that asks them."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from config import errors
from config.errors import StepFailed
from config.questions import Choice, Finding
from steps.probe_process import main
from steps.procedure import Probed, ProbeInput
from tests.crash import toy


class SeenSecrets:
    """Targets that only remember what they were opened with."""

    def __init__(self, _site, secrets) -> None:
        self.secrets = secrets

    def close(self) -> None:
        """Nothing to close."""


def found(text: str, remedy: str = "") -> Probed:
    return Probed(findings=(Finding("ok", text, remedy),))


def echo(asked: ProbeInput) -> Probed:
    text = f"{asked.given['name']} {asked.given['several']}"
    choices = (Choice("v", "label", "note", "refused"),)
    return Probed((Finding("ok", text, "none"),), choices)


def see(asked: ProbeInput) -> Probed:
    secret = asked.targets.secrets["directory password"].reveal()
    folder = asked.site.directory.ldif_folder
    return found(f"{asked.site.name} {folder} {asked.given['password']!r} {secret}")


def noisy(_asked: ProbeInput) -> Probed:
    print("libvirt: printed to stdout")
    os.write(1, b"libvirt: written to stdout\n")
    os.write(2, b"libvirt: printed to stderr sesame\n")
    return found("quiet")


def fail(asked: ProbeInput) -> Probed:
    kind = getattr(errors, asked.given["kind"])
    raise kind("wrong", "mend it", seen="this") if kind is StepFailed else kind("wrong", "mend it")


def bug(_asked: ProbeInput) -> Probed:
    raise ZeroDivisionError


def sleep(asked: ProbeInput) -> Probed:
    child = subprocess.Popen(["sleep", "600"])
    pids = Path(asked.given["pids"])
    pids.with_suffix(".new").write_text(f"{os.getpid()} {child.pid}")
    pids.with_suffix(".new").rename(pids)
    time.sleep(600)
    return found("never")


def die(_asked: ProbeInput) -> Probed:
    os.write(2, b"last words\n")
    os._exit(9)


def environment(_asked: ProbeInput) -> Probed:
    return found(" ".join(os.environ))


def survey(asked: ProbeInput):
    return {"site": asked.site.name, "given": sorted(asked.given)}


PROCEDURE = dataclasses.replace(
    toy.PROCEDURE,
    probes={
        "echo": echo,
        "see": see,
        "noisy": noisy,
        "raise": fail,
        "bug": bug,
        "sleep": sleep,
        "die": die,
        "environment": environment,
    },
    survey=survey,
)

if __name__ == "__main__":
    sys.exit(main(lambda _name: PROCEDURE, SeenSecrets))

"""Run directories: made whole or not at all, found by a short name, frozen by a hash."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from config.errors import InvalidInput
from config.paths import private_folder, runs_folder
from config.questions import Given
from config.site import Site
from steps.conflicts import Resolution, Resolutions
from steps.procedure import Survey
from steps.run.journal import Follower, read_everything, sync_directory
from steps.run.lock import Holder, read_holder
from steps.run.values import given_from_data, given_to_data
from steps.run.view import RunView

FORMAT: Final = 1
RESERVE_BYTES: Final = 64 << 10
"""Kept free for the last words of a run whose disk is full."""


@dataclass(frozen=True, slots=True)
class FrozenPlan:
    """What a run was decided to do: exactly what plan.json holds."""

    procedure: str
    site_data: Mapping[str, Any]
    answers: Mapping[str, Any]
    decisions: Mapping[str, str]
    survey: Survey
    prompts: Mapping[str, str]
    created: datetime
    sha256: str

    @property
    def site(self) -> Site:
        """The site as it was when the run was made."""
        from config.site_file import site_from_data

        return site_from_data(dict(self.site_data))

    @property
    def given(self) -> Given:
        """The answers as they were when the run was made."""
        return given_from_data(self.answers)

    @property
    def resolutions(self) -> Resolutions:
        """The decisions, row by row."""
        return {row: Resolution.parse(text) for row, text in self.decisions.items()}


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """One run's folder and the names of what is in it."""

    path: Path

    @property
    def id(self) -> str:
        """What an operator types to name this run."""
        return self.path.name

    @property
    def plan_file(self) -> Path:
        """What was decided."""
        return self.path / "plan.json"

    @property
    def journal_file(self) -> Path:
        """What happened."""
        return self.path / "journal.jsonl"

    @property
    def lock_file(self) -> Path:
        """Who runs it."""
        return self.path / "lock"

    @property
    def socket_file(self) -> Path:
        """Where a running runner listens."""
        return self.path / "control.sock"

    @property
    def log_folder(self) -> Path:
        """One log a step."""
        return self.path / "log"

    @property
    def runner_log(self) -> Path:
        """What the runner and the libraries in it printed."""
        return self.path / "runner.log"

    @property
    def keep_folder(self) -> Path:
        """Small files without secrets that steps keep."""
        return self.path / "keep"

    @property
    def reserve_file(self) -> Path:
        """Room for the last words on a full disk."""
        return self.path / "reserve"

    def report_file(self, kind: str) -> Path:
        """The report as md, html or json."""
        return self.path / f"report.{kind}"

    def step_log(self, step: str) -> Path:
        """The log of one step; a step's name never leaves the folder."""
        safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in step)
        return self.log_folder / f"{safe.lstrip('.') or '_'}.log"

    def keep_reserve(self) -> None:
        """Keep room free for the last words, where it was used up."""
        if not self.reserve_file.exists():
            _write_durably(self.reserve_file, bytes(RESERVE_BYTES))

    def holder(self) -> Holder | None:
        """Who runs it now, or None."""
        return read_holder(self.lock_file)

    def view(self) -> RunView:
        """The whole journal, folded."""
        return RunView.of(read_everything(Follower(self.journal_file)))

    def frozen(self) -> FrozenPlan:
        """What was decided; raises InvalidInput where plan.json is not what was written."""
        return _read_frozen(self.plan_file)


def create_run(
    site: Site,
    procedure: str,
    given: Given,
    resolutions: Resolutions,
    survey: Survey,
    prompts: Mapping[str, str] | None = None,
    *,
    folder: Path | None = None,
) -> RunDirectory:
    """Make a run directory, durable and complete. `procedure` is a name of the catalogue.

    `prompts` answers questions of steps in advance, by the question's name.
    """
    from config.site_file import site_to_data

    content = {
        "procedure": procedure,
        "site": site_to_data(site),
        "answers": given_to_data(given),
        "resolutions": {row: str(resolution) for row, resolution in resolutions.items()},
        "survey": survey,
        "prompts": dict(prompts or {}),
    }
    root = private_folder(folder or runs_folder())
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
    try:
        _fill(fresh, content)
        return RunDirectory(_name(fresh, root))
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def list_runs(folder: Path | None = None) -> list[RunDirectory]:
    """Every run, the newest first."""
    root = folder or runs_folder()
    if not root.is_dir():
        return []
    runs = [RunDirectory(p) for p in root.iterdir() if not p.name.startswith(".")]
    complete = [run for run in runs if run.plan_file.is_file()]
    return sorted(
        complete, key=lambda run: (run.plan_file.stat().st_mtime_ns, run.id), reverse=True
    )


def find_run(text: str, folder: Path | None = None) -> RunDirectory:
    """The run of that id, of the one id that begins so, or `last`; raises InvalidInput."""
    runs = list_runs(folder)
    if text == "last" and runs:
        return runs[0]
    exact = [run for run in runs if run.id == text]
    matching = exact or [run for run in runs if text and run.id.startswith(text)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        names = ", ".join(run.id for run in matching[:8])
        raise InvalidInput(
            f"{text!r} begins the names of several runs: {names}.", "Type more of it."
        )
    known = ", ".join(run.id for run in runs[:8])
    remedy = (
        f"The newest runs: {known}."
        if known
        else "There are no runs yet; start one: rekindle run PROCEDURE"
    )
    raise InvalidInput(f"There is no run {text!r}.", remedy)


def _fill(path: Path, content: Mapping[str, Any]) -> None:
    for name in ("log", "keep"):
        (path / name).mkdir(mode=0o700)
    document = {
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "sha256": _hash(content),
        "content": content,
    }
    text = json.dumps(document, indent=1, sort_keys=True)
    _write_durably(path / "plan.json", text.encode("ascii") + b"\n")
    RunDirectory(path).keep_reserve()
    _write_durably(path / "journal.jsonl", b"")
    sync_directory(path)


def _name(fresh: Path, root: Path) -> Path:
    """Give it its name. A rename never replaces a run: directories that hold files refuse."""
    stem = datetime.now().astimezone().strftime("%m%d-%H%M")
    for number in range(1, 1000):
        target = root / (stem if number == 1 else f"{stem}-{number}")
        if target.exists():
            continue
        try:
            os.rename(fresh, target)
        except OSError:
            if not target.exists():
                raise
            continue
        sync_directory(root)
        return target
    raise InvalidInput(f"There are a thousand runs named {stem}.", f"Look into {root}.")


def _read_frozen(path: Path) -> FrozenPlan:
    remedy = "A run is only carried out as it was decided: make a new plan."
    try:
        document = json.loads(path.read_bytes())
        content, stated = document["content"], document["sha256"]
        created = datetime.fromisoformat(document["created"])
        known = document["format"] == FORMAT
    except FileNotFoundError as error:
        raise InvalidInput(f"There is no {path}.", remedy) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.", remedy) from error
    if not known:
        raise InvalidInput(f"{path} was written by another version of Rekindle.", remedy)
    if _hash(content) != stated:
        raise InvalidInput(f"{path} was changed after it was decided (its hash differs).", remedy)
    return FrozenPlan(
        procedure=content["procedure"],
        site_data=content["site"],
        answers=content["answers"],
        decisions=content["resolutions"],
        survey=content["survey"],
        prompts=content["prompts"],
        created=created,
        sha256=stated,
    )


def _hash(content: object) -> str:
    """SHA-256 over canonical JSON: sorted keys, no spaces, ASCII with escapes."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _write_durably(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())

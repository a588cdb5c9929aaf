"""A journal that cannot be written: the runner stops before it does what it could not record."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.errors import StepFailed
from steps.run.events import Event, Finish
from steps.run.journal import read_journal
from tests.crash import toy
from tests.crash.run_support import Driver, ToyRun

EFFECTS = {"check": "checked", "stage": "staged.txt", "aside": "live.old"}
SHORTEST_EVENT = 75


@pytest.fixture(scope="module")
def driver():
    with Driver() as started:
        yield started


def recorded_starts(toy_run: ToyRun) -> set[str]:
    events = read_journal(toy_run.run.journal_file)
    return {event["step"] for event in events if event["event"] == Event.STEP_STARTED}


def assert_nothing_unrecorded(toy_run: ToyRun) -> None:
    started = recorded_starts(toy_run)
    for step, file in EFFECTS.items():
        assert step in started or not (toy_run.world / file).exists()
    assert "note" in started or not (toy_run.world / "ledger.txt").read_text()


def test_whichever_write_fails_nothing_unrecorded_is_done_and_resume_finishes(driver, tmp_path):
    whole = ToyRun.make(tmp_path, name="undisturbed")
    assert driver.live(whole) == 0
    expected, size = toy.snapshot(whole.world), whole.run.journal_file.stat().st_size

    for limit in range(SHORTEST_EVENT, size - 2 * SHORTEST_EVENT, SHORTEST_EVENT):
        toy_run = ToyRun.make(tmp_path, name=f"world{limit}")
        assert driver.live(toy_run, largest_file=limit) == 1, f"no file above {limit} bytes"
        assert_nothing_unrecorded(toy_run)
        assert driver.live(toy_run) == 0, toy_run.run.runner_log.read_text()
        assert toy.snapshot(toy_run.world) == expected, f"no file above {limit} bytes"


def test_on_a_full_file_system_the_runner_stops_says_why_and_resumes(tmp_path):
    reached = set()
    for pages in range(7):
        folder = tmp_path / f"case{pages}"
        folder.mkdir()
        with small_file_system(folder / "runs"):
            toy_run = ToyRun.make(folder)
            filler = fill(folder / "runs", leave_pages=pages)
            said = launch_or_words(toy_run)
            assert "No space left on device" in said or not said
            toy_run.wait_free()
            view = toy_run.update()
            assert_nothing_unrecorded(toy_run)
            if view.outcome is Finish.FAILED:
                assert "No space left on device" in view.message
            reached.add(view.outcome)
            filler.unlink()
            if view.outcome is not Finish.DONE:
                toy_run.launch()
                assert toy_run.wait_end().outcome is Finish.DONE
            assert (toy_run.world / "ledger.txt").read_text() == "replaced\n"
    assert Finish.FAILED in reached


def launch_or_words(toy_run: ToyRun) -> str:
    """Why it could not be launched, or empty text where it was."""
    try:
        toy_run.launch()
    except StepFailed as error:
        return str(error)
    return ""


@contextmanager
def small_file_system(folder: Path):
    folder.mkdir(mode=0o700)
    options = "size=512k,mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "toys", folder], check=True)
    try:
        yield
    finally:
        unmount(folder)


def unmount(folder: Path) -> None:
    """A runner that has let go of its lock still lives for an instant."""
    deadline = time.monotonic() + 120
    while subprocess.run(["umount", folder], capture_output=True).returncode:
        assert time.monotonic() < deadline, f"{folder} stays busy"
        time.sleep(0.05)


def fill(folder: Path, *, leave_pages: int) -> Path:
    """Fill the file system but for so many pages of 4 KiB."""
    filler = folder / ".filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    size = filler.stat().st_size
    with open(filler, "ab") as file:
        file.truncate(size - leave_pages * 4096)
    return filler

"""No secret of a run stands anywhere but in the runner's memory."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from xml.sax.saxutils import escape

from steps.run.control_client import ControlClient
from steps.run.events import FAILED_STEP, Doing, Finish
from tests.crash.run_support import ToyRun

SECRET = "p&ss \"w<rd' 77"
FORMS = (SECRET, base64.b64encode(SECRET.encode()).decode(), escape(SECRET), repr(SECRET)[1:-1])


def traces(folder: Path) -> list[str]:
    """Every file below the folder that holds the secret in any form."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(p) for p in files if any(f.encode() in p.read_bytes() for f in FORMS)]


def processes_showing_it() -> list[str]:
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        for name in ("cmdline", "environ"):
            try:
                content = (process / name).read_bytes()
            except OSError:
                continue
            if any(form.encode() in content for form in FORMS):
                found.append(f"{process.name}/{name}")
    return found


def test_a_secret_handed_over_stands_in_no_file_and_in_no_process_list(tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_PASSWORD", SECRET)
    toy_run = ToyRun.make(tmp_path, wait=True)
    (toy_run.world / "refuse").touch()
    launched = toy_run.launch(secret=SECRET)
    toy_run.wait_until(lambda view: view.steps and view.steps["wait"].doing is Doing.APPLYING)
    assert Path(f"/proc/{launched.pid}/environ").read_bytes()
    assert processes_showing_it() == []

    (toy_run.world / "go").touch()
    toy_run.wait_question(FAILED_STEP)
    assert "(secret)" in toy_run.view.question.text
    (toy_run.world / "refuse").unlink()
    toy_run.answer(FAILED_STEP, "retry")
    assert toy_run.wait_end().outcome is Finish.DONE
    assert (toy_run.run.step_log("note")).read_text().count("(secret)") >= 6
    assert traces(toy_run.run.path) == []
    assert (toy_run.run.report_file("html")).exists()


def test_a_secret_typed_into_a_question_is_journalled_as_answered_but_never_written(tmp_path):
    toy_run = ToyRun.make(tmp_path)
    toy_run.launch(secret="")
    number = toy_run.wait_question("toy password")
    assert toy_run.view.question.secret
    with ControlClient(toy_run.run) as client:
        client.answer(number, SECRET)
    view = toy_run.wait_end()
    assert view.outcome is Finish.DONE
    answered = view.questions[0]
    assert (answered.answer, answered.by != "") == (None, True)
    assert traces(toy_run.run.path) == []
    assert (toy_run.world / "ledger.txt").read_text() == "replaced\n"


def test_the_run_directory_and_all_in_it_is_for_its_owner_alone(tmp_path):
    toy_run = ToyRun.make(tmp_path, wait=True)
    toy_run.launch()
    toy_run.wait_until(lambda view: view.steps and view.steps["wait"].doing is Doing.APPLYING)
    open_to_others = [
        str(path)
        for path in [toy_run.run.path, *toy_run.run.path.rglob("*")]
        if os.lstat(path).st_mode & 0o077
    ]
    assert open_to_others == []
    (toy_run.world / "go").touch()
    toy_run.wait_end()

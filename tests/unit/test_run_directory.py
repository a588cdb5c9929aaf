"""Run directories: whole or not at all, found by a short name, frozen by a hash."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.errors import InvalidInput, Refused
from config.secrets import SecretReference
from config.site import Site
from steps.conflicts import Decision, Resolution
from steps.run.directory import RunDirectory, create_run, find_run, list_runs
from steps.run.lock import RunLock, read_holder


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "runs"


def make(folder, **survey) -> RunDirectory:
    return create_run(Site("berne"), "toy.replace", {}, {}, survey, folder=folder)


def test_what_was_decided_comes_back_as_it_was(folder):
    given = {
        "machine": "web01",
        "size": 3,
        "cold": False,
        "disks": ("vda", "vdb"),
        "password": SecretReference("file", "/etc/x"),
    }
    resolutions = {
        "memory": Resolution(Decision.NEXT_BOOT),
        "mac": Resolution(Decision.CUSTOM, "52:54:00:00:00:01"),
    }
    run = create_run(
        Site("berne", practice=True), "toy.replace", given, resolutions, {"xml": "<a/>"},
        {"clean-up": "no"}, folder=folder,
    )  # fmt: skip
    frozen = run.frozen()
    assert dict(frozen.given) == given
    assert dict(frozen.resolutions) == resolutions
    assert (frozen.site.name, frozen.site.practice) == ("berne", True)
    assert (frozen.survey, frozen.prompts) == ({"xml": "<a/>"}, {"clean-up": "no"})


@pytest.mark.parametrize("part", ["answers", "resolutions", "site", "survey", "prompts"])
def test_a_plan_changed_after_it_was_decided_is_refused(folder, part):
    run = make(folder)
    document = json.loads(run.plan_file.read_text())
    document["content"][part]["name"] = "other"
    run.plan_file.write_text(json.dumps(document))
    with pytest.raises(InvalidInput, match="changed after it was decided"):
        run.frozen()


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"format": 2}', "null"])
def test_a_plan_that_cannot_be_read_is_a_clear_error(folder, text):
    run = make(folder)
    run.plan_file.write_text(text)
    with pytest.raises(InvalidInput, match=re.escape(str(run.plan_file))):
        run.frozen()


def test_ids_are_short_and_never_taken_twice_even_at_once(folder):
    with ThreadPoolExecutor(8) as threads:
        runs = list(threads.map(lambda _: make(folder), range(24)))
    ids = [run.id for run in runs]
    assert len(set(ids)) == 24
    assert all(re.fullmatch(r"\d{4}-\d{4}(-\d+)?", name) for name in ids)
    assert {path.name for path in folder.iterdir()} == set(ids)


def test_a_run_is_found_by_the_beginning_of_its_id_by_all_of_it_or_as_the_last(folder):
    first, second = make(folder), make(folder)
    assert find_run(first.id, folder) == first
    assert find_run(second.id, folder) == second
    assert find_run("last", folder) == second
    assert list_runs(folder) == [second, first]
    with pytest.raises(InvalidInput, match="several"):
        find_run(first.id[:3], folder)
    for text in ("9999", "", "../runs", first.id + "/.."):
        with pytest.raises(InvalidInput):
            find_run(text, folder)


def test_a_run_that_could_not_be_made_leaves_nothing(folder):
    with pytest.raises(TypeError):
        make(folder, odd=object())
    assert list(folder.iterdir()) == []


def test_a_run_is_for_its_owner_alone(folder):
    run = make(folder)
    for path in [folder, run.path, *run.path.rglob("*")]:
        assert os.stat(path).st_mode & 0o077 == 0


@pytest.mark.parametrize("step", ["../../etc/passwd", "..", "", "a/b", "a\nb", "x" * 40, "-rf"])
def test_a_log_never_leaves_its_folder_whatever_a_step_is_called(folder, step):
    run = make(folder)
    log = run.step_log(step)
    assert log.parent == run.log_folder
    assert re.fullmatch(r"[\w.-]+\.log", log.name)


def test_the_lock_refuses_a_second_holder_and_names_the_first(folder):
    run = make(folder)
    assert run.holder() is None
    lock = RunLock(run.lock_file)
    holder = run.holder()
    assert holder is not None
    assert holder.pid == os.getpid()
    with pytest.raises(Refused, match=str(os.getpid())):
        RunLock(run.lock_file)
    lock.release()
    assert read_holder(run.lock_file) is None
    RunLock(run.lock_file).release()

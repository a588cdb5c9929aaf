"""Deployments over a real sshd whose connection is cut: the tool hears each answer once."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from steps.run.events import Finish
from tests.crash import toy_deploy
from tests.crash.toy_deploy import make_run
from tests.real.sshd_support import Wire, running_sshd
from tests.unit.deploy_support import Deploying, Folder, an_engine, end_all_tools
from tests.unit.scripted_tool_support import YES_NO, ask

ACTS = [
    {"stages": ["Initializing"]},
    ask("DEPLOY_PROCEED", "Are you sure? (Yes, No)[Yes]: ", **YES_NO),
    ask("ENGINE_ADMIN_PASSWORD", "Enter engine admin password: ", hidden=True),
    {"log": ["INFO", "Configuring the management bridge"]},
    ask("HOST", "Engine FQDN: "),
    {"sleep": 1.0},
    {"log": ["INFO", "Hosted Engine successfully deployed"]},
]
KNOWN = {
    "DEPLOY_PROCEED": "Yes", "ENGINE_ADMIN_PASSWORD": "secret:admin", "HOST": "e.example.org",
    "Are you sure?": "Yes", "engine admin password": "secret:admin", "FQDN": "e.example.org",
}  # fmt: skip
ANSWERS = ["Yes", "s3cret-8", "e.example.org"]


@pytest.fixture(scope="module")
def server():
    with running_sshd() as sshd:
        yield sshd


@pytest.fixture
def wire(server):
    relay = Wire(server.port)
    server.known_hosts.write_text(
        server.host_line("ed25519") + server.host_line("ed25519", relay.port)
    )
    yield relay
    relay.close()


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    yield
    end_all_tools(tmp_path)


def deploying_over(wire, server, folder, engine, acts=ACTS):
    access = server.access(port=wire.port) if wire else server.access()
    run = make_run(folder, acts, KNOWN, shell=access, fqdn=engine.fqdn, answer_file="A=str:b\n")
    return Deploying(run, {"admin": "s3cret-8"})


@pytest.mark.parametrize("first", [{}, {"only": "human"}], ids=["machine", "human"])
def test_the_connection_is_lost_at_every_question(wire, server, tmp_path, monkeypatch, first):
    cuts = []

    def answer_after_a_cut(known, asked, really=toy_deploy.Known.answer):
        cuts.append(asked.key)
        wire.cut()
        return really(known, asked)

    monkeypatch.setattr(toy_deploy.Known, "answer", answer_after_a_cut)
    with an_engine() as engine:
        acts = [first, *ACTS] if first else ACTS
        deploying = deploying_over(wire, server, tmp_path, engine, acts).start()
        assert deploying.end().finish is Finish.DONE
    assert len(cuts) == len(ANSWERS)
    assert Folder(tmp_path).answers() == ANSWERS
    assert Folder(tmp_path).on_host() == []


def test_cut_at_any_moment_each_answer_is_still_given_once(wire, server, tmp_path):
    calm = threading.Event()

    def cut_on():
        for pause in (0.7, 0.2, 1.1, 0.4, 0.9, 0.3, 1.3, 0.6, 0.8, 0.5):
            if calm.wait(pause):
                return
            wire.cut()

    with an_engine() as engine:
        deploying = deploying_over(wire, server, tmp_path, engine)
        cutter = threading.Thread(target=cut_on)
        cutter.start()
        deploying.start()
        try:
            until = time.monotonic() + deploying.patience
            while deploying.ended is None and time.monotonic() < until:
                deploying._thread.join(timeout=0.5)
                question = deploying.switches.question
                if question is not None:  # a cut hit a look that does not try again by itself
                    assert question.name in ("step-failed", "step-unknown"), question
                    time.sleep(0.3)
                    deploying.answer(question.name, "retry" if "failed" in question.name else
                                     "verify")  # fmt: skip
        finally:
            calm.set()
            cutter.join()
        assert deploying.end().finish is Finish.DONE
    assert Folder(tmp_path).answers() == ANSWERS


def test_a_host_that_stays_away_is_said_and_found_again_later(server, tmp_path, monkeypatch):
    monkeypatch.setattr("steps.hosted_engine.steady.LOST_SECONDS", 0.5)
    with an_engine() as engine:
        deploying = deploying_over(None, server, tmp_path, engine)
        away = threading.Event()

        def answer_and_leave(known, asked, really=toy_deploy.Known.answer):
            if asked.name == "HOST" and not away.is_set():
                away.set()
                server.stop()
            return really(known, asked)

        monkeypatch.setattr(toy_deploy.Known, "answer", answer_and_leave)
        deploying.start()
        question = deploying.question("step-failed")
        assert away.is_set()
        assert toy_deploy.HOST in question.text
        assert "The tool goes on; trying again." in deploying.log()
        server.start()
        deploying.answer("step-failed", "retry")
        assert deploying.end().finish is Finish.DONE
    assert Folder(tmp_path).answers() == ANSWERS
    assert Path(tmp_path / "work").exists()

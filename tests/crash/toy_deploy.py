"""A deployment by the scripted tool: the real steps, with answers out of the plan itself.

`rekindle` builds the same steps from its interview; here a test says what is known.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from config.questions import Group, Interview, Kind, Question
from config.secrets import Secret
from config.site import EngineHost, ShellAccess, Site
from steps.hosted_engine.deploy_job import DeployJob
from steps.hosted_engine.deploy_plan import deploy_plan
from steps.hosted_engine.dialog.answers import Answer
from steps.procedure import Procedure
from steps.run.directory import create_run
from tests.unit import scripted_tool

NAME = "toy.deploy"
HOST = "host-01.example.org"
UP = {
    "1": {
        "hostname": HOST, "host-id": 1, "live-data": True,
        "engine-status": {"vm": "up", "health": "good", "detail": "Up"},
    },
    "global_maintenance": False,
}  # fmt: skip


class Known:
    """Answers by the tool's name of a question and its occurrence, else by name."""

    def __init__(self, context, answers):
        self.context, self.answers = context, answers

    def answer(self, asked):
        value = self.answers.get(f"{asked.name}#{asked.occurrence}", self.answers.get(asked.name))
        if value is None and not asked.name:
            value = next((v for words, v in self.answers.items() if words in asked.words), None)
        if value is None:
            return None
        if isinstance(value, dict):
            return Answer(value["entry"], entry=True)
        if value.startswith("secret:"):
            name = value.removeprefix("secret:")
            return Answer(Secret(self.context.secret(name, name).reveal()))
        return Answer(value)


def make_plan(site, given, _resolutions, _survey):
    answers = json.loads(str(given["known"]))
    job = DeployJob(
        site_name=site.name,
        host=site.engine_hosts[0],
        era=str(given["era"]),
        fqdn=str(given["fqdn"]),
        answer_file=str(given.get("answer_file", "")),
        known=lambda context: Known(context, answers),
        restores=bool(given.get("restores", False)),
    )
    return deploy_plan(job)


INTERVIEW = Interview((Group("toy", "Toy", (Question("known", "Known", Kind.TEXT),)),))

PROCEDURE = Procedure(
    name=NAME,
    system="toy",
    title="Deploy",
    description="Drives the scripted tool.",
    needs="a host",
    undo="until the tool's first question is answered",
    interview=INTERVIEW,
    probes={},
    survey=lambda _input: {},
    plan=make_plan,
)


def find(_name):
    return PROCEDURE


def make_run(folder: Path, acts, known, *, shell=None, prompts=None, **given):
    """A run on a script, in a folder of its own."""
    answers = {"known": json.dumps(known), "era": "4.5", "fqdn": "", **given}
    site = lay_out(folder, acts, shell)
    return create_run(site, NAME, answers, {}, {}, prompts or {}, folder=folder / "runs")


def lay_out(folder: Path, acts, shell=None) -> Site:
    """A site with one host, whose tool plays the script."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "script.json").write_text(json.dumps(acts))
    (folder / "status").write_text(json.dumps(UP))
    command = (sys.executable, scripted_tool.__file__, str(folder / "script.json"),
               str(folder / "received"))  # fmt: skip
    host = EngineHost(HOST, shell or ShellAccess(), command, str(folder / "work"))
    return Site("toys", engine_hosts=(host,))

"""The deploy interview with looks that a test sets: real questions, and no host."""

from __future__ import annotations

from config.interviews.hosted_engine.interview import DEPLOY
from config.interviews.hosted_engine.preview import settings
from config.questions import Choice, Finding
from config.site import EngineHost, ShellAccess, Site
from steps.hosted_engine.probes import deploy_probes
from steps.procedure import Plan, Probed, Procedure
from tests.screens.support import ToyService

SITE = Site("berne", engine_hosts=(EngineHost("h1.example.com", ShellAccess()),))


def _plan(_site, given, _resolutions, _survey) -> Plan:
    return Plan("hosted_engine.deploy", str(given["host"]), "Deploy on", (), settings(given))


PROCEDURE = Procedure(
    name="hosted_engine.deploy",
    system="Self-hosted engine (oVirt)",
    title="Deploy",
    description="",
    needs="",
    undo="",
    interview=DEPLOY,
    probes=deploy_probes(),
    survey=lambda _looked_at: {},
    plan=_plan,
)

LISTED = {
    "hosts": Probed(choices=(Choice("h1.example.com", "h1.example.com", "this host"),)),
    "nics": Probed(
        choices=(Choice("eth0", "eth0", "nic, up"), Choice("br0", "br0", "", "a bridge")),
        suggested="eth0"),
    "cpu-models": Probed(
        choices=(Choice("model_Penryn", "model_Penryn"),), suggested="model_Penryn"),
    "iscsi-targets": Probed(findings=(Finding("warning", "not asked"),)),
    "luns": Probed(choices=(Choice("3514f0c5447600351", "3514f0c5447600351  30.0 GiB", "free"),)),
    "gateway-default": Probed(suggested="192.0.2.1"),
    "vcpus-default": Probed((Finding("ok", "2 processors; the tool proposes 4"),), suggested=2),
    "memory-default": Probed(suggested=6000),
    "mac-default": Probed(suggested="00:16:3e:11:22:33"),
    "free-address": Probed(suggested="192.0.2.77/24"),
    "name-servers": Probed(suggested=("192.0.2.53",)),
    "host-fqdn-default": Probed(suggested="h1.example.com"),
}  # fmt: skip


class DeployService(ToyService):
    """Finds the generation and build that the test says, and is content with every answer."""

    def __init__(self, folder, era="4.5", build="2.7") -> None:
        super().__init__(folder)
        self.listed = {
            **LISTED, "era": Probed(suggested=era), "build": Probed(suggested=build),
        }  # fmt: skip
        self.found: dict[str, tuple[Finding, ...]] = {}

    def procedures(self):
        return (PROCEDURE,)

    def probe(self, procedure, name, given, cancel) -> Probed:
        self.asked.append(name)
        default = self.listed.get(name, Probed())
        return Probed(self.found.get(name, default.findings), default.choices, default.suggested)


CLASSIC_ANSWERS = {
    "host": "h1.example.com", "storage_connection": "s.example.com:/he",
    "installation_media": "/srv/el7.iso", "fqdn": "engine.example.com",
}  # fmt: skip
ANSIBLE_ANSWERS = {
    "host": "h1.example.com", "storage_connection": "s.example.com:/he", "host_name": "h1",
    "fqdn": "engine.example.com",
}  # fmt: skip
PASSWORDS = {"admin_password": "Kz7-mount-Lemon", "root_password": "Kz7-mount-Lemon"}

"""The engine's machine of a practice site: its way in, its power, what is on it."""

from __future__ import annotations

import pytest

from config.errors import Unreachable
from steps.drill.practice_engine.standing import FAILOVER
from steps.drill.practice_hosts import engine_machine
from steps.drill.practice_hosts import first_world as world
from steps.targets.host_keys import ChangedHostKey
from tests.real.engine_site_support import standing_site


@pytest.fixture
def standing():
    with standing_site() as site:
        yield site


def answers(standing) -> bool:
    shell = standing.machine
    try:
        return shell.run(["true"]).code == 0
    except Unreachable:
        return False
    finally:
        shell.close()


def test_the_machine_answers_while_it_runs_and_a_new_one_has_a_key_of_its_own(standing):
    shell = standing.machine
    assert shell.run(["rpm", "-q", "ovirt-engine"]).out.startswith("ovirt-engine-4.5.6-1.el9")
    assert shell.run(["systemctl", "is-active", "ovirt-engine"]).out == "active\n"
    shell.write("/root/note", b"x")
    shell.run(["shutdown", "-h", "now"])
    shell.close()
    standing.until(lambda: not answers(standing))
    engine_machine.start(standing.world, FAILOVER, healthy_in=0.0)
    standing.until(lambda: answers(standing))
    assert standing.machine.read("/root/note") == b"x", "the same machine lost its files"
    engine_machine.shut_down(standing.world, 0)
    standing.fresh_machine(FAILOVER, system=False)
    standing.until(lambda: not answers(standing))
    engine_machine.installed(standing.world)
    with pytest.raises(ChangedHostKey):
        standing.until(lambda: answers(standing))
    assert not (standing.hosts.root(world.ENGINE) / "root/note").exists()
    assert not (standing.hosts.root(world.ENGINE) / "etc/ovirt-engine").exists()


def test_a_dead_host_and_a_backup_server_are_as_the_world_has_them(standing):
    server = standing.shell(world.BACKUP)
    server.write("/var/backup/ovirt-engine/x", b"1")
    assert server.run(["sha256sum", "/var/backup/ovirt-engine/x"]).out.startswith("6b86b273")
    host = standing.shell(FAILOVER)
    assert host.run(["true"]).code == 0
    with standing.world.change() as facts:
        facts["hosts"][FAILOVER]["dead"] = True
    host.close()

    def gone() -> bool:
        try:
            standing.shell(FAILOVER).run(["true"])
        except Unreachable:
            return True
        return False

    standing.until(gone)

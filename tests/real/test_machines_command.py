"""`rekindle machines` on a real directory: the table, JSON, repairs, exit codes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from config.secrets import SecretReference
from config.site import Site
from config.site_file import save_site
from tests.real.node_world import NodeWorld, node_world
from tests.real.slapd_support import PASSWORD
from tui.main import main


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NodeWorld]:
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    with node_world(tmp_path, nodes=2, machines=3, leaf_mode="finished") as made:
        secret = tmp_path / "secret"
        secret.write_text(PASSWORD.reveal())
        secret.chmod(0o600)
        access = replace(made.access, password=SecretReference("file", str(secret)))
        save_site(tmp_path / "site.yaml", Site("test", directory=access))
        yield made


def machines(world: NodeWorld, *options: str) -> int:
    return main(["machines", "--site", str(world.folder / "site.yaml"), *options])


def table(world: NodeWorld, capsys: pytest.CaptureFixture[str]) -> dict:
    capsys.readouterr()
    machines(world, "--json")
    return json.loads(capsys.readouterr().out)


def test_a_site_at_rest(world: NodeWorld, capsys: pytest.CaptureFixture[str]) -> None:
    assert machines(world) == 0
    out = capsys.readouterr().out
    assert "node-01.example.org: daemon none seen; 2 machines, 2 idle" in out
    assert "3 machines: 3 idle" in out


def test_living_daemon_and_failed_machine_are_told(
    world: NodeWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.daemon(node=1)
    world.wait_alive()
    world.write("sstProvisioningMode", "merging", 2)
    world.write("sstProvisioningReturnValue", "11", 2)
    assert machines(world, "--busy") == 1
    lines = capsys.readouterr().out.splitlines()
    assert "node-01.example.org: daemon alive; 2 machines, 2 idle" in lines
    row = next(i for i, line in enumerate(lines) if "vm002" in line)
    assert lines[row].startswith("! vm002")
    assert "return value 11 (the merge failed)" in lines[row]
    assert lines[row + 1].startswith("    do: Mend the cause")
    assert not any("vm001" in line for line in lines)


def test_a_failed_task_is_ordered_again(
    world: NodeWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write("sstProvisioningMode", "merging")
    world.write("sstProvisioningReturnValue", "11")
    assert machines(world, "--again", "vm001") == 0
    leaf = world.leaf()
    assert (leaf.mode, leaf.state, leaf.return_value) == ("merge", "0", 0)


def test_what_goes_on_is_not_ordered_again(
    world: NodeWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.hold()
    world.daemon(node=1)
    world.order("merge")
    world.wait_for(lambda: any(beat.busy for beat in world.beats()))
    before = world.leaf().csn
    assert machines(world, "--again", "vm001") == 3
    assert "is not stuck" in capsys.readouterr().err
    assert world.leaf().csn == before


def test_the_poisoned_leaf_of_a_cancelled_job_is_mended(
    world: NodeWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write("sstProvisioningState", "0")
    assert table(world, capsys)["machines"][0]["standing"] == "half"
    assert machines(world, "--mend", "vm001") == 0
    leaf = world.leaf()
    assert (leaf.mode, leaf.commanded) == ("finished", False)
    assert machines(world) == 0


def test_a_dead_daemons_work_is_ordered_again_for_another(
    world: NodeWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.order("merge")
    victim = world.daemon(node=1, state="lost", die_at="after merge.1", beat=0.1)
    victim.wait(120)
    time.sleep(3)
    row = next(r for r in table(world, capsys)["machines"] if r["title"] == "vm001")
    assert (row["standing"], row["stuck"]) == ("dead", True)
    assert machines(world, "--again", "vm001") == 0
    world.daemon(node=1, state="new")
    world.wait_mode("merged")
    assert world.twice == []


def test_spread_and_progress_stand_in_the_json(
    world: NodeWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.daemon(node=1)
    world.daemon(node=2, turns=20)
    for number in (1, 3):
        world.order("snapshot", number)
    for number in (1, 3):
        world.wait_mode("snapshotted", number)
    world.hold()
    world.order("merge", 2)
    world.wait_for(lambda: any(b.done for beat in world.beats() for b in beat.busy))
    found = table(world, capsys)
    assert found["snapshots"] == 2
    assert 0 <= found["spread_seconds"] < 60
    row = next(r for r in found["machines"] if r["title"] == "vm002")
    assert (row["standing"], 0 < row["progress"] < 1) == ("working", True)


def test_an_unknown_machine_is_refused(
    world: NodeWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machines(world, "--again", "nobody") == 3
    assert "No machine is called 'nobody'" in capsys.readouterr().err

"""The targets of a site: opened when used, shared where they are one, closed together."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.errors import InvalidInput
from config.site import DirectoryAccess, HypervisorNode, ShellAccess, Site
from steps.targets import libvirt_hypervisor
from steps.targets.open import open_directory, open_targets

BASE = "dc=example,dc=org"
LOCAL = ShellAccess()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "base.ldif").write_text(f"dn: {BASE}\nobjectClass: dcObject\ndc: example\n")
    nodes = (
        HypervisorNode("node-01.example.org", "test:///default", LOCAL),
        HypervisorNode("node-02.example.org", "test:///default", LOCAL),
        HypervisorNode("node-03.example.org", "qemu:///embed?root=/no/such", LOCAL),
    )
    return Site("here", nodes, DirectoryAccess(base=BASE, ldif_folder=tmp_path))


def test_each_target_is_opened_once_whatever_the_letters_of_its_name(site: Site) -> None:
    targets = open_targets(site, {})
    one = targets.hypervisor("node-01.example.org")
    assert targets.hypervisor("NODE-01.example.org") is one
    assert [domain.name for domain in one.domains()] == ["test"]
    assert targets.directory() is targets.directory()
    entry = targets.directory().get(BASE)
    assert entry is not None
    shell = targets.shell("node-01.example.org")
    assert targets.shell("Node-01.example.org") is shell
    assert shell.run(["echo", "hello"]).out == "hello\n"
    targets.close()
    targets.close()


def test_lanes_that_need_a_target_at_the_same_time_open_it_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    opens = libvirt_hypervisor.open_connection

    def slowly(uri: str) -> object:
        opened.append(uri)
        time.sleep(0.1)
        return opens(uri)

    monkeypatch.setattr(libvirt_hypervisor, "open_connection", slowly)
    targets = open_targets(site, {})
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: targets.hypervisor("node-01.example.org"), range(8)))
        names = list(pool.map(lambda one: [domain.name for domain in one.domains()], found))
    assert len({id(one) for one in found}) == 1
    assert names == [["test"]] * 8
    assert opened == ["test:///default"]
    targets.close()


def test_nodes_with_one_address_share_their_hypervisor(site: Site) -> None:
    targets = open_targets(site, {})
    assert targets.hypervisor("node-01.example.org") is targets.hypervisor("node-02.example.org")
    assert targets.hypervisor("node-03.example.org") is not targets.hypervisor(
        "node-02.example.org"
    )
    targets.close()


def test_an_unknown_node_is_named_with_the_known_ones(site: Site) -> None:
    targets = open_targets(site, {})
    for use in (targets.shell, targets.hypervisor):
        with pytest.raises(InvalidInput, match=r"node-09.*node-01\.example\.org, node-02"):
            use("node-09")


def test_a_site_without_a_directory_says_how_to_get_one() -> None:
    with pytest.raises(InvalidInput) as invalid:
        open_targets(Site("bare"), {}).directory()
    assert "bare" in invalid.value.message
    assert "directory:" in invalid.value.remedy


def test_the_kind_of_directory_follows_the_site(tmp_path: Path) -> None:
    folder = open_directory(DirectoryAccess(base=BASE, ldif_folder=tmp_path), None)
    server = open_directory(DirectoryAccess(base=BASE, url="ldap://127.0.0.1:1/"), None)
    assert (folder.base, server.base) == (BASE, BASE)
    assert type(folder) is not type(server)


def test_nothing_heavy_is_loaded_before_it_is_used() -> None:
    code = (
        "import sys; from steps.targets.open import open_targets; from config.site import Site;"
        "open_targets(Site('x'), {});"
        "print(sorted({'libvirt', 'ldap', 'paramiko', 'lxml'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout == "[]\n"

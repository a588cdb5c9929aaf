"""The site file: strict reading, every mistake with its line, and plain data and back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvalidInput
from config.secrets import SecretReference
from config.site import (
    BackupServer,
    DirectoryAccess,
    EngineAccess,
    EngineHost,
    EngineMachine,
    HypervisorNode,
    MachineStorage,
    ShellAccess,
    Site,
)
from config.site_example import EXAMPLE
from config.site_file import (
    find_site,
    load_site,
    require_site,
    save_site,
    site_from_data,
    site_to_data,
)

FULL = Site(
    name="berne",
    nodes=(
        HypervisorNode(
            "vm-node-01.example.org",
            "qemu+ssh://root@vm-node-01.example.org/system",
            ShellAccess(
                "ssh",
                "192.0.2.11",
                2222,
                "root",
                Path("/etc/rekindle/ssh/id"),
                SecretReference("environment", "SSH_PASSWORD"),
                Path("/etc/rekindle/ssh/known_hosts"),
            ),
            "192.0.2.11",
            ("br0", "br1"),
        ),
        HypervisorNode("local", "qemu:///embed?root=/srv/x", ShellAccess()),
    ),
    directory=DirectoryAccess(
        base="dc=example,dc=org",
        url="ldaps://ldap.example.org:6360",
        bind_dn="cn=Manager,dc=example,dc=org",
        password=SecretReference("file", "/etc/rekindle/ldap"),
        ca_file=Path("/etc/ca.pem"),
    ),
    storage=MachineStorage("/live", "/backup", "/retain"),
    practice=True,
    engine_hosts=(
        EngineHost(
            "host-01.example.org",
            ShellAccess("ssh", "192.0.2.21", 22, "root", Path("/etc/rekindle/ssh/id")),
            ("/opt/bin/hosted-engine", "a b"),
            "/srv/rekindle",
        ),
    ),
    engine=EngineAccess(
        "https://engine.example.org:8443",
        "admin@ovirt@internalsso",
        SecretReference("file", "/etc/rekindle/engine"),
        known_cas=Path("/etc/rekindle/cas"),
        machine=EngineMachine(
            "engine.example.org",
            ShellAccess("ssh", "192.0.2.10", 22, "root", Path("/etc/rekindle/ssh/id")),
            "/srv/rekindle",
        ),
    ),
    backup_servers=(
        BackupServer(
            "backup.example.org",
            ShellAccess("ssh", "192.0.2.30", password=SecretReference("environment", "BACKUP")),
            "/srv/engine",
        ),
        BackupServer("here", ShellAccess()),
    ),
)


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "site.yaml"
        path.write_text(text)
        return path

    return written


def mistakes(path):
    with pytest.raises(InvalidInput) as caught:
        load_site(path)
    return str(caught.value).replace(str(path), "FILE")


def test_the_example_loads_and_fills_every_part(write):
    site = load_site(write(EXAMPLE))
    assert site.nodes
    assert site.directory is not None
    assert site.storage == MachineStorage()


def test_the_optional_lines_of_the_example_load_as_well(write):
    optional = EXAMPLE.replace("# port:", "port:").replace("# password:", "password:")
    optional = optional.replace("# ca_file:", "ca_file:").replace("# bridges:", "bridges:")
    site = load_site(write(optional.replace("# practice:", "practice:")))
    assert site.practice
    assert site.nodes[0].bridges == ("vmbr0", "vmbr1")
    assert site.nodes[0].shell.password == SecretReference("prompt")


@pytest.mark.parametrize(
    "site", [FULL, replace(FULL, file=Path("/etc/site.yaml")), Site("s"), replace(FULL, nodes=())]
)
def test_a_site_survives_being_frozen_as_json(site):
    assert site_from_data(json.loads(json.dumps(site_to_data(site)))) == site


def test_a_frozen_site_holds_references_only():
    frozen = json.dumps(site_to_data(FULL))
    assert "environment:SSH_PASSWORD" in frozen
    assert "file:/etc/rekindle/ldap" in frozen


def test_a_saved_site_loads_as_the_same(tmp_path):
    path = tmp_path / "site.yaml"
    save_site(path, FULL)
    assert load_site(path) == replace(FULL, file=path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_all_mistakes_are_told_at_once_in_line_order(write):
    text = """\
nam: berne
nodes:
  - name: a.example.org
    url: qemu:///system
    shell: {kind: telnet, port: 99999}
  - just text
"""
    assert mistakes(write(text)).splitlines() == [
        "FILE, line 1, name: this field is missing. Add name.",
        "FILE, line 1, nam: there is no such field here. Did you mean name?",
        "FILE, line 3, nodes[1].uri: this field is missing. Add uri.",
        "FILE, line 4, nodes[1].url: there is no such field here. Did you mean uri?",
        "FILE, line 5, nodes[1].shell.kind: 'telnet' is not a way to reach a host."
        " Write local or ssh.",
        "FILE, line 5, nodes[1].shell.port: 99999 is not a port. Ports go from 1 to 65535.",
        "FILE, line 6, nodes[2]: fields are expected here. Write NAME: VALUE lines.",
        "FILE, line 6, nodes[2].name: this field is missing. Add name.",
        "FILE, line 6, nodes[2].uri: this field is missing. Add uri.",
        "Correct these 9 places in FILE.",
    ]


def test_a_single_mistake_is_message_and_remedy(write):
    path = write("name: x\nstorage:\n  live_rot: /a\n")
    with pytest.raises(InvalidInput) as caught:
        load_site(path)
    assert caught.value.message == f"{path}, line 3, storage.live_rot: there is no such field here."
    assert caught.value.remedy == "Did you mean live_root?"


DIRECTORY = "name: x\ndirectory: {{base: 'dc=a', {}}}\n"
BOUND = "bind_dn: 'cn=m', password: prompt"


@pytest.mark.parametrize(
    "fields",
    [
        f"url: ldap://localhost, {BOUND}",
        f"url: 'ldap://127.0.0.1:3890', {BOUND}",
        f"url: 'ldap://127.8.8.8/', {BOUND}",
        f"url: 'ldap://[::1]:3890', {BOUND}",
        f"url: 'ldapi://%2Frun%2Fslapd%2Fldapi', {BOUND}",
        f"url: ldaps://ldap.example.org, {BOUND}",
        f"url: ldap://ldap.example.org, start_tls: true, {BOUND}",
        "url: ldap://ldap.example.org",
        "ldif_folder: /srv/ldif",
    ],
)
def test_directories_that_keep_the_password_safe(write, fields):
    assert load_site(write(DIRECTORY.format(fields))).directory


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        (f"url: ldap://ldap.example.org, {BOUND}", "in the clear"),
        (f"url: 'ldap://192.0.2.1', {BOUND}", "in the clear"),
        (f"url: 'ldap://127.0.0.1.example.org', {BOUND}", "in the clear"),
        (f"url: 'ldap://localhost.example.org', {BOUND}", "in the clear"),
        (f"url: 'LDAP://ldap.example.org', {BOUND}", "in the clear"),
        ("url: ldap://localhost, password: prompt", "needs a bind_dn"),
        ("url: ldaps://a, start_tls: true", "ldap:// only"),
        ("url: ldap://a, ldif_folder: /srv", "either url or ldif_folder"),
        ("bind_dn: 'cn=m'", "either url or ldif_folder"),
        ("url: http://a", "not the URL of a directory"),
        ("url: 'ldap://'", "not the URL of a directory"),
        ("url: 'ldap://a:0'", "not the URL of a directory"),
        ("url: 'ldap://a:70000'", "not the URL of a directory"),
        ("url: 'ldap://a:x'", "not the URL of a directory"),
        ("url: 'ldap://cn=m:pw@a'", "not the URL of a directory"),
        ("url: 'ldap://a/dc=x??sub'", "not the URL of a directory"),
        ("url: 'ldap://[::1'", "not the URL of a directory"),
        ("url: 'ldap://a b'", "not a host name"),
        ("url: 'ldap://-oProxy'", "not a host name"),
        ("url: 'ldapi://socket'", "does not name a socket"),
        ("url: ldap://a, bind_dn: Manager", "is not a DN"),
        ("url: ldap://a, ca_file: ca.pem", "not a full path"),
        ("ldif_folder: /srv/../etc", "not a full path"),
    ],
)
def test_directories_that_are_refused(write, fields, complaint):
    told = mistakes(write(DIRECTORY.format(fields)))
    assert complaint in told
    assert "FILE, line 2, directory" in told


def test_a_password_written_into_the_file_is_refused_and_not_repeated(write):
    told = mistakes(write(DIRECTORY.format("url: ldaps://a, bind_dn: 'cn=m', password: hunter22")))
    assert "not a reference to a secret" in told
    assert "hunter22" not in told
    told = mistakes(write(DIRECTORY.format("url: ldaps://a, bind_dn: 'cn=m', password: 12345678")))
    assert "12345678" not in told


NODE = "name: x\nnodes:\n  - {{name: n1, uri: 'qemu:///system', {}}}\n"


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ("shell: {kind: ssh}", "SSH needs a host"),
        ("shell: {kind: ssh, host: '-oProxyCommand=x'}", "not a host name"),
        ("shell: {kind: ssh, host: 'a;b'}", "not a host name"),
        ("shell: {kind: ssh, host: a, user: '-l'}", "not a user name"),
        ("shell: {kind: ssh, host: a, port: '22'}", "is not a whole number"),
        ("shell: {kind: ssh, host: a, port: true}", "is not a whole number"),
        ("shell: {kind: ssh, host: a, key_file: id}", "not a full path"),
        ("shell: {host: a}", "are for SSH"),
        ("shell: ssh", "fields are expected"),
        ("console_address: node", "not an IP address"),
        ("bridges: {a: b}", "text is expected"),
        ("bridges: [[a]]", "text is expected"),
        ("bridges: ['a\\nb']", "text is expected|cannot be printed"),
    ],
)
def test_nodes_that_are_refused(write, fields, complaint):
    import re

    told = mistakes(write(NODE.format(fields).replace("'a\\nb'", '"a\\nb"')))
    assert re.search(complaint, told)
    assert "FILE, line 3, nodes[1]" in told


@pytest.mark.parametrize("uri", ["xen:///", "system", "qemu", "://", "http://a", 5])
def test_a_hypervisor_that_is_not_qemu_is_refused(write, uri):
    told = mistakes(write(f"name: x\nnodes:\n  - {{name: n1, uri: '{uri}'}}\n"))
    assert "not the URI of a QEMU hypervisor" in told


def test_two_nodes_of_one_name_are_refused_whatever_their_case(write):
    node = "  - {{name: {}, uri: 'qemu:///system'}}\n"
    told = mistakes(write("name: x\nnodes:\n" + node.format("n1") + node.format("N1")))
    assert "line 4, nodes[2].name: 'N1' is named twice" in told


@pytest.mark.parametrize("text", ["", "just text\n", "[1, 2]\n", "name:\n", "name: ''\n"])
def test_what_is_no_site_at_all_is_refused(write, text):
    assert "FILE" in mistakes(write(text))


def test_a_name_with_control_characters_cannot_reach_the_screen(write):
    told = mistakes(write('name: "a\\u001b[2Jb"\n"k\\u001b[2J": 1\n'))
    assert "\x1b" not in told


def test_thousands_of_mistakes_do_not_become_thousands_of_lines(write):
    told = mistakes(write("name: x\n" + "".join(f"k{n}: 1\n" for n in range(20_000))))
    assert len(told.splitlines()) < 60


def test_a_frozen_site_that_was_tampered_with_is_refused():
    data = site_to_data(FULL)
    data["nodes"][0]["shell"]["port"] = "22; reboot"
    with pytest.raises(InvalidInput, match=r"the frozen site, nodes\[1\].shell.port"):
        site_from_data(data)


def test_without_a_name_the_default_place_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path))
    assert find_site() is None
    with pytest.raises(InvalidInput, match="There is no site file at") as caught:
        require_site()
    assert "--example" in caught.value.remedy
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "site.yaml").write_text("name: here\n")
    assert require_site().name == "here"


HOSTS = st.from_regex(r"[a-z][a-z0-9-]{0,10}(\.[a-z]{2,5})?", fullmatch=True)
PATHS = st.from_regex(r"(/[A-Za-z0-9_.-]*[A-Za-z0-9_-]){1,4}", fullmatch=True)
WORDS = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)


@settings(max_examples=100, deadline=60_000)
@given(st.lists(HOSTS, unique_by=str.lower, max_size=4), PATHS, WORDS, st.integers(1, 65535))
def test_any_site_survives_freezing_and_saving(tmp_path_factory, names, path, word, port):
    shell = ShellAccess("ssh", "h", port, key_file=Path(path))
    nodes = tuple(HypervisorNode(name, "qemu:///system", shell, bridges=(word,)) for name in names)
    site = Site(word, nodes, storage=MachineStorage(path, path, path))
    assert site_from_data(json.loads(json.dumps(site_to_data(site)))) == site
    file = tmp_path_factory.mktemp("site") / "site.yaml"
    save_site(file, site)
    assert load_site(file) == replace(site, file=file)


def test_a_relative_name_is_remembered_in_full(write, monkeypatch):
    path = write("name: x\n")
    monkeypatch.chdir(path.parent)
    assert load_site(Path(path.name)).file == path


def test_engine_hosts_have_their_own_command_and_folder_or_the_usual_ones(write):
    site = load_site(
        write(
            "name: s\nengine_hosts:\n  - name: h1\n"
            "  - {name: h2, command: \"python3 '/opt/my tool'\", work_folder: /srv/w}\n"
        )
    )
    assert site.engine_host("H1") == EngineHost("h1", ShellAccess())
    assert site.engine_host("h2").command == ("python3", "/opt/my tool")
    assert site.engine_host("h3") is None


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ("{name: h, command: ''}", "is not a command"),
        ('{name: h, command: "a \'b"}', "is not a command"),
        ("{name: h, work_folder: here}", "work_folder"),
        ("{name: n}", "named twice"),
    ],
)
def test_a_wrong_engine_host_is_told_with_its_line(write, entry, wrong):
    nodes = "nodes:\n  - {name: n, uri: qemu:///system}\n"
    with pytest.raises(InvalidInput, match=wrong) as error:
        load_site(write(f"name: s\n{nodes}engine_hosts:\n  - {entry}\n"))
    assert "line 5" in str(error.value)


@pytest.mark.parametrize("path", ["", "/", "/ovirt-engine", "/ovirt-engine/api", "/api/"])
def test_an_engine_is_its_origin_whatever_path_was_pasted_along(write, path):
    site = load_site(write(f"name: s\nengine:\n  url: https://Engine.example.org{path}\n"))
    assert site.engine == EngineAccess("https://engine.example.org", "admin@internal")


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ("{}", "url: this field is missing"),
        ("{url: http://e.example.org}", "not the URL of an engine"),
        ("{url: https://e.example.org/else}", "not the URL of an engine"),
        ("{url: https://admin:pw@e.example.org}", "not the URL of an engine"),
        ("{url: 'https://e.example.org/?x=1'}", "not the URL of an engine"),
        ("{url: 'https://e_e e'}", "not a host name"),
        ("{url: 'https://e:99999'}", "not the URL of an engine"),
        ("{url: https://e, user: admin}", "not an engine's account"),
        ("{url: https://e, user: '@internal'}", "not an engine's account"),
        ("{url: https://e, password: hunter2}", "password"),
        ("{url: https://e, ca_file: /a.pem, known_cas: /b}", "Drop one of the two"),
        ("{url: https://e, port: 443}", "no such field"),
    ],
)
def test_a_wrong_engine_is_told_with_its_line(write, entry, wrong):
    with pytest.raises(InvalidInput) as error:
        load_site(write(f"name: s\nengine:\n  {entry}\n"))
    assert wrong in str(error.value)
    assert "hunter2" not in str(error.value)
    assert "line " in str(error.value)


def test_machine_and_backup_servers_bear_names_of_their_own(write):
    taken = (
        "name: s\nengine_hosts:\n  - name: h1\nengine:\n  url: https://e\n"
        "  machine:\n    name: H1\nbackup_servers:\n  - name: b1\n  - name: B1\n"
    )
    text = mistakes(write(taken))
    assert "'H1' is named twice" in text
    assert "'B1' is named twice" in text
    assert "FILE, line 7, engine.machine.name" in text


def test_every_shell_of_a_site_goes_by_the_name_of_its_host():
    assert list(FULL.shells) == [
        "vm-node-01.example.org", "local", "host-01.example.org", "backup.example.org", "here",
        "engine.example.org",
    ]  # fmt: skip
    assert FULL.backup_server("HERE") == BackupServer("here", ShellAccess())
    assert FULL.backup_server("nowhere") is None

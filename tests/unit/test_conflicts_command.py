"""`rekindle conflicts`: its JSON, its exit codes, and that it writes where it was told to only."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.conflict_support import at, by_dn
from tests.unit.machine_documents import (
    GIB,
    LEAF,
    MACHINE_DN,
    NAME,
    NOT_RUNNING,
    THEN,
    VDA,
    VDB,
    VDC,
    host_facts,
    qcow2_header,
    state_file,
)
from tui.main import main

NOW = replace(
    THEN, memory=8 * GIB, port=5911, description="web front, blue", password="anderes1",
    disks=(VDA, VDB, VDC),
).with_card(mac="52:54:00:0b:01:02", bridge="br-prod")  # fmt: skip
DECIDED = {
    "memory": "next-boot", "spice-port": "take-live", "spice-password": "take-live",
    "vdc": "next-boot", "net0.mac": "keep-backup", "net0.bridge": "custom:vmbr0",
    "description": "custom:a=b",
}  # fmt: skip


class Place:
    """A backup set and today's files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.backup, self.out = folder / "backup", folder / "out"
        self.ldif, self.xml, self.facts = (folder / n for n in ("now.ldif", "now.xml", "facts"))
        self.backup.mkdir()
        self.write_set(LEAF)
        self.ldif.write_bytes(NOW.live_ldif())
        self.xml.write_text(NOW.inactive_xml())
        self.facts.write_text(json.dumps(host_facts().to_json()))

    def write_set(self, leaf, machine=THEN):
        self.put("ldif", machine.backup_ldif(), leaf)
        self.put("xml", machine.live_xml().encode(), leaf)
        self.put("state", state_file(machine.state_xml()), leaf)
        for disk in machine.disks:
            image = self.backup / f"{disk.image}.{leaf}"
            image.write_bytes(qcow2_header(disk.capacity))

    def put(self, kind, data, leaf=LEAF):
        (self.backup / f"{NAME}.{kind}.{leaf}").write_bytes(data)

    def arguments(self, *more, vm=NAME, today=True):
        files = ["--live-ldif", self.ldif, "--live-xml", self.xml, "--host-facts", self.facts]
        given = ["conflicts", "--backup", self.backup, "--vm", vm, *(files if today else []), *more]
        return [str(argument) for argument in given]

    def write_arguments(self, **decisions):
        chosen = {**DECIDED, **{n.replace("_", "-"): c for n, c in decisions.items()}}
        choices = [f"--choose={name}={choice}" for name, choice in chosen.items() if choice]
        return self.arguments("--json", *choices, "--write", self.out)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def run(capsys):
    def run_it(arguments):
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_it


def compared(run, place, *more):
    code, out, err = run(place.arguments("--json", *more))
    assert (code, err) == (0, "")
    return json.loads(out)


def test_the_json_has_exactly_the_promised_form(run, place):
    found = compared(run, place)
    assert list(found) == ["machine", "leaf", "mode", "rows", "blocking", "warnings", "hidden"]
    assert (found["machine"], found["leaf"], found["mode"]) == (NAME, LEAF, "with-state")
    for row in found["rows"]:
        assert list(row) == [
            "id", "device", "ldap", "xpath", "class", "sources", "allowed", "refused", "default",
            "coupled",
        ]  # fmt: skip
        assert list(row["sources"]) == [
            "directory_backup", "directory_now", "xml_backup", "xml_state", "xml_now",
        ]  # fmt: skip
        assert row["class"] in ("frozen", "host", "directory-only")
        assert {*row["allowed"], *row["refused"]} == {
            "keep-backup", "take-live", "next-boot", "custom",
        }  # fmt: skip
        assert row["default"] in row["allowed"]
        assert all(set(place) == {"entry", "attribute"} for place in row["ldap"])
        assert all(path.startswith("/domain") for path in row["xpath"])
    assert found["warnings"] == [
        {"code": "disk-added", "message": "vdc is newer than the backup; without it its image "
         "stays behind."},
    ]  # fmt: skip
    assert found["blocking"] == []
    assert set(found["hidden"]) == {"backup jobs", "equal", "noise"}


def test_a_row_in_json(run, place):
    rows = {row["id"]: row for row in compared(run, place)["rows"]}
    assert rows["memory"] == {
        "id": "memory",
        "device": None,
        "ldap": [{"entry": "", "attribute": "sstMemory"}],
        "xpath": ["/domain/memory", "/domain/currentMemory"],
        "class": "frozen",
        "sources": {
            "directory_backup": str(4 * GIB), "directory_now": str(8 * GIB),
            "xml_backup": str(4 * GIB), "xml_state": str(4 * GIB), "xml_now": str(8 * GIB),
        },
        "allowed": ["keep-backup", "next-boot"],
        "refused": {
            "take-live": 'libvirt refuses it with a memory state: "unsupported configuration: '
            'Target domain max memory 8388608 does not match source 4194304"',
            "custom": "Frozen while memory is restored: libvirt accepts only the value the guest "
            "was saved with.",
        },
        "default": "keep-backup",
        "coupled": [],
    }  # fmt: skip
    assert rows["net0.mac"]["device"] == "net0"
    assert rows["net0.mac"]["ldap"] == [
        {"entry": "sstInterface=net0,ou=devices", "attribute": "sstMacAddress"},
        {"entry": "DHCP", "attribute": "dhcpHWAddress"},
    ]


def test_cold_frees_the_hardware(run, place):
    found = compared(run, place, "--cold")
    assert found["mode"] == "cold"
    memory = next(row for row in found["rows"] if row["id"] == "memory")
    assert memory["allowed"] == ["keep-backup", "take-live", "custom"]


@pytest.mark.parametrize("text", [NOT_RUNNING, NOT_RUNNING + b"\n", None])
def test_without_a_memory_state_it_is_cold_and_says_so(run, place, text):
    if text is None:
        (place.backup / f"{NAME}.state.{LEAF}").unlink()
    else:
        place.put("state", text)
    found = compared(run, place)
    assert found["mode"] == "cold"
    assert found["warnings"][0]["code"] == "cold-start"
    assert "cold-start" not in [w["code"] for w in compared(run, place, "--cold")["warnings"]]


def test_an_empty_live_ldif_is_a_gone_entry_and_no_xml_an_unknown_machine(run, place):
    place.ldif.write_bytes(b"")
    place.xml.write_bytes(b"\n")
    found = compared(run, place)
    assert found["rows"] == []
    assert [w["code"] for w in found["warnings"]] == ["entry-gone", "not-defined"]
    files = ["--live-ldif", str(place.ldif), "--host-facts", str(place.facts), "--json"]
    code, out, _ = run(place.arguments(*files, today=False))
    assert code == 0
    assert json.loads(out) == found


def test_the_newest_iteration_unless_another_is_named(run, place):
    place.write_set("20261001T040000Z", replace(THEN, memory=2 * GIB))
    assert compared(run, place)["leaf"] == LEAF
    older = compared(run, place, "--leaf", "20261001T040000Z")
    assert older["rows"][0]["sources"]["xml_state"] == str(2 * GIB)


def test_the_plain_listing_reads_every_row(run, place):
    code, out, err = run(place.arguments())
    assert (code, err) == (0, "")
    for wanted in ("memory", "4 GiB", "8 GiB", "Target domain max memory", "52:54:00:0b:01:02",
                   "7 differences, 7 open, 0 blocking", "not shown:"):  # fmt: skip
        assert wanted in " ".join(out.split())
    assert max(len(line) for line in out.splitlines()) <= 80


def test_no_password_is_printed(run, place):
    for more in ((), ("--json",)):
        _, out, err = run(place.arguments(*more))
        for secret in (THEN.password, NOW.password):
            assert secret not in out + err
    assert "(set, differs)" in out


# --- writing ---


def test_writing_gives_the_five_documents_for_their_owner_only(run, place):
    code, _, err = run(place.write_arguments())
    assert code == 0, err
    names = {f"{NAME}.ldif", f"{NAME}.change.ldif", f"{NAME}.xml", f"{NAME}.next-boot.xml",
             "decisions.json"}  # fmt: skip
    assert {path.name for path in place.out.iterdir()} == names
    assert stat.S_IMODE(place.out.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.out.iterdir()} == {0o600}
    xml = (place.out / f"{NAME}.xml").read_text()
    later = (place.out / f"{NAME}.next-boot.xml").read_text()
    assert (at(xml, "/domain/memory"), at(later, "/domain/memory")) == ("4194304", "8388608")
    assert at(xml, "//graphics/@passwd") == NOW.password
    assert at(xml, "//interface/source/@bridge") == "vmbr0"
    assert ("vdc" in xml, "vdc" in later) == (False, True)
    merged = by_dn((place.out / f"{NAME}.ldif").read_text())[MACHINE_DN]
    assert merged.text("description") == "a=b"
    assert merged.text("sstSpicePassword") == NOW.password
    log = json.loads((place.out / "decisions.json").read_text())
    assert log["when"].startswith("20")
    assert log["who"]
    assert "secret" not in (place.out / f"{NAME}.ldif").read_text()


def test_the_log_of_decisions_has_no_password(run, place):
    run(place.write_arguments())
    text = (place.out / "decisions.json").read_text()
    assert THEN.password not in text
    assert NOW.password not in text


def test_writing_again_replaces_the_documents(run, place):
    run(place.write_arguments())
    code, _, _ = run(place.write_arguments(description="keep-backup"))
    assert code == 0
    assert len(list(place.out.iterdir())) == 5
    merged = by_dn((place.out / f"{NAME}.ldif").read_text())[MACHINE_DN]
    assert merged.text("description") == "web front"


@pytest.mark.parametrize(
    ("decisions", "code", "word"),
    [
        ({"memory": ""}, 3, "memory"),
        ({"memory": "take-live"}, 3, "Target domain max memory"),
        ({"memory": "custom:1 GiB"}, 3, "Frozen"),
        ({"memory": "maybe"}, 2, "maybe"),
        ({"nothing": "keep-backup"}, 2, "nothing"),
        ({"spice_port": "custom:5950"}, 2, "mail01"),
        ({"spice_port": "custom:99999"}, 2, "65535"),
        ({"spice_password": "custom:x"}, 3, "never typed"),
    ],
)
def test_what_is_not_decided_soundly_writes_nothing(run, place, decisions, code, word):
    got, _, err = run(place.write_arguments(**decisions))
    assert got == code
    assert word in err
    assert "Traceback" not in err
    assert not place.out.exists()


def test_a_choice_alone_is_checked_too(run, place):
    code, out, err = run(place.arguments("--json", "--choose", "memory=keep-backup"))
    assert code == 3
    assert json.loads(out)["rows"]
    assert "rows are open" in err
    code, _, _ = run(
        place.arguments("--choose", "memory=keep-backup", "--choose", "memory=next-boot")
    )
    assert code == 2
    code, _, _ = run(place.arguments("--choose", "memory"))
    assert code == 2


def test_coupled_rows_move_along(run, place):
    now = replace(NOW, address="10.1.0.9")
    place.ldif.write_bytes(now.live_ldif())
    code, _, err = run(place.write_arguments())
    assert code == 0, err
    leases = [e for e in by_dn((place.out / f"{NAME}.ldif").read_text()).values()
              if e.values("dhcpStatements")]  # fmt: skip
    assert leases[0].text("dhcpStatements") == "fixed-address 10.1.0.7"


def test_something_that_blocks_writes_nothing(run, place):
    (place.backup / f"{VDB.image}.{LEAF}").unlink()
    code, out, err = run(place.write_arguments())
    assert code == 3
    assert json.loads(out)["blocking"][0]["code"] == "image-missing"
    assert VDB.image in err
    assert not place.out.exists()
    assert compared(run, place)["blocking"][0]["rows"] == []


# --- hostile input ---

BOMB = b"<!DOCTYPE d [<!ENTITY a 'aaaa'>]><domain><name>&a;</name></domain>"


@pytest.mark.parametrize("document", [BOMB, THEN.live_xml().encode() * 2, b"<domain>", b"\0\xff"])
def test_a_refused_xml_is_told_in_json_and_as_an_error(run, place, document):
    place.put("xml", document)
    code, out, err = run(place.arguments("--json"))
    assert code == 2
    assert json.loads(out)["blocking"][0]["code"].startswith("xml-")
    assert "backup XML" in err
    code, _, _ = run(place.write_arguments())
    assert code == 2
    assert not place.out.exists()


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("ldif", b"dn: cn=a\nchangetype: delete\n"),
        ("ldif", b"\0" * 100),
        ("ldif", b"dn: x\n" + b"a: b\n" * 300_000),
        ("ldif", b"x" * (9 << 20)),
        ("xml", b"<domain x='" + b"a" * (3 << 20) + b"'/>"),
        ("facts", b"[" * 100_000),
        ("facts", b"\xff\xfe"),
        ("facts", b'{"bridges": 3}'),
        ("facts", b""),
    ],
)
def test_hostile_files_are_a_clear_error(run, place, what, data):
    {"ldif": place.ldif, "xml": place.xml, "facts": place.facts}[what].write_bytes(data)
    code, _, err = run(place.arguments("--json"))
    assert code == 2
    assert err.startswith("rekindle: ")
    assert "unexpected" not in err


@pytest.mark.parametrize("kind", ["partial", "truncated", "garbage"])
def test_a_state_file_that_is_none_blocks(run, place, kind):
    data = {
        "partial": state_file(THEN.state_xml(), magic=b"LibvirtQemudPart"),
        "truncated": state_file(THEN.state_xml())[:2000],
        "garbage": b"GARBAGE" * 100,
    }[kind]
    place.put("state", data)
    found = compared(run, place)
    assert found["mode"] == "with-state"
    assert f"state-{kind}" in [b["code"] for b in found["blocking"]]


@pytest.mark.parametrize(
    "name", ["..", "../x", "a/b", "", "a\nb", "a\0b", ".hidden", "-x", "a" * 500, "'; rm -rf /'"]
)
def test_names_that_could_leave_their_folder_are_refused(run, place, name):
    for arguments in (place.arguments("--json", f"--vm={name}"),
                      place.arguments("--json", f"--leaf={name}")):  # fmt: skip
        code, _, err = run(arguments)
        if name or "--leaf=" not in arguments:
            assert code == 2
            assert "Traceback" not in err


def test_devices_and_fifos_are_refused_without_waiting(run, place):
    place.ldif.unlink()
    os.mkfifo(place.ldif)
    assert run(place.arguments())[0] == 2
    assert run(place.arguments("--live-ldif", "/dev/zero"))[0] == 2
    assert run(place.arguments("--backup", "/nonexistent"))[0] == 2
    assert run(place.arguments("--live-ldif", str(place.backup)))[0] == 2


def test_an_incomplete_or_contradictory_today_is_refused(run, place):
    for more in (["--live-ldif", str(place.ldif)], ["--host-facts", str(place.facts)],
                 ["--live-xml", str(place.xml)]):  # fmt: skip
        assert run(place.arguments(*more, today=False))[0] == 2
    assert run(place.arguments("--site", "/nonexistent"))[0] == 2


def test_an_out_that_is_no_folder_is_refused(run, place):
    place.out.write_text("mine")
    code, _, err = run(place.write_arguments())
    assert code == 2
    assert str(place.out) in err
    assert place.out.read_text() == "mine"


def test_a_link_in_out_is_replaced_and_not_followed(run, place, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    place.out.mkdir()
    (place.out / f"{NAME}.ldif").symlink_to(victim)
    assert run(place.write_arguments())[0] == 0
    assert victim.read_text() == "mine"
    assert not (place.out / f"{NAME}.ldif").is_symlink()


def test_whoever_names_another_machine_is_told_which_there_are(run, place):
    code, _, said = run(place.arguments(vm="web01"))
    assert code == 2
    assert f"It has backups of {NAME}." in said


def test_nothing_else_on_disk_changes(run, place, tmp_path):
    def everything():
        return {
            path: (path.stat().st_mtime_ns, path.read_bytes())
            for path in tmp_path.rglob("*")
            if path.is_file() and place.out not in path.parents
        }

    before = everything()
    run(place.arguments())
    run(place.write_arguments())
    assert everything() == before


def test_a_terminal_that_knows_only_ascii(place):
    place.ldif.write_bytes(replace(NOW, description="grün \x1b[31mrot").live_ldif())
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tui.main", *place.arguments()],
        env=environment, capture_output=True, cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"\\x1b" in done.stdout
    assert b"\x1b" not in done.stdout

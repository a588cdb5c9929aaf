"""Importing an answer file of the tool and exporting it again: nothing is lost but what is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.answer_file import AnswerFile, answers_text, load_answers
from config.answers import settled
from config.errors import InvalidInput
from config.interviews.hosted_engine.conf_export import export_conf
from config.interviews.hosted_engine.conf_import import import_conf
from config.interviews.hosted_engine.interview import DEPLOY
from config.interviews.hosted_engine.merged import rows_of
from config.otopi.conf import DEFAULT, SECTIONS, Entry, format_entries, parse_conf
from config.otopi.keys import is_generated, is_secret
from config.otopi.typed import Typed
from config.secrets import SecretReference
from tests.unit.hosted_engine_rows import FACTS
from tests.unit.test_otopi_conf import KEYS, VALUES
from tui.main import main

NAME = "hosted_engine.deploy"
ERAS = ("classic", "4.5")

GUIDE = """\
# made by hand
[environment:default]
OVEHOSTED_CORE/deployProceed=bool:True
OVEHOSTED_CORE/screenProceed=bool:no
OVEHOSTED_ENGINE/adminPassword=str:hunter2
OVEHOSTED_ENGINE/appHostName=str:hosted_engine_1
OVEHOSTED_NETWORK/bridgeIf=str:eth1
OVEHOSTED_NETWORK/firewallManager=str:iptables
OVEHOSTED_NETWORK/fqdn=str:Engine.example.com
OVEHOSTED_NETWORK/gateway=str:192.0.2.1
OVEHOSTED_STORAGE/domainType=str:nfs3
OVEHOSTED_STORAGE/imgAlias=str:hosted_engine
OVEHOSTED_STORAGE/imgSizeGB=str:25
OVEHOSTED_STORAGE/imgUUID=str:5b1f7a6e-0000-4000-8000-000000000001
OVEHOSTED_STORAGE/LunID=none:None
OVEHOSTED_STORAGE/storageDomainConnection=str:storage.example.com:/hosted_engine/nfs
OVEHOSTED_VDSM/consoleType=str:qxl
OVEHOSTED_VDSM/cpu=str:model_Penryn
OVEHOSTED_VM/emulatedMachine=str:pc
OVEHOSTED_VM/vmBoot=str:pxe
OVEHOSTED_VM/vmMACAddr=str:00:16:3e:77:b2:a4
OVEHOSTED_VM/vmMemSizeMB=int:4096
OVEHOSTED_VM/vmUUID=str:5b1f7a6e-0000-4000-8000-000000000002
OVEHOSTED_VM/vmVCpus=str:2
[environment:override]
QUESTION/1/SETTINGS_PROCEED=str:yes
"""


def imported(text: str, era: str = ""):
    return import_conf(parse_conf(text.encode(), "answers.conf"), era)


def as_answers(found, folder):
    """Through the YAML that `rekindle run` would take."""
    path = folder / "answers.yaml"
    path.write_text(answers_text(AnswerFile(NAME, found.answers)))
    return load_answers(path, DEPLOY, NAME).answers


def kept_of(text: str):
    entries = parse_conf(text.encode(), "x").entries
    return {
        (e.section, e.key): e.value
        for e in entries
        if not is_secret(e.key) and not is_generated(e.key)
    }


def values(text: str):
    return {(e.section, e.key): e.value for e in parse_conf(text.encode(), "x").entries}


def test_the_guides_deployment_is_understood():
    found = imported(GUIDE)
    assert found.era == "classic"
    wanted = {
        "nic": "eth1", "manage_iptables": True, "fqdn": "Engine.example.com", "disk_gb": 25,
        "console": "spice", "vcpus": 2, "memory_mb": 4096, "boot": "pxe", "screen_proceed": True,
        "storage_connection": "storage.example.com:/hosted_engine/nfs", "lun": None,
        "admin_password": SecretReference("prompt"), "host_name": "hosted_engine_1",
    }  # fmt: skip
    assert {name: found.answers.get(name) for name in wanted} == wanted


def test_the_build_is_the_newest_one_that_asks_for_all_that_the_file_answers():
    assert imported(GUIDE).answers["build"] == "1.3.1"
    early = imported("[environment:default]\nOVEHOSTED_STORAGE/storageDatacenterName=str:x\n")
    assert early.answers["build"] == "1.3.0_alpha3"
    assert any("--build says otherwise" in notice for notice in early.notices)
    assert "build" not in imported("[environment:default]\nOVEHOSTED_VM/vmVCpus=str:2\n").answers


def test_an_imported_answer_is_among_those_that_a_run_settles_on(tmp_path):
    answers = as_answers(imported(GUIDE), tmp_path)
    known = settled(DEPLOY, {**answers, "host": "h1"})
    for name in ("boot", "image_alias", "nic", "console", "storage_connection", "admin_password"):
        assert known[name] == answers[name]


def test_what_is_left_out_and_what_is_kept_is_said_and_no_password_is_anywhere():
    found = imported(GUIDE)
    told = "\n".join(found.notices)
    assert "OVEHOSTED_ENGINE/adminPassword" in told
    assert "OVEHOSTED_VM/vmUUID" in told
    assert "OVEHOSTED_STORAGE/imgUUID" in told
    assert "OVEHOSTED_VM/emulatedMachine=str:pc" in told
    assert "screenProceed=bool:no means yes" in told
    assert "hunter2" not in told + answers_text(AnswerFile(NAME, found.answers))


def test_import_then_export_gives_every_key_and_value_back(tmp_path):
    exported = export_conf(as_answers(imported(GUIDE), tmp_path), "classic").text
    assert values(exported) == kept_of(GUIDE)


KNOWN = st.sampled_from(ERAS).flatmap(
    lambda era: st.tuples(
        st.just(era), st.sampled_from([s.key for r in rows_of(era) for s in r.saved])
    )
)
REAL = st.sampled_from(
    ["bool:True", "bool:False", "bool:no", "int:4096", "str:4096", "str:2", "str:nfs3", "str:nfs",
     "str:iscsi", "str:192.0.2.9/24", "str:engine.example.com", "str:yes", "str:qxl", "str:spice",
     "none:None", "str:", "str:s:/he", "str:iptables", "str:a@b,c@d", "str:skip", "str:generate",
     "multi-str:a"]
).map(lambda text: Typed(*text.split(":", 1)))  # fmt: skip


@given(
    st.sampled_from(ERAS),
    st.lists(
        st.builds(
            Entry,
            st.sampled_from(SECTIONS),
            st.one_of(KEYS, KNOWN.map(lambda pair: pair[1])),
            st.one_of(VALUES, REAL),
        ),
        max_size=14,
        unique_by=lambda e: (e.section, e.key),
    ),
)
def test_the_round_trip_loses_nothing_whatever_the_file_says(era, entries):
    text = format_entries(entries)
    found = imported(text, era)
    exported = export_conf(found.answers, era).text
    back, wanted = values(exported), kept_of(text)
    assert {at: back.get(at) for at in wanted} == wanted
    assert {key for _section, key in back if is_secret(key) or is_generated(key)} == set()


@given(st.sampled_from(ERAS), st.lists(st.builds(Entry, st.just(DEFAULT), KNOWN.map(lambda p: p[1]),
       REAL), max_size=8, unique_by=lambda e: e.key))  # fmt: skip
def test_what_import_prints_is_taken_by_run_as_it_is(tmp_path_factory, era, entries):
    found = imported(format_entries(entries), era)
    assert as_answers(found, tmp_path_factory.mktemp("yaml")) == found.answers


@pytest.mark.parametrize("key", FACTS)
def test_the_row_is_written_with_its_type_and_read_back(key):
    fact = FACTS[key]
    era, _, _rest = key.partition("-")
    row = next(row for row in rows_of(era) if row.key == key)
    for value in fact.good:
        answers = {"era": era, **(fact.when or {}), row.name: value, "storage_in_file": True}
        build = row.last or ("2.0" if era == "classic" else "")
        answers |= {"build": build} if build else {}
        answers |= {"vm_network": "static"} if row.name == "vm_address" else {}
        entries = export_conf(answers, era).entries
        mine = {e.key: e for e in entries if e.key in {saved.key for saved in row.saved}}
        for saved in row.saved:
            entry = mine.get(saved.key)
            if entry is None:
                assert saved.stored.write(answers) is None
                continue
            either = ("str", "bool") if saved.key.endswith("StaticCIDR") else (saved.type,)
            assert entry.value.type in either
            read = import_conf(parse_conf(format_entries([entry]).encode(), "x"), era).answers
            assert read.get(row.name, value) == value


def test_types_are_those_that_the_tool_accepts():
    answers = {
        "era": "4.5", "ip_version": "as-resolved", "memory_mb": 16384, "vcpus": 4, "mac":
        "00:16:3e:00:00:01", "vm_network": "dhcp", "nic": "eth0", "host_name": "h1",
        "host_fqdn": "h1.example.com", "backup_file": "/b.tar", "pause_on_restore": True,
    }  # fmt: skip
    text = export_conf(answers, "4.5").text
    for line in (
        "OVEHOSTED_CORE/forceIpProceed=str:yes", "OVEHOSTED_VM/vmMemSizeMB=int:16384",
        "OVEHOSTED_VM/vmVCpus=str:4", "OVEHOSTED_VM/cloudinitVMStaticCIDR=bool:False",
        "OVEHOSTED_NETWORK/bridgeIf=str:eth0", "OVEHOSTED_ENGINE/appHostName=str:h1",
        "OVEHOSTED_NETWORK/host_name=str:h1.example.com",
        "OVEHOSTED_CORE/restoreFromFile=str:/b.tar", "OVEHOSTED_CORE/pauseonRestore=bool:True",
    ):  # fmt: skip
        assert line in text.splitlines()


def test_storage_stays_open_in_the_ansible_generation_unless_the_operator_insists():
    answers = {"era": "4.5", "storage_type": "nfs", "storage_connection": "s.example.com:/he"}
    left = export_conf(answers, "4.5")
    assert "OVEHOSTED_STORAGE" not in "".join(e.key for e in left.entries)
    assert any("storage_in_file" in notice for notice in left.notices)
    insisted = export_conf({**answers, "storage_in_file": True}, "4.5").text
    assert "OVEHOSTED_STORAGE/storageDomainConnection=str:s.example.com:/he" in insisted
    assert (
        "OVEHOSTED_STORAGE/domainType=str:nfs3"
        in export_conf({"era": "classic", "storage_type": "nfs3"}, "classic").text
    )


def test_a_file_that_answers_storage_says_what_that_means():
    found = imported("[environment:default]\nOVEHOSTED_STORAGE/domainType=str:nfs\n")
    assert (found.era, found.answers["storage_in_file"]) == ("4.5", True)
    assert any("storage mistake" in notice for notice in found.notices)


def test_an_answer_changed_after_the_import_goes_before_the_line_kept():
    found = imported("[environment:enforce]\nOVEHOSTED_NETWORK/gateway=str:192.0.2.1\n", "4.5")
    changed = {**found.answers, "gateway": "192.0.2.254"}
    exported = export_conf(changed, "4.5")
    assert values(exported.text) == {
        (DEFAULT, "OVEHOSTED_NETWORK/gateway"): Typed("str", "192.0.2.254")
    }
    assert any("was replaced" in notice for notice in exported.notices)


def test_what_a_run_still_needs_is_said_and_passwords_are_prompted_for():
    found = imported("[environment:default]\nOVEHOSTED_NETWORK/gateway=str:192.0.2.1\n", "4.5")
    prompt = SecretReference("prompt")
    assert found.answers["admin_password"] == found.answers["root_password"] == prompt
    told = "\n".join(found.notices)
    assert "Asked for when a run starts: root_password, admin_password." in told
    assert "Still to be answered before a run: host, " in told


def test_a_value_that_the_question_refuses_is_kept_as_a_line_and_told():
    found = imported("[environment:default]\nOVEHOSTED_VM/vmMACAddr=str:01:02:03:04:05:06\n", "4.5")
    assert "mac" not in found.answers
    assert found.answers["other_keys"] == (
        "environment:default OVEHOSTED_VM/vmMACAddr=str:01:02:03:04:05:06",
    )
    assert any("Not taken: MAC address" in notice for notice in found.notices)


def test_passwords_recorded_as_answers_to_questions_are_left_out_too():
    found = imported("[environment:default]\nQUESTION/2/CI_ROOT_PASSWORD=str:hunter2\n", "4.5")
    assert found.answers["root_password"] == SecretReference("prompt")
    assert "hunter2" not in repr(found)


def test_answers_of_the_other_generation_lose_what_it_would_refuse_and_say_so():
    answers = {"era": "classic", "build": "1.2", "storage_type": "nfs3", "vcpus": 2, "nic": "em1"}
    found = export_conf({**answers, "storage_in_file": True}, "4.5")
    assert "OVEHOSTED_NETWORK/bridgeIf=str:em1" in found.text
    assert "domainType" not in found.text
    assert any("Left out: Storage type" in notice for notice in found.notices)


def test_a_password_among_the_kept_lines_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    line = "environment:default OVEHOSTED_ENGINE/adminPassword=str:hunter2"
    path.write_text(answers_text(AnswerFile(NAME, {"era": "4.5", "other_keys": (line,)})))
    with pytest.raises(InvalidInput) as refused:
        load_answers(path, DEPLOY, NAME)
    assert "hunter2" not in str(refused.value)


def test_the_commands_print_the_file_on_output_and_the_rest_on_errors(tmp_path, capsys):
    conf, yaml = tmp_path / "answers.conf", tmp_path / "answers.yaml"
    conf.write_text(GUIDE)
    assert main(["answers", "import", str(conf)]) == 0
    out, err = capsys.readouterr()
    yaml.write_text(out)
    assert "procedure: hosted_engine.deploy" in out
    assert "Passwords are not taken over" in err
    assert "hunter2" not in out + err
    assert main(["answers", "export", str(yaml), "--era", "classic"]) == 0
    out, err = capsys.readouterr()
    assert values(out) == kept_of(GUIDE)
    assert "Passwords are never written" in err


@pytest.mark.parametrize("what", ["missing.conf", "."])
def test_a_file_that_cannot_be_read_is_said(what, tmp_path, capsys):
    assert main(["answers", "import", str(tmp_path / what)]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_build_of_the_other_generation_is_refused(tmp_path, capsys):
    conf = tmp_path / "a.conf"
    conf.write_text("[environment:default]\n")
    assert main(["answers", "import", str(conf), "--era", "4.5", "--build", "1.2"]) == 2
    assert "'1.2' is not a version of the generation 4.5" in capsys.readouterr().err

"""Every row of the two question tables, by name, against what the reference says of it."""

from __future__ import annotations

import pytest

from config.answers import check_value
from config.errors import InvalidInput
from config.interviews.hosted_engine.builds import NEWEST, build_of
from config.interviews.hosted_engine.interview import DEPLOY
from config.interviews.hosted_engine.merged import ROWS, question, row_for
from config.questions import Kind
from config.secrets import SecretReference
from tests.unit.hosted_engine_rows import (
    BESIDE_THE_GUIDE,
    FACTS,
    FRAGMENTS,
    NEVER_WRITTEN_BY_THE_TOOL,
)

PROMPTS = {**FRAGMENTS, **BESIDE_THE_GUIDE}

BY_KEY = {row.key: row for row in ROWS}
ASKED = [key for key, row in BY_KEY.items() if row.name]


def given(row, answers=None):
    """Answers of the row's generation, in a build that has the row."""
    build = NEWEST[row.era] if row.in_build(NEWEST[row.era]) else row.last
    return {"era": row.era, "build": build, **(answers or {})}


def default_of(row):
    return row.default(given(row, FACTS[row.key].when)) if callable(row.default) else row.default


def test_the_tables_hold_exactly_the_rows_of_the_reference():
    assert sorted(BY_KEY) == sorted(FACTS)
    assert len(BY_KEY) == len(ROWS)


@pytest.mark.parametrize("key", FACTS)
def test_the_row_fills_its_keys_with_their_types(key):
    row = BY_KEY[key]
    assert " ".join(f"{saved.key}={saved.type}" for saved in row.saved) == FACTS[key].keys


@pytest.mark.parametrize("key", FACTS)
def test_what_the_tool_never_writes_is_known(key):
    for saved in BY_KEY[key].saved:
        unwritten = saved.key.rpartition("/")[2] in NEVER_WRITTEN_BY_THE_TOOL
        assert saved.by_tool is not unwritten
        assert saved.secret is (question(BY_KEY[key].name).kind is Kind.SECRET)


@pytest.mark.parametrize("key", FACTS)
def test_the_default_of_the_row(key):
    assert default_of(BY_KEY[key]) == FACTS[key].default


@pytest.mark.parametrize("key", ASKED)
def test_the_default_of_the_row_is_one_that_is_accepted_or_asks_for_a_decision(key):
    row, value = BY_KEY[key], default_of(BY_KEY[key])
    if value in (None, "", ()) or (row.id.endswith("_PROCEED") and value is False):
        return
    check_value(question(row.name), value, given(row, FACTS[key].when))


@pytest.mark.parametrize("key", FACTS)
def test_the_row_is_asked_when_the_reference_says_so(key):
    row, fact = BY_KEY[key], FACTS[key]
    assert row.asked(given(row, fact.when))
    if fact.unless is not None:
        assert not row.asked(given(row, fact.unless))
    other = {"classic": "4.5", "4.5": "classic"}[row.era]
    assert not row.asked({**given(row, fact.when), "era": other})


@pytest.mark.parametrize("key", ASKED)
def test_values_that_the_rule_allows_are_taken(key):
    row, fact = BY_KEY[key], FACTS[key]
    for value in fact.good:
        check_value(question(row.name), value, given(row, fact.when))


@pytest.mark.parametrize("key", ASKED)
def test_values_against_the_rule_are_refused_with_the_value_and_what_to_do(key):
    row, fact = BY_KEY[key], FACTS[key]
    assert fact.bad or not fact.good or question(row.name).kind is Kind.TEXT
    for value in fact.bad:
        with pytest.raises(InvalidInput) as refused:
            check_value(question(row.name), value, given(row, fact.when))
        if value != "" and not isinstance(value, bool):
            shown = value[0] if isinstance(value, tuple) else str(value)
            assert shown[:40] in refused.value.message
        assert refused.value.remedy


@pytest.mark.parametrize("key", ASKED)
def test_a_password_is_asked_for_as_a_secret_and_never_written(key):
    row = BY_KEY[key]
    for saved in row.saved:
        if saved.secret:
            answers = given(row, {row.name: SecretReference("prompt")})
            assert saved.stored.write(answers) is None


@pytest.mark.parametrize("key", PROMPTS)
def test_the_prompt_is_recognised_without_its_id(key):
    prompt = PROMPTS[key]
    assert BY_KEY[key].fits(prompt)
    era = key.partition("-")[0]
    others = [r.key for r in ROWS if r.era == era and r.name != BY_KEY[key].name]
    assert not [o for o in others if BY_KEY[o].fits(prompt)]


def test_ids_that_the_tool_uses_twice_are_told_apart_by_occurrence_or_prompt():
    seen = {}
    for row in ROWS:
        for id_ in row.ids:
            seen.setdefault((row.era, id_), []).append(row)
    for rows in seen.values():
        assert len(rows) == 1 or all(row.occurrence for row in rows)


def test_a_name_in_both_tables_is_one_question_with_the_rule_of_the_generation_answered():
    portals = "192.0.2.10,192.0.2.11"
    check_value(question("iscsi_portal"), portals, {"era": "4.5"})
    with pytest.raises(InvalidInput):
        check_value(question("iscsi_portal"), portals, {"era": "classic"})
    assert question("storage_type").default_for({"era": "classic"}) == "nfs3"
    assert question("storage_type").default_for({"era": "4.5"}) == "nfs"
    assert row_for("fqdn", {"era": "4.5"}).number == "15"


def test_the_guides_build_boots_from_a_disc_and_early_builds_have_no_fibre_channel():
    boot = question("boot")
    assert boot.default_for({"era": "classic", "build": "1.3.0_alpha3"}) == "cdrom"
    assert boot.default_for({"era": "classic", "build": "1.3.0"}) == "disk"
    with pytest.raises(InvalidInput, match=r"1\.2"):
        check_value(question("storage_type"), "fc", {"era": "classic", "build": "1.2"})


def test_a_restore_has_no_default_for_data_centre_and_cluster():
    for name in ("data_center", "cluster"):
        assert question(name).default_for({"era": "4.5"}) == "Default"
        assert question(name).default_for({"era": "4.5", "backup_file": "/b"}) is None


def test_the_cluster_default_belongs_to_the_data_centre_default():
    with pytest.raises(InvalidInput, match="Berne"):
        check_value(question("cluster"), "Default", {"era": "4.5", "data_center": "Berne"})


def test_an_address_outside_the_gateways_subnet_is_refused():
    for wrong in ("198.51.100.9/24", "192.0.2.1/24"):
        with pytest.raises(InvalidInput):
            check_value(question("vm_address"), wrong, {"era": "4.5", "gateway": "192.0.2.1"})
    check_value(question("vm_address"), "192.0.2.9/24", {"era": "4.5", "gateway": "192.0.2.1"})


def test_the_engine_is_not_called_like_its_host():
    with pytest.raises(InvalidInput, match="host itself"):
        check_value(question("fqdn"), "h1.example.com", {"host_fqdn": "H1.example.com"})


@pytest.mark.parametrize(
    ("version", "build"),
    [
        ("ovirt-hosted-engine-setup-1.2.6.1-1.el7", "1.2"),
        ("1.3.0-0.0.master.20150518", "1.2"),
        ("ovirt-hosted-engine-setup-1.3.0_alpha3-1", "1.3.0_alpha3"),
        ("1.3.0-1.el7", "1.3.0"),
        ("1.3.7.2-1.el7", "1.3.2"),
        ("2.0.4.1-1.el7", "2.0"),
        ("2.1.4-1.el7", "2.1"),
        ("2.2.34-1.el7", "2.2"),
        ("2.5.1-1.el8", "2.4"),
        ("2.7.1-1.el8", "2.7"),
        ("not installed", None),
    ],
)
def test_a_package_version_tells_which_questions_there_are(version, build):
    assert build_of(version) == build


def test_every_page_asks_in_the_tools_order():
    asked = [q.name for q in DEPLOY.asked({"era": "classic", "build": "1.3.0_alpha3"})]
    wanted = ["storage_type", "nic", "gateway", "boot", "cpu_model", "vcpus", "disk_gb", "mac"]
    wanted += ["memory_mb", "console", "host_name", "admin_password", "fqdn", "smtp_server"]
    assert [name for name in asked if name in wanted] == wanted


def test_storage_comes_last_in_the_ansible_generation():
    pages = [group.title for group in DEPLOY.pages({"era": "4.5"})]
    assert pages.index("Storage") > pages.index("Hosted engine")
    assert "Storage" in [group.title for group in DEPLOY.pages({"era": "classic"})]


@pytest.mark.parametrize("era", ["classic", "4.5"])
def test_a_look_depends_only_on_what_is_asked_before_it(era):
    names = [
        q.name for group in DEPLOY.groups if group.condition({"era": era}) for q in group.questions
    ]
    for name in names:
        found = DEPLOY.question(name)
        if found.suggest_probe:
            for other in found.depends_on:
                assert names.index(other) < names.index(name), (name, other)


def test_the_portal_shows_a_host_of_4_5_by_its_own_name_unless_another_is_given():
    asked = question("host_name")
    known = {"era": "4.5", "host_fqdn": "h1.example.com"}
    assert asked.default_for(known) == "h1.example.com"
    assert asked.default_for({"era": "classic"}) == "hosted_engine_1"

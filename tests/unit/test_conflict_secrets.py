"""Secrets never leave: marks in what is shown and stored, the real ones only where they belong."""

import json
from dataclasses import replace

import pytest

from config.errors import InvalidInput
from steps.conflicts import Resolution
from steps.ldif_text import parse_entries
from steps.virtual_machine.compare import compare_machine
from steps.virtual_machine.sanitise import (
    Vault,
    fill_entries,
    fill_xml,
    is_mark,
    sanitise_entries,
    sanitise_ldif,
    sanitise_xml,
)
from steps.virtual_machine.sources import SOURCES, RefusedDocument, Sources, ldif_of
from steps.virtual_machine.state_file import NotRunning, read_header
from tests.unit.conflict_support import KEEP, LIVE, choose, compare, ids, row
from tests.unit.machine_documents import CSN, NAME, THEN, Scene, since, state_file
from tui.widgets.conflict_words import known_values

OTHER = "anderes<1>&'\"ü"
NOW = replace(THEN, password=OTHER, memory=THEN.memory * 2)
SECRETS = (THEN.password, OTHER)


def leaks(text):
    return [secret for secret in SECRETS if secret in text]


def test_values_of_a_password_are_marks():
    conflicts = compare(since(NOW))
    assert row(conflicts, "spice-password").values == {
        "directory_backup": "(set)", "directory_now": "(set, differs)", "xml_backup": None,
        "xml_state": "(set)", "xml_now": "(set, differs)",
    }  # fmt: skip
    assert conflicts.texts("spice-password") == row(conflicts, "spice-password").values


def test_nothing_that_is_shown_or_logged_has_a_password():
    conflicts = compare(since(NOW))
    for decision in (KEEP, LIVE):
        decisions = choose(conflicts, decision)
        shown = [
            repr(conflicts.rows), repr(conflicts.warnings), repr(conflicts.always_blocking),
            repr(conflicts.previews(decisions)), conflicts.results(decisions).decision_log,
            conflicts.result("spice-password", decisions), repr(conflicts.hidden),
        ]  # fmt: skip
        assert leaks("".join(shown)) == []


def test_the_documents_for_use_have_the_chosen_password():
    conflicts = compare(since(NOW))
    kept = conflicts.results({"spice-password": Resolution(KEEP)})
    assert THEN.password in kept.restore_xml
    assert OTHER not in kept.restore_xml
    taken = parse_entries(
        conflicts.results({"spice-password": Resolution(LIVE)}).merged_ldif.encode(), "x"
    )
    assert taken[0].text("sstSpicePassword") == OTHER


def test_a_password_is_never_typed():
    with pytest.raises(Exception, match="never typed"):
        compare(since(NOW)).check("spice-password", Resolution.parse("custom:x"))


def test_the_stored_sources_have_no_password_and_compare_the_same():
    sources = since(NOW).sources()
    stored = json.dumps(sources.to_json())
    assert leaks(stored) == []
    again = Sources.from_json(json.loads(stored))
    facts = Scene().facts
    before, after = (compare_machine(x, facts, "with-state") for x in (sources, again))
    assert after.rows == before.rows
    assert after.warnings == before.warnings
    assert after.hidden == before.hidden
    assert after.always_blocking == before.always_blocking


def test_equal_secrets_have_equal_marks_and_others_others():
    clean = since(NOW).sources().sanitised()
    then, now = (parse_entries(d, "x")[0].text("sstSpicePassword")
                 for d in (clean.directory_backup, clean.directory_now))  # fmt: skip
    assert (then, now) == ("(secret 1)", "(secret 2)")
    assert "passwd='(secret 1)'" in clean.xml_state
    assert "passwd='(secret 2)'" in clean.xml_now


def test_sanitising_twice_changes_nothing():
    clean = since(NOW).sources().sanitised()
    assert clean.sanitised() == clean


def test_results_of_stored_sources_filled_from_the_vault_are_those_of_the_real_ones():
    sources, facts = since(NOW).sources(), Scene().facts
    vault = Vault()
    clean = compare_machine(sources.sanitised(vault), facts, "with-state")
    real = compare_machine(sources, facts, "with-state")
    for decision in (KEEP, LIVE):
        decisions = choose(real, decision)
        marked, wanted = clean.results(decisions), real.results(decisions)
        assert leaks(marked.restore_xml + marked.merged_ldif + marked.change_ldif) == []
        assert fill_xml(marked.restore_xml, "x", vault) == wanted.restore_xml
        assert fill_xml(marked.next_boot_xml, "x", vault) == wanted.next_boot_xml
        assert fill_entries(marked.entries, vault) == wanted.entries
    assert {s.reveal() for s in vault.secrets().values()} == set(SECRETS)


def test_a_mark_is_read_as_it_is_in_an_ldif_and_what_stands_for_a_secret_is_nothing_to_type_from():
    shown = since(NOW).sources().sanitised().directory_now.decode()
    assert "sstSpicePassword: (secret 2)\n" in shown
    spice = row(compare(since(NOW)), "spice-password")
    assert known_values(spice) == ("", "")


def test_a_mark_of_an_older_plan_is_taken_for_no_password():
    assert Vault().mark("<secret 1>") == "<secret 1>"


def test_a_mark_without_its_secret_is_an_error():
    marked = sanitise_xml(THEN.state_xml(), "x", Vault())
    with pytest.raises(InvalidInput, match=r"\(secret 1\)"):
        fill_xml(marked, "x", Vault())


def test_a_password_that_is_no_utf8_survives():
    live = THEN.ldif().replace(b"sstSpicePassword: geheim12Abcd", b"sstSpicePassword:: /+8=")
    vault = Vault()
    (entry, *_) = parse_entries(live, "x")
    assert entry.values("sstSpicePassword") == (b"\xff\xef",)
    (clean,) = sanitise_entries([entry], vault)
    assert is_mark(clean.text("sstSpicePassword"))
    assert fill_entries([clean], vault) == (entry,)


def test_an_ldif_keeps_everything_else():
    clean = sanitise_ldif(THEN.ldif(), "x", Vault())
    real, mark = "sstSpicePassword: geheim12Abcd", "sstSpicePassword: (secret 1)"
    assert clean.replace(mark, real) == THEN.ldif().decode()


def test_a_password_that_no_xml_can_hold_is_a_clear_error():
    vault = Vault()
    mark = vault.mark("bell\x07")
    with pytest.raises(InvalidInput, match="no text"):
        fill_xml(f"<domain><graphics passwd='{mark.replace('<', '&lt;')}'/></domain>", "x", vault)


def test_a_refused_xml_is_stored_as_its_refusal_alone():
    bomb = "<!DOCTYPE d [<!ENTITY a 'geheim12Abcd'>]><domain>&a;</domain>"
    stored = json.dumps(since(NOW).sources(xml_backup=bomb).to_json())
    assert leaks(stored) == []
    again = Sources.from_json(json.loads(stored))
    assert isinstance(again.xml_backup, RefusedDocument)
    blocked = compare_machine(again, Scene().facts, "with-state").always_blocking
    assert [b.code for b in blocked] == ["xml-entities"]


def test_damaged_stored_sources_are_an_error():
    for damaged in (None, [], {}, {"machine": 3}, "x"):
        with pytest.raises(InvalidInput):
            Sources.from_json(damaged)


def test_entries_read_from_a_directory_keep_their_guard():
    entry = replace(THEN.entries()[0], entry_csn=CSN)
    (again,) = parse_entries(ldif_of([entry]), "x")
    assert again.entry_csn == CSN
    assert ldif_of([again]) == ldif_of([entry])


def test_a_state_header_becomes_a_source():
    blank = Sources(NAME, "leaf")
    real = blank.with_state(read_header(state_file(THEN.state_xml()), 1 << 20))
    assert (real.state, real.xml_state) == ("real", THEN.state_xml().encode())
    assert blank.with_state(None).state == "missing"
    assert blank.with_state(NotRunning()).state == "not-running"
    torn = blank.with_state(read_header(state_file(THEN.state_xml())[:3000], 3000))
    assert torn.state == "truncated"
    assert torn.state_problem


def test_every_source_has_its_place_in_the_stored_form():
    stored = Scene().sources().to_json()
    assert set(SOURCES) < set(stored)
    assert ids(compare(Scene(), **{x: None for x in SOURCES if x != "xml_state"})) == []

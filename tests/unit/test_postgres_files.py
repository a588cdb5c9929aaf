"""pg_hba.conf and postgresql.conf: added to, never rewritten, whatever they hold."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvalidInput
from steps.hosted_engine.machine_restore import hba_file, settings_file
from steps.hosted_engine.machine_restore.hba_file import HbaRule, records, with_rules
from steps.hosted_engine.machine_restore.settings_file import listens_on, setting, with_setting
from steps.hosted_engine.machine_restore.shown_diff import diff_of

RULE = HbaRule("engine", "engine", "10.1.2.3/32")
SIX = HbaRule("engine", "engine", "fd00::3/128")
RULES = [RULE, SIX]
SHIPPED = """\
# PostgreSQL Client Authentication Configuration File
# TYPE  DATABASE        USER            ADDRESS                 METHOD

# "local" is for Unix domain socket connections only
local   all             all                                     peer
# IPv4 local connections:
host    all             all             127.0.0.1/32            ident
"""
LETTERS = st.text("abz \t\"'#,\\@+/=\n\r\x0b\x85é\udcff.:", max_size=120)
LINES = st.lists(
    st.one_of(
        LETTERS,
        st.sampled_from(
            ["local all all peer", "host all all all md5", "include x", RULE.line, SIX.line,
             "# comment \\", 'host "a b",c all all md5', "@file all all all md5", "hostssl all"]
        ),
    ),
    max_size=8,
).map("\n".join)  # fmt: skip


def test_the_rules_go_before_the_first_record_and_everything_else_stays():
    changed = with_rules(SHIPPED, RULES)
    before, _, after = changed.partition(f"{hba_file.MARK}\n{RULE.line}\n{SIX.line}\n")
    assert before + after == SHIPPED
    assert after.startswith('# "local" is for')
    assert [record.fields for record in records(changed)][:2] == [RULE.fields, SIX.fields]


@given(LINES)
def test_rules_are_added_once_at_one_place_and_then_decide(text):
    changed = with_rules(text, RULES)
    assert with_rules(changed, RULES) == changed
    if changed != text:
        at = changed.index(hba_file.MARK)
        end = at + len(changed) - len(text)
        assert changed[:at] + changed[end:] == text
        mark, *added, last = changed[at:end].split("\n")
        assert added
        assert set(added) <= {RULE.line, SIX.line}
        assert (mark, last) == (hba_file.MARK, "")
    for rule in RULES:
        own = [each.fields for each in RULES]
        others = [r for r in records(changed) if r.fields not in own or r.fields == rule.fields]
        deciding = next(r for r in others if hba_file._may_decide(r, rule))
        assert deciding.fields == rule.fields


@pytest.mark.parametrize(
    "earlier",
    ["host all all all reject", "hostnossl engine all 0.0.0.0/0 md5", "host x,engine +g all md5",
     "include other.conf", "@more all all md5", "host all"],
)  # fmt: skip
def test_a_rule_below_a_record_that_may_decide_is_put_above_it(earlier):
    changed = with_rules(f"{earlier}\n{RULE.line}\n", [RULE])
    assert changed.startswith(hba_file.MARK)


@pytest.mark.parametrize(
    "earlier", ["local all all peer", "host other all all md5", "host engine admin all md5"]
)
def test_a_rule_below_a_record_about_others_stays_where_it_is(earlier):
    text = f"{earlier}\n{RULE.line}\n"
    assert with_rules(text, [RULE]) == text


def test_a_comment_that_goes_on_below_is_not_cut_in_two():
    text = "# a comment \\\nhost all all all trust\nlocal all all peer\n"
    assert with_rules(text, [RULE]).endswith(text)


def test_a_name_that_is_a_keyword_or_has_capitals_is_quoted():
    assert HbaRule("all", "Engine", "::1/128").line.split() == [
        "host", '"all"', '"Engine"', "::1/128", "md5",
    ]  # fmt: skip


@pytest.mark.parametrize("make", [lambda text: with_rules(text, RULES), lambda t: setting(t, "a")])
@pytest.mark.parametrize("text", ["local\0all", "#" * (5 << 20)], ids=["nul", "huge"])
def test_what_is_no_such_file_is_refused(make, text):
    with pytest.raises(InvalidInput):
        make(text)


@pytest.mark.parametrize("piece", ['"', "\\\n", ",", "a,", "' '", "''", "a=", "#\\\n"])
def test_a_file_of_odd_pieces_is_read_in_no_time(piece):
    text = piece * (hba_file.LARGEST // len(piece))
    started = time.monotonic()
    list(records(text))
    setting(text, "listen_addresses")
    with_rules(text, RULES)
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("#listen_addresses = '*'\n", None),
        ("listen_addresses = 'localhost'  # what to listen on\n", "localhost"),
        ("Listen_Addresses '10.0.0.1, ::1'\n", "10.0.0.1, ::1"),
        ("listen_addresses=*\nlisten_addresses = 'it''s \\\\ odd'\r\n", "it's \\ odd"),
        ("listen_addresses = 'a\n", None),
    ],
)
def test_the_last_setting_of_a_file_counts(text, value):
    assert setting(text, "listen_addresses") == value


@given(LINES, st.sampled_from(["*", "10.0.0.1,::1", "it's \\ odd", ""]))
def test_a_setting_is_added_at_the_end_once_and_counts(text, value):
    changed = with_setting(text, "listen_addresses", value)
    assert changed.startswith(text)
    assert setting(changed, "listen_addresses") == value
    assert with_setting(changed, "listen_addresses", value) == changed


@pytest.mark.parametrize(
    ("value", "addresses", "listens"),
    [
        ("localhost", ("10.0.0.5",), False),
        ("*", ("10.0.0.5", "fd00::5"), True),
        ("0.0.0.0", ("10.0.0.5",), True),
        ("0.0.0.0", ("fd00::5",), False),
        ("localhost, 10.0.0.5", ("10.0.0.5",), True),
        ("10.0.0.5", ("10.0.0.5", "10.0.0.6"), False),
        ("", (), False),
    ],
)
def test_whether_a_server_listens_where_it_is_reached(value, addresses, listens):
    assert listens_on(value, addresses) is listens


def test_a_diff_shows_what_is_added_and_no_secret():
    text = (
        'host x all all ldap ldapbindpasswd="hush hush" ldapport=389\nlocal all all peer\x1b[2J\n'
    )
    shown = diff_of("/d/pg_hba.conf", text, with_rules(text, [RULE]))
    assert f"+{RULE.line}" in shown
    assert "hush" not in shown
    assert "\x1b" not in shown
    assert shown.startswith("--- /d/pg_hba.conf\n+++ /d/pg_hba.conf")
    assert diff_of("/d", text, text) == ""
    assert settings_file.MARK in diff_of("/d", "", with_setting("", "port", "1"))

"""Answer files of otopi: read to the letter, written as otopi reads them, hostile ones refused."""

from __future__ import annotations

import configparser
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvalidInput, RekindleError
from config.otopi.conf import (
    DEFAULT,
    MAX_BYTES,
    MAX_LINES,
    SECTIONS,
    Entry,
    format_entries,
    parse_conf,
)
from config.otopi.keys import is_generated, is_secret
from config.otopi.lines import line_of, text_of
from config.otopi.typed import Typed, parse_typed

WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12
)
PLAIN = st.lists(WORDS.filter(lambda w: w[0] not in "#;["), min_size=1, max_size=4).map(" ".join)
KEYS = st.from_regex(r"(OVEHOSTED_[A-Z]{1,8}|QUESTION/[1-9])/[A-Za-z_]{1,12}", fullmatch=True)
VALUES = st.one_of(
    st.just(Typed("none", "None")),
    st.sampled_from(["True", "False", "no", "0", "f", "yes"]).map(lambda t: Typed("bool", t)),
    st.integers(-(10**9), 10**9).map(lambda n: Typed("int", str(n))),
    st.one_of(st.just(""), PLAIN).map(lambda t: Typed("str", t)),
    st.lists(PLAIN, min_size=1, max_size=4).map(lambda p: Typed("multi-str", "\n".join(p))),
)
ENTRIES = st.lists(
    st.builds(Entry, st.sampled_from(SECTIONS), KEYS, VALUES),
    max_size=12,
    unique_by=lambda e: (e.section, e.key),
)


def read(text: str):
    return parse_conf(text.encode(), "answers.conf")


def values(entries):
    return {(e.section, e.key): e.value for e in entries}


@given(ENTRIES)
def test_what_is_written_is_read_back(entries):
    assert values(read(format_entries(entries)).entries) == values(entries)


@given(ENTRIES)
def test_what_is_written_reads_the_same_in_the_parser_that_otopi_uses(entries):
    parser = configparser.ConfigParser()
    parser.optionxform = str
    parser.read_string(format_entries(entries))
    found = {
        (section, key): parse_typed(value)
        for section in parser.sections()
        for key, value in parser.items(section)
    }
    assert found == values(entries)


@given(ENTRIES, st.lists(PLAIN, max_size=3))
def test_a_file_comes_back_to_the_letter_comments_and_order_included(entries, comments):
    text = format_entries(entries, comments)
    assert read(text).format() == text


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_read_or_refused_with_our_own_error(data):
    try:
        found = parse_conf(data, "x")
    except RekindleError:
        return
    assert found.format().encode() == data


@given(st.builds(Entry, st.sampled_from(SECTIONS), KEYS, VALUES))
def test_an_entry_as_one_line_is_printable_and_comes_back(entry):
    line = text_of(entry)
    assert line.isprintable()
    assert line_of(line).entry == entry


@given(st.text(max_size=60))
def test_any_text_is_a_line_or_refused(text):
    try:
        line_of(text)
    except InvalidInput:
        return


def test_bool_is_true_for_everything_but_five_words():
    assert [w for w in ("0", "f", "F", "false", "False") if Typed("bool", w).is_true] == []
    assert all(Typed("bool", w).is_true for w in ("no", "No", "off", "", "FALSE", "1", "True"))


def test_multi_str_goes_on_in_indented_lines_and_comments_in_between_are_none():
    found = read("[environment:default]\nA=multi-str:one\n  two\n# no\n  three\nB=str:x\n").entries
    assert found[0].value.lines == ("one", "two", "three")
    assert found[1] == Entry(DEFAULT, "B", Typed("str", "x"), 6)


def test_keys_keep_their_case_and_a_percent_sign_is_doubled_in_the_file():
    (entry,) = read("[environment:default]\naB/cD=str:50%%\n").entries
    assert (entry.key, entry.value.text, entry.lone_percent) == ("aB/cD", "50%", False)
    assert "str:50%%" in format_entries([entry])
    (odd,) = read("[environment:default]\na=str:50%\n").entries
    assert (odd.value.text, odd.lone_percent) == ("50%", True)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("A=str:x\n", 1, "before any section"),
        ("[environment:default]\nA=x\n", 2, "no type"),
        ("[environment:default]\n\nA=float:1\n", 3, "'float' is not a type"),
        ("[environment:default]\nA=object:<x>\n", 2, "'object' is not a type"),
        ("[environment:default]\nA=int:many\n", 2, "not a whole number"),
        ("[environment:default]\nA=str:x\nA=str:y\n", 3, "stands in line 2 already"),
        ("[environment:default]\n[environment:default]\n", 2, "first in line 1"),
        ("[environment:default]\nnonsense\n", 2, "not KEY=TYPE:VALUE"),
        ("[environment:default]\nA=str:\x1b[2J\n", 2, "control characters"),
        ("[environment:default]\nA=str:" + "x" * 70000 + "\n", 2, "longer than"),
    ],
)
def test_a_mistake_is_told_with_its_line(text, line, words):
    with pytest.raises(InvalidInput) as refused:
        read(text)
    assert f"answers.conf, line {line}: " in refused.value.message
    assert words in refused.value.message
    assert refused.value.remedy
    assert "\x1b" not in str(refused.value)


def test_all_mistakes_are_told_at_once_and_a_password_is_not_repeated():
    with pytest.raises(InvalidInput) as refused:
        read("[s]\nOVEHOSTED_ENGINE/adminPassword=hunter2\nB=x\n")
    assert "line 2" in str(refused.value)
    assert "line 3" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_hostile_sizes_end_soon():
    begun = time.monotonic()
    for data in (
        b"x" * (MAX_BYTES + 1),
        b"\n" * (MAX_LINES + 1),
        b"[a]\n" + b"k=1\n" * (MAX_LINES - 2),
        b"[a]\nk=multi:" + b"\n x" * (MAX_LINES - 3),
        b"[" * 60000,
        b"\xff\xfe",
    ):
        with pytest.raises(InvalidInput) as refused:
            parse_conf(data, "x")
        assert len(str(refused.value)) < 20_000
    assert time.monotonic() - begun < 30


def test_what_a_file_cannot_say_is_refused_instead_of_changed():
    for text in ("a\n#b", "ends "):
        with pytest.raises(InvalidInput, match="cannot stand"):
            format_entries([Entry(DEFAULT, "A", Typed("multi-str", text))])


def test_keys_tell_passwords_and_generated_identities():
    for key in ("OVEHOSTED_ENGINE/adminPassword", "OVEHOSTED_VM/cloudinitRootPwd",
                "QUESTION/1/CI_ROOT_PASSWORD", "OVEHOSTED_VDSM/passwd"):  # fmt: skip
        assert is_secret(key)
    for key in ("OVEHOSTED_VDSM/passwdValiditySecs", "OVEHOSTED_VM/rootSshAccess", "X/vmUUID"):
        assert not is_secret(key)
    for key in ("vmUUID", "sdUUID", "imgUUID", "volUUID", "nicUUID", "cdromUUID", "consoleUUID",
                "lockspaceVolumeUUID", "metadataImageUUID"):  # fmt: skip
        assert is_generated(f"OVEHOSTED_X/{key}")
    assert not is_generated("OVEHOSTED_STORAGE/LunID")

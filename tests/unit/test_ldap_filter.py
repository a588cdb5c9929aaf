"""Filters for directories without a server."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvalidInput
from steps.targets.directory import Entry
from steps.targets.ldap_filter import MAX_DEPTH, parse_filter

ENTRY = Entry(
    "cn=x",
    {
        "objectClass": (b"top", b"sstSpice"),
        "sstSpicePort": (b"5900",),
        "sstDisplayName": (b"Web  Front",),
        "sstSourceFile": (b"/var/virtualization/vm/a.qcow2",),
        "sstSpicePassword": (b"\xff\x00",),
    },
)


@pytest.mark.parametrize(
    "text",
    [
        "(sstSpicePort=5900)",
        "(sstspiceport=5900)",
        "(objectClass=SSTSPICE)",
        "(sstDisplayName=web front)",
        "(sstDisplayName=*)",
        "(sstSourceFile=/var/*)",
        "(sstSourceFile=*.qcow2)",
        "(sstSourceFile=*virt*vm*)",
        "(sstSourceFile=/var*virt*.QCOW2)",
        "(sstSpicePort>=901)",
        "(sstSpicePort<=5900)",
        "(&(objectClass=sstSpice)(sstSpicePort=5900))",
        "(|(a=b)(sstSpicePort=5900))",
        "(!(a=b))",
        "(&)",
        "(sstSpicePassword=\\ff\\00)",
        " (sstSpicePort=5900) ",
    ],
)
def test_it_matches(text: str) -> None:
    assert parse_filter(text)(ENTRY)


@pytest.mark.parametrize(
    "text",
    [
        "(sstSpicePort=590)",
        "(sstSpicePort>=5901)",
        "(sstSpicePort<=901)",
        "(missing=*)",
        "(missing>=1)",
        "(sstDisplayName=web)",
        "(sstSourceFile=var*)",
        "(sstSourceFile=*.qcow)",
        "(sstSourceFile=/var/virtualization/vm/a.qcow2*a.qcow2)",
        "(!(sstSpicePort=5900))",
        "(|)",
        "(&(objectClass=sstSpice)(sstSpicePort=1))",
        "(sstSpicePassword=\\fe\\00)",
    ],
)
def test_it_does_not_match(text: str) -> None:
    assert not parse_filter(text)(ENTRY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "()",
        "(a)",
        "(=b)",
        "(a=b",
        "a=b)",
        "(a=b)(c=d)",
        "(&(a=b)",
        "(!(a=b)(c=d))",
        "(!)",
        "(a=\\g0)",
        "(a=\\5)",
        "(a~=b)",
        "(a:dn:=b)",
        "(a=b(c)",
        "(&(a=b)c)",
    ],
)
def test_what_is_no_filter_is_refused_with_the_place(text: str) -> None:
    with pytest.raises(InvalidInput, match="at character"):
        parse_filter(text)


@pytest.mark.parametrize("text", ["(&" * 5000, "(!" * 4000 + "(a=b)", "(a=" + "b" * 9000 + ")"])
def test_a_bomb_is_refused_at_once(text: str) -> None:
    started = time.process_time()
    with pytest.raises(InvalidInput):
        parse_filter(text)
    assert time.process_time() - started < 5


def test_the_deepest_allowed_filter_works() -> None:
    text = "(!" * MAX_DEPTH + "(a=b)" + ")" * MAX_DEPTH
    assert parse_filter(text)(Entry("a=b", {"a": (b"b",)}))


@given(st.text(alphabet="()&|!=<>*\\ab0", max_size=60))
@settings(max_examples=200)
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    try:
        matches = parse_filter(text)
    except InvalidInput:
        return
    assert matches(ENTRY) in (True, False)

"""Scrubbing secrets in every form in which one may reach a text."""

from __future__ import annotations

import base64
import json
import shlex
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steps.run.redact import MARK, Redactor


def redactor(*secrets: str) -> Redactor:
    made = Redactor()
    for secret in secrets:
        made.register(secret)
    return made


@given(st.text(min_size=4, max_size=30).filter(str.strip))
@settings(max_examples=100)
def test_no_form_of_a_secret_survives(secret):
    forms = (
        secret,
        base64.b64encode(secret.encode()).decode(),
        escape(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        shlex.quote(secret),
        repr(secret)[1:-1],
    )
    for form in forms:
        cleaned = redactor(secret).clean(f"[[{form}]]")
        assert form not in cleaned or form in f"[[{MARK}]]"


def test_an_attribute_in_either_quotes_is_scrubbed():
    secret = "a\"b'c<d>&"
    for text in (
        quoteattr(secret),
        "'a&quot;b&apos;c&lt;d&gt;&amp;'",
        "a&#34;b&#39;c&lt;d&gt;&amp;",
    ):
        assert redactor(secret).clean(f"passwd={text}") in (
            f"passwd={MARK}", f"passwd='{MARK}'", f'passwd="{MARK}"',
        )  # fmt: skip


def test_the_longest_secret_wins_where_one_holds_another():
    assert redactor("abcd", "abcdefgh").clean("abcdefgh abcd") == f"{MARK} {MARK}"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [("a password: a", f"{MARK} password: {MARK}"), ("banana", "banana"), ("x=a;", f"x={MARK};")],
)
def test_a_very_short_secret_is_scrubbed_as_a_word_only(text, cleaned):
    assert redactor("a").clean(text) == cleaned


def test_an_empty_secret_is_none():
    assert redactor("").clean("text") == "text"


def test_lines_of_a_secret_with_several_are_scrubbed_one_by_one():
    assert redactor("first line\nsecond line").clean("2: second line") == f"2: {MARK}"


def test_data_is_cleaned_to_its_depths_and_keeps_its_shape():
    data = {"a": ["sesame", {"b": "x sesame"}], "n": 1, "none": None, "t": ("sesame",)}
    cleaned = redactor("sesame").clean_data(data)
    assert cleaned == {"a": [MARK, {"b": f"x {MARK}"}], "n": 1, "none": None, "t": [MARK]}

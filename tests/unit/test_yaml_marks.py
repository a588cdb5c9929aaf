"""YAML as operators mean it, with lines, and hostile YAML refused quickly."""

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvalidInput
from config.yaml_marks import MAX_BYTES, MAX_DEPTH, dump_yaml, load_yaml, parse_yaml, scalar_text


@pytest.fixture(params=["libyaml", "pure Python"])
def either_loader(request, monkeypatch):
    if request.param == "pure Python":
        monkeypatch.delattr(yaml, "CSafeLoader")
    return request.param


def test_every_field_knows_its_line_and_column(either_loader):
    document = parse_yaml("name: berne\nnodes:\n  - name: a\n    port:\n      22\n", "site.yaml")
    assert document.data == {"name": "berne", "nodes": [{"name": "a", "port": 22}]}
    mark = document.marks[("nodes", 0, "port")]
    assert (mark.line, mark.column) == (4, 5)
    assert document.where(("nodes", 0, "port")) == "site.yaml, line 4, nodes[1].port"


def test_a_missing_field_is_placed_where_it_should_be():
    document = parse_yaml("a: 1\nnodes:\n  - name: x\n", "f")
    assert document.where(("nodes", 0, "uri")) == "f, line 3, nodes[1].uri"


@pytest.mark.parametrize(
    "text",
    ["52:54:00:10:20:30", "0660", "no", "Yes", "2013-12-01", "1e3", "0x1f", "1_000", ".5", "+5"],
)
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(text, either_loader):
    assert parse_yaml(f"value: {text}\n", "f").data == {"value": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("-7", -7)],
)
def test_the_few_words_that_are_not_text(text, value, either_loader):
    assert parse_yaml(f"value: {text}\n", "f").data == {"value": value}
    assert parse_yaml(f"value: '{text}'\n", "f").data == {"value": text}
    assert parse_yaml(f"value: !!str {text}\n", "f").data == {"value": text}


def test_an_empty_file_holds_nothing(either_loader):
    assert parse_yaml("", "f").data is None
    assert parse_yaml("# only a comment\n", "f").data is None


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert parse_yaml(b"\xef\xbb\xbfa: 1\n", "f").data == {"a": 1}


HOSTILE = {
    "aliases": "a: &x [1]\nb: *x\n",
    "alias without anchor": "a: *nowhere\n",
    "anchor alone": "a: &x 1\n",
    "merge key": "base: &b {x: 1}\nmore: {<<: *b}\n",
    "laughs": "a: &a [x, x]\n" + "".join(f"l{n}: &l{n} [*a, *a]\n" for n in range(30)),
    "object": "a: !!python/object/apply:os.system ['true']\n",
    "name": "a: !!python/name:os.system\n",
    "binary": "a: !!binary aGVsbG8=\n",
    "set": "a: !!set {x}\n",
    "timestamp tag": "a: !!timestamp 2020-01-01\n",
    "wrong tag": "a: !!int word\n",
    "local tag": "a: !thing 1\n",
    "renamed tag": "%TAG ! tag:example.org,2000:\n---\na: !x 1\n",
    "duplicate key": "a: 1\nb: 2\na: 3\n",
    "duplicate key, quoted": "a: 1\n'a': 2\n",
    "duplicate null key": "{~: 1, null: 2, ~: 3}\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "list as key": "? [a]\n: 1\n",
    "mapping as key": "{{a: 1}: 2}\n",
    "NUL": "a: x\0y\n",
    "control character": "a: x\x07y\n",
    "not UTF-8": b"a: \xff\xfe\n",
    "lone surrogate": "a: \ud800\n",
    "unclosed": "a: [1, 2\n",
    "tab": "a:\n\tb: 1\n",
    "deep list": "[" * 100_000,
    "deep mapping": "{a: " * 50_000,
    "deep block": "- " * 100_000 + "x",
    "deep keys": "? " * 100_000 + "x",
    "many": "[" + "1," * 300_000 + "]",
    "long anchor": "a: &" + "x" * 500_000 + " 1\n",
    "long tag": "a: !" + "x" * 500_000 + " 1\n",
    "large": "a" * (MAX_BYTES + 1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_yaml_is_refused_in_bounded_time_with_a_short_message(name, either_loader):
    started = time.process_time()
    with pytest.raises(InvalidInput) as caught:
        parse_yaml(HOSTILE[name], "bad.yaml")
    assert time.process_time() - started < 15
    assert caught.value.message.startswith("bad.yaml")
    assert caught.value.remedy
    assert len(str(caught.value)) < 600
    assert "\x07" not in str(caught.value)


def test_a_duplicate_key_names_both_lines():
    with pytest.raises(InvalidInput, match=r"line 3, column 1: 'a' again \(it stands in line 1\)"):
        parse_yaml(HOSTILE["duplicate key"], "f")


def test_a_syntax_error_names_its_line():
    with pytest.raises(InvalidInput, match="f, line 2"):
        parse_yaml("a: 1\n b: 2\n", "f")


def test_depth_is_counted_exactly():
    parse_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH, "f")
    with pytest.raises(InvalidInput, match="nesting deeper"):
        parse_yaml("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "f")


@pytest.mark.parametrize("what", ["missing", "folder", "fifo", "device", "bad name"])
def test_what_is_no_regular_file_is_refused(tmp_path, what):
    import os

    path = {
        "missing": tmp_path / "none.yaml",
        "folder": tmp_path,
        "fifo": tmp_path / "fifo",
        "device": tmp_path / "zero",
        "bad name": tmp_path / "a\0b",
    }[what]
    if what == "fifo":
        os.mkfifo(path)
    if what == "device":
        path.symlink_to("/dev/zero")
    with pytest.raises(InvalidInput):
        load_yaml(path)


@settings(max_examples=300, deadline=60_000)
@given(st.text(alphabet=st.sampled_from(list("ab:-?[]{}&*!|>'\"#%@, \n\t0~<=\\\x85\u2028é"))))
def test_any_text_is_data_or_a_clear_error(text):
    try:
        parse_yaml(text, "f")
    except InvalidInput as error:
        assert error.message.startswith("f")  # noqa: PT017  (either outcome is right)


@settings(max_examples=100, deadline=60_000)
@given(st.binary(max_size=200))
def test_any_bytes_are_data_or_a_clear_error(content):
    try:
        parse_yaml(content, "f")
    except InvalidInput as error:
        assert error.remedy  # noqa: PT017  (either outcome is right)


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**18), 10**18), st.text(st.characters(codec="utf-8"))
)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=20), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=60_000)
@given(PLAIN)
def test_what_is_dumped_is_read_back_the_same(data):
    assert parse_yaml(dump_yaml(data), "f").data == data


@settings(max_examples=200, deadline=60_000)
@given(st.text(st.sampled_from(list("0123456789truefalsno~-+_.:x ")), min_size=1, max_size=8))
def test_the_text_of_a_plain_scalar_can_be_had_back(text):
    try:
        data = parse_yaml(f"v: {text}\n", "f").data
    except InvalidInput:
        return
    if isinstance(data, dict) and isinstance(data["v"], bool | int):
        assert scalar_text(data["v"]) == text.strip()

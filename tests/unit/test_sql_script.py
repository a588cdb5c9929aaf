"""A plain dump taken apart: nothing is lost, and psql's commands go nowhere."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.hosted_engine.archive.problems import ArchiveFault
from steps.hosted_engine.rehearsal.sql_script import CopyRows, script_parts
from tests.unit.dump_support import copy_block, plain

HEAD = "public.t (a, b)"


def parts(data, size=1 << 16):
    """Statements as text, blocks as (table, rows)."""
    found = []
    for part in script_parts(data[at : at + size] for at in range(0, len(data), size)):
        if isinstance(part, CopyRows):
            found.append((f"{part.head.schema}.{part.head.table}", b"".join(part.rows)))
        else:
            found.append(part.sql)
    return found


def test_statements_and_rows_come_in_their_order():
    data = plain(b"SET x = 1;\n", copy_block(HEAD, [("1", "a;b")]), b"SELECT 2;\n")
    assert parts(data) == [b"SET x = 1;", ("public.t", b"1\ta;b\n"), b"SELECT 2;"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_pieces_may_be_cut_anywhere(size):
    data = plain(
        b"\\restrict aB3\n\n",
        b"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ''a;\\! x'' -- ; ';\n",
        copy_block(HEAD, [("1", "\\.x"), ("2", None)]),
        copy_block("public.nothing (a)", []),
        b'COMMENT ON COLUMN t."odd;""name" IS $x$ ; ' + b"'" + b" $x$;\n",
        b"/* one; two */ SELECT (1);\n-- SELECT 3;\n",
        b"\\unrestrict aB3\n",
    )
    assert parts(data, size) == parts(data)
    found = parts(data)
    assert len(found) == 5
    assert found[1] == ("public.t", b"1\t\\\\.x\n2\t\\N\n")
    assert found[2] == ("public.nothing", b"")


def test_a_function_with_a_body_of_statements_is_one_statement():
    body = (
        b"CREATE FUNCTION f() RETURNS int LANGUAGE sql\n BEGIN ATOMIC\n"
        b"  SELECT CASE WHEN true THEN 1 END;\n  SELECT 2;\n END;"
    )
    assert parts(plain(body, b"\n\nBEGIN;\nSELECT 3;\nEND;\n"))[0] == body


@pytest.mark.parametrize(
    "line",
    [
        b"\\! touch /x", b"\\copy t from program 'x'", b"\\o |sh", b"\\i /etc/passwd", b"\\c other",
        b"\\connect other", b"\\restrict a`sh`", b"\\restrict x \\! sh", b"\\", b"\\.",
        b"  \\! x", b"\t\\!x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 1 << 16])
def test_a_command_for_psql_ends_the_work(line, size):
    with pytest.raises(ArchiveFault) as caught:
        parts(plain(b"SELECT 1;\n", line, b"\nSELECT 2;\n"), size)
    assert caught.value.code == "dump-commands"
    assert "root" in caught.value.remedy


def test_a_command_within_a_statement_is_only_ever_text_for_the_server():
    assert parts(plain(b"SELECT 1 \\g |sh\n;\n")) == [b"SELECT 1 \\g |sh\n;"]


@pytest.mark.parametrize(
    "data",
    [
        b"SELECT 1",
        b"SELECT 'x;\n",
        copy_block(HEAD, [])[:-5],
        b"COPY public.t (a) FROM stdin; x\n1\n\\.\n",
    ],
)
def test_what_has_no_end_is_damaged(data):
    with pytest.raises(ArchiveFault) as caught:
        parts(data)
    assert caught.value.code == "corrupt-dump"


_STATEMENT = st.sampled_from(
    [b"SELECT 1;", b"SELECT ';';", b'SELECT "a;b";', b"SELECT $$;$$;", b"SELECT (1);", b"S -- ;\n;"]
)
_CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@given(
    st.lists(st.one_of(_STATEMENT, st.lists(st.tuples(_CELL, _CELL), max_size=4)), max_size=8),
    st.integers(1, 64),
)
def test_whatever_the_order_every_part_comes_out_as_it_went_in(made, size):
    data = plain(*(p + b"\n" if isinstance(p, bytes) else copy_block(HEAD, p) for p in made))
    expected = [
        p
        if isinstance(p, bytes)
        else ("public.t", re.split(rb"FROM stdin;\n", copy_block(HEAD, p))[1][:-5])
        for p in made
    ]
    assert parts(data, size) == expected


@given(st.binary(max_size=300), st.integers(1, 40))
def test_random_bytes_end_in_parts_or_a_fault(data, size):
    with suppress(ArchiveFault):
        parts(data, size)

"""Plain dumps: rows come out as they went in, and nothing else is taken for a row."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steps.hosted_engine.archive.copy_text import value_of
from steps.hosted_engine.archive.problems import ArchiveFault
from tests.unit.dump_support import END, Collected, copy_block, plain

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
CELL = st.none() | TEXT | st.sampled_from(["\\N", "\\.", "", "\t", "\\", "a\nb", "COPY x FROM"])
ROWS = st.lists(st.tuples(CELL, CELL, CELL), max_size=6)
HOSTS = [("1", "node1", None), ("2", "", "\\N")]
TABLE = copy_block("public.vds_static (a, b, c)", HOSTS)
TAKEN = {("public", "vds_static"): HOSTS}


@settings(max_examples=150)
@given(ROWS, ROWS, st.integers(1, 200))
def test_rows_come_out_as_they_went_in_however_the_bytes_arrive(first, second, size):
    dump = plain(
        copy_block("public.one (a, b, c)", first),
        copy_block("public.skipped (a, b, c)", second),
        copy_block("public.two (a, b, c)", second),
    )
    found = Collected("one", "two").read(dump, size)
    assert found.rows == {("public", "one"): first, ("public", "two"): second}


@settings(max_examples=150)
@given(st.lists(TEXT, max_size=5), st.integers(1, 300))
def test_what_stands_in_strings_names_and_comments_is_no_row(texts, size):
    trap = "\nCOPY public.vds_static (a, b, c) FROM stdin;\n7\t8\t9\n\\.\n"
    junk = b""
    for text in [*texts, trap]:
        string = text.replace("'", "''")
        name = text.replace('"', '""')
        comment = " ".join(text.split("\n"))
        junk += f"SELECT '{string}', \"{name}\"; -- it's {comment}\n".encode()
    assert Collected().read(plain(junk, TABLE, junk), size).rows == TAKEN


def test_bodies_in_dollar_quotes_are_no_rows():
    body = b"CREATE FUNCTION f() AS $_x$\n-- don't\n" + copy_block("public.t (a)", [("1",)])
    dump = plain(body + b"$_x$;\nSELECT a$b$c, $1;\n", TABLE)
    assert Collected().read(dump, 11).rows == TAKEN


def test_a_head_without_schema_has_the_one_of_the_search_path():
    dump = plain(
        b"SET search_path = other, pg_catalog;\n\n",
        copy_block("vds_static (a)", [("x",)]),
        b"SET search_path = public, pg_catalog;\n\n",
        copy_block("vds_static (a)", [("y",)]),
    )
    assert Collected().read(dump, 13).rows == {
        ("other", "vds_static"): [("x",)],
        ("public", "vds_static"): [("y",)],
    }


def test_restrict_lines_of_newer_dumps_are_passed_over():
    dump = b"\\restrict T0k3n\n\n" + plain(TABLE) + b"\\unrestrict T0k3n\n\n"
    assert Collected().read(dump).rows == TAKEN


def test_quoted_columns_keep_their_commas_blanks_and_quotes():
    dump = plain(copy_block('public."Odd ""t" ("user", "a, (b", c)', [("1", "2", "3")]))
    found = Collected().read(dump, 5)
    assert found.columns == {'Odd "t': ("user", "a, (b", "c")}


def test_a_row_of_megabytes_in_a_table_nobody_wants_is_skipped():
    big = copy_block("public.ovf (a)", [("x" * 5_000_000,)])
    assert Collected("vds_static").read(plain(big, TABLE)).rows == TAKEN


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (rb"\N", None), (rb"\\N", "\\N"), (rb"a\tb\nc\\d", "a\tb\nc\\d"), (rb"\101\x42\x4a", "ABJ"),
        (rb"\b\f\v\r", "\b\f\v\r"), (rb"\q\.", "q."), (b"\xff", "\N{REPLACEMENT CHARACTER}"),
        (rb"\303\274", "ü"), (b"", ""),
    ],
)  # fmt: skip
def test_escapes_of_a_cell(cell, value):
    assert value_of(cell) == value


@pytest.mark.parametrize("cut", [60, len(plain(TABLE)) // 2, len(plain(TABLE)) - len(END)])
def test_a_dump_that_ends_early_is_corrupt(cut):
    with pytest.raises(ArchiveFault) as caught:
        Collected().read(plain(TABLE)[:cut])
    assert caught.value.code == "corrupt-dump"


def test_a_row_with_too_few_columns_is_corrupt():
    with pytest.raises(ArchiveFault, match="has 2 columns") as caught:
        Collected().read(plain(copy_block("public.t (a, b, c)", [("1", "2")])))
    assert caught.value.code == "corrupt-dump"


def test_a_row_without_end_is_given_up_in_bounded_memory():
    with pytest.raises(ArchiveFault, match="has no end"):
        Collected().read(b"--\nCOPY public.t (a) FROM stdin;\n" + b"x" * (9 << 20))


@settings(max_examples=200)
@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_end_in_rows_or_in_a_fault(data, size):
    with suppress(ArchiveFault):
        Collected().read(b"--\nCOPY public.t (a) FROM stdin;\n" + data, size)

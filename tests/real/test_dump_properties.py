"""Whatever PostgreSQL can hold: what the real pg_dump writes of it, both readers give back."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steps.hosted_engine.archive.budget import Budget
from steps.hosted_engine.archive.copy_text import CountedBlock
from steps.hosted_engine.archive.dump import dump_content
from steps.hosted_engine.rehearsal.sql_script import CopyRows, script_parts
from tests.unit.dump_support import Collected

SCHEMA = "prop"
CHARACTERS = st.one_of(
    st.sampled_from("\t\n\r\b\f\v\\'\"$;:,.()N-/*x0 "),
    st.characters(codec="utf-8", exclude_characters="\0"),
)
TEXT = st.text(CHARACTERS, max_size=20)
TRAPS = st.sampled_from(
    ["\\.", "\\N", "\n\\.\n", "COPY prop.t (a) FROM stdin;\n1\n\\.\n", "\\! true", "$$", "--", "/*"]
)
CELL = st.one_of(st.none(), TEXT, TRAPS)
NAME = (
    st.one_of(TEXT, st.sampled_from(["user", "A b", 'q"q', "x, y", "(n)", "FROM stdin;"]))
    .filter(bool)
    .filter(lambda name: len(name.encode()) <= 60)
)


@st.composite
def tables(draw):
    """Tables by name: columns and rows. A table may have no row, and even no column."""
    made = {}
    for name in draw(st.lists(NAME, min_size=1, max_size=4, unique=True)):
        columns = draw(st.lists(NAME, max_size=4, unique=True))
        rows = draw(st.lists(st.tuples(*[CELL] * len(columns)), max_size=5))
        made[name] = columns, rows if columns else []
    return made


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def value(cell):
    """Written in digits, so that no escape of ours is tried with itself."""
    return "NULL" if cell is None else f"convert_from('\\x{cell.encode().hex()}', 'UTF8')"


def statements(made, comment):
    yield f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA};"
    text = comment.replace("'", "''").replace("\\", "\\\\")
    yield f"COMMENT ON SCHEMA {SCHEMA} IS E'{text}';"
    for name, (columns, rows) in made.items():
        table = f"{SCHEMA}.{quoted(name)}"
        yield f"CREATE TABLE {table} ({', '.join(quoted(c) + ' text' for c in columns)});"
        for row in rows:
            yield f"INSERT INTO {table} VALUES ({', '.join(map(value, row))});"


@pytest.fixture(scope="module")
def database(postgres):
    postgres.create("properties", "")
    return lambda sql, *options: (
        postgres.sql("properties", sql), postgres.dump("properties", *options)
    )[1]  # fmt: skip


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(made=tables(), comment=st.one_of(TEXT, TRAPS), size=st.integers(1, 5000))
@pytest.mark.parametrize(
    "options", [("--format=plain",), ("--format=custom",)], ids=["plain", "custom"]
)
def test_both_readers_give_back_what_was_put_in(database, options, made, comment, size):
    data = database("\n".join(statements(made, comment)), *options)
    found = Collected().read(data, size)
    assert found.rows == {(SCHEMA, name): rows for name, (_columns, rows) in made.items()}
    assert {name: tuple(columns) for name, (columns, _rows) in made.items()} == found.columns
    assert counted(data, size) == {name: len(rows) for name, (_columns, rows) in made.items()}
    if options == ("--format=plain",):
        assert scripted(data, size) == counted(data, size)


def counted(data, size):
    """Rows by table, as a rehearsal counts them."""
    blocks = {}

    def begin(head):
        return blocks.setdefault(head.table, CountedBlock())

    pieces = (data[at : at + size] for at in range(0, len(data), size))
    with dump_content(pieces, "x", Budget(len(data))) as content:
        content.read(begin)
    return {name: block.rows for name, block in blocks.items()}


def scripted(data, size):
    """Rows by table, as they are handed to a server."""
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    return {
        part.head.table: b"".join(part.rows).count(b"\n")
        for part in script_parts(pieces)
        if isinstance(part, CopyRows)
    }

"""A command's output stays within bounds and loses nothing that fits."""

from hypothesis import given
from hypothesis import strategies as st

from steps.targets.lines import LONGEST_LINE, BoundedOutput, LineSplitter, last_lines


def lines_of(*parts):
    seen = []
    splitter = LineSplitter(seen.append)
    for part in parts:
        splitter.feed(part)
    splitter.flush()
    return seen


@given(st.lists(st.binary(max_size=30), max_size=8))
def test_how_the_bytes_arrive_makes_no_difference(parts):
    assert lines_of(*parts) == lines_of(b"".join(parts))


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1), st.text("\r\n")
)
def test_a_line_comes_out_as_it_went_in(line, ends):
    assert lines_of(line.encode())[0] == line
    assert [part for part in lines_of((line + ends).encode()) if part] == [line]


def test_each_kind_of_line_end_ends_one_line():
    assert lines_of(b"a\nb\r\nc\rd\n\ne") == ["a", "b", "c", "d", "", "e"]
    assert lines_of(b"a\r", b"\nb\r", b"c") == ["a", "b", "c"]


def test_a_line_without_end_is_cut_and_takes_bounded_memory():
    seen = lines_of(*[b"x" * 100_000] * 50, b"\nnext\n")
    assert seen == ["x" * LONGEST_LINE + " [line cut]", "next"]


@given(st.lists(st.binary(max_size=50), max_size=8), st.integers(0, 100))
def test_what_is_kept_of_an_output_is_its_beginning(parts, limit):
    output = BoundedOutput(limit)
    for part in parts:
        output.feed(part)
    whole = b"".join(parts)
    text, dropped = output.text(), len(whole) - limit
    assert text.startswith(whole[:limit].decode("utf-8", "replace"))
    assert (f"[{dropped} more bytes" in text) == (dropped > 0)


def test_the_end_of_an_error_output_fits_a_message():
    assert last_lines("one\n\ntwo \n three", 2) == "two / three"
    assert last_lines("") == ""
    assert len(last_lines("x" * 10_000)) == 500

"""Database dumps as pg_dump writes them: plain ones from pieces, and its custom format."""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Mapping, Sequence

Rows = Sequence[Sequence[str | None]]
END = b"--\n-- PostgreSQL database dump complete\n--\n\n"


def copy_cell(value: str | None) -> bytes:
    """A value as COPY writes it."""
    if value is None:
        return b"\\N"
    text = value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    return text.replace("\r", "\\r").replace("\b", "\\b").encode()


def copy_rows(rows: Rows) -> bytes:
    """The rows of a block with its end mark."""
    return b"".join(b"\t".join(map(copy_cell, row)) + b"\n" for row in rows) + b"\\.\n"


def copy_block(head: str, rows: Rows) -> bytes:
    """A block of a plain dump: `TABLE (COLUMNS)` and its rows."""
    return f"COPY {head} FROM stdin;\n".encode() + copy_rows(rows) + b"\n\n"


def definition(name: str, columns: Sequence[str]) -> bytes:
    """What makes a table of schema public; every column is text."""
    texts = ", ".join(f'"{column}" text' for column in columns)
    return f'CREATE TABLE public."{name}" ({texts});\n'.encode()


def plain(*parts: bytes) -> bytes:
    """A whole plain dump of these parts."""
    return b"--\n-- PostgreSQL database dump\n--\n\n" + b"".join(parts) + END


_FIRST_DEFINITION = 10_000


class CustomDump:
    """Writes pg_dump's custom format 1.MINOR; its data are packed by `algorithm`.

    Enough for whoever reads rows; with `restorable` for pg_restore as well.
    """

    def __init__(
        self,
        minor: int,
        algorithm: str,
        *,
        int_size: int = 4,
        offsets: bool = False,
        chunk: int = 50,
        restorable: bool = False,
    ) -> None:
        self.minor, self.algorithm = minor, algorithm
        self.int_size, self.offsets, self.chunk = int_size, offsets, chunk
        self.restorable = restorable

    def number(self, value: int) -> bytes:
        """A whole number as the format has it."""
        return bytes([value < 0]) + abs(value).to_bytes(self.int_size, "little")

    def text(self, value: bytes | None) -> bytes:
        """A string, or none."""
        return self.number(-1) if value is None else self.number(len(value)) + value

    def dump(self, tables: Mapping[str, tuple[Sequence[str], Rows]]) -> bytes:
        """Every table of schema public, by name: its columns and rows; and a large object."""
        entries = self._definitions(tables)
        blocks = [bytes([3]) + self.number(9) + self._large_object()]
        for number, (name, (columns, rows)) in enumerate(tables.items(), start=20):
            quoted = ", ".join(f'"{column}"' for column in columns)
            statement = f"COPY public.{name} ({quoted}) FROM stdin;\n".encode()
            entries.append(
                self._entry(
                    number, name.encode(), b"TABLE DATA", b"", statement, b"public",
                    2 if self.offsets else 1,
                )
            )  # fmt: skip
            data = self._packed(copy_rows(rows) + b"\n\n")
            blocks.append(bytes([1]) + self.number(number) + self._chunks(data))
        return b"".join([self._head(len(entries)), *entries, *blocks])

    def _definitions(self, tables: Mapping[str, tuple[Sequence[str], Rows]]) -> list[bytes]:
        made = (
            [(name.encode(), b"TABLE", definition(name, columns))
             for name, (columns, _rows) in tables.items()]
            if self.restorable
            else [(b"x", b"FUNCTION", b"CREATE FUNCTION '...'")]
        )  # fmt: skip
        return [
            self._entry(_FIRST_DEFINITION + number, name, kind, text, None, b"public", 3)
            for number, (name, kind, text) in enumerate(made)
        ]

    def _head(self, entries: int) -> bytes:
        level = {"none": 0, "zlib": -1, "lz4": 2, "zstd": 3}[self.algorithm]
        packed = bytes([abs(level)]) if self.minor >= 15 else self.number(level)
        times = b"".join(map(self.number, (1, 2, 3, 4, 5, 126, 0)))
        names = b"".join(map(self.text, (b"engine", b"15.4", b"15.4")))
        head = b"PGDMP" + bytes([1, self.minor, 0, self.int_size, 8, 1])
        return head + packed + times + names + self.number(entries)

    def _entry(
        self, number: int, tag: bytes, kind: bytes, definition: bytes, copy: bytes | None,
        namespace: bytes, state: int,
    ) -> bytes:  # fmt: skip
        has_data = kind != b"TABLE"  # its rows have an entry of their own
        parts = [
            self.number(number),
            self.number(has_data),
            *map(self.text, (b"0", b"0", tag, kind)),
        ]
        parts += [self.number(3), *map(self.text, (definition, b"DROP", copy, namespace, b""))]
        parts += [self.text(b"heap")] if self.minor >= 14 else []
        parts += [self.number(114)] if self.minor >= 16 else []
        parts += [*map(self.text, (b"engine", b"false", b"1", b"2", None))]
        return b"".join([*parts, bytes([state]), (12345).to_bytes(8, "little")])

    def _large_object(self) -> bytes:
        return self.number(7777) + self._chunks(self._packed(b"COPY public.x\n")) + self.number(0)

    def _packed(self, data: bytes) -> bytes:
        if self.algorithm == "zlib":
            return zlib.compress(data)
        if self.algorithm == "none":
            return data
        return subprocess.run(
            [self.algorithm, "-c", "-q"], input=data, capture_output=True, check=True
        ).stdout

    def _chunks(self, data: bytes) -> bytes:
        parts = [data[at : at + self.chunk] for at in range(0, len(data), self.chunk)]
        return b"".join(self.number(len(part)) + part for part in parts) + self.number(0)

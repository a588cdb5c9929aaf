"""Bounded reading of a YAML file into plain data that remembers its lines.

YAML is read as operators mean it: a plain scalar is text unless it is exactly `true`, `false`,
`null`, `~`, empty or a plain decimal number. So `0660`, `no`, `2013-12-01` and the hardware address
`52:54:00:10:20:30` (a number in base 60 to YAML 1.1) stay what was written, and the text of every
scalar can be had back from its value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from config.errors import InvalidInput
from config.showing import SHOWN, quoted

Data = str | int | bool | None | list["Data"] | dict[str, "Data"]
"""What a document holds. Mappings have text keys only."""

FieldPath = tuple[str | int, ...]
"""Where a value stands: mapping keys and list positions (from 0), outermost first."""

MAX_BYTES = 1 << 20
MAX_DEPTH = 20
MAX_NODES = 100_000

_Node = yaml.ScalarEvent | yaml.CollectionStartEvent

_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_TAG = "tag:yaml.org,2002:"
_KINDS: dict[str, tuple[type, ...]] = {
    _TAG + "str": (str,),
    _TAG + "int": (int,),
    _TAG + "bool": (bool,),
    _TAG + "null": (type(None),),
    _TAG + "map": (dict,),
    _TAG + "seq": (list,),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data with the place of every field: its key in a mapping, its start in a list."""

    source: str
    data: Data
    marks: Mapping[FieldPath, Mark] = field(default_factory=dict)

    def where(self, path: FieldPath) -> str:
        """File, line and field name, for an error."""
        line = self.line(path)
        place = f"{self.source}, line {line}" if line else self.source
        name = field_name(path)
        return f"{place}, {name}" if name else place

    def line(self, path: FieldPath) -> int:
        """The field's line, or that of what should contain it; 0 where the data has no lines."""
        outwards = (path[:length] for length in range(len(path), -1, -1))
        return next((self.marks[known].line for known in outwards if known in self.marks), 0)


def field_name(path: FieldPath) -> str:
    """A path as an operator would write it: `nodes[1].shell.port` (list positions from 1)."""
    name = ""
    for part in path:
        if isinstance(part, int):
            name += f"[{part + 1}]"
        else:
            shown = part if part.isprintable() and 0 < len(part) <= SHOWN else quoted(part)
            name += f".{shown}" if name else shown
    return name


def scalar_text(value: Data) -> str | None:
    """The text a scalar was written with, or None for null, lists and mappings."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None


def dump_yaml(data: Any) -> str:
    """Plain data as YAML that `parse_yaml` reads back as the same data, in the given order."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    """Never writes an alias, and escapes what cannot be printed.

    What YAML 1.1 would not read as text it quotes by itself, which covers our few words as well.
    """

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_str(self, data: str) -> yaml.ScalarNode:
        # Its other styles write NEL and the like as they are, and reading folds them away.
        style = None if data.isprintable() else '"'
        return self.represent_scalar(_TAG + "str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_str)


def load_yaml(path: Path) -> Document:
    """Read one file. Raises InvalidInput naming file, line and column."""
    return parse_yaml(read_bounded(path), str(path))


def read_bounded(path: Path) -> bytes:
    """The bytes of a regular file of at most MAX_BYTES; raises InvalidInput."""
    try:
        if not path.is_file():
            what = "is not a regular file" if path.exists() else "does not exist"
            raise InvalidInput(f"{path} {what}.", "Name a YAML file that can be read.")
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidInput(f"{path} cannot be read: {reason}.", "Check path and access.") from error


def parse_yaml(content: bytes | str, source: str) -> Document:
    """Parse one document. Raises InvalidInput for anything but bounded, plain YAML."""
    return _Builder(source).build(_decoded(content, source))


def _decoded(content: bytes | str, source: str) -> str:
    if len(content) > MAX_BYTES:
        raise InvalidInput(
            f"{source} is larger than {MAX_BYTES} bytes.", "Such a file is small: check its name."
        )
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
        text.encode("utf-8")
    except UnicodeError as error:
        raise InvalidInput(f"{source} is not UTF-8 text.", "Save it as UTF-8.") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InvalidInput(f"{source}, line {line}: there is a NUL byte.", "Remove it.")
    return text


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read; `key` is the mapping key whose value comes next."""

    value: list[Data] | dict[str, Data]
    path: FieldPath
    key: str | None = None


@dataclass(slots=True)
class _Builder:
    """Builds plain data from the parser's events: no recursion, limits checked on the way."""

    source: str
    marks: dict[FieldPath, Mark] = field(default_factory=dict)
    open: list[_Open] = field(default_factory=list)
    root: list[Data] = field(default_factory=list)
    nodes: int = 0

    def build(self, text: str) -> Document:
        try:
            for event in _events(text):
                self._take(event)
        except yaml.YAMLError as error:
            raise self._unreadable(error) from error
        return Document(self.source, self.root[0] if self.root else None, self.marks)

    def _take(self, event: yaml.Event) -> None:
        at = event.start_mark
        mark = Mark(at.line + 1, at.column + 1) if at else Mark(1, 1)
        match event:
            case yaml.AliasEvent():
                raise self._refused(
                    mark, f"the alias {quoted(event.anchor)}", "Write the value out."
                )
            case yaml.ScalarEvent() | yaml.CollectionStartEvent():
                self._node(event, mark)
            case yaml.CollectionEndEvent():
                self.open.pop()
            case yaml.DocumentStartEvent() if self.root:
                raise self._refused(mark, "a second document", "Keep one document a file.")

    def _node(self, event: _Node, mark: Mark) -> None:
        self.nodes += 1
        if event.anchor is not None:
            raise self._refused(mark, f"the anchor {quoted(event.anchor)}", "Write the value out.")
        if self.nodes > MAX_NODES:
            raise self._refused(mark, f"more than {MAX_NODES} values", "Is this the right file?")
        if len(self.open) >= MAX_DEPTH:
            raise self._refused(mark, f"nesting deeper than {MAX_DEPTH}", "Make it flatter.")
        if self._key_expected():
            self._key(event, mark)
        else:
            self._value(event, mark)

    def _key_expected(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].value, dict) and not self._has_key()

    def _has_key(self) -> bool:
        return self.open[-1].key is not None

    def _key(self, event: _Node, mark: Mark) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refused(mark, "a list or mapping as a key", "Keys are plain words.")
        self._check_tag(event, event.value, mark)
        parent = self.open[-1]
        parent.key = event.value
        if event.value in parent.value:
            first = self.marks[(*parent.path, event.value)].line
            raise self._refused(
                mark,
                f"{quoted(event.value)} again (it stands in line {first})",
                "Remove one of them.",
            )
        self.marks[(*parent.path, event.value)] = mark

    def _value(self, event: _Node, mark: Mark) -> None:
        value = _plain_value(event)
        self._check_tag(event, value, mark)
        path = self._attach(value, mark)
        if isinstance(value, list | dict):
            self.open.append(_Open(value, path))

    def _attach(self, value: Data, mark: Mark) -> FieldPath:
        if not self.open:
            self.root.append(value)
            self.marks[()] = mark
            return ()
        parent = self.open[-1]
        if isinstance(parent.value, list):
            path: FieldPath = (*parent.path, len(parent.value))
            self.marks[path] = mark
            parent.value.append(value)
            return path
        key, parent.key = parent.key or "", None
        parent.value[key] = value
        return (*parent.path, key)

    def _check_tag(self, event: _Node, value: Data, mark: Mark) -> None:
        tag = event.tag
        if tag is None or tag == "!" or type(value) in _KINDS.get(tag, ()):
            return
        shown = tag.replace(_TAG, "!!", 1)
        remedy = "Write a plain value, quoted if it is text."
        raise self._refused(mark, f"the tag {quoted(shown)}", remedy)

    def _refused(self, mark: Mark, what: str, remedy: str) -> InvalidInput:
        place = f"{self.source}, line {mark.line}, column {mark.column}"
        return InvalidInput(f"{place}: {what} cannot be used here.", remedy)

    def _unreadable(self, error: yaml.YAMLError) -> InvalidInput:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        return InvalidInput(
            f"{self.source}{place}: this is not YAML: {str(problem)[:200]}.",
            "Check indentation, colons and quotes just before that place.",
        )


def _events(text: str) -> Iterator[yaml.Event]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


def _plain_value(event: _Node) -> Data:
    if isinstance(event, yaml.CollectionStartEvent):
        return [] if isinstance(event, yaml.SequenceStartEvent) else {}
    plain = event.implicit[0] or (event.tag or "").startswith(_TAG)
    return _resolved(event.value) if plain and event.tag != _TAG + "str" else str(event.value)


def _resolved(text: str) -> Data:
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _NUMBER.fullmatch(text) else text

"""How one row of conflicts reads: pure text, for the table and for the detail pane.

Nothing here is said by colour: a row's state is a mark in the table and a word in the detail.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Final

from rich.cells import cell_len, chop_cells

from steps.conflicts import ConflictSet, Decision, FieldClass, Resolution, Resolutions, Row
from tui.widgets.conflict_standing import Standing

ABSENT: Final = "(none)"

KEYS: Final[Mapping[Decision, str]] = {
    Decision.KEEP_BACKUP: "b",
    Decision.TAKE_LIVE: "l",
    Decision.NEXT_BOOT: "x",
    Decision.CUSTOM: "e",
    Decision.USE_FAILOVER_HOST: "f",
    Decision.PREVENT: "v",
    Decision.ACCEPT: "a",
    Decision.STOP: "s",
}
"""The key that decides so."""

WORDS: Final[Mapping[Decision, str]] = {
    Decision.KEEP_BACKUP: "backup",
    Decision.TAKE_LIVE: "now",
    Decision.NEXT_BOOT: "next boot",
    Decision.CUSTOM: "typed",
    Decision.USE_FAILOVER_HOST: "failover",
    Decision.PREVENT: "prevent",
    Decision.ACCEPT: "accept",
    Decision.STOP: "stop",
}
"""What the choice is called on the screen."""

_MODES: Final = {"with-state": "with memory state", "cold": "cold start"}
_INDENT: Final = 13
_DIRECTORY_PARTS: Final = {"then": "directory_backup", "now": "directory_now"}
_THEN: Final = ("xml_state", "xml_backup", "directory_backup", "backup")
_NOW: Final = ("xml_now", "directory_now", "now")


def visible(text: str) -> str:
    """The text with everything a terminal would obey (escapes, line ends) written out."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def shorten(text: str, width: int) -> str:
    """At most `width` cells, cut in the middle: both ends of a path tell more than its start."""
    if cell_len(text) <= width:
        return text
    if width < 8:
        return chop_cells(text, width)[0] if width > 0 else ""
    head, tail = (width - 2) // 2, width - 2 - (width - 2) // 2
    return chop_cells(text, head)[0] + ".." + _tail(text, tail)


def _tail(text: str, width: int) -> str:
    return chop_cells(text[::-1], width)[0][::-1]


def mode_words(mode: str) -> str:
    """`with-state` and `cold` as an operator says them."""
    return _MODES.get(mode, mode)


def may_go_cold(conflicts: ConflictSet) -> bool:
    """Whether there is a memory state that could be given up."""
    return conflicts.mode == "with-state"


def no_cold_words(conflicts: ConflictSet) -> str:
    """Why there is nothing to give up."""
    cold = conflicts.mode == "cold"
    return "This is a cold start already." if cold else "There is no memory state to give up."


def class_words(row: Row, mode: str) -> str:
    """What the field's class means for this restore."""
    if row.field_class is FieldClass.RISK:
        return ""
    if row.field_class is FieldClass.DIRECTORY_ONLY:
        return "directory only, no effect in libvirt"
    if row.field_class is FieldClass.HOST:
        return "host side, free"
    return "frozen while memory is restored" if mode != "cold" else "guest hardware, free when cold"


def then(row: Row) -> str:
    """The backup's value for the table; differing sources stand side by side."""
    return _joined(row, _THEN)


def now(row: Row) -> str:
    """Today's value for the table; differing sources stand side by side."""
    return _joined(row, _NOW)


def result(row: Row, standing: Standing, width: int) -> str:
    """What the row becomes, for the table: of two values the later one, where both do not fit."""
    text = visible(standing.result)
    if standing.next_boot and cell_len(text) > width:
        text = f"next boot: {now(row)}"
        return text if cell_len(text) <= width else chop_cells(text, width - 2)[0] + ".."
    return shorten(text, width)


def _joined(row: Row, sources: Iterable[str]) -> str:
    found = [row.values.get(source) for source in sources]
    distinct = dict.fromkeys(visible(value) for value in found if value is not None)
    return " / ".join(distinct) or ABSENT


_STANDS_FOR_A_SECRET: Final = ("(secret ", "(set)", "(set, ")


def known_values(row: Row) -> tuple[str, str]:
    """The backup's and today's value to start typing from; empty where absent or secret."""
    return _editable(row, _THEN), _editable(row, _NOW)


def _editable(row: Row, sources: Iterable[str]) -> str:
    found = next((text for source in sources if (text := row.values.get(source))), "")
    return "" if found.startswith(_STANDS_FOR_A_SECRET) else found


def searchable(row: Row) -> str:
    """The text a filter looks into."""
    values = (value for value in row.values.values() if value)
    return " ".join((row.id, row.title, row.group, row.device or "", *values))


def detail(
    row: Row, standing: Standing, conflicts: ConflictSet, decided: Resolutions, width: int
) -> str:
    """Everything about one row, wrapped to `width` cells.

    Title and class, what blocks, the values by source, every choice with its key (refused ones
    with their reason), then notes and where the value stands.
    """
    lines = _headline(row, standing, conflicts.mode, width)
    for reason in standing.blocks:
        lines += _wrapped(" blocked     ", reason, width)
    lines += _source_lines(row, width)
    for decision in row.offered:
        lines += _choice_lines(row, decision, conflicts, decided, width)
    if may_go_cold(conflicts):
        lines += [" c switch the whole restore to a cold start (memory is lost)"]
    if row.note:
        lines += _wrapped(" note        ", row.note, width)
    return "\n".join(lines + _place_lines(row, conflicts, width))


def _headline(row: Row, standing: Standing, mode: str, width: int) -> list[str]:
    left = f" {visible(row.title)}: {standing.word}"
    right = class_words(row, mode)
    gap = width - cell_len(left) - cell_len(right) - 1
    return [left + " " * gap + right] if gap > 1 else [left, f"   {right}"]


def _source_lines(row: Row, width: int) -> list[str]:
    lines: list[str] = []
    if row.field_class is FieldClass.RISK:
        told = {key: key for key in ("backup", "now") if row.values.get(key)}
        return _sources(" seen        ", row, told, width) if told else []
    if row.ldap or not row.xpath:
        lines += _sources(" directory   ", row, _DIRECTORY_PARTS, width)
    if row.xpath:
        parts = _xml_parts(row)
        if len(lines) > 1 and _values(row, parts) == _values(row, _DIRECTORY_PARTS):
            return [*lines, " XML         the same"]
        lines += _sources(" XML         ", row, parts, width)
    return lines


def _xml_parts(row: Row) -> dict[str, str]:
    """The XML sources worth a word: the state file's only where it says something else."""
    state = row.values.get("xml_state")
    differs = state is not None and state != row.values.get("xml_backup")
    return {"then": "xml_backup", **({"state": "xml_state"} if differs else {}), "now": "xml_now"}


def _sources(label: str, row: Row, parts: Mapping[str, str], width: int) -> list[str]:
    texts = _values(row, parts)
    line = label + "   ".join(f"{word} {text}" for word, text in texts.items())
    if cell_len(line) < width:
        return [line]
    lines: list[str] = []
    for word, text in texts.items():
        lines += _wrapped(f"{label}{word} ", text, width)
        label = " " * len(label)
    return lines


def _values(row: Row, parts: Mapping[str, str]) -> dict[str, str]:
    """What each source says, by the word it is shown under."""
    found = {word: row.values.get(source) for word, source in parts.items()}
    return {word: ABSENT if text is None else visible(text) for word, text in found.items()}


def _choice_lines(
    row: Row, decision: Decision, conflicts: ConflictSet, decided: Resolutions, width: int
) -> list[str]:
    label = f" {KEYS[decision]} {WORDS[decision]}".ljust(_INDENT)
    return _wrapped(label, choice_text(row, decision, conflicts, decided), width)


def choice_text(row: Row, decision: Decision, conflicts: ConflictSet, decided: Resolutions) -> str:
    """What a choice would give, or `no:` and the reason why it is not allowed."""
    if decision not in row.allowed:
        return f"no: {row.refused.get(decision, 'not a choice for this field')}"
    chosen = decided.get(row.id)
    words = [row.words.get(decision, "") or _outcome(row, decision, conflicts, decided)]
    if chosen is not None and chosen.decision is decision:
        words.append("[chosen]")
    elif len(row.allowed) == 1:
        words.append("[the only choice]")
    elif row.default is decision:
        words.append("[suggested: d]")
    return " ".join(word for word in words if word)


def _outcome(row: Row, decision: Decision, conflicts: ConflictSet, decided: Resolutions) -> str:
    if decision is Decision.CUSTOM:
        return f"type a value: {visible(row.custom_hint)}" if row.custom_hint else "type a value"
    moved = conflicts.together(row.id, Resolution(decision))
    return visible(conflicts.result(row.id, {**decided, **moved}))


def _place_lines(row: Row, conflicts: ConflictSet, width: int) -> list[str]:
    lines: list[str] = []
    if row.coupled:
        titles = {other.id: other.title for other in conflicts.rows}
        names = ", ".join(visible(titles.get(name, name)) for name in row.coupled)
        lines += _wrapped(" moves with  ", names, width)
    places = [f"{place.attribute} of {place.entry or 'the entry'}" for place in row.ldap]
    if places or row.xpath:
        lines += _wrapped(" stands in   ", ", ".join([*places, *row.xpath]), width)
    return lines


def _wrapped(label: str, text: str, width: int) -> list[str]:
    indent = " " * min(len(label), _INDENT)
    lines = textwrap.wrap(
        visible(text),
        max(width - 1, 20),
        initial_indent=label,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
    return lines or [label]

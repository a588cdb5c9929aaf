"""Conflicts in plain lines: row by row, a word or a letter decides."""

from __future__ import annotations

from collections.abc import Callable

from config.errors import InvalidInput, Refused
from steps.conflicts import Decision, Desk, Resolution, Row
from steps.run.text import counted
from tui.plain_lines import BACK, HELP, Lines
from tui.widgets.conflict_group import changed_titles, group_plan
from tui.widgets.conflict_standing import Overview
from tui.widgets.conflict_words import KEYS, detail, may_go_cold, mode_words, no_cold_words

COMMANDS = """b: the backup's value           l: today's value
x: the backup's value now, today's from the next cold start on
(or the words keep-backup, take-live, next-boot)
a: accept a risk                s: stop, settle it first
f: use the failover host        v: do something against it
e VALUE: a value of your own    d: as suggested
n: leave it open and go on      a number: go to that row
g b (or l, x, d): decide the whole group so
u: undo    r: redo    o: overview of all rows    w: warnings
p: preview what will be written
c: switch the whole restore to a cold start
<: go back, everything is kept
ok: go on, when nothing is open or blocked"""
WIDTH = 78

DONE, BACK_OUT, COLD = "done", "back", "cold"


class PlainConflicts:
    """One desk. `settle` returns DONE, BACK_OUT or COLD; the desk keeps every decision."""

    def __init__(self, lines: Lines, desk: Desk) -> None:
        self._lines, self.desk = lines, desk
        self._rows = list(desk.conflicts.rows)
        self._at = 0
        self._ended = ""
        self._commands: dict[str, Callable[[], None]] = {
            "d": self._suggested,
            "n": self._next,
            "u": lambda: self._moved(self.desk.undo, "Nothing to undo."),
            "r": lambda: self._moved(self.desk.redo, "Nothing to redo."),
            "p": self._preview,
            "o": self._overview,
            "w": self._warnings,
            "c": self._cold,
            "ok": self._go_on,
            HELP: lambda: self._lines.say(COMMANDS),
            BACK: lambda: self._end(BACK_OUT),
        }

    def settle(self) -> str:
        """Go through the rows until the operator goes on or back."""
        found = self.desk.conflicts
        head = filter(None, (f"Conflicts of {found.title}", mode_words(found.mode)))
        self._lines.say("", ", ".join(head))
        self._warnings()
        self._overview()
        self._lines.say("", COMMANDS)
        self._to_next_open()
        while not self._ended:
            self._ask()
        return self._ended

    def _end(self, how: str) -> None:
        self._ended = how

    def _standing(self) -> Overview:
        return Overview.of(self.desk)

    def _row(self) -> Row | None:
        return self._rows[self._at] if self._rows else None

    def _ask(self) -> None:
        overview, row = self._standing(), self._row()
        counts = f"{len(overview.open)} open, {len(overview.blocking)} blocked"
        if row is not None and not overview.finished:
            standing = overview.rows[row.id]
            text = detail(row, standing, self.desk.conflicts, self.desk.decided, WIDTH)
            self._lines.say("", f"Row {self._at + 1} of {len(self._rows)}", text)
            prompt = f"{row.title} ({counts}; ? for help):"
        else:
            prompt = f"Nothing is open ({counts}). ok goes on, a number changes a row:"
        self._do(self._lines.ask(prompt))

    def _do(self, typed: str) -> None:
        word, _, rest = typed.partition(" ")
        if word in self._commands and not rest:
            self._commands[word]()
        elif word.isascii() and word.isdigit() and not rest:
            self._go_to(int(word[:9]))
        elif word == "g":
            self._group(rest.strip())
        elif typed:
            self._decide_typed(word, rest)
        elif self._standing().finished:
            self._lines.say("Type ok to go on, ? for help.")
        else:
            self._next()

    def _go_to(self, number: int) -> None:
        if not 1 <= number <= len(self._rows):
            self._lines.say(f"There is no row {number}: there are {len(self._rows)}.")
            return
        self._at = number - 1
        row = self._rows[self._at]
        standing = self._standing().rows[row.id]
        self._lines.say(detail(row, standing, self.desk.conflicts, self.desk.decided, WIDTH))
        typed = self._lines.ask(f"{row.title} ({_keys(row)}; Enter leaves it):")
        if typed:
            self._do(typed)

    def _decide_typed(self, word: str, rest: str) -> None:
        row = self._row()
        if row is None:
            self._lines.say("There is no row to decide. ok goes on.")
            return
        try:
            resolution = read_resolution(word, rest)
            before = self.desk.decided
            self.desk.decide(row.id, resolution)
        except (InvalidInput, Refused) as error:
            self._lines.say(f"no: {error.message} {error.remedy}".rstrip())
            return
        self._say_result(row, changed_titles(self.desk, before, {row.id}))
        self._to_next_open()

    def _say_result(self, row: Row, moved: tuple[str, ...]) -> None:
        result = self.desk.conflicts.result(row.id, self.desk.decided)
        also = f" Also moved: {', '.join(moved)}." if moved else ""
        self._lines.say(f"{row.title}: {result}.{also}")

    def _suggested(self) -> None:
        row = self._row()
        if row is None or row.default is None:
            self._lines.say("This field has no suggestion.")
        else:
            self._decide_typed(row.default.value, "")

    def _to_next_open(self) -> None:
        overview = self._standing()
        order = [*range(self._at, len(self._rows)), *range(self._at)]
        unsettled = (n for n in order if not overview.rows[self._rows[n].id].settled)
        self._at = next(unsettled, self._at)

    def _next(self) -> None:
        self._at = (self._at + 1) % max(len(self._rows), 1)
        self._to_next_open()

    def _moved(self, change: Callable[[], bool], nothing: str) -> None:
        before = self.desk.decided
        if not change():
            self._lines.say(nothing)
            return
        for row in self._rows:
            if self.desk.decided.get(row.id) != before.get(row.id):
                self._say_result(row, ())
        self._to_next_open()

    def _group(self, wish: str) -> None:
        row = self._row()
        word = "suggested" if wish == "d" else decision_word(wish)
        if row is None or not word or word == Decision.CUSTOM:
            self._lines.say("Say how: g b, g l, g x or g d.")
            return
        rows = [other for other in self._rows if other.group == row.group]
        plan = group_plan(self.desk, rows, word)
        for proposal in plan.proposals:
            mark = "" if proposal.resolution else "no: "
            self._lines.say(f"  {proposal.row.title}: {mark}{proposal.text}")
        if plan.moved:
            self._lines.say(f"  Also moved: {', '.join(plan.moved)}")
        if self._lines.ask(f"Decide {counted(len(plan.decisions), 'row')} so? Type yes:") == "yes":
            self.desk.decide_all(plan.decisions)
            self._to_next_open()

    def _preview(self) -> None:
        try:
            previews = self.desk.conflicts.previews(self.desk.decided)
        except (InvalidInput, Refused) as error:
            self._lines.say(f"no: {error.message} {error.remedy}".rstrip())
            return
        if not previews:
            self._lines.say("No document is merged here. What will be done stands in the review.")
        for preview in previews:
            self._lines.say("", f"{preview.title} (changed lines begin with *)")
            for number, line in enumerate(preview.lines):
                self._lines.say(f"{'*' if number in preview.changed else ' '} {line}")

    def _overview(self) -> None:
        overview = self._standing()
        for number, row in enumerate(self._rows, start=1):
            standing = overview.rows[row.id]
            self._lines.say(f"  {number:>3}  {standing.word:<8} {row.title}: {standing.result}")
        hidden = counted(sum(self.desk.conflicts.hidden.values()), "field")
        self._lines.say(f"{counted(len(self._rows), 'row')}; {hidden} with nothing to decide.")

    def _warnings(self) -> None:
        for warning in self.desk.conflicts.warnings:
            self._lines.say(f"warning {warning.message}")

    def _cold(self) -> None:
        if not may_go_cold(self.desk.conflicts):
            self._lines.say(no_cold_words(self.desk.conflicts))
        elif self._lines.ask("The memory of the backup is given up. Type yes:") == "yes":
            self._end(COLD)

    def _go_on(self) -> None:
        overview = self._standing()
        if overview.finished:
            self._end(DONE)
            return
        for row_id in overview.open:
            title = next(row.title for row in self._rows if row.id == row_id)
            self._lines.say(f"open     {title}")
        for block in overview.blocking:
            self._lines.say(f"blocked  {block.message} {block.remedy}".rstrip())


def _keys(row: Row) -> str:
    told = (f"{KEYS[d]} VALUE" if d is Decision.CUSTOM else KEYS[d] for d in row.offered)
    return ", ".join(told)


def decision_word(typed: str) -> str:
    """The decision meant by a letter, a word, or its beginning; empty where none is."""
    letters = {letter: decision.value for decision, letter in KEYS.items()}
    words = [decision.value for decision in Decision]
    begun = [word for word in words if len(typed) > 1 and word.startswith(typed)]
    return letters.get(typed) or (begun[0] if len(begun) == 1 else "")


def read_resolution(word: str, rest: str) -> Resolution:
    """What was typed for a row, for instance `b`, `take-live` or `e 4096`; raises InvalidInput."""
    decision = decision_word(word)
    if decision == Decision.CUSTOM:
        return Resolution.parse(f"custom:{rest.strip()}")
    if decision and rest.strip():
        raise InvalidInput(f"{word!r} takes no value.", "A value of your own is typed as e VALUE.")
    return Resolution.parse(decision or f"{word} {rest}".strip())

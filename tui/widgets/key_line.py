"""The last line of every screen: the keys that work here, from the screen's own bindings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from textual.binding import Binding
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

_NAMES = {
    "escape": "esc",
    "slash": "/",
    "question_mark": "?",
    "full_stop": ".",
    "comma": ",",
    "plus": "+",
    "minus": "-",
}


def key_name(key: str) -> str:
    """A key as the operator's keyboard labels it."""
    if len(key) > 1 and key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return _NAMES.get(key, key)


def hint(binding: Binding) -> str:
    """One entry of the line: `d drill it`."""
    return f"{_label(binding)} {binding.description}"


def _label(binding: Binding) -> str:
    return binding.key_display or key_name(binding.key.partition(",")[0])


def fit(hints: list[str], width: int) -> str:
    """As many hints as fit, the last one (help) always; two spaces between them."""
    kept = list(hints)
    while len(kept) > 1 and len("  ".join(kept)) > width:
        del kept[-2]
    return "  ".join(kept)


class KeyLine(Widget):
    """The keys of the screen, one line. Painted again only when its text changes."""

    DEFAULT_CSS = """
    KeyLine { height: 1; padding: 0 1; }
    """

    text: reactive[str] = reactive("")

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._update)
        self._update(self.screen)

    def on_resize(self) -> None:
        self._update(self.screen)

    def _update(self, screen: Screen[Any]) -> None:
        self.text = fit(shown_hints(screen), self.content_size.width or 78)

    def render(self) -> Content:
        return Content(self.text)


def _bindings(screen: Screen[Any]) -> Iterator[Binding]:
    """The screen's bindings in the order of its class, base classes last, without Textual's own."""
    for owner in type(screen).__mro__:
        if not owner.__module__.startswith("textual."):
            for binding in owner.__dict__.get("BINDINGS", ()):
                if isinstance(binding, Binding):
                    yield binding


def shown_hints(screen: Screen[Any]) -> list[str]:
    """What the key line says: the visible bindings whose action can be used now."""
    hints: dict[str, str] = {}
    taken: set[str] = set()
    for binding in _bindings(screen):
        name = binding.action.partition("(")[0]
        if binding.show and binding.key not in taken and screen.check_action(name, ()) is not False:
            hints.setdefault(binding.action, hint(binding))
        # What a subclass puts on a key, hidden or not, is what the key does.
        taken.add(binding.key)
    return list(hints.values())


def all_hints(screen: Screen[Any]) -> list[str]:
    """Every key of the screen, a line each, for the help."""
    hints: dict[str, str] = {}
    for binding in _bindings(screen):
        hints.setdefault(binding.key, f"  {_label(binding):<10} {binding.description}")
    return list(hints.values())

"""One line to type into: compact, no blinking cursor, secrets as dots."""

from __future__ import annotations

from textual.binding import Binding
from textual.widgets import Input

REVEAL_SECONDS = 2.0


class LineInput(Input):
    """An Input that costs little over a slow line.

    Ctrl+D is taken from it: it leaves the wizard everywhere. F4 shows a secret for two seconds: a
    terminal does not say when a key is let go.
    """

    BINDINGS = [
        Binding("delete", "delete_right", "delete", show=False),
        Binding("down", "app.focus_next", "next field", show=False),
        Binding("up", "app.focus_previous", "field before", show=False),
        Binding("f4", "reveal", "show for 2 s", show=False),
    ]

    def __init__(
        self,
        value: str = "",
        *,
        password: bool = False,
        placeholder: str = "",
        id: str | None = None,
    ) -> None:
        super().__init__(
            value,
            placeholder=placeholder,
            password=password,
            id=id,
            compact=True,
            select_on_focus=False,
        )
        self.cursor_blink = False
        self._is_secret = password

    def make_secret(self, secret: bool) -> None:
        """Show dots from now on, or not."""
        self._is_secret = self.password = secret

    def action_reveal(self) -> None:
        """Show a secret for a moment."""
        if self._is_secret:
            self.password = False
            self.set_timer(REVEAL_SECONDS, self._hide)

    def _hide(self) -> None:
        self.password = self._is_secret

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A secret is not copied to any clipboard."""
        if self._is_secret and action in ("copy", "cut"):
            return False
        return super().check_action(action, parameters)

"""Questions of the tool that go to the operator: those nobody foresaw, as they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from config.errors import InvalidInput
from config.questions import Choice
from config.secrets import Secret
from steps.hosted_engine.dialog.answers import Answer, Fitted, fit
from steps.hosted_engine.dialog.events import Asked, Wants
from steps.hosted_engine.dialog.prompt_text import options_in
from steps.hosted_engine.remembered import Remembered
from steps.procedure import Prompt, StepContext

MOST_DETAIL: Final = 8000
_HINTS: Final = ("Response is ", "type '--=", "Format is type:value")
_EMPTY: Final = Choice("empty", "Send an empty line")
_OTHER: Final = Choice("again", "Type another answer")


@dataclass(frozen=True, slots=True)
class OperatorQuestions:
    """Puts the tool's questions to whoever steers the run."""

    context: StepContext
    where: str
    remembered: Remembered | None

    def ask(self, asked: Asked, number: int, remark: str = "") -> Fitted:
        """Ask until the answer fits. `remark` says why the operator is asked.

        `number` is the question's in this dialog: a secret is asked for each time anew.
        """
        for attempt in range(1, 1000):
            try:
                return self._once(asked, number, attempt, remark)
            except InvalidInput as error:
                remark = f"Nothing was sent. {error.message} {error.remedy}".strip()
        raise InvalidInput(f"No answer to {asked.last_line!r} fits.", "Stop the tool by hand.")

    def _once(self, asked: Asked, number: int, attempt: int, remark: str) -> Fitted:
        if asked.is_secret:
            secret = self._secret(asked, number, attempt, remark)
            if not secret.reveal() and self._means_empty(asked, attempt):
                return fit(asked, Answer("", empty=True))
            return fit(asked, Answer(secret))
        reply = self.context.ask(self._prompt(asked, attempt, remark))
        empty = not reply and asked.wants is Wants.LINE and self._means_empty(asked, attempt)
        fitted = fit(asked, Answer(reply, empty=empty))
        if self.remembered is not None:
            self.remembered.keep(asked, reply)
        return fitted

    def _secret(self, asked: Asked, number: int, attempt: int, remark: str) -> Secret:
        name = f"answer {number} {asked.name or 'hidden'} {attempt}"
        return self.context.secret(name, " ".join(filter(None, (remark, asked.words[-500:]))))

    def _prompt(self, asked: Asked, attempt: int, remark: str) -> Prompt:
        remembered = self.remembered.recall(asked) if self.remembered is not None else None
        default = asked.default or ""
        if remembered is not None and (not asked.choices or remembered in asked.choices):
            default = remembered
        return Prompt(
            name=prompt_name(asked) + (f".{attempt}" if attempt > 1 else ""),
            text=_title(asked) or asked.name,
            choices=_choices(asked),
            default=default,
            detail=self._detail(asked, remark, remembered),
        )

    def _detail(self, asked: Asked, remark: str, remembered: str | None) -> str:
        known = f"The tool calls it {asked.name}." if asked.name else ""
        parts = (
            remark,
            _explained(asked)[-MOST_DETAIL:],
            f"Asked by the tool on {self.where}. {known}".strip(),
            f"Last time it was answered with {remembered!r}." if remembered is not None else "",
            "It takes several lines." if asked.wants is Wants.LINES else "",
            "Write its type too, for instance str:TEXT." if asked.wants is Wants.VALUE else "",
            "An empty answer takes the tool's default." if asked.default else "",
        )
        return "\n".join(part for part in parts if part)

    def _means_empty(self, asked: Asked, attempt: int) -> bool:
        if asked.default is not None:
            return False
        prompt = Prompt(
            name=f"{prompt_name(asked)}.empty.{attempt}",
            text="The tool names no default here. Where it wants a value, an empty line ends the"
            " deployment. Send one?",
            choices=(_EMPTY, _OTHER),
            default=_OTHER.value,
        )
        return self.context.ask(prompt) == _EMPTY.value


def prompt_name(asked: Asked) -> str:
    """The name under which an answer file may answer this question in advance."""
    words = asked.name or re.sub(r"[^a-z0-9]+", "-", asked.last_line.casefold()).strip("-")[:60]
    return f"tool.{words}.{asked.occurrence}"


def _title(asked: Asked) -> str:
    """The line that asks: not how a program would have to write the answer, which we do."""
    lines = [line.strip() for line in asked.text.splitlines() if line.strip()]
    asking = [line for line in lines if not _is_hint(asked, line)]
    return (asking or lines or [""])[-1]


def _explained(asked: Asked) -> str:
    """What stands around that line."""
    title, lines = _title(asked), asked.text.splitlines()
    kept = [line for line in lines if not _is_hint(asked, line.strip())]
    last = max((n for n, line in enumerate(kept) if line.strip() == title), default=len(kept))
    return "\n".join(kept[:last] + kept[last + 1 :]).strip("\n")


def _is_hint(asked: Asked, line: str) -> bool:
    return asked.wants is not Wants.LINE and line.startswith(_HINTS)


def _choices(asked: Asked) -> tuple[Choice, ...]:
    if asked.wants is Wants.CONFIRM:
        return (Choice("yes", "yes"), Choice("no", "no"))
    labels = {option.number: option.text for option in options_in(asked.text)}
    return tuple(
        Choice(value, f"{value}: {labels[value]}" if value in labels else value)
        for value in asked.choices
    )

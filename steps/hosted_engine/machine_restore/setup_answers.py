"""What engine-setup asks on a restored machine, foreseen. Reference, section 9.3.

Whatever is not in this table goes to the operator as it is: a question about running tasks, about
inconsistencies, about too little memory wants somebody who looks.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from config.questions import Choice
from steps.hosted_engine.dialog.answers import Answer
from steps.hosted_engine.dialog.events import Asked, Event, Log, Note
from steps.hosted_engine.machine_restore.facts import SETUP_PREVIEW
from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.preview import Preview
from steps.procedure import Prompt, StepContext

PREVIEW: Final = "setup.preview"
OTHER_NAME: Final = "setup.preview.other-name"
"""The question where the preview has another name than the backup."""
CONFIRM: Final = "OVESETUP_DIALOG_CONFIRM_SETTINGS"
OK: Final = "OK"
CANCEL: Final = "Cancel"


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One question: its names, and words that it has where the dialect tells no name."""

    names: tuple[str, ...]
    words: str
    said: Callable[[MachineRestoreJob], str | None]
    """What is answered; None is the tool's own default."""

    def fits(self, asked: Asked) -> bool:
        """Whether that is the question."""
        if asked.name:
            return asked.name in self.names
        return self.words in asked.words.casefold()


def _default(_job: MachineRestoreJob) -> None:
    return None


FORESEEN: Final = (
    Foreseen(("OVESETUP_UPDATE_FIREWALL",), "do you want setup to configure the firewall",
             _default),
    Foreseen(("OVESETUP_CONFIG_FIREWALL_MANAGER",), "firewall manager to configure", _default),
    Foreseen(("OVESETUP_RENEW_PKI",), "renew certificates?",
             lambda job: "Yes" if job.renew_pki else "No"),
    Foreseen(("OVESETUP_SKIP_RENEW_PKI_CONFIRM",), "skip the pki renewal process",
             lambda job: None if job.renew_pki else "Yes"),
    Foreseen(("OVESETUP_CORE_ENGINE_STOP",), "engine service will be stopped",
             lambda _job: OK),
    Foreseen(("OVESETUP_APACHE_CONFIG_ROOT_REDIRECTION", "OVESETUP_APACHE_CONFIG_ROOT_REDIRECT"),
             "to set the application as the default", _default),
)  # fmt: skip


@dataclass(slots=True)
class SetupAnswers:
    """Answers from the table; the preview is shown and confirmed by the operator."""

    context: StepContext
    job: MachineRestoreJob
    preview: Preview = field(default_factory=Preview)

    def hear(self, event: Event) -> None:
        """Keep the preview's lines."""
        if isinstance(event, Note | Log):
            self.preview.line(event.text)

    def answer(self, asked: Asked) -> Answer | None:
        """The answer to this question, or None where nobody foresaw it."""
        if self._confirms(asked):
            return Answer(self._confirm())
        found = next((row for row in FORESEEN if row.fits(asked)), None)
        if found is None:
            return None
        said = found.said(self.job)
        if said is None:
            # Without a default of the tool's own there is nothing to take.
            return Answer("") if asked.default is not None else None
        return Answer(said)

    def _confirms(self, asked: Asked) -> bool:
        if asked.name:
            return asked.name == CONFIRM
        return "please confirm installation settings" in asked.words.casefold()

    def _confirm(self) -> str:
        """Show the preview and ask; the wrong name is another question, which nobody prepared."""
        rows, seen = self.preview.rows, self.preview.fqdn
        self.context.remember(SETUP_PREVIEW, json.dumps(rows))
        same = seen.casefold() == self.job.fqdn.casefold()
        told = (
            f"It sets up {seen}, the engine's name in the backup."
            if same
            else f"It would set up {seen or 'an engine without a name'}; the backup is of"
            f" {self.job.fqdn}."
        )
        return self.context.ask(
            Prompt(
                PREVIEW if same else OTHER_NAME,
                f"engine-setup shows what it will do. {told} Go on?",
                (
                    Choice(OK, "OK: set the engine up like this"),
                    Choice(CANCEL, "Cancel: engine-setup ends, nothing is changed"),
                ),
                OK if same else CANCEL,
                self.preview.shown,
            )
        )

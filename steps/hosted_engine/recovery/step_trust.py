"""Trusting the restored engine: it keeps the CA of its backup, so that is what is compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.errors import Refused, Unreachable
from config.questions import Choice
from steps.hosted_engine.recovery.engine_step import RecoveryStep
from steps.procedure import Prompt, StepContext, Verdict, done, not_done
from steps.targets.engine import Engine
from steps.targets.engine_ca import PLACES, ChangedEngineCa, UnknownEngineCa
from steps.targets.engine_waiting import engine_up

ENGINE_CA: Final = "engine.ca"
"""The question about its CA; an answer file may give the fingerprint beforehand."""
ACCEPT: Final = "accept"
REFUSE: Final = "refuse"


class TrustEngine(RecoveryStep):
    """The engine answers, with a CA that is trusted."""

    name = "engine.trust"
    title = "The restored engine answers, and is who it says"
    reason = (
        "A restored engine keeps the CA of its backup. One that is not known yet is compared with"
        " the archive's, or shown and asked about."
    )

    def commands(self) -> Sequence[str]:
        """How the CA is fetched and compared by hand."""
        name = self.job.deploy.fqdn or "ENGINE"
        return (
            f"curl --insecure --output engine-ca.pem 'https://{name}{PLACES[0]}'",
            "openssl x509 -noout -fingerprint -sha256 -in engine-ca.pem",
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where the engine answers a call. A CA that has changed is an error, unless the
        certificates were to be renewed: then it is asked about.
        """
        try:
            about = context.targets.engine().about()
        except ChangedEngineCa as changed:
            if not self.job.renews_certificates:
                raise
            return not_done(changed.message)
        except (UnknownEngineCa, Unreachable) as error:
            return not_done(error.message)
        simulated = ", simulated" if about.simulated else ""
        return done(f"{context.targets.engine().url}: {about.product} {about.version}{simulated}")

    def apply(self, context: StepContext) -> None:
        """Wait until it answers; settle an unknown CA. Raises Refused where it is not accepted."""
        engine = context.targets.engine()
        try:
            self._greet(context, engine)
        except ChangedEngineCa as changed:
            if not self.job.renews_certificates:
                raise
            self._replace(context, changed)
            self._greet(context, engine)

    def _greet(self, context: StepContext, engine: Engine) -> None:
        self.wait(context, "the engine answers", engine_up(engine), self.limits.engine)
        try:
            engine.about()
        except UnknownEngineCa as unknown:
            self._settle(context, unknown)

    def _replace(self, context: StepContext, changed: ChangedEngineCa) -> None:
        """The certificates were renewed as it was chosen: ask, with both fingerprints."""
        if context.ask(_renewed(changed)) != ACCEPT:
            raise Refused(
                "The new CA of the engine was not accepted.",
                "Compare it on the engine's machine, then try again.",
            )
        aside = changed.replace_ca()
        context.log(f"Trusted now: SHA-256 {changed.shown.fingerprint}. The CA before: {aside}.")

    def _settle(self, context: StepContext, unknown: UnknownEngineCa) -> None:
        if self.job.ca_fingerprint and unknown.fingerprint == self.job.ca_fingerprint:
            context.log(f"The CA is the archive's: SHA-256 {unknown.fingerprint}.")
            unknown.accept()
            return
        if context.ask(self._prompt(unknown)) != ACCEPT:
            raise Refused(
                "The CA of the engine was not accepted.",
                "Compare it on the engine's machine, then try again.",
            )
        unknown.accept()

    def _prompt(self, unknown: UnknownEngineCa) -> Prompt:
        archived = self.job.ca_fingerprint
        told = (
            f"The archive's CA is another one: SHA-256 {archived}. That is right only where the"
            " certificates were renewed during the restore."
            if archived
            else "The archive does not tell which CA it has."
        )
        return Prompt(
            ENGINE_CA,
            f"Trust the CA of the engine {unknown.origin}?",
            (
                Choice(ACCEPT, "Trust it", f"it is kept in {unknown.file}"),
                Choice(REFUSE, "Do not trust it"),
            ),
            REFUSE,
            f"{unknown.ca.subject}, until {unknown.ca.ends}\nSHA-256 {unknown.fingerprint}\n{told}"
            "\nOn the engine's machine: openssl x509 -noout -fingerprint -sha256 -in"
            " /etc/pki/ovirt-engine/ca.pem",
            seen=unknown.fingerprint,
        )


def _renewed(changed: ChangedEngineCa) -> Prompt:
    shown, trusted = changed.shown, changed.trusted
    return Prompt(
        f"{ENGINE_CA}.renewed",
        f"The engine {changed.access.url} comes with another CA. Trust the new one?",
        (
            Choice(ACCEPT, "Trust the new one", "the one before is kept aside"),
            Choice(REFUSE, "Do not trust it"),
        ),
        REFUSE,
        f"The certificates were to be renewed, so that may be right.\n"
        f"Until now: {trusted.subject}, until {trusted.ends}\n  SHA-256 {trusted.fingerprint}\n"
        f"Now:       {shown.subject}, until {shown.ends}\n  SHA-256 {shown.fingerprint}\n"
        "On the engine's machine: openssl x509 -noout -fingerprint -sha256 -in"
        " /etc/pki/ovirt-engine/ca.pem",
        seen=shown.fingerprint,
    )

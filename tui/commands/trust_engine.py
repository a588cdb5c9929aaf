"""Confirming the CA of an engine, for `rekindle site --trust-engine`."""

from __future__ import annotations

import sys

from config.errors import InvalidInput, Refused
from config.site import Site
from steps.targets.engine_ca import UnknownEngineCa, kept_ca, trusted_ca
from steps.targets.fingerprints import same_fingerprint


def trust_engine(site: Site, fingerprint: str) -> str:
    """Keep the CA whose fingerprint is given, or confirmed by whoever sits here; what was done.

    Raises InvalidInput without an engine, Refused where it is not the CA that is meant.
    """
    access = site.engine
    if access is None:
        raise InvalidInput(f"The site {site.name} has no engine.", "Add `engine:` to its file.")
    try:
        file = trusted_ca(access)
    except UnknownEngineCa as unknown:
        _confirm(unknown, fingerprint)
        unknown.accept()
        return f"kept as {unknown.file}"
    known = kept_ca(file)
    if fingerprint and not same_fingerprint(fingerprint, known.fingerprint):
        raise Refused(
            f"The CA that is trusted for {access.url} has the fingerprint {known.fingerprint}.",
            f"If that is wrong, move {file} away.",
        )
    return f"trusted already: {known.subject}, SHA-256 {known.fingerprint}, in {file}"


def _confirm(unknown: UnknownEngineCa, fingerprint: str) -> None:
    if fingerprint:
        if not same_fingerprint(fingerprint, unknown.fingerprint):
            raise Refused(
                f"The engine {unknown.origin} shows a CA with the fingerprint "
                f"{unknown.fingerprint}, not the one that was given.",
                "Find out which is right before you trust it. Nothing was kept.",
            )
        return
    if not sys.stdin.isatty():
        raise InvalidInput("Nobody is here to confirm the CA.", unknown.remedy)
    print(unknown.message)
    print(unknown.remedy)
    if input("Type yes if it is the right one: ").strip() != "yes":
        raise Refused("It was not confirmed. Nothing was kept.")

"""The public key by which an engine enters its hosts over SSH."""

from __future__ import annotations

import re
from typing import Final

from config.errors import InvalidInput, Unreachable
from config.site import EngineAccess
from steps.targets.engine_ca import kept_ca, trusted_ca, verifying
from steps.targets.engine_pages import fetch

PLACE: Final = (
    "/ovirt-engine/services/pki-resource?resource=engine-certificate&format=OPENSSH-PUBKEY"
)
_KEY: Final = re.compile(
    r"((?:ssh-(?:rsa|ed25519)|ecdsa-sha2-nistp\d{3}) [A-Za-z0-9+/]{40,4000}={0,3})"
    r"(?: [ -~]{0,200})?"
)


def engine_public_key(access: EngineAccess) -> str:
    """Kind and key as OpenSSH writes them, without a comment; fetched over verified TLS.

    Raises Refused where its CA is not trusted, Unreachable, InvalidInput for what is no key.
    """
    file = trusted_ca(access)
    answer = fetch(access.url + PLACE, verifying(kept_ca(file)))
    if answer.status != 200:
        raise Unreachable(
            f"{answer.url} answers {answer.status}: {answer.said or 'nothing'!r}.",
            "The engine may still be starting: try again, or give the password of root.",
        )
    found = _KEY.fullmatch(answer.body.decode("ascii", "replace").strip())
    if found is None:
        raise InvalidInput(
            f"{answer.url} offers no SSH key: {answer.said or 'nothing'!r}.",
            "Give the password of root instead.",
        )
    return found[1]

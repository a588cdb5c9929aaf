"""The process that looks at the world for one question, or for a survey: one line in, one out."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from config.errors import InvalidInput, RekindleError, StepFailed
from config.secrets import Secret
from config.site import Site
from config.site_file import site_from_data
from steps import catalogue
from steps.error_data import error_to_data
from steps.probing import probed_to_data
from steps.procedure import ProbeInput, Procedure
from steps.run.values import given_from_data
from steps.targets import Targets

OpenTargets = Callable[[Site, Mapping[str, Secret]], Targets]


def main(
    find: Callable[[str], Procedure] = catalogue.find, open_targets: OpenTargets | None = None
) -> int:
    """Answer the request on standard input; the answer alone goes to standard output."""
    answer_to = _standard_output_for_us_alone()
    request = json.loads(sys.stdin.readline())
    answer = _answer(request, find, open_targets or _open_targets)
    with open(answer_to, "w", encoding="utf-8") as pipe:
        pipe.write(json.dumps(answer) + "\n")
    return 0


def _answer(
    request: Mapping[str, Any], find: Callable[[str], Procedure], open_targets: OpenTargets
) -> dict[str, Any]:
    try:
        return _look(request, find, open_targets)
    except RekindleError as error:
        return error_to_data(error)
    except Exception as error:  # noqa: BLE001  (the process boundary: what it is goes to the log)
        traceback.print_exc()
        message = f"Looking failed unexpectedly: {type(error).__name__}."
        return error_to_data(StepFailed(message, "The details are in probe.log."))


def _look(
    request: Mapping[str, Any], find: Callable[[str], Procedure], open_targets: OpenTargets
) -> dict[str, Any]:
    procedure = find(request["procedure"])
    site = site_from_data(request["site"])
    secrets = {name: Secret(text) for name, text in request["secrets"].items()}
    targets = open_targets(site, secrets)
    try:
        looked_at = ProbeInput(site, given_from_data(request["given"]), targets)
        if "probe" not in request:
            return {"survey": procedure.survey(looked_at)}
        probe = procedure.probes.get(request["probe"])
        if probe is None:
            raise InvalidInput(f"{procedure.name} has no probe {request['probe']!r}.")
        return {"probed": probed_to_data(probe(looked_at))}
    finally:
        targets.close()


def _standard_output_for_us_alone() -> int:
    """The real standard output; whatever else prints there goes to standard error from now on."""
    sys.stdout.flush()
    own = os.dup(1)
    os.dup2(2, 1)
    return own


def _open_targets(site: Site, secrets: Mapping[str, Secret]) -> Targets:
    from steps.targets.open import open_targets

    return open_targets(site, secrets)


if __name__ == "__main__":
    sys.exit(main())

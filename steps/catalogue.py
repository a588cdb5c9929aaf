"""The one list of procedures, written out. A system's module is imported when it is asked for."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib import import_module
from typing import Final

from config.errors import InvalidInput
from steps.procedure import Procedure

PROCEDURES: Final = {
    "virtual_machine.restore": "steps.virtual_machine.restore:PROCEDURE",
    "virtual_machine.backup": "steps.virtual_machine.backup.procedure:PROCEDURE",
    "virtual_machine.check": "steps.virtual_machine.check.procedure:PROCEDURE",
    "virtual_machine.plan": "steps.virtual_machine.plans.procedure:PROCEDURE",
    "virtual_machine.repair": "steps.virtual_machine.dashboard.repair:PROCEDURE",
    "hosted_engine.deploy": "steps.hosted_engine.deploy:PROCEDURE",
    "hosted_engine.backup": "steps.hosted_engine.backup.procedure:PROCEDURE",
    "hosted_engine.schedule": "steps.hosted_engine.backup.nightly.procedure:PROCEDURE",
    "hosted_engine.restore": "steps.hosted_engine.restore.procedure:PROCEDURE",
    "hosted_engine.rejoin": "steps.hosted_engine.rejoin.procedure:PROCEDURE",
}
"""Where each procedure is written, by name, in the order of the home screen."""

Find = Callable[[str], Procedure]


def names() -> tuple[str, ...]:
    """Every procedure's name. Imports no system."""
    return tuple(PROCEDURES)


def find(name: str) -> Procedure:
    """The procedure of that name; raises InvalidInput with the nearest names."""
    place = PROCEDURES.get(name)
    if place is None:
        near = difflib.get_close_matches(name, PROCEDURES, n=3, cutoff=0.4) or PROCEDURES
        raise InvalidInput(f"There is no procedure {name!r}.", f"Did you mean: {', '.join(near)}?")
    module, _, attribute = place.partition(":")
    procedure: Procedure = getattr(import_module(module), attribute)
    return procedure


def procedures() -> tuple[Procedure, ...]:
    """Every procedure, in the order of the home screen."""
    return tuple(find(name) for name in PROCEDURES)

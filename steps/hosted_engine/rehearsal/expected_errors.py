"""Errors of a restore that do not count, because every restore of an engine's database has them.

The first ones are those that engine-backup itself passes over (it restores as a user that may not
make languages or extensions its own). The last one is of a PostgreSQL newer than the backup's.
"""

from __future__ import annotations

import re
from typing import Final

from steps.hosted_engine.rehearsal.wire import ServerError

_AS_ENGINE_BACKUP: Final = "engine-backup passes over it as well"
_BROUGHT: Final = "this newer PostgreSQL brings that language itself"

_EXPECTED: Final = tuple(
    (re.compile(pattern), why)
    for pattern, why in (
        (r'language "plpgsql" already exists', _AS_ENGINE_BACKUP),
        (r"must be owner of language plpgsql", _AS_ENGINE_BACKUP),
        (r"must be owner of extension (?:plpgsql|uuid-ossp)", _AS_ENGINE_BACKUP),
        (r"permission denied for language c", _AS_ENGINE_BACKUP),
        (
            r"function (?:public\.)?uuid_(?:generate_v(?:1|1mc|4)\(\)"
            r"|generate_v[35]\(uuid, text\)|nil\(\)|ns_(?:dns|oid|url|x500)\(\)) does not exist",
            _AS_ENGINE_BACKUP,
        ),
        (r'extension "plpgsql" already exists', _BROUGHT),
    )
)
_DATA_ERRORS: Final = ("22", "23")
_PLACE: Final = re.compile(r"COPY (\S{1,130}), line (\d+)(?:, column (\w{1,63}))?")
_LONGEST: Final = 200


def why_expected(error: ServerError) -> str:
    """Why it does not count; empty where it does."""
    return next((why for pattern, why in _EXPECTED if pattern.fullmatch(error.message)), "")


def without_data(error: ServerError) -> str:
    """The message, less what it quotes out of a row: that may be a password."""
    message = error.message
    if error.code[:2] in _DATA_ERRORS:
        message = message.partition(":")[0]
    place = _PLACE.search(error.where)
    if place is not None:
        column = f", column {place[3]}" if place[3] else ""
        message = f"{place[1]}, line {place[2]}{column}: {message}"
    return ascii(message[:_LONGEST])[1:-1]

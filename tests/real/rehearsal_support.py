"""What the tests of rehearsals share: archives with real dumps, and what is left behind."""

import os
from pathlib import Path

import pytest

from steps.hosted_engine.rehearsal import scratch_folder
from steps.hosted_engine.rehearsal.rehearse import rehearse
from tests.engine_archives import MODERN, build

END = b"--\n-- PostgreSQL database dump complete\n"


def archive(tmp_path, dump=None, recipe=MODERN, **changes):
    """An archive with this dump of the engine's database."""
    dumps = {} if dump is None else {"engine_backup.db": dump}
    return build(tmp_path / "engine.backup", recipe.but(**{"dumps": dumps, **changes}))


def one(path, folder, **options):
    """The one database that was rehearsed."""
    (database,) = rehearse(path, folder=folder, **options).databases
    return database


def servers(folder) -> list[int]:
    """Processes that serve a scratch database below that folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in command and b"postgres" in command.split(b"\0")[0]:
            found.append(int(process.name))
    return found


@pytest.fixture(scope="session")
def dumps(postgres):
    """What pg_dump wrote, by schema and options; each is made once."""
    made = {}

    def dump(*options, schema="4.5"):
        if (schema, options) not in made:
            made[schema, options] = postgres.dump(f"engine-{schema}", *options)
        return made[schema, options]

    return dump


@pytest.fixture
def plain_with(dumps):
    """A plain dump of the engine's database with more SQL before its end mark."""
    return lambda sql: dumps("--format=plain").replace(END, sql.encode() + b"\n" + END)


@pytest.fixture
def scratch(tmp_path_factory):
    """Where the scratch servers of one test are made; afterwards nothing of them is left."""
    folder = Path("/var/tmp") / f"rk-{os.getpid()}-{os.urandom(3).hex()}"
    folder.mkdir()
    # As /var/tmp is: the account that the server runs as must be able to come here.
    folder.chmod(0o1777)
    yield folder
    assert servers(folder) == []
    assert [path.name for path in folder.iterdir()] == []
    folder.rmdir()


def leftovers(folder):
    return list(folder.glob(scratch_folder.PREFIX + "*"))

"""SQL from the engine's machine, as the engine's own user: what the engine itself will see.

The password goes over standard input into a file that only its owner reads, gone afterwards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from config.errors import StepFailed
from config.secrets import Secret
from steps.targets.lines import last_lines
from steps.targets.shell import Shell

_PSQL: Final = r"""
umask 077
folder=$(mktemp -d) || exit 1
trap 'rm -rf -- "$folder"' EXIT
trap 'exit 1' HUP INT TERM
IFS= read -r entry || exit 1
printf '%s\n' "$entry" > "$folder/pgpass"
PGPASSFILE=$folder/pgpass; PGCONNECT_TIMEOUT=10; LC_ALL=C
export PGPASSFILE PGCONNECT_TIMEOUT LC_ALL
if [ -n "$5" ]; then PGSSLMODE=$5; export PGSSLMODE; fi
for psql in psql /opt/rh/rh-postgresql10/root/usr/bin/psql /opt/rh/rh-postgresql95/root/usr/bin/psql
do
  if command -v "$psql" >/dev/null 2>&1; then break; fi
done
case $psql in /opt/rh/*)
  LD_LIBRARY_PATH=${psql%/bin/psql}/lib64; export LD_LIBRARY_PATH;;
esac
"$psql" -X -w -q -A -t -F "	" -v ON_ERROR_STOP=1 -h "$1" -p "$2" -U "$3" -d "$4" -f -
"""
_SETTING: Final = re.compile(r'^(?:ENGINE|DWH)_DB_([A-Z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))\s*$')
_ESCAPED: Final = re.compile(r"\\(.)")
_PORT: Final = re.compile(r"[0-9]{1,5}")
MOST_SETTINGS: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class DatabaseLogin:
    """Who connects, and where."""

    host: str
    port: int
    name: str
    user: str
    password: Secret
    secured: bool = False
    """Whether the connection is encrypted by all means."""
    validated: bool = False
    """Whether the server's certificate is checked, as engine-setup does it."""

    @property
    def encryption(self) -> str:
        """What libpq calls it; empty: as the server and it agree. engine-setup takes the same."""
        if not self.secured:
            return ""
        return "verify-full" if self.validated else "require"

    @property
    def remedy(self) -> str:
        """Where to look when the server does not let one in."""
        usual = "Look at the database server, pg_hba.conf, its port and the firewall between."
        if self.encryption == "verify-full":
            return (
                f"{usual} Its certificate must name {self.host}, and its CA must stand in"
                " ~/.postgresql/root.crt of root on the engine's machine."
            )
        return f"{usual} It must offer TLS: ssl = on." if self.secured else usual

    @property
    def shown(self) -> str:
        """For messages."""
        return f"{self.user}@{self.host}:{self.port}/{self.name}"


def query(shell: Shell, login: DatabaseLogin, sql: str) -> list[list[str]]:
    """The rows, each a list of texts. Raises StepFailed with what the server says."""
    entry = ":".join(
        part.replace("\\", "\\\\").replace(":", "\\:")
        for part in (login.host, str(login.port), login.name, login.user, login.password.reveal())
    )
    where = [login.host, str(login.port), login.user, login.name, login.encryption]
    done = shell.run(
        ["/bin/sh", "-c", _PSQL, "psql", *where], stdin=f"{entry}\n{sql}\n".encode(), check=False,
        timeout=600,
    )  # fmt: skip
    if done.code != 0:
        said = last_lines(done.err) or last_lines(done.out) or f"exit code {done.code}"
        raise StepFailed(
            f"From {shell.where}, {login.shown} cannot be asked: {said}",
            login.remedy,
            seen=said,
            expected="an answer",
        )
    return [line.split("\t") for line in done.out.splitlines()]


def login_in(text: str) -> DatabaseLogin | None:
    """Who connects, out of the engine's own settings file; None where something is missing."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _SETTING.match(line.strip())
        if match is not None:
            found[match[1]] = _ESCAPED.sub(r"\1", match[2]) if match[2] is not None else match[3]
    port = found.get("PORT", "")
    whole = all(found.get(name) for name in ("HOST", "USER", "DATABASE"))
    if not whole or not _PORT.fullmatch(port) or any(map(_is_odd, found.values())):
        return None
    return DatabaseLogin(
        found["HOST"], int(port), found["DATABASE"], found["USER"],
        Secret(found.get("PASSWORD", "")), _is_true(found.get("SECURED")),
        _is_true(found.get("SECURED_VALIDATION")),
    )  # fmt: skip


def _is_true(value: str | None) -> bool:
    return (value or "").casefold() == "true"


def _is_odd(value: str) -> bool:
    """Whether it would be something else to psql, or two lines of a password file."""
    return value.startswith("-") or any(ord(letter) < 32 for letter in value)


def login_there(shell: Shell, path: str) -> DatabaseLogin | None:
    """Who connects, by the settings file on that host; None where there is no such file."""
    if shell.status(path) is None:
        return None
    return login_in(shell.read(path, limit=MOST_SETTINGS).decode("utf-8", "replace"))

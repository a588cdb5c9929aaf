"""Long commands on another host: watched, stoppable, and with errors as the system gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from config.errors import Refused
from steps.targets.lines import BoundedOutput
from steps.targets.processes import Receive
from steps.targets.remote_files import RemoteFiles, said_error
from steps.targets.ssh_connection import SshConnection
from steps.targets.ssh_probe import Probed, ProbeShell
from steps.targets.ssh_process import run_remote

_MOST_SAID = 1 << 20
_BUSY = 75

LOCK = f'umask 077; exec 9>> "$1" || exit 1; flock -n 9 || exit {_BUSY}; '
"""Shell that makes the file $1 and locks it for as long as the command that follows runs, also
where our connection ends first."""


FIND_HASHER = (
    "hasher=sha256sum; command -v openssl > /dev/null && hasher='openssl dgst -sha256 -r'\n"
)
"""Shell that sets $hasher. openssl is three to four times faster than sha256sum where that is not
built on it, as on Debian 12."""


class Busy(Refused):
    """Another copy to the same target is running; what it has written is left alone."""


def _nothing() -> None:
    return


class RemoteWork:
    """One host's connection with what is built on it."""

    def __init__(self, connection: SshConnection) -> None:
        self.connection = connection
        self.probe = ProbeShell(connection)
        self.files = RemoteFiles(self.probe)

    def run(
        self,
        script: str,
        arguments: Sequence[str],
        doing: str,
        *,
        stdin: Iterable[bytes] = (),
        on_out: Receive | None = None,
        on_err: Callable[[str], None] | None = None,
        on_tick: Callable[[], None] = _nothing,
    ) -> str:
        """Run a few lines of shell until they end, however long that takes; returns stdout.

        The script sees the arguments as $1, $2 ... With `on_out` that gets the output as it comes;
        `on_err` gets what was said on stderr, at the end. What it says on failure becomes our
        error, as if the system had said it here.
        """
        out, err = BoundedOutput(_MOST_SAID), BoundedOutput(_MOST_SAID)
        command = ["/bin/sh", "-c", script, "sh", *arguments]
        code = run_remote(
            self.connection, command, on_out or out.feed, err.feed, stdin=stdin, on_tick=on_tick
        )
        if code == _BUSY:
            raise Busy(f"{doing}: another copy to it is running.", "Wait for it, or stop it.")
        if code:
            raise said_error(Probed(code, b"", err.text()), doing)
        if on_err is not None:
            on_err(err.text())
        return out.text()

    def sha256(self, path: str, on_tick: Callable[[], None] = _nothing) -> str:
        """SHA-256 of a file, taken there."""
        script = FIND_HASHER + 'exec $hasher < "$1"'
        return self.run(script, [path], f"Cannot read {path!r}", on_tick=on_tick).split(" ")[0]

    def close(self) -> None:
        """End the probe shell and the connection."""
        self.probe.close()
        self.connection.close()

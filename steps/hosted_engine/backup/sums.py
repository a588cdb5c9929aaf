"""The checksums of a folder, changed so that two runs at once lose none of each other's lines."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.backup.job import SUMS
from steps.targets.shell import Shell

MOST: Final = 64 << 20
_TRIES: Final = 10
_CHANGED: Final = 75
_SECONDS: Final = 120.0
# The lock is on the folder itself, so that nothing is left there. Where a file system has no such
# lock, what is compared keeps the moment short in which a line could be lost.
_SWAP: Final = r"""
umask 077
new="$1/.rekindle-sums-$3"
trap 'rm -f -- "$new"' EXIT
cat > "$new" || exit 1
[ "$(sha256sum < "$new" | cut -c 1-64)" = "$5" ] || { echo 'it did not arrive whole' >&2; exit 1; }
sync "$new" 2>/dev/null || sync
exec 9< "$1" && command -v flock >/dev/null 2>&1 && flock -w 60 9
now=$(2>/dev/null sha256sum < "$1/$2" | cut -c 1-64)
[ "$now" = "$4" ] || exit 75
mv -f -- "$new" "$1/$2"
"""


def change_sums(shell: Shell, folder: str, change: Callable[[str], str]) -> None:
    """Replace the list by what `change` makes of it: only where it still is what was read.

    Every byte of others' lines stays. Raises StepFailed where others never leave off changing it.
    """
    base = folder.rstrip("/")
    for _ in range(_TRIES):
        before = _read(shell, f"{base}/{SUMS}")
        # Any byte is a character of latin-1, and comes back as it was.
        after = change((before or b"").decode("latin-1")).encode("latin-1")
        if after == (before or b"") or _swapped(shell, base, before, after):
            return
    raise StepFailed(
        f"{base}/{SUMS} on {shell.where} changes all the time: it was left as it is.",
        "Look who writes it, then try again.",
    )


def _read(shell: Shell, path: str) -> bytes | None:
    status = shell.status(path)
    if status is None:
        return None
    if status.size > MOST:
        raise StepFailed(f"{path} on {shell.where} is too large for a list.", "Look at it by hand.")
    return shell.read(path, limit=MOST)


def _swapped(shell: Shell, folder: str, before: bytes | None, after: bytes) -> bool:
    expected = hashlib.sha256(before).hexdigest() if before is not None else ""
    wanted, token = hashlib.sha256(after).hexdigest(), secrets.token_hex(8)
    command = ["/bin/sh", "-c", _SWAP, "sh", folder, SUMS, token, expected, wanted]
    done = shell.run(command, stdin=after, timeout=_SECONDS, check=False)
    if done.code not in (0, _CHANGED):
        raise StepFailed(
            f"{folder}/{SUMS} on {shell.where} cannot be replaced: {done.err.strip()[:500]}",
            "Look at the folder there, then try again.",
        )
    return done.code == 0

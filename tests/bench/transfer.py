"""SSH get and put against scp with the same cipher, over a real sshd on loopback.

scp connects for each file, checks nothing and leaves the data in the cache. Ours hashes at both
ends and fsyncs, over the connection that a run holds open anyway: that is the claim. With a new
connection for the one file it is timed too, as a detail.

The account's login scripts do not run. A shell that sshd starts may read them, which is the
account's affair; scp is spared it by sshd's internal-sftp, and that alone can cost a fifth here.
"""

import os
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from steps.targets.open_shell import open_shell
from tests.bench.claim import Claim, interleaved, ratio_claim
from tests.bench.copying import clear, make_dense
from tests.real.sshd_support import SshServer, running_sshd

CIPHER = "aes128-gcm@openssh.com"
WITHOUT_LOGIN_SCRIPTS = "SetEnv HOME=/nonexistent"


def measure(rounds: int, size: int = 256 << 20) -> list[Claim]:
    """`size` in bytes of the one file that goes back and forth."""
    with (
        tempfile.TemporaryDirectory(prefix="rekindle-bench-") as folder,
        running_sshd(WITHOUT_LOGIN_SCRIPTS) as server,
    ):
        source, target = Path(folder, "source"), Path(folder, "target")
        make_dense(source, size)
        os.sync()
        return [_claim(way, server, source, target, rounds) for way in ("get", "put")]


def _claim(way: str, server: SshServer, source: Path, target: Path, rounds: int) -> Claim:
    held = open_shell(server.access(), "bench")
    held.run(["true"])

    def fresh() -> None:
        shell = open_shell(server.access(), "bench")
        getattr(shell, way)(str(source), str(target))
        shell.close()

    works = {
        "scp": lambda: _scp(way, server, source, target),
        "held": lambda: getattr(held, way)(str(source), str(target)),
        "fresh": fresh,
    }
    timings = interleaved(works, rounds, lambda: clear(target))
    held.close()
    name = f"SSH {way}, verified, connection held / scp"
    claim = ratio_claim(name, timings, "held", "scp", 1.1)
    connecting = ratio_claim(name, timings, "fresh", "scp", 1.1).measured
    return replace(claim, detail=f"{claim.detail}; with a new connection {connecting:.2f}x")


def _scp(way: str, server: SshServer, source: Path, target: Path) -> None:
    there = f"{server.user}@127.0.0.1:"
    ends = (
        [there + str(source), str(target)] if way == "get" else [str(source), there + str(target)]
    )
    options = [f"UserKnownHostsFile={server.known_hosts}", "IdentitiesOnly=yes", "BatchMode=yes"]
    command = ["scp", "-q", "-c", CIPHER, "-P", str(server.port), "-i", str(server.user_key)]
    command += [part for option in options for part in ("-o", option)]
    subprocess.run([*command, *ends], check=True)

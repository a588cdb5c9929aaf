"""SSH get and put against scp with the same cipher, over a real sshd on loopback.

scp connects for each file and checks nothing. Ours hashes at both ends and fsyncs; it is timed
once with a connection of its own, as scp has, and once on the connection it holds open anyway.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from steps.targets.open_shell import open_shell
from tests.bench.claim import Claim, interleaved, ratio_claim
from tests.bench.copying import clear, make_dense
from tests.real.sshd_support import SshServer, running_sshd

CIPHER = "aes128-gcm@openssh.com"


def measure(rounds: int, size: int = 256 << 20) -> list[Claim]:
    """`size` in bytes of the one file that goes back and forth."""
    with (
        tempfile.TemporaryDirectory(prefix="rekindle-bench-") as folder,
        running_sshd() as server,
    ):
        source, target = Path(folder, "source"), Path(folder, "target")
        make_dense(source, size)
        os.sync()
        return [
            claim
            for way in ("get", "put")
            for claim in _claims(way, server, source, target, rounds)
        ]


def _claims(way: str, server: SshServer, source: Path, target: Path, rounds: int) -> list[Claim]:
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
    return [
        ratio_claim(f"SSH {way}, verified, connection held / scp", timings, "held", "scp", 1.1),
        ratio_claim(f"SSH {way}, verified, new connection / scp", timings, "fresh", "scp", 1.1),
    ]


def _scp(way: str, server: SshServer, source: Path, target: Path) -> None:
    there = f"{server.user}@127.0.0.1:"
    ends = (
        [there + str(source), str(target)] if way == "get" else [str(source), there + str(target)]
    )
    options = [f"UserKnownHostsFile={server.known_hosts}", "IdentitiesOnly=yes", "BatchMode=yes"]
    command = ["scp", "-q", "-c", CIPHER, "-P", str(server.port), "-i", str(server.user_key)]
    command += [part for option in options for part in ("-o", option)]
    subprocess.run([*command, *ends], check=True)

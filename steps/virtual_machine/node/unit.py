"""The systemd unit of a node's daemon. Pure.

Not stricter than the work allows: images, retain and backup lie wherever the backup plans say, so
the file system stays writable apart from what belongs to the operating system.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

STATE: Final = Path("/var/lib/rekindle-node")
"""What StateDirectory= makes."""

_UNIT = """\
# Written by `rekindle node --systemd-unit`. As root:
#   rekindle node --systemd-unit > /etc/systemd/system/rekindle-node.service
#   systemctl daemon-reload && systemctl enable --now rekindle-node
[Unit]
Description=Rekindle: carries out the backup orders of the directory on this node
Documentation=man:virsh(1)
Wants=network-online.target
After=network-online.target libvirtd.service virtqemud.service
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={command}
Restart=on-failure
RestartSec=10
# Bad input or a refusal is not mended by trying again.
RestartPreventExitStatus=2 3
# A snapshot or a restore that has begun is finished first: its machine is down meanwhile.
TimeoutStopSec=15min
KillSignal=SIGTERM
# Machines that an embedded hypervisor runs are not ended with the daemon.
KillMode=process
StateDirectory={state}
StateDirectoryMode=0700
UMask=0077
NoNewPrivileges=yes
ProtectSystem=full
ProtectHome=read-only
ProtectKernelTunables=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK

[Install]
WantedBy=multi-user.target
"""


def unit(program: Sequence[str], node: str, site_file: Path) -> str:
    """The unit that starts `program` as the daemon of `node` with that site file."""
    words = [*program, "node", "--site", str(site_file), "--node", node, "--state", str(STATE)]
    return _UNIT.format(command=" ".join(map(_word, words)), state=STATE.name)


def _word(text: str) -> str:
    """A word of ExecStart=: quoted, with systemd's own specifiers and variables taken literally."""
    literal = text.replace("%", "%%").replace("$", "$$")
    if literal and not any(c in literal for c in " \t\"'\\;"):
        return literal
    return '"' + literal.replace("\\", "\\\\").replace('"', '\\"') + '"'

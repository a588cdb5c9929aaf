"""Probes of iSCSI targets and of LUNs. Nothing is kept on the host and nobody is logged in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from config.questions import Choice, Finding
from steps.hosted_engine.probes.block_devices import Lun, lun_of, luns_of
from steps.hosted_engine.probes.look import Look, found, last_words, ok, warn, wrong
from steps.procedure import Probed, ProbeInput
from steps.run.text import counted
from steps.targets.sizes import size_text

LEAST = 20480 << 20
"""What the tool wants of a storage domain."""

_TARGET = re.compile(r"^(\S+),(-?\d+) (\S+)$")


def list_targets(probe: ProbeInput) -> Probed:
    """The targets that the portals name, asked without keeping a record."""
    look = Look(probe)
    if look.given("iscsi_discover_user") or (look.is_classic() and look.given("iscsi_user")):
        return found(
            warn(
                "not asked: iscsiadm takes a CHAP password on its command line only,"
                " where every user of the host could read it",
                "Type the target's name; the tool will ask the portal.",
            )
        )
    ports = (look.given("iscsi_port") or "3260").split(",")
    portals = look.text("iscsi_portal").split(",")
    findings: list[Finding] = []
    targets: dict[str, list[str]] = {}
    for number, portal in enumerate(portals):
        port = ports[min(number, len(ports) - 1)].strip()
        _discover(look, _portal(portal.strip(), port), targets, findings)
    choices = tuple(Choice(n, n, ", ".join(where)) for n, where in sorted(targets.items()))
    return Probed(tuple(findings), choices, choices[0].value if len(choices) == 1 else None)


def _portal(address: str, port: str) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _discover(
    look: Look, portal: str, targets: dict[str, list[str]], findings: list[Finding]
) -> None:
    done = look.run(
        "iscsiadm",
        "-m",
        "discovery",
        "-t",
        "sendtargets",
        "-p",
        portal,
        "-o",
        "nonpersistent",
        seconds=10,
    )
    if missing := look.missing(done, "iscsiadm"):
        findings.append(missing)
        return
    named = parse_targets(done.out)
    for where, name in named:
        targets.setdefault(name, []).append(where)
    if done.code == 0:
        told = counted(len(named), "portal")
        findings.append(ok(f"{portal} names {told} of targets; no record was kept"))
    else:
        findings.append(
            wrong(
                f"{portal} names no targets: {last_words(done)}",
                "Check address, port and access rights at the target.",
            )
        )


def parse_targets(printed: str) -> tuple[tuple[str, str], ...]:
    """(portal, target) pairs out of a discovery: `10.0.0.5:3260,1 iqn.2015-05...`."""
    lines = (_TARGET.match(line.strip()) for line in printed.splitlines())
    return tuple((line[1], line[3]) for line in lines if line)


def list_luns(probe: ProbeInput) -> Probed:
    """The LUNs that the host sees now."""
    look = Look(probe)
    done = look.run("multipath", "-ll")
    if missing := look.missing(done, "multipath"):
        return found(missing)
    luns = luns_of(look)
    note = f"multipath on {look.host} shows {len(luns)} LUNs"
    findings = [ok(note) if luns else warn(note)]
    if look.given("storage_type") == "iscsi" and (unseen := tuple(_sessions(look))):
        return found(*unseen)
    choices = tuple(
        Choice(lun.guid, f"{lun.guid}  {size_text(lun.size)}", lun.described, _refused(lun))
        for lun in luns
    )
    return Probed(tuple(findings), choices)


def _sessions(look: Look) -> Iterator[Finding]:
    target = look.given("iscsi_target")
    if target and target not in look.run("iscsiadm", "-m", "session").out.split():
        yield warn(
            f"{look.host} is not logged in at {target}: its LUNs are not seen now",
            "Give the GUID from the storage array, or log in by hand first.",
        )


def _refused(lun: Lun) -> str:
    return "" if lun.size >= LEAST else f"smaller than {size_text(LEAST)}"


def check_lun(probe: ProbeInput) -> Probed:
    """Big enough, empty, all paths active."""
    look = Look(probe)
    lun = lun_of(luns_of(look), look.text("lun"))
    if lun is None:
        return found(warn(f"{look.host} does not see LUN {look.text('lun')} now: not looked at"))
    return found(*_judged(lun, force=probe.given.get("force_create_vg") is True))


def _judged(lun: Lun, *, force: bool) -> Iterator[Finding]:
    if lun.size < LEAST:
        yield wrong(
            f"{lun.guid} has {size_text(lun.size)}; {size_text(LEAST)} are needed",
            "Choose a bigger one.",
        )
    if lun.used and not force:
        yield wrong(f"{lun.guid} is used: {lun.used}", "Choose an empty one, or have it wiped.")
    elif lun.used:
        yield warn(f"{lun.guid} is used: {lun.used}. It will be overwritten.")
    if lun.failed:
        yield warn(f"{lun.failed} of its {lun.failed + lun.active} paths have failed")
    if lun.size >= LEAST and not lun.used:
        yield ok(f"{lun.guid}: {size_text(lun.size)}, {lun.described}")

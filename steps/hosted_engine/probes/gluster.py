"""What a Gluster volume must be like: replica 3, started, with the options of the guide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from config.questions import Finding
from steps.hosted_engine.probes.look import Look, last_words, ok, warn, wrong

OPTIONS = {
    "cluster.quorum-type": "auto",
    "network.ping-timeout": "10",
    "auth.allow": "*",
    "storage.owner-uid": "36",
    "storage.owner-gid": "36",
    "server.allow-insecure": "on",
}
"""The options of the guide; `group virt` is a set of others and cannot be read back as one."""

MAX_XML = 1 << 20


@dataclass(frozen=True, slots=True)
class Volume:
    """What `gluster volume info` says of one volume."""

    name: str
    status: str
    replicas: int
    bricks: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)


def check_volume(look: Look, source: str) -> Iterator[Finding]:
    """Ask the server, without joining its pool."""
    server, _, name = source.partition(":/")
    done = look.run(
        "gluster",
        "--mode=script",
        "--xml",
        f"--remote-host={server}",
        "volume",
        "info",
        name.strip("/"),
        seconds=8,
    )
    if missing := look.missing(done, "gluster"):
        yield missing
        return
    volume = parse_volume(done.out)
    if volume is None:
        yield warn(f"{server} tells nothing of the volume {name}: {last_words(done)}")
        return
    yield from judge_volume(volume)


def parse_volume(xml: str) -> Volume | None:
    """The first volume of the answer; None where it is no such answer."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(xml[:MAX_XML].encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    volume = root.find(".//volumes/volume")
    if volume is None:
        return None
    replicas = (volume.findtext("replicaCount") or "0").strip()
    options = {
        (o.findtext("name") or ""): (o.findtext("value") or "") for o in volume.iter("option")
    }
    return Volume(
        volume.findtext("name") or "",
        volume.findtext("statusStr") or "",
        int(replicas) if replicas.isdigit() and len(replicas) < 6 else 0,
        tuple(brick.findtext("name") or brick.text or "" for brick in volume.iter("brick")),
        options,
    )


def judge_volume(volume: Volume) -> Iterator[Finding]:
    """The tool's own rules, and the options of the guide."""
    if volume.replicas != 3:
        yield wrong(
            f"the volume {volume.name} has replica {volume.replicas}; only 3 is taken",
            "Make a replica 3 volume.",
        )
    if volume.status != "Started":
        yield wrong(
            f"the volume {volume.name} is {volume.status or 'in no known state'}",
            f"gluster volume start {volume.name}",
        )
    hosts = {brick.partition(":")[0] for brick in volume.bricks}
    if len(hosts) < 3:
        yield warn(f"its {len(volume.bricks)} bricks are on {len(hosts)} hosts", "Use three.")
    different = [
        f"{name} {value}" for name, value in OPTIONS.items() if volume.options.get(name) != value
    ]
    if different:
        yield warn(
            f"options of the guide that are not set: {', '.join(different)}",
            f"gluster volume set {volume.name} NAME VALUE, for each.",
        )
    if volume.replicas == 3 and volume.status == "Started" and not different:
        yield ok(f"the volume {volume.name} is replica 3, started, with the options of the guide")

"""Probes of the host as a whole: which tool is there, what an earlier deployment left behind."""

from __future__ import annotations

from collections.abc import Iterator

from config.interviews.hosted_engine.builds import ANSIBLE, BUILDS, CLASSIC, build_of, era_of
from config.questions import Choice, Finding
from steps.hosted_engine.probes.look import Look, found, last_words, ok, warn, wrong
from steps.hosted_engine.probes.machine_facts import parse_processors
from steps.procedure import Probed, ProbeInput
from steps.targets.sizes import size_text

PACKAGE = "ovirt-hosted-engine-setup"
NEEDED_IN_VAR_TMP = 60 << 30
"""The appliance's disk, 50 GiB, unpacked once and a tenth; a thin copy needs less."""

_LEFT_FILES = (
    "/etc/ovirt-hosted-engine/hosted-engine.conf",
    "/etc/ovirt-hosted-engine/answers.conf",
    "/var/run/ovirt-hosted-engine-ha/vm.conf",
)
_VAR_TMP = "/var/tmp"  # noqa: S108  (the tool's own place)
CLEAN_UP = "Clean up first: ovirt-hosted-engine-cleanup where there is one, else by hand."


def list_hosts(probe: ProbeInput) -> Probed:
    """The engine hosts of the site."""
    hosts = probe.site.engine_hosts
    if not hosts:
        return found(wrong("the site names no engine hosts", "Add them under engine_hosts."))
    return Probed(
        choices=tuple(
            Choice(h.name, h.name, f"SSH to {h.shell.host}" if h.shell.host else "this host")
            for h in hosts
        )
    )


def suggest_era(probe: ProbeInput) -> Probed:
    """The generation of the tool that is installed."""
    look = Look(probe)
    build, seen = _installed(look)
    if build is None:
        return found(warn(seen, "Choose the generation yourself."))
    return Probed((ok(seen),), suggested=era_of(build))


def suggest_build(probe: ProbeInput) -> Probed:
    """The build that is installed, where it is of the chosen generation."""
    look = Look(probe)
    build, seen = _installed(look)
    if build is None or build not in BUILDS.get(look.given("era"), ()):
        return found(warn(f"{seen}; the newest of the generation is assumed"))
    return Probed((ok(seen),), suggested=build)


def check_build(probe: ProbeInput) -> Probed:
    """Whether the version that was chosen asks what the installed one asks."""
    look = Look(probe)
    build, seen = _installed(look)
    chosen = look.text("build")
    if build is None or build == chosen:
        return Probed()
    return found(
        warn(
            f"{seen}, you chose {chosen}: it may ask other questions",
            "Right only for an answer file of another host; to deploy here, choose what is there.",
        )
    )


def _installed(look: Look) -> tuple[str | None, str]:
    done = look.run("rpm", "-q", "--qf", "%{VERSION}-%{RELEASE}", PACKAGE)
    version = done.out.strip()
    build = build_of(version) if done.code == 0 else None
    if build is None:
        return None, f"rpm on {look.host} knows no {PACKAGE}: {last_words(done)}"
    return build, f"{PACKAGE} {version} is installed on {look.host}"


def check_host(probe: ProbeInput) -> Probed:
    """Whether the host can be deployed on, and whether something is left behind."""
    look = Look(probe)
    return Probed(tuple(_host(look)))


def _host(look: Look) -> Iterator[Finding]:
    host = look.probe.site.engine_host(look.host)
    program = host.command[0] if host else "hosted-engine"
    there = look.script('command -v -- "$1"', program)
    if there.code == 0:
        yield ok(f"{program} is {there.out.strip()}")
    else:
        yield wrong(f"{program} is not there", f"Install {PACKAGE}, or correct the site file.")
    if look.run("id", "-u").out.strip() != "0":
        yield wrong("commands there do not run as root", "Let the site file log in as root.")
    yield _virtualisation(look)
    yield from _leftovers(look)
    room = look.shell.free_space(_VAR_TMP)
    said = f"{_VAR_TMP} has {size_text(room)} free"
    if room < NEEDED_IN_VAR_TMP:
        yield warn(
            f"{said}; the appliance wants up to {size_text(NEEDED_IN_VAR_TMP)}",
            "Make room, or boot from disc or network.",
        )
    else:
        yield ok(said)


def _virtualisation(look: Look) -> Finding:
    processors = parse_processors(look.file("/proc/cpuinfo"))
    device = look.shell.status("/dev/kvm")
    if processors.virtualises and device is not None:
        return ok(f"{processors.count} processors with hardware virtualization, /dev/kvm is there")
    seen = "no vmx or svm flag" if not processors.virtualises else "/dev/kvm is not there"
    return wrong(f"no hardware virtualization: {seen}", "Enable it in the firmware; load kvm.")


def _leftovers(look: Look) -> Iterator[Finding]:
    files = [path for path in _LEFT_FILES if look.shell.status(path) is not None]
    names = look.run("virsh", "-r", "list", "--all", "--name").out.split()
    machines = [name for name in names if name in ("HostedEngine", "HostedEngineLocal")]
    temporary = [n for n in look.shell.list(_VAR_TMP) if n.startswith("localvm")]
    services = [
        name
        for name in ("ovirt-ha-agent", "ovirt-ha-broker")
        if look.run("systemctl", "is-active", name).out.strip() == "active"
    ]
    if machines:
        yield wrong(f"a machine is left behind: {', '.join(machines)}", CLEAN_UP)
    if _LEFT_FILES[0] in files:
        yield wrong(f"{files[0]} is there: an engine was deployed here", CLEAN_UP)
    rest = [*files, *(f"{_VAR_TMP}/{name}" for name in temporary), *services]
    if rest and not (machines or _LEFT_FILES[0] in files):
        yield warn(f"left behind: {', '.join(rest)}", CLEAN_UP)
    if not (machines or rest):
        yield ok("nothing is left behind: no HostedEngine machine, configuration, localvm or agent")


def check_services(probe: ProbeInput) -> Probed:
    """Firewall and NetworkManager as the generation needs them; the appliance package."""
    look = Look(probe)
    era = look.text("era")
    firewalld, manager = _state(look, "firewalld"), _state(look, "NetworkManager")
    if era == CLASSIC:
        return found(*_classic_services(firewalld, manager))
    findings = [_ansible_firewall(firewalld), ok(f"NetworkManager is {manager}")]
    if era == ANSIBLE:
        package = look.run("rpm", "-q", "ovirt-engine-appliance")
        installed = package.out.strip() if package.code == 0 else ""
        findings.append(
            ok(f"{installed} is installed")
            if installed
            else warn(
                "ovirt-engine-appliance is not installed",
                "The tool installs it, or give an OVA file.",
            )
        )
    return found(*findings)


def _state(look: Look, service: str) -> str:
    active = look.run("systemctl", "is-active", service).out.strip() or "unknown"
    enabled = look.run("systemctl", "is-enabled", service).out.strip()
    return f"{active}, {enabled}" if enabled else active


def _classic_services(firewalld: str, manager: str) -> Iterator[Finding]:
    if manager.startswith("active"):
        yield wrong(
            "NetworkManager is active: this generation ends there",
            "systemctl disable --now NetworkManager, and let network run; or add the line"
            " environment:default OVEHOSTED_NETWORK/refuseDeployingWithNM=bool:False.",
        )
    else:
        yield ok(f"NetworkManager is {manager}")
    if firewalld.startswith("active"):
        yield warn(
            "firewalld is active: this generation configures iptables only",
            "systemctl disable --now firewalld; systemctl enable --now iptables",
        )
    else:
        yield ok(f"firewalld is {firewalld}")


def _ansible_firewall(firewalld: str) -> Finding:
    if firewalld.startswith("active"):
        return ok(f"firewalld is {firewalld}")
    return wrong(
        f"firewalld is {firewalld}: this generation needs it running",
        "systemctl unmask firewalld; systemctl enable --now firewalld",
    )

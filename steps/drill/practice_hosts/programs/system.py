"""rpm, systemctl, service, dmidecode, virsh, ss, nproc, sanlock, lscpu: the host's own facts."""

from __future__ import annotations

from steps.drill.practice_engine.database import machines_that_run_on
from steps.drill.practice_hosts import engine_machine
from steps.drill.practice_hosts.engine_machine import destroy, is_up
from steps.drill.practice_hosts.programs import postgres_server
from steps.drill.practice_hosts.programs.context import Context

_PORTS = (("0.0.0.0:22", "sshd"), ("0.0.0.0:54321", "vdsmd"))


def rpm(context: Context, arguments: list[str]) -> int:
    """`rpm -q [--qf FORMAT] PACKAGE`."""
    package = arguments[-1]
    version = engine_machine.package_version(context.facts(), context.host_name, package)
    if version is None:
        print(f"package {package} is not installed")
        return 1
    form = next((w for w in arguments if "%{" in w), "%{NAME}-%{VERSION}-%{RELEASE}.x86_64\\n")
    number, _, release = version.partition("-")
    for name, value in (("NAME", package), ("VERSION", number), ("RELEASE", release)):
        form = form.replace(f"%{{{name}}}", value)
    print(form.replace("\\n", "\n"), end="")
    return 0


def systemctl(context: Context, arguments: list[str]) -> int:
    """is-active, is-enabled, start, stop, restart, enable, disable, status."""
    words = [word for word in arguments if not word.startswith("-")]
    action, name = words[0], words[-1].removesuffix(".service")
    state = context.host()["services"].get(name)
    if name == postgres_server.SERVICE and state is not None and postgres_server.is_initialised():
        state = postgres_server.state()
    if action in ("is-active", "is-enabled", "status"):
        return _look(action, name, state)
    if state is None:
        return context.complain(
            f"Failed to {action} {name}.service: Unit {name}.service not found.", 5
        )
    problem = _control_postgres(context, action) if name == postgres_server.SERVICE else ""
    if problem:
        return context.complain(
            f"Job for {name}.service failed because the control process exited with error code."
            f"\n{problem}"
        )
    with context.world.change() as facts:
        services = context.host(facts)["services"]
        if action in ("start", "restart") or ("--now" in arguments and action == "enable"):
            services[name] = "active"
        elif action == "stop" or ("--now" in arguments and action == "disable"):
            services[name] = "inactive"
        if name == engine_machine.SERVICE and action in ("start", "restart", "stop"):
            engine_machine.service_changed(facts, context.world.now(facts))
    return 0


def _control_postgres(context: Context, action: str) -> str:
    """Start or stop the machine's own server; one that engine-backup made is simulated."""
    if action not in ("start", "restart", "stop"):
        return ""
    if context.host()["databases"] and not postgres_server.is_initialised():
        return ""
    return postgres_server.control(action)


def _look(action: str, name: str, state: str | None) -> int:
    active = state == "active"
    if action == "is-active":
        print(state or "inactive")
        return 0 if active else 3
    if action == "is-enabled":
        print("enabled" if active else "disabled" if state else "not-found")
        return 0 if active else 1
    print(f"{name}.service\n   Active: {state or 'unknown'}")
    return 0 if active else 3


def service(context: Context, arguments: list[str]) -> int:
    """`service NAME ACTION`."""
    name, action = arguments[:2]
    return systemctl(context, [action, name])


def dmidecode(context: Context, arguments: list[str]) -> int:
    """`dmidecode -s system-uuid`."""
    if "system-uuid" not in arguments:
        return context.complain("Invalid DMI string keyword", 2)
    print(context.host()["uuid"])
    return 0


def virsh(context: Context, arguments: list[str]) -> int:
    """`virsh -r list --all --name`, `virsh destroy|undefine NAME`."""
    facts = context.facts()
    names = ["HostedEngineLocal"] if context.host(facts)["local_machine"] else []
    machine = facts["engine"]
    shown = (
        "--all" in arguments or "list" not in arguments or is_up(facts, context.world.now(facts))
    )
    if shown and machine["state"] != "absent" and machine["host"] == context.host_name:
        names.append("HostedEngine")
    names += machines_that_run_on(facts, context.host_name)
    words = [word for word in arguments if not word.startswith("-")]
    if words[:1] == ["list"]:
        print("\n".join([*names, ""]))
        return 0
    if words[:1] in (["destroy"], ["undefine"]) and words[-1] in names:
        return _remove(context, words[-1])
    return context.complain(f"error: failed to get domain '{words[-1] if words else ''}'")


def _remove(context: Context, name: str) -> int:
    if name == "HostedEngine":
        destroy(context.world)
    else:
        with context.world.change() as facts:
            context.host(facts)["local_machine"] = False
    return 0


def ss(context: Context, _arguments: list[str]) -> int:
    """Listening sockets."""
    facts = context.facts()
    print("State  Recv-Q Send-Q Local Address:Port Peer Address:Port")
    ports = list(_PORTS)
    if facts["engine"]["host"] == context.host_name and is_up(facts, context.world.now(facts)):
        ports.append(("0.0.0.0:5900", "qemu-kvm"))
    for address, name in ports:
        print(f'LISTEN 0      128    {address} 0.0.0.0:* users:(("{name}"))')
    return 0


def nproc(context: Context, _arguments: list[str]) -> int:
    """How many processors."""
    print(context.host()["cpus"])
    return 0


def lscpu(context: Context, _arguments: list[str]) -> int:
    """The little of it that anyone looks at."""
    print(f"Architecture: x86_64\nCPU(s): {context.host()['cpus']}\nVirtualization: VT-x")
    return 0


def sanlock(_context: Context, _arguments: list[str]) -> int:
    """`sanlock client shutdown -f 1`: there is nothing to shut down."""
    return 0

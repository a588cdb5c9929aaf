"""`hosted-engine` and its subcommands. Reference, sections 8 and 9."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import sys
import time
from pathlib import Path
from typing import Final

from steps.drill.practice_hosts import engine_machine as machine
from steps.drill.practice_hosts.programs.context import Context
from steps.drill.practice_hosts.tool.classic_work import CONFIGURATION
from steps.drill.practice_hosts.world import Facts

RUN_FIRST: Final = "You must run deploy first"
_USAGE: Final = "Usage: hosted-engine [--help] COMMAND"
_MODES: Final = ("global", "local", "none")


def hosted_engine(context: Context, arguments: list[str]) -> int:
    """Dispatch on the first option."""
    command, *rest = arguments or ["--help"]
    command, _, value = command.partition("=")
    if command == "--deploy":
        return _deploy(context, rest)
    subcommand = _SUBCOMMANDS.get(command)
    if subcommand is None:
        print(_USAGE + "\n\nThis is a practice host: it simulates, and deploys nothing.\n")
        print("\n".join(["--deploy", *_SUBCOMMANDS]))
        return 0 if command == "--help" else 1
    return subcommand(context, [*rest, *([value] if value else [])])


def _deploy(context: Context, options: list[str]) -> int:
    from steps.drill.practice_hosts.tool.start import deploy

    return deploy(context.world, context.host_name, options, dict(os.environ))


def is_deployed() -> bool:
    """Whether the configuration names a machine, as the tool tells it."""
    with contextlib.suppress(OSError):
        return any(line.startswith("vmid=") and line.strip() != "vmid="
                   for line in CONFIGURATION.read_text().splitlines())  # fmt: skip
    return False


def _needs_deployed(context: Context) -> int:
    if is_deployed():
        return 0
    message = f"{RUN_FIRST}\n"
    if str(context.host()["build"]) >= "2.3":
        print(message, end="")
    else:
        print("Unable to read vm.conf, please check ovirt-hosted-engine-ha logs", file=sys.stderr)
    return 1


def check_deployed(_context: Context, _rest: list[str]) -> int:
    """0 deployed, 1 not."""
    deployed = is_deployed()
    print("Hosted Engine has been deployed" if deployed else "Hosted Engine has not been deployed")
    return 0 if deployed else 1


def check_liveliness(context: Context, _rest: list[str]) -> int:
    """Whether the engine replies; 2 without a configuration."""
    if not is_deployed():
        return 2
    facts = context.facts()
    if machine.is_healthy(facts, context.world.now(facts)):
        print(f"Engine replied: {machine.HEALTHY}\nHosted Engine is up!")
        return 0
    print("Hosted Engine is not up!")
    return 1


def vm_status(context: Context, rest: list[str]) -> int:
    """As text, or as JSON from 2.0 on."""
    failed = _needs_deployed(context)
    if failed:
        return failed
    facts = context.facts()
    statuses = _statuses(context, facts)
    if "--json" in rest and not _is_old(context):
        print(json.dumps({**statuses, "global_maintenance": facts["maintenance"]["global"]}))
        return 0
    _print_statuses(context, facts, statuses)
    return 0


def _is_old(context: Context) -> bool:
    return str(context.host()["build"]).startswith("1.")


def _statuses(context: Context, facts: Facts) -> dict[str, Facts]:
    joined = [host for host in facts["hosts"].values() if host["ha"]["joined"]]
    return {str(host["id"]): _status(context, facts, host) for host in joined}


def _status(context: Context, facts: Facts, host: Facts) -> Facts:
    now = context.world.now(facts)
    stamp, live = int(now), host["services"]["ovirt-ha-agent"] == "active"
    state = _engine_status(facts, host, now)
    maintenance = bool(host["ha"]["maintenance"])
    word = "LocalMaintenance" if maintenance else _word(facts, state)
    extra = "\n".join((
        "metadata_parse_version=1", "metadata_feature_version=1",
        f"timestamp={stamp} ({time.strftime('%a %b %d %H:%M:%S %Y', time.gmtime())})",
        f"host-id={host['id']}", f"score={host['ha']['score']}",
        f"vm_conf_refresh_time={stamp}", "conf_on_shared_storage=True",
        f"maintenance={maintenance}", f"state={word}", f"stopped={not live}", "",
    ))  # fmt: skip
    return {
        "host-id": host["id"], "host-ts": stamp, "score": 0 if maintenance else host["ha"]["score"],
        "engine-status": state, "hostname": host["name"], "maintenance": maintenance,
        "stopped": not live, "crc32": f"{0x4D5A0000 + stamp % 0xFFFF:08x}",
        "conf_on_shared_storage": True, "local_conf_timestamp": stamp, "extra": extra,
        "live-data": live,
    }  # fmt: skip


def _engine_status(facts: Facts, host: Facts, now: float) -> Facts:
    if facts["engine"]["host"] != host["name"] or not machine.is_up(facts, now):
        reason = "vm not running on this host"
        return {"vm": "down", "health": "bad", "detail": "unknown", "reason": reason}
    if facts["engine"]["down_at"] is not None:
        reason = "failed liveliness check"
        return {"vm": "up", "health": "bad", "detail": "Powering down", "reason": reason}
    if machine.is_healthy(facts, now):
        return {"vm": "up", "health": "good", "detail": "Up"}
    return {"vm": "up", "health": "bad", "detail": "Up", "reason": "failed liveliness check"}


def _word(facts: Facts, state: Facts) -> str:
    if facts["maintenance"]["global"]:
        return "GlobalMaintenance"
    if state["vm"] != "up":
        return "EngineDown"
    return "EngineUp" if state["health"] == "good" else "EngineStarting"


def _print_statuses(context: Context, facts: Facts, statuses: dict[str, Facts]) -> None:
    banner = "\n\n!! Cluster is in GLOBAL MAINTENANCE mode !!\n"
    in_maintenance = facts["maintenance"]["global"]
    named = not str(context.host()["build"]).startswith(("1.", "2.0", "2.1", "2.2"))
    if in_maintenance:
        print(banner)
    for number, status in statuses.items():
        head = f"Host {status['hostname']} (id: {number})" if named else f"Host {number}"
        print(f"\n\n--== {head} status ==--\n")
        rows = (
            ("conf_on_shared_storage", True), ("Status up-to-date", status["live-data"]),
            ("Hostname", status["hostname"]), ("Host ID", status["host-id"]),
            ("Engine status", json.dumps(status["engine-status"]) if status["live-data"]
             else "unknown stale-data"),
            ("Score", status["score"]), ("stopped", status["stopped"]),
            ("Local maintenance", status["maintenance"]), ("crc32", status["crc32"]),
            ("Host timestamp", status["host-ts"]),
        )  # fmt: skip
        print("\n".join(f"{label:<35}: {value}" for label, value in rows))
        print("Extra metadata (valid at timestamp):")
        print("\n".join(f"\t{line}" for line in status["extra"].splitlines()))
    if in_maintenance and named:
        print(banner)


def set_maintenance(context: Context, rest: list[str]) -> int:
    """One call sets both flags: none clears both."""
    mode = next((w.partition("=")[2] or w for w in rest if w.split("=")[-1] in _MODES), "")
    if not mode:
        return context.complain(f"Invalid mode: one of {', '.join(_MODES)}")
    if failed := _needs_deployed(context):
        return failed
    with context.world.change() as facts:
        here = facts["engine"]["host"] == context.host_name
        if mode == "local" and here and machine.is_up(facts, context.world.now(facts)):
            return context.complain("Unable to enter local maintenance mode: the engine VM is"
                                    " running on the current host, please migrate it before"
                                    " entering local maintenance mode.")  # fmt: skip
        facts["maintenance"]["global"] = mode == "global"
        context.host(facts)["ha"]["maintenance"] = mode == "local"
    return 0


def vm_start(context: Context, _rest: list[str]) -> int:
    """Start it here; one that runs is told of."""
    if failed := _needs_deployed(context):
        return failed
    facts = context.facts()
    if machine.is_up(facts, context.world.now(facts)):
        print("VM exists and its status is Up")
        return 1
    machine.start(context.world, context.host_name, healthy_in=machine.BOOT_SECONDS)
    print("VM in WaitForLaunch")
    return 0


def vm_shutdown(context: Context, _rest: list[str]) -> int:
    """Gracefully, in a while."""
    if failed := _needs_deployed(context):
        return failed
    machine.shut_down(context.world)
    return 0


def vm_poweroff(context: Context, _rest: list[str]) -> int:
    """At once."""
    if failed := _needs_deployed(context):
        return failed
    machine.shut_down(context.world, 0)
    return 0


def console(context: Context, _rest: list[str]) -> int:
    """Only on the host that runs the machine."""
    facts = context.facts()
    if facts["engine"]["host"] != context.host_name or not machine.is_up(
        facts, context.world.now(facts)
    ):
        return context.complain("The engine VM is not running on this host")
    print("The engine VM is running on this host\nConnected to domain HostedEngine\n"
          "Escape character is ^]\n\n(a practice machine: nobody is at its console)")  # fmt: skip
    return 0


def add_console_password(context: Context, rest: list[str]) -> int:
    """From the option, the environment, or the terminal; valid for two minutes."""
    given = next((w.partition("=")[2] or w for w in rest), "")
    password = given or os.environ.get("OVIRT_HOSTED_ENGINE_CONSOLE_PASSWORD", "")
    if not password:
        password = getpass.getpass("Enter password: ")
    if not password:
        return context.complain("The password cannot be empty")
    with context.world.change() as facts:
        if not machine.is_up(facts, context.world.now(facts)):
            return context.complain("The engine VM is not running on this host")
        until = context.world.now(facts) + machine.ADDED_SECONDS
        facts["engine"].update(console_password=password, password_until=until)
    if not _is_old(context):
        print(
            f"You can now connect the hosted-engine VM with VNC at {context.host()['address']}:5900"
        )
    return 0


def clean_metadata(context: Context, rest: list[str]) -> int:
    """Make the other hosts forget this one; its agent must be stopped."""
    facts = context.facts()
    number = next((int(w.partition("=")[2]) for w in rest if w.startswith("--host-id=")), 0)
    forced = "--force-cleanup" in rest
    host = next((h for h in facts["hosts"].values() if h["id"] == number), context.host(facts))
    if host["services"]["ovirt-ha-agent"] == "active" and not forced:
        return context.complain(
            "Metadata for a running host cannot be cleaned: stop the agent first"
        )
    with context.world.change() as changed:
        changed["hosts"][host["name"]]["ha"].update(joined=False, score=0)
    print("INFO:ovirt_hosted_engine_ha.agent.agent.Agent:Metadata for host id"
          f" {host['id']} was cleaned")  # fmt: skip
    return 0


def get_shared_config(context: Context, rest: list[str]) -> int:
    """What the configuration says of a key."""
    if failed := _needs_deployed(context):
        return failed
    key = rest[0] if rest else ""
    lines = Path(CONFIGURATION).read_text().splitlines()
    found = next((line for line in lines if line.startswith(f"{key}=")), "")
    if not found:
        return context.complain(f"Invalid configuration key {key}")
    print(f"{key} : {found.partition('=')[2]}, type : he_local")
    return 0


_SUBCOMMANDS: Final = {
    "--vm-status": vm_status, "--set-maintenance": set_maintenance, "--vm-start": vm_start,
    "--vm-shutdown": vm_shutdown, "--vm-poweroff": vm_poweroff, "--console": console,
    "--add-console-password": add_console_password, "--check-liveliness": check_liveliness,
    "--check-deployed": check_deployed, "--clean-metadata": clean_metadata,
    "--get-shared-config": get_shared_config,
}  # fmt: skip

"""`engine-setup`, `engine-cleanup` and `engine-config` on the engine's machine."""

from __future__ import annotations

from typing import Final

from steps.drill.practice_engine import database as db
from steps.drill.practice_hosts.programs.context import Context
from steps.drill.practice_hosts.world import Facts

FENCE_DELAY: Final = "DisableFenceAtStartupInSec"


def engine_setup(context: Context, arguments: list[str]) -> int:
    """Set the engine up; what it does is in practice_engine.setup_tool."""
    from steps.drill.practice_engine.setup_tool.start import set_up

    return set_up(context.world, context.host_name, arguments)


def engine_cleanup(context: Context, arguments: list[str]) -> int:
    """Take an engine away; what it does is in practice_engine.setup_tool."""
    from steps.drill.practice_engine.setup_tool.cleanup import clean_up

    return clean_up(context.world, context.host_name, arguments)


def engine_config(context: Context, arguments: list[str]) -> int:
    """`engine-config -g NAME` and `-s NAME=VALUE`, of the one option that is simulated."""
    words = [word for word in arguments if not word.startswith("--")]
    action, setting = (words[0], words[1]) if len(words) > 1 else ("", "")
    name, _, value = setting.partition("=")
    if action not in ("-g", "-s") or name != FENCE_DELAY:
        return context.complain(f"Error: {name or 'nothing'} is not an option simulated here.")
    if action == "-g":
        print(f"{name}: {int(_database(context, context.facts()).get('fence_delay', 300))}"
              " version: general")  # fmt: skip
        return 0
    if not value.isdigit():
        return context.complain(f"Cannot set value {value} to key {name}.")
    with context.world.change() as facts:
        _database(context, facts)["fence_delay"] = float(value)
    return 0


def _database(context: Context, facts: Facts) -> Facts:
    """That of the backup before engine-setup has run, else the engine's own."""
    found: Facts = context.host(facts).get("restored") or facts.get(db.KEY, {})
    return found

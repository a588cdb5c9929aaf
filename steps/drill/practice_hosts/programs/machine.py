"""shutdown and poweroff on the engine's machine."""

from __future__ import annotations

from steps.drill.practice_hosts import engine_machine
from steps.drill.practice_hosts.programs.context import Context

_ANSWERED = 1.0
"""Our own seconds until nobody is logged in any more, at least."""


def shutdown(context: Context, arguments: list[str]) -> int:
    """`shutdown -h now`: down in a while, and whoever is logged in loses the connection."""
    words = [word for word in arguments if not word.startswith("-")]
    if "-h" not in arguments and "-P" not in arguments:
        return context.complain("shutdown: only -h now is simulated here")
    if words[:1] not in (["now"], ["+0"]):
        return context.complain(f"Failed to parse time specification: {' '.join(words)}")
    # However fast the world's time goes: whoever typed it sees it answer.
    least = _ANSWERED * float(context.facts()["speed"])
    engine_machine.shut_down(context.world, max(engine_machine.SHUT_DOWN_SECONDS, least))
    return 0


def poweroff(context: Context, _arguments: list[str]) -> int:
    """As `shutdown -h now`."""
    return shutdown(context, ["-h", "now"])

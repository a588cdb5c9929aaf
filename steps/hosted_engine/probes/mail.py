"""The probe of the mail server. A warning at most: mail that does not go stops no deployment."""

from __future__ import annotations

from steps.hosted_engine.probes.look import Look, found, last_words, ok, warn
from steps.procedure import Probed, ProbeInput

_GREETING = 'exec 3<>"/dev/tcp/$1/$2" && IFS= read -r -t 5 line <&3 && printf "%s\\n" "$line"'


def check_mail(probe: ProbeInput) -> Probed:
    """Connect from the host, and read the greeting."""
    look = Look(probe)
    server, port = look.text("smtp_server"), str(look.number("smtp_port"))
    done = look.run("timeout", "8", "bash", "-c", _GREETING, "bash", server, port, seconds=12)
    greeting = done.out.strip()[:100]
    if done.code == 0 and greeting.startswith("220"):
        return found(ok(f"{server} port {port} greets {look.host}: {greeting}"))
    if done.code == 0:
        return found(warn(f"{server} port {port} answers, but not as a mail server: {greeting!r}"))
    # bash puts its own name and /dev/tcp before what the system said.
    said = last_words(done).rpartition(": ")[2]
    return found(
        warn(
            f"{server} port {port} does not answer {look.host}: {said}",
            "Notifications will not be sent.",
        )
    )

"""A remote database server's firewall lets the engine's machine through, and nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.machine_restore.machine_step import has_program, is_active
from steps.hosted_engine.machine_restore.server_step import ServerStep
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.quoting import command_line
from steps.targets.shell import Shell

FIREWALLD: Final = "firewalld"
IPTABLES: Final = "iptables"
NONE: Final = ""


class FirewallOpen(ServerStep):
    """Open the database's port for the engine's addresses, now and after a restart."""

    title = "Open the firewall for the engine"
    reason = "A remote database is reached over the network; only the engine is let through."

    kind = "firewall"

    def commands(self) -> Sequence[str]:
        """For firewalld; iptables where that is what runs there."""
        port = self.places[0].port
        return (
            command_line(["firewall-cmd", "--permanent", _rich_option("add", "ENGINE", port)]),
            f"or: iptables -I INPUT 1 -p tcp -s ENGINE --dport {port} -j ACCEPT;"
            " service iptables save",
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where the engine's addresses are let through, or where there is no firewall."""
        shell = self.there(context)
        kind = _kind(shell)
        if kind == NONE:
            return done(f"neither firewalld nor iptables runs on {shell.where}")
        closed = [rule.told for rule in self._rules(context) if not rule.is_open(shell, kind)]
        return (
            not_done(f"{kind}: closed for {', '.join(closed)}")
            if closed
            else done(f"{kind} on {shell.where} lets the engine through")
        )

    def apply(self, context: StepContext) -> None:
        """Open what is closed."""
        shell = self.there(context)
        kind = _kind(shell)
        for rule in self._rules(context):
            if not rule.is_open(shell, kind):
                rule.open(shell, kind)
                context.remember(self._fact(rule), kind)
                context.log(f"{kind}: opened for {rule.told}")

    def undo(self, context: StepContext) -> None:
        """Close what this run opened."""
        shell = self.there(context)
        for rule in self._rules(context):
            kind = context.recall(self._fact(rule))
            if kind and rule.is_open(shell, kind):
                rule.close(shell, kind)

    def _rules(self, context: StepContext) -> list[_Rule]:
        found = {
            (network, place.port)
            for place in self.places
            if not place.is_local
            for network in self.client_networks(context, place)
        }
        if not found:
            raise StepFailed(f"{self.job.fqdn} does not resolve on {self.server}.", "Correct DNS.")
        return [_Rule(network, port) for network, port in sorted(found)]

    def _fact(self, rule: _Rule) -> str:
        return f"firewall.{self.server}.{rule.network}.{rule.port}"


class _Rule:
    """One address may reach one port."""

    def __init__(self, network: str, port: int) -> None:
        self.network, self.port = network, port

    @property
    def told(self) -> str:
        return f"{self.network} to port {self.port}"

    @property
    def _program(self) -> str:
        """Each has rules of its own, and saves no others."""
        return "ip6tables" if ":" in self.network else "iptables"

    def is_open(self, shell: Shell, kind: str) -> bool:
        if kind == FIREWALLD:
            option = _rich_option("query", self.network, self.port)
            return all(
                shell.run(["firewall-cmd", *when, option], check=False).code == 0
                for when in ((), ("--permanent",))
            )
        return shell.run(self._iptables("-C"), check=False).code == 0

    def open(self, shell: Shell, kind: str) -> None:
        if kind == FIREWALLD:
            self._firewalld(shell, "add")
            return
        shell.run(self._iptables("-I", "1"))
        _save(shell, self._program)

    def close(self, shell: Shell, kind: str) -> None:
        if kind == FIREWALLD:
            self._firewalld(shell, "remove")
            return
        shell.run(self._iptables("-D"))
        _save(shell, self._program)

    def _firewalld(self, shell: Shell, what: str) -> None:
        option = _rich_option(what, self.network, self.port)
        shell.run(["firewall-cmd", "--permanent", option])
        shell.run(["firewall-cmd", option])

    def _iptables(self, what: str, *place: str) -> list[str]:
        rule = ["-p", "tcp", "-s", self.network, "--dport", str(self.port), "-j", "ACCEPT"]
        return [self._program, "-w", what, "INPUT", *place, *rule]


def _kind(shell: Shell) -> str:
    return next((kind for kind in (FIREWALLD, IPTABLES) if is_active(shell, kind)), NONE)


def _rich_option(what: str, network: str, port: int) -> str:
    family = "ipv6" if ":" in network else "ipv4"
    rule = (
        f'rule family="{family}" source address="{network}" port port="{port}" protocol="tcp"'
        " accept"
    )
    return f"--{what}-rich-rule={rule}"


def _save(shell: Shell, program: str) -> None:
    """So that it is still so after a restart."""
    if has_program(shell, "service"):
        shell.run(["service", program, "save"], timeout=120)
    else:
        shell.run([f"/usr/libexec/iptables/{program}.init", "save"], timeout=120)

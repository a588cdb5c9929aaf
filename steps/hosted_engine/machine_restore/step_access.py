"""Letting the engine connect: pg_hba.conf and listen_addresses, shown before they are changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from config.errors import Refused, StepFailed
from config.questions import Choice
from steps.hosted_engine.machine_restore.database_found import same_locale
from steps.hosted_engine.machine_restore.databases import DatabasePlace
from steps.hosted_engine.machine_restore.hba_file import LARGEST as LARGEST_HBA
from steps.hosted_engine.machine_restore.hba_file import HbaRule, with_rules
from steps.hosted_engine.machine_restore.machine_step import run_name
from steps.hosted_engine.machine_restore.names_there import addresses_there
from steps.hosted_engine.machine_restore.postgres_server import PostgresServer
from steps.hosted_engine.machine_restore.server_step import ServerStep
from steps.hosted_engine.machine_restore.settings_file import LARGEST as LARGEST_SETTINGS
from steps.hosted_engine.machine_restore.settings_file import listens_on, setting, with_setting
from steps.hosted_engine.machine_restore.shown_diff import diff_of
from steps.procedure import Prompt, StepContext, Verdict, done, not_done
from steps.targets.shell import Shell

CHANGE: Final = "change"
STOP: Final = "stop"
_MESSAGES: Final = "en_US.UTF-8"
"""engine-backup refuses a server that speaks another language: it reads its messages."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file as it is, and as it is to be."""

    path: str
    before: str
    after: str

    @property
    def diff(self) -> str:
        """As shown beforehand; empty where nothing changes."""
        return diff_of(self.path, self.before, self.after)


class ServerOpen(ServerStep):
    """The engine may connect: pg_hba.conf, listen_addresses, and a restart."""

    title = "Let the engine connect to PostgreSQL"
    reason = (
        "A server listens to its own host only, and asks for no password there. What changes is"
        " shown first; the files as they were are kept beside them."
    )

    kind = "access"

    def commands(self) -> Sequence[str]:
        """As the guide has it."""
        layout = self.job.postgres[-1]
        lines = [
            f"pg_hba.conf: {' '.join(HbaRule(place.name, place.user, each, place.secured).fields)}"
            for place in self.places
            for each in (("127.0.0.1/32", "::1/128") if place.is_local else ("ENGINE-ADDRESS/32",))
        ]
        local = all(place.is_local for place in self.places)
        listen = [] if local else ["postgresql.conf: listen_addresses = '*'"]
        return (*lines, *listen, f"systemctl restart {layout.service}")

    def verify(self, context: StepContext) -> Verdict:
        """Done where both files say so, and the server has read them."""
        server = self.postgres(context)
        changes = [change for change in self._changes(context, server) if change.diff]
        if changes:
            return not_done(f"to be changed: {', '.join(change.path for change in changes)}")
        listen = server.value("SHOW listen_addresses")
        if not self._listens(context, listen):
            return not_done(f"the server listens on {listen!r} only, whatever its file says")
        if self._unread(server):
            return not_done("the server has not read its files since they were changed")
        return done(f"{server.shell.where} listens on {listen!r} and lets the engine in")

    def apply(self, context: StepContext) -> None:
        """Show, ask, keep aside, write, restart. Raises Refused, StepFailed."""
        server = self.postgres(context)
        changes = [change for change in self._changes(context, server) if change.diff]
        if changes:
            self._ask(context, server, changes)
            for change in changes:
                self._write(context, server.shell, change)
        server.control("restart")
        listen = server.value("SHOW listen_addresses")
        if not self._listens(context, listen):
            raise StepFailed(
                f"PostgreSQL on {server.shell.where} listens on {listen!r} only, though its file"
                " says otherwise.",
                "ALTER SYSTEM (postgresql.auto.conf) or its service's options overrule the file:"
                " correct that, then try again.",
                seen=listen,
                expected="*",
            )

    def undo(self, context: StepContext) -> None:
        """Put the files back as they were, and restart."""
        server, touched = self.postgres(context), False
        for path in self._paths(server):
            aside = self._aside(context, path)
            if server.shell.status(aside) is not None:
                server.shell.run(["mv", "-fT", "--", aside, path])
                touched = True
        if touched:
            server.control("restart")

    def _paths(self, server: PostgresServer) -> tuple[str, str]:
        return server.value("SHOW hba_file"), server.value("SHOW config_file")

    def _changes(self, context: StepContext, server: PostgresServer) -> list[FileChange]:
        access, settings = self._paths(server)
        return [self._access(context, server, access), self._settings(context, server, settings)]

    def _access(self, context: StepContext, server: PostgresServer, path: str) -> FileChange:
        rules = [
            HbaRule(place.name, place.user, network, place.secured)
            for place in self.places
            for network in self._networks(context, server, place)
        ]
        text = _text(server.shell, path, LARGEST_HBA)
        return FileChange(path, text, with_rules(text, rules))

    def _networks(
        self, context: StepContext, server: PostgresServer, place: DatabasePlace
    ) -> tuple[str, ...]:
        networks = self.client_networks(context, place)
        if not networks:
            raise StepFailed(
                f"{self.job.fqdn} does not resolve on {server.shell.where} to an address that the"
                " engine could connect from.",
                "Correct DNS there, then try again.",
            )
        return networks

    def _settings(self, context: StepContext, server: PostgresServer, path: str) -> FileChange:
        text = after = _text(server.shell, path, LARGEST_SETTINGS)
        if not self._listens(context, setting(text, "listen_addresses") or "localhost"):
            after = with_setting(after, "listen_addresses", "*")
        speaks = setting(text, "lc_messages") or ""
        if not same_locale(speaks, _MESSAGES) and _has_language(server.shell):
            after = with_setting(after, "lc_messages", _MESSAGES)
        return FileChange(path, text, after)

    def _listens(self, context: StepContext, listen: str) -> bool:
        if all(place.is_local for place in self.places):
            return "localhost" in listen or listens_on(listen, ("127.0.0.1",))
        there = self.there(context)
        hosts = [place.host for place in self.places if not place.is_local]
        addresses = tuple(one for host in hosts for one in addresses_there(there, host))
        return listens_on(listen, addresses)

    def _unread(self, server: PostgresServer) -> bool:
        loaded = float(server.value("SELECT extract(epoch FROM pg_conf_load_time())") or 0)
        found = [server.shell.status(path) for path in self._paths(server)]
        return any(status is not None and status.modified > loaded for status in found)

    def _ask(
        self, context: StepContext, server: PostgresServer, changes: Sequence[FileChange]
    ) -> None:
        prompt = Prompt(
            self.name,
            f"Change {' and '.join(change.path for change in changes)} on {server.shell.where},"
            " and restart PostgreSQL?",
            (
                Choice(CHANGE, "Change them; as they were they are kept beside them"),
                Choice(STOP, "Stop: leave them as they are"),
            ),
            CHANGE,
            "\n".join((*self._language(server), *(change.diff for change in changes))),
        )
        if context.ask(prompt) != CHANGE:
            raise Refused(
                f"PostgreSQL on {server.shell.where} was left as it is.",
                "Let the engine in by hand, then look again.",
            )

    def _language(self, server: PostgresServer) -> tuple[str, ...]:
        """What engine-backup will say of a server that speaks another language."""
        speaks = server.value("SHOW lc_messages")
        if same_locale(speaks, _MESSAGES) or _has_language(server.shell):
            return ()
        return (
            f"lc_messages is {speaks}; engine-backup wants {_MESSAGES}, which this host does not"
            " have: install glibc-langpack-en there first, then look again.",
        )

    def _write(self, context: StepContext, shell: Shell, change: FileChange) -> None:
        before, aside = shell.status(change.path), self._aside(context, change.path)
        if before is None:
            raise StepFailed(f"{change.path} is gone from {shell.where}.")
        if shell.status(aside) is None:
            shell.run(["cp", "-p", "--", change.path, aside])
            context.log(f"{change.path} as it was is kept in {aside}")
        new = f"{change.path}.rekindle-new"
        shell.write(new, change.after.encode("utf-8", "surrogateescape"), mode=0o600)
        shell.set_owner(new, before.owner, before.group, before.mode)
        if _text(shell, change.path, LARGEST_SETTINGS) != change.before:
            shell.remove(new)
            raise Refused(f"{change.path} was changed meanwhile by somebody.", "Look again.")
        shell.run(["mv", "-fT", "--", new, change.path])

    def _aside(self, context: StepContext, path: str) -> str:
        return f"{path}.before-{run_name(context)}"


def _text(shell: Shell, path: str, most: int) -> str:
    return shell.read(path, limit=most + 1).decode("utf-8", "surrogateescape")


def _has_language(shell: Shell) -> bool:
    offered = shell.run(["locale", "-a"], check=False).out.splitlines()
    return any(same_locale(one, _MESSAGES) for one in offered)

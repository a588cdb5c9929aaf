"""One empty database with its own user, made as engine-backup wants it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.errors import Refused, StepFailed
from config.questions import Choice
from steps.hosted_engine.machine_restore.database_found import (
    Found,
    find_database,
    same_locale,
)
from steps.hosted_engine.machine_restore.databases import DatabasePlace
from steps.hosted_engine.machine_restore.facts import has_begun
from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.machine_step import run_name
from steps.hosted_engine.machine_restore.postgres_server import (
    PostgresServer,
    name_in_sql,
    text_in_sql,
)
from steps.hosted_engine.machine_restore.role_password import (
    check_password,
    is_password,
    stored_password,
)
from steps.hosted_engine.machine_restore.server_step import ServerStep
from steps.procedure import Prompt, StepContext, Verdict, done, not_done

COLLATION: Final = "en_US.UTF-8"
ASIDE: Final = "rename-aside"
OTHER: Final = "other-name"
_MOST_OFFERED: Final = 20
_ROLE: Final = "SELECT rolcanlogin, coalesce(rolpassword, '') FROM pg_authid WHERE rolname = {name}"


class DatabaseMade(ServerStep):
    """Make the role and the database; never drop one that is there."""

    def __init__(self, job: MachineRestoreJob, place: DatabasePlace) -> None:
        super().__init__(job, place.server)
        self.place = place
        self.name = f"database.make.{place.scope}"
        self.title = f"Make the empty database {place.name}"
        self.reason = (
            "engine-backup restores into an empty database only, of the right encoding and owner."
            " One that has tables is never dropped: it is renamed aside, or another name is taken."
        )

    def commands(self) -> Sequence[str]:
        """As the guide has it; the password goes over standard input, in its stored form."""
        place = self.place
        return (
            f"create role {place.user} with login encrypted password '...'",
            f"create database {place.name} owner {place.user} template template0 encoding 'UTF8'"
            f" lc_collate '{COLLATION}' lc_ctype '{COLLATION}'",
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where it is there, empty and right; or where it was restored into already."""
        server, place = self.postgres(context), self.place
        found = find_database(server, place.name)
        if found is not None and has_begun(context):
            return done(f"{place.name} is there; this run has begun to restore into it")
        if not self._role_fits(context, server):
            return not_done(f"the role {place.user} is not there, or has another password")
        if found is None:
            return not_done(f"there is no database {place.name}")
        wrong = found.wrong_for(place.user, self._collation(context))
        return not_done(f"{place.name}: {wrong}") if wrong else done(f"{place.name} is empty")

    def apply(self, context: StepContext) -> None:
        """Role first, then the database. Raises Refused where one in the way is left there."""
        server = self.postgres(context)
        self._make_role(context, server)
        collation = self._collation(context) or self._choose_collation(context, server)
        found = find_database(server, self.place.name)
        if found is not None:
            if not found.wrong_for(self.place.user, collation):
                return
            self._out_of_the_way(context, server, found)
        self._make_database(context, server, collation)

    def undo(self, context: StepContext) -> None:
        """Remove what this run made, while it is empty; bring back what it renamed.

        By the names that it had then: an answer may have been changed since, and what bears the
        new name is not of this run.
        """
        server = self.postgres(context)
        for name in self._noted(context, "made"):
            self._drop(server, name)
        for user in self._noted(context, "role"):
            server.sql(f"DROP ROLE IF EXISTS {name_in_sql(user)}")
        aside, (name, *_) = context.recall(self._fact("aside")), self._noted(context, "was") or [""]
        if aside and name and find_database(server, aside) is not None:
            server.sql(f"ALTER DATABASE {name_in_sql(aside)} RENAME TO {name_in_sql(name)}")

    def _drop(self, server: PostgresServer, name: str) -> None:
        found = find_database(server, name)
        if found is None:
            return
        if found.tables:
            raise Refused(
                f"{name} on {server.shell.where} has {found.tables} tables by now.",
                "It is left there: look at it by hand.",
            )
        server.sql(f"DROP DATABASE {name_in_sql(name)}")

    # -- the role ----------------------------------------------------------------------------

    def _role_fits(self, context: StepContext, server: PostgresServer) -> bool:
        password = context.secret(self.place.secret, self.job.secrets[self.place.secret])
        rows = server.sql(_ROLE.format(name=text_in_sql(self.place.user)))
        if not rows:
            return False
        login, stored = rows[0][0], rows[0][-1]
        return login == "t" and is_password(stored, self.place.user, password.reveal())

    def _make_role(self, context: StepContext, server: PostgresServer) -> None:
        if self._role_fits(context, server):
            return
        user = name_in_sql(self.place.user)
        password = context.secret(self.place.secret, self.job.secrets[self.place.secret])
        check_password(password.reveal())
        method = server.value("SHOW password_encryption")
        stored = stored_password(self.place.user, password.reveal(), method)
        context.conceal(stored)
        there = server.sql(_ROLE.format(name=text_in_sql(self.place.user)))
        if there:
            self._ask_about_role(context, server)
        else:
            self._note(context, "role", self.place.user)
        verb = "ALTER" if there else "CREATE"
        server.sql(f"{verb} ROLE {user} WITH LOGIN ENCRYPTED PASSWORD {text_in_sql(stored)}")
        context.log(f"role {self.place.user}: {'new password' if there else 'made'}")

    def _ask_about_role(self, context: StepContext, server: PostgresServer) -> None:
        prompt = Prompt(
            f"{self.name}.role",
            f"The role {self.place.user} is on {server.shell.where} already, with another"
            " password. Give it the new one?",
            (
                Choice("change", "Give it the new password", "whoever uses the old one cannot"),
                Choice("stop", "Stop: leave it as it is"),
            ),
            "stop",
        )
        if context.ask(prompt) != "change":
            raise Refused(
                f"The role {self.place.user} was left as it is.",
                "Choose another user for this database, or give its present password.",
            )

    # -- the database ------------------------------------------------------------------------

    def _make_database(self, context: StepContext, server: PostgresServer, collation: str) -> None:
        self._note(context, "made", self.place.name)
        name, owner = name_in_sql(self.place.name), name_in_sql(self.place.user)
        server.sql(
            f"CREATE DATABASE {name} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8'"
            f" LC_COLLATE {text_in_sql(collation)} LC_CTYPE {text_in_sql(collation)}"
        )

    def _out_of_the_way(self, context: StepContext, server: PostgresServer, found: Found) -> None:
        aside = self._free_name(context, server)
        wrong = found.wrong_for(self.place.user, self._collation(context))
        prompt = Prompt(
            f"{self.name}.in-the-way",
            f"The database {self.place.name} is on {server.shell.where} already: {wrong}.",
            (
                Choice(ASIDE, f"Rename it aside, to {aside}", "nothing of it is lost"),
                Choice(OTHER, "Leave it, and take another name for the restored one"),
            ),
            OTHER,
            f"{found.told}\nIt is never dropped.",
        )
        if context.ask(prompt) != ASIDE:
            raise Refused(
                f"The database {self.place.name} on {server.shell.where} was left as it is.",
                "Change the answer that names the database, then try again.",
            )
        self._rename_aside(context, server, found)

    def renew(self, context: StepContext) -> None:
        """Rename it aside where it is not empty, and make an empty one, without asking."""
        server = self.postgres(context)
        found = find_database(server, self.place.name)
        if found is not None and found.tables:
            self._rename_aside(context, server, found)
            self._make_database(context, server, found.collation)

    def _rename_aside(self, context: StepContext, server: PostgresServer, found: Found) -> None:
        aside = self._free_name(context, server)
        if found.connections:
            raise StepFailed(
                f"{found.connections} connections to {self.place.name} are open, so it cannot be"
                " renamed.",
                "Stop whatever uses it, then try again.",
            )
        context.remember(self._fact("aside"), aside)
        context.remember(self._fact("was"), self._line(self.place.name))
        server.sql(f"ALTER DATABASE {name_in_sql(self.place.name)} RENAME TO {name_in_sql(aside)}")
        context.log(f"{self.place.name} is renamed to {aside}")

    def _free_name(self, context: StepContext, server: PostgresServer) -> str:
        base = f"{self.place.name}_before_{run_name(context)}"[:60]
        for number in range(1, 100):
            name = base if number == 1 else f"{base}_{number}"
            if find_database(server, name) is None:
                return name
        raise StepFailed(f"{self.place.name} was renamed aside a hundred times.", "Look at them.")

    def _collation(self, context: StepContext) -> str:
        return context.recall(f"database.collation.{self.server}") or ""

    def _choose_collation(self, context: StepContext, server: PostgresServer) -> str:
        """The one that is wanted where the host has it, else one of those that it has."""
        offered = server.shell.run(["locale", "-a"], check=False).out.splitlines()
        fitting = [one for one in offered if same_locale(one, COLLATION)]
        chosen = COLLATION if fitting else self._ask_for_collation(context, server, offered)
        context.remember(f"database.collation.{self.server}", chosen)
        return chosen

    def _ask_for_collation(
        self, context: StepContext, server: PostgresServer, offered: Sequence[str]
    ) -> str:
        usable = [one for one in offered if one.lower().replace("-", "").endswith("utf8")][
            :_MOST_OFFERED
        ]
        prompt = Prompt(
            f"database.collation.{self.server}",
            f"{server.shell.where} does not have the collation {COLLATION}. Which one is used?",
            (*(Choice(one, one) for one in usable), Choice("stop", "Stop: I install it first")),
            "stop",
            "It decides how names are sorted. Install glibc-langpack-en there to have the usual"
            " one, and restart PostgreSQL.",
        )
        chosen = context.ask(prompt)
        if chosen == "stop":
            raise Refused(
                f"{server.shell.where} does not have the collation {COLLATION}.",
                "Install glibc-langpack-en there, restart PostgreSQL, then try again.",
            )
        return chosen

    def _fact(self, name: str) -> str:
        return f"database.{name}.{self.place.scope}"

    def _line(self, name: str) -> str:
        return f"{self.server} {name}"

    def _note(self, context: StepContext, what: str, name: str) -> None:
        """One more thing of this run's, by server and name."""
        lines = (context.recall(self._fact(what)) or "").splitlines()
        if self._line(name) not in lines:
            context.remember(self._fact(what), "\n".join((*lines, self._line(name))))

    def _noted(self, context: StepContext, what: str) -> list[str]:
        """Names of this run's things of that kind on this server."""
        lines = (context.recall(self._fact(what)) or "").splitlines()
        return [line.removeprefix(self._line("")) for line in lines
                if line.startswith(self._line(""))]  # fmt: skip

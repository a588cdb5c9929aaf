"""Looking before anything is touched: the machine's names, and whether it can take a restore."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from config.errors import StepFailed
from config.questions import Choice
from steps.hosted_engine.machine_restore.database_client import DatabaseLogin, login_there
from steps.hosted_engine.machine_restore.databases import Way
from steps.hosted_engine.machine_restore.facts import has_begun, with_settings
from steps.hosted_engine.machine_restore.machine_step import (
    MachineStep,
    has_program,
    installed_version,
    is_active,
    told,
)
from steps.hosted_engine.machine_restore.names_there import (
    addresses_there,
    names_of,
    own_addresses,
)
from steps.hosted_engine.machine_restore.restored_world import COUNT_TABLES, number_in
from steps.procedure import Prompt, StepContext, Verdict, done, not_done
from steps.targets.shell import Shell

STOP_ENGINE: Final = "machine.stop-engine"


class MachineNamed(MachineStep):
    """The engine's name is this machine's, in DNS both ways and on the machine itself."""

    name = "machine.name"
    title = "Check the engine's name"
    reason = (
        "Hosts and users know the engine by the name in the backup. It must lead to the new"
        " machine, forwards and backwards, and the machine must call itself so."
    )

    def commands(self) -> Sequence[str]:
        """The looks."""
        return ("hostname -f", f"getent ahosts {self.job.fqdn}", "getent hosts ADDRESS")

    def verify(self, context: StepContext) -> Verdict:
        """Done where all agree."""
        shell = self.shell(context)
        problems = list(self._problems(shell))
        if problems:
            return not_done(told(problems))
        return done(f"{self.job.fqdn} leads to {shell.where}, both ways")

    def apply(self, context: StepContext) -> None:
        """Raises StepFailed with what does not agree."""
        seen = self.verify(context).evidence
        raise StepFailed(
            f"The engine's name does not fit: {seen}",
            "Correct DNS or the machine's name (hostnamectl set-hostname), then look again.",
            seen=seen,
            expected=f"{self.job.fqdn} leads to this machine, both ways, and it calls itself so",
        )

    def _problems(self, shell: Shell) -> Iterator[str]:
        fqdn = self.job.fqdn.lower()
        own_name = shell.run(["hostname", "-f"], check=False).out.strip().lower()
        if own_name != fqdn:
            yield f"the machine calls itself {own_name or 'nothing'}, the backup {fqdn}"
        addresses = addresses_there(shell, fqdn)
        if not addresses:
            yield f"{fqdn} does not resolve on {shell.where}"
        own = own_addresses(shell)
        for address in addresses:
            if address not in own and not _is_loop(address):
                yield f"{fqdn} resolves to {address}, which is no address of this machine"
                continue
            names = names_of(shell, address)
            if fqdn not in names and not _is_loop(address):
                yield f"{address} resolves back to {', '.join(names) or 'nothing'}"
        if addresses and all(_is_loop(address) for address in addresses):
            yield f"{fqdn} resolves to {', '.join(addresses)} on the machine: hosts cannot use that"


class MachineFit(MachineStep):
    """The machine has the packages, and an engine that is stopped and was not set up."""

    name = "machine.fit"
    title = "Check that the machine can take the restore"
    reason = (
        "engine-backup finds some of this out only after it has overwritten files: an engine that"
        " runs, one that was set up, a version that does not fit."
    )

    def commands(self) -> Sequence[str]:
        """The looks."""
        paths = self.job.paths
        return (
            "command -v engine-backup engine-setup",
            "rpm -q ovirt-engine",
            f"systemctl is-active {paths.service}",
            f"ls {paths.set_up_mark}",
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where nothing stands in the way, or this run's restore has begun already."""
        if has_begun(context):
            return done("this run has begun to restore on it already")
        shell = self.shell(context)
        problems = list(self._problems(context, shell))
        if problems:
            return not_done(told(problems))
        version = f"ovirt-engine {installed_version(shell).text} is installed"
        if not self.job.restores_files:
            return done(f"{version}, and its files say where its database is")
        return done(f"{version}, stopped, and not set up")

    def apply(self, context: StepContext) -> None:
        """Offer to stop an engine that runs; raises StepFailed with whatever else is wrong."""
        shell = self.shell(context)
        runs = self.job.restores_files and is_active(shell, self.job.paths.service)
        if runs and not self._is_set_up(shell):
            self._stop_engine(context, shell)
        problems = list(self._problems(context, shell))
        if problems:
            raise StepFailed(
                f"{shell.where} cannot take the restore: {told(problems)}",
                "Put that right on the machine, then look again.",
                seen=told(problems),
                expected=self._expected,
            )

    def _problems(self, context: StepContext, shell: Shell) -> Iterator[str]:
        for program in ("engine-backup", "engine-setup"):
            if not has_program(shell, program):
                yield f"{program} is not installed"
                return
        # Raises with what does not fit: the version, the choice, what the archive holds.
        job = self.job if self.job.restores_files else with_settings(self.job, context, shell)
        job.command(installed_version(shell), context.run_directory.name)
        if not self.job.restores_files:
            yield from self._without_files(context, shell)
            return
        if self._is_set_up(shell):
            yield (
                f"engine-setup has run on it already ({self.job.paths.set_up_mark} is there):"
                " clean it with engine-cleanup, or take a new machine"
            )
        if is_active(shell, self.job.paths.service):
            yield f"the service {self.job.paths.service} runs: engine-backup refuses then"

    def _without_files(self, context: StepContext, shell: Shell) -> Iterator[str]:
        """The machine's own files are used: they must be there, and no database in the way."""
        if not self._is_set_up(shell):
            yield (
                f"its files were never restored ({self.job.paths.set_up_mark} is not there):"
                " restore the engine's files with the database"
            )
        made = {place.scope for place in self.job.places if place.way is Way.AUTOMATIC}
        for scope, path in self.job.settings_used.items():
            login = login_there(shell, path)
            if login is None:
                yield f"{path} does not say where the {scope} database is"
                continue
            if scope in made and _answers(shell, login):
                yield (
                    f"the database {login.name} is there already, and engine-backup makes none"
                    " then: choose one that is made here, and it can be renamed aside"
                )

    @property
    def _expected(self) -> str:
        if self.job.restores_files:
            return "a new machine with the engine's packages, and no engine set up on it"
        return "a machine with the engine's files, and no database in the way"

    def _is_set_up(self, shell: Shell) -> bool:
        return shell.status(self.job.paths.set_up_mark) is not None

    def _stop_engine(self, context: StepContext, shell: Shell) -> None:
        service = self.job.paths.service
        prompt = Prompt(
            STOP_ENGINE,
            f"The service {service} runs on {shell.where}. Stop it?",
            (
                Choice("stop-service", f"Stop it: systemctl stop {service}"),
                Choice("leave", "Leave it, and look what it is doing"),
            ),
            "leave",
            "The machine is not set up, so this engine serves nobody. engine-backup restores only"
            " while it is stopped.",
        )
        if context.ask(prompt) == "stop-service":
            shell.run(["systemctl", "stop", service], timeout=300)


def _is_loop(address: str) -> bool:
    return address.startswith("127.") or address == "::1"


def _answers(shell: Shell, login: DatabaseLogin) -> bool:
    try:
        number_in(shell, login, COUNT_TABLES)
    except StepFailed:
        # Not there, as it should be. Where it is there and refuses, engine-backup says so itself.
        return False
    return True

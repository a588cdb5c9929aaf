"""What one restore will do, as data: the jobs of its three parts, from answers and survey. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from config.errors import InvalidInput
from config.interviews.hosted_engine.builds import CLASSIC
from config.interviews.hosted_engine.conditions import classic
from config.interviews.hosted_engine.database_places import ASKED, answered_place
from config.interviews.hosted_engine.databases import (
    ENGINE_ALONE,
    ENGINE_ONLY,
    HISTORY_ALONE,
    HISTORY_ONLY,
    MANUAL,
    REMOTE,
    files_left,
    others_placed,
    restores_engine,
)
from config.interviews.hosted_engine.variants import MACHINE, by_hand
from config.interviews.hosted_engine_restore import BACKUP, LEAVE, RESTORE, with_backup
from config.questions import Given
from config.site import EngineHost, EngineMachine, ShellAccess, Site
from steps.conflicts import Resolutions
from steps.hosted_engine.archive.inspection import Inspection
from steps.hosted_engine.deploy import deploy_job
from steps.hosted_engine.deploy_job import DeployJob
from steps.hosted_engine.interview_answers import InterviewAnswers
from steps.hosted_engine.known_answers import KnownAnswers
from steps.hosted_engine.machine_restore.databases import (
    LOCAL_HOSTS,
    DatabasePlace,
    Way,
    automatic,
    kind_of,
)
from steps.hosted_engine.machine_restore.job import (
    FENCE_DELAY,
    ArchiveSource,
    ExpectedRows,
    MachineRestoreJob,
)
from steps.hosted_engine.machine_restore.restore_command import (
    ArchiveHolds,
    DatabaseSettings,
    Permissions,
    RestoreChoice,
)
from steps.hosted_engine.recovery.recovery_job import (
    RecoveryJob,
    hosts_of,
    in_the_way_of,
    machines_of,
)
from steps.hosted_engine.restore.conflict_set import (
    cleans_host,
    failover_hosts,
    holds_off_fencing,
    name_in_portal,
)
from steps.hosted_engine.restore.survey import RestoreSurvey

_FIXED: Final = ("archive", "archive_file", "variant", "host", "era", "build")
_SCOPES: Final = {
    ENGINE_ONLY: ("files", "db"),
    HISTORY_ONLY: ("files", "dwhdb"),
    ENGINE_ALONE: ("db",),
    HISTORY_ALONE: ("dwhdb",),
}
_ALWAYS_PLACED: Final = ("db", "dwhdb")
_ASKED: Final = {asked.scope: asked for asked in ASKED}


@dataclass(frozen=True, slots=True)
class RestoreJob:
    """Everything that the plan of one restore is made from. None: that part is not in it."""

    site: Site
    given: Given
    survey: RestoreSurvey
    deploy: DeployJob | None
    machine: MachineRestoreJob | None
    recovery: RecoveryJob
    cleans_host: bool = False
    archive_on_host: str = ""
    """Where the newer tool finds the archive; empty: the tool does not read it."""

    @property
    def is_classic(self) -> bool:
        """Whether the tool is of the generation that waits for an operator."""
        return classic(self.given)


def restore_job(
    site: Site, given: Given, resolutions: Resolutions, survey: RestoreSurvey
) -> RestoreJob:
    """The jobs. Raises InvalidInput for a host or machine that the site does not name."""
    machine = _machine_job(site, given, resolutions, survey) if by_hand(given) else None
    if given.get("variant") == MACHINE:
        assert machine is not None
        place = _deployed_there(site, machine)
        recovery = _recovery_job(site, given, resolutions, survey, place)
        return RestoreJob(site, given, survey, None, machine, recovery)
    deploy, path = _deploy_job(site, given, resolutions, survey)
    recovery = _recovery_job(site, given, resolutions, survey, deploy)
    clean = cleans_host(resolutions)
    return RestoreJob(site, given, survey, deploy, machine, recovery, clean, path)


def depends_on(given: Given) -> tuple[str, ...]:
    """Answers that may be changed when a step fails."""
    return tuple(name for name in RESTORE.names if name in given and name not in _FIXED)


def _deploy_job(
    site: Site, given: Given, resolutions: Resolutions, survey: RestoreSurvey
) -> tuple[DeployJob, str]:
    host = site.engine_host(str(given.get("host", "")))
    folder = host.work_folder.rstrip("/") if host else ""
    path = f"{folder}/archive-{survey.sha256[:16]}.backup"
    name = name_in_portal(given, survey, resolutions)
    known = {**with_backup(given), BACKUP: path, **({"host_name": name} if name else {})}
    job = deploy_job(site, known)
    fqdn = survey.inspection.engine_fqdn or job.fqdn
    options = () if classic(given) else (f"--restore-from-file={path}",)
    return (
        replace(job, fqdn=fqdn, options=options, restores=True, depends_on=depends_on(given)),
        "" if classic(given) else path,
    )


def _recovery_job(
    site: Site, given: Given, resolutions: Resolutions, survey: RestoreSurvey, deploy: DeployJob
) -> RecoveryJob:
    inspection = survey.inspection
    machine = site.engine.machine if site.engine else None
    name = name_in_portal(given, survey, resolutions) or str(given.get("host_fqdn", ""))
    return RecoveryJob(
        deploy=deploy,
        host_name=name or deploy.host.name,
        in_the_way=in_the_way_of(inspection, failover_hosts(survey, resolutions)),
        hosts=() if given.get("old_hosts") == LEAVE else hosts_of(inspection),
        machines=machines_of(inspection),
        machine=machine.name if machine else "",
        ca_fingerprint=inspection.ca_fingerprint or "",
        renews_certificates=_renews(given),
        depends_on=depends_on(given),
    )


def _deployed_there(site: Site, machine: MachineRestoreJob) -> DeployJob:
    """The machine itself in the host's place: hosts are looked for from there."""
    host = EngineHost(machine.machine.name, machine.machine.shell)
    nothing = KnownAnswers({}, CLASSIC)
    return DeployJob(
        site_name=site.name,
        host=host,
        era=CLASSIC,
        fqdn=machine.fqdn,
        answer_file="",
        known=lambda context: InterviewAnswers(context, nothing),
    )


def _machine_job(
    site: Site, given: Given, resolutions: Resolutions, survey: RestoreSurvey
) -> MachineRestoreJob:
    machine = site.engine.machine if site.engine else None
    if machine is None:
        raise InvalidInput(
            f"The site {site.name} does not say how the engine's machine is reached.",
            "Add `engine: machine:` to the site file.",
        )
    scopes = _scopes(given, survey)
    wanted = scopes or survey.inspection.scopes
    places = (_place(scope, site, machine, given) for scope in wanted if kind_of(scope))
    return MachineRestoreJob(
        site_name=site.name,
        machine=machine,
        archive=archive_source(survey),
        holds=_holds(given, survey.inspection),
        choice=RestoreChoice(tuple(places), scopes, _permissions(given)),
        fqdn=survey.inspection.engine_fqdn or str(given.get("fqdn", "")),
        installed=_installed(given, survey),
        expected=ExpectedRows.of(survey.inspection),
        fence_delay=FENCE_DELAY if holds_off_fencing(resolutions) else None,
        renew_pki=_renews(given),
        depends_on=depends_on(given),
    )


def _holds(given: Given, inspection: Inspection) -> ArchiveHolds:
    """What counts of the archive. Where the machine's own files stay, they say where its databases
    are; whose the tables in the dumps are, only the archive knows."""
    found = ArchiveHolds.of(inspection, without_engine=not restores_engine(given))
    if not files_left(given):
        return found
    owners = {s: DatabaseSettings(user=was.user) for s, was in found.databases.items()}
    return replace(found, databases=owners)


def _renews(given: Given) -> bool:
    """Whether certificates are renewed: by engine-setup, or by the newer tool itself."""
    if by_hand(given):
        return given.get("renew_certificates") is True
    return given.get("renew_pki") is True


def _installed(given: Given, survey: RestoreSurvey) -> str:
    """The version of the engine that is there already; empty where only its release is known."""
    text = survey.host.installed if given.get("variant") == MACHINE else ""
    return text if text.count(".") > 1 else ""


def archive_source(survey: RestoreSurvey) -> ArchiveSource:
    """The archive as it was when it was looked at."""
    return ArchiveSource(survey.place.path, survey.place.server, survey.sha256)


def _scopes(given: Given, survey: RestoreSurvey) -> tuple[str, ...]:
    chosen = _SCOPES.get(str(given.get("scope")), ())
    if not chosen and given.get("has_history") is False and "dwhdb" in survey.inspection.scopes:
        return tuple(scope for scope in survey.inspection.scopes if scope != "dwhdb")
    return chosen


def _permissions(given: Given) -> Permissions:
    """As answered; answers of before say nothing of it."""
    chosen = given.get("permissions")
    return Permissions(str(chosen)) if chosen else Permissions.AS_FITS


def _place(scope: str, site: Site, machine: EngineMachine, given: Given) -> DatabasePlace:
    """By hand where that was chosen and asked for; all others engine-backup makes itself."""
    way, asked = given.get("databases"), _ASKED.get(scope)
    answered_for = scope in _ALWAYS_PLACED or scope in others_placed(given)
    if asked is None or way not in (MANUAL, REMOTE) or not answered_for:
        return automatic(scope)
    answered = answered_place(given, asked)
    host = answered.host if way == REMOTE else "localhost"
    return DatabasePlace(
        scope, Way.MANUAL, host, answered.port, answered.name, answered.user,
        _server(host, site, machine), answered.secured, answered.validated, answered.secret,
    )  # fmt: skip


def _server(host: str, site: Site, machine: EngineMachine) -> str:
    """The host of the site whose PostgreSQL is made ready for it; empty: somebody else did so."""
    if host.lower() in LOCAL_HOSTS:
        return machine.name
    return host if host in site.shells else ""


def as_machine(host: EngineHost) -> EngineMachine:
    """The host as a place that an archive is brought to."""
    access: ShellAccess = host.shell
    return EngineMachine(host.name, access, host.work_folder)

"""`hosted-engine --deploy`: options, stages in their order, the end and its exit code."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from steps.drill.practice_hosts.tool import (
    ansible_questions as ansible,
)
from steps.drill.practice_hosts.tool import (
    ansible_work,
    classic_engine,
    classic_storage,
    classic_vm,
    classic_work,
    rules,
)
from steps.drill.practice_hosts.tool.dialects import ERROR, WARNING, Dialect, Ended
from steps.drill.practice_hosts.tool.environment import Environment
from steps.drill.practice_hosts.tool.session import Session
from steps.drill.practice_hosts.world import World

ANSWERS: Final = Path("/var/lib/ovirt-hosted-engine-setup/answers")
LAST_ANSWERS: Final = Path("/etc/ovirt-hosted-engine/answers.conf")
CORE: Final = "OVEHOSTED_CORE/"
_FAILED: Final = "Hosted Engine deployment failed"
_SCRATCH: Final = (
    ": please check the logs for the issue, fix accordingly or re-deploy from scratch."
)
_OTOPI: Final = {True: "otopi-1.4.0_alpha2", False: "otopi-1.10.4"}
_GUIDE_PROCEED: Final = (
    "Continuing will configure this host for serving as hypervisor and create a VM where you have"
    " to install oVirt Engine afterwards.\n"
    "Are you sure you want to continue? (@VALUES@)[@DEFAULT@]: "
)
_PROCEED: Final = (
    "Continuing will configure this host for serving as hypervisor and will create a local VM with"
    " a running engine.\n"
    "The locally running engine will be used to configure a new storage domain and create a VM"
    " there.\n"
    "At the end the disk of the local VM will be moved to the shared storage.\n"
)
_RESTORE_PROCEED: Final = (
    "Continuing will configure this host for serving as hypervisor and will create a local VM with"
    " a running engine.\n"
    "The provided engine backup file will be restored there, it's strongly recommended to run this"
    " tool on an host that wasn't part of the environment going to be restored.\n"
    "If a reference to this host is already contained in the backup file, it will be filtered out"
    " at restore time.\n"
    "The locally running engine will be used to configure a new storage domain and create a VM"
    " there.\n"
    "At the end the disk of the local VM will be moved to the shared storage.\n"
    "The old hosted-engine storage domain will be renamed, after checking that everything is"
    " correctly working you can manually remove it.\n"
    "Other hosted-engine hosts have to be reinstalled from the engine to update their"
    " hosted-engine configuration.\n"
)
_SURE: Final = "Are you sure you want to continue? (@VALUES@)[@DEFAULT@]: "
_CANNOT: Final = "It has been detected that this program is executed through an SSH connection"


def deploy(world: World, host_name: str, options: Sequence[str], environ: dict[str, str]) -> int:
    """Deploy on that host; returns the exit code."""
    host = world.read()["hosts"][host_name]
    classic = str(host["build"]).startswith("1.")
    words = [w for o in options if o.startswith("--otopi-environment=")
             for w in shlex.split(o.partition("=")[2])]  # fmt: skip
    machine = "DIALOG/dialect=str:machine" in words and not world.fault("human-only")
    session = Session(world, host, Dialect(machine, old=classic), Environment(), old_names=classic)
    session.open_log()
    session.catch_signals()
    try:
        _run(session, options, words, environ)
        session.ended_well = True
    except Ended as ended:
        session.say(f"Failed to execute stage '{session.stage}': {ended}", ERROR)
    _clean_up(session, options)
    session.dialect.terminate()
    return 0 if session.ended_well else 1


def _run(
    session: Session, options: Sequence[str], words: Sequence[str], environ: dict[str, str]
) -> None:
    session.begin("Initializing")
    _events_listed(session)
    session.begin("Environment setup")
    session.environment.pairs(words)
    _take_options(session, options)
    session.dialect.note("During customization use CTRL-D to abort.")
    _confirm(session, environ)
    session.dialect.note(f"Configuration files: {_files(options)}")
    session.dialect.note(f"Log file: {session.log_file}")
    session.dialect.note(f"Version: {_OTOPI[session.old_names]} (practice)")
    session.begin("Environment packages setup")
    session.begin("Programs detection")
    session.begin("Environment setup" if session.old_names else "Environment setup (late)")
    _event(session, "customization", "Environment customization", _questions(session))
    _event(session, "validation", "Setup validation", _validation(session))
    session.begin("Transaction setup")
    early = "Misc configuration" if session.old_names else "Misc configuration (early)"
    session.begin(early)
    session.begin("Package installation")
    _event(session, "misc", "Misc configuration", _change(session))
    session.begin("Transaction commit")
    _event(session, "closeup", "Closing up", _close(session))


Work = Callable[[Session], None]


def _questions(session: Session) -> tuple[Work, ...]:
    if session.old_names:
        return (classic_storage.ask_storage, classic_vm.ask_network, classic_vm.ask_machine,
                classic_engine.ask_engine)  # fmt: skip
    return (ansible.ask_network, ansible.ask_place, ansible.ask_machine, ansible.ask_engine)


def _validation(session: Session) -> tuple[Work, ...]:
    return (classic_engine.preview,) if session.old_names else (ansible.ask_host_name,)


def _change(session: Session) -> tuple[Work, ...]:
    return (classic_work.change_host,) if session.old_names else ()


def _close(session: Session) -> tuple[Work, ...]:
    if session.old_names:
        return (classic_work.close_up,)
    return (ansible_work.bootstrap, ansible_work.storage_and_target, ansible_work.finish)


def _name(stage: str, work: Work) -> str:
    return f"STAGE {stage} METHOD otopi.plugins.gr_he.{work.__name__.strip('_<>')} (None)"


def _events_listed(session: Session) -> None:
    """The whole plan of events, which the newer otopi prints first."""
    session.dialect.mark("EventsListStart")
    for stage, works in (
        ("customization", _questions(session)), ("validation", _validation(session)),
        ("misc", _change(session)), ("closeup", _close(session)),
    ):  # fmt: skip
        for work in works:
            session.dialect.mark(f"EventsListEntry {_name(stage, work)}")
    session.dialect.mark("EventsListEnd")


def _event(session: Session, stage: str, title: str, works: Sequence[Work]) -> None:
    session.begin(title)
    if stage == "misc" and session.old_names:
        session.changed = True
    for work in works:
        with session.event(_name(stage, work)):
            work(session)


def _take_options(session: Session, options: Sequence[str]) -> None:
    for option in options:
        name, _, value = option.partition("=")
        if name == "--config-append":
            warning = session.environment.append(value)
            if warning:
                session.say(warning, WARNING)
        elif name == "--restore-from-file":
            if not Path(value).is_file():
                raise Ended(f"File {value} does not exist")
            session.environment.set(CORE + "restoreFromFile", value)
        elif name in ("--4", "--6"):
            session.environment.set(f"OVEHOSTED_NETWORK/forceIPv{name[2:]}", True)


def _files(options: Sequence[str]) -> str:
    return ", ".join(o.partition("=")[2] for o in options if o.startswith("--config-append="))


def _confirm(session: Session, environ: dict[str, str]) -> None:
    """DEPLOY_PROCEED, then the question about screen or tmux, then the one about IPv6."""
    if session.old_names:
        note = _GUIDE_PROCEED
    else:
        note = (_RESTORE_PROCEED if ansible.restores(session) else _PROCEED) + _SURE
    if not rules.yes_no(session, CORE + "deployProceed", "DEPLOY_PROCEED", note, "Yes"):
        raise Ended("Aborted by user")
    _screen(session, environ)
    if not session.old_names:
        ansible.ask_ip_version(session)


def _screen(session: Session, environ: dict[str, str]) -> None:
    wanted = "screen" if session.old_names else "tmux"
    term = environ.get("TERM", "")
    skip = session.environment.get(CORE + "skipTTYCheck") is True
    if not term and not skip:
        raise Ended("The current terminal cannot be told: set TERM, or run it on a terminal")
    if "SSH_CLIENT" not in environ or term.startswith(("screen", "tmux")):
        return
    note = (
        f"{_CANNOT}.\nIt is highly recommended to abort the installation and run it inside a"
        f" {wanted} session.\nDo you want to continue anyway? (@VALUES@)[@DEFAULT@]: "
    )
    if not rules.yes_no(session, CORE + "screenProceed", f"{wanted.upper()}_PROCEED", note, "No"):
        raise Ended(f"Aborted by user: run it inside {wanted}")


def _clean_up(session: Session, options: Sequence[str]) -> None:
    """The stages that always come; the answer files; which of the two endings it is."""
    failed = not session.ended_well
    session.begin("Clean up")
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime())
    files = [ANSWERS / f"answers-{stamp}.conf"]
    files += [Path(o.partition("=")[2]) for o in options if o.startswith("--generate-answer=")]
    files += [] if failed else [LAST_ANSWERS]
    for file in files:
        session.environment.write(file)
        session.say(f"Generating answer file '{file}'")
    session.begin("Pre-termination")
    session.begin("Termination")
    if failed:
        _say_failed(session)
    elif not session.old_names:
        session.say("Hosted Engine successfully deployed")
        if ansible.restores(session):
            session.say("Other hosted-engine hosts have to be reinstalled in order to update their"
                        " storage configuration. From the engine, host by host, please set"
                        " maintenance mode and then click on reinstall button ensuring you choose"
                        " DEPLOY in hosted engine tab.")  # fmt: skip
            session.say("Please note that the engine VM ssh keys have changed. Please remove the"
                        " engine VM entry in ssh known_hosts on your clients.")  # fmt: skip


def _say_failed(session: Session) -> None:
    """The guide's build says nothing; 4.5 has two endings, by whether anything was changed."""
    if not session.old_names:
        session.say(_FAILED + (_SCRATCH if session.changed else ""), ERROR)
        session.dialect.note(f"Log file is located at\n{session.log_file}")

"""The questions of "Change a backup plan": the text an operator reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from config.backup_settings import BEHAVIOUR, FOLDERS, IMAGES, TIMETABLE, Setting
from config.errors import InvalidInput
from config.questions import Choice, Given, Group, Interview, Kind, Question, Value
from config.schedules import CRON, CRON_FOLDER, SYSTEMD_FOLDER, TIMER, UNINSTALL
from config.showing import quoted

MACHINE, POOL, SITE = "machine", "pool", "site"
CHANGE, SCHEDULE, EXCLUDE, INCLUDE, REMOVE = "settings", "schedule", "exclude", "include", "remove"
DIRECTORY_ONLY = "directory"
BACKUP, CHECK = "backup", "check"


def _asked_for(what: str) -> Callable[[Given], bool]:
    return lambda given: given.get("what") == what


def _scoped(scope: str) -> Callable[[Given], bool]:
    return lambda given: given.get("scope") == scope


def _has_timetable(given: Given) -> bool:
    return given.get("what") == SCHEDULE and given.get("install") != UNINSTALL


def _is_backup(given: Given) -> bool:
    return _has_timetable(given) and given.get("job") == BACKUP


def _on_a_node(given: Given) -> bool:
    return given.get("what") == SCHEDULE and given.get("install") in (TIMER, CRON, UNINSTALL)


def _installs(given: Given) -> bool:
    return given.get("what") == SCHEDULE and given.get("install") in (TIMER, CRON)


def plain_name(value: Value, _given: Given) -> None:
    """What can be the name of a machine, pool, node or iteration; raises InvalidInput."""
    text = value if isinstance(value, str) else ""
    if not text or len(text) > 200 or not text.isprintable():
        raise InvalidInput(f"{quoted(value)} cannot be a name.", "Pick one from the list.")


def _installable(value: Value, given: Given) -> None:
    if value == DIRECTORY_ONLY and given.get("job") == CHECK:
        raise InvalidInput(
            "The directory has no timetable for checks.", "Choose a timer or a crontab line."
        )


def _folder(given: Given) -> Value:
    return CRON_FOLDER if given.get("install") == CRON else SYSTEMD_FOLDER


SCOPE = Question(
    name="scope",
    title="Whose plan",
    kind=Kind.CHOICE,
    why="A machine's own plan counts before its pool's, that before the site's. The first one found"
    " counts whole: nothing is inherited setting by setting.",
    choices=(
        Choice(MACHINE, "One machine"),
        Choice(POOL, "A machine pool"),
        Choice(SITE, "The whole site"),
    ),
    default=MACHINE,
)

WHICH_MACHINE = Question(
    name="machine", title="Machine", kind=Kind.CHOICE, choices_probe="machines",
    condition=_scoped(MACHINE), check=plain_name,
)  # fmt: skip

WHICH_POOL = Question(
    name="pool", title="Machine pool", kind=Kind.CHOICE, choices_probe="pools",
    condition=_scoped(POOL), check=plain_name,
)  # fmt: skip

WHAT = Question(
    name="what",
    title="What to do",
    kind=Kind.CHOICE,
    why="Excluding something that has no plan of its own copies the plan that counts into its"
    " entry: an entry that only said `excluded` would hide that plan for ever.",
    help="Include again takes back exactly what exclude added, or only the exclusion where there"
    " is a plan of its own. Removing a plan leaves the iterations below it alone.",
    choices_probe="actions",
    depends_on=("scope", "machine", "pool"),
)


def _questions(
    settings: Sequence[Setting], condition: Callable[[Given], bool]
) -> tuple[Question, ...]:
    """One question a setting. No default here: what counts today is looked up."""
    probes = {
        "image_group": ("image-owner", ("scope", "machine", "image_owner")),
        "folder_group": ("folder-owner", ("scope", "machine", "folder_owner")),
        "weekday": ("timetable", ("minute", "hour", "day", "month", "install")),
    }
    return tuple(
        Question(
            name=setting.name,
            title=setting.title,
            kind=setting.kind,
            why=setting.why,
            help=f"In the directory: {setting.attribute}. Left empty, it stays as it is.",
            default=_empty(setting),
            required=False,
            check=setting.check,
            condition=condition,
            probe=probes.get(setting.name, ("", ()))[0],
            depends_on=probes.get(setting.name, ("", ()))[1],
        )
        for setting in settings
    )


def _empty(setting: Setting) -> Value | Callable[[Given], Value | None] | None:
    """Of a list the default says that it is one; none is given before it was looked up."""
    return () if setting.several else None


JOB = Question(
    name="job",
    title="What runs",
    kind=Kind.CHOICE,
    choices=(
        Choice(BACKUP, "The nightly backup", "its timetable is in the directory"),
        Choice(CHECK, "The check of backups", "its timetable is on the node only"),
    ),
    default=BACKUP,
    condition=_asked_for(SCHEDULE),
)

INSTALL = Question(
    name="install",
    title="Who follows the timetable",
    kind=Kind.CHOICE,
    why="The directory only holds the timetable. Without the original's broker somebody must follow"
    " it: a systemd timer or cron on one node.",
    choices=(
        Choice(DIRECTORY_ONLY, "Write it to the directory only", "a broker follows it"),
        Choice(TIMER, "A systemd timer on a node"),
        Choice(CRON, "A crontab line on a node"),
        Choice(UNINSTALL, "Nobody: take timer and crontab line away", "the directory stays"),
    ),
    default=DIRECTORY_ONLY,
    condition=_asked_for(SCHEDULE),
    check=_installable,
)

NODE = Question(
    name="node", title="Node", kind=Kind.CHOICE, choices_probe="nodes", condition=_on_a_node,
    why="One node is enough: it backs up the machines of all. On two, every night runs twice.",
    check=plain_name,
)  # fmt: skip

PROGRAM = Question(
    name="program", title="Rekindle on that node", kind=Kind.PATH,
    default="/usr/local/bin/rekindle", condition=_installs, probe="on-node", depends_on=("node",),
)  # fmt: skip

ANSWERS = Question(
    name="answers_file", title="Its answer file on that node", kind=Kind.PATH,
    default="/etc/rekindle/nightly.yaml", condition=_installs, probe="on-node-answers",
    depends_on=("node",),
    why="What is not asked at night is read there; ctrl+s in the wizard writes one. For checks by"
    " age it says scope: due.",
)  # fmt: skip

SITE_FILE = Question(
    name="site_file", title="Its site file on that node", kind=Kind.PATH, required=False,
    condition=_installs, why="Empty where it lies in its usual place.",
)  # fmt: skip

FOLDER = Question(
    name="folder", title="Folder of the files", kind=Kind.PATH, default=_folder,
    condition=_on_a_node,
    why="A file of that name is kept aside before it is replaced.",
)  # fmt: skip

PLAN = Interview(
    groups=(
        Group("plan", "Plan", (SCOPE, WHICH_MACHINE, WHICH_POOL, WHAT)),
        Group("folders", "Folders", _questions(FOLDERS, _asked_for(CHANGE))),
        Group("images", "Images", _questions(IMAGES, _asked_for(CHANGE))),
        Group("behaviour", "Behaviour", _questions(BEHAVIOUR, _asked_for(CHANGE))),
        Group("who", "Who follows it", (JOB, INSTALL)),
        Group(
            "timetable", "Timetable",
            (*_questions(TIMETABLE[:5], _has_timetable), *_questions(TIMETABLE[5:], _is_backup)),
        ),
        Group("node", "On the node", (NODE, PROGRAM, ANSWERS, SITE_FILE, FOLDER)),
    )
)  # fmt: skip

"""The options of engine-backup 4.5, and what it says to wrong ones. Reference, section 2."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from steps.drill.practice_engine.backup_tool.words import Fatal

BACKUP, RESTORE, VERIFY = "backup", "restore", "verify"
PLAIN, CUSTOM = "plain", "custom"
DATABASES: Final = {
    "db": "", "dwhdb": "dwh-", "cinderlibdb": "cinderlib-", "keycloakdb": "keycloak-",
    "managedblockdb": "managedblock-",
}  # fmt: skip
"""The prefix of a database's options, by its scope."""
SCOPES: Final = ("all", "files", *DATABASES, "grafanadb")
COMPRESSORS: Final = ("gzip", "bzip2", "xz", "None")
FOLDERS: Final = ("/var/lib/ovirt-engine-backup", "/var/log/ovirt-engine-backup")
_FORMAT_KINDS: Final = ("db", "dwh-db", "keycloak-db", "cinderlib-db", "managedblock-db")
_COMPRESSED: Final = ("archive", "files", *_FORMAT_KINDS)
_PLACE: Final = ("host", "port", "user", "name", "password", "passfile", "secured",
                 "sec-validation")  # fmt: skip
_TITLES: Final = {"": "engine", "dwh-": "dwh"}
HELP: Final = """\
engine-backup: backup and restore ovirt-engine environment (simulated)
USAGE:
    engine-backup [--mode=MODE] [--scope=SCOPE] [--file=FILE] [--log=FILE]
 MODE is one of the following:
    backup                          backup system into FILE
    restore                         restore system from FILE
    verify                          verify FILE
"""


@dataclass(slots=True)
class Options:
    """As they were given. `places` has the settings of each database by its options' prefix."""

    mode: str = BACKUP
    scopes: tuple[str, ...] = ()
    file: str = ""
    log: str = ""
    temporary: str = "/tmp"  # noqa: S108  (the script's own)
    compressors: dict[str, str] = field(
        default_factory=lambda: (
            {"archive": "gzip", "files": "xz"} | dict.fromkeys(_FORMAT_KINDS, "None")
        )
    )
    formats: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_FORMAT_KINDS, CUSTOM))
    provision: set[str] = field(default_factory=set)
    change: set[str] = field(default_factory=set)
    places: dict[str, dict[str, str]] = field(default_factory=dict)
    permissions: bool | None = None
    remove_storage: bool = False
    remove_hosts: bool = False

    def wants(self, scope: str) -> bool:
        """Whether that scope is part of it."""
        return "all" in self.scopes or scope in self.scopes

    def place(self, prefix: str) -> Mapping[str, str]:
        """The settings that were given for one database."""
        return self.places.get(prefix, {})


def parsed(arguments: Sequence[str]) -> Options:
    """Read and check them, in the order of the script. Raises Fatal."""
    options = Options()
    scopes: list[str] = []
    for argument in arguments:
        name, equals, value = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or not _take(options, scopes, name, equals, value):
            raise Fatal(f"Unknown option '{argument}'. Please see '--help' for details.")
    options.scopes = tuple(scopes) or ("all",)
    _fill_in(options)
    for check in (_check_files, _check_removal, _check_databases):
        check(options)
    return options


def _take(options: Options, scopes: list[str], name: str, equals: str, value: str) -> bool:
    simple: dict[str, Callable[[], None]] = {
        "fast-restore": lambda: None, "fast-backup": lambda: None,
        "small-size": lambda: _small(options), "keep-temporary-data": lambda: None,
        "he-remove-storage-vm": lambda: setattr(options, "remove_storage", True),
        "he-remove-hosts": lambda: setattr(options, "remove_hosts", True),
        "restore-permissions": lambda: setattr(options, "permissions", True),
        "no-restore-permissions": lambda: setattr(options, "permissions", False),
        "provision-all-databases": lambda: options.provision.update(DATABASES.values()),
    }  # fmt: skip
    if not equals:
        act = simple.get(name) or _switch(options, name)
        if act is None:
            return False
        act()
        return True
    if name == "scope":
        if value not in SCOPES:
            raise Fatal(f"invalid scope '{value}'")
        scopes.append(value)
        return True
    return _valued(options, name, value) or _database_setting(options, name, value)


def _small(options: Options) -> None:
    options.compressors.update(dict.fromkeys(_COMPRESSED, "xz"))
    options.formats.update(dict.fromkeys(_FORMAT_KINDS, PLAIN))


def _switch(options: Options, name: str) -> Callable[[], None] | None:
    """Switches that go by a database: provisioning, changing, a password that is asked for."""
    for prefix in DATABASES.values():
        found: dict[str, Callable[[], None]] = {
            f"provision-{prefix}db": partial(options.provision.add, prefix),
            f"change-{prefix}db-credentials": partial(options.change.add, prefix),
            f"{prefix}db-password": partial(_ask_password, options, prefix),
            f"{prefix}db-secured": partial(_set, options, prefix, "secured", "True"),
            f"{prefix}db-sec-validation": partial(_set, options, prefix, "sec-validation", "True"),
        }
        if name in found:
            return found[name]
    return None


def _set(options: Options, prefix: str, setting: str, value: str) -> None:
    options.places.setdefault(prefix, {})[setting] = value


def _ask_password(options: Options, prefix: str) -> None:
    if not sys.stdin.isatty():
        raise Fatal(f"--{prefix}db-password without a value needs a terminal")
    _set(options, prefix, "password", getpass.getpass(f"Enter {prefix}db password: "))


def _valued(options: Options, name: str, value: str) -> bool:
    if name == "mode":
        if value not in (BACKUP, RESTORE, VERIFY):
            raise Fatal("invalid mode")
        options.mode = value
    elif name in ("file", "log"):
        setattr(options, name, value)
    elif name == "tmpdir":
        options.temporary = value
    elif name == "db-restore-jobs":
        if not value.isdigit() or not int(value):
            raise Fatal("invalid number of jobs")
    else:
        return _packing(options, name, value)
    return True


def _packing(options: Options, name: str, value: str) -> bool:
    kind, _, what = name.removesuffix("-format").rpartition("-")
    if what == "compressor" and kind in _COMPRESSED:
        if value not in COMPRESSORS:
            raise Fatal(f"invalid compressor '{value}'", "failed parsing compressor")
        options.compressors[kind] = value
        return True
    if what == "dump" and name.endswith("-format") and kind in _FORMAT_KINDS:
        if value not in (PLAIN, CUSTOM):
            raise Fatal(f"invalid dump format '{value}'")
        options.formats[kind] = value
        return True
    return False


def _database_setting(options: Options, name: str, value: str) -> bool:
    for prefix in DATABASES.values():
        setting = name.removeprefix(f"{prefix}db-")
        if name.startswith(f"{prefix}db-") and setting in _PLACE:
            _set(options, prefix, setting, value)
            if setting == "passfile":
                _set(options, prefix, "password", _first_line(value))
            return True
    return False


def _first_line(path: str) -> str:
    try:
        return (Path(path).read_text().splitlines() or [""])[0]
    except (OSError, UnicodeDecodeError):
        raise Fatal(f"Can not read password file {path}") from None


def _fill_in(options: Options) -> None:
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime())
    if not options.file and options.mode == BACKUP:
        options.file = f"{FOLDERS[0]}/ovirt-engine-backup-{stamp}.backup"
    if not options.log:
        options.log = f"{FOLDERS[1]}/ovirt-engine-{options.mode}-{stamp}.log"


def _check_files(options: Options) -> None:
    if not options.file:
        raise Fatal("--file is missing")
    if options.mode == RESTORE and not Path(options.file).is_file():
        raise Fatal(f"{options.file} does not exist")
    if options.file == options.log:
        raise Fatal("--file and --log can not be the same")
    if not Path(options.temporary).is_dir():
        raise Fatal(f"Temporary directory {options.temporary} is missing or not a directory")


def _check_removal(options: Options) -> None:
    if (options.remove_hosts or options.remove_storage) and options.mode != RESTORE:
        raise Fatal("hosted-engine cleaning options work only in restore mode")


def _check_databases(options: Options) -> None:
    for prefix in DATABASES.values():
        place = options.place(prefix)
        if prefix in options.change and prefix in options.provision:
            raise Fatal("Cannot change credentials if provisioning a database")
        if place and prefix not in options.change:
            title = _TITLES.get(prefix, prefix.rstrip("-"))
            raise Fatal(
                f"Please use --change-{prefix}db-credentials to change {title} db credentials"
            )
        if prefix in options.change:
            _need(prefix, place)


def _need(prefix: str, place: Mapping[str, str]) -> None:
    for setting, told in (
        ("host", "host is missing"), ("user", "user is missing"),
        ("password", f"passfile or --{prefix}db-password is missing"),
        ("name", "name is missing"),
    ):  # fmt: skip
        if not place.get(setting):
            raise Fatal(f"--{prefix}db-{told}")

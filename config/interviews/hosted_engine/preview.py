"""The configuration preview: the rows that the tool prints itself, and all other decisions. Pure.

Labels and their order are those of the guide, the rest as measured (reference, section 3.3); the
tool promises no order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from config.answers import show_value
from config.interviews.hosted_engine.conditions import classic
from config.interviews.hosted_engine.interview import DEPLOY
from config.interviews.hosted_engine.merged import row_for, rows_by_name
from config.interviews.hosted_engine.wording import WORDINGS
from config.questions import Given, Value

WIDTH = 35
"""Columns of a label in the tool's own preview."""

BRIDGE = "ovirtmgmt"


def _plain(name: str) -> Callable[[Given], str]:
    return lambda given: show_value(given[name]) if name in given else ""


def _console(given: Given) -> str:
    return {"spice": "qxl"}.get(str(given.get("console")), str(given.get("console", "")))


_ROWS: tuple[tuple[str, str, Callable[[Given], str]], ...] = (
    ("Bridge interface", "nic", _plain("nic")),
    ("Engine FQDN", "fqdn", _plain("fqdn")),
    ("Bridge name", "", lambda _given: BRIDGE),
    ("SSH daemon port", "", lambda _given: "22"),
    (
        "Firewall manager",
        "manage_iptables",
        lambda given: "iptables" if given.get("manage_iptables") is True else "",
    ),
    ("Gateway address", "gateway", _plain("gateway")),
    ("Host name for web application", "host_name", _plain("host_name")),
    ("Host ID", "host_id", lambda given: str(given.get("host_id", 1))),
    ("Image alias", "image_alias", _plain("image_alias")),
    ("Image size GB", "disk_gb", _plain("disk_gb")),
    (
        "GlusterFS Brick Provisioning",
        "gluster_provisioning",
        lambda given: str(given["gluster_provisioning"]) if "gluster_provisioning" in given else "",
    ),
    ("GlusterFS Share Name", "gluster_share", _plain("gluster_share")),
    ("LUN ID", "lun", _plain("lun")),
    ("Storage connection", "storage_connection", _plain("storage_connection")),
    ("Console type", "console", _console),
    ("Memory size MB", "memory_mb", _plain("memory_mb")),
    ("MAC address", "mac", _plain("mac")),
    ("Boot type", "boot", _plain("boot")),
    ("Number of CPUs", "vcpus", _plain("vcpus")),
    ("CPU Type", "cpu_model", _plain("cpu_model")),
)


def preview_rows(given: Given) -> tuple[tuple[str, str], ...]:
    """(label, value) as the tool previews them; what has no value is not shown.

    The ansible generation has no preview of its own: it is shown the same rows.
    """
    shown = ((label, value(given)) for label, _name, value in _ROWS)
    return tuple((label, value) for label, value in shown if value)


def preview_text(given: Given) -> str:
    """The preview as the tool prints it."""
    rows = [f"{label:<{WIDTH}}: {value}" for label, value in preview_rows(given)]
    return "\n".join(["--== CONFIGURATION PREVIEW ==--", "", *rows])


def settings(given: Given) -> tuple[tuple[str, str], ...]:
    """Everything that was decided, for Review: where, the tool's preview, then all the rest."""
    return (*_where(given), *preview_rows(given), *_rest(given))


def _where(given: Given) -> Iterator[tuple[str, str]]:
    for name in ("host", "era", "build", "backup_file"):
        if name in given:
            yield WORDINGS[name].title, show_value(given[name])


def _rest(given: Given) -> Iterator[tuple[str, str]]:
    told = {name for _label, name, _value in _ROWS} | {"host", "era", "build", "backup_file"}
    for name in DEPLOY.names:
        value = given.get(name)
        if value in (None, "", ()) or name in told or value is None or _follows(name, value, given):
            continue
        yield WORDINGS[name].title, show_value(value)


def _follows(name: str, value: Value, given: Given) -> bool:
    """Whether it is no decision: the yes without which the tool ends, a mere "ask me then"."""
    if name in ("proceed", "screen_proceed", "confirm_settings"):
        return True
    asks = name in rows_by_name() and value in row_for(name, given).unsaid
    return asks and classic(given)

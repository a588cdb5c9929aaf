"""The interview of `hosted_engine.deploy`: the pages, called as the tool calls its sections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from config.interviews.hosted_engine import (
    ansible_table,
    classic_storage,
    classic_table,
    classic_vm,
)
from config.interviews.hosted_engine.conditions import ansible, classic
from config.interviews.hosted_engine.merged import question, rows_of
from config.interviews.hosted_engine.ours import (
    BACKUP_FILE,
    BUILD,
    ERA,
    HOST,
    OTHER_KEYS,
    STORAGE_IN_FILE,
)
from config.interviews.hosted_engine.table import Row
from config.questions import Given, Group, Interview, Question

_OURS = {"backup_file"}
_AFTER = (
    "The tool asks for storage after the engine runs in a bootstrap machine. What you answer here"
    " is checked now and offered then."
)


def _questions(rows: tuple[Row, ...]) -> tuple[Question, ...]:
    """One question for each name, in the order of the rows."""
    names = dict.fromkeys(row.name for row in rows if row.name and row.name not in _OURS)
    return tuple(_on_page(name, rows) for name in names)


def _on_page(name: str, rows: tuple[Row, ...]) -> Question:
    """The question as this page asks it: not where an earlier page has asked it already."""
    table = rows_of(rows[0].era)
    here = [row for row in rows if row.name == name]
    others = [row for row in table if row.name == name and row not in rows]
    if not others:
        return question(name)
    before = [row for row in others if table.index(row) < table.index(here[0])]

    def condition(given: Given) -> bool:
        return any(r.asked(given) for r in here) and not any(r.asked(given) for r in before)

    return replace(question(name), condition=condition)


def _page(
    name: str,
    title: str,
    rows: tuple[Row, ...],
    condition: Callable[[Given], bool],
    intro: str = "",
) -> Group:
    return Group(name, title, _questions(rows), intro, condition)


_CLASSIC_PAGES = (
    _page("classic-start", "Start", classic_table.START, classic),
    _page("classic-storage", "Storage", classic_storage.STORAGE_ROWS, classic),
    _page("classic-system", "System", classic_storage.SYSTEM_ROWS, classic),
    _page("classic-network", "Network", classic_table.NETWORK_ROWS, classic),
    _page("classic-vm", "VM", classic_vm.VM_ROWS, classic),
    _page("classic-engine", "Hosted engine", classic_table.ENGINE_ROWS, classic),
    _page("classic-mail", "Notifications", classic_table.MAIL_ROWS, classic),
    _page("classic-preview", "Host name and preview", classic_table.LAST_ROWS, classic),
    _page("classic-after", "Adding the host", classic_table.AFTER_ROWS, classic),
)
_ANSIBLE_PAGES = (
    _page("start", "Start", ansible_table.START, ansible),
    _page("network", "Host network", ansible_table.NETWORK_ROWS, ansible),
    _page("place", "Data centre", ansible_table.PLACE_ROWS, ansible),
    _page("vm", "VM", ansible_table.VM_ROWS, ansible),
    _page("mail", "Notifications", ansible_table.MAIL_ROWS, ansible),
    _page("engine", "Hosted engine", ansible_table.ENGINE_ROWS, ansible),
    _page("storage", "Storage", ansible_table.STORAGE_ROWS, ansible, _AFTER),
)

DEPLOY = Interview(
    groups=(
        Group("host", "Host", (HOST, ERA, BUILD, BACKUP_FILE)),
        *_CLASSIC_PAGES,
        *_ANSIBLE_PAGES,
        Group("file", "Answer file", (STORAGE_IN_FILE, OTHER_KEYS)),
    )
)
"""Every question of both generations; `era` decides which pages there are."""

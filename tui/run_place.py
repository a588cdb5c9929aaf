"""Where an operator is who looks at a run: its title line, read from the run itself."""

from __future__ import annotations

from config.errors import RekindleError
from steps.run.directory import RunDirectory
from tui.widgets.place import Place


def place_of(run: RunDirectory) -> Place:
    """Object, site, and drill or not; its id alone where the run cannot be read. Blocks."""
    try:
        frozen, view = run.frozen(), run.view()
    except RekindleError:
        return Place(run.id)
    what = f"{view.verb} {view.object}".strip() or run.id
    name = frozen.site_data.get("name", "")
    return Place(what, site=str(name), drill=bool(frozen.site_data.get("practice", False)))

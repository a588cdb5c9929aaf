"""The report of a run: report.md, report.html and report.json, from the same data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from config.private_files import write_private
from steps.procedure import Procedure
from steps.run.directory import RunDirectory
from steps.run.redact import Redactor
from steps.run.report_data import ReportData, gather
from steps.run.text import duration, one_line

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).with_name("templates")


def write_reports(
    run: RunDirectory, procedure: Procedure, redactor: Redactor | None = None
) -> ReportData:
    """Write all three files beside the journal and return what they say.

    The redactor is the runner's: the journal holds no secret, so that a later report needs none.
    """
    data: ReportData = (redactor or Redactor()).clean_data(gather(run, procedure))
    write_private(run.report_file("json"), as_json(data))
    write_private(run.report_file("md"), as_markdown(data))
    write_private(run.report_file("html"), as_html(data))
    return data


def as_json(data: ReportData) -> str:
    """For a program."""
    return json.dumps(data, indent=2) + "\n"


def as_markdown(data: ReportData) -> str:
    """For a terminal, a ticket, a mail."""
    return _environment().get_template("report.md.j2").render(data)


def as_html(data: ReportData) -> str:
    """For a browser: one file, no scripts, nothing loaded from anywhere."""
    return _environment().get_template("report.html.j2").render(data)


def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(("html.j2",)),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["line"] = one_line
    environment.filters["cell"] = _cell
    environment.filters["duration"] = duration
    return environment


def _cell(value: object) -> str:
    """One line that does not end the cell of a Markdown table."""
    return one_line(value).replace("|", "\\|")

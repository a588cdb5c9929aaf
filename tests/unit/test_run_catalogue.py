"""The one list of procedures."""

from __future__ import annotations

import subprocess
import sys

import pytest

from config.errors import InvalidInput
from steps import catalogue


def test_every_procedure_is_found_under_the_name_it_bears():
    assert [procedure.name for procedure in catalogue.procedures()] == list(catalogue.names())
    assert "virtual_machine.restore" in catalogue.names()


@pytest.mark.parametrize("name", ["virtual_machine.restor", "restore", "", "../x", "os:system"])
def test_an_unknown_name_is_bad_input_with_the_nearest_ones(name):
    with pytest.raises(InvalidInput) as error:
        catalogue.find(name)
    assert "virtual_machine.restore" in error.value.remedy


def test_the_list_of_names_imports_no_system():
    code = (
        "import sys; from steps import catalogue; catalogue.names();"
        "sys.exit('steps.virtual_machine.restore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-P", "-c", code]).returncode == 0

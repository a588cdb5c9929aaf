"""What every crash test needs around it."""

from __future__ import annotations

import pytest

from tests.crash.run_support import end_leftovers


@pytest.fixture(autouse=True)
def no_runner_outlives_its_test():
    """A run does not end with the test that started it: end what a failed one has left."""
    yield
    end_leftovers()

"""For every test: invented input is judged by what happens, not by how busy the host is.

What worlds in memory leave is removed with the session: a worker of xdist never comes to `atexit`.
"""

import sys

from hypothesis import HealthCheck, settings

settings.register_profile("busy host", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy host")


def pytest_sessionfinish() -> None:
    """In each worker, and where there is none."""
    made = sys.modules.get("tests.unit.backup_world")
    if made is not None:
        made.clear_worlds()

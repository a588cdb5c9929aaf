"""Fixtures of the tests on real servers, written in the *_support.py beside this file."""

from tests.real.check_child import check_home
from tests.real.engine_support import practice, serving
from tests.real.hypervisor_support import capabilities, hypervisor, machine
from tests.real.postgres_support import postgres
from tests.real.slapd_support import slapd, world

__all__ = [
    "capabilities",
    "check_home",
    "hypervisor",
    "machine",
    "postgres",
    "practice",
    "serving",
    "slapd",
    "world",
]

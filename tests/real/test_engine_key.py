"""The key by which an engine enters hosts: fetched over verified TLS, and nothing else taken."""

from __future__ import annotations

import pytest

from config.errors import InvalidInput, Unreachable
from steps.drill.practice_engine.host_access import public_key
from steps.targets.engine_ca import UnknownEngineCa, trust_file
from steps.targets.engine_key import engine_public_key
from tests.real.engine_support import http

PADDED = "ssh-rsa " + "A" * 60


def test_the_engines_own_key_is_fetched_without_its_comment(practice):
    key = engine_public_key(practice.access)
    assert key == " ".join(public_key(practice.places).split()[:2])


def test_a_key_of_an_engine_that_is_not_trusted_is_not_even_looked_at(practice):
    trust_file(practice.access).unlink()
    with pytest.raises(UnknownEngineCa):
        engine_public_key(practice.access)


@pytest.mark.parametrize(
    "body",
    ["", "<html>no</html>", PADDED + "\n" + PADDED, f'command="rm -rf /" {PADDED}', "ssh-rsa A",
     PADDED + " a\x1b[2J", "ssh-dss " + "A" * 60, "\xff" * 50, "ssh-rsa " + "A" * 5000],
)  # fmt: skip
def test_what_is_no_single_key_never_comes_into_authorized_keys(serving, body):
    server = serving(lambda _method, _path: http("200 OK", "text/plain", body.encode("latin-1")))
    with pytest.raises(InvalidInput, match="offers no SSH key"):
        engine_public_key(server.access)


def test_an_engine_that_is_only_starting_is_told_apart(serving):
    server = serving(lambda _method, _path: http("503 Service Unavailable", "text/html", "wait"))
    with pytest.raises(Unreachable, match="answers 503"):
        engine_public_key(server.access)

"""The engine's CA in an archive: a restored engine that shows the same one needs no asking."""

from __future__ import annotations

from steps.drill.practice_engine.certificates import make_identity, write_identity
from steps.hosted_engine.archive.inspect import inspect
from steps.hosted_engine.archive.inspection import Inspection
from steps.targets.engine_ca import kept_ca
from tests.engine_archives import MODERN, build, engine_files

CA = "etc/pki/ovirt-engine/ca.pem"


def test_the_fingerprint_of_the_archives_ca_is_the_one_that_the_engine_shows(tmp_path):
    write_identity(make_identity(["engine.example.com"]), tmp_path / "ca", tmp_path / "web")
    files = engine_files() | {CA: (tmp_path / "ca").read_text()}
    found = inspect(build(tmp_path / "engine.backup", MODERN.but(texts=files)))
    assert found.ca_fingerprint == kept_ca(tmp_path / "ca").fingerprint
    assert Inspection.from_data(found.to_data()).ca_fingerprint == found.ca_fingerprint


def test_what_is_no_certificate_has_no_fingerprint_and_is_not_printed(tmp_path):
    found = inspect(build(tmp_path / "engine.backup", MODERN))
    assert found.ca_fingerprint is None
    assert "ca_fingerprint" not in found.to_data()

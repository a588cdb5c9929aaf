"""The zone of a host by its /etc/localtime: a link, a copy, a copy of another release, nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import TZPATH

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.schedules import zone
from steps.targets.local import LocalShell

RULE = "CET-1CEST,M3.5.0,M10.5.0/3"
SUMMER = datetime(2027, 7, 1, 12, tzinfo=UTC)
WINTER = datetime(2027, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def localtime(tmp_path, monkeypatch) -> Path:
    """Where this host's /etc/localtime is put; there is none yet."""
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(zone, "LOCALTIME", str(tmp_path / "localtime"))
    monkeypatch.setattr(zone, "TIMEZONE", str(tmp_path / "timezone"))
    return tmp_path / "localtime"


def content_of(name: str) -> bytes:
    return next(path.read_bytes() for f in TZPATH if (path := Path(f, name)).exists())


def both() -> tuple[str, str]:
    """What is found over a shell, and on this host itself."""
    return zone.zone_of(LocalShell("h")).key, zone.own_zone().key


def test_a_link_names_the_zone(localtime):
    localtime.symlink_to("/usr/share/zoneinfo/Asia/Tokyo")
    assert both() == ("Asia/Tokyo", "Asia/Tokyo")


def test_without_the_file_it_is_utc_as_libc_has_it(localtime):
    assert both() == ("UTC", "UTC")
    localtime.write_text("no zone at all")
    assert both() == ("UTC", "UTC")


def test_a_copy_is_known_by_its_content_and_by_the_name_that_the_host_gives(localtime):
    localtime.write_bytes(content_of("Asia/Tokyo"))
    assert content_of(zone.zone_of(LocalShell("h")).key) == content_of("Asia/Tokyo")
    localtime.with_name("timezone").write_text("Asia/Tokyo\n")
    assert both() == ("Asia/Tokyo", "Asia/Tokyo")
    localtime.with_name("timezone").write_text("America/Lima\n")
    assert content_of(zone.own_zone().key) == content_of("Asia/Tokyo"), "the content counts"


def test_a_copy_of_another_release_goes_by_the_rule_at_its_end(localtime):
    localtime.write_bytes(b"TZif2 of another release\n" + RULE.encode() + b"\n")
    assert both() == (RULE, RULE)
    found = zone.zone_of(LocalShell("h"))
    assert SUMMER.astimezone(found).utcoffset() == timedelta(hours=2)
    assert WINTER.astimezone(found).utcoffset() == timedelta(hours=1)
    assert str(zone.zone_named(found.key).utcoffset(SUMMER)) == "2:00:00", "a plan reads it back"
    assert "no zone known here" in zone.zone_words(RULE)
    assert zone.zone_words("Europe/Zurich") == "Europe/Zurich"


def test_a_link_to_a_zone_that_is_not_known_here_goes_by_its_rule(localtime, tmp_path):
    target = tmp_path / "zoneinfo" / "America" / "Newtown"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"TZif2 of a later release\n" + RULE.encode() + b"\n")
    localtime.symlink_to(target)
    assert both() == (RULE, RULE)


def test_a_copy_without_a_rule_goes_by_what_the_clock_shows(localtime, monkeypatch):
    localtime.write_bytes(b"TZif\0 an old one")
    monkeypatch.setenv("TZ", "IST-5:30")
    assert zone.zone_of(LocalShell("h")).utcoffset(SUMMER) == timedelta(hours=5, minutes=30)
    monkeypatch.setenv("TZ", "XYZ+4:30")
    assert zone.zone_of(LocalShell("h")).utcoffset(SUMMER) == timedelta(hours=-4, minutes=-30)


@given(st.text(max_size=120) | st.text("CEST<>+-0123456789,./:MJ", max_size=30))
def test_no_name_is_too_strange_to_be_read(name):
    zone.zone_words(name)
    assert zone.zone_named(name).utcoffset(SUMMER) is not None

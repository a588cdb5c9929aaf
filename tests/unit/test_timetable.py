"""Timetables: what a field means, when it comes round, and what a change of the clocks does."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvalidInput
from config.timetable import HOUR, MINUTE, WEEKDAY, Timetable, parse_field, parse_timetable
from steps.schedules.next_runs import Follower, clock_changes, last_due, next_runs
from steps.schedules.timer import (
    Schedule,
    crontab,
    on_calendar,
    service_unit,
    timer_unit,
)

ZURICH = ZoneInfo("Europe/Zurich")
APIA = ZoneInfo("Pacific/Apia")
SPRING, AUTUMN = datetime(2026, 3, 28, 12, tzinfo=ZURICH), datetime(2026, 10, 24, 12, tzinfo=ZURICH)


def table(text: str) -> Timetable:
    return parse_timetable(*text.split())


def told(text: str, after: datetime, count: int = 3, who: Follower = Follower.CRON) -> list[str]:
    moments = next_runs(table(text), after, after.tzinfo, count, who)
    return [f"{moment:%d %b %H:%M %Z}" for moment in moments]


@pytest.mark.parametrize(
    ("text", "rule", "numbers"),
    [
        ("*/20", MINUTE, {0, 20, 40}),
        ("1-7/3,22", HOUR, {1, 4, 7, 22}),
        ("mon-fri", WEEKDAY, {1, 2, 3, 4, 5}),
        ("7", WEEKDAY, {7}),
        ("007", HOUR, {7}),
    ],
)
def test_a_field_means_what_crontab_says(text, rule, numbers):
    assert parse_field(text, rule).numbers == numbers


@pytest.mark.parametrize(
    "text", ["", "60", "-1", "5-1", "*-5", "5/10", "*/0", "1,,2", "a", "1;2", "²", "1" * 500, "* *"]
)
def test_a_field_that_cron_would_not_take_is_refused_by_name(text):
    with pytest.raises(InvalidInput, match="minute"):
        parse_field(text, MINUTE)


def test_sunday_is_0_and_7():
    assert table("0 3 * * 7").weekday.numbers == table("0 3 * * sun").weekday.numbers == {0}


def test_day_and_weekday_are_either_or_unless_one_begins_with_a_star():
    after = datetime(2026, 5, 31, 12, tzinfo=ZURICH)
    assert told("0 3 13 * fri", after) == [
        "05 Jun 03:00 CEST", "12 Jun 03:00 CEST", "13 Jun 03:00 CEST"
    ]  # fmt: skip
    assert told("0 3 */2 * fri", after, 2) == ["05 Jun 03:00 CEST", "19 Jun 03:00 CEST"]


def test_a_fixed_time_in_the_skipped_hour_runs_under_cron_when_the_clocks_have_changed():
    assert told("30 2 * * *", SPRING, 2) == ["29 Mar 03:00 CEST", "30 Mar 02:30 CEST"]
    assert told("15,45 2 * * *", SPRING, 2) == ["29 Mar 03:00 CEST", "30 Mar 02:15 CEST"]


def test_a_timer_leaves_the_day_out_whose_hour_is_skipped():
    assert told("30 2 * * *", SPRING, 1, Follower.TIMER) == ["30 Mar 02:30 CEST"]


def test_a_fixed_time_in_the_doubled_hour_runs_once():
    for who in Follower:
        assert told("30 2 * * *", AUTUMN, 2, who) == ["25 Oct 02:30 CEST", "26 Oct 02:30 CET"]


def test_every_hour_follows_the_wall_clock():
    after = datetime(2026, 10, 25, 0, 40, tzinfo=ZURICH)
    assert told("30 * * * *", after, 4) == [
        "25 Oct 01:30 CEST", "25 Oct 02:30 CEST", "25 Oct 02:30 CET", "25 Oct 03:30 CET"
    ]  # fmt: skip
    assert told("30 * * * *", after, 3, Follower.TIMER) == [
        "25 Oct 01:30 CEST", "25 Oct 02:30 CEST", "25 Oct 03:30 CET"
    ]  # fmt: skip
    before_gap = datetime(2026, 3, 29, 0, 40, tzinfo=ZURICH)
    assert told("30 * * * *", before_gap, 2) == ["29 Mar 01:30 CET", "29 Mar 03:30 CEST"]


def test_what_the_next_changes_of_the_clocks_do_is_told_for_each_follower():
    after = datetime(2026, 1, 1, tzinfo=ZURICH)
    cron = clock_changes(table("30 2 * * *"), after, ZURICH, Follower.CRON)
    assert cron == (
        "29 Mar 2026 02:30 does not exist: cron runs it at 03:00",
        "25 Oct 2026 02:30 comes twice: cron runs it once, the first time",
    )
    timer = clock_changes(table("30 2 * * *"), after, ZURICH, Follower.TIMER)
    assert timer[0] == "29 Mar 2026 02:30 does not exist: a systemd timer does not run that day"
    for quiet in ("0 4 * * *", "30 * * * *", "30 2 1-20 * *"):
        assert clock_changes(table(quiet), after, ZURICH, Follower.CRON) == ()


def test_a_day_that_a_country_left_out_is_made_up_for_once():
    after = datetime(2011, 12, 29, 12, tzinfo=APIA)
    assert told("0 3 * * *", after, 2) == ["31 Dec 00:00 +14", "31 Dec 03:00 +14"]


def test_a_leap_day_is_found_and_an_impossible_day_ends():
    after = datetime(2026, 1, 1, tzinfo=ZURICH)
    assert next_runs(table("0 3 29 2 *"), after, ZURICH, 1)[0].year == 2028
    assert next_runs(table("0 3 31 2 *"), after, ZURICH, 1) == ()
    assert last_due(table("0 3 31 2 *"), after, ZURICH) is None


def utc(moments) -> list[datetime]:
    """Moments as they compare: those of a doubled hour differ from themselves in another zone."""
    return [moment.astimezone(UTC) for moment in moments]


def field_texts(first: int, last: int):
    number = st.integers(first, last)
    spans = st.tuples(number, number).map(sorted).map(lambda pair: f"{pair[0]}-{pair[1]}")
    steps = st.tuples(st.one_of(st.just("*"), spans), st.integers(1, 20))
    part = st.one_of(number.map(str), spans, steps.map(lambda pair: f"{pair[0]}/{pair[1]}"))
    lists = st.lists(part, min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), lists)


TABLES = st.tuples(
    field_texts(0, 59), field_texts(0, 23), field_texts(1, 31), field_texts(1, 12),
    field_texts(0, 7),
)  # fmt: skip


def oracle_numbers(text: str, first: int, last: int) -> list[int]:
    """A field read another way: every number is tried against every part."""

    def fits(number: int, part: str) -> bool:
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        begin = first if low == "*" else int(low)
        end = last if low == "*" else int(high or low)
        return begin <= number <= end and (number - begin) % int(step or 1) == 0

    return [n for n in range(first, last + 1) if any(fits(n, part) for part in text.split(","))]


def oracle(fields: tuple[str, ...], start: datetime, minutes: int) -> list[datetime]:
    """Every minute is asked: is it one? In UTC, where no clock changes."""
    limits = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
    minute, hour, day, month, weekday = (
        oracle_numbers(text, *limit) for text, limit in zip(fields, limits, strict=True)
    )
    found = []
    for offset in range(1, minutes + 1):
        now = start + timedelta(minutes=offset)
        is_day, name = now.day in day, now.isoweekday()
        is_weekday = name in weekday or (name == 7 and 0 in weekday)
        either = not fields[2].startswith("*") and not fields[4].startswith("*")
        matches = (is_day or is_weekday) if either else (is_day and is_weekday)
        if now.minute in minute and now.hour in hour and now.month in month and matches:
            found.append(now)
    return found


@settings(max_examples=150, deadline=None)
@given(TABLES, st.datetimes(datetime(2023, 1, 1), datetime(2032, 1, 1)))
def test_the_evaluator_agrees_with_asking_every_minute(fields, moment):
    start = moment.replace(second=0, microsecond=0, tzinfo=UTC)
    expected = oracle(fields, start, 2 * 1440)
    seen = next_runs(parse_timetable(*fields), start, ZoneInfo("UTC"), 3000)[: len(expected)] \
        if expected else ()  # fmt: skip
    assert list(seen) == expected
    if expected:
        assert last_due(parse_timetable(*fields), expected[-1], ZoneInfo("UTC")) == expected[-1]


@settings(max_examples=100, deadline=None)
@given(
    TABLES,
    st.sampled_from(["Europe/Zurich", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.sampled_from(Follower),
)
def test_what_is_next_is_later_in_order_and_what_was_last_due_is_not(fields, zone, moment, who):
    timetable, now = parse_timetable(*fields), moment.replace(tzinfo=UTC)
    coming = next_runs(timetable, now, ZoneInfo(zone), 5, who)
    assert utc(coming) == sorted(set(utc(coming)))
    assert all(run > now for run in utc(coming))
    past = last_due(timetable, now, ZoneInfo(zone), who)
    assert past is None or past.astimezone(UTC) <= now
    if past is not None and coming:
        assert utc(next_runs(timetable, past, ZoneInfo(zone), 1, who)) == utc(coming[:1])


@settings(max_examples=300)
@given(st.text(max_size=30))
def test_any_text_is_a_field_or_bad_input(text):
    try:
        numbers = parse_field(text, HOUR).numbers
    except InvalidInput:
        return
    assert numbers
    assert numbers <= set(range(24))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 3 * * *", ("*-*-* 03:00:00",)),
        ("*/15 * * * *", ("*-*-* *:00,15,30,45:00",)),
        ("0 3 * * 0,6", ("Sun,Sat *-*-* 03:00:00",)),
        ("0 3 1 * fri", ("*-*-01 03:00:00", "Fri *-*-* 03:00:00")),
        ("0 3 */10 1-2 fri", ("Fri *-01,02-01,11,21,31 03:00:00",)),
    ],
)
def test_on_calendar(text, expected):
    assert on_calendar(table(text)) == expected


def systemd_says(lines: tuple[str, ...], start: datetime, count: int, zone: str) -> list[datetime]:
    """What systemd itself answers, all lines of a timer together."""
    moments: set[datetime] = set()
    for line in lines:
        out = subprocess.run(
            ["systemd-analyze", "calendar", f"--iterations={count}",
             f"--base-time={start.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC", line],
            capture_output=True, text=True, check=True, env={"TZ": zone, "LC_ALL": "C"},
        ).stdout  # fmt: skip
        for row in out.splitlines():
            label, _, value = row.partition(": ")
            wanted = "(in UTC)" if zone != "UTC" else ("Next elapse", "Iter. #")
            if label.strip().startswith(wanted) and value.strip() != "never":
                text = value.strip().removesuffix(" UTC")
                moments.add(datetime.strptime(text, "%a %Y-%m-%d %H:%M:%S").replace(tzinfo=UTC))
    return sorted(moments)[:count]


@settings(max_examples=40, deadline=None)
@given(TABLES, st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))
def test_systemd_reads_the_timer_as_cron_reads_the_fields(fields, moment):
    timetable, start = parse_timetable(*fields), moment.replace(microsecond=0, tzinfo=UTC)
    seen = systemd_says(on_calendar(timetable), start, 4, "UTC")
    expected = next_runs(timetable, start, ZoneInfo("UTC"), 4, Follower.TIMER)
    assert seen[: len(expected)] == list(expected)


@pytest.mark.parametrize("text", ["30 2 * * *", "30 * * * *", "0 3 * * *", "*/20 2-3 * * sun"])
@pytest.mark.parametrize("start", [SPRING, AUTUMN])
def test_systemd_does_at_a_change_of_the_clocks_what_is_foretold(text, start):
    seen = systemd_says(on_calendar(table(text)), start, 30, "Europe/Zurich")
    assert seen == utc(next_runs(table(text), start, ZURICH, 30, Follower.TIMER))


def test_the_original_broker_takes_one_minute_and_one_star():
    assert table("0 3 * * *").original_refuses == ""
    assert "minute" in table("*/5 3 * * *").original_refuses
    assert "weekday" in table("0 3 1 * fri").original_refuses


SCHEDULE = Schedule(
    "rekindle-backup", "Nightly backup", table("0 3 * * *"),
    ("/usr/local/bin/rekindle", "run", "--answers", "/etc/50% of $it/a b.yaml"),
    "virtual_machine.plan",
)  # fmt: skip


def test_percent_and_dollar_reach_the_program_unchanged():
    assert '"/etc/50%% of $$it/a b.yaml"' in service_unit(SCHEDULE)
    line = crontab(SCHEDULE).splitlines()[-1]
    assert line.startswith("0 3 * * * root /usr/local/bin/rekindle run ")
    assert "50\\% of $it" in line
    assert crontab(SCHEDULE).endswith("\n")


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    schedule = Schedule(
        "rekindle-backup", "Nightly backup", table("0 3 1 * fri"), ("/bin/true",), "a.job"
    )
    (tmp_path / "rekindle-backup.service").write_text(service_unit(schedule))
    (tmp_path / "rekindle-backup.timer").write_text(timer_unit(schedule))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "rekindle-backup.timer")],
        capture_output=True, text=True, env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_a_unit_never_gets_a_second_line():
    with pytest.raises(InvalidInput):
        service_unit(
            Schedule("x", "a\nExecStart=/bin/evil", table("0 3 * * *"), ("/bin/true",), "a.job")
        )

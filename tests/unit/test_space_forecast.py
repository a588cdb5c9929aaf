"""The forecast of space: a straight line, kept nights, and no more certainty than there is."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from steps.virtual_machine.dashboard.space import HORIZON_DAYS, Forecast, Night, forecast

FIRST = date(2026, 11, 1)


def nights(*sizes: int, every: int = 1) -> list[Night]:
    return [Night(FIRST + timedelta(days=n * every), size) for n, size in enumerate(sizes)]


def test_without_nights_or_with_few_of_them_nothing_is_foretold():
    assert forecast([], 100, 1) == Forecast(0, reason="there is no backup yet")
    assert forecast(nights(5, 5), 100, 1) == Forecast(5, reason="2 nights: too few for a trend")


def test_equal_nights_that_replace_each_other_never_fill_it():
    found = forecast(nights(10, 10, 10), 15, 3)
    assert (found.needs, found.growth, found.likely, found.earliest) == (10, 0, None, None)


def test_the_new_night_must_fit_before_the_oldest_goes():
    assert forecast(nights(10, 10, 10), 9, 3).likely == 1


def test_while_fewer_nights_are_there_than_are_kept_every_one_of_them_adds_up():
    assert forecast(nights(10, 10, 10), 35, 10).likely == 4
    assert forecast(nights(10, 10, 10), 75, 10).likely == 8
    assert forecast(nights(10, 10, 10), 85, 10).likely is None


def test_growing_nights_fill_it_at_the_day_they_do():
    # 10, 20, 30: the next are 40, 50, 60 ...; each replaces one that is 30 smaller.
    found = forecast(nights(10, 20, 30), 100, 3)
    free, new, held, day = 100, 40, [10, 20, 30], 1
    while new <= free:
        free += held.pop(0) - new
        held.append(new)
        new, day = new + 10, day + 1
    assert (found.growth, found.error, found.likely, found.earliest) == (10, 0, day, day)


def test_nights_that_differ_much_give_a_range():
    found = forecast(nights(10, 40, 5, 38, 30, 45), 200, 3)
    assert found.error > 0
    assert found.earliest is not None
    assert found.likely is None or found.earliest < found.likely


def test_a_weekly_rhythm_counts_in_days():
    assert forecast(nights(10, 10, 10, every=7), 35, 10).likely == 28


@given(
    st.lists(st.integers(0, 10**12), max_size=30), st.integers(0, 10**13), st.integers(0, 40),
    st.integers(1, 40),
)  # fmt: skip
def test_any_history_gives_a_forecast_in_which_the_earliest_is_not_the_latest(
    sizes, free, kept, every
):
    found = forecast(nights(*sizes, every=every), free, kept)
    assert found.needs >= 0
    if found.likely is not None:
        assert found.earliest is not None
        assert 0 < found.earliest <= found.likely < HORIZON_DAYS

"""A password in the form that PostgreSQL stores."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvalidInput
from steps.hosted_engine.machine_restore.role_password import (
    check_password,
    is_password,
    stored_password,
)

PLAIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=30)


@settings(max_examples=25, deadline=None)
@given(user=PLAIN, password=PLAIN, other=PLAIN, method=st.sampled_from(["scram-sha-256", "md5"]))
def test_a_stored_password_is_told_from_any_other_and_does_not_hold_it(
    user, password, other, method
):
    stored = stored_password(user, password, method)
    assert is_password(stored, user, password)
    assert is_password(stored, user, other) is (other == password)
    assert len(password) < 4 or password not in stored


def test_the_old_form_is_that_of_the_manual():
    # "md5" and the MD5 of password and user: md5sum of "secretbob".
    assert stored_password("bob", "secret", "on") == "md521f3163f8f86fa10bdefbfbd502a8f06"


@given(st.one_of(st.text(max_size=80), st.from_regex(r"SCRAM-SHA-256\$\d{1,9}:.{1,9}\$a+:b+")))
def test_what_is_no_stored_password_is_nobody_s(stored):
    started = time.monotonic()
    assert not is_password(stored, "engine", "pw")
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("password", ["", "a\nb", "tab\t", "é", "\x7f"])
def test_a_password_that_would_not_get_through_is_refused(password):
    with pytest.raises(InvalidInput) as caught:
        check_password(password)
    assert not password or password not in str(caught.value)

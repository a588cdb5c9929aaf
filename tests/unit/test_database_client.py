"""How the engine connects, out of its own settings file, which may hold anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.hosted_engine.machine_restore.database_client import login_in
from steps.hosted_engine.machine_restore.postgres_server import name_in_sql, text_in_sql

FILE = """\
ENGINE_DB_HOST="db.example.com"
ENGINE_DB_PORT="5433"
ENGINE_DB_USER="engine"
ENGINE_DB_PASSWORD="a\\"b\\\\c\\$d e"
ENGINE_DB_DATABASE="engine"
ENGINE_DB_SECURED="False"
"""
LINES = st.lists(
    st.one_of(st.text(max_size=60), st.sampled_from(FILE.splitlines()),
              st.from_regex(r'ENGINE_DB_(HOST|PORT|USER|DATABASE|PASSWORD)="?.{0,9}"?')),
    max_size=12,
)  # fmt: skip


@pytest.mark.parametrize("text", [FILE, FILE.replace("ENGINE_DB", "DWH_DB")])
def test_a_settings_file_tells_who_connects_and_its_password_is_unescaped(text):
    login = login_in(text)
    assert login.shown == "engine@db.example.com:5433/engine"
    assert login.password.reveal() == 'a"b\\c$d e'
    assert "c$d" not in repr(login)


@pytest.mark.parametrize(
    ("secured", "validated", "mode"),
    [("False", "False", ""), ("True", "False", "require"), ("True", "True", "verify-full"),
     ("False", "True", "")],
)  # fmt: skip
def test_the_connection_is_encrypted_as_engine_setup_will_have_it(secured, validated, mode):
    text = FILE.replace('SECURED="False"', f'SECURED="{secured}"')
    login = login_in(f'{text}ENGINE_DB_SECURED_VALIDATION="{validated}"\n')
    assert login.encryption == mode
    assert ("root.crt" in login.remedy) == (mode == "verify-full")


@pytest.mark.parametrize(
    ("old", "new"),
    [("5433", "²"), ("5433", "123456"), ("engine", "-c evil"), ("db.example.com", ""),
     ("ENGINE_DB_PORT", "X_PORT"), ("c\\$d", "c\x01d")],
)  # fmt: skip
def test_what_psql_would_take_for_something_else_is_no_login(old, new):
    assert login_in(FILE.replace(old, new, 2)) is None


@given(LINES)
def test_any_file_is_a_login_or_none(lines):
    login = login_in("\n".join(lines))
    if login is not None:
        assert login.host
        assert "\n" not in login.password.reveal()
        assert not login.user.startswith("-")


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))))
def test_a_name_or_text_ends_where_it_is_to_end_in_sql(text):
    name = name_in_sql(text)
    assert name[1:-1].replace('""', "").count('"') == 0
    quoted = text_in_sql(text)
    inner = quoted.removeprefix("E")[1:-1].replace("\\\\", "").replace("''", "")
    assert "'" not in inner
    assert "\\" not in inner

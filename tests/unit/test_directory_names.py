"""Escaping of names and filters, held against OpenLDAP's own library."""

from __future__ import annotations

import ldap.dn
import ldap.filter
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvalidInput
from steps.ldif_text import normal_dn
from steps.targets.directory_names import child, equals, naming, parent, rdn
from steps.targets.ldap_filter import parse_filter

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(TEXT.filter(lambda text: text.strip(" ")))
@settings(max_examples=150)
def test_openldap_reads_back_the_name_that_was_escaped(value: str) -> None:
    dn = child("ou", value, "dc=example,dc=org")
    (attribute, read, _), *_ = ldap.dn.str2dn(dn)[0]
    assert (attribute, read) == ("ou", value)
    assert naming(dn) == ("ou", value)
    assert parent(dn) == "dc=example,dc=org"
    assert normal_dn(dn).endswith(",dc=example,dc=org")


@given(TEXT, TEXT)
@settings(max_examples=150)
def test_a_filter_for_a_value_holds_one_value_whatever_is_in_it(value: str, other: str) -> None:
    from steps.targets.directory import Entry

    text = equals("cn", value)
    assert text.isascii()
    assert text.count("(") == text.count(")") == 1
    matches = parse_filter(text)
    assert matches(Entry("cn=x", {"cn": (value.encode(),)}))
    folded = [" ".join(t.split()).casefold() for t in (value, other)]
    if folded[0] != folded[1]:
        assert not matches(Entry("cn=x", {"cn": (other.encode(),)}))


@pytest.mark.parametrize("attribute", ["", "a b", "a)(b", "ou=x", "a*", "ä"])
def test_an_attribute_name_cannot_smuggle_anything_in(attribute: str) -> None:
    with pytest.raises(InvalidInput):
        equals(attribute, "x")
    with pytest.raises(InvalidInput):
        rdn(attribute, "x")


def test_bytes_of_a_command_line_that_are_no_text_stay_and_half_a_character_is_refused() -> None:
    assert equals("cn", "\udcff") == "(cn=\\ff)"
    with pytest.raises(InvalidInput, match="half a character"):
        equals("cn", "\ud800")


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(InvalidInput):
        rdn("ou", "")


def test_the_naming_value_of_a_name_with_several_parts_is_the_first() -> None:
    assert naming("cn=a\\+b+sn=c,dc=org") == ("cn", "a+b")


def test_outer_spaces_survive_readers_that_trim() -> None:
    assert naming(rdn("ou", " x ")) == ("ou", " x ")
    assert naming(rdn("ou", "  ")) == ("ou", "  ")

"""LDIF text: what is read, what is refused with its line, and that writing loses nothing."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvalidInput
from steps.ldif_text import (
    MAX_BYTES,
    below,
    dump_add,
    dump_delete,
    dump_entries,
    dump_modify,
    normal_dn,
    parse_document,
    parse_entries,
    same_dn,
    split_dn,
)
from steps.targets.directory import Change, Entry

MACHINE = b"""version: 1

# the machine
dn: sstVirtualMachine=kvm-005,ou=virtual machines,dc=x
objectClass: top
objectClass: sstSpice
sstMemory: 134217728
description: a long text that some writer
  folded
sstSpicePassword:: czNjcjN0
"""


def refusal(data: bytes) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_entries(data, "web01.ldif")
    return caught.value.message


def test_reads_entries_with_folding_comments_and_base64():
    (entry,) = parse_entries(MACHINE, "x.ldif")
    assert entry.dn == "sstVirtualMachine=kvm-005,ou=virtual machines,dc=x"
    assert entry.values("objectclass") == (b"top", b"sstSpice")
    assert entry.text("description") == "a long text that some writer folded"
    assert entry.text("sstSpicePassword") == "s3cr3t"


def test_crlf_and_missing_version_read_the_same():
    windows = MACHINE.removeprefix(b"version: 1\n\n").replace(b"\n", b"\r\n")
    assert parse_entries(windows, "x") == parse_entries(MACHINE, "x")


def test_a_folded_comment_is_dropped_whole():
    assert parse_entries(b"# note\n  more: of it\ndn: cn=a\ncn: a\n", "x")[0].text("cn") == "a"


def test_empty_input_has_no_entries():
    assert parse_entries(b"", "x") == ()
    assert parse_entries(b"\n\n# nothing\n\n", "x") == ()


def test_values_that_are_not_utf8_stay_bytes():
    (entry,) = parse_entries(b"dn: cn=a\ncn: \xff\xfe\nx:: AAD/\n", "x")
    assert entry.values("cn") == (b"\xff\xfe",)
    assert entry.values("x") == (b"\x00\x00\xff",)


def test_operational_attributes_fill_the_guards():
    (entry,) = parse_entries(b"dn: cn=a\ncn: a\nentrycsn: 2026#1\nmodifiersName: cn=admin\n", "x")
    assert (entry.entry_csn, entry.modified_by) == ("2026#1", "cn=admin")


def test_a_url_is_refused_and_never_fetched(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cr3t")
    message = refusal(f"dn: cn=a\ncn:< file://{secret}\n".encode())
    assert "line 2" in message
    assert "s3cr3t" not in message


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        (b"dn: cn=a\nno value\n", 2, "not `attribute: value`"),
        (b"cn: a\n", 1, "an entry's dn"),
        (b"dn: cn=a\nchangetype: delete\n", 2, "a change"),
        (b"dn: cn=a\nchangetype: modify\nreplace: x\nx: 1\n-\n", 2, "a change"),
        (b"dn: cn=a\ncn: b\nd\x00n: c\n", 3, "NUL"),
        (b"dn: cn=a\rcn: b\n", 1, "carriage return"),
        (b"dn: cn=a\ncn:: a b c\n", 2, "base64"),
        (b"dn: nonsense\n", 1, "not a DN"),
        (b"dn: cn=\xff\n", 1, "UTF-8"),
        (b"dn:\ncn: a\n", 1, "empty"),
        (b" folded\ndn: cn=a\n", 1, "continuation"),
        (b"version: 2\n\ndn: cn=a\n", 1, "version"),
        (b"dn: cn=a\ncn: a\ndn: cn=b\n", 3, "second dn"),
    ],
)
def test_what_is_no_content_ldif_is_refused_with_file_and_line(data, line, what):
    message = refusal(data)
    assert message.startswith(f"web01.ldif, line {line}: ")
    assert what in message


def test_an_entry_repeated_word_for_word_is_dropped_with_a_note():
    text = b"dn: cn=a,dc=x\ncn: a\n\ndn: CN=A, dc=x\nCN: a\n"
    document = parse_document(text, "x.ldif")
    assert [entry.dn for entry in document.entries] == ["cn=a,dc=x"]
    assert "lines 1 and 4" in document.notes[0]


def test_an_entry_repeated_with_other_values_is_refused_naming_both_lines():
    message = refusal(b"dn: cn=a\ncn: a\n\ndn: cn=a\ncn: b\n")
    assert "line 4" in message
    assert "line 1" in message


def test_too_much_is_refused_unread():
    assert str(MAX_BYTES) in refusal(b"x" * (MAX_BYTES + 1))
    assert "too long" in refusal(b"dn: cn=a\ncn: " + b"x" * (5 << 20) + b"\n")
    assert "lines" in refusal(b"a: b\n" * 300_000)
    assert "entries" in refusal(b"".join(b"dn: cn=%d\ncn: a\n\n" % n for n in range(6_000)))
    assert "longer" in refusal(b"dn: " + b"cn=a," * 2_000 + b"cn=a\n")


def test_a_dn_that_takes_a_regular_expression_for_ever_is_read_at_once():
    assert len(split_dn("x=\\," * 200 + "x=1")) == 1


def test_dns_compare_without_case_spaces_and_spelling_of_escapes():
    assert same_dn("OU=Virtual Machines , dc=X", "ou=virtual  machines,DC=x")
    assert same_dn(r"cn=a\,b,dc=x", r"cn=a\2Cb,dc=x")
    assert not same_dn(r"cn=a\,b,dc=x", "cn=a,cn=b,dc=x")
    assert same_dn("cn=a+uid=b,dc=x", "uid=b+cn=A,dc=x")
    assert normal_dn("CN=é") == normal_dn(r"cn=\c3\a9")


def test_below_knows_an_entry_and_its_descendants():
    assert below("ou=devices, cn=A,dc=x", "cn=a,dc=x")
    assert below("cn=a,dc=x", "CN=a,dc=x")
    assert not below("cn=aa,dc=x", "cn=a,dc=x")


def test_dumped_lines_are_not_wrapped_and_unsafe_values_are_base64():
    entry = Entry("cn=ä", {"a": (b"x" * 500, b" lead", b"trail ", b"a\nb", b"<u", b":c", b"")})
    text = dump_entries([entry])
    assert "x" * 500 in text
    for unsafe in (b" lead", b"trail ", b"a\nb", b"<u", b":c"):
        assert "a:: " + base64.b64encode(unsafe).decode() in text
    assert "a:\n" in text


def test_change_records_are_what_ldapmodify_reads():
    changes = [Change("delete", "m", (b"a",)), Change("add", "m", (b"b",)), Change("replace", "s")]
    assert dump_modify("cn=a", changes, expected_csn="2026112010.1Z#000000#000#000000") == (
        "# only while (entryCSN=2026112010.1Z#000000#000#000000)\n"
        "dn: cn=a\n"
        "control: 1.3.6.1.1.12 true:: "
        "oysECGVudHJ5Q1NOBB8yMDI2MTEyMDEwLjFaIzAwMDAwMCMwMDAjMDAwMDAw\n"
        "changetype: modify\n"
        "delete: m\nm: a\n-\nadd: m\nm: b\n-\nreplace: s\n-\n"
    )
    assert dump_add("cn=a", {"cn": (b"a",)}) == "dn: cn=a\nchangetype: add\ncn: a\n"
    assert dump_delete("cn=a") == "dn: cn=a\nchangetype: delete\n"


def test_nothing_can_be_smuggled_into_a_change_record():
    assert "\ndn:" not in dump_delete("cn=a\ndn: cn=b")
    with pytest.raises(InvalidInput):
        dump_modify("cn=a", [], expected_csn="1\ndn: cn=b")
    with pytest.raises(InvalidInput):
        dump_add("cn=a", {"x\ny": (b"1",)})
    with pytest.raises(InvalidInput):
        dump_modify("cn=a", [Change("increment", "x")])


values = st.lists(st.binary(max_size=12), min_size=1, max_size=3, unique=True).map(tuple)
attributes = st.dictionaries(st.sampled_from(["cn", "sstX", "a;lang-de", "1.2.3"]), values)


@settings(max_examples=60, deadline=None)
@given(st.lists(attributes, max_size=4))
def test_what_was_dumped_reads_back_the_same(found):
    entries = tuple(Entry(f"cn=e{n},dc=x", held) for n, held in enumerate(found))
    again = parse_entries(dump_entries(entries).encode(), "x")
    assert again == entries


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text('dnc=a:,<\\ \n\r\x00#-"+', max_size=80).map(str.encode),
    )
)
def test_any_bytes_give_entries_or_one_clear_error(data):
    try:
        message = f"{len(parse_entries(data, 'x'))} entries"
    except InvalidInput as error:
        message = error.message
    assert message.startswith("x, line ") or message.endswith(" entries")


@settings(max_examples=100, deadline=None)
@given(st.text('aA=,+\\ "2Cé', max_size=30))
def test_normalising_a_dn_twice_changes_nothing(text):
    try:
        once = normal_dn(text)
    except InvalidInput:
        return
    assert normal_dn(once) == once


def test_the_same_dns_as_the_directory_library_sees():
    import ldap.dn

    for text in (r"cn=a\,b,dc=x", "ou=virtual machines,dc=x", r"cn=\c3\a9,dc=x", "a=1+b=2,dc=x"):
        assert len(split_dn(text)) == len(ldap.dn.str2dn(text))

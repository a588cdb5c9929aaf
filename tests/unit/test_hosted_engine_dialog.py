"""The dialog client against transcripts typed from the reference, whole and torn."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvalidInput
from config.secrets import Secret
from steps.hosted_engine.dialog.answers import Answer, fit
from steps.hosted_engine.dialog.events import (
    Asked,
    Display,
    Level,
    Log,
    Note,
    Other,
    Passed,
    Planned,
    Terminated,
    Wants,
)
from steps.hosted_engine.dialog.human import HumanDialog
from steps.hosted_engine.dialog.machine import FOREIGN_SILENCE, MachineDialog, split_values
from tests.unit.hosted_engine_transcripts import (
    ABORT,
    BOUNDARY,
    FRAMED,
    FRAMED_SECRET,
    HUMAN,
    OLD_MACHINE,
    OLD_MACHINE_NEXT,
)


def asked_in(events):
    return [event for event in events if isinstance(event, Asked)]


def fed(text, dialog=None, *, settle=False):
    dialog = dialog or MachineDialog()
    events = dialog.feed(text.encode())
    return events + (dialog.settle() if settle else [])


def test_before_otopi_1_5_a_question_is_its_request_and_the_notes_after_it():
    dialog = MachineDialog()
    assert asked_in(dialog.feed(OLD_MACHINE.encode())) == []
    assert dialog.unsettled
    (asked,) = dialog.settle()
    assert asked.name == "DEPLOY_PROCEED"
    assert asked.text == "Are you sure you want to continue? (Yes, No)[Yes]:"
    assert (asked.default, asked.choices) == ("Yes", ("Yes", "No"))
    assert asked.hidden is None
    (second,) = asked_in(fed(OLD_MACHINE_NEXT, dialog, settle=True))
    assert second.default == "nfs3"
    assert second.choices == ("glusterfs", "iscsi", "fc", "nfs3", "nfs4")


def test_notes_before_an_old_question_are_notes_and_none_of_its_text():
    events = fed(OLD_MACHINE, settle=True)
    assert Note("Continuing will configure this host for serving as hypervisor.") in events
    assert "hypervisor" not in asked_in(events)[0].text


def test_from_otopi_1_5_on_a_question_is_complete_at_the_end_of_its_frame():
    (asked,) = asked_in(fed(FRAMED))
    assert asked.name == "OVEHOSTED_NETWORK_TEST"
    assert asked.default == "dns"
    assert asked.choices == ("ping", "dns", "tcp", "none")
    assert asked.hidden is False
    assert asked.words.startswith("Please specify which way")


def test_the_plan_of_events_is_counted_and_each_end_told():
    events = fed(FRAMED)
    assert Planned(3) in events
    assert [e.name.split()[1] for e in events if isinstance(e, Passed)] == ["init"]


def test_a_hidden_question_says_so_and_has_no_default():
    (asked,) = asked_in(fed(FRAMED_SECRET))
    assert asked.hidden is True
    assert asked.is_secret
    assert asked.default is None


def test_an_old_question_for_a_password_is_told_by_its_words():
    text = "***Q:STRING ENGINE_ADMIN_PASSWORD\n### Enter 'admin@internal' user password: \n"
    (asked,) = asked_in(fed(text, settle=True))
    assert asked.hidden is None
    assert asked.is_secret


def test_a_name_that_comes_twice_is_counted():
    dialog = MachineDialog()
    events = fed(FRAMED_SECRET, dialog) + fed(FRAMED_SECRET, dialog)
    assert [asked.occurrence for asked in asked_in(events)] == [1, 2]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("a|b", ("a", "b")),
        (r"a\|b|c", ("a|b", "c")),
        (r"a\\|b", ("a\\", "b")),
        (r"a\\\|b", ("a\\|b",)),
        ("", ("",)),
    ],
)
def test_valid_values_are_unescaped(line, values):
    assert split_values(line) == values


@given(st.lists(st.text(max_size=8), min_size=1, max_size=6))
def test_valid_values_come_back_whatever_they_hold(values):
    joined = "|".join(v.replace("\\", "\\\\").replace("|", "\\|") for v in values)
    assert split_values(joined) == tuple(values)


def test_valid_values_of_the_development_build_that_wrote_three_asterisks_are_taken():
    text = FRAMED.replace("**%QValidValues", "***QValidValues")
    assert asked_in(fed(text))[0].choices == ("ping", "dns", "tcp", "none")


def test_several_lines_are_asked_for_up_to_the_boundary_of_the_request():
    text = (
        "**%QStart: KEYS\n### Please specify multiple strings for 'KEYS':\n"
        f"***Q:MULTI-STRING KEYS {BOUNDARY} {ABORT}\n**%QEnd: KEYS\n"
    )
    (asked,) = asked_in(fed(text))
    assert (asked.wants, asked.boundary, asked.name) == (Wants.LINES, BOUNDARY, "KEYS")


def test_a_value_is_asked_for_in_either_order():
    new = "**%QStart: X\n### Please specify value for 'X':\n***Q:VALUE X\n**%QEnd: X\n"
    old = "***Q:VALUE X\n### Please specify value for 'X':\n"
    for text in (new, old):
        (asked,) = asked_in(fed(text, settle=True))
        assert (asked.wants, asked.name) == (Wants.VALUE, "X")


def test_a_confirmation_has_no_frame_and_ends_with_its_rule():
    text = (
        "***CONFIRM GPG_KEY Confirm use of GPG Key\n### Please confirm 'GPG_KEY'\n"
        "### Response is CONFIRM GPG_KEY=yes|no or ABORT GPG_KEY\n"
    )
    (asked,) = asked_in(fed(text))
    assert (asked.wants, asked.name) == (Wants.CONFIRM, "GPG_KEY")


def test_displays_logs_and_the_end_are_told_and_lines_of_a_display_are_no_protocol():
    text = (
        f"***D:VALUE A=str:x=y:z\n***D:MULTI-STRING B {BOUNDARY}\none\n***TERMINATE\n{BOUNDARY}\n"
        "***L:WARNING careful\n***L:CRITICAL bad\n***TERMINATE\n"
    )
    assert fed(text) == [
        Display("A", "x=y:z"),
        Display("B", "one\n***TERMINATE"),
        Log(Level.WARNING, "careful"),
        Log(Level.ERROR, "bad"),
        Terminated(),
    ]


def test_carriage_returns_and_echoed_answers_of_a_terminal_are_dropped():
    dialog = MachineDialog()
    first = fed(FRAMED.replace("\n", "\r\n"), dialog)
    dialog.sent("dns")
    second = fed("dns\r\n" + FRAMED_SECRET.replace("\n", "\r\n"), dialog)
    assert asked_in(first)[0].choices[0] == "ping"
    assert [type(event) for event in second] == [Asked]


def test_a_human_prompt_is_a_line_that_does_not_end():
    dialog = HumanDialog()
    events = fed(HUMAN, dialog)
    assert asked_in(events) == []
    assert dialog.recognised
    assert dialog.unsettled
    (asked,) = dialog.settle()
    assert asked.last_line == "Are you sure you want to continue? (Yes, No)[Yes]:"
    assert (asked.default, asked.choices) == ("Yes", ("Yes", "No"))
    assert asked.text.startswith("During customization")
    assert not dialog.unsettled


def test_what_a_terminal_echoes_to_a_human_prompt_is_no_line_of_the_tool():
    dialog = HumanDialog()
    fed(HUMAN, dialog, settle=True)
    events = fed("Yes\r\n\x1b[92m[ INFO  ]\x1b[0m Hardware supports virtualization\r\n", dialog)
    assert events == [Log(Level.INFO, "Hardware supports virtualization")]


def test_a_failure_on_the_line_of_a_human_prompt_is_told():
    dialog = HumanDialog()
    fed(HUMAN, dialog, settle=True)
    assert fed("\x1b[0;31m[ ERROR ]\x1b[0m Failed to execute stage 'X': SIG2\r\n", dialog) == [
        Log(Level.ERROR, "Failed to execute stage 'X': SIG2")
    ]


def test_a_human_question_asked_again_is_the_second_of_its_words():
    dialog = HumanDialog()
    fed(HUMAN, dialog, settle=True)
    prompt = HUMAN.splitlines()[-1]
    (asked,) = asked_in(fed("x\r\n[ ERROR ] Invalid value\r\n" + prompt, dialog, settle=True))
    assert asked.occurrence == 2


def test_a_human_prompt_wrapped_by_a_narrow_terminal_is_read_as_one():
    text = (
        "          Please specify the storage you would like to\n"
        "          use (glusterfs, iscsi, fc,\n          nfs)[nfs]:"
    )
    (asked,) = asked_in(fed(text, HumanDialog(), settle=True))
    assert "specify the storage you would like to use" in asked.words
    assert asked.choices == ("glusterfs", "iscsi", "fc", "nfs")
    assert asked.default == "nfs"


def test_human_prompts_that_end_their_line_are_seen_too():
    lines = f"          type '{BOUNDARY}' in own line to mark end.\n"
    (asked,) = asked_in(fed(lines, HumanDialog(), settle=True))
    assert (asked.wants, asked.boundary) == (Wants.LINES, BOUNDARY)
    (asked,) = asked_in(fed("          Format is type:value.\n", HumanDialog(), settle=True))
    assert asked.wants is Wants.VALUE


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("What colour?\n          Colour (red, blue) [red]: ", "blue"),
        (f"type '{BOUNDARY}' in own line to mark end.", f"one\ntwo\n{BOUNDARY}"),
        ("Format is type:value.", "str:x"),
    ],
    ids=["note-list", "lines", "value"],
)
def test_the_echo_below_a_prompt_that_ended_its_line_is_no_line_of_the_tool(prompt, answer):
    dialog = HumanDialog()
    asked_in(fed(f"          {prompt}\n", dialog, settle=True))
    dialog.sent(answer)
    echo = "".join(f"{line}\r\n" for line in answer.split("\n"))
    events = fed(f"{echo}          Next question [d]: ", dialog, settle=True)
    (asked,) = asked_in(events)
    assert asked.text.strip() == "Next question [d]:"
    assert events == [asked]


def test_a_human_question_that_points_back_at_a_warning_has_its_words():
    text = (
        "[ INFO  ] Stage: Environment setup\n"
        "[WARNING] Neither the option --4 nor --6 was used.\n"
        "          Do you want to continue anyway? (Yes, No)[No]: "
    )
    (asked,) = asked_in(fed(text, HumanDialog(), settle=True))
    assert "--4" in asked.words
    assert asked.last_line == "Do you want to continue anyway? (Yes, No)[No]:"
    other = text.replace("Do you want to continue anyway?", "Enable it?")
    assert "--4" not in asked_in(fed(other, HumanDialog(), settle=True))[0].words


def test_an_old_confirmation_in_human_words_takes_yes_in_small_letters():
    text = "          Continue with specified CPUs? (yes/no) "
    dialog = HumanDialog()
    (asked,) = asked_in(fed(text, dialog, settle=True))
    assert asked.wants is Wants.CONFIRM
    assert fit(asked, Answer("Yes")).text == "yes"


def test_a_value_shown_in_human_words_is_shown_and_no_part_of_the_next_question():
    shown = f"D:VALUE NAME=str:v\nD:MULTI-STRING MANY {BOUNDARY}\na\n Sure? (Yes, No)[Yes]: \n"
    events = fed(f"{shown}{BOUNDARY}\n          Next [d]: ", HumanDialog(), settle=True)
    assert events[:2] == [Display("NAME", "v"), Display("MANY", "a\n Sure? (Yes, No)[Yes]: ")]
    assert events[2].text.strip() == "Next [d]:"


def test_an_empty_answer_to_a_hidden_question_is_sent_where_it_is_meant():
    (asked,) = asked_in(fed(FRAMED_SECRET))
    assert fit(asked, Answer("", empty=True)).text == ""
    assert fit(asked, Answer("", empty=True)).secret
    with pytest.raises(InvalidInput):
        fit(asked, Answer(Secret("")))
    with pytest.raises(InvalidInput):
        fit(asked, Answer(""))


def test_silence_without_a_prompt_is_no_question():
    for dialog in (HumanDialog(), MachineDialog()):
        assert fed("[ INFO  ] Creating Storage Domain\n***L:INFO x\n", dialog, settle=True)
        assert not dialog.unsettled


ALL = (OLD_MACHINE, FRAMED + FRAMED_SECRET, HUMAN + "Yes\n")


@given(st.sampled_from(ALL), st.sampled_from(["\n", "\r\n"]), st.data())
def test_torn_at_any_byte_every_dialog_says_the_same(text, line_end, data):
    stream = text.replace("\n", line_end).encode()
    make = HumanDialog if text.startswith("[") else MachineDialog
    whole = make()
    expected = whole.feed(stream) + whole.settle()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    torn, events = make(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        events += torn.feed(stream[start:end])
    assert events + torn.settle() == expected


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_byte_by_byte_every_dialog_says_the_same(text, line_end):
    make = HumanDialog if text.startswith("[") else MachineDialog
    stream = text.replace("\n", line_end).encode()
    whole, single = make(), make()
    events = [event for byte in stream for event in single.feed(bytes([byte]))]
    assert events + single.settle() == whole.feed(stream) + whole.settle()


TOKENS = st.sampled_from(
    ["***", "**%", "###", "Q:STRING", "QStart:", "QEnd:", " A", "\n", "\r", "[", "]", "(", ")",
     "L:INFO", "CONFIRM", "D:MULTI-STRING", "QValidValues:", "\\", "|", "\x1b[92m", "[ ERROR ]",
     "EventsListEntry", "EventsListStart", "Q:MULTI-STRING", "\xff", "          ", "Q:VALUE", ":"]
)  # fmt: skip


@given(st.lists(TOKENS, max_size=60).map("".join), st.binary(max_size=40))
def test_hostile_words_never_raise(text, noise):
    for dialog in (MachineDialog(), HumanDialog()):
        for part in (text.encode(), noise, text.encode()[::-1]):
            dialog.feed(part)
            dialog.settle()


def test_a_flood_is_read_in_bounded_time_and_kept_in_bounded_memory():
    began = time.monotonic()
    for dialog in (MachineDialog(), HumanDialog()):
        dialog.feed(b"**%QStart: A\n")
        for _ in range(100):
            dialog.feed(b"### " + b"([" * 30000 + b"\n")
        dialog.feed(b"          " + b"([{" * 20000)
        for asked in asked_in(dialog.settle() + dialog.feed(b"\n***Q:STRING A\n**%QEnd: A\n")):
            assert len(asked.text) < 3 << 20
    assert time.monotonic() - began < 30


def test_after_a_flood_of_names_the_earlier_ones_are_still_counted():
    dialog = MachineDialog()
    fed(FRAMED_SECRET, dialog)
    for number in range(3000):
        fed(FRAMED_SECRET.replace("ENGINE_ADMIN_PASSWORD", f"N{number}"), dialog)
    assert asked_in(fed(FRAMED_SECRET, dialog))[0].occurrence == 2


def test_what_was_asked_can_be_named_in_a_journal():
    (asked,) = asked_in(fed(FRAMED))
    assert json.dumps(asked.key) == '"OVEHOSTED_NETWORK_TEST#1"'


@pytest.mark.parametrize("framed", [True, False], ids=["framed", "old"])
def test_a_list_that_is_printed_before_its_question_belongs_to_it(framed):
    entries = "### \t[1]\t3514f\t30.0GiB\n### \t\tstatus: used\n###\n### \t[2]\t3600a\t100.0GiB\n"
    request, note = "***Q:STRING LUN\n", "### Please select the LUN (1, 2) [1]: \n"
    question = (
        f"**%QStart: LUN\n{note}**%QDefault: 1\n**%QValidValues: 1|2\n**%QHidden: FALSE\n"
        f"{request}**%QEnd: LUN\n"
        if framed
        else request + note
    )
    head = "### not of it\n***L:INFO Getting the list\n### The luns:\n"
    (asked,) = asked_in(fed(head + entries + question, settle=True))
    assert fit(asked, Answer("3600a", entry=True)).text == "2"
    assert asked.text.startswith("The luns:\n")
    assert asked.last_line == "Please select the LUN (1, 2) [1]:"


def test_a_tool_that_asks_in_no_machine_words_is_told_after_a_silence_and_once():
    dialog = MachineDialog()
    assert dialog.feed(b"          Are you sure you want to continue? (Yes, No)[Yes]:") == []
    assert dialog.unsettled
    assert dialog.silence == FOREIGN_SILENCE[0]
    (told,) = dialog.settle()
    assert isinstance(told, Other)
    assert told.waits
    assert "Are you sure" in told.text
    assert not dialog.unsettled
    assert dialog.settle() == []


@pytest.mark.parametrize("said", [b"", b"loading plugins", b"Loading mirrors\n"])
def test_a_tool_that_says_nothing_of_the_dialect_is_given_longer(said):
    dialog = MachineDialog()
    dialog.feed(said)
    assert dialog.unsettled
    assert dialog.silence == FOREIGN_SILENCE[1]
    assert dialog.settle()[-1].waits


def test_a_tool_of_the_dialect_may_be_silent_for_as_long_as_it_likes():
    dialog = MachineDialog()
    dialog.feed(b"***L:INFO Stage: Initializing\nsomething else:")
    assert not dialog.unsettled
    assert dialog.settle() == []

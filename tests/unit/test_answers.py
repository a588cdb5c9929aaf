"""Answers: typed text, values against their question, and the answer file."""

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st

from config.answer_file import AnswerFile, load_answers, procedure_of, save_answers
from config.answers import check_value, read_text, settled, show_value, unanswered
from config.errors import InvalidInput, Refused
from config.questions import Choice, Group, Interview, Kind, Question
from config.secrets import SecretReference


def even(value, given):
    if value % 2:
        raise InvalidInput(f"{value} is odd.", "Give an even number.")


def not_live(value, given):
    if value == given.get("machine"):
        raise Refused("That is the machine itself.", "Name another.")


MODES = (Choice("cold", "cold start"), Choice("warm", "with memory", refused="no state file"))
INTERVIEW = Interview(
    (
        Group(
            "choose",
            "Choose",
            (
                Question("machine", "Machine", Kind.TEXT),
                Question("mode", "Mode", Kind.CHOICE, choices=MODES, default="cold"),
                Question("iteration", "Iteration", Kind.CHOICE, choices_probe="iterations"),
            ),
        ),
        Group(
            "more",
            "More",
            (
                Question("count", "Count", Kind.NUMBER, default=4, check=even),
                Question("keep", "Keep", Kind.YES_NO, default=False),
                Question(
                    "where",
                    "Where",
                    Kind.PATH,
                    condition=lambda given: given.get("keep") is True,
                    default=lambda given: f"/srv/{given['machine']}",
                ),
                Question("note", "Note", Kind.TEXT, required=False),
                Question("other", "Other", Kind.TEXT, required=False, check=not_live),
                Question("disks", "Disks", Kind.TEXT, default=("vda",)),
                Question("password", "Password", Kind.SECRET, required=False),
            ),
        ),
    )
)
PROCEDURE = "virtual_machine.restore"


def question(name):
    return INTERVIEW.question(name)


@pytest.fixture
def write(tmp_path):
    def written(answers, head=f"rekindle: 1\nprocedure: {PROCEDURE}\n"):
        path = tmp_path / "answers.yaml"
        path.write_text(head + answers)
        return path

    return written


def load(path):
    return load_answers(path, INTERVIEW, PROCEDURE)


def mistakes(path):
    with pytest.raises(InvalidInput) as caught:
        load(path)
    return str(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("machine", " web01 ", "web01"),
        ("count", "12", 12),
        ("keep", "Yes", True),
        ("keep", "n", False),
        ("disks", "vda, vdb", ("vda", "vdb")),
        ("password", "file:/x", SecretReference("file", "/x")),
    ],
)
def test_typed_text_becomes_a_value_and_is_shown_again(name, text, value):
    assert read_text(question(name), text) == value
    assert read_text(question(name), show_value(value)) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [("count", "twelve"), ("count", "1.5"), ("count", ""), ("keep", "maybe"), ("password", "pw")],
)
def test_text_that_is_no_value_is_refused(name, text):
    with pytest.raises(InvalidInput):
        read_text(question(name), text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("machine", "web01"),
        ("mode", "cold"),
        ("iteration", "20131201T030000Z"),
        ("count", 4),
        ("keep", False),
        ("where", "/srv"),
        ("note", ""),
        ("note", None),
        ("disks", ("vda",)),
        ("password", SecretReference("prompt")),
    ],
)
def test_values_that_answer(name, value):
    check_value(question(name), value, {})


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("machine", None, "an answer is needed"),
        ("machine", "", "an answer is needed"),
        ("disks", (), "an answer is needed"),
        ("machine", 5, "is not text"),
        ("machine", "a\nb", "cannot be printed"),
        ("machine", "a\0b", "cannot be printed"),
        ("mode", "hot", "is not a choice"),
        ("mode", "warm", "cannot be chosen: no state file"),
        ("count", True, "is not a whole number"),
        ("count", "4", "is not a whole number"),
        ("count", 3, "3 is odd"),
        ("keep", "yes", "is not yes or no"),
        ("where", "srv", "is not a full path"),
        ("where", "/srv/../etc", "is not a full path"),
        ("disks", "vda", "is not a list"),
    ],
)
def test_values_that_do_not_answer(name, value, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        check_value(question(name), value, {})


def test_a_secret_given_as_text_is_refused_and_not_shown():
    with pytest.raises(InvalidInput) as caught:
        check_value(question("password"), "hunter22", {})
    assert "hunter22" not in str(caught.value)


def test_defaults_fill_in_and_unasked_answers_drop_out():
    assert settled(INTERVIEW, {"machine": "web01", "where": "/x"}) == {
        "machine": "web01",
        "mode": "cold",
        "count": 4,
        "keep": False,
        "disks": ("vda",),
    }
    assert settled(INTERVIEW, {"machine": "web01", "keep": True})["where"] == "/srv/web01"


def test_what_is_still_needed_is_known():
    assert [q.name for q in unanswered(INTERVIEW, {})] == ["machine", "iteration"]
    assert unanswered(INTERVIEW, {"machine": "a", "iteration": "b"}) == ()


FULL = AnswerFile(
    PROCEDURE,
    {
        "machine": "0123",
        "mode": "cold",
        "iteration": "20131201T030000Z",
        "count": 8,
        "keep": True,
        "where": "/srv/a b",
        "note": "yes",
        "other": "52:54:00:10:20:30",
        "disks": ("vda", "123"),
        "password": SecretReference("file", "/etc/x"),
    },
    {"memory": "next-boot", "net0.bridge": "custom:br0", "description": "custom:a: b # c"},
    {"shutdown-failed": "destroy"},
)


def test_what_is_saved_is_loaded_the_same(tmp_path):
    path = tmp_path / "a.yaml"
    save_answers(path, FULL)
    assert load(path) == FULL
    assert path.stat().st_mode & 0o777 == 0o600
    assert procedure_of(path) == PROCEDURE


def test_saving_twice_writes_the_same_bytes(tmp_path):
    one, two = tmp_path / "1", tmp_path / "2"
    save_answers(one, FULL)
    backwards = dict(reversed(FULL.resolutions.items()))
    save_answers(two, AnswerFile(PROCEDURE, FULL.answers, backwards, FULL.prompts))
    assert one.read_bytes() == two.read_bytes()


def test_a_typed_secret_is_saved_as_prompt(tmp_path):
    path = tmp_path / "a.yaml"
    save_answers(path, AnswerFile(PROCEDURE, {"password": SecretReference("prompt")}))
    assert "secret: prompt" in path.read_text()


def test_answers_may_be_partial(write):
    assert load(write("")) == AnswerFile(PROCEDURE)
    assert load(write("answers: {machine: web01}\n")).answers == {"machine": "web01"}
    assert load(write("answers: {machine: , note: null}\n")).answers == {}


def test_a_value_is_read_as_its_question_means_it(write):
    path = write("answers: {machine: 0123, note: yes, other: 1e3, keep: yes, disks: vda}\n")
    assert load(path).answers == {
        "machine": "0123",
        "note": "yes",
        "other": "1e3",
        "keep": True,
        "disks": ("vda",),
    }


def test_all_mistakes_are_told_at_once_with_their_lines(write):
    text = """\
answers:
  machin: web01
  mode: warm
  count: many
  keep: perhaps
  where: relative
  note: [a]
  password: hunter22
resolutions:
  memory: [next-boot]
resolution: {}
"""
    told = mistakes(write(text)).splitlines()
    assert [line.split(":")[0] for line in told] == [
        "FILE, line 4, answers.machin",
        "FILE, line 5, answers.mode",
        "FILE, line 6, answers.count",
        "FILE, line 7, answers.keep",
        "FILE, line 8, answers.where",
        "FILE, line 9, answers.note",
        "FILE, line 10, answers.password",
        "FILE, line 12, resolutions.memory",
        "FILE, line 13, resolution",
        "Correct these 9 places in FILE.",
    ]
    assert "Did you mean machine?" in told[0]
    assert "hunter22" not in "".join(told)


def test_a_check_sees_the_answers_before_it(write):
    assert "line 3, answers.other: That is the machine itself." in mistakes(
        write("answers: {machine: a, other: a}\n")
    )


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        ("procedure: virtual_machine.restore\n", "rekindle: this field is missing"),
        ("rekindle: 2\nprocedure: virtual_machine.restore\n", "2 is not a format"),
        ("rekindle: true\nprocedure: virtual_machine.restore\n", "is not a format"),
        ("rekindle: 1\n", "procedure: this field is missing"),
        ("rekindle: 1\nprocedure: engine.restore\n", "these answers are for engine.restore"),
        ("", "FILE"),
        ("[]", "fields are expected"),
    ],
)
def test_a_wrong_head_is_refused(write, head, complaint):
    assert complaint in mistakes(write("", head))


NAMES = st.sampled_from(["machine", "iteration", "note", "other"])
TEXTS = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=30)


@settings(max_examples=100, deadline=60_000)
@hypothesis_given(
    st.dictionaries(NAMES, TEXTS), st.dictionaries(TEXTS, TEXTS), st.dictionaries(TEXTS, TEXTS)
)
def test_any_text_answers_survive_saving(tmp_path_factory, answers, resolutions, prompts):
    if answers.get("other") == answers.get("machine"):
        answers.pop("other", None)
    path = tmp_path_factory.mktemp("answers") / "a.yaml"
    given = {name: answers[name] for name in INTERVIEW.names if name in answers}
    save_answers(path, AnswerFile(PROCEDURE, given, resolutions, prompts))
    assert load(path) == AnswerFile(PROCEDURE, given, resolutions, prompts)

"""The law of every step, with an operator who answers."""

from __future__ import annotations

import dataclasses
import threading

import pytest

from config.errors import InvalidInput, Refused, Unreachable
from config.questions import Choice
from config.site import Site
from steps.procedure import (
    Phase,
    Plan,
    Procedure,
    Prompt,
    PutOff,
    Step,
    done,
    not_done,
    unknown,
)
from steps.run.directory import create_run
from steps.run.events import (
    CHANGE_VALUE,
    FAILED_STEP,
    FAILED_UNDO,
    SKIP_REASON,
    UNKNOWN_STEP,
    Finish,
    StepState,
)
from steps.run.journal import read_journal
from steps.run.report_data import gather
from steps.run.resume import check_resumable
from tests.crash import toy
from tests.crash.run_support import ToyRun
from tests.unit.run_support import Operator, ledger
from tui.run_summary import summary


@pytest.fixture
def toy_run(tmp_path):
    return ToyRun.make(tmp_path)


class Spy(Step):
    """Does what its table says, and counts."""

    def __init__(self, name="spy", verdicts=(), error=None, **fields):
        self.name = self.title = name
        self.verdicts, self.error = list(verdicts), error
        self.applied = self.undone = 0
        for field, value in fields.items():
            setattr(self, field, value)

    def commands(self):
        return (self.name,)

    def verify(self, context):
        if self.verdicts:
            verdict = self.verdicts.pop(0)
            if isinstance(verdict, Exception):
                raise verdict
            return verdict
        return done("applied") if self.applied > self.undone else not_done("not applied")

    def apply(self, context):
        self.applied += 1
        if self.error is not None:
            error, self.error = self.error, None
            raise error


class Undoable(Spy):
    """A spy that can be undone."""

    undo_errors: tuple[Exception, ...] = ()

    def undo(self, context):
        if self.undo_errors:
            error, *rest = self.undo_errors
            self.undo_errors = tuple(rest)
            raise error
        self.undone = self.applied


def procedure_of(*phases: Phase) -> Procedure:
    plan = Plan(toy.NAME, "toy", "Spy", phases)
    return dataclasses.replace(toy.PROCEDURE, plan=lambda *_: plan)


def phase(name: str, *steps: Step, safe_point: bool = True) -> Phase:
    return Phase(name, name, steps, safe_point)


def operator(toy_run, *steps: Step) -> Operator:
    return Operator(toy_run.run, procedure_of(phase("only", *steps)))


def test_a_step_that_is_done_already_is_recorded_and_never_applied(toy_run):
    spy = Spy(verdicts=[done("it was so")])
    run = operator(toy_run, spy).start()
    assert run.end().finish is Finish.DONE
    assert (spy.applied, run.view.steps["spy"].state) == (0, StepState.ALREADY)
    assert run.view.steps["spy"].evidence == "it was so"


def test_a_step_that_ran_without_effect_has_failed_whatever_it_claims(toy_run):
    spy = Spy(verdicts=[not_done("no"), not_done("still no")])
    run = operator(toy_run, spy).start()
    run.question(FAILED_STEP)
    failed = run.view.steps["spy"]
    assert (failed.state, failed.seen) == (StepState.FAILED, "still no")
    run.answer(FAILED_STEP, "stop")
    assert run.end().finish is Finish.FAILED


def test_retry_looks_first_and_does_not_apply_what_is_done_by_now(toy_run):
    spy = Spy(
        verdicts=[not_done("no"), done("done after all")], error=Unreachable("slapd is gone.")
    )
    run = operator(toy_run, spy).start()
    run.answer(FAILED_STEP, "retry")
    assert run.end().finish is Finish.DONE
    assert (spy.applied, run.view.steps["spy"].state) == (1, StepState.DONE)


def test_a_look_that_fails_is_a_failed_step_and_can_be_retried(toy_run):
    spy = Spy(verdicts=[Unreachable("slapd is gone.", "Start it."), not_done("no")])
    run = operator(toy_run, spy).start()
    question = run.question(FAILED_STEP)
    assert (question.text, "Start it." in question.detail) == ("slapd is gone.", True)
    run.answer(FAILED_STEP, "retry")
    assert run.end().finish is Finish.DONE


def test_an_error_of_our_own_making_stops_at_the_step_with_its_traceback_in_the_log(toy_run):
    spy = Spy(error=ZeroDivisionError("oops sesame"))
    run = operator(toy_run, spy).start()
    text = run.question(FAILED_STEP).text
    run.answer(FAILED_STEP, "stop")
    run.end()
    log = toy_run.run.step_log("spy").read_text()
    assert "ZeroDivisionError" in text
    assert "Traceback" in log
    assert "sesame" not in text + log + toy_run.run.journal_file.read_text()


def test_an_unknown_world_is_asked_about_and_never_guessed(toy_run):
    spy = Spy(verdicts=[unknown("half"), unknown("half")])
    run = operator(toy_run, spy).start()
    run.answer(UNKNOWN_STEP, "verify")
    run.question(UNKNOWN_STEP)
    assert spy.applied == 0
    run.answer(UNKNOWN_STEP, "apply")
    assert run.end().finish is Finish.DONE
    assert spy.applied == 1


def test_an_irreversible_step_in_doubt_is_never_repeated(toy_run):
    spy = Spy(verdicts=[unknown("half")], irreversible=True)
    run = operator(toy_run, spy).start()
    question = run.question(UNKNOWN_STEP)
    with pytest.raises(Refused, match="never repeated blindly"):
        run.switches.answer(question.id, "apply", "tester")
    run.answer(UNKNOWN_STEP, "done")
    assert run.end().finish is Finish.DONE
    assert (spy.applied, "tester says" in run.view.steps["spy"].evidence) == (0, True)


def test_a_failed_step_is_skipped_with_a_reason_that_is_kept(toy_run):
    first, second = Spy("first", error=Refused("no.")), Spy("second")
    run = operator(toy_run, first, second).start()
    run.answer(FAILED_STEP, "skip")
    run.answer(SKIP_REASON, "  ")
    run.answer(FAILED_STEP, "skip")
    run.answer(SKIP_REASON, "done by hand")
    assert run.end().finish is Finish.DONE
    assert run.view.steps["first"].state is StepState.SKIPPED
    assert (run.view.steps["first"].reason, second.applied) == ("done by hand", 1)


def test_an_irreversible_step_is_never_skipped(toy_run):
    run = operator(toy_run, Spy(error=Refused("no."), irreversible=True)).start()
    question = run.question(FAILED_STEP)
    with pytest.raises(Refused, match="never skipped"):
        run.switches.answer(question.id, "skip", "tester")
    run.answer(FAILED_STEP, "stop")
    run.end()


def test_a_changed_answer_is_checked_journalled_and_rebuilds_the_plan(tmp_path):
    toy_run = ToyRun.make(tmp_path, greeting="bad")
    run = Operator(toy_run.run).start()
    run.answer(FAILED_STEP, "change")
    run.answer(CHANGE_VALUE, "forbidden")
    assert "forbidden" in run.question(FAILED_STEP).detail
    run.answer(FAILED_STEP, "change")
    run.answer(CHANGE_VALUE, "good day")
    assert run.end().finish is Finish.DONE
    assert run.view.changes == {"greeting": "good day"}
    assert run.view.facts == {"greeting": "good day"}
    assert toy_run.run.frozen().answers["greeting"] == "bad"


def test_an_answer_is_not_changed_under_a_step_that_was_done_with_the_old_one(toy_run):
    run = Operator(toy_run.run)
    run.start().end()
    with pytest.raises(Refused, match="old answer"):
        run.session.change_answer("greeting", "another", "tester")


def test_undo_goes_back_to_the_last_safe_point_in_reverse_and_no_further(toy_run):
    order: list[str] = []

    class Ordered(Undoable):
        def undo(self, context):
            order.append(self.name)
            super().undo(context)

    kept, one, two = Ordered("kept"), Ordered("one"), Ordered("two")
    so_already = Ordered("already", verdicts=[done("so")])
    failing = Ordered("failing", error=Refused("no."))
    run = Operator(
        toy_run.run,
        procedure_of(
            phase("safe", kept),
            phase("unsafe", one, so_already, safe_point=False),
            phase("last", two, failing),
        ),
    ).start()
    run.answer(FAILED_STEP, "undo")
    assert run.end().finish is Finish.UNDONE
    assert order == ["failing", "two", "one"]
    states = {name: step.state for name, step in run.view.steps.items()}
    assert states["kept"] is StepState.DONE
    assert states["one"] is states["two"] is StepState.UNDONE
    assert states["already"] is StepState.WAITING


def test_after_an_undo_to_a_safe_point_the_run_goes_on_from_there(toy_run):
    kept, again, failing = Undoable("kept"), Undoable("again"), Undoable("f", error=Refused("no."))
    procedure = procedure_of(phase("safe", kept), phase("last", again, failing))
    first = Operator(toy_run.run, procedure).start()
    first.answer(FAILED_STEP, "undo")
    first.end()
    second = Operator(toy_run.run, procedure).start()
    assert second.end().finish is Finish.DONE
    assert (kept.applied, again.applied) == (1, 2)


def test_an_undo_that_fails_is_retried_left_out_or_stopped_and_can_be_resumed(toy_run):
    first, second = Undoable("first"), Undoable("second")
    second.undo_errors = (Unreachable("gone"), Unreachable("gone"))
    procedure = procedure_of(phase("only", first, second))
    Operator(toy_run.run, procedure).start().end()
    run = Operator(toy_run.run, procedure).start(undo=True)
    run.answer(FAILED_UNDO, "retry")
    run.answer(FAILED_UNDO, "stop")
    assert run.end().finish is Finish.FAILED
    check_resumable(run.view)
    resumed = Operator(toy_run.run, procedure).start()
    assert resumed.end().finish is Finish.UNDONE
    assert (first.undone, second.undone) == (1, 1)


def test_an_undo_left_out_with_a_reason_lets_the_rest_be_undone(toy_run):
    first, second = Undoable("first"), Undoable("second")
    second.undo_errors = (Unreachable("gone"),)
    procedure = procedure_of(phase("only", first, second))
    Operator(toy_run.run, procedure).start().end()
    run = Operator(toy_run.run, procedure).start(undo=True)
    run.answer(FAILED_UNDO, "skip")
    run.answer(SKIP_REASON, "the host is gone")
    assert run.end().finish is Finish.UNDONE
    assert (first.undone, second.undone) == (1, 0)
    assert run.view.steps["second"].reason == "the host is gone"


def undone_unattended(tmp_path, **prompts):
    """A run of two steps that fails, with nobody about; the first cannot be undone."""
    toy_run = ToyRun.make(tmp_path, prompts=prompts)
    first, second = Undoable("first"), Undoable("second", error=Refused("no."))
    first.undo_errors = (Unreachable("The host is STILL DOWN."),)
    procedure = procedure_of(phase("only", first, second))
    return Operator(toy_run.run, procedure).start(), first, second


@pytest.mark.parametrize("more", [{}, {FAILED_UNDO: "skip"}])
def test_a_file_that_has_failures_undone_leaves_what_cannot_be_undone_and_says_so(tmp_path, more):
    run, first, second = undone_unattended(tmp_path, **{FAILED_STEP: "undo", **more})
    ended = run.end()
    assert ended.finish is Finish.UNDONE
    assert ended.message == (
        "Undone by prepared answers, but not all of it."
        " 'first' was left as it is: The host is STILL DOWN."
    )
    assert (first.undone, second.undone) == (0, 1)
    assert run.view.exit_code == 1
    assert [step.name for step in run.view.left_undone] == ["first"]
    assert summary(run.session.run).mark == "!"


def test_a_file_may_have_a_failed_undo_stopped_and_the_undo_is_resumed(tmp_path):
    run, first, _second = undone_unattended(tmp_path, **{FAILED_STEP: "undo", FAILED_UNDO: "stop"})
    ended = run.end()
    assert ended.finish is Finish.FAILED
    assert "The host is STILL DOWN." in ended.message
    resumed = Operator(run.session.run, run.session.procedure).start()
    assert resumed.end().finish is Finish.UNDONE
    assert (first.undone, resumed.view.left_undone) == (1, [])


def test_a_file_that_says_nothing_of_failures_has_a_failed_undo_wait_for_somebody(tmp_path):
    run, _first, _second = undone_unattended(tmp_path)
    run.answer(FAILED_STEP, "undo")
    run.answer(FAILED_UNDO, "stop")
    assert run.end().finish is Finish.FAILED


def test_a_run_undone_as_a_whole_is_no_success_where_something_was_left_as_it_is(tmp_path):
    toy_run = ToyRun.make(tmp_path, prompts={FAILED_UNDO: "skip"})
    only = Undoable("only")
    only.undo_errors = (Unreachable("gone"),)
    procedure = procedure_of(phase("only", only))
    Operator(toy_run.run, procedure).start().end()
    run = Operator(toy_run.run, procedure).start(undo=True)
    assert run.end().finish is Finish.UNDONE
    assert run.view.exit_code == 1
    assert any("'only' was left as it is: gone" in line for line in next_of(run))


def next_of(run) -> list[str]:
    """What the report says is to be done next."""
    return gather(run.session.run, run.session.procedure)["next"]


def test_an_undo_whose_effect_is_still_there_has_failed(toy_run):
    class Stubborn(Undoable):
        def undo(self, context):
            pass

    procedure = procedure_of(phase("only", Stubborn("stubborn")))
    Operator(toy_run.run, procedure).start().end()
    run = Operator(toy_run.run, procedure).start(undo=True)
    assert "still shows its effect" in run.question(FAILED_UNDO).text
    run.answer(FAILED_UNDO, "stop")
    run.end()


def test_nothing_is_undone_once_an_irreversible_step_was_begun(toy_run):
    steps = (Undoable("first"), Spy("clean-up", irreversible=True))
    run = operator(toy_run, *steps).start()
    run.end()
    with pytest.raises(Refused, match="cannot be undone"):
        check_resumable(run.view, undo=True)


def test_a_step_put_off_leaves_the_run_done_and_is_offered_again_on_resume(tmp_path):
    toy_run = ToyRun.make(tmp_path, prompts={"clean-up": "no"})
    first = Operator(toy_run.run).start()
    assert first.end().finish is Finish.DONE
    put_off = first.view.steps["clean-up"]
    assert (put_off.state, put_off.put_off, put_off.touched) == (StepState.SKIPPED, True, False)
    check_resumable(first.view)
    check_resumable(first.view, undo=True)

    second = Operator(toy_run.run)
    second.session.prompts["clean-up"] = "yes"
    assert second.start().end().finish is Finish.DONE
    assert second.view.steps["clean-up"].state is StepState.DONE
    assert ledger(toy_run.world) == ["replaced"]
    with pytest.raises(Refused, match="nothing left to do"):
        check_resumable(second.view)
    with pytest.raises(Refused, match="cannot be undone"):
        check_resumable(second.view, undo=True)


def test_a_finished_run_is_undone_as_a_whole_and_then_never_resumed(tmp_path):
    toy_run = ToyRun.make(tmp_path, prompts={"clean-up": "no"})
    before = toy.snapshot(toy_run.world)
    Operator(toy_run.run).start().end()
    undone = Operator(toy_run.run).start(undo=True)
    assert undone.end().finish is Finish.UNDONE
    assert toy.snapshot(toy_run.world) == {**before, "checked": ""}
    with pytest.raises(Refused, match="undone as a whole"):
        check_resumable(undone.view)


def test_only_an_optional_step_may_put_itself_off(toy_run):
    run = operator(toy_run, Spy(error=PutOff("later"))).start()
    run.question(FAILED_STEP)
    run.answer(FAILED_STEP, "stop")
    assert run.end().finish is Finish.FAILED


def test_a_pause_holds_before_the_next_step_until_somebody_goes_on(toy_run):
    run = operator(toy_run, Spy("first"), Spy("second"))
    run.switches.pause("alice")
    run.start()
    run._until(lambda: run.view.paused)
    assert run.view.steps["first"].state is StepState.WAITING
    run.switches.go_on("bob")
    assert run.end().finish is Finish.DONE
    assert not run.view.paused


def test_stopping_answers_the_question_of_a_failed_step(toy_run):
    run = operator(toy_run, Spy(error=Refused("no."))).start()
    run.question(FAILED_STEP)
    run.switches.stop("alice")
    assert run.end().finish is Finish.STOPPED
    assert "alice" in run.end().message


def test_aborting_ends_the_wait_at_a_question_of_a_step(tmp_path):
    toy_run = ToyRun.make(tmp_path, prompts={"clean-up": "perhaps"})
    run = Operator(toy_run.run).start()
    run.question("clean-up")
    assert "'perhaps'" in run.view.notes[0][1]
    run.switches.abort("alice")
    assert run.end().finish is Finish.ABORTED
    assert run.view.steps["clean-up"].state is StepState.FAILED


SEEN = "SHA256:0mVnr5iuVbnpCHCjFgmkUNRlZ2NvYm93bGluZ3NlYXM"
HEX = ":".join(f"{byte:02X}" for byte in range(32))
UUID = "4c4c4544-0035-3910-8051-b1c04f4e3332"


class Trusting(Spy):
    """Shows a fingerprint and asks whether it is to be trusted."""

    def apply(self, context):
        taken = context.ask(
            Prompt(
                "host.key", "Is this its key?", (Choice("trust", "Yes"), Choice("stop", "No")),
                "stop", seen=self.seen,
            )
        )  # fmt: skip
        context.remember("taken", taken)
        super().apply(context)


def trusting(tmp_path, prepared, seen=SEEN, **site):
    tmp_path.mkdir(exist_ok=True)
    toy.lay_out(tmp_path / "world")
    given = {"world": str(tmp_path / "world"), "greeting": "hello"}
    prompts = {"host.key": prepared}
    run = create_run(Site("s", **site), toy.NAME, given, {}, {}, prompts, folder=tmp_path / "runs")
    return Operator(run, procedure_of(phase("only", Trusting(seen=seen)))).start()


@pytest.mark.parametrize(
    ("seen", "prepared"),
    [
        (SEEN, SEEN), (SEEN, SEEN.removeprefix("SHA256:")), (SEEN, f"{SEEN}="),
        (HEX, HEX), (HEX, f"SHA256:{HEX.replace(':', '').lower()}"),
        (HEX, f"SHA256 Fingerprint={HEX}"), (UUID, UUID.upper()),
    ],
)  # fmt: skip
def test_an_answer_file_takes_a_fingerprint_by_giving_it(tmp_path, seen, prepared):
    run = trusting(tmp_path, prepared, seen)
    assert run.end().finish is Finish.DONE
    assert run.view.facts["taken"] == "trust"


@pytest.mark.parametrize(
    ("prepared", "told"),
    [
        ("trust", f"Shown is {SEEN}: once that has been compared, write under `prompts:` host.key"),
        (SEEN.swapcase(), f"Shown is {SEEN}. Somebody may be in between"),
        ("", f"Shown is {SEEN}. Somebody may be in between"),
        (HEX, f"Shown is {SEEN}. Somebody may be in between"),
    ],
)
def test_a_word_or_another_fingerprint_takes_nothing_and_somebody_is_asked(
    tmp_path, prepared, told
):
    run = trusting(tmp_path, prepared)
    run.question("host.key")
    ((_at, note),) = run.view.notes
    assert told in note
    run.answer("host.key", "trust")
    assert run.end().finish is Finish.DONE


def test_an_answer_file_may_say_no_by_a_word_and_a_practice_site_takes_one_for_yes(tmp_path):
    for word, practice in (("stop", False), ("trust", True)):
        run = trusting(tmp_path / word, word, practice=practice)
        assert run.end().finish is Finish.DONE
        assert run.view.facts["taken"] == word


def test_a_fact_that_holds_a_secret_is_refused_and_not_written(toy_run):
    class Leaky(Spy):
        def apply(self, context):
            context.remember("password", "it is sesame")

    run = operator(toy_run, Leaky()).start()
    assert "holds a secret" in run.question(FAILED_STEP).text
    run.answer(FAILED_STEP, "stop")
    run.end()
    assert "sesame" not in toy_run.run.journal_file.read_text()


def test_what_a_step_conceals_is_scrubbed_from_then_on(toy_run):
    class Careful(Spy):
        def apply(self, context):
            context.conceal("console-pw")
            context.log("passwd='console-pw'")
            raise InvalidInput("libvirt refuses passwd='console-pw'")

    run = operator(toy_run, Careful()).start()
    assert run.question(FAILED_STEP).text == "libvirt refuses passwd='(secret)'"
    run.answer(FAILED_STEP, "stop")
    run.end()
    assert "console-pw" not in toy_run.run.step_log("spy").read_text()


def test_progress_is_written_at_most_five_times_a_second_and_at_its_end(toy_run):
    class Busy(Spy):
        def apply(self, context):
            for number in range(2001):
                context.progress(number, 2000)
            super().apply(context)

    run = operator(toy_run, Busy()).start()
    run.end()
    lines = [
        line for line in toy_run.run.journal_file.read_text().splitlines() if '"progress"' in line
    ]
    assert 2 <= len(lines) <= 6
    assert '"done":2000' in lines[-1]


def test_an_answer_file_ends_a_failed_run_but_never_retries_for_ever(tmp_path):
    toy_run = ToyRun.make(tmp_path, greeting="bad", prompts={FAILED_STEP: "retry"})
    run = Operator(toy_run.run).start()
    run.question(FAILED_STEP)
    run.answer(FAILED_STEP, "stop")
    run.end()
    stopping = ToyRun.make(tmp_path, name="w2", greeting="bad", prompts={FAILED_STEP: "stop"})
    assert Operator(stopping.run).start().end().finish is Finish.FAILED


def test_progress_from_threads_of_a_step_is_folded_in_order(toy_run):
    class Threaded(Spy):
        def apply(self, context):
            def report(part):
                for number in range(200):
                    context._next_progress = 0.0
                    context.progress(number, 200, unit=f"part {part}")

            threads = [threading.Thread(target=report, args=(part,)) for part in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            super().apply(context)

    run = operator(toy_run, Threaded()).start()
    assert run.end().finish is Finish.DONE
    events = read_journal(toy_run.run.journal_file)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert run.view.last_seq == len(events) > 800


def test_a_plan_with_two_steps_of_one_name_is_never_started(toy_run):
    run = operator(toy_run, Spy("twin"), Spy("twin"))
    with pytest.raises(ValueError, match="'twin' twice"):
        run.session.record_plan()

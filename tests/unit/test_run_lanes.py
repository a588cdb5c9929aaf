"""Steps that go side by side: the bound, the order, one failure alone, and what is asked then."""

from __future__ import annotations

import threading
import time

import pytest

from config.errors import Refused, StepFailed
from steps.procedure import Phase, Prompt, Step, done, not_done, unknown
from steps.run.events import FAILED_STEP, SKIP_REASON, UNKNOWN_STEP, Event, Finish, StepState
from steps.run.journal import JournalBroken, read_journal
from steps.run.redact import Redactor
from steps.run.resume import check_resumable
from steps.run.step_log import StepLogs
from steps.run.turns import Turns
from tests.crash.run_support import ToyRun
from tests.unit.run_support import Operator
from tests.unit.test_run_law import procedure_of


class World:
    """What the lanes of one test did, in order, and how many were at it at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.order: list[str] = []
        self.undone: list[str] = []
        self.now = self.most = 0
        self.go = threading.Event()
        self.go.set()
        self.meet: threading.Barrier | None = None


class LaneStep(Step):
    """One machine's part of a phase."""

    depends_on = ("greeting",)

    def __init__(self, world: World, part: str, lane: str = "", failures=(), verdicts=()) -> None:
        self.world, self.lane = world, lane
        self.name = f"{part}.{lane}" if lane else part
        self.title = f"{part.capitalize()} of {lane}" if lane else part.capitalize()
        self.failures, self.verdicts = list(failures), list(verdicts)
        self.is_done = False

    def commands(self):
        return (self.name,)

    def verify(self, context):
        if self.verdicts:
            return self.verdicts.pop(0)
        return done("there") if self.is_done else not_done("not there")

    def apply(self, context):
        with self.world.lock:
            self.world.order.append(self.name)
            self.world.now += 1
            self.world.most = max(self.world.most, self.world.now)
        try:
            self.work(context)
        finally:
            with self.world.lock:
                self.world.now -= 1
        self.is_done = True

    def work(self, context):
        if self.world.meet is not None and self.lane:
            self.world.meet.wait(240)
        while not self.world.go.wait(0.01):
            context.checkpoint()
        if self.failures:
            raise self.failures.pop(0)

    def undo(self, context):
        self.world.undone.append(self.name)
        self.is_done = False


class Asking(LaneStep):
    """Asks the operator on the way."""

    prompt = "which"

    def work(self, context):
        context.ask(Prompt(f"{self.prompt} {self.lane}", f"Which of {self.lane}?"))


class Summary(LaneStep):
    """Writes down how the lanes stand; done where that is how they stand now."""

    def __init__(self, world):
        super().__init__(world, "summary")
        self.written = {}

    def verify(self, context):
        same = dict(context.lanes()) == self.written
        return done(str(self.written)) if same else not_done("it is not up to date")

    def work(self, context):
        self.written = dict(context.lanes())


@pytest.fixture
def world():
    return World()


@pytest.fixture
def toy_run(tmp_path):
    return ToyRun.make(tmp_path)


def phase(name, *steps, at_once=4, safe_point=True):
    return Phase(name, name.capitalize(), steps, safe_point, at_once)


def machines(world, part, *lanes, **failures):
    return tuple(LaneStep(world, part, lane, failures.get(lane, ())) for lane in lanes)


def no_space():
    return StepFailed("no space left.", "Make room.", seen="0 B free")


def run_of(toy_run, *phases) -> Operator:
    return Operator(toy_run.run, procedure_of(*phases))


def states(run) -> dict[str, str]:
    return {name: step.state.value for name, step in run.view.steps.items()}


def test_as_many_lanes_as_the_bound_go_at_the_same_time_and_never_more(toy_run, world):
    world.meet = threading.Barrier(3)  # nobody passes unless three are at it together
    names = [f"m{number}" for number in range(9)]
    run = run_of(toy_run, phase("snapshot", *machines(world, "snapshot", *names), at_once=3))
    assert run.start().end().finish is Finish.DONE
    assert world.most == 3
    assert sorted(world.order) == [f"snapshot.{name}" for name in names]


def test_steps_of_one_lane_go_in_their_order_one_after_another(toy_run, world):
    steps = [s for part in ("a", "b", "c") for s in machines(world, part, "m1", "m2")]
    run = run_of(toy_run, phase("work", *steps))
    assert run.start().end().finish is Finish.DONE
    for lane in ("m1", "m2"):
        own = [name for name in world.order if name.endswith(lane)]
        assert own == [f"a.{lane}", f"b.{lane}", f"c.{lane}"]


def test_a_step_without_a_lane_waits_for_all_and_holds_up_all(toy_run, world):
    before, after = machines(world, "before", "m1", "m2"), machines(world, "after", "m1", "m2")
    run = run_of(toy_run, phase("work", *before, LaneStep(world, "between"), *after))
    assert run.start().end().finish is Finish.DONE
    assert world.order.index("between") == 2
    assert set(world.order[:2]) == {"before.m1", "before.m2"}


def test_a_phase_without_a_bound_of_its_own_runs_one_lane_at_a_time(toy_run, world):
    run = run_of(toy_run, Phase("work", "Work", machines(world, "a", "m1", "m2", "m3")))
    assert run.start().end().finish is Finish.DONE
    assert (world.most, world.order) == (1, ["a.m1", "a.m2", "a.m3"])


def test_a_failed_lane_is_held_in_later_phases_and_stops_no_other(toy_run, world):
    summary = Summary(world)
    run = run_of(
        toy_run,
        phase("snapshot", *machines(world, "snapshot", "m1", "m2", "m3", m2=[no_space()])),
        phase("copy", *machines(world, "copy", "m1", "m2", "m3")),
        phase("end", summary),
    ).start()
    question = run.question(FAILED_STEP)
    assert "m2" in question.text
    assert "no space left." in question.text
    assert "copy.m2" not in world.order
    assert {"copy.m1", "copy.m3", "summary"} <= set(world.order)
    assert summary.written == {"m1": "done", "m2": "failed", "m3": "done"}
    run.answer(FAILED_STEP, "retry")
    assert run.end().finish is Finish.DONE
    assert world.order.count("snapshot.m1") == world.order.count("copy.m2") == 1
    assert set(summary.written.values()) == {"done"}


def test_every_held_lane_is_asked_about_and_the_retried_go_on_together(toy_run, world):
    failing = {"m1": [no_space()], "m3": [no_space()]}
    steps = machines(world, "snapshot", "m1", "m2", "m3", **failing)
    run = run_of(toy_run, phase("snapshot", *steps)).start()
    assert "m1" in run.question(FAILED_STEP).text
    run.answer(FAILED_STEP, "retry")
    assert "m3" in run.question(FAILED_STEP).text
    run.answer(FAILED_STEP, "retry")
    assert run.end().finish is Finish.DONE


def test_a_lane_left_out_with_a_reason_is_skipped_and_the_run_does_not_count_as_done(
    toy_run, world
):
    run = run_of(
        toy_run,
        phase("snapshot", *machines(world, "snapshot", "m1", "m2", m2=[no_space()])),
        phase("copy", *machines(world, "copy", "m1", "m2")),
    ).start()
    run.answer(FAILED_STEP, "leave-out")
    run.answer(SKIP_REASON, "the host is gone")
    end = run.end()
    assert end.finish is Finish.FAILED
    assert end.message == ("1 of 2 done; failed: m2 (Snapshot: no space left.; the host is gone)")
    assert states(run) == {
        "snapshot.m1": "done",
        "snapshot.m2": "failed",
        "copy.m1": "done",
        "copy.m2": "skipped",
    }
    assert run.view.steps["copy.m2"].reason == "the host is gone"
    assert run.view.exit_code == 1


def test_without_a_reason_nobody_is_left_out(toy_run, world):
    run = run_of(toy_run, phase("a", *machines(world, "a", "m1", m1=[no_space()]))).start()
    run.answer(FAILED_STEP, "leave-out")
    run.answer(SKIP_REASON, " ")
    run.answer(FAILED_STEP, "retry")
    assert run.end().finish is Finish.DONE


def test_a_lane_in_doubt_is_asked_about_and_never_guessed(toy_run, world):
    unsure = LaneStep(world, "a", "m1", verdicts=[unknown("half"), unknown("half")])
    run = run_of(toy_run, phase("a", unsure, *machines(world, "a", "m2"))).start()
    assert "m1" in run.question(UNKNOWN_STEP).text
    assert world.order == ["a.m2"]
    run.answer(UNKNOWN_STEP, "verify")
    run.question(UNKNOWN_STEP)
    assert world.order == ["a.m2"]
    run.answer(UNKNOWN_STEP, "apply")
    assert run.end().finish is Finish.DONE
    assert world.order == ["a.m2", "a.m1"]


def test_a_lane_that_the_operator_vouches_for_goes_on(toy_run, world):
    unsure = LaneStep(world, "a", "m1", verdicts=[unknown("half")])
    run = run_of(toy_run, phase("a", unsure), phase("b", *machines(world, "b", "m1"))).start()
    run.answer(UNKNOWN_STEP, "done")
    assert run.end().finish is Finish.DONE
    assert world.order == ["b.m1"]


def test_undo_takes_back_this_lane_only_and_leaves_it_out(toy_run, world):
    run = run_of(
        toy_run,
        phase("kept", *machines(world, "kept", "m1", "m2")),
        phase("a", *machines(world, "a", "m1", "m2"), safe_point=False),
        phase("b", *machines(world, "b", "m1", "m2", m2=[no_space()])),
        phase("c", *machines(world, "c", "m1", "m2")),
    ).start()
    run.answer(FAILED_STEP, "undo")
    end = run.end()
    assert world.undone == ["b.m2", "a.m2"]
    assert (end.finish, end.message) == (
        Finish.FAILED,
        "1 of 2 done; failed: m2 (B: no space left.; undone)",
    )
    found = states(run)
    assert (found["kept.m2"], found["a.m2"], found["b.m2"], found["c.m2"]) == (
        "done", "undone", "undone", "skipped"
    )  # fmt: skip
    assert found["c.m1"] == "done"


def test_a_changed_answer_lets_the_lane_try_again(toy_run, world):
    run = run_of(toy_run, phase("a", *machines(world, "a", "m1", m1=[no_space()]))).start()
    run.answer(FAILED_STEP, "change")
    run.answer("change-value", "good day")
    assert run.end().finish is Finish.DONE
    assert run.view.changes == {"greeting": "good day"}


def test_stop_lets_running_steps_end_and_begins_no_other(toy_run, world):
    world.go.clear()
    steps = machines(world, "a", "m1", "m2", "m3", "m4")
    run = run_of(toy_run, phase("a", *steps, *machines(world, "b", "m1"), at_once=2)).start()
    run._until(lambda: world.now == 2)
    run.switches.stop("alice")
    world.go.set()
    assert run.end().finish is Finish.STOPPED
    assert sorted(world.order) == ["a.m1", "a.m2"]
    assert list(states(run).values()) == ["done", "done", "waiting", "waiting", "waiting"]
    world.order.clear()
    resumed = run_of(toy_run, phase("a", *steps, *machines(world, "b", "m1"), at_once=2))
    assert resumed.start().end().finish is Finish.DONE
    assert sorted(world.order) == ["a.m3", "a.m4", "b.m1"]


def test_abort_reaches_every_running_lane(toy_run, world):
    world.go.clear()
    run = run_of(toy_run, phase("a", *machines(world, "a", "m1", "m2", "m3"), at_once=2)).start()
    run._until(lambda: world.now == 2)
    run.switches.abort("alice")
    assert run.end().finish is Finish.ABORTED
    assert list(states(run).values()) == ["failed", "failed", "waiting"]


def test_a_pause_holds_every_lane_and_is_written_once(toy_run, world):
    world.go.clear()
    steps = (*machines(world, "a", "m1", "m2"), *machines(world, "b", "m1", "m2"))
    run = run_of(toy_run, phase("a", *steps)).start()
    run._until(lambda: world.now == 2)
    run.switches.pause("alice")
    world.go.set()
    run._until(lambda: run.view.paused and world.now == 0)
    time.sleep(0.05)
    assert len(world.order) == 2
    run.switches.go_on("bob")
    assert run.end().finish is Finish.DONE
    events = [event["event"] for event in read_journal(toy_run.run.journal_file)]
    assert (events.count(Event.PAUSED), events.count(Event.RESUMED)) == (1, 1)


def test_questions_of_several_lanes_queue_up_one_open_at_a_time(toy_run, world):
    steps = [Asking(world, "a", lane) for lane in ("m1", "m2", "m3")]
    run = run_of(toy_run, phase("a", *steps)).start()
    run._until(lambda: world.now == 3)
    answered = []
    for _ in steps:
        run._until(lambda: run.view.question is not None and run.switches.question is not None)
        name = run.view.question.name
        answered.append(name)
        run.answer(name, "this one")
    assert run.end().finish is Finish.DONE
    assert sorted(answered) == ["which m1", "which m2", "which m3"]
    asked = [
        e for e in read_journal(toy_run.run.journal_file) if e["event"] in ("asked", "answered")
    ]
    assert [e["event"] for e in asked] == ["asked", "answered"] * 3
    assert [e["question"] for e in asked] == [1, 1, 2, 2, 3, 3]


def test_a_prepared_answer_waits_for_no_open_question_and_does_not_hide_it(tmp_path, world):
    toy_run = ToyRun.make(tmp_path, prompts={"which m2": "that"})
    first, second = Asking(world, "a", "m1"), Asking(world, "a", "m2")
    run = run_of(toy_run, phase("a", first, second)).start()
    run._until(lambda: second.is_done)
    assert run.question("which m1").name == "which m1"
    run.answer("which m1", "this")
    assert run.end().finish is Finish.DONE


def test_abort_releases_all_that_wait_for_an_answer(toy_run, world):
    steps = [Asking(world, "a", lane) for lane in ("m1", "m2", "m3")]
    run = run_of(toy_run, phase("a", *steps)).start()
    run._until(lambda: world.now == 3 and run.view.question is not None)
    run.switches.abort("alice")
    assert run.end().finish is Finish.ABORTED
    assert len(run.view.questions) == 1


def test_a_secret_that_several_lanes_need_is_asked_for_once(toy_run, world):
    class NeedsSecret(LaneStep):
        def work(self, context):
            assert context.secret("key", "The key").reveal() == "swordfish"

    steps = [NeedsSecret(world, "a", lane) for lane in ("m1", "m2", "m3")]
    run = run_of(toy_run, phase("a", *steps)).start()
    run._until(lambda: world.now == 3)
    run.answer("key", "swordfish")
    assert run.end().finish is Finish.DONE
    assert len(run.view.questions) == 1


def test_unattended_stop_ends_the_run_after_every_other_lane_is_through(tmp_path, world):
    toy_run = ToyRun.make(tmp_path, prompts={FAILED_STEP: "stop"})
    names = [f"web{number:02}" for number in range(1, 13)]
    phases = (
        phase("snapshot", *machines(world, "snapshot", *names, web01=[no_space()])),
        phase("copy", *machines(world, "copy", *names)),
    )
    run = run_of(toy_run, *phases).start()
    end = run.end()
    assert end.finish is Finish.FAILED
    assert end.message == "11 of 12 done; failed: web01 (Snapshot: no space left.)"
    assert sum(name.startswith("copy") for name in world.order) == 11
    check_resumable(run.view)
    resumed = run_of(toy_run, *phases).start()
    assert resumed.end().finish is Finish.DONE
    assert world.order.count("copy.web01") == 1
    assert len(world.order) == 12 + 12 + 1


def test_unattended_leave_out_ends_the_run_failed_and_resume_takes_the_lane_up_again(
    tmp_path, world
):
    toy_run = ToyRun.make(tmp_path, prompts={FAILED_STEP: "leave-out"})
    phases = (
        phase("a", *machines(world, "a", "m1", "m2", "m3", m1=[no_space()], m2=[no_space()])),
        phase("b", *machines(world, "b", "m1", "m2", "m3")),
        phase("end", Summary(world)),
    )
    run = run_of(toy_run, *phases).start()
    end = run.end()
    assert end.finish is Finish.FAILED
    assert end.message.startswith("1 of 3 done; failed: m1 (A: no space left.; left out as prep")
    assert run.view.steps["b.m1"].reason == "left out as prepared"
    assert phases[2].steps[0].written == {"m1": "left-out", "m2": "left-out", "m3": "done"}
    resumed = run_of(toy_run, *phases).start()
    assert resumed.end().finish is Finish.DONE
    assert set(states(resumed).values()) == {"done"}
    assert phases[2].steps[0].written == {"m1": "done", "m2": "done", "m3": "done"}
    assert world.order.count("a.m3") == world.order.count("b.m3") == 1


def test_unattended_leave_out_stops_at_a_failed_step_that_all_lanes_need(tmp_path, world):
    toy_run = ToyRun.make(tmp_path, prompts={FAILED_STEP: "leave-out"})
    shared = LaneStep(world, "mount", failures=[no_space()])
    run = run_of(toy_run, phase("first", shared), phase("a", *machines(world, "a", "m1"))).start()
    assert run.end().finish is Finish.FAILED
    assert world.order == ["mount"]


def test_what_an_operator_left_out_stays_out_while_there_is_other_work(toy_run, world):
    failing = {"m1": [no_space()], "m2": [no_space()]}
    phases = (phase("a", *machines(world, "a", "m1", "m2", **failing)),)
    run = run_of(toy_run, *phases).start()
    run.answer(FAILED_STEP, "leave-out")
    run.answer(SKIP_REASON, "gone for good")
    run.answer(FAILED_STEP, "stop")
    run.end()
    resumed = run_of(toy_run, *phases).start()
    assert resumed.end().finish is Finish.FAILED
    assert states(resumed) == {"a.m1": "failed", "a.m2": "done"}
    again = run_of(toy_run, *phases).start()
    assert again.end().finish is Finish.DONE
    assert states(again) == {"a.m1": "done", "a.m2": "done"}


def test_facts_and_logs_of_lanes_do_not_mix(toy_run, world):
    class Busy(LaneStep):
        def work(self, context):
            for number in range(200):
                context.log(f"{self.lane} line {number}")
            context.remember(f"size.{self.lane}", self.lane * 3)

    names = [f"m{number}" for number in range(8)]
    run = run_of(toy_run, phase("a", *(Busy(world, "a", n) for n in names), at_once=8)).start()
    assert run.end().finish is Finish.DONE
    for name in names:
        lines = toy_run.run.step_log(f"a.{name}").read_text().splitlines()
        told = [line.split(" ", 1)[1] for line in lines if " line " in line]
        assert told == [f"{name} line {number}" for number in range(200)]
    assert run.view.facts == {f"size.{name}": name * 3 for name in names}


def test_a_lane_that_logs_without_end_does_not_keep_another_from_ending(toy_run, monkeypatch):
    logs = StepLogs(toy_run.run, Redactor())
    append, endless = logs._append, threading.Event()
    endless.set()

    def append_while_another_lane_logs(step, text):
        if endless.is_set():
            logs.write("chatty", "and on")
        append(step, text)

    monkeypatch.setattr(logs, "_append", append_while_another_lane_logs)
    logs.write("mine", "the end")
    ended = threading.Thread(target=logs.flush, daemon=True)
    ended.start()
    ended.join(240)
    assert not ended.is_alive()
    assert "the end" in toy_run.run.step_log("mine").read_text()
    endless.clear()
    logs.close()


def test_whoever_asks_first_has_the_first_turn():
    turns, had, inside = Turns(), [], threading.Event()

    def wait_for_turn(number):
        with turns.mine():
            had.append(number)

    with turns.mine():
        threads = []
        for number in range(5):
            threads.append(threading.Thread(target=wait_for_turn, args=(number,)))
            threads[-1].start()
            while len(turns._queue) < number + 2:
                inside.wait(0.001)
    for thread in threads:
        thread.join(240)
    assert had == [0, 1, 2, 3, 4]


def test_a_broken_journal_ends_every_lane(toy_run, world):
    world.go.clear()  # the other lane works on until something ends it

    class Noting(LaneStep):
        def work(self, context):
            context._session.record(Event.NOTE, text="x")

    steps = (*machines(world, "a", "m1"), Noting(world, "a", "m2"))
    run = run_of(toy_run, phase("a", *steps))
    record, caught, failed = run.session.journal.record, [], []

    def broken(event, **fields):
        if caught or event is Event.NOTE:
            caught.append(event)
            raise JournalBroken("the disk is full")
        return record(event, **fields)

    run.session.journal.record = broken

    def live():
        try:
            run._live()
        except JournalBroken as error:
            failed.append(error)

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    thread.join(240)
    assert not thread.is_alive()
    assert failed
    assert run.switches.abort_by == "the runner itself"


def test_everything_of_a_run_with_lanes_can_be_undone(toy_run, world):
    phases = (
        phase("a", *machines(world, "a", "m1", "m2")),
        phase("b", *machines(world, "b", "m1", "m2")),
    )
    run_of(toy_run, *phases).start().end()
    run = run_of(toy_run, *phases).start(undo=True)
    assert run.end().finish is Finish.UNDONE
    assert world.undone == ["b.m2", "b.m1", "a.m2", "a.m1"]


def test_an_undo_of_a_lane_with_nothing_to_undo_says_so(toy_run, world):
    class NoWayBack(LaneStep):
        undo = Step.undo

    step = NoWayBack(world, "a", "m1", failures=[no_space()])
    run = run_of(toy_run, phase("a", step)).start()
    question = run.question(FAILED_STEP)
    choice = next(c for c in question.choices if c.value == "undo")
    assert "nothing to undo" in choice.refused
    with pytest.raises(Refused):
        run.switches.answer(question.id, "undo", "tester")
    run.answer(FAILED_STEP, "stop")
    run.end()


def test_a_plan_without_lanes_is_outlined_as_before(toy_run, world):
    run = run_of(toy_run, phase("a", LaneStep(world, "only")))
    run.start().end()
    plan = next(e for e in read_journal(toy_run.run.journal_file) if e["event"] == Event.PLAN)
    assert plan["phases"][0].keys() == {"name", "title", "safe_point", "steps"}
    assert "lane" not in plan["phases"][0]["steps"][0]
    assert run.view.lanes == {}
    assert run.view.steps["only"].state is StepState.DONE


def failing_at_snapshot(world, *lanes, times=1):
    """A phase of snapshots, of which these fail so often, and one of copies."""
    failures = {lane: [no_space() for _ in range(times)] for lane in lanes}
    names = ("m1", "m2", "m3", "m4", "m5")
    return (
        phase("snapshot", *machines(world, "snapshot", *names, **failures)),
        phase("copy", *machines(world, "copy", *names, m5=[no_space()])),
    )


def test_one_answer_leaves_out_all_that_failed_at_the_same_step(toy_run, world):
    run = run_of(toy_run, *failing_at_snapshot(world, "m1", "m2", "m3")).start()
    question = run.question(FAILED_STEP)
    values = [choice.value for choice in question.choices]
    assert values == [
        "retry", "retry-all", "change", "leave-out", "leave-out-all", "undo", "stop",
    ]  # fmt: skip
    assert "Leave all 3 that failed at this step out" in question.choices[4].label
    assert "It failed for these as well: m2, m3." in question.detail
    run.answer(FAILED_STEP, "leave-out-all")
    assert "these 3" in run.question(SKIP_REASON).text
    run.answer(SKIP_REASON, "that array is full")
    other = run.question(FAILED_STEP)  # m5 failed at another step, and alone
    assert "m5" in other.text
    assert "leave-out-all" not in [choice.value for choice in other.choices]
    run.answer(FAILED_STEP, "retry")
    assert run.end().finish is Finish.FAILED
    left = run.view.left_out
    assert {lane: one.reason for lane, one in left.items()} == dict.fromkeys(
        ("m1", "m2", "m3"), "that array is full"
    )
    assert {"copy.m4", "copy.m5"} <= set(world.order)


def test_one_answer_tries_all_again_that_failed_at_the_same_step(toy_run, world):
    run = run_of(toy_run, *failing_at_snapshot(world, "m1", "m2", "m3")).start()
    run.answer(FAILED_STEP, "retry-all")
    assert "m5" in run.question(FAILED_STEP).text
    run.answer(FAILED_STEP, "retry")
    assert run.end().finish is Finish.DONE
    for lane in ("m1", "m2", "m3"):
        assert world.order.count(f"snapshot.{lane}") == 2
    assert len(run.view.questions) == 2


def test_without_a_reason_nothing_is_left_out(toy_run, world):
    run = run_of(toy_run, *failing_at_snapshot(world, "m1", "m2")).start()
    run.answer(FAILED_STEP, "leave-out-all")
    run.answer(SKIP_REASON, " ")
    assert run.question(FAILED_STEP).text.startswith("m1")
    assert not run.view.left_out
    run.answer(FAILED_STEP, "stop")
    assert run.end().finish is Finish.FAILED


def test_unattended_leave_out_all_needs_no_operator(tmp_path, world):
    toy_run = ToyRun.make(tmp_path, prompts={FAILED_STEP: "leave-out-all"})
    run = run_of(toy_run, *failing_at_snapshot(world, "m1", "m2", "m3")).start()
    assert run.end().finish is Finish.FAILED
    assert set(run.view.left_out) == {"m1", "m2", "m3", "m5"}
    asked = [event for event in read_journal(run.session.run.journal_file)
             if event["event"] == Event.ANSWERED.value]  # fmt: skip
    assert len(asked) == 2


def test_a_lane_that_cannot_be_judged_is_asked_about_by_itself(toy_run, world):
    first, second = machines(world, "snapshot", "m1", "m2", m1=[no_space()])
    second.verdicts = [unknown("nobody can tell")]
    run = run_of(toy_run, phase("snapshot", first, second)).start()
    question = run.question(FAILED_STEP)
    assert "retry-all" not in [choice.value for choice in question.choices]
    run.answer(FAILED_STEP, "retry")
    run.answer(UNKNOWN_STEP, "verify")
    assert run.end().finish is Finish.DONE

"""The benchmarks tell apart what holds from what does not, and run on small things too."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.bench import __main__ as harness
from tests.bench import copying
from tests.bench.claim import Claim, Timing, interleaved, ratio_claim


@pytest.mark.parametrize(
    ("measured", "verdict"), [(0.5, "met"), (1.0, "met"), (1.1, "close"), (1.2, "NOT MET")]
)
def test_a_claim_breaks_only_beyond_the_noise(measured, verdict):
    claim = Claim("copy", measured, 1.0)
    assert claim.verdict == verdict
    assert claim.broken == (verdict == "NOT MET")


def test_works_take_turns_and_the_first_round_does_not_count():
    order = []
    works = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    timings = interleaved(works, 2, lambda: order.append("-"))
    assert "".join(order) == "-b-a-a-b-b-a"
    assert [len(found) for found in timings.values()] == [2, 2]


def test_the_ratio_is_the_median_of_the_rounds():
    timings = {
        "ours": [Timing(1.0, 1.0), Timing(9.0, 1.0), Timing(2.0, 1.0)],
        "theirs": [Timing(1.0, 2.0)] * 3,
    }
    claim = ratio_claim("copy", timings, "ours", "theirs", 2.0)
    assert claim.measured == 2.0
    assert "CPU 0.50x" in claim.detail


def test_the_copy_benchmark_runs_on_small_files():
    claims = copying.measure(1, sparse=1 << 22, data=1 << 20, dense=1 << 20)
    assert len(claims) == 3
    assert all(claim.measured > 0 for claim in claims)


def test_the_harness_fails_on_a_broken_claim_and_writes_what_it_found(
    monkeypatch, capsys, tmp_path
):
    class Fake:
        @staticmethod
        def measure(rounds):
            return [Claim("good", rounds, 5.0, "s", "detail"), Claim("bad", 9.0, 5.0, "s")]

    monkeypatch.setattr(harness, "benchmarks", lambda: {"fake": Fake})
    assert harness.main(["fake", "--rounds", "2", "--json", str(tmp_path / "out.json")]) == 1
    printed = capsys.readouterr().out
    assert "NOT MET" in printed
    assert "detail" in printed
    rows = json.loads((tmp_path / "out.json").read_text())
    assert [(row["name"], row["measured"], row["verdict"]) for row in rows] == [
        ("good", 2, "met"),
        ("bad", 9.0, "NOT MET"),
    ]


def test_an_unknown_benchmark_is_named(capsys):
    with pytest.raises(SystemExit):
        harness.main(["no-such-thing"])
    assert "no-such-thing" in capsys.readouterr().err


def test_make_bench_runs_this_harness_with_the_arguments_given():
    root = Path(__file__).parents[2]
    words = ["make", "-n", "bench", "ARGS=copying --rounds 2"]
    plan = subprocess.run(words, cwd=root, capture_output=True, text=True, check=True).stdout
    assert "python -m tests.bench copying --rounds 2\n" in plan

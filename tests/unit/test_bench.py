"""The arithmetic of the benchmarks, and what they leave on disk. How fast anything is, is not."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import pytest

from bench import __main__ as bench
from bench import figures, shopper
from bench.figures import Figure
from bench.generator import Act, Crew, Leg, OutOfWork, Tally
from bench.http1 import Reply, cookies_of
from bench.rounds import Failed, Pace, in_turn


def _figure(name: str, **more: Any) -> Figure:
    given = {"ratio": 0.5, "value": 10.0, "unit": "pages/s", "yardstick": "a bare page"}
    return Figure(name=name, yardstick_value=20.0, **{**given, **more})


def _leg(done: int, seconds: float = 1.0, *, errors: int = 0) -> Leg:
    return Leg((Tally(done=done, seconds=seconds, error_count=errors, errors=["E"] * errors),))


class TestRatio:
    def test_is_the_median_of_the_rounds_ratios(self) -> None:
        # The second round was three times as slow on both sides; the ratio does not mind.
        assert figures.ratio([60.0, 20.0, 66.0], [100.0, 40.0, 100.0]) == 0.6

    def test_refuses_rounds_with_one_side(self) -> None:
        with pytest.raises(ValueError, match="both sides"):
            figures.ratio([1.0, 2.0], [1.0])

    def test_refuses_no_rounds(self) -> None:
        with pytest.raises(ValueError, match="both sides"):
            figures.ratio([], [])

    def test_refuses_a_yardstick_of_nothing(self) -> None:
        with pytest.raises(ValueError, match="measures nothing"):
            figures.ratio([1.0], [0.0])


class TestPercentile:
    @pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (1.0, 100)])
    def test_is_the_least_value_so_many_do_not_exceed(self, share: float, expected: int) -> None:
        assert figures.percentile([float(n) for n in range(100, 0, -1)], share) == expected

    def test_of_one_value_is_that_value(self) -> None:
        assert figures.percentile([7.0], 0.95) == 7.0

    def test_refuses_nothing(self) -> None:
        with pytest.raises(ValueError, match="nothing was measured"):
            figures.percentile([], 0.95)


class TestDocument:
    def test_holds_the_results_with_what_a_reader_needs(self) -> None:
        text = figures.as_document([_figure("list_page", ratio=0.123456)], [_figure("other")], 99.9)

        document = json.loads(text)

        assert [each["name"] for each in document["results"]] == ["list_page"]
        assert document["results"][0]["ratio"] == 0.1235
        assert {"name", "ratio", "value", "unit", "yardstick"} <= document["results"][0].keys()
        assert [each["name"] for each in document["more"]] == ["other"]
        assert document["web_process_rss_mb"] == 99.9

    def test_line_says_when_a_bound_is_broken(self) -> None:
        assert "[≥ 0.5 FAILS]" in figures.line(_figure("list_page", must="≥ 0.5", holds=False))
        assert "[≥ 0.5 holds]" in figures.line(_figure("list_page", must="≥ 0.5", holds=True))

    def test_every_bench_asked_for_exists_under_its_name(self) -> None:
        assert list(bench.BENCHES) == ["list_page", "product_page", "search", "claim", "checkout"]


class TestInTurn:
    def test_runs_both_sides_alternately_and_forgets_the_first_round(self) -> None:
        order: list[str] = []

        def side(name: str, done: int) -> Any:
            def run(number: int) -> Leg:
                order.append(f"{name}{number}")
                return _leg(done + number)

            return run

        both = in_turn(Pace(rounds=2, seconds=1), side("a", 10), side("b", 100))

        assert order == ["a0", "b0", "a1", "b1", "a2", "b2"]
        assert both.measured_rates == [11, 12]
        assert both.yardstick_rates == [101, 102]
        assert both.measured_rate == 11.5

    def test_gives_no_figure_when_something_failed(self) -> None:
        with pytest.raises(Failed, match="2 failures"):
            in_turn(Pace(1, 1), lambda _: _leg(5, errors=2), lambda _: _leg(5))


class TestLeg:
    def test_rate_adds_up_clients_with_their_own_times(self) -> None:
        leg = Leg((Tally(done=10, seconds=2.0), Tally(done=9, seconds=3.0), Tally()))

        assert leg.rate == 8.0
        assert leg.done == 19


@dataclass(frozen=True)
class _Countdown:
    """Clients that have so much to do; every third piece fails."""

    pieces: int

    def begin(self, number: int) -> Act:
        left = self.pieces

        def act() -> tuple[int, int]:
            nonlocal left
            if left == 0:
                raise OutOfWork
            left -= 1
            if left % 3 == 2:
                raise ValueError("every third")
            time.sleep(0.001)
            return number, left

        return act


class TestCrew:
    def test_counts_what_clients_in_other_processes_did(self) -> None:
        with Crew() as crew:
            leg = crew.run(_Countdown(pieces=9), clients=3, seconds=20)

        assert leg.done == len(leg.latencies) == 18
        assert leg.error_count == 9
        assert leg.errors[0] == "ValueError: every third"
        assert sorted({number for number, _ in leg.kept}) == [0, 1, 2]


class TestInputs:
    def test_reads_what_a_browser_would_send(self) -> None:
        page = (
            '<input type="hidden" name="seen_total" value="12000">'
            '<input checked id="place-0" type="radio" name="place" value="7">'
            '<input type="radio" name="place" value="new">'
            '<input type="checkbox" name="keep_address" value="y">'
            '<input type="text" name="buyer_name" value="&quot;김&quot; &amp; 박" required>'
            '<input type="search">'
        )

        assert shopper.inputs(page) == {
            "seen_total": "12000",
            "place": "7",
            "buyer_name": '"김" & 박',
        }


class TestCookies:
    def test_are_read_from_every_header_that_sets_one(self) -> None:
        headers = (
            ("set-cookie", "session=a.b; HttpOnly; Path=/"),
            ("content-type", "text/html"),
            ("set-cookie", "cart=xyz; Max-Age=10"),
        )

        assert cookies_of(Reply(200, headers, b"")) == {"session": "a.b", "cart": "xyz"}

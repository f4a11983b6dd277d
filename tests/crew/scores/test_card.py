"""Histories with known answers: the scorecard must find them, and say when it cannot."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from crew.scores.card import Asked, ForecastScore, Scorecard, TradeScore, scorecard
from crew.scores.statistics import Estimate
from crew.scores.told import text
from tests.crew.scores.histories import BEGAN, HORIZONS, MARKETS, History, Says, a_history, days
from tools.ledger.judged import Stretch


def card(history: History, **asked: str | None) -> Scorecard:
    return scorecard(history.ledger, Asked(Stretch(history.venue), True, **asked))


def forecasts(found: Scorecard, agent: str) -> list[ForecastScore]:
    return [one for one in found.by_agent.forecasts if one.who == agent]


def trades(found: Scorecard, what: str) -> TradeScore:
    (one,) = (one for one in found.by_agent.trades if one.what == what)
    return one


def write(history: History, count: int, **agents: Says) -> None:
    """Days on which each market rises or falls by a coin, and each agent says something."""
    coin = Random(7)
    for at in days(count):
        cycle = history.cycle(at)
        rises = {symbol: coin.random() < 0.5 for symbol in MARKETS}
        for symbol, rise in rises.items():
            history.move(cycle, at, symbol, "1" if rise else "-1")
        for agent, says in agents.items():
            history.view(cycle, at, agent, {s: says(rise) for s, rise in rises.items()})


def test_a_perfect_a_random_and_an_inverted_agent_get_their_known_scores(tmp_path: Path) -> None:
    """A score that cannot tell these three apart ranks nobody."""
    guess = Random(11)
    with a_history(tmp_path) as history:
        write(
            history,
            100,
            perfect=lambda rises: 1.0 if rises else -1.0,
            inverted=lambda rises: -1.0 if rises else 1.0,
            random=lambda rises: guess.choice((-1.0, 1.0)),
        )
        found = card(history)

    for by_agent, by_model in zip(found.by_agent.forecasts, found.by_model.forecasts, strict=True):
        assert by_model == by_agent.model_copy(update={"who": f"test/{by_agent.who}"})
    assert [one.horizon_h for one in forecasts(found, "perfect")] == list(HORIZONS)
    for one in forecasts(found, "perfect"):
        assert (one.cases, one.independent) == (200, 100)
        assert one.hit_rate_pct == Estimate(value=100, low=96.21, high=100)
        assert one.brier == Estimate(value=0, low=0, high=0)
    for one in forecasts(found, "inverted"):
        assert one.hit_rate_pct == Estimate(value=0, low=0, high=3.79)
        assert one.brier == Estimate(value=1, low=1, high=1)
    for one in forecasts(found, "random"):
        assert one.hit_rate_pct is not None and one.brier is not None
        assert one.hit_rate_pct.low < 50 < one.hit_rate_pct.high
        assert one.hit_rate_pct.high - one.hit_rate_pct.low < 21
        assert one.brier.low < 0.5 < one.brier.high


def test_the_interval_of_a_random_agent_holds_one_half_about_as_often_as_it_says(
    tmp_path: Path,
) -> None:
    """An interval that is too narrow would crown lucky agents."""
    guess = Random(5)
    names = [f"random{number}" for number in range(60)]
    with a_history(tmp_path) as history:
        write(history, 40, **{name: lambda rises: guess.choice((-1.0, 1.0)) for name in names})
        found = card(history)

    rates = [o.hit_rate_pct for o in found.by_agent.forecasts if o.horizon_h == 1]
    holds = sum(rate is not None and rate.low <= 50 <= rate.high for rate in rates)
    assert len(rates) == 60
    assert 52 <= holds <= 60


def test_half_a_conviction_is_a_probability_of_three_quarters(tmp_path: Path) -> None:
    """The mapping is written down, and Brier punishes a right view that was timid."""
    with a_history(tmp_path) as history:
        write(history, 30, timid=lambda rises: 0.5 if rises else -0.5)
        (first, *_) = forecasts(card(history), "timid")

    assert first.hit_rate_pct is not None and first.hit_rate_pct.value == 100
    assert first.brier == Estimate(value=0.0625, low=0.0625, high=0.0625)


def test_no_view_is_no_forecast(tmp_path: Path) -> None:
    """Who says nothing is neither right nor wrong, and it is counted that nothing was said."""
    with a_history(tmp_path) as history:
        write(history, 40, silent=lambda rises: 0.0)
        (first, *_) = forecasts(card(history), "silent")

    assert (first.cases, first.no_view, first.hit_rate_pct) == (0, 80, None)


def test_views_of_one_market_within_one_horizon_are_one_case(tmp_path: Path) -> None:
    """Two hundred views of the same hour are one lucky hour, not two hundred."""
    with a_history(tmp_path) as history:
        for number in range(200):
            at = BEGAN + timedelta(minutes=3 * number)
            cycle = history.cycle(at)
            history.move(cycle, at, "BTC/USDT", "1")
            history.view(cycle, at, "eager", {"BTC/USDT": 1.0})
        found = forecasts(card(history), "eager")

    assert [(one.horizon_h, one.cases, one.independent) for one in found] == [
        (1, 200, 10),
        (4, 200, 3),
        (24, 200, 1),
    ]
    assert all(one.hit_rate_pct is None and one.brier is None for one in found)


def test_what_is_not_known_is_counted_and_not_guessed(tmp_path: Path) -> None:
    """A price that no candle told, one that did not move, and one that is not due yet."""
    with a_history(tmp_path) as history:
        for at, change in zip(days(3), (None, "0", "wait"), strict=True):
            cycle = history.cycle(at)
            if change == "wait":
                history.wait(cycle, at, "BTC/USDT")
            else:
                history.move(cycle, at, "BTC/USDT", change)
            history.view(cycle, at, "one", {"BTC/USDT": 1.0})
        (first, *_) = forecasts(card(history), "one")

    assert (first.unknown, first.unmoved, first.waiting, first.cases) == (1, 1, 1, 0)


def test_what_nobody_waits_for_is_not_said_to_wait(tmp_path: Path) -> None:
    """A horizon that was set later, or a cycle of an older desk, will never be looked up."""
    with a_history(tmp_path) as history:
        history.view(history.cycle(BEGAN), BEGAN, "one", {"BTC/USDT": 1.0})
        at = BEGAN + timedelta(days=1)
        cycle = history.cycle(at)
        history.wait(cycle, at, "BTC/USDT")
        history.view(cycle, at, "one", {"BTC/USDT": 1.0})
        (first, *_) = forecasts(card(history), "one")

    assert (first.waiting, first.unknown) == (1, 1)


def test_what_nobody_judged_is_no_refusal(tmp_path: Path) -> None:
    """An officer whose model failed has refused nothing, and no limit has."""
    with a_history(tmp_path) as history:
        history.entry(history.cycle(BEGAN), BEGAN, None, "1")
        found = card(history)

    assert [one.what for one in found.by_agent.trades] == ["proposed"]


def test_vetoes_are_worth_what_they_kept_from_being_lost(tmp_path: Path) -> None:
    """The officer's score is the loss of what it refused, beside what it let pass."""
    with a_history(tmp_path) as history:
        for number, at in enumerate(days(62)):
            cycle = history.cycle(at)
            history.entry(cycle, at, *(("veto", "-1.5") if number % 2 else ("approve", "1")))
        at = BEGAN + timedelta(days=90)
        history.entry(history.cycle(at), at, "veto", None)
        found = card(history)

    vetoed = trades(found, "vetoed")
    assert (vetoed.who, vetoed.cases, vetoed.unfilled, vetoed.hypothetical) == (
        "officer", 31, 1, True,
    )  # fmt: skip
    assert vetoed.mean_pct == Estimate(value=-1.5, low=-1.5, high=-1.5)
    assert vetoed.win_rate_pct is not None and vetoed.win_rate_pct.value == 0
    assert vetoed.total == Decimal("-93.00")
    proposed = trades(found, "proposed")
    assert (proposed.who, proposed.cases) == ("trader", 62)
    assert proposed.mean_pct is not None and proposed.mean_pct.value == -0.25
    assert proposed.mean_pct.low < -0.25 < proposed.mean_pct.high
    assert trades(found, "refused").who == "gate"


def test_what_models_cost_is_told_apart_by_agent_and_by_model(tmp_path: Path) -> None:
    """A cheap agent that is as right as a dear one is the better one."""
    with a_history(tmp_path) as history:
        write(history, 3, a=lambda rises: 1.0, b=lambda rises: 1.0)
        found = card(history)

    costs = [(one.who, one.calls, one.cost_usd) for one in found.by_agent.costs]
    assert costs == [("a", 6, Decimal("0.03")), ("b", 6, Decimal("0.03"))]
    assert [one.who for one in found.by_model.costs] == ["test/a", "test/b"]


def test_another_venue_is_not_mixed_in(tmp_path: Path) -> None:
    """A synthetic market says nothing about a real one."""
    with a_history(tmp_path) as history:
        write(history, 2, one=lambda rises: 1.0)
        history.venue = "binance"
        found = card(history)

    assert found.by_agent.forecasts == () and found.by_agent.costs == ()


@pytest.mark.parametrize("asked", [{"agent": "a"}, {"model": "test/a"}])
def test_one_agent_or_one_model_can_be_asked_for(tmp_path: Path, asked: dict[str, str]) -> None:
    """Whoever tunes one agent wants no other in the way."""
    with a_history(tmp_path) as history:
        write(history, 2, a=lambda rises: 1.0, b=lambda rises: -1.0)
        found = card(history, **asked)

    assert {one.who for one in found.by_agent.forecasts} == {"a"}
    assert [one.who for one in found.by_agent.costs] == ["a"]


def test_too_little_data_is_said_plainly(tmp_path: Path) -> None:
    """A rate of three views shown as 100 % would be believed."""
    with a_history(tmp_path) as history:
        write(history, 3, lucky=lambda rises: 1.0 if rises else -1.0)
        told = text(card(history))

    assert "not enough data (6 cases, 3 of 30 independent)" in told
    assert "right" not in told.split("Intervals")[0]
    assert "SYNTHETIC" in told and "desk scores --what-if" in told


def test_a_ledger_without_views_says_so(tmp_path: Path) -> None:
    """A table without rows looks like a fault."""
    with a_history(tmp_path) as history:
        history.cycle(BEGAN)
        assert "Nothing to score yet" in text(card(history))

"""The scorecard for reading: three tables, each figure with its interval and its sample."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from crew.scores.card import CostScore, ForecastScore, Scorecard, Scores, TradeScore
from crew.scores.statistics import Counted, Estimate
from crew.visible import in_one_line

_NOTES = (
    "Intervals are of 95 %: Wilson's for rates, Student's for means. What was said within one",
    "horizon, of whatever market, counts as one independent case: markets move together.",
    "Brier: 0 perfect, 0.25 knows nothing, 1 always wrong. Trades as proposed are hypothetical:",
    "stop and target walked through candles, after fees, without slippage and funding.",
)
_WITHOUT = "What the desk would have done without one of its advisers: `desk scores --what-if`."


def text(card: Scorecard, *, asked_without: bool = False) -> str:
    """The whole card; a scorecard without a single claim says what is missing."""
    lines = [_head(card)]
    if not (card.by_agent.forecasts or card.by_agent.trades or card.by_agent.costs):
        lines.append("  Nothing to score yet: no cycle here asked a model, or none by that name.")
        return "\n".join(lines)
    lines += ["", "By agent", *_tables(card.by_agent, card.enough)]
    if {one.who for one in card.by_model.costs} or card.by_model.forecasts:
        lines += ["", "By model", *_tables(card.by_model, card.enough)]
    if card.unassigned_usd:
        lines.append(f"  {card.unassigned_usd:f} USD more, of calls that are not told apart")
    lines += ["", *_NOTES] if asked_without else ["", *_NOTES, _WITHOUT]
    return "\n".join(lines)


def _head(card: Scorecard) -> str:
    marks = " · SYNTHETIC market" if card.synthetic else ""
    since = f" · since {card.since:%Y-%m-%d %H:%M} UTC" if card.since else ""
    only = "".join(f" · only {in_one_line(name)}" for name in (card.agent, card.model) if name)
    return f"Scores on {card.venue}{marks}{since}{only}"


def _tables(scores: Scores, enough: int) -> Iterator[str]:
    yield from _forecasts(scores.forecasts, enough)
    yield from _trades(scores.trades, enough)
    yield from _costs(scores.costs)


def _forecasts(scores: Sequence[ForecastScore], enough: int) -> Iterator[str]:
    for (who, what), some in groupby(scores, key=lambda one: (one.who, one.what)):
        found, who = list(some), in_one_line(who)
        silent = found[0].no_view
        if not any(one.cases + one.waiting + one.unknown + one.unmoved for one in found):
            yield f"  {who}: {_WHAT[what]}: {silent}, none with a direction"
            continue
        yield f"  {who}: {_WHAT[what]}" + (f" ({silent} more without a direction)" * bool(silent))
        for one in found:
            yield f"    {one.horizon_h:>3} h  {_forecast(one, enough)}{_left(one)}"


def _forecast(one: ForecastScore, enough: int) -> str:
    if one.hit_rate_pct is None or one.brier is None:
        return _too_few(one, enough)
    return (
        f"right {_pct(one.hit_rate_pct)}, Brier {_span(one.brier, '.3f')}, "
        f"{one.cases} views, {one.independent} independent"
    )


def _left(one: ForecastScore) -> str:
    left = {"waiting": one.waiting, "without a later price": one.unknown, "unmoved": one.unmoved}
    told = ", ".join(f"{count} {why}" for why, count in left.items() if count)
    return f"; {told}" if told else ""


def _trades(scores: Sequence[TradeScore], enough: int) -> Iterator[str]:
    for one in scores:
        left = {"unfilled": one.unfilled, "not known": one.unknown}
        told = "".join(f"; {count} {why}" for why, count in left.items() if count)
        total = f", {one.total:f} in all" if one.total is not None else ""
        yield f"  {in_one_line(one.who)}: {_WHAT[one.what]}: {_made(one, enough)}{total}{told}"


def _made(one: TradeScore, enough: int) -> str:
    if one.mean_pct is None or one.win_rate_pct is None:
        return _too_few(one, enough)
    made = "made" if one.what == "traded" else "would have made"
    return (
        f"{made} {_span(one.mean_pct, '+.2f')} % each, won {_pct(one.win_rate_pct)}, "
        f"{one.cases} trades, {one.independent} independent"
    )


def _costs(scores: Sequence[CostScore]) -> Iterator[str]:
    for one in scores:
        unknown = f" ({one.unpriced_calls} calls without a price)" if one.unpriced_calls else ""
        yield (
            f"  {in_one_line(one.who)}: {one.calls} calls, "
            f"{one.prompt_tokens} + {one.completion_tokens} tokens, "
            f"{one.cost_usd.normalize():f} USD{unknown}"
        )


def _too_few(count: Counted, enough: int) -> str:
    return f"not enough data ({count.cases} cases, {count.independent} of {enough} independent)"


def _pct(estimate: Estimate) -> str:
    return f"{estimate.value:.1f} % ({estimate.low:.1f} to {estimate.high:.1f})"


def _span(estimate: Estimate, form: str) -> str:
    return f"{estimate.value:{form}} ({estimate.low:{form}} to {estimate.high:{form}})"


_WHAT = {
    "technical": "technical views",
    "sentiment": "sentiment views",
    "chart": "chart views",
    "proposal": "confidence of proposals",
    "proposed": "entries as proposed",
    "approved": "approved entries as proposed",
    "vetoed": "vetoed entries as proposed",
    "refused": "entries refused by code, as proposed",
    "traded": "real trades",
}

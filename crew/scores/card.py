"""The scorecard: claims held against what the market did, by agent and by model."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from pydantic import Field

from crew.scores.claims import Author, Authors, Bet, Forecast, bets, of_proposals, of_reports
from crew.scores.statistics import ENOUGH, Case, Counted, Estimate, independent, mean, rate_pct
from records.base import Amount, Record, UtcTime
from records.model_calls import ModelCalls
from tools.ledger.judged import Moved, Stretch
from tools.ledger.ledger import Ledger

By = Literal["agent", "model"]


class ForecastScore(Counted):
    """How right views of one kind were at one horizon; None: not enough data."""

    who: str
    what: str = Field(description="technical, sentiment, chart or proposal.")
    horizon_h: int
    hit_rate_pct: Estimate | None = Field(description="Views whose direction came.")
    brier: Estimate | None = Field(
        description="0 perfect, 0.25 knows nothing, 1 always wrong. Source: Brier, Verification of "
        "forecasts expressed in terms of probability, Monthly Weather Review 78 (1950)."
    )
    no_view: int = Field(description="Views without a direction; not counted.")
    unmoved: int = Field(description="The price was the same; not counted.")
    unknown: int = Field(description="No candle told the later price, or nobody looked.")
    waiting: int = Field(description="Looked up when its time has come.")


class TradeScore(Counted):
    """What trades made, after fees; None: not enough data."""

    who: str
    what: str = Field(description="proposed, approved, vetoed, refused, or traded: for real.")
    hypothetical: bool
    win_rate_pct: Estimate | None
    mean_pct: Estimate | None = Field(description="Percent of the entry value.")
    total: Amount | None = Field(description="Sum in the quote currency, at the sizes asked for.")
    unfilled: int = Field(description="Limits the price never came to; not counted.")
    unknown: int = Field(description="Not known yet, or candles are missing; not counted.")


class CostScore(Record):
    """What was asked of models; 0 USD where no price is set."""

    who: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: Amount
    unpriced_calls: int


class Scores(Record):
    """The same three tables, by agent or by model."""

    forecasts: tuple[ForecastScore, ...]
    trades: tuple[TradeScore, ...]
    costs: tuple[CostScore, ...]


class Scorecard(Record):
    """How right the desk was on one venue."""

    venue: str
    synthetic: bool
    since: UtcTime | None
    agent: str | None = Field(description="Only this one's claims and calls.")
    model: str | None = Field(description="Only claims and calls with this one.")
    enough: int = ENOUGH
    by_agent: Scores
    by_model: Scores
    unassigned_usd: Amount = Field(
        description="Of cycles whose calls are not told apart: killed, or of an older desk."
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose scores, and of which cycles."""

    stretch: Stretch
    synthetic: bool
    agent: str | None = None
    model: str | None = None

    @property
    def named(self) -> bool:
        """Whether one agent or one model is asked for."""
        return self.agent is not None or self.model is not None

    def wants(self, author: Author) -> bool:
        return self.agent in (None, author.agent) and self.model in (None, author.model)


def scorecard(ledger: Ledger, asked: Asked) -> Scorecard:
    """Read the history once, and score it by agent and by model."""
    judged, stretch = ledger.judged, asked.stretch
    calls = judged.calls(stretch)
    authors, entries = Authors(calls), judged.proposed(stretch)
    said = [*of_reports(judged.reports(stretch), authors), *of_proposals(entries, authors)]
    told = _Told(
        forecasts=[one for one in said if asked.wants(one.author)],
        bets=[
            one for one in bets(entries, judged.closed(stretch), authors) if asked.wants(one.author)
        ],
        calls=[one for one in calls if asked.wants(Author(one.agent, one.model))],
        moved=_by_decision(judged.moved(stretch)),
        waits=judged.waits(stretch),
    )
    return Scorecard(
        venue=stretch.venue,
        synthetic=asked.synthetic,
        since=stretch.since,
        agent=asked.agent,
        model=asked.model,
        by_agent=told.scores("agent"),
        by_model=told.scores("model"),
        unassigned_usd=Decimal(0) if asked.named else _unassigned(judged.cost_usd(stretch), calls),
    )


def unknown(ledger: Ledger, asked: Asked) -> str | None:
    """That nobody of the name asked for ever worked here, and who did; None: somebody did."""
    calls = ledger.judged.calls(Stretch(asked.stretch.venue))
    for wanted, what, known in (
        (asked.agent, "agent", {one.agent for one in calls}),
        (asked.model, "model", {one.model for one in calls}),
    ):
        if wanted is not None and wanted not in known:
            names = ", ".join(sorted(known)) or "none yet"
            return f"No {what} {wanted[:60]!r} was asked on {asked.stretch.venue}; known: {names}."
    return None


_Waits = Collection[tuple[str, str, int]]
"""Cycle, market, hours."""
_Later = Mapping[tuple[str, str], Mapping[int, Moved]]


@dataclass(frozen=True, slots=True)
class _Told:
    """Everything that is scored."""

    forecasts: Sequence[Forecast]
    bets: Sequence[Bet]
    calls: Sequence[ModelCalls]
    moved: _Later
    waits: _Waits

    def scores(self, by: By) -> Scores:
        known = (hours for prices in self.moved.values() for hours in prices)
        horizons = sorted({*known, *(hours for _, _, hours in self.waits)})
        followed = timedelta(hours=max(horizons, default=_FOLLOWED_H))
        return Scores(
            forecasts=tuple(
                _forecast_score(who, what, hours, some, self.moved, self.waits)
                for (who, what), some in _grouped(self.forecasts, by, _FORECASTS)
                for hours in horizons
            ),
            trades=tuple(
                _trade_score(who, what, some, followed)
                for (who, what), some in _grouped(self.bets, by, _TRADES)
            ),
            costs=_costs(self.calls, by),
        )


_FOLLOWED_H = 24
"""How long a trade is followed where no horizon is known yet."""
_FORECASTS = ("technical", "sentiment", "chart", "proposal")
_TRADES = ("proposed", "approved", "vetoed", "refused", "traded")


def _forecast_score(
    who: str, what: str, hours: int, said: Sequence[Forecast], moved: _Later, waits: _Waits
) -> ForecastScore:
    hits, briers = list[Case](), list[Case]()
    left: dict[str, int] = dict.fromkeys(("no_view", "unmoved", "unknown", "waiting"), 0)
    for one in said:
        found = moved.get((one.cycle_id, one.symbol), {}).get(hours)
        if (why := _uncounted(one, found, (one.cycle_id, one.symbol, hours) in waits)) is not None:
            left[why] += 1
            continue
        assert found is not None and found.later is not None
        rose = found.later > found.price
        hits.append(Case(found.at, float((one.up > 0.5) == rose)))
        briers.append(Case(found.at, (one.up - rose) ** 2))
    blocks = independent(hits, timedelta(hours=hours))
    count = Counted(cases=len(hits), independent=len(set(blocks.tolist())))
    return ForecastScore(
        who=who,
        what=what,
        horizon_h=hours,
        **dict(count),
        hit_rate_pct=rate_pct(hits, blocks) if count.enough else None,
        brier=mean(briers, blocks, most=1.0) if count.enough else None,
        **left,
    )


def _uncounted(one: Forecast, found: Moved | None, waits: bool) -> str | None:
    """Why a view is not scored."""
    if one.up == 0.5:
        return "no_view"
    if found is None:
        return "waiting" if waits else "unknown"
    if found.later is None:
        return "unknown"
    return "unmoved" if found.later == found.price else None


def _trade_score(who: str, what: str, made: Sequence[Bet], horizon: timedelta) -> TradeScore:
    known = [one for one in made if one.pct is not None]
    results = [Case(one.at, one.pct or 0.0) for one in known]
    wins = [case._replace(value=float(case.value > 0)) for case in results]
    blocks = independent(results, horizon)
    count = Counted(cases=len(results), independent=len(set(blocks.tolist())))
    unfilled = sum(one.unfilled for one in made)
    total = sum(one.money or 0.0 for one in known)
    return TradeScore(
        who=who,
        what=what,
        hypothetical=what != "traded",
        **dict(count),
        win_rate_pct=rate_pct(wins, blocks) if count.enough else None,
        mean_pct=mean(results, blocks) if count.enough else None,
        total=Decimal(f"{total:.2f}") if count.enough else None,
        unfilled=unfilled,
        unknown=len(made) - len(known) - unfilled,
    )


def _costs(calls: Iterable[ModelCalls], by: By) -> tuple[CostScore, ...]:
    groups: dict[str, list[ModelCalls]] = defaultdict(list)
    for one in calls:
        groups[getattr(one, by)].append(one)
    return tuple(
        CostScore(
            who=who,
            calls=sum(one.calls for one in some),
            prompt_tokens=sum(one.prompt_tokens for one in some),
            completion_tokens=sum(one.completion_tokens for one in some),
            cost_usd=sum((one.cost_usd for one in some), Decimal(0)),
            unpriced_calls=sum(one.unpriced_calls for one in some),
        )
        for who, some in sorted(groups.items())
    )


def _unassigned(all_usd: Decimal, calls: Iterable[ModelCalls]) -> Decimal:
    return max(Decimal(0), all_usd - sum((one.cost_usd for one in calls), Decimal(0)))


def _by_decision(moved: Iterable[Moved]) -> _Later:
    found: dict[tuple[str, str], dict[int, Moved]] = defaultdict(dict)
    for one in moved:
        found[one.cycle_id, one.symbol][one.horizon_h] = one
    return found


def _grouped[Claim: (Forecast, Bet)](
    claims: Iterable[Claim], by: By, order: Sequence[str]
) -> list[tuple[tuple[str, str], list[Claim]]]:
    """Claims by who made them and of which kind."""
    groups: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for one in claims:
        groups[getattr(one.author, by), one.what].append(one)
    return sorted(groups.items(), key=lambda group: (order.index(group[0][1]), group[0][0]))

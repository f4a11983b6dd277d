"""
What to trade: conviction weighed against a threshold, with a stop and a target.

The rulebook buys or closes; it never sells short, never sizes (the desk does) and
proposes nothing for a market whose price or technical view it does not know.
Every figure in a proposal is copied digit for digit from a briefing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN
from decimal import Decimal as D

from crew.models.rules_figures import Frame, Row, frames_for, number, row_for, short, signal_for
from crew.models.rules_prompt import Prompt
from crew.models.rules_reports import Views, views_of
from crew.models.rules_temperament import Temperament
from records.proposal import Fact, ProposalDraft, TradeProposals

_STOP_ATR = D("1.5")
_DEFAULT_STOP_PCT = D(2)
"""Used where no range is known. Source: domain.md, Risk."""
_MAX_PROPOSALS = 10


@dataclass(frozen=True, slots=True)
class Case:
    """One market with everything the analyst knows about it."""

    symbol: str
    last: D
    market: Row
    frames: list[Frame]
    signal: Row
    views: Views
    position: Row
    technical: D
    chart: D
    sentiment: D


def trade_proposals(prompt: Prompt, temperament: Temperament) -> TradeProposals:
    """At most one trade for each market, exits first, then the strongest openings."""
    exits: list[ProposalDraft] = []
    openings: list[tuple[D, ProposalDraft]] = []
    for symbol in prompt.shortlist:
        case = _case(prompt, symbol)
        if case is None:
            continue
        if case.position:
            exits.extend(_exit(case, temperament))
        else:
            openings.extend(_opening(case, prompt, temperament))
    openings.sort(key=lambda ranked: (-ranked[0], ranked[1].symbol))
    drafts = [*exits, *(draft for _, draft in openings)]
    return TradeProposals(proposals=tuple(drafts[:_MAX_PROPOSALS]))


def _case(prompt: Prompt, symbol: str) -> Case | None:
    """The market's facts; None without a price or a technical view."""
    market = row_for(prompt.tool("get_market_snapshot"), symbol)
    last, views = market.number("last"), views_of(prompt, symbol)
    if last is None or last <= 0 or views.technical is None:
        return None
    return Case(
        symbol=symbol,
        last=last,
        market=market,
        frames=frames_for(prompt, symbol),
        signal=signal_for(prompt, symbol),
        views=views,
        position=row_for(prompt.tool("get_portfolio"), symbol),
        technical=D(str(views.technical.conviction)),
        chart=D(str(views.chart.conviction)) if views.chart else D(0),
        sentiment=D(str(views.sentiment.score)) if views.sentiment else D(0),
    )


def _exit(case: Case, temperament: Temperament) -> Iterator[ProposalDraft]:
    """Close a long that turned, or that loses without a signal for it; else keep it."""
    turned = (case.technical + case.chart) / 2
    open_pct = case.position.number("unrealised_pct")
    unsupported = case.signal.text("direction") != "long"
    if case.position.text("side") != "long":
        return
    if turned <= temperament.close_score:
        thesis = (
            f"Close: technical {short(case.technical)} and chart {short(case.chart)} average "
            f"{short(turned)}, at or below {temperament.close_score}: the trend turned."
        )
    elif unsupported and open_pct is not None and open_pct < -temperament.cut_loss_pct:
        thesis = (
            f"Close: no long signal, and the position stands at {short(open_pct)} %, "
            f"below -{temperament.cut_loss_pct} %: cut the loss."
        )
    else:
        return
    yield ProposalDraft(
        symbol=case.symbol,
        action="close",
        confidence=_confidence(abs(turned)),
        thesis=thesis,
        facts=_facts(case),
    )


def _opening(
    case: Case, prompt: Prompt, temperament: Temperament
) -> Iterator[tuple[D, ProposalDraft]]:
    """Buy when the readers agree enough, the signal is strong enough and nothing is halted."""
    score = _score(case, temperament)
    if score < temperament.open_score or not _signal_agrees(case, temperament):
        return
    halted, limits = _limits(prompt)
    if halted or not prompt.tool("get_portfolio").documents:
        return
    distance_pct = _stop_distance_pct(case, limits)
    target_pct = distance_pct * max(
        temperament.reward_multiple, (limits.number("min_reward_risk") or D(0)) * D("1.1")
    )
    stop = _rounded(case, case.last * (1 - distance_pct / 100))
    target = _rounded(case, case.last * (1 + target_pct / 100))
    if not 0 < stop < case.last < target:
        return
    yield (
        score,
        ProposalDraft(
            symbol=case.symbol,
            action="open_long",
            stop=stop,
            take_profit=target,
            invalidation_price=_invalidation(case, stop),
            confidence=_confidence(score),
            thesis=_thesis(case, score, temperament, distance_pct),
            facts=_facts(case),
        ),
    )


def _score(case: Case, temperament: Temperament) -> D:
    return (
        temperament.weight_technical * case.technical
        + temperament.weight_chart * case.chart
        + temperament.weight_sentiment * case.sentiment
    )


def _signal_agrees(case: Case, temperament: Temperament) -> bool:
    strength = case.signal.number("strength")
    is_long = case.signal.text("direction") == "long"
    return is_long and strength is not None and strength >= temperament.open_strength


def _limits(prompt: Prompt) -> tuple[bool, Row]:
    """Whether entries are halted, and the desk's limits; unknown limits count as halted."""
    for document in prompt.tool("get_limits").documents:
        limits = document.get("limits")
        if isinstance(limits, dict):
            return document.get("halted") is not False, Row(limits)
    return True, Row()


def _stop_distance_pct(case: Case, limits: Row) -> D:
    """1.5 ranges of the decision frame or one of the next frame, within the desk's bounds."""
    ranges = [frame.row.number("atr_pct_14") for frame in case.frames[:2]]
    factors = (_STOP_ATR, D(1))
    known = [atr * k for atr, k in zip(ranges, factors, strict=False) if atr is not None]
    distance = max(known, default=_DEFAULT_STOP_PCT)
    least, most = limits.number("min_stop_pct"), limits.number("max_stop_pct")
    # a hair inside the bounds: rounding the price to a tick must not break them
    distance = max(distance, least * D("1.02")) if least is not None else distance
    return min(distance, most * D("0.98")) if most is not None else distance


def _rounded(case: Case, price: D) -> D:
    """A price as fine as the market's own, and never coarser than five digits."""
    printed = [case.market.number(name) for name in ("last", "bid", "ask")]
    exponents = [value.as_tuple().exponent for value in printed if value is not None]
    own = max((-exponent for exponent in exponents if isinstance(exponent, int)), default=0)
    places = min(8, max(0, own, 4 - case.last.adjusted()))
    return price.quantize(D(1).scaleb(-places), rounding=ROUND_HALF_EVEN)


def _invalidation(case: Case, stop: D) -> D:
    """The chart's support when it lies between stop and price, else the stop."""
    support = case.views.chart.support if case.views.chart else None
    return support if support is not None and stop < support < case.last else stop


def _confidence(score: D) -> float:
    return round(float(min(D("0.95"), max(D(0), score))), 3)


def _thesis(case: Case, score: D, temperament: Temperament, distance_pct: D) -> str:
    strength = case.signal.number("strength")
    return (
        f"Long: technical {short(case.technical)}, chart {short(case.chart)}, news "
        f"{short(case.sentiment)} weigh {short(score)}, at or above {temperament.open_score}; "
        f"signal long with strength {strength} of 5. "
        f"Stop {short(distance_pct)} % below {case.last}."
    )


def _facts(case: Case) -> tuple[Fact, ...]:
    """The figures used, under the names the tools print them with."""
    named: list[tuple[str, D | None]] = [("last", case.last)]
    named.append(("funding_rate_pct", number(case.market.cells.get("funding_rate_pct"))))
    for frame in case.frames[:1]:
        named += [frame.named(name) for name in ("rsi_14", "macd_hist", "adx_14", "atr_pct_14")]
    for frame in case.frames[1:3]:
        named += [frame.named(name) for name in ("ema_20", "ema_50")]
    return tuple(Fact(name=name[:60], value=value) for name, value in named if value is not None)

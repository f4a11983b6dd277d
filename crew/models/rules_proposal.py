"""
What to trade: conviction weighed against a threshold, with a stop and a target.

The rulebook opens or closes, short only where the snapshot says that the market is a
perpetual. It never sizes (the desk does), asks for no leverage, and proposes nothing for a
market whose price or technical view it does not know. Shorts are judged by the longs'
rules, mirrored: what speaks for buying is what is measured, and its sign is turned.
Every figure in a proposal is copied digit for digit from a briefing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN
from decimal import Decimal as D

from crew.models.rules_figures import Frame, Row, frames_for, row_for, short, signal_for
from crew.models.rules_prompt import Prompt
from crew.models.rules_reports import Views, views_of
from crew.models.rules_temperament import Temperament
from records.proposal import Fact, ProposalDraft, TradeProposals

_STOP_ATR = D("1.5")
_DEFAULT_STOP_PCT = D(2)
"""Used where no range is known. Source: domain.md, Risk."""
_MAX_PROPOSALS = 10
_SIGNS = {"long": 1, "short": -1}
_SIGNAL_SIGNS = {"buy": 1, "sell": -1}


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
    review: str
    """How the thesis of the position has failed; empty: it stands, or nothing is held."""
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
        review=_review(prompt, symbol),
        technical=D(str(views.technical.conviction)),
        chart=D(str(views.chart.conviction)) if views.chart else D(0),
        sentiment=D(str(views.sentiment.score)) if views.sentiment else D(0),
    )


def _review(prompt: Prompt, symbol: str) -> str:
    """What the portfolio says under `must_review` of this market."""
    for document in prompt.tool("get_portfolio").documents:
        asked = document.get("must_review")
        if isinstance(asked, dict) and isinstance(said := asked.get(symbol), str):
            return said
    return ""


def _exit(case: Case, temperament: Temperament) -> Iterator[ProposalDraft]:
    """Close what turned against us, or loses without a signal for it; else keep it."""
    turned, side = (case.technical + case.chart) / 2, case.position.text("side")
    sign = _SIGNS.get(side)
    if sign is None:
        return
    closing = (
        _invalidated(case)
        or _turned(case, turned, sign, temperament)
        or _losing(case, side, temperament)
    )
    thesis = closing or _kept(case)
    if thesis is None:
        return
    yield ProposalDraft(
        symbol=case.symbol,
        action="close" if closing else "hold",
        confidence=_confidence(abs(turned)),
        thesis=thesis,
        facts=_facts(case),
    )


def _invalidated(case: Case) -> str | None:
    if not case.review.startswith("thesis_invalidated"):
        return None
    return f"Close: {case.review}, and what is proven wrong is not held."


def _kept(case: Case) -> str | None:
    """What a review that closes nothing says; None when none was asked for."""
    if not case.review:
        return None
    return (
        f"Hold: {case.review}, but technical {short(case.technical)} and chart "
        f"{short(case.chart)} do not speak against it."
    )


def _turned(case: Case, turned: D, sign: int, temperament: Temperament) -> str | None:
    if turned * sign > temperament.close_score:
        return None
    return (
        f"Close: technical {short(case.technical)} and chart {short(case.chart)} average "
        f"{short(turned)}, {_reached(sign, falling=True)} {temperament.close_score * sign}: "
        "the trend turned."
    )


def _losing(case: Case, side: str, temperament: Temperament) -> str | None:
    open_pct, cut = case.position.number("unrealised_pct"), temperament.cut_loss_pct
    if _signal_sign(case) == _SIGNS[side] or open_pct is None or open_pct >= -cut:
        return None
    return (
        f"Close: no {side} signal, and the position stands at {short(open_pct)} %, "
        f"below -{cut} %: cut the loss."
    )


def _opening(
    case: Case, prompt: Prompt, temperament: Temperament
) -> Iterator[tuple[D, ProposalDraft]]:
    """Open when the readers agree enough, the signal is strong enough and nothing is halted."""
    sign = _sign(case)
    score = _score(case, temperament) * sign
    if sign == 0 or score < temperament.open_score or not _is_strong(case, temperament):
        return
    halted, limits = _limits(prompt)
    if halted or not prompt.tool("get_portfolio").documents:
        return
    distance_pct = _stop_distance_pct(case, limits)
    target_pct = distance_pct * max(
        temperament.reward_multiple, (limits.number("min_reward_risk") or D(0)) * D("1.1")
    )
    stop = _rounded(case, case.last * (1 - sign * distance_pct / 100))
    target = _rounded(case, case.last * (1 + sign * target_pct / 100))
    if min(stop, target) <= 0 or not stop * sign < case.last * sign < target * sign:
        return
    yield (
        score,
        ProposalDraft(
            symbol=case.symbol,
            action="open_long" if sign > 0 else "open_short",
            stop=stop,
            take_profit=target,
            invalidation_price=_invalidation(case, stop, sign),
            confidence=_confidence(score),
            thesis=_thesis(case, score * sign, sign, temperament, distance_pct),
            facts=_facts(case),
        ),
    )


def _sign(case: Case) -> int:
    """1 to buy, -1 to sell short, 0 where the signal says neither or the market has no shorts."""
    sign = _signal_sign(case)
    return 0 if sign < 0 and case.market.cells.get("perpetual") is not True else sign


def _signal_sign(case: Case) -> int:
    return _SIGNAL_SIGNS.get(case.signal.text("action"), 0)


def _score(case: Case, temperament: Temperament) -> D:
    return (
        temperament.weight_technical * case.technical
        + temperament.weight_chart * case.chart
        + temperament.weight_sentiment * case.sentiment
    )


def _is_strong(case: Case, temperament: Temperament) -> bool:
    strength = case.signal.number("strength")
    return strength is not None and strength >= temperament.open_strength


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


def _invalidation(case: Case, stop: D, sign: int) -> D:
    """The chart's level behind the price when it lies before the stop, else the stop."""
    view = case.views.chart
    level = None if view is None else view.support if sign > 0 else view.resistance
    between = level is not None and stop * sign < level * sign < case.last * sign
    return level if level is not None and between else stop


def _confidence(score: D) -> float:
    return round(float(min(D("0.95"), max(D(0), score))), 3)


def _thesis(case: Case, score: D, sign: int, temperament: Temperament, distance_pct: D) -> str:
    strength, side = case.signal.number("strength"), "long" if sign > 0 else "short"
    return (
        f"{side.capitalize()}: technical {short(case.technical)}, chart {short(case.chart)}, news "
        f"{short(case.sentiment)} weigh {short(score)}, {_reached(sign)} "
        f"{temperament.open_score * sign}; signal strength {strength}. "
        f"Stop {short(distance_pct)} % {'below' if sign > 0 else 'above'} {case.last}."
    )


def _reached(sign: int, *, falling: bool = False) -> str:
    """How a figure stands to the bound it met; a short's bounds are met from the other side."""
    return "at or below" if (sign > 0) == falling else "at or above"


def _facts(case: Case) -> tuple[Fact, ...]:
    """The figures used, under the names the tools print them with."""
    named: list[tuple[str, D | None]] = [("last", case.last)]
    for frame in case.frames[:1]:
        named += [frame.named(name) for name in ("rsi_14", "atr_pct_14")]
    named += [frame.named("ema_50") for frame in case.frames[1:2]]
    return tuple(Fact(name=name[:60], value=value) for name, value in named if value is not None)

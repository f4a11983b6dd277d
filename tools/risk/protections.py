"""
Which locks the losses and the trades ask for; pure, so that it can be tried on any history.

The loss of a day, week or month locks the desk until that period ends, and a drawdown from
the peak until it has recovered: both hold for as long as the figure does. Everything else
follows from trades, or equity, that lead to one lock of a kind and to no second one. Up to
when they were judged is kept with the lock, so a restart forgets nothing and a lock that a
person cleared does not come back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from records.breaker import AtrJump
from records.order import Trade
from records.risk import Protections, RiskLimits
from tools.risk.losses import LossState, fall_pct, periods

LockKind = Literal[
    "day_loss",
    "week_loss",
    "month_loss",
    "drawdown",
    "cooldown",
    "stop_guard",
    "low_profit",
    "window_drawdown",
    "atr_jump",
    "alarm",
]
FIGURES: frozenset[str] = frozenset({"day_loss", "week_loss", "month_loss"})
"""Cleared by nobody for good: they come back while the loss stands."""
STOPS: frozenset[str] = frozenset(
    {
        "stop_loss",
        "trailing_stop",
        "break_even_stop",
        "early_exit",
        "thesis_invalidated",
        "liquidation",
        "unprotected",
    }
)
"""Exits the market forced, or a venue that took no stop; not those that a plan or a person made."""

Judged = Mapping[tuple[str, str | None], datetime]
"""Up to when trades, or equity, led to a lock already, by its kind and market."""
Equity = tuple[datetime, Decimal]


class Wanted(NamedTuple):
    """A lock that should hold; of one that holds already only the end may change."""

    kind: LockKind
    symbol: str | None
    until: datetime | None
    reason: str
    judged_to: datetime | None = None


def by_losses(state: LossState, limits: RiskLimits, now: datetime) -> Iterator[Wanted]:
    """Locks for what was lost since a period began, and since the best moment."""
    lost = (state.day_loss_pct, state.week_loss_pct, state.month_loss_pct)
    most = (limits.max_day_loss_pct, limits.max_week_loss_pct, limits.max_month_loss_pct)
    kinds: tuple[LockKind, ...] = ("day_loss", "week_loss", "month_loss")
    for kind, span, lost_pct, most_pct in zip(kinds, periods(now), lost, most, strict=True):
        if lost_pct >= most_pct:
            since = f"since the {span.period} began, {_utc(span.began)}"
            reason = f"{lost_pct:.2f} % were lost {since}; the limit is {most_pct:f} %"
            yield Wanted(kind, None, span.ends, reason)
    if state.drawdown_pct >= limits.max_drawdown_pct:
        yield Wanted(
            "drawdown",
            None,
            None,
            f"equity is {state.drawdown_pct:.2f} % below its peak of {state.peak:.2f}; the limit "
            f"is {limits.max_drawdown_pct:f} %, and {limits.drawdown_recovered_pct:f} % ends it",
        )


def recovered(state: LossState, limits: RiskLimits) -> bool:
    """Whether the lock that a drawdown left ends by itself."""
    fallen_pct = state.drawdown_pct
    return fallen_pct < limits.max_drawdown_pct and fallen_pct <= limits.drawdown_recovered_pct


def by_history(
    trades: Sequence[Trade],
    points: Sequence[Equity],
    rules: Protections,
    judged: Judged,
    now: datetime,
) -> Iterator[Wanted]:
    """Locks for trades, oldest first, and for the equity of the window; those not over yet."""
    found = (
        *_cooldowns(trades, rules, judged),
        *_stop_guard(trades, rules, judged),
        *_low_profit(trades, rules, judged),
        *_window_drawdown(points, rules, judged),
    )
    return _not_over(found, now)


def by_jumps(
    jumps: Iterable[AtrJump], pause_s: int, judged: Judged, now: datetime
) -> Iterator[Wanted]:
    """A market whose range changed too fast is paused, from its last jump on."""
    fresh = (jump for jump in jumps if _fresh(jump.at, judged.get(("atr_jump", jump.symbol))))
    return _not_over((_pause(jump, pause_s) for jump in fresh), now)


def looks_back(rules: Protections) -> timedelta:
    """How far back trades matter: one that is older led to no lock that could still hold."""
    guard_s = rules.stop_guard_window_s + rules.stop_guard_lock_s
    profit_s = rules.low_profit_window_s + rules.low_profit_lock_s
    return timedelta(seconds=max(rules.cooldown_s, guard_s, profit_s))


def _not_over(found: Iterable[Wanted], now: datetime) -> Iterator[Wanted]:
    return (one for one in found if one.until is None or one.until > now)


def _pause(jump: AtrJump, pause_s: int) -> Wanted:
    reason = f"ATR 14 changed by {jump.change_pct:.2f} % in the candle until {_utc(jump.at)}"
    until = jump.at + timedelta(seconds=pause_s)
    return Wanted("atr_jump", jump.symbol, until, reason, jump.at)


def _cooldowns(trades: Sequence[Trade], rules: Protections, judged: Judged) -> Iterator[Wanted]:
    """After a stop its market is left alone: a price that ran once often runs again."""
    if not rules.cooldown_s:
        return
    newest = {trade.symbol: trade for trade in _stops(trades)}
    for symbol, trade in newest.items():
        if _fresh(trade.closed_at, judged.get(("cooldown", symbol))):
            until = trade.closed_at + timedelta(seconds=rules.cooldown_s)
            reason = f"stopped out at {_utc(trade.closed_at)} ({_words(trade)})"
            yield Wanted("cooldown", symbol, until, reason, trade.closed_at)


def _stop_guard(trades: Sequence[Trade], rules: Protections, judged: Judged) -> Iterator[Wanted]:
    """Many stops at once say that the market is not the one the crew believes in."""
    spent = judged.get(("stop_guard", None))
    stops = [t for t in _stops(trades) if t.pnl < 0 and _fresh(t.closed_at, spent)]
    needed, window_s = rules.stop_guard_count, rules.stop_guard_window_s
    for last in reversed(stops if needed else ()):
        count = len(_within(stops, last.closed_at, window_s))
        if count >= needed:
            until = last.closed_at + timedelta(seconds=rules.stop_guard_lock_s)
            reason = f"{count} stops within {_hours(window_s)} until {_utc(last.closed_at)}"
            yield Wanted("stop_guard", None, until, reason, last.closed_at)
            return


def _low_profit(trades: Sequence[Trade], rules: Protections, judged: Judged) -> Iterator[Wanted]:
    """A market that lost again and again is not understood, whatever each thesis said."""
    needed, window_s = rules.low_profit_trades, rules.low_profit_window_s
    for symbol in sorted({trade.symbol for trade in trades} if needed else ()):
        spent = judged.get(("low_profit", symbol))
        own = [t for t in trades if t.symbol == symbol and _fresh(t.closed_at, spent)]
        if not own:
            continue
        last = own[-1].closed_at
        results = _results(_within(own, last, window_s))
        if len(results) >= needed and sum(results) <= rules.low_profit_pct:
            until = last + timedelta(seconds=rules.low_profit_lock_s)
            reason = (
                f"{len(results)} trades within {_hours(window_s)} came to {sum(results):.2f} %; "
                f"{rules.low_profit_pct:f} % locks the market"
            )
            yield Wanted("low_profit", symbol, until, reason, last)


def _window_drawdown(
    points: Sequence[Equity], rules: Protections, judged: Judged
) -> Iterator[Wanted]:
    """A fall this fast is looked at before more is risked, however far the peak is."""
    spent, window_s = judged.get(("window_drawdown", None)), rules.drawdown_window_s
    highest, fallen = None, None
    for at, equity in points if rules.drawdown_pct else ():
        if not _fresh(at, spent) or at < points[-1][0] - timedelta(seconds=window_s):
            continue
        highest = equity if highest is None else max(highest, equity)
        if (pct := fall_pct(highest, equity)) >= rules.drawdown_pct:
            fallen = at, pct
    if fallen is not None:
        at, pct = fallen
        reason = (
            f"equity fell {pct:.2f} % within {_hours(window_s)} until {_utc(at)}; "
            f"{rules.drawdown_pct:f} % locks the desk"
        )
        until = at + timedelta(seconds=rules.drawdown_lock_s)
        yield Wanted("window_drawdown", None, until, reason, at)


def _stops(trades: Iterable[Trade]) -> list[Trade]:
    """The first stop of each position: one that was filled in parts is one stop."""
    first: dict[str, Trade] = {}
    for trade in trades:
        if trade.exit_reason in STOPS:
            first.setdefault(trade.position_id, trade)
    return list(first.values())


def _results(trades: Iterable[Trade]) -> list[Decimal]:
    """What each position brought, percent of the entry value of its closed parts."""
    parts: dict[str, list[Trade]] = {}
    for trade in trades:
        parts.setdefault(trade.position_id, []).append(trade)
    return [
        sum((t.pnl for t in own), Decimal(0)) / sum(t.quantity * t.entry_price for t in own) * 100
        for own in parts.values()
    ]


def _within(trades: Iterable[Trade], last: datetime, window_s: int) -> list[Trade]:
    first = last - timedelta(seconds=window_s)
    return [trade for trade in trades if first <= trade.closed_at <= last]


def _fresh(at: datetime, spent: datetime | None) -> bool:
    return spent is None or at > spent


def _words(trade: Trade) -> str:
    return f"{trade.exit_reason.replace('_', ' ')}, {trade.pnl_pct:.2f} %"


def _hours(seconds: int) -> str:
    return f"{seconds / 3600:g} h"


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"

"""
Generated worlds: a proposal, a verdict and everything the gate may look at, from one seed.

Uniform figures, near each bound on both sides, and each in the way of an entry rarely enough
that many still pass. The same seed gives the same world on every machine.
"""

from datetime import timedelta
from decimal import Decimal
from functools import cache
from random import Random
from typing import NamedTuple

from records.proposal import TradeProposal
from records.support import Support
from records.verdict import RiskVerdict
from tests.tools.risk.cases import (
    BTC,
    CYCLE,
    LIMITS,
    NOW,
    SAFE,
    TRIGGERED,
    UNCAPPED,
    account,
    approval,
    candles,
    draft,
    levels,
    lock,
    losses,
    mark,
    market,
    proposal,
    verdict,
    view,
)
from tools.risk.gate import GateView

OTHER_CYCLE = "20260105T115700Z-0000"
LOCKS = [*[()] * 12, *[(lock("A/USDT"),)] * 12, (lock(),), (lock("A/USDT"), lock(BTC))]
PRINTED = {"rsi_14_3m": Decimal("28.314"), "last": Decimal(100)}


class World(NamedTuple):
    """One case; `honest` is what the generator knows of the figures, and the gate must find."""

    asked: TradeProposal
    opinion: RiskVerdict
    seen: GateView
    honest: bool


def some_world(seed: int) -> World:
    """A proposal, a verdict near it on either side of looser, and the world it is judged in."""
    chance = Chance(seed)
    limits = some_limits(chance)
    seen = some_view(chance, limits)
    quoted, honest = some_figures(chance)
    state, now = seen.holdings.account, seen.market
    of = some_draft(chance, quoted, holds=BTC in [one.position.symbol for one in state.positions])
    then = moved(now, chance.amount(-3, 3)) if chance.rarely(True) else now
    asked = proposal(of, seen=then, state=state, limits=limits)
    return World(asked, some_verdict(chance, asked, seen), seen, honest)


class Chance:
    """Figures from one seed, quick to draw."""

    def __init__(self, seed: int):
        self._random = Random(seed)

    def amount(self, least, most, places=2):
        return round(Decimal(self._random.uniform(float(least), float(most))), places)

    def ratio(self, least, most):
        return round(self._random.uniform(least, most), 3)

    def whole(self, least, most):
        return self._random.randint(least, most)

    def one_of(self, *choices):
        return self._random.choice(choices)

    def often(self, value, otherwise=None):
        return value if self._random.random() < 0.3 else otherwise

    def rarely(self, value, otherwise=None, share=0.03):
        return value if self._random.random() < share else otherwise

    def some(self, *choices):
        return self._random.sample(choices, self.whole(0, 2))


def some_limits(chance):
    caps = {
        "max_position_pct": chance.amount(1, 100),
        "max_symbol_pct": chance.amount(2, 100),
        "max_correlated_pct": chance.amount(20, 100),
        "max_total_exposure_pct": chance.amount(30, 100),
    }
    one_cap = chance.one_of(*caps)
    capped = chance.one_of(
        LIMITS.model_copy(update=chance.one_of(caps, {})),
        UNCAPPED.model_copy(update=chance.one_of({one_cap: caps[one_cap] / 2}, {})),
    )
    return capped.model_copy(
        update={
            "risk_per_trade_pct": chance.amount(0.1, 3),
            "correlation_from": chance.ratio(0.1, 1),
            "max_open_positions": chance.rarely(chance.whole(1, 3), chance.whole(4, 9), share=0.2),
            "max_orders_per_cycle": chance.rarely(1, chance.whole(2, 6)),
            "max_orders_per_day": chance.whole(4, 20),
            "max_leverage": chance.one_of(chance.whole(2, 10), chance.whole(20, 125)),
            "max_stop_pct": chance.amount(4, 12),
            "min_reward_risk": chance.amount(0.1, 2),
            "max_slippage_pct": chance.amount(0.05, 2),
            "max_price_deviation_pct": chance.amount(0.5, 4),
            "max_quote_age_s": chance.whole(60, 600),
            "max_data_age_candles": chance.whole(1, 4),
            "require_evidence": chance.one_of(True, False),
            "require_take_profit": chance.rarely(True, False, share=0.1),
        }
    )


def some_rules(chance):
    """A spot market, or a contract of generous or narrow leverage."""
    if chance.one_of(True, *[False] * 5):
        return {}
    return {
        "perpetual": True,
        "max_leverage": chance.one_of(1, *[3, 20, 125] * 3),
        "maintenance_pct": chance.amount(0, 2.5),
    }


def some_book(chance, bid):
    """A few levels behind each best price, deep or thin, in any order, or none at all."""
    sides = {"asks": {}, "bids": {}}
    for side, best, sign in (("asks", Decimal(100), 1), ("bids", bid, -1)):
        for _ in range(chance.rarely(0, chance.whole(1, 4))):
            away = chance.one_of(Decimal(0), chance.amount(0, 1.2))
            depth = chance.one_of(chance.amount(0.1, 30, 3), chance.amount(100, 900))
            sides[side][best + sign * away] = depth
    return levels(**sides)


def some_frames(chance, most):
    """An hourly frame, and now and then a finer one, fresh or rarely too old."""
    if chance.rarely(True, share=0.02):
        return {}
    frames = {}
    for interval, minutes in (("1h", 60), ("3m", chance.often(3))):
        if minutes:
            age = chance.rarely(chance.amount(most, most + 2, 1), chance.amount(0, most, 1))
            frames[interval] = closed(interval, NOW - timedelta(minutes=minutes * float(age)))
    return frames


@cache
def closed(interval, until):
    return candles(BTC, interval, [100], until=until)


def some_market(chance, limits):
    bid = Decimal(100) - chance.amount(0, 0.52)
    quote_age = chance.rarely(chance.whole(1, 60), -chance.whole(0, limits.max_quote_age_s))
    early = limits.max_quote_age_s if quote_age > 0 else 0
    return market(
        bid=chance.rarely("100.01", bid, share=0.01),
        at=NOW + timedelta(seconds=chance.one_of(1, -1) * (early + quote_age)),
        book=some_book(chance, bid),
        frames=some_frames(chance, limits.max_data_age_candles),
        **some_rules(chance),
    )


def moved(seen, percent):
    """The same market at another price."""
    ticker = seen.ticker
    prices = {side: getattr(ticker, side) * (1 + percent / 100) for side in ("last", "bid", "ask")}
    return seen.model_copy(update={"ticker": ticker.model_copy(update=prices)})


def some_mark(chance, symbol):
    size, leverage = chance.amount(0.1, 15, 3), chance.one_of(1, 1, 2, 5)
    return mark(symbol, size, side=chance.one_of("long", "long", "short"), leverage=leverage)


def some_approval(chance, symbol):
    """An entry of this cycle or an earlier one; now and then an exit, which takes no room."""
    bought = chance.one_of(True, True, False)
    return approval(
        symbol,
        quantity=chance.amount(0.1, 20, 3),
        leverage=chance.one_of(1, 1, 2, 10),
        cycle_id=chance.one_of(CYCLE, OTHER_CYCLE),
        action="open_long" if bought else "open_short",
        side="buy" if bought else "sell",
        reduce_only=chance.rarely(True, False, share=0.1),
    )


def some_losses(chance, limits):
    """Below what each period may lose; rarely as much, or more."""
    equity = Decimal(10_000)
    of = {"day": "day_loss", "week": "week_loss", "month": "month_loss", "peak": "drawdown"}
    before = {}
    for period, name in of.items():
        most = getattr(limits, f"max_{name}_pct")
        lost = chance.rarely(chance.one_of(most, most + 1), chance.amount(0, most - 1), share=0.025)
        before[period] = equity / (1 - lost / 100)
    return losses(equity, **before)


def some_support(chance):
    """Mostly somebody on one side or the other; rarely only one source, or nobody."""
    return chance.one_of(
        Support(signal=chance.one_of("buy", "sell"), technical=chance.ratio(-1, 1)),
        Support(chart=chance.ratio(-1, 1), technical=chance.ratio(-0.3, 0.3)),
        Support(signal="buy", chart=-0.5),
        Support(signal="sell", technical=0.5),
        Support(news=chance.ratio(-1, 1), news_sources=chance.whole(0, 4)),
    )


def some_account(chance):
    marks = [some_mark(chance, symbol) for symbol in chance.some("A/USDT", "B/USDT")]
    marks += [some_mark(chance, BTC)] if chance.rarely(True, share=0.18) else []
    cash = chance.rarely(chance.amount(1, 300), chance.amount(5_000, 50_000), share=0.08)
    equity = (cash + sum(one.margin for one in marks)) * chance.rarely(5, 1, share=0.1)
    return account(*marks, cash=cash, equity=chance.rarely(chance.amount(-5, 0), equity, 0.01))


def some_view(chance, limits):
    others = [some_approval(chance, s) for s in chance.some("A/USDT", "C/USDT", "D/USDT")]
    others += [some_approval(chance, BTC)] if chance.rarely(True) else []
    day = limits.max_orders_per_day
    return view(
        account=some_account(chance),
        committed=tuple(others),
        correlations={
            symbol: chance.one_of(None, float("nan"), *[chance.ratio(-1, 1)] * 8)
            for symbol in ("A/USDT", "B/USDT", *chance.some("C/USDT", "D/USDT"))
        },
        market=some_market(chance, limits),
        limits=limits,
        breaker=chance.rarely(TRIGGERED, SAFE),
        halted=chance.rarely("lunch"),
        locks=chance.one_of(*LOCKS),
        losses=some_losses(chance, limits),
        support=some_support(chance),
        figures=PRINTED,
        entries_today=chance.rarely(day + chance.whole(0, 2), chance.whole(0, day - 1)),
    )


def some_figures(chance):
    """What a proposal quotes, and whether all of it was printed."""
    right = {"facts": [{"name": "rsi_14@3m", "value": chance.one_of("28.314", "28.3", "28")}]}
    wrong = chance.one_of(
        {"facts": [{"name": "rsi_14@3m", "value": chance.amount(1, 27)}]},
        {"facts": [*right["facts"], {"name": "rsi_7@3m", "value": "28.314"}]},
        {"thesis": f"Oversold, rsi_14@3m is {chance.amount(1, 27)}."},
    )
    honest = not chance.rarely(True, share=0.06)
    return (chance.one_of(right, {}) if honest else wrong), honest


def some_draft(chance, quoted, *, holds):
    """Mostly plausible entries; now and then no stop, one on the wrong side, or an exit."""
    entering = ["open_long"] * 7 + ["open_short"] * 7
    action = chance.one_of(*(["close", "reduce"] if holds else [*entering] * 3), *entering[::7])
    action = chance.rarely(chance.one_of("hold", "close"), action)
    sign = -1 if action == "open_short" else 1
    entry = chance.one_of("market", "market", "limit")
    price = None if entry == "limit" and chance.rarely(True) else chance.amount(98, 102, 3)
    target = 100 + sign * chance.amount(2, 40, 4)
    typo, behind = 100 * Decimal(11) ** sign, 100 - sign * 2
    plausible = 100 - sign * chance.amount(2.2 if entry == "limit" else 0.2, 7, 4)
    return draft(
        action=action,
        entry=entry,
        limit_price=chance.rarely(chance.amount(94, 106), price),
        quantity=chance.often(chance.one_of(chance.amount(0.001, 9, 4), chance.amount(1, 90, 4))),
        stop=chance.rarely(chance.one_of(chance.amount(80, 120), None), plausible),
        take_profit=chance.often(chance.rarely(chance.one_of(typo, behind), target, share=0.1)),
        leverage=chance.one_of(1, 1, 1, *[chance.whole(2, 5)] * 3, chance.whole(2, 40)),
        invalidation_price=chance.often(100 - sign * chance.rarely(-1, 4, share=0.1)),
        **quoted,
    )


def some_verdict(chance, asked, seen):
    """The proposal's figures again, tighter ones, or now and then looser ones, none, or a veto."""
    kind = chance.one_of(*["repeat"] * 8, *["tight"] * 8, "loose", "null", "mismatch", "veto")
    said = _side(asked, seen)
    if kind in ("tight", "loose"):
        said |= _tightened(chance, asked.draft, asked.quantity, seen, loose=kind == "loose")
    if kind == "null":
        said[chance.one_of("max_quantity", "stop", "max_leverage")] = None
    if kind == "mismatch":
        other = {"buy": "sell", "sell": "buy"}[said["side"]]
        said |= chance.one_of({"symbol": "ETH/USDT"}, {"side": other}, {"proposal_id": "p2"})
    return verdict(_decision(chance, kind, said), on=asked, **said)


def _decision(chance, kind, said):
    if kind == "veto":
        return "veto"
    return chance.one_of("approve", "shrink") if "max_quantity" in said else "approve"


def _side(asked, seen):
    """The side of the order: an exit buys where a short is held."""
    if asked.draft.opens:
        return {"side": "buy" if asked.draft.sign > 0 else "sell"}
    held = [one.position.side for one in seen.holdings.account.positions
            if one.position.symbol == asked.symbol]  # fmt: skip
    return {"side": "buy" if held == ["short"] else "sell"}


def _tightened(chance, of, quantity, seen, *, loose):
    """Some of quantity, stop and leverage nearer to nothing, or, when loose, one beyond."""
    ticker = seen.market.ticker
    price = ticker.ask if of.action == "open_long" else ticker.bid
    share = chance.amount(0.05, 1)
    said = {}
    if chance.one_of(True, False):
        said["max_quantity"] = (quantity or 1) * share or None
    if of.opens and of.stop is not None and chance.one_of(True, False):
        said["stop"] = of.stop + (price - of.stop) * chance.amount(0, 0.6)
    if of.opens and chance.one_of(True, False):
        said["max_leverage"] = chance.whole(1, of.leverage)
    if loose:
        beyond = {
            "max_quantity": (quantity or 1) * chance.amount(1.001, 2, 3) or None,
            "max_leverage": min(125, of.leverage + chance.whole(1, 5)),
            "stop": of.stop and abs(of.stop - (price - of.stop) * chance.amount(0.01, 0.5)),
        }
        name = chance.one_of(*beyond)
        said[name] = beyond[name]
    return said

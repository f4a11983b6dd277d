"""
Every bound of an approval computed anew, from the world alone, another way than the rules do.

Nothing of tools/risk is used here, so an error there is not repeated in its own proof.
"""

import math
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from tests.gate.worlds import World
from tests.tools.risk.cases import BTC, CYCLE

FEE = Decimal("0.005")
LENGTHS = {"1h": timedelta(hours=1), "3m": timedelta(minutes=3)}


def hold_to_the_verdict(given, world: World) -> None:
    """Nothing is larger, looser or more leveraged than proposed and judged."""
    asked, opinion = world.asked, world.opinion.draft
    of = asked.draft
    assert opinion.decision != "veto"
    assert of.action != "hold"
    assert (opinion.proposal_id, opinion.symbol) == (asked.proposal_id, of.symbol)
    assert (given.symbol, given.action, given.entry) == (of.symbol, of.action, of.entry)
    assert given.side == opinion.side
    assert given.quantity <= (opinion.max_quantity or given.quantity)
    if of.quantity is not None:
        assert given.quantity <= of.quantity
        assert opinion.max_quantity is None or opinion.max_quantity <= of.quantity
    if given.reduce_only:
        assert (given.leverage, given.stop, given.take_profit) == (1, None, None)
        return
    assert opinion.decision == "approve" or opinion.max_quantity is not None
    assert None not in (opinion.max_quantity, opinion.stop, opinion.max_leverage)
    assert opinion.max_quantity <= asked.quantity, "a looser value is refused, not ignored"
    assert given.leverage == min(of.leverage, opinion.max_leverage) == opinion.max_leverage
    assert closeness(given, given.stop) >= closeness(given, opinion.stop)
    assert closeness(given, opinion.stop) >= closeness(given, of.stop)
    if of.quantity is not None:
        step = world.seen.market.rules.step
        assert given.quantity == in_steps(min(of.quantity, opinion.max_quantity), step)
    else:
        assert given.quantity <= asked.sizing.quantity, "a size never grows after the proposal"


def hold_to_the_limits(given, world: World) -> None:
    """No limit is broken, wherever in its band the order is filled."""
    seen, rules = world.seen, world.seen.market.rules
    held = {one.position.symbol: one.position for one in seen.holdings.account.positions}
    assert given.quantity > 0
    assert given.quantity % rules.step == 0
    if given.entry == "limit":
        mid = (seen.market.ticker.bid + seen.market.ticker.ask) / 2
        assert given.limit_price is not None
        assert mid / 10 <= given.limit_price <= mid * 10
    if given.reduce_only:
        assert given.action in ("close", "reduce")
        assert given.side == ("sell" if held[BTC].side == "long" else "buy")
        assert given.quantity <= held[BTC].quantity
        return
    assert (given.action, given.side) in (("open_long", "buy"), ("open_short", "sell"))
    assert rules.perpetual or given.action == "open_long"
    hold_to_the_state(given, world)
    hold_to_the_market(given, world)
    price = price_of(given, seen.market.ticker)
    hold_to_the_way(given, price, seen)
    wrong, sign = world.asked.draft.invalidation_price, 1 if given.side == "buy" else -1
    assert wrong is None or wrong * sign < price * sign, "the thesis is wrong at the entry"
    for entered in prices(given, price, rules.tick):
        hold_to_the_caps(given, entered, seen)
        hold_to_the_margin(given, entered, rules.maintenance_pct)


def hold_to_the_state(given, world: World) -> None:
    """Nothing says that the desk, or this market, may open nothing now."""
    seen, limits, held = world.seen, world.seen.limits, world.seen.holdings.account.positions
    assert seen.halted is None
    assert seen.breaker.status != "TRIGGERED"
    assert not [one for one in seen.locks if one.symbol is None or one.symbol == BTC]
    assert BTC not in [one.position.symbol for one in held]
    assert BTC not in [one.symbol for one in entries(seen)]
    symbols = {one.position.symbol for one in held} | {one.symbol for one in entries(seen)}
    assert len(symbols) + 1 <= limits.max_open_positions
    of_cycle = [one for one in entries(seen) if one.cycle_id == CYCLE]
    assert len(of_cycle) + 1 <= limits.max_orders_per_cycle
    assert seen.entries_today + 1 <= limits.max_orders_per_day
    lost = seen.losses
    for before, most in (
        (lost.day_baseline, limits.max_day_loss_pct),
        (lost.week_baseline, limits.max_week_loss_pct),
        (lost.month_baseline, limits.max_month_loss_pct),
        (lost.peak, limits.max_drawdown_pct),
    ):
        assert before - lost.equity < before * most / 100
    assert world.honest, "it rests on an invented figure"
    assert not limits.require_evidence or speaks_for(given, seen.support)
    assert not limits.require_take_profit or given.take_profit is not None


def hold_to_the_market(given, world: World) -> None:
    """The quote and the candles are of now, the book is deep enough, the price is no surprise."""
    seen, limits, ticker = world.seen, world.seen.limits, world.seen.market.ticker
    mid = (ticker.bid + ticker.ask) / 2
    assert 0 <= ticker.ask - ticker.bid <= mid * limits.max_spread_pct / 100
    assert abs(seen.now - ticker.at) <= timedelta(seconds=limits.max_quote_age_s)
    finest = min(seen.market.frames, key=lambda interval: LENGTHS[interval])
    age = seen.now - seen.market.frames[finest].closes_at
    assert age <= LENGTHS[finest] * limits.max_data_age_candles
    price, most = price_of(given, ticker), limits.max_price_deviation_pct
    assert abs((given.limit_price or price) - mid) * 100 <= mid * most
    assert world.asked.sizing is not None, "nobody knows at which price it was made"
    then = world.asked.sizing.reference_price
    assert abs(price - then) * 100 <= then * most
    assert last_level_taken(given, seen) is not None


def last_level_taken(given, seen):
    """The worst price paid, walking the book; None when it is out of reach or not there."""
    book, ticker, up = seen.market.book, seen.market.ticker, given.side == "buy"
    best = ticker.ask if up else ticker.bid
    reach = best * (1 + seen.limits.max_slippage_pct / 100 * (1 if up else -1))
    bounds = [reach] if given.limit_price is None else [reach, given.limit_price]
    if given.limit_price is not None and (best - given.limit_price) * (1 if up else -1) > 0:
        return given.limit_price  # it rests
    left = given.quantity
    for price, offered in sorted(book.asks) if up else sorted(book.bids)[::-1]:
        if not all(price <= bound if up else price >= bound for bound in bounds):
            return None
        left -= offered
        if left <= 0:
            return price
    return None


def hold_to_the_way(given, price, seen) -> None:
    """Stop, target and band lie where they must, seen from the price of now."""
    limits, rules, sign = seen.limits, seen.market.rules, 1 if given.side == "buy" else -1
    way = (price - given.stop) * sign
    assert price * limits.min_stop_pct <= way * 100 <= price * limits.max_stop_pct
    ticker = seen.market.ticker
    exit_price = ticker.bid if sign > 0 else ticker.ask
    assert min((one - given.stop) * sign for one in (ticker.last, exit_price)) > 0
    assert given.quantity * price >= rules.min_notional
    assert given.quantity >= rules.min_quantity
    assert given.leverage <= limits.max_leverage
    assert given.leverage <= (rules.max_leverage if rules.perpetual else 1)
    assert given.price_low <= price <= given.price_high
    assert given.price_high - price <= price * limits.price_band_pct / 100
    assert price - given.price_low <= price * limits.price_band_pct / 100
    assert given.expires_at == seen.now + timedelta(seconds=limits.approval_ttl_s)
    assert given.stop % rules.tick == price % rules.tick == 0
    if given.entry == "limit":
        worst = given.price_high if given.side == "buy" else given.price_low
        assert (given.limit_price - worst) * sign >= 0, "the band goes no further than the limit"
    if given.take_profit is not None:
        assert given.take_profit % rules.tick == 0
        reward = (given.take_profit - price) * sign
        assert reward >= limits.min_reward_risk * way
        assert given.take_profit <= price * 10 and given.take_profit * 10 >= price


def hold_to_the_caps(given, entered, seen) -> None:
    """Risk, every cap and cash, had the entry been filled at this price."""
    limits, account = seen.limits, seen.holdings.account
    sign = 1 if given.side == "buy" else -1
    value = given.quantity * entered
    others = [(one.position.symbol, 1 if one.position.side == "long" else -1, one.notional)
              for one in account.positions]  # fmt: skip
    others += [(one.symbol, 1 if one.side == "buy" else -1, one.quantity * one.price_high)
               for one in entries(seen)]  # fmt: skip
    together = [
        worth for symbol, side, worth in others
        if moves_with(seen.holdings.correlations.get(symbol), sign * side, limits.correlation_from)
    ]  # fmt: skip
    way = (entered - given.stop) * sign
    assert way > 0, "the band must not reach the stop"
    for taken, percent in (
        (given.quantity * way, limits.risk_per_trade_pct),
        (value, limits.max_position_pct),
        (value, limits.max_symbol_pct),
        (value + sum(together), limits.max_correlated_pct),
        (value + sum(worth for _, _, worth in others), limits.max_total_exposure_pct),
    ):
        assert taken * 100 <= account.equity * percent
    bound = sum(worth_of(one) * (Decimal(1) / one.leverage + FEE) for one in entries(seen))
    assert value / given.leverage + value * FEE + bound <= account.cash + Decimal("1e-20")


def hold_to_the_margin(given, entered, maintenance_pct) -> None:
    """The stop lies within four fifths of the way to liquidation, wherever it was entered."""
    sign = 1 if given.side == "buy" else -1
    if given.leverage == sign == 1:
        return
    margin_share, kept_share = Decimal(1) / given.leverage, maintenance_pct / 100
    ends = entered * (1 - sign * margin_share) / (1 - sign * kept_share)
    assert (entered - given.stop) * sign * 5 <= (entered - ends) * sign * 4


def prices(given, price, tick):
    """The ends of the band, the prices of the grid next to them, and the one of now."""
    least = (given.price_low / tick).to_integral_value(ROUND_CEILING) * tick
    most = (given.price_high / tick).to_integral_value(ROUND_FLOOR) * tick
    assert least <= price <= most
    return given.price_low, least, price, most, given.price_high


def entries(seen):
    return [one for one in seen.holdings.committed if not one.reduce_only]


def worth_of(one):
    return one.quantity * one.price_high


def closeness(given, stop):
    """A stop of a long is the closer the higher it lies, one of a short the lower."""
    return stop if given.side == "buy" else -stop


def in_steps(quantity, step):
    return (quantity / step).to_integral_value(ROUND_DOWN) * step


def price_of(given, ticker):
    """What would be paid: the book, unless the limit is better."""
    if given.side == "buy":
        return min(given.limit_price or ticker.ask, ticker.ask)
    return max(given.limit_price or ticker.bid, ticker.bid)


def moves_with(correlation, sides, least):
    """Unknown, or no number, counts as moving together."""
    if correlation is None or math.isnan(correlation):
        return True
    return correlation * sides >= least


def speaks_for(given, support):
    """The signal, a reader of the market, or news of two sources on the side of the entry."""
    sign = 1 if given.side == "buy" else -1
    readers = [one for one in (support.technical, support.chart) if one is not None]
    news = support.news_sources >= 2 and support.news is not None and support.news * sign >= 0.1
    return support.signal == given.side or any(one * sign >= 0.1 for one in readers) or news

"""Trades and equity of a desk, in a ledger or out of it, told in minutes from one moment."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from records.order import AccountState, Position, Trade
from records.risk import Protections, RiskLimits
from tools.risk.release import Act, clear
from tools.risk.watchman import Watchman

NOON = datetime(2026, 1, 7, 12, 0, tzinfo=UTC)
"""A Wednesday."""

CYCLE = "20260107T120000Z-0001"
BTC, ETH = "BTC/USDT", "ETH/USDT"
QUIET = Protections(cooldown_s=0, stop_guard_count=0, low_profit_trades=0, drawdown_pct=Decimal(0))
"""No protection; a test switches on the one it is about."""


def at(minutes=0):
    return NOON + timedelta(minutes=minutes)


def trade(number=1, *, minutes=0, symbol=BTC, pct="-1", why="stop_loss", of=None, size=1):
    """A round trip of a position bought at 100, or the part of one that `of` names."""
    pnl = Decimal(pct) * size
    return Trade(
        trade_id=f"{CYCLE}-t{number}", position_id=f"{CYCLE}-b{of or number}", symbol=symbol,
        side="long", quantity=Decimal(size), entry_price=Decimal(100),
        exit_price=Decimal(100) + Decimal(pct), opened_at=at(minutes - 30), closed_at=at(minutes),
        holding_s=1800, fees=Decimal(0), pnl=pnl, pnl_pct=Decimal(pct), exit_reason=why,
        opened_in=CYCLE, closed_in=CYCLE,
    )  # fmt: skip


def account(equity, when=NOON):
    return AccountState(
        as_of=when, currency="USDT", equity=Decimal(equity), cash=Decimal(equity), positions=()
    )


def begin(ledger, cycle_id=CYCLE):
    if cycle_id not in {start.cycle_id for start in ledger.cycles.unfinished()}:
        ledger.cycles.begin_cycle(cycle_id, NOON, "demo", "paper", True, (BTC, ETH))


def book(ledger, *trades):
    """Enter trades with the positions they closed."""
    begin(ledger)
    for one in trades:
        held = {name: getattr(one, name) for name in ("position_id", "symbol", "side", "quantity")}
        position = Position(
            **held, entry_price=one.entry_price, fees=Decimal(0), opened_at=one.opened_at,
            cycle_id=CYCLE, proposal_id="p", stop=Decimal(98), take_profit=None, thesis="x",
            invalidation_price=None,
        )  # fmt: skip
        ledger.account.save_position(position)
        ledger.account.add_trade(one)


def worth(ledger, when, equity):
    """Enter what the account was worth when a cycle ended."""
    name = f"{when:%Y%m%dT%H%M%SZ}-{equity}"
    begin(ledger, name)
    ledger.account.add_equity(name, account(equity, when))


def watchman(ledger, *, limits=None, **rules):
    """One with these protections and no other."""
    return Watchman(ledger, limits or RiskLimits(), QUIET.model_copy(update=rules))


def only(**limits):
    """Limits of which only these can be reached."""
    names = ("day_loss", "week_loss", "month_loss", "drawdown")
    return RiskLimits.model_validate({f"max_{name}_pct": 100 for name in names} | limits)


def cleared(ledger, lock, when=NOON):
    """A person clears it; returns the peak that was set, if any."""
    return clear(ledger, lock, Act(by="operator", at=when, why="looked at"))


def kinds(locks):
    return [lock.kind for lock in locks]

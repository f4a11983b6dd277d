"""
Before any model is asked: the circuit breaker, the losses, the locks that follow from them.

Pure rules of tools.risk are applied to what the cycle saw, and what they say is written down.
A breaker that fails is a breaker that triggered. Nothing here can open a position.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from crew.desk import Desk
from crew.models.prices import unbound, unpriced
from crew.transcript import Transcript
from records.breaker import BreakerState
from records.market import MarketSnapshot
from records.order import AccountState
from tools.risk.losses import LossState, day_began
from tools.risk.watchman import Watchman

if TYPE_CHECKING:
    from records.context import Reading

Note = Callable[[Literal["info", "warning", "alarm"], str, str, Mapping[str, Any] | None], None]
"""(level, kind, message, figures) -> an event in ledger and transcript."""


class Protecting:
    """The breaker and the watchman of one cycle."""

    def __init__(self, desk: Desk, cycle_id: str, transcript: Transcript, note: Note) -> None:
        self._desk = desk
        self._cycle_id = cycle_id
        self._transcript = transcript
        self._note = note
        self._before: BreakerState | None = None
        """The breaker as the last cycle left it."""
        self._watchman = Watchman(desk.ledger, desk.settings.risk, desk.settings.protections)

    def breaker(self, snapshot: MarketSnapshot, fear_greed: "Reading | None") -> BreakerState:
        """The breaker after this snapshot, saved; a change of state is an event with figures."""
        safety = self._desk.ledger.safety
        before = self._before = safety.breaker_state()
        state = self._judged(snapshot, before, fear_greed)
        safety.save_breaker(state, self._cycle_id)
        self._transcript.write("breaker", state=state)
        if state.status != (before.status if before else "SAFE"):
            level: Literal["info", "alarm"] = "alarm" if state.status == "TRIGGERED" else "info"
            words = "; ".join(state.reasons) or "nothing is near its limit"
            message = f"The circuit breaker is {state.status}: {words}."
            self._note(level, "breaker", message, market_figures(snapshot))
        return state

    def closed(self, state: BreakerState) -> tuple[str, str] | None:
        """Why the breaker lets nothing be opened, in a word and in a sentence."""
        from tools.risk.breaker import unseen

        if state.status == "TRIGGERED":
            return "breaker", f"The circuit breaker is TRIGGERED: {'; '.join(state.reasons)}."
        symbols = self._desk.settings.symbols
        if not (blind := unseen(state, self._before, symbols)):
            return None
        if _waits_since_reset(state):
            return "breaker_blind", (
                "The circuit breaker was reset; it measures again from the first candle that "
                "closes after that. Nothing is opened until then."
            )
        return "breaker_blind", (
            f"The circuit breaker cannot see {' and '.join(blind)} now, so nothing is opened: "
            "a crash would go unseen. It goes on with fresh candles; a venue needs one of "
            "BTC/USDT and ETH/USDT."
        )

    def losses(self, account: AccountState) -> LossState:
        """What was lost, for the gate."""
        return self._watchman.losses(account)

    def lock_jumps(self, snapshot: MarketSnapshot) -> None:
        """Lock each market whose range jumped, for a while."""
        from tools.risk.atr_jumps import atr_jumps

        settings = self._desk.settings
        jumps = atr_jumps(snapshot, settings.symbols, settings.decision_interval, settings.breaker)
        self._watchman.note_jumps(jumps, settings.breaker.atr_pause_s, snapshot.as_of)

    def lock_losses(self, account: AccountState) -> None:
        """Note what the account is worth, and lock what losses, stops and trades ask for."""
        locks = self._watchman.note(account)
        self._transcript.write("locks", locks=list(locks))

    def alarmed(self, message: str) -> None:
        """Lock the desk until a person has looked at what an alarm was raised about."""
        self._watchman.lock_alarm(message, self._desk.now())

    def full(self) -> bool:
        """Whether nothing could be opened in any market: all positions, or the day's entries."""
        ledger, risk = self._desk.ledger, self._desk.settings.risk
        today = ledger.execution.entries_since(day_began(self._desk.now()))
        held = len(ledger.account.open_positions())
        return held >= risk.max_open_positions or today >= risk.max_orders_per_day

    def unaffordable(self) -> tuple[str, str] | None:
        """
        Why the day's budget lets no model be asked, in a word and in a sentence.

        What no budget in USD can bind, because it has no price, is an event.
        """
        if models := unpriced(self._desk.settings, self._desk.spec):
            self._note("warning", "unpriced", unbound(models), None)
        most = self._desk.settings.budget.max_usd_per_day
        spent = self._desk.ledger.cycles.cost_since(day_began(self._desk.now()))
        if spent < most:
            return None
        return "budget", (
            f"{spent:.4f} USD were spent on models since 00:00 UTC; budget.max_usd_per_day is "
            f"{most}. No model was asked."
        )

    def _judged(
        self, snapshot: MarketSnapshot, before: BreakerState | None, reading: "Reading | None"
    ) -> BreakerState:
        from tools.risk.breaker import evaluate, unjudged

        settings = self._desk.settings
        value: Decimal | None = None if reading is None else reading.value
        try:
            return evaluate(
                snapshot, before, settings.breaker, watched=settings.symbols, fear_greed=value
            )
        except Exception as fault:  # noqa: BLE001 - whatever it is, a breaker that fails is open
            return unjudged(before, snapshot.as_of, f"{type(fault).__name__}: {fault}"[:200])


def market_figures(snapshot: MarketSnapshot) -> dict[str, Any]:
    """Prices, spreads and funding of every market seen, for the record of an event."""
    return {
        "as_of": f"{snapshot.as_of:%Y-%m-%dT%H:%M:%SZ}",
        "markets": {
            symbol: {
                "last": f"{market.ticker.last:f}",
                "bid": f"{market.ticker.bid:f}",
                "ask": f"{market.ticker.ask:f}",
                "funding_rate_pct": None
                if market.funding_rate_pct is None
                else f"{market.funding_rate_pct:f}",
            }
            for symbol, market in snapshot.markets.items()
        },
    }


def _waits_since_reset(state: BreakerState) -> bool:
    """Whether no candle that a drop is measured by has closed since a person's reset."""
    return state.reset_at is not None and not any("drop" in r.trigger for r in state.readings)

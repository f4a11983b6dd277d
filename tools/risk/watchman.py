"""
The watchman: once a cycle, before any model is asked, losses and stops become locks.

What he writes - baselines, peak, locks - stands together or not at all, so a cycle that is
killed meanwhile leaves nothing half judged, and the next one finds the same again. He only
keeps new exposure out: nothing here closes a position or stands in the way of an exit.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from records.breaker import AtrJump
from records.lock import Lock
from records.order import AccountState
from records.risk import Protections, RiskLimits
from tools.ledger.ledger import Ledger
from tools.risk.losses import LossBook, LossState
from tools.risk.protections import (
    Wanted,
    by_history,
    by_jumps,
    by_losses,
    looks_back,
    recovered,
)

BY = "the watchman"
_LONGEST_REASON = 500


class Watchman:
    """Writes the locks that losses, trades and alarms ask for."""

    def __init__(self, ledger: Ledger, limits: RiskLimits, rules: Protections) -> None:
        self._ledger = ledger
        self._limits = limits
        self._rules = rules

    def note(self, account: AccountState) -> tuple[Lock, ...]:
        """Judge the account as it is valued now; returns every lock that holds."""
        now, safety = account.as_of, self._ledger.safety
        with self._ledger.transaction():
            state = LossBook(self._ledger.account).note(account)
            self._end_drawdown(state, now)
            for wanted in (*by_losses(state, self._limits, now), *self._by_history(account)):
                self._hold(wanted, now)
            return safety.active_locks(now)

    def losses(self, account: AccountState) -> LossState:
        """What was lost, for the gate; nothing is written."""
        return LossBook(self._ledger.account).state(account)

    def note_jumps(self, jumps: Iterable[AtrJump], pause_s: int, now: datetime) -> None:
        """Pause the markets whose range jumped."""
        with self._ledger.transaction():
            for wanted in by_jumps(jumps, pause_s, self._ledger.safety.judged_to(), now):
                self._hold(wanted, now)

    def lock_alarm(self, message: str, at: datetime) -> Lock | None:
        """Lock the desk until a person has looked; None where the settings say not to."""
        if not self._rules.lock_on_alarm:
            return None
        return self._hold(Wanted("alarm", None, None, message), at)

    def _by_history(self, account: AccountState) -> tuple[Wanted, ...]:
        books, now, rules = self._ledger.account, account.as_of, self._rules
        window = timedelta(seconds=rules.drawdown_window_s)
        points = books.equity_since(now - window) if rules.drawdown_pct else ()
        return tuple(
            by_history(
                books.trades_since(now - looks_back(rules)),
                (*points, (now, account.equity)),
                rules,
                self._ledger.safety.judged_to(),
                now,
            )
        )

    def _end_drawdown(self, state: LossState, now: datetime) -> None:
        if not recovered(state, self._limits):
            return
        why = f"the drawdown is {state.drawdown_pct:.2f} %"
        for lock in self._ledger.safety.active_locks(now):
            if lock.kind == "drawdown":
                self._ledger.safety.clear_lock(lock.lock_id, at=now, by=BY, why=why)

    def _hold(self, wanted: Wanted, now: datetime) -> Lock:
        return self._ledger.safety.hold_lock(
            wanted.kind,
            symbol=wanted.symbol,
            since=now,
            until=wanted.until,
            reason=" ".join(wanted.reason.split())[:_LONGEST_REASON],
            by=BY,
            judged_to=wanted.judged_to,
        )

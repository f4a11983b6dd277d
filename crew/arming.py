"""
Real money: who allowed it, until when, and how much.

Live trading starts from no file. A person types a sentence at a terminal, and what is
written then has an end and two bounds, which hold in code for every entry. Without it the
desk still reconciles and protects what is open; it only opens nothing. Keys that may
withdraw are refused, because no trade needs them.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from getpass import getuser

from crew.desk import Desk
from records.arming import LONGEST_ARMING, Arming
from records.clock import Clock, SystemClock
from records.errors import SettingsError, VenueError
from records.market import MarketSnapshot
from records.order import AccountState
from records.verdict import Approval
from tools.ledger.ledger import Ledger
from tools.risk.losses import day_began


def refuse_unarmed(desk: Desk) -> None:
    """Raise SettingsError when live trading was never armed here, or the key could withdraw."""
    if desk.settings.mode != "live":
        return
    arming, venue = desk.ledger.safety.arming(), desk.settings.venue
    if arming is None or arming.venue != venue:
        raise SettingsError(
            f"Live trading on {venue!r} was never armed in this state folder. No cycle was run. "
            "A person has to run `desk arm` at a terminal."
        )
    with suppress(VenueError):  # then nothing is opened, but what is open is looked after
        refuse_withdrawing_key(desk)


def refuse_withdrawing_key(desk: Desk) -> None:
    """Raise SettingsError when the exchange says that the key may withdraw."""
    if not desk.key_rights_read and desk.key_may_withdraw():
        raise SettingsError(
            f"The key of {desk.settings.venue!r} may withdraw. Nothing was started. "
            "Make a key that may only trade, and put it in its place; this one is too dangerous "
            "to lie on a machine."
        )


def not_armed(desk: Desk, now: datetime) -> str | None:
    """Why real money may not be risked now; None when it may, or when it is not real."""
    if desk.settings.mode != "live":
        return None
    arming = desk.ledger.safety.arming()
    if arming is None or arming.venue != desk.settings.venue:
        return "Live trading was never armed. `desk arm` allows entries."
    if arming.disarmed_at is not None:
        return (
            f"Live trading was disarmed at {_utc(arming.disarmed_at)}. `desk arm` allows entries."
        )
    if not arming.armed_at <= now < arming.expires_at:
        return f"The arming held until {_utc(arming.expires_at)}. `desk arm` allows entries."
    return None


def key_unseen(desk: Desk) -> str | None:
    """Why nothing may be opened with this key; None once the exchange said what it may do."""
    if desk.settings.mode != "live" or desk.key_rights_read:
        return None
    return (
        "The exchange did not say what the key may do, so nothing is opened with it. "
        "The next cycle asks again."
    )


def clock_problem(desk: Desk, clock: Clock) -> str | None:
    """Why this machine's clock forbids entries on an exchange's account."""
    if desk.settings.mode == "paper" or not isinstance(clock, SystemClock):
        return None
    off_s, limit_s = clock.offset.total_seconds(), desk.settings.max_clock_offset_s
    if abs(off_s) <= limit_s:
        return None
    return (
        f"The exchange's clock is {off_s:+.1f} s from this machine's; the limit is {limit_s:g} s. "
        "Nothing is opened. Set this machine's clock."
    )


@dataclass(frozen=True, slots=True)
class Permit:
    """Asked before each entry: why it may not be sent now, by what a person allowed."""

    desk: Desk
    clock: Clock
    snapshot: MarketSnapshot
    account: AccountState
    """Valued just before the crew met."""

    def __call__(self, approval: Approval) -> str | None:
        if self.desk.settings.mode != "live":
            return None
        if (why := not_armed(self.desk, self.clock.now())) is not None:
            return why
        arming = self.desk.ledger.safety.arming()
        assert arming is not None, "not_armed has looked"
        return self._too_much(arming, approval) or self._lost_too_much(arming)

    def _too_much(self, arming: Arming, approval: Approval) -> str | None:
        asked = approval.quantity * approval.price_high
        bound = self._positions() + self._entries(approval.approval_id)
        if bound + asked <= arming.max_notional:
            return None
        return (
            f"{approval.symbol} for {asked:.2f} on top of {bound:.2f} is more than the "
            f"{arming.max_notional:f} that was armed."
        )

    def _lost_too_much(self, arming: Arming) -> str | None:
        equity = self.account.equity
        baseline = self.desk.ledger.account.baseline("day", day_began(self.clock.now()))
        if baseline is None:
            return "What the day began with is not known yet. The next cycle notes it."
        if baseline - equity < arming.max_daily_loss:
            return None
        return (
            f"{baseline - equity:.2f} were lost since 00:00 UTC; the arming allows less than "
            f"{arming.max_daily_loss:f}. Nothing is opened today."
        )

    def _positions(self) -> Decimal:
        """What everything held is worth, at this cycle's prices or its own."""
        held = self.desk.ledger.account.open_positions()
        markets = self.snapshot.markets
        return sum(
            (
                p.quantity
                * (markets[p.symbol].ticker.mid if p.symbol in markets else p.entry_price)
                for p in held
            ),
            Decimal(0),
        )

    def _entries(self, but: str) -> Decimal:
        """What working entries may still buy or sell, at the worst price they allow."""
        ledger, worth = self.desk.ledger, Decimal(0)
        for order in ledger.execution.working_orders():
            intent = order.intent
            if intent.role != "entry" or intent.approval_id in (None, but):
                continue
            approval = ledger.decisions.approval(str(intent.approval_id))
            price = approval.price_high if approval else Decimal("Infinity")
            worth += (intent.quantity - order.filled_quantity) * price
        return worth


def arm(
    desk: Desk,
    *,
    max_notional: Decimal,
    max_daily_loss: Decimal,
    days: int,
    typed: Callable[[str], str],
) -> Arming:
    """Ask for the sentence and write the arming; raises SettingsError, and nothing was armed."""
    settings = desk.settings
    if settings.mode != "live":
        raise SettingsError(
            f"Only live trading is armed; the mode is {settings.mode!r}. Nothing was armed. "
            "Set mode: live."
        )
    refuse_withdrawing_key(desk)
    now = desk.venue_clock().now()
    arming = Arming(
        arming_id=f"arm-{now:%Y%m%dT%H%M%S%f}",
        venue=settings.venue,
        armed_at=now,
        expires_at=now + min(timedelta(days=days), LONGEST_ARMING),
        max_notional=max_notional,
        max_daily_loss=max_daily_loss,
        armed_by=getuser(),
    )
    phrase = f"arm live {settings.venue}"
    asked = f"{terms(arming, settings.currency)}\nType {phrase!r} to allow this: "
    if typed(asked).strip() != phrase:
        raise SettingsError(f"That was not {phrase!r}. Nothing was armed.")
    desk.ledger.safety.add_arming(arming)
    return arming


def disarm(ledger: Ledger) -> bool:
    """End the arming that stands, whatever this machine's clock says; False when none did."""
    arming = ledger.safety.arming()
    if arming is None or arming.disarmed_at is not None:
        return False
    last = arming.expires_at - timedelta(microseconds=1)
    return ledger.safety.disarm(max(arming.armed_at, min(SystemClock().now(), last)))


def terms(arming: Arming, currency: str) -> str:
    """What an arming allows, in a sentence."""
    return (
        f"REAL MONEY on {arming.venue}: positions and entries of at most {arming.max_notional:f} "
        f"{currency} together, entries until {arming.max_daily_loss:f} {currency} are lost in a "
        f"day (UTC), until {_utc(arming.expires_at)}."
    )


def armed_words(desk: Desk, now: datetime) -> str | None:
    """How live trading stands, for status and doctor; None in another mode."""
    if desk.settings.mode != "live":
        return None
    if (why := not_armed(desk, now)) is not None:
        return f"NOT ARMED. {why}"
    arming = desk.ledger.safety.arming()
    assert arming is not None, "not_armed has looked"
    return f"ARMED. {terms(arming, desk.settings.currency)}"


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"

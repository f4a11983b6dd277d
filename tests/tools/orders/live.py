"""Cycles of a real ledger at the venue in memory: approvals are written, then placed."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from records import ids
from records.market import OrderBook, SymbolMarket, SymbolRules, Ticker
from records.proposal import ProposalDraft, TradeProposal
from records.risk import ExitRules
from records.verdict import Approval, RiskVerdict, VerdictDraft
from tests.crash.script import BTC, STEP, TICK
from tests.tools.orders.lines import Lines
from tests.tools.orders.venue import Exchange
from tools.orders.execution import Execution

PRICE = Decimal(100)
RULES = SymbolRules(tick=TICK, step=STEP, min_quantity=STEP, min_notional=Decimal(5))


class Live:
    """A ledger and a venue that outlive cycles."""

    def __init__(self, ledger, **script):
        self.ledger = ledger
        self.venue = Exchange(PRICE, **script)
        self.journal = Lines()
        self.halted = None
        self.frames = {}

    def wait(self):
        """From one cycle to the next."""
        self.venue.advance(seconds=60)

    def now(self):
        return self.venue.now()

    @property
    def last(self):
        return self.venue.venue.last

    def _execution(self, sequence):
        return Execution(
            ledger=self.ledger, account=self.venue, writer=self.venue, ids=sequence,
            clock=self.venue, journal=self.journal, pause=self.venue.pause,
        )  # fmt: skip

    def cycle(self):
        """Begin a cycle, a minute after the last one."""
        self.wait()
        now = self.now()
        sequence = ids.IdSequence(ids.cycle_id(now, self.ledger.cycles.next_cycle_sequence()))
        self.ledger.cycles.begin_cycle(
            sequence.cycle_id, now, "binanceusdm", "testnet", False, (BTC,)
        )
        return LiveCycle(self, sequence, self._execution(sequence))

    @property
    def audit(self):
        return self.venue.venue.audit()

    def alarms(self):
        return [event.kind for event in self.ledger.safety.events(50) if event.level == "alarm"]

    def position(self):
        held = self.ledger.account.open_positions()
        return held[0] if held else None

    def move(self, price):
        self.venue.venue.move(Decimal(str(price)))

    def market(self):
        """What the desk sees now: the last price and a tick to each side."""
        last, at = self.last, self.now()
        return SymbolMarket(
            symbol=BTC, ticker=Ticker(last=last, bid=last - TICK, ask=last + TICK, at=at),
            book=OrderBook(bids=((last - TICK, Decimal(9)),), asks=((last + TICK, Decimal(9)),)),
            rules=RULES, frames=self.frames, funding_rate_pct=None, open_interest=None,
        )  # fmt: skip


@dataclass
class LiveCycle:
    live: Live
    ids: ids.IdSequence
    execution: Execution

    def approve(self, side="buy", *, quantity="2", limit=None, stop_pct=2, target_pct=6, ttl_s=300):
        """A permission in the ledger, with the proposal and the verdict behind it."""
        ledger, now, long = self.live.ledger, self.live.now(), side == "buy"
        price = Decimal(str(limit)) if limit else self.live.last
        away = Decimal(1 if long else -1) * price / 100
        stop = (price - away * Decimal(str(stop_pct))).quantize(TICK) if stop_pct else None
        target = (price + away * Decimal(str(target_pct))).quantize(TICK) if target_pct else None
        draft = ProposalDraft(
            symbol=BTC, action="open_long" if long else "open_short", stop=stop,
            take_profit=target, thesis="Higher lows.", entry="limit" if limit else "market",
            limit_price=price if limit else None,
        )  # fmt: skip
        proposal = TradeProposal(
            proposal_id=self.ids.next("p"), cycle_id=self.ids.cycle_id, created_at=now,
            draft=draft, sizing=None,
        )  # fmt: skip
        opinion = VerdictDraft(
            proposal_id=proposal.proposal_id, symbol=BTC, side=side, decision="approve",
            max_quantity=None, stop=None, max_leverage=None, reasons=("In bounds.",),
        )  # fmt: skip
        verdict = RiskVerdict(
            verdict_id=self.ids.next("v"), cycle_id=self.ids.cycle_id, created_at=now,
            draft=opinion,
        )  # fmt: skip
        approval = Approval(
            approval_id=self.ids.next("a"), cycle_id=self.ids.cycle_id,
            proposal_id=proposal.proposal_id, verdict_id=verdict.verdict_id, created_at=now,
            expires_at=now + timedelta(seconds=ttl_s), symbol=BTC, action=draft.action, side=side,
            entry=draft.entry, quantity=Decimal(quantity), price_low=price * Decimal("0.99"),
            price_high=price * Decimal("1.01"), limit_price=draft.limit_price, stop=stop,
            take_profit=target, leverage=3, reduce_only=False,
        )  # fmt: skip
        ledger.decisions.add_proposal(proposal)
        ledger.decisions.add_verdict(verdict)
        ledger.decisions.add_approval(approval)
        return approval.approval_id

    def place(self, *approval_ids, permit=lambda _approval: None):
        desk = self.execution.desk(
            quote=lambda _symbol: self.live.market(), halted=lambda: self.live.halted,
            permit=permit,
        )  # fmt: skip
        return desk.place_all(approval_ids)

    def open(self, side="buy", **terms):
        """Approve and place one entry; returns the report."""
        return self.place(self.approve(side, **terms))

    def reconcile(self):
        return self.execution.reconcile(halted=lambda: self.live.halted)

    def protect(self, **rules):
        from records.market import MarketSnapshot

        market = self.live.market()
        snapshot = MarketSnapshot(
            venue="binanceusdm", synthetic=False, as_of=self.live.now(), markets={BTC: market}
        )
        return self.execution.protect(snapshot, ExitRules(**rules), "3m")


def sound(live):
    """One order or none, always with its stop, and a ledger equal to the venue."""
    audit, held = live.audit, live.position()
    assert audit.same_client_id == ()
    assert audit.orphans == ()
    assert audit.protected
    signed = Decimal(0)
    if held is not None:
        signed = held.quantity if held.side == "long" else -held.quantity
    assert signed == audit.position
    booked = {
        (fill.fill_id, fill.quantity, fill.price, fill.fee)
        for fill in live.ledger.execution.fills_since(None)
    }
    done = [one.fill for one in audit.fills]
    assert booked == {(fill.fill_id, fill.quantity, fill.price, fill.fee) for fill in done}

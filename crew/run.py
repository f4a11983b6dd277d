"""The stages of one cycle: what each does, and what it leaves for the next."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from crew.arming import Permit, clock_problem, key_unseen, not_armed
from crew.desk import Desk
from crew.ending import Ending, cycle_record, stopped
from crew.learning import learn_at_the_end
from crew.protecting import Protecting
from crew.transcript import Transcript
from records import ids
from records.breaker import BreakerState
from records.clock import Clock
from records.cycle import CycleRecord, Event, ModelUse
from records.errors import BudgetExhausted, ModelFailed, VenueError
from records.order import AccountState, Fill, Trade
from records.ports import MarketRequest, MarketSource
from tools.orders.execution import Execution
from tools.orders.valuation import value_account

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crew.meeting import Meeting, Prepared
    from crew.recording import Recorder
    from records.context import Outside
    from records.market import MarketSnapshot
    from records.model_calls import ModelCalls
    from records.signal import TradingSignal
    from tools.indicators.registry import Computed

_log = logging.getLogger(__name__)
_LOUDNESS = {"info": logging.INFO, "warning": logging.WARNING, "alarm": logging.ERROR}


class Run:
    """One cycle in progress."""

    def __init__(
        self, desk: Desk, say: "Callable[[str], None]", *, replayable: bool = False
    ) -> None:
        """`replayable`: the whole cycle is run, so it is recorded when the settings say so."""
        self.desk = desk
        self._replayable = replayable
        self.timings_ms: dict[str, float] = {}
        self._say = say
        self._began = perf_counter()
        self._shortlist: tuple[str, ...] = ()
        self._signals: tuple[TradingSignal, ...] = ()
        self._leading: Mapping[str, TradingSignal] = {}
        self._computed: Computed = {}
        self._snapshot: MarketSnapshot | None = None
        self._breaker: BreakerState | None = None
        self._outside: Outside | None = None
        self._market: MarketSource | None = None
        self._failure: VenueError | None = None
        self.clock: Clock = desk.machine
        self.venue_failed = False
        """Whether reconciliation could not ask the venue what it had to."""
        self._use = ModelUse()
        self._calls: tuple[ModelCalls, ...] = ()
        self._meeting: Meeting | None = None
        self._execution: Execution | None = None
        self._winding_down = False

    def __enter__(self) -> Self:
        """Read the venue's clock, number the cycle, open its row and its transcript."""
        self._reach_venue()
        started = self.clock.now()
        settings, cycles = self.desk.settings, self.desk.ledger.cycles
        self.ids = ids.IdSequence(ids.cycle_id(started, cycles.next_cycle_sequence()))
        self._recorder = self._start_recording()
        cycles.begin_cycle(
            self.ids.cycle_id,
            started,
            settings.venue,
            settings.mode,
            self.desk.synthetic,
            settings.symbols,
        )
        self.transcript = Transcript(
            self.desk.home / "transcripts" / f"{self.ids.cycle_id}.jsonl",
            self.clock,
            self.desk.redactor,
        )
        self._started = started
        self.desk.clock = self.clock
        self.desk.cycle_id = self.ids.cycle_id
        self._protecting = Protecting(self.desk, self.ids.cycle_id, self.transcript, self._event)
        self.transcript.write(
            "cycle",
            cycle_id=self.ids.cycle_id,
            venue=settings.venue,
            mode=settings.mode,
            synthetic=self.desk.synthetic,
            model=settings.model,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.desk.clock = None
        if error is None:  # else the log tells of it further up, and of this cycle
            self.desk.cycle_id = None
        self.transcript.__exit__(kind, error, trace)

    def _start_recording(self) -> "Recorder | None":
        if not (self._replayable and self.desk.settings.records):
            return None
        from crew.recording import Recorder

        recorder = Recorder(self.desk, self.ids.cycle_id)
        recorder.begin()
        return recorder

    # lock and reconcile

    def connect(self) -> None:
        """Build the account's two sides; raises what went wrong at the venue."""
        if self._market is None:
            assert self._failure is not None
            raise self._failure
        if self._recorder is not None:
            self._market = self._recorder.listen(self._market)
        self.account, writer = self.desk.account(self._market, self.clock)
        self._execution = Execution(
            ledger=self.desk.ledger,
            account=self.account,
            writer=writer,
            ids=self.ids,
            clock=self.clock,
            journal=self.transcript,
            alarmed=self._protecting.alarmed,
        )

    def reconcile(self) -> tuple[str, ...]:
        """Follow the venue; returns what stands in the way of new entries."""
        with self._stage("reconcile"):
            result = self.execution.reconcile(halted=self.halted)
            for problem in result.problems:
                self._event("alarm", "reconcile", problem)
        self.venue_failed = result.venue_failed
        return result.problems

    def halted(self) -> str | None:
        return self.desk.halted()

    def halted_and_flat(self) -> bool:
        """Nothing may be opened and nothing is held: the market need not be asked."""
        self.desk.stopping.check()
        if self.halted() is None or self.desk.ledger.account.open_positions():
            return False
        self._lock_losses()
        return self.halted() is not None

    # observe and protect

    def observe(self) -> None:
        """One snapshot of all markets, the breaker's and the held ones included."""
        with self._stage("observe"):
            settings = self.desk.settings
            assert self._market is not None
            outside = self.desk.ask_outside(self.clock)
            self._snapshot = self._market.observe(
                MarketRequest(
                    symbols=self._watched(),
                    optional=settings.breaker.peg_markets,
                    intervals=settings.intervals,
                    candles=settings.candles,
                )
            )
            self._note_outside(outside(self._snapshot))
            if not (set(settings.symbols) & set(self._snapshot.markets) or self._is_quiet()):
                skipped = "; ".join(f"{s.symbol}: {s.reason}" for s in self._snapshot.skipped)
                raise VenueError(f"No market could be read. Nothing was traded. {skipped}")
            self.desk.show(self._snapshot)
            digest = self._snapshot.digest()
            self.desk.ledger.cycles.add_snapshot(self.ids.cycle_id, self._snapshot, digest)
            self.transcript.write(
                "snapshot",
                as_of=self._snapshot.as_of,
                digest=digest,
                markets=sorted(self._snapshot.markets),
                skipped=self._snapshot.skipped,
            )

    def _note_outside(self, outside: "Outside | None") -> None:
        self._outside = outside
        if outside is not None:
            self.transcript.write("context", readings=list(outside.asked))
            if self._recorder is not None:
                self._recorder.outside(outside)

    def protect(self) -> tuple[str, str] | None:
        """Breaker, exits, losses and halt, before any model is asked; why nothing may open."""
        with self._stage("protect"):
            index = self._outside.fear_greed if self._outside is not None else None
            self._breaker = self._protecting.breaker(self.snapshot, index)
            if self._breaker.status == "TRIGGERED":
                self._leave_the_crash()
            self.execution.protect(
                self.snapshot, self.desk.settings.exits, self.desk.settings.decision_interval
            )
            self._protecting.lock_jumps(self.snapshot)
            self._leave_locked()
            self._lock_losses()
        self.desk.stopping.check()
        if (reason := self.halted()) is not None:
            self.execution.cancel_entries("the desk is halted")
            return "halt", f"The desk is halted: {reason}."
        if self._breaker.status != "TRIGGERED" and self._is_quiet():
            return None  # The breaker is blind because nothing trades, which screen() says.
        return self._protecting.closed(self._breaker)

    def _is_quiet(self) -> bool:
        """Whether the venue answers, and all markets of the desk have stopped."""
        return self.snapshot.is_quiet(self.desk.settings.symbols)

    def _leave_locked(self) -> None:
        """Take back entries that still rest in a market nothing may be opened in."""
        locked = tuple(lock.symbol for lock in self.desk.locks() if lock.symbol)
        if locked:
            self.execution.cancel_entries("its market is locked", locked)

    def _lock_losses(self) -> None:
        if not self.unpriced() and (account := self._last_value()) is not None:
            self._protecting.lock_losses(account)

    def _leave_the_crash(self) -> None:
        self.execution.cancel_entries("the circuit breaker is TRIGGERED")
        if self.desk.settings.breaker.flatten and self.desk.ledger.account.open_positions():
            self.flatten(None)

    def barred(self) -> tuple[str, str] | None:
        """Of a real account: the arming, and a clock to trust; why nothing may be opened."""
        if (why := not_armed(self.desk, self.clock.now())) is not None:
            self.execution.cancel_entries("live trading is not armed")
            return "not_armed", why
        if (why := key_unseen(self.desk)) is not None:
            return "key_unseen", why
        if (why := clock_problem(self.desk, self.clock)) is not None:
            return "clock", why
        return None

    # flatten

    def flatten(self, symbols: tuple[str, ...] | None) -> int:
        """Cancel entries and close positions of these markets, or of all; how many it closed."""
        with self._stage("flatten"), self.desk.stopping.shielded():
            sent = self.execution.flatten(symbols)
            halted = self.halted if symbols else lambda: "everything is flattened"
            for problem in self.execution.reconcile(halted=halted).problems:
                self._event("alarm", "reconcile", problem)
        return sum(order.filled_quantity > 0 for order in sent)

    def accept(self, symbol: str) -> Trade:
        """Book as closed by hand what the venue no longer holds, at the price of now."""
        with self._stage("accept"), self.desk.stopping.shielded():
            assert self._market is not None, "connect comes first"
            interval = self.desk.settings.decision_interval
            seen = self._market.observe(
                MarketRequest(symbols=(symbol,), intervals=(interval,), candles=2)
            )
            if symbol not in seen.markets:
                raise VenueError(f"{symbol} has no price now. Nothing was booked. Try again.")
            return self.execution.accept(symbol, seen.markets[symbol].ticker.mid)

    def left(self, symbols: tuple[str, ...] | None) -> tuple[str, ...]:
        """What the venue still holds of these markets, or of all: positions and entries."""
        held = [(symbol, f"{q:f} of {symbol}") for symbol, q in self.account.holdings().items()]
        entries = [
            (order.symbol, f"an order of {order.symbol}")
            for order in self.account.open_orders()
            if not order.reduce_only
        ]
        found = (*held, *entries)
        return tuple(what for symbol, what in found if symbols is None or symbol in symbols)

    # screen

    def screen(self) -> tuple[str, str] | None:
        """Choose the shortlist; why there is none."""
        from crew.screening import (
            leading,
            perpetuals,
            shortlist,
            waiting_for_candle,
        )
        from tools.signals.registry import market_signals

        with self._stage("screen"):
            ledger, settings = self.desk.ledger, self.desk.settings
            if self._is_quiet():
                stale = next(one for one in self.snapshot.skipped if one.cause == "stale")
                return "stale_data", f"No market trades now. {stale.reason} Nothing was decided."
            last = ledger.cycles.last_deliberated()
            held = ledger.account.open_positions()
            waiting = waiting_for_candle(self.snapshot, settings.decision_interval, last)
            if waiting and not any(one.awaits_review(self.snapshot.as_of) for one in held):
                return "no_new_candle", (
                    f"No {settings.decision_interval} candle closed since the crew last met."
                )
            self._signals = market_signals(
                self.snapshot, settings.decision_interval, settings.signals, self._computed
            )
            shortable = perpetuals(self.snapshot)
            self._leading = leading(self._signals, settings.screen, shortable=shortable)
            self._shortlist = shortlist(
                self._leading,
                settings,
                held=tuple(position.symbol for position in held),
                first=last is None,
                shortable=shortable,
                locked=[lock.symbol for lock in self.desk.locks() if lock.symbol],
                full=self._protecting.full(),
            )
            acting = [one for one in self._signals if one.action != "hold"]
            self.transcript.write("screen", signals=acting, shortlist=self._shortlist)
        if not self._shortlist:
            return "screen", (
                f"No market has a signal of strength {settings.screen.min_strength} or more that "
                "could be followed, and nothing is held."
            )
        return None

    def unaffordable(self) -> tuple[str, str] | None:
        """Why no model may be asked today any more."""
        return self._protecting.unaffordable()

    # deliberate

    def deliberate(self) -> None:
        """Let the crew work on the shortlist; a failed model holds, or the rulebook steps in."""
        from crew.meeting import Meeting
        from crew.outcomes import wait_for_outcomes

        wait_for_outcomes(self.desk, self.ids.cycle_id, self.snapshot, self._shortlist)
        with self._stage("deliberate"):
            self.desk.stopping.code_when_hung = ModelFailed.exit_code
            self._say(f"the crew meets on {', '.join(self._shortlist)}")
            self._meeting = meeting = Meeting(self._prepared())
            try:
                meeting.hold(self.desk.settings.model)
            except BudgetExhausted:
                raise  # a fresh crew would have a fresh budget
            except ModelFailed as failure:
                if not meeting.may_be_repeated():
                    raise
                self._event("warning", "model_failed", str(failure))
                self._say("a model failed; the rulebook stands in")
                meeting.hold("rulebook/balanced")
            finally:
                self._note_use()
        self.desk.stopping.check()
        self.desk.stopping.code_when_hung = VenueError.exit_code

    def _prepared(self) -> "Prepared":
        from crew.meeting import Prepared

        assert self._market is not None and self._breaker is not None, "observe, protect come first"
        account = self._value()
        return Prepared(
            desk=self.desk,
            ids=self.ids,
            clock=self.clock,
            transcript=self.transcript,
            market=self._market,
            execution=self.execution,
            permit=Permit(self.desk, self.clock, self.snapshot, account),
            snapshot=self.snapshot,
            shortlist=self._shortlist,
            signals=self._signals,
            leading=self._leading,
            computed=self._computed,
            account=account,
            losses=self._protecting.losses(account),
            breaker=self._breaker,
            outside=self._outside,
            recorder=self._recorder,
        )

    # record

    def wind_down(self) -> Ending:
        """After a stop: resolve what was sent, see to the stops, and say why it ended."""
        stop = self.desk.stopping.leave()
        self._winding_down = True
        if self._execution is not None:
            try:
                self.reconcile()
            except VenueError as failure:
                return Ending("failed", stop.reason, f"{stop.message} {failure}", failure.exit_code)
        hung = self.desk.stopping.code_when_hung
        return stopped(self.desk, self.ids.cycle_id, stop, code_when_hung=hung)

    def record(self, ending: Ending) -> CycleRecord:
        """Write the cycle's row, its equity and its lessons; the transcript is sealed with it."""
        self._winding_down = True
        ledger, cycle_id = self.desk.ledger, self.ids.cycle_id
        with self._stage("record"):
            account = self._last_value()
            unpriced = self.unpriced()
            self._learn()
            self._note_use()
            ledger.outcomes.add_calls(self._calls)
            if account is not None and not unpriced:
                ledger.account.add_equity(cycle_id, account)
        self._say(ending.message)
        self.timings_ms["total"] = _since(self._began)
        self.transcript.write("ending", **asdict(ending))
        record = cycle_record(
            self.desk,
            cycle_id,
            ending,
            started_at=self._started,
            ended_at=self.clock.now(),
            skipped=self._snapshot.skipped if self._snapshot is not None else (),
            shortlist=self._shortlist,
            breaker=self._breaker,
            account=account,
            fills=self._booked(),
            model=self._use,
            timings_ms=self.timings_ms,
            transcript=self.transcript.seal(),
        )
        ledger.cycles.end_cycle(record)
        _log.log(_loudness(record), ending.message, extra=_told(record))
        if self._recorder is not None:
            self._recorder.finish()
        return record

    def _note_use(self) -> None:
        """What the meeting cost so far, if one was held."""
        if self._meeting is not None:
            self._use, self._calls = self._meeting.use, self._meeting.calls

    def _learn(self) -> None:
        """What became of earlier decisions; after a stop there is no time to look them up."""
        stopped = self.desk.stopping.asked is not None
        learn_at_the_end(
            self.desk,
            self.ids,
            self.clock.now(),
            snapshot=None if stopped else self._snapshot,
            market=self._market,
            meeting=self._meeting,
            event=self._event,
        )

    def _booked(self) -> tuple[Fill, ...]:
        return () if self._execution is None else tuple(self._execution.books.booked)

    # the account

    def unpriced(self) -> tuple[str, ...]:
        """Held markets without a price in this cycle: what they are worth is not known."""
        priced = self._snapshot.markets if self._snapshot is not None else {}
        held = (p.symbol for p in self.desk.ledger.account.open_positions())
        return tuple(symbol for symbol in held if symbol not in priced)

    def _last_value(self) -> AccountState | None:
        """The account for the record; None when the venue does not say what is left."""
        try:
            return None if self._execution is None else self._value()
        except VenueError as failure:
            self._event("warning", "account_unknown", str(failure))
            return None

    def _value(self) -> AccountState:
        prices: dict[str, Decimal] = {}
        if self._snapshot is not None:
            prices = {s: market.ticker.mid for s, market in self._snapshot.markets.items()}
        return value_account(
            self.account.cash(),
            self.desk.ledger.account.open_positions(),
            prices,
            currency=self.desk.settings.currency,
            as_of=self.clock.now(),
        )

    @property
    def execution(self) -> Execution:
        assert self._execution is not None, "connect comes first"
        return self._execution

    @property
    def snapshot(self) -> "MarketSnapshot":
        assert self._snapshot is not None, "observe comes first"
        return self._snapshot

    def _watched(self) -> tuple[str, ...]:
        from tools.risk.breaker import WATCHED

        held = (p.symbol for p in self.desk.ledger.account.open_positions())
        return tuple(dict.fromkeys((*self.desk.settings.symbols, *WATCHED, *held)))

    def _reach_venue(self) -> None:
        """Open the market and take its clock; a venue that fails is told of in the cycle's row."""
        try:
            self.clock = self.desk.venue_clock()
            self._market = self.desk.market(self.clock)
        except VenueError as failure:
            self._failure = failure

    def _event(
        self, level: str, kind: str, message: str, detail: "Mapping[str, Any] | None" = None
    ) -> None:
        event = Event.model_validate(
            {
                "event_id": self.ids.next("n"),
                "cycle_id": self.ids.cycle_id,
                "at": self.clock.now(),
                "level": level,
                "kind": kind,
                "message": message,
                "detail": detail,
            }
        )
        self.desk.ledger.safety.add_event(event)
        self.transcript.write("event", event=event)
        _log.log(_LOUDNESS[event.level], message, extra={"kind": kind})

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """Time a stage, and say that it began; between two stages a cycle may be ended."""
        if not self._winding_down:
            self.desk.stopping.check()
        self._say(name)
        began = perf_counter()
        try:
            yield
        finally:
            self.timings_ms[name] = self.timings_ms.get(name, 0.0) + (took := _since(began))
            _log.debug("stage %s", name, extra={"took_ms": took})


def _loudness(record: CycleRecord) -> int:
    """A quiet cycle is told of in the ledger alone: a line would cost it a tenth of a second."""
    if record.exit_code:
        return logging.ERROR
    return logging.INFO if record.model.calls or record.orders else logging.DEBUG


def _told(record: CycleRecord) -> "Mapping[str, object]":
    return {
        "outcome": record.outcome,
        "reason": record.hold_reason,
        "orders": len(record.orders),
        "calls": record.model.calls,
        "cost_usd": record.model.cost_usd,
        "took_ms": record.timings_ms["total"],
    }


def _since(began: float) -> float:
    return round((perf_counter() - began) * 1000, 3)

"""
The crew's meeting: the desks of risk and orders for one cycle, and a crew that uses them.

A meeting can be held twice, the second time with the rulebook in place of models that
failed, as long as nothing was decided in the first.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import reduce

from crew.deliberation import Deliberation
from crew.desk import Desk
from crew.evidence import Evidence, gather
from crew.models.scoring_calls import ScoringCalls
from crew.recording import Recorder
from crew.support import Grounds
from crew.transcript import Transcript
from records.breaker import BreakerState
from records.clock import Clock
from records.context import Outside
from records.cycle import ModelUse
from records.ids import IdSequence
from records.market import MarketSnapshot, SymbolMarket
from records.model_calls import ModelCalls
from records.order import AccountState
from records.ports import MarketRequest, MarketSource
from records.signal import TradingSignal
from records.verdict import Approval
from tools.indicators.registry import Computed
from tools.orders.desk import OrderCaps, OrderDesk
from tools.orders.execution import Execution
from tools.risk.breaker import size_pct
from tools.risk.desk import RiskDesk
from tools.risk.losses import LossState


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the stages before the meeting leave on the table."""

    desk: Desk
    ids: IdSequence
    clock: Clock
    transcript: Transcript
    market: MarketSource
    execution: Execution
    permit: Callable[[Approval], str | None]
    """Why an entry may not be sent now, beyond what the gate knows."""
    snapshot: MarketSnapshot
    shortlist: tuple[str, ...]
    signals: tuple[TradingSignal, ...]
    leading: Mapping[str, TradingSignal]
    computed: Computed
    """The indicators that the screen has computed."""
    account: AccountState
    losses: LossState
    breaker: BreakerState
    outside: Outside | None
    recorder: Recorder | None


class Meeting:
    """Everything between a shortlist and what was decided on it."""

    def __init__(self, ready: Prepared) -> None:
        self.reflecting_calls: Callable[[], ScoringCalls] | None = None
        """Lets the desk ask for the words of lessons; None when models failed it."""
        self._crews: list[Deliberation] = []
        self._ready = ready
        self._attempts = 0

    @property
    def use(self) -> ModelUse:
        """What the models cost so far."""
        return reduce(ModelUse.and_then, (crew.use() for crew in self._crews), ModelUse())

    @property
    def calls(self) -> tuple[ModelCalls, ...]:
        """The same for each task and model."""
        return tuple(one for crew in self._crews for one in crew.calls())

    def hold(self, model: str) -> None:
        """Let the crew deliberate once; raises ModelFailed."""
        ready = self._ready
        self._attempts += 1
        with (
            gather(
                ready.desk,
                cycle_id=ready.ids.cycle_id,
                snapshot=ready.snapshot,
                shortlist=ready.shortlist,
                account=ready.account,
                signals=ready.signals,
                leading=ready.leading,
                computed=ready.computed,
                outside=ready.outside,
                keep_news=ready.recorder.news if ready.recorder else lambda reading: reading,
                keep_recalls=ready.recorder.recalls if ready.recorder else None,
                scoring_calls=lambda: crew.scoring_calls(),
            ) as seen,
            ready.recorder.models() if ready.recorder else nullcontext(),
        ):
            crew = self._crew(model, seen)
            self._crews.append(crew)
            crew.run()
        if self._attempts == 1:
            self.reflecting_calls = crew.reflecting_calls

    def may_be_repeated(self) -> bool:
        """Only when settings say so and the failed crew has decided nothing yet."""
        ledger, cycle_id = self._ready.desk.ledger, self._ready.ids.cycle_id
        return (
            self._ready.desk.settings.on_model_failure == "rulebook"
            and not ledger.decisions.proposals(cycle_id)
            and not ledger.execution.orders(cycle_id)
        )

    def _crew(self, model: str, seen: Evidence) -> Deliberation:
        ready = self._ready
        grounds = Grounds(ready.desk, seen)
        risk = self._risk(grounds)
        return Deliberation(
            desk=ready.desk,
            seen=seen,
            grounds=grounds,
            risk=risk,
            orders=self._orders(risk),
            ids=ready.ids,
            clock=ready.clock,
            transcript=ready.transcript,
            model=model,
            attempt=self._attempts,
            calls=ready.recorder.calls(ready.clock) if ready.recorder else None,
        )

    def _risk(self, grounds: Grounds) -> RiskDesk:
        ready, settings = self._ready, self._ready.desk.settings
        return RiskDesk(
            ledger=ready.desk.ledger,
            ids=ready.ids,
            clock=ready.clock,
            snapshot=ready.snapshot,
            shortlist=ready.shortlist,
            account=ready.account,
            losses=ready.losses,
            limits=settings.risk.scaled(size_pct(ready.breaker, settings.breaker)),
            breaker=ready.breaker,
            halted=ready.desk.halted,
            support=grounds.support,
            figures=grounds.figures,
            journal=ready.transcript,
        )

    def _orders(self, officer: RiskDesk) -> OrderDesk:
        ready, risk = self._ready, self._ready.desk.settings.risk
        return ready.execution.desk(
            quote=self._quote,
            halted=ready.desk.halted,
            permit=lambda approval: officer.withdrawn(approval) or ready.permit(approval),
            caps=OrderCaps(per_cycle=risk.max_orders_per_cycle, per_day=risk.max_orders_per_day),
        )

    def _quote(self, symbol: str) -> SymbolMarket | None:
        """The market as it is when an order is sent; asked again when the snapshot has aged."""
        ready, settings = self._ready, self._ready.desk.settings
        age_s = (ready.clock.now() - ready.snapshot.as_of).total_seconds()
        if age_s < settings.quote_max_age_s:
            return ready.snapshot.markets.get(symbol)
        fresh = ready.market.observe(
            MarketRequest(symbols=(symbol,), intervals=(settings.decision_interval,), candles=2)
        )
        ready.desk.show(fresh)
        return fresh.markets.get(symbol)

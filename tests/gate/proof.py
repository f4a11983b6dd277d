"""
The proof of the gate over a range of seeds: no approval outside any limit, no looser value
and no lost veto; a tightened verdict never yields more; the size that is offered is exact.

An error is found by its seed again: `some_world(seed)`.
"""

import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Self

from pydantic import BaseModel, Field

from records.verdict import Approval, RiskVerdict
from tests.gate.bounds import closeness, hold_to_the_limits, hold_to_the_verdict
from tests.gate.worlds import World, some_world
from tools.risk.gate import Denied, judge

MOST_EXAMPLES = 10


class Violation(BaseModel):
    """A promise that did not hold, and in which world."""

    seed: int
    promise: str
    where: str


class Summary(BaseModel):
    """What the gate answered in all these worlds."""

    cases: int = 0
    approvals: int = 0
    entries: Counter[str] = Field(default_factory=Counter)
    sized_by: Counter[str] = Field(default_factory=Counter)
    denials: Counter[str] = Field(default_factory=Counter)
    denials_by_limit: Counter[str] = Field(default_factory=Counter)
    only: dict[str, int] = Field(
        default_factory=dict, exclude=True, description="By limit, a seed that broke it alone."
    )
    vetoes: int = 0
    vetoes_lost: int = 0
    loosened: int = 0
    offers: int = 0
    violations: int = 0
    examples: list[Violation] = Field(default_factory=list)
    seconds: float = 0

    def __add__(self, other: Self) -> Self:
        both = {name: (getattr(self, name), getattr(other, name)) for name in Summary.model_fields}
        added = {name: a | b if name == "only" else a + b for name, (a, b) in both.items()}
        return self.model_copy(update=added | {"examples": added["examples"][:MOST_EXAMPLES]})


def prove(seeds: Iterable[int]) -> Summary:
    """Judge the world of every seed, and hold the gate to its promises."""
    began, found = time.monotonic(), Summary()
    for seed in seeds:
        _prove_one(seed, some_world(seed), found)
    found.seconds = round(time.monotonic() - began, 1)
    return found


def _prove_one(seed: int, world: World, found: Summary) -> None:
    answer = answer_of(world)
    _count(seed, world, answer, found)
    promises: dict[str, Callable[[World, Any], None]] = (
        {"verdict": _verdict_binds, "limits": _limits_bind, "tightened": _tightening_tightens}
        if isinstance(answer, Approval)
        else {"veto": _veto_stands, "offer": _offer_is_exact}
    )
    for promise, hold in promises.items():
        try:
            hold(world, answer)
        except AssertionError as broken:
            where = traceback.extract_tb(broken.__traceback__)[-1].line or ""
            found.violations += 1
            found.vetoes_lost += promise == "verdict" and world.opinion.draft.decision == "veto"
            found.loosened += promise in ("verdict", "tightened")
            if len(found.examples) < MOST_EXAMPLES:
                found.examples.append(Violation(seed=seed, promise=promise, where=where))


def _count(seed: int, world: World, answer: Approval | Denied, found: Summary) -> None:
    found.cases += 1
    found.vetoes += world.opinion.draft.decision == "veto"
    if isinstance(answer, Denied):
        found.denials[answer.code] += 1
        found.denials_by_limit.update(breach.limit for breach in answer.breaches)
        found.offers += answer.largest_quantity is not None
        if len(answer.breaches) == 1:
            found.only.setdefault(answer.breaches[0].limit, seed)
        return
    found.approvals += 1
    leveraged = "leveraged " if answer.leverage > 1 else ""
    found.entries["exit" if answer.reduce_only else f"{leveraged}{answer.action}"] += 1
    if not answer.reduce_only and world.asked.draft.quantity is None:
        found.sized_by[world.asked.sizing.bound_by] += 1


def answer_of(world: World, **changes: Any) -> Approval | Denied:
    """What the gate says of this world, with a changed verdict."""
    opinion = changed(world.opinion, **changes) if changes else world.opinion
    return judge(world.asked, opinion, world.seen, "a1")


def changed(opinion: RiskVerdict, **changes: Any) -> RiskVerdict:
    return opinion.model_copy(update={"draft": opinion.draft.model_copy(update=changes)})


def _verdict_binds(world: World, answer: Approval) -> None:
    hold_to_the_verdict(answer, world)


def _limits_bind(world: World, answer: Approval) -> None:
    hold_to_the_limits(answer, world)


def _veto_stands(world: World, answer: Denied) -> None:
    """A veto is told as one, and only a veto is."""
    assert (answer.code == "veto") == (world.opinion.draft.decision == "veto")


def _tightening_tightens(world: World, answer: Approval) -> None:
    """A smaller size, a closer stop or a lower leverage buys no more; a veto buys nothing."""
    vetoed = answer_of(world, decision="veto")
    assert isinstance(vetoed, Denied) and vetoed.code == "veto"
    for tighter in _tighter(world, answer):
        again = answer_of(world, **tighter)
        if isinstance(again, Denied):
            continue
        assert again.quantity <= answer.quantity
        assert again.quantity <= tighter.get("max_quantity", again.quantity)
        assert again.leverage <= answer.leverage
        assert answer.price_low <= again.price_low <= again.price_high <= answer.price_high
        if not answer.reduce_only:
            assert closeness(again, again.stop) >= closeness(answer, answer.stop)


def _tighter(world: World, answer: Approval) -> Iterable[dict[str, Any]]:
    step, ticker = world.seen.market.rules.step, world.seen.market.ticker
    yield {"max_quantity": answer.quantity / 2}
    yield {"max_quantity": max(answer.quantity - step, step)}
    if answer.reduce_only:
        return
    stop = answer.stop + (ticker.last - answer.stop) / 3
    lower = max(1, answer.leverage // 2)
    yield {"stop": stop}
    yield {"max_leverage": lower}
    yield {"max_quantity": answer.quantity * Decimal("0.9"), "stop": stop, "max_leverage": lower}


def _offer_is_exact(world: World, answer: Denied) -> None:
    """The size that is offered passes when it is asked for, and one step more does not."""
    largest = answer.largest_quantity
    if largest is None:
        return
    step = world.seen.market.rules.step
    passing, more = (_asking(world, quantity) for quantity in (largest, largest + step))
    assert isinstance(passing, Approval) and passing.quantity == largest
    assert isinstance(more, Denied) and more.code == "limits"
    assert more.largest_quantity == largest


def _asking(world: World, quantity: Decimal) -> Approval | Denied:
    of = world.asked.draft.model_copy(update={"quantity": quantity})
    asked = world.asked.model_copy(update={"draft": of})
    return answer_of(world._replace(asked=asked), max_quantity=quantity)

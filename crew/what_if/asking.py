"""
Asks a planned question: every cycle again, held beside what was recorded.

Cycles are independent of one another: each begins with the account as it was recorded, so a
decision that flips in one is not carried into the next.
"""

from collections.abc import Callable
from decimal import Decimal

from crew.desk import Desk
from crew.replay import settings_of
from crew.what_if.again import Again, run_again
from crew.what_if.answer import Answer, Compared, UnansweredCycle
from crew.what_if.cases import Case, Unanswered
from crew.what_if.comparison import differences
from crew.what_if.hindsight import outlooks
from crew.what_if.later import CandlesAfter, candles_after
from crew.what_if.planned import Plan
from crew.what_if.purse import Purse
from crew.what_if.stances import stances
from records.errors import TradingError


def answer(
    desk: Desk,
    asked: Plan,
    *,
    budget_usd: Decimal | None,
    say: Callable[[str], None],
    bound: bool = False,
) -> Answer:
    """
    Run every cycle again; stops, with what is done, when the budget is used up.

    `bound` says that a person set the budget. Otherwise only models of the estimate are asked.
    """
    prices, agreed_to = asked.change.llm(desk.settings).prices, asked.estimate.may_ask
    return answer_from(
        desk, asked, Purse(prices, budget_usd, agreed_to=agreed_to, bound=bound), say
    )


def answer_from(desk: Desk, asked: Plan, purse: Purse, say: Callable[[str], None]) -> Answer:
    """The same from a purse that other questions may have used before."""
    before = purse.spent
    later = candles_after(desk)
    compared, unanswered = list[Compared](), list(asked.unanswered)
    stopped: str | None = None
    for number, one in enumerate(asked.cases):
        say(f"{number + 1} of {len(asked.cases)}: {one.cycle_id}")
        stopped = _stopped(desk, purse)
        again = None if stopped else _again(desk, asked, one, purse)
        stopped = stopped or _stopped(desk, purse)
        if again is None or stopped is not None:
            stopped = (
                f"{stopped} {number} of {len(asked.cases)} cycles had been run again; they stand."
            )
            break
        if isinstance(again, Unanswered):
            unanswered.append(again)
        else:
            compared.append(_compared(desk, one, again, later))
    spent = purse.spent.since(before)
    return Answer(
        change=asked.change.words,
        currency=desk.settings.currency,
        estimate=asked.estimate,
        budget_usd=purse.budget_usd,
        compared=tuple(compared),
        unanswered=tuple(UnansweredCycle(cycle_id=one.cycle_id, why=one.why) for one in unanswered),
        heard=spent.heard,
        asked=spent.asked,
        tokens=spent.tokens,
        cost_usd=spent.usd,
        unpriced_calls=spent.unpriced,
        stopped=stopped,
    )


def _again(desk: Desk, asked: Plan, one: Case, purse: Purse) -> Again | Unanswered:
    purse.refused = None
    try:
        again = run_again(one, asked.change, desk, purse)
    except TradingError as refused:
        return Unanswered(one.cycle_id, str(refused))
    if again.record.hold_reason == "stopped":  # the signal was heard inside the cycle
        desk.stopping.ask("stopped", again.record.message)
    why = purse.refused or _broke(one, again)
    return again if why is None else Unanswered(one.cycle_id, why)


def _broke(one: Case, again: Again) -> str | None:
    """Why the cycle gave no answer: it broke now, and had not when it was recorded."""
    now = again.record
    if now.outcome == "failed" or now.hold_reason == "deadline":
        return now.message
    if now.hold_reason == "model_failed" and one.recorded.hold_reason != "model_failed":
        return now.message
    return None


def _stopped(desk: Desk, purse: Purse) -> str | None:
    """Why the rest is not run: the money is gone, or a person ended it."""
    if purse.used_up:
        return f"The budget of {purse.budget_usd:f} USD is used up ({purse.spent_usd:.4f} spent)."
    return None if desk.stopping.asked is None else "It was told to end."


def _compared(desk: Desk, one: Case, again: Again, later: CandlesAfter) -> Compared:
    then, now = one.recorded, again.record
    asked, paper = desk.settings.what_if, settings_of(one.folder).paper
    found = [
        difference.model_copy(
            update={
                "hindsight_was": outlooks(difference.was, later, asked, paper),
                "hindsight_now": outlooks(difference.now, later, asked, again.settings.paper),
            }
        )
        for difference in differences(one.cycle_id, then.started_at, stances(then), stances(now))
    ]
    return Compared(
        cycle_id=one.cycle_id,
        at=then.started_at,
        outcome_was=then.outcome,
        outcome_now=now.outcome,
        reason_was=then.hold_reason,
        reason_now=now.hold_reason,
        heard=again.heard,
        asked=again.asked,
        without_news=again.without_news,
        differences=tuple(found),
    )

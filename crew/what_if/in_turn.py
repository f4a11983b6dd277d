"""Every agent silent in turn: what the desk would have been without each of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial

from crew.desk import Desk
from crew.recording import recording_of
from crew.what_if.again import recorded_crew
from crew.what_if.answer import Answer
from crew.what_if.asking import answer
from crew.what_if.change import Change, may_be_silent
from crew.what_if.estimate import Estimate
from crew.what_if.planned import Plan, plan
from records.errors import SettingsError


def each_without(desk: Desk, cycle_ids: Sequence[str], only: str | None) -> tuple[Plan, ...]:
    """
    A question for each agent of the newest of these cycles, or for one of them.

    Those without whom nothing would be decided are left out. Raises SettingsError when there is
    nobody to leave out, or no cycle that can answer.
    """
    names = may_be_silent(recorded_crew(recording_of(desk, cycle_ids[-1])))
    if only is not None:
        names = (only,)
    if not names:
        raise SettingsError(
            "Every agent of the newest cycle proposes, judges or places orders: without one of "
            "them nothing would be decided. Nothing was asked."
        )
    return tuple(plan(desk, Change(without=name), cycle_ids) for name in names)


def together(plans: Sequence[Plan]) -> Estimate:
    """What all of them may cost."""
    all_of = [one.estimate for one in plans]
    return Estimate(
        cycles=sum(one.cycles for one in all_of),
        calls=sum(one.calls for one in all_of),
        tokens=sum(one.tokens for one in all_of),
        usd=sum((one.usd for one in all_of), Decimal(0)),
        unpriced=_once(one.unpriced for one in all_of),
        free_calls=sum(one.free_calls for one in all_of),
        may_ask=_once(one.may_ask for one in all_of),
    )


def usual_budget_usd(plans: Sequence[Plan]) -> Decimal | None:
    """The usual budgets of all together; None where one of them has none."""
    budgets = [one.usual_budget_usd for one in plans if one.estimate.may_ask]
    known = [one for one in budgets if one is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(budgets) else None


def answers(
    desk: Desk, plans: Sequence[Plan], *, budget_usd: Decimal | None, say: Callable[[str], None]
) -> Iterator[Answer]:
    """One answer after another; what one spends, the next ones no longer have."""
    left = budget_usd
    for one in plans:
        words = one.change.words
        found = answer(desk, one, budget_usd=left, say=partial(_named, words, say))
        yield found
        if found.stopped is not None:
            return
        left = None if left is None else max(Decimal(0), left - found.cost_usd)


def _named(words: str, say: Callable[[str], None], text: str) -> None:
    say(f"{words}, {text}")


def _once(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))

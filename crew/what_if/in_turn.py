"""Every adviser silent in turn: what the desk would have been without each of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial

from pydantic import Field

from crew.desk import Desk
from crew.recording import recording_of
from crew.what_if.again import recorded_crew
from crew.what_if.answer import Answer, Counts, HindsightSum, UnansweredCycle
from crew.what_if.asking import answer_from
from crew.what_if.cases import chosen
from crew.what_if.change import Change, may_be_silent
from crew.what_if.estimate import Estimate
from crew.what_if.planned import Plan, plan
from crew.what_if.purse import Purse
from records.base import Amount, Record, UtcTime
from records.errors import SettingsError, TradingError

NEWEST = 20
"""Cycles that are run again when none are named; each of them once for every adviser."""


class Without(Counts):
    """What one adviser's silence would have changed."""

    agent: str
    cycles: int = Field(description="Run again without it.")
    first_at: UtcTime | None
    last_at: UtcTime | None
    hindsight: tuple[HindsightSum, ...]
    without_news: int = Field(description="Cycles that met without news: theirs had read none.")
    unanswered: tuple[UnansweredCycle, ...]
    stopped: str | None = Field(description="Why not all cycles were run again.")


class NoAnswer(Record):
    """An adviser that cannot be asked about, and why."""

    agent: str
    why: str


class EachWithout(Record):
    """The desk without each of its advisers."""

    currency: str
    budget_usd: Amount | None = Field(description="For all of them together; null: no bound.")
    advisers: tuple[Without, ...]
    not_asked: tuple[str, ...] = Field(description="Advisers that it did not come to.")
    no_answer: tuple[NoAnswer, ...] = Field(description="Advisers none of whose cycles can answer.")
    unread: tuple[UnansweredCycle, ...] = Field(
        description="Cycles whose agents and tasks cannot be read; of no adviser then."
    )


@dataclass(frozen=True, slots=True)
class Questions:
    """One for each adviser, ready to be asked; agreed to and paid for together."""

    of: Mapping[str, Plan]
    no_answer: tuple[NoAnswer, ...] = ()
    unread: tuple[UnansweredCycle, ...] = ()

    @property
    def words(self) -> str:
        """What is asked, for whoever may have to pay."""
        cycles = len({case.cycle_id for one in self.of.values() for case in one.cases})
        several = "" if cycles == 1 else "s"
        return f"{cycles} cycle{several} again, without {', '.join(self.of)} in turn"

    @property
    def estimate(self) -> Estimate:
        """What all of them may cost."""
        each = [one.estimate for one in self.of.values()]
        return Estimate(
            cycles=sum(one.cycles for one in each),
            calls=sum(one.calls for one in each),
            tokens=sum(one.tokens for one in each),
            usd=sum((one.usd for one in each), Decimal(0)),
            unpriced=tuple(dict.fromkeys(name for one in each for name in one.unpriced)),
            free_calls=sum(one.free_calls for one in each),
            may_ask=tuple(dict.fromkeys(name for one in each for name in one.may_ask)),
        )

    @property
    def usual_budget_usd(self) -> Decimal | None:
        """The usual budgets added up; None: there is nothing to pay, or no price."""
        paid = [one for one in self.of.values() if one.estimate.may_ask]
        budgets = [one.usual_budget_usd for one in paid]
        known = [one for one in budgets if one is not None]
        return sum(known, Decimal(0)) if known and len(known) == len(budgets) else None


def questions(
    desk: Desk, cycles: str | None, since: datetime | None, only: str | None
) -> Questions:
    """
    A question for each adviser, of those cycles in which its silence has an answer.

    Raises SettingsError when there is none to ask, or `only` is not among them.
    """
    ids = chosen(desk, cycles, since, newest=NEWEST)
    of: dict[str, list[str]] = {}
    unread: list[UnansweredCycle] = []
    for cycle_id in reversed(ids):
        try:
            crew = recorded_crew(recording_of(desk, cycle_id))
        except TradingError as fault:
            unread.append(UnansweredCycle(cycle_id=cycle_id, why=str(fault)))
            continue
        for name in may_be_silent(crew):
            of.setdefault(name, []).append(cycle_id)
    if only is not None and only not in of:
        known = f"Those who may be: {', '.join(of)}. " if of else ""
        raise SettingsError(
            f"{only[:60]!r} cannot be left out of these cycles: it did not work in them, or "
            f"without it nothing would be decided. {known}Nothing was asked."
        )
    if len(unread) == len(ids):
        raise SettingsError(unread[0].why)
    if not of:
        raise SettingsError(
            "Nobody can be left out of these cycles: each of their agents proposes, judges or "
            "places orders. Nothing was asked."
        )
    return _ready(desk, of if only is None else {only: of[only]}, unread)


def _ready(
    desk: Desk, of: Mapping[str, Sequence[str]], unread: Sequence[UnansweredCycle]
) -> Questions:
    """One adviser without an answer does not keep the others from theirs."""
    plans: dict[str, Plan] = {}
    no_answer: list[NoAnswer] = []
    for name, newest_first in of.items():
        try:
            plans[name] = plan(desk, Change(without=name), newest_first[::-1])
        except SettingsError as refused:
            no_answer.append(NoAnswer(agent=name, why=str(refused)))
    if not plans:
        raise SettingsError(no_answer[0].why)
    return Questions(plans, tuple(no_answer), tuple(unread))


def answers(
    desk: Desk, asked: Questions, purse: Purse, say: Callable[[str], None]
) -> Iterator[Without]:
    """One adviser after another, until all are asked about, or one answer was stopped."""
    for name, one in asked.of.items():
        found = _without(name, answer_from(desk, one, purse, partial(_named, name, say)))
        yield found
        if found.stopped is not None:
            return


def each_without(
    desk: Desk, asked: Questions, purse: Purse, found: Sequence[Without]
) -> EachWithout:
    """What was found, and whom it did not come to."""
    done = {one.agent for one in found}
    return EachWithout(
        currency=desk.settings.currency,
        budget_usd=purse.budget_usd,
        advisers=tuple(found),
        not_asked=tuple(name for name in asked.of if name not in done),
        no_answer=asked.no_answer,
        unread=asked.unread,
    )


def _without(agent: str, found: Answer) -> Without:
    return Without(
        agent=agent,
        cycles=len(found.compared),
        first_at=found.compared[0].at if found.compared else None,
        last_at=found.compared[-1].at if found.compared else None,
        hindsight=tuple(found.hindsight()),
        without_news=sum(one.without_news for one in found.compared),
        unanswered=found.unanswered,
        stopped=found.stopped,
        **dict(found.counts),
    )


def _named(name: str, say: Callable[[str], None], text: str) -> None:
    say(f"without {name}, {text}")

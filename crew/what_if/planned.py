"""A question that is ready to be asked: of which cycles, and what it may cost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from crew.desk import TOOL_NAMES, Desk
from crew.models.factory import check_model
from crew.replay import settings_of
from crew.specs import load_specs
from crew.what_if.again import recorded_crew
from crew.what_if.cases import Case, Unanswered, case, unread
from crew.what_if.change import Change
from crew.what_if.estimate import Estimate, Planned, estimate
from records.errors import SettingsError

_MARGIN = Decimal("1.5")
_CENT = Decimal("0.01")
_LEAST_USD = Decimal("0.10")
"""For cycles that had not met, of which no estimate tells."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked, of which cycles, and what it may cost."""

    change: Change
    cases: tuple[Case, ...]
    unanswered: tuple[Unanswered, ...]
    estimate: Estimate

    @property
    def usual_budget_usd(self) -> Decimal | None:
        """Half as much again as is expected; None: there is nothing to pay, or no price."""
        if not self.estimate.may_ask or self.estimate.unpriced:
            return None
        likely = (self.estimate.usd * _MARGIN).quantize(_CENT, ROUND_UP)
        return max(likely, _LEAST_USD)


def plan(desk: Desk, change: Change, cycle_ids: Sequence[str]) -> Plan:
    """Look at every cycle that is meant; raises SettingsError when none of them can answer."""
    change.check()
    found = [_looked_at(desk, change, cycle_id) for cycle_id in cycle_ids]
    pairs = [one for one in found if isinstance(one, tuple)]
    if not pairs:
        raise _no_answer([one for one in found if isinstance(one, Unanswered)])
    costs = estimate([planned for _case, planned in pairs], change.llm(desk.settings).prices)
    for model in costs.may_ask:
        check_model(model, change.llm(desk.settings), "what-if")
    return Plan(
        change=change,
        cases=tuple(one for one, _planned in pairs),
        unanswered=tuple(one for one in found if isinstance(one, Unanswered)),
        estimate=costs,
    )


def _looked_at(desk: Desk, change: Change, cycle_id: str) -> tuple[Case, Planned] | Unanswered:
    one = case(desk, cycle_id)
    if isinstance(one, Unanswered):
        return one
    try:
        planned = _planned(desk, change, one)
    except SettingsError as refused:
        return Unanswered(cycle_id, str(refused))
    except ValueError:
        return Unanswered(cycle_id, f"The settings of recording {cycle_id!r} cannot be read.")
    why = unread(one)
    return (one, planned) if why is None else Unanswered(cycle_id, why)


def _planned(desk: Desk, change: Change, one: Case) -> Planned:
    after = settings_of(one.folder, change.of(one.folder, desk.settings))
    return Planned(
        folder=one.folder,
        before=recorded_crew(one.folder),
        after=change.crew(load_specs(after.agents_file, after.tasks_file, TOOL_NAMES)),
        settings_before=settings_of(one.folder),
        settings_after=after,
        limits_change=change.limits_change,
    )


def _no_answer(unanswered: Sequence[Unanswered]) -> SettingsError:
    whys = tuple(_reasons(unanswered))
    more = f" (and {len(whys) - 1} other reasons)" if len(whys) > 1 else ""
    return SettingsError(f"{whys[0]}{more}")


def _reasons(unanswered: Sequence[Unanswered]) -> Iterator[str]:
    yield from dict.fromkeys(one.why for one in unanswered)

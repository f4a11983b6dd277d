"""One recorded cycle run again with something changed, in a folder that is thrown away."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from crew.cycle import run_cycle
from crew.desk import TOOL_NAMES, Desk, open_desk
from crew.market_tape import ReplayedClock
from crew.models.vision import pictures_are_seen
from crew.offline import offline
from crew.recalls import Recalls
from crew.recording import (
    recorded_calls,
    recorded_ledger,
    recorded_news,
    recorded_outside,
    recorded_recalls,
)
from crew.replay import settings_of
from crew.settings import Settings
from crew.specs import CrewSpec, load_specs
from crew.what_if.cases import Case
from crew.what_if.change import Change
from crew.what_if.purse import Purse
from records.context import Outside
from records.cycle import CycleRecord
from tools.news.item import NewsReading
from tools.risk.halt import halt

_BY_FILE = " [until `desk resume`]"
"""How a halt by the file HALT ends in a cycle's message."""


@dataclass(frozen=True, slots=True)
class Again:
    """The cycle as it would have been."""

    record: CycleRecord
    settings: Settings
    heard: int
    asked: int
    without_news: bool
    """Whether the crew met without the news, which the recorded cycle had not read."""


def run_again(case: Case, change: Change, today: Desk, purse: Purse) -> Again:
    """Run it; raises TradingError when the recording cannot answer."""
    settings = settings_of(case.folder, change.of(case.folder, today.settings))
    before = purse.spent
    told = _told_then(case, settings)
    clock = ReplayedClock(case.recorded.started_at)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="what-if-")))
        recorded_ledger(case.folder, home / "ledger.db")
        _halt_as_then(case, home)
        again = stack.enter_context(open_desk(settings, home, clock))
        again.spec = change.crew(again.spec)
        _stand_in(again, case, change, today, purse, clock, told)
        stack.enter_context(_reaching(settings, again.spec))
        record = run_cycle(again, lambda _text: None)
    return Again(
        record=record,
        settings=settings,
        heard=(spent := purse.spent.since(before)).heard,
        asked=spent.asked,
        without_news=told.news is None and record.model.calls > 0 and bool(today.feeds()),
    )


def recorded_crew(folder: Path) -> CrewSpec:
    """Who worked at the desk in that cycle."""
    return load_specs(folder / "agents.yaml", folder / "tasks.yaml", TOOL_NAMES)


def _stand_in(
    again: Desk,
    case: Case,
    change: Change,
    today: Desk,
    purse: Purse,
    clock: ReplayedClock,
    told: "_ToldThen",
) -> None:
    from crew.what_if.market import PastMarket
    from crew.what_if.models import MixedModels

    models = MixedModels(
        recorded_calls(case.folder, case.recorded),
        change.llm(today.settings),
        purse,
        tick=clock.advance_to,
        always_anew=_other_temperature(recorded_crew(case.folder), again.spec),
        redactor=again.redactor,
    )
    unread = NewsReading(sample=False, read_at=case.recorded.started_at)
    again.stand_in(
        PastMarket(case.folder, clock), told.news or unread, told.outside, models, told.recalls
    )
    again.draws = pictures_are_seen(again.spec, again.settings.model)


class _ToldThen(NamedTuple):
    """What the cycle was told beside the market."""

    news: NewsReading | None
    outside: Outside | None
    recalls: Recalls | None
    """None: looked up again, which costs nothing."""


def _told_then(case: Case, settings: Settings) -> _ToldThen:
    """Raises SettingsError when it is damaged."""
    recalls = recorded_recalls(case.folder, settings)
    return _ToldThen(recorded_news(case.folder), recorded_outside(case.folder), recalls)


def _other_temperature(before: CrewSpec, after: CrewSpec) -> frozenset[str]:
    """Tasks whose model is asked at another temperature, which no prompt tells."""
    return frozenset(
        name
        for name, task in after.tasks.items()
        if (then := before.agents.get(task.agent)) is not None
        and then.temperature != after.agents[task.agent].temperature
    )


@contextmanager
def _reaching(settings: Settings, spec: CrewSpec) -> Iterator[None]:
    """The network for models alone; with the rulebook in every place, not even that."""
    asked = {spec.agents[task.agent].model or settings.model for task in spec.tasks.values()}
    free = all(model.startswith("rulebook/") for model in asked)
    with offline() if free else nullcontext():
        yield


def _halt_as_then(case: Case, home: Path) -> None:
    """A halt by file is in no ledger."""
    said = case.recorded.message
    if case.recorded.hold_reason == "halt" and _BY_FILE in said:
        halt(home, said.removeprefix("The desk is halted: ").partition(_BY_FILE)[0])

"""What a campaign showed, as one JSON document: counts, and by fault; findings word for word."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

from records.base import Record
from tests.crash.judge import Kind
from tests.crash.run import Outcome

KINDS: tuple[Kind, ...] = get_args(Kind)


class Tally(Record):
    """Runs and kills, and the runs with at least one finding of each kind."""

    runs: int
    kills: int
    failed: int
    found: Mapping[Kind, int]


class Example(Record):
    """One run that failed, and why."""

    run: str
    found: tuple[str, ...]


class Summary(Record):
    """The whole campaign."""

    total: Tally
    by_fault: Mapping[str, Tally]
    by_plot: Mapping[str, Tally]
    points: int
    """Distinct points of a first life."""
    most_points: int
    """Of one first life."""
    repeated: int
    differing: int
    """Runs that were made twice, and those of them with another ledger the second time."""
    seconds: float
    runs_per_s: float
    examples: tuple[Example, ...]

    @property
    def sound(self) -> bool:
        return self.total.failed == 0 and self.differing == 0


def summed_up(
    outcomes: Sequence[Outcome], again: Sequence[Outcome], seconds: float, examples: int = 10
) -> Summary:
    """The summary of outcomes; `again` are runs of the same kind, made a second time."""
    first = {one.run: one.digest for one in outcomes}
    differing = [one for one in again if first[one.run] != one.digest]
    bad = [one for one in outcomes if one.findings]
    return Summary(
        total=_tally(outcomes),
        by_fault=_grouped(outcomes, [one.run.fault for one in outcomes]),
        by_plot=_grouped(outcomes, [one.plot for one in outcomes]),
        points=len({point for one in outcomes for point in one.points}),
        most_points=max(len(one.points) for one in outcomes),
        repeated=len(again),
        differing=len(differing),
        seconds=round(seconds, 1),
        runs_per_s=round((len(outcomes) + len(again)) / seconds, 1),
        examples=tuple(_example(one) for one in bad[:examples]),
    )


def _grouped(outcomes: Sequence[Outcome], names: Sequence[str]) -> Mapping[str, Tally]:
    return {
        name: _tally([one for one, of in zip(outcomes, names, strict=True) if of == name])
        for name in dict.fromkeys(names)
    }


def _tally(outcomes: Sequence[Outcome]) -> Tally:
    found = Counter(kind for one in outcomes for kind in {finding.kind for finding in one.findings})
    return Tally(
        runs=len(outcomes),
        kills=sum(one.kills for one in outcomes),
        failed=sum(1 for one in outcomes if one.findings),
        found={kind: found[kind] for kind in KINDS},
    )


def _example(outcome: Outcome) -> Example:
    return Example(
        run=f"{outcome.plot} {outcome.run.model_dump_json()}",
        found=tuple(f"{finding.kind}: {finding.what}" for finding in outcome.findings),
    )

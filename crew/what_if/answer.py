"""What a question about past cycles came to: one record, which the table and --json show."""

from collections.abc import Iterator

from pydantic import Field

from crew.what_if.comparison import Difference
from crew.what_if.estimate import Estimate
from crew.what_if.hindsight import Outlook, known_pnl
from records.base import Amount, Record, UtcTime
from records.cycle import Outcome


class Compared(Record):
    """One cycle as it was and as it would have been."""

    cycle_id: str
    at: UtcTime
    outcome_was: Outcome
    outcome_now: Outcome
    reason_was: str | None
    reason_now: str | None
    heard: int = Field(description="Model calls answered from the recording.")
    asked: int = Field(description="Model calls that were asked anew.")
    without_news: bool = Field(
        description="The crew met without news, because the recorded cycle had read none."
    )
    differences: tuple[Difference, ...]


class UnansweredCycle(Record):
    """A cycle that gave no answer, and why."""

    cycle_id: str
    why: str


class HindsightSum(Record):
    """What the decisions that differ were worth together, by one horizon; hindsight."""

    horizon: str
    was: Amount = Field(description="As recorded, quote currency, after fees.")
    now: Amount = Field(description="As it would have been.")
    not_known_yet: int


class Counts(Record):
    """The figures of an answer."""

    flips: int
    vetoes_gained: int
    vetoes_lost: int
    size_changes: int
    heard: int = Field(description="Model calls answered from the recording.")
    asked: int = Field(description="Model calls that were asked anew.")
    cost_usd: Amount
    unpriced_calls: int


class Answer(Record):
    """The whole answer."""

    change: str
    currency: str
    estimate: Estimate
    budget_usd: Amount | None
    compared: tuple[Compared, ...]
    unanswered: tuple[UnansweredCycle, ...]
    heard: int
    asked: int
    tokens: int = Field(description="Of the calls that were asked anew.")
    cost_usd: Amount
    unpriced_calls: int
    stopped: str | None = Field(default=None, description="Why not all cycles were run again.")

    @property
    def differences(self) -> tuple[Difference, ...]:
        return tuple(one for cycle in self.compared for one in cycle.differences)

    @property
    def flips(self) -> int:
        return sum(one.flipped for one in self.differences)

    def vetoes(self, kind: str) -> int:
        """How many were gained, or lost."""
        return sum(one.veto == kind for one in self.differences)

    @property
    def resized(self) -> int:
        return sum(one.size_change_pct is not None for one in self.differences)

    @property
    def counts(self) -> Counts:
        return Counts(
            flips=self.flips,
            vetoes_gained=self.vetoes("gained"),
            vetoes_lost=self.vetoes("lost"),
            size_changes=self.resized,
            heard=self.heard,
            asked=self.asked,
            cost_usd=self.cost_usd,
            unpriced_calls=self.unpriced_calls,
        )

    def hindsight(self) -> Iterator[HindsightSum]:
        """Of every horizon the sums over entries that differ; exits are told one by one."""
        entries = [one for one in self.differences if one.kind == "entry"]
        for horizon in _horizons(self.differences):
            was, unknown = known_pnl([one.hindsight_was for one in entries], horizon)
            now, also = known_pnl([one.hindsight_now for one in entries], horizon)
            yield HindsightSum(horizon=horizon, was=was, now=now, not_known_yet=unknown + also)

    def document(self) -> dict[str, object]:
        """As --json prints it."""
        return {
            **self.model_dump(mode="json"),
            **self.counts.model_dump(mode="json"),
            "hindsight": [one.model_dump(mode="json") for one in self.hindsight()],
        }


def _horizons(differences: tuple[Difference, ...]) -> tuple[str, ...]:
    looks: Iterator[Outlook] = (
        look for one in differences for look in (*one.hindsight_was, *one.hindsight_now)
    )
    return tuple(dict.fromkeys(look.horizon for look in looks))

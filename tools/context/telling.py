"""Makes readings and labels of one source, so that none is without its source and times."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from records.context import Label, Reading, Unit

_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Teller:
    """What everything told from one source has in common."""

    source: str
    at: datetime
    """The moment its values are of."""
    read_at: datetime
    why_not: str = "nothing is known of it"
    """The reason of each value that is missing, unless it has its own."""

    def reading(
        self,
        name: str,
        value: Decimal | float | None,
        unit: Unit,
        *,
        of: str | None = None,
        why_not: str | None = None,
        finding: str | None = None,
    ) -> Reading:
        """A figure, floats at six significant digits; or a missing one with its reason."""
        return Reading(
            name=name,
            value=_exact(value),
            unit=unit,
            source=self.source[:60],
            at=None if value is None else self.at,
            read_at=self.read_at,
            finding=(why_not or self.why_not)[:300] if value is None else finding,
            of=None if value is None else of,
        )

    def label[W: str](self, name: str, word: W | None, why_not: str | None = None) -> Label[W]:
        """A word, or a missing one with its reason."""
        return Label(
            name=name,
            value=word,
            source=self.source[:60],
            at=None if word is None else self.at,
            read_at=self.read_at,
            finding=(why_not or self.why_not)[:300] if word is None else None,
        )


def _exact(value: Decimal | float | None) -> Decimal | None:
    if value is None or isinstance(value, Decimal):
        return value
    return Decimal(format(Decimal(f"{value:.{_DIGITS}g}"), "f"))

"""
Has the extra indicators computed by another process, while this one imports CrewAI.

What that process does not answer, or not in time, is missing: it was asked for beyond
what the desk needs, and no cycle ends because of it. Without names nothing is started.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence

from pydantic import ValidationError

from records.candles import CandleSeries
from records.reports import IndicatorSet
from tools.indicators.compute import document_of
from tools.indicators.extra import ExtraName, columns_of
from tools.worker import Worker

_TIMEOUT_S = 20.0
_log = logging.getLogger(__name__)

Values = Mapping[str, float | None]


class ExtraNumbers:
    """The extras of one cycle: started early, collected when an agent is about to read."""

    def __init__(self, names: Sequence[ExtraName]) -> None:
        self.columns = columns_of(names)
        self._names = tuple(names)
        self._worker: Worker | None = None
        self._asked = 0

    def start(self, all_series: Iterable[CandleSeries]) -> None:
        """Begin and return at once."""
        if not self._names or not (wanted := tuple(all_series)):
            return
        self._asked = len(wanted)
        try:
            self._worker = Worker("tools.indicators.compute", document_of(wanted, self._names))
        except OSError as error:
            _log.warning("extra indicators are missing: %s", error.strerror)

    def finish(self) -> Mapping[tuple[str, str], Values]:
        """Wait for the values, by symbol and interval; those that are not there are missing."""
        if self._worker is None:
            return {}
        lines, ending = self._worker.finish(_TIMEOUT_S)
        self._worker = None
        try:
            sets = [IndicatorSet.model_validate_json(line) for line in lines]
        except ValidationError:
            sets = []
        if len(sets) < self._asked:
            _log.warning("extra indicators are missing: %s", ending)
        return {(one.symbol, one.interval): one.values for one in sets}

    def stop(self) -> None:
        """End the other process, if nobody has asked for its values."""
        if self._worker is not None:
            self._worker.finish(0)
            self._worker = None

"""
Remembers what a model scored, so that it is paid once for an item.

Only a memory: a file that is not ours to the letter is ignored, and one that cannot be written
is done without. It holds ids and scores, no text, address or key.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from records.base import Record
from records.kept_file import keep, kept_text
from records.strict import NotStrict, one_object
from tools.news.item import Score

MAX_KEPT = 2_000
_LARGEST_BYTES = 200_000


class _Kept(Record):
    """What the file holds: of which model, and its scores, the oldest first."""

    by: str
    scores: Mapping[Annotated[str, Field(max_length=40)], Score]


class ScoreCache:
    """The scores of one model with one prompt, in one file."""

    def __init__(self, file: Path, by: str) -> None:
        self._file = file
        self._by = by

    def scores(self) -> Mapping[str, float]:
        """Score by item; empty when another model, or nobody, wrote the file."""
        try:
            text = kept_text(self._file, _LARGEST_BYTES)
            kept = _Kept.model_validate(one_object(text, max_bytes=_LARGEST_BYTES))
        except (OSError, NotStrict, ValueError):
            return {}
        return kept.scores if kept.by == self._by else {}

    def add(self, scores: Mapping[str, float]) -> None:
        """Keep these as well; the oldest make room."""
        every = {**self.scores(), **scores}
        newest = dict(list(every.items())[-MAX_KEPT:])
        keep(self._file, _Kept(by=self._by, scores=newest).model_dump_json())

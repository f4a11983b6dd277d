"""
Reports and proposals of earlier tasks, read back as the records they are.

A report that breaks its record is missing evidence, whoever wrote it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from crew.models.rules_figures import rows_of
from crew.models.rules_prompt import Evidence, Prompt
from records.proposal import SizedProposal
from records.reports import (
    ChartReport,
    ChartView,
    SentimentReport,
    SentimentView,
    TechnicalReport,
    TechnicalView,
)


@dataclass(frozen=True, slots=True)
class Views:
    """The three readers on one market; None where a reader said nothing usable."""

    technical: TechnicalView | None
    sentiment: SentimentView | None
    chart: ChartView | None


def views_of(prompt: Prompt, symbol: str) -> Views:
    """What the readers wrote about a market."""
    technical = _record(prompt.report("technical"), TechnicalReport)
    sentiment = _record(prompt.report("sentiment"), SentimentReport)
    chart = _record(prompt.report("chart"), ChartReport)
    return Views(
        technical=_about(symbol, technical.views) if technical else None,
        sentiment=_about(symbol, sentiment.views) if sentiment else None,
        chart=_about(symbol, chart.views) if chart else None,
    )


def proposals_of(prompt: Prompt) -> list[SizedProposal | str]:
    """Every proposal of the cycle; one that cannot be read is given as its bare id."""
    found: list[SizedProposal | str] = []
    for document in prompt.report("proposal").documents:
        listed = document.get("proposals")
        for entry in listed[:50] if isinstance(listed, list) else ():
            proposal = _parsed(entry, SizedProposal)
            name = entry.get("proposal_id") if isinstance(entry, dict) else None
            if proposal is not None:
                found.append(proposal)
            elif isinstance(name, str) and 1 <= len(name) <= 80:
                found.append(name)
    return found


def _about[V: (TechnicalView, SentimentView, ChartView)](
    symbol: str, views: tuple[V, ...]
) -> V | None:
    return next((view for view in views if view.symbol == symbol), None)


def _record[M: BaseModel](evidence: Evidence, kind: type[M]) -> M | None:
    return _parsed(_views_of(evidence.documents[0]), kind) if evidence.documents else None


def _views_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A report's table as the views it was made from."""
    if "columns" not in document:
        return document
    views = [row.cells for row in rows_of(document)]
    kept = {name: value for name, value in document.items() if name not in ("columns", "rows")}
    return {**kept, "views": views}


def _parsed[M: BaseModel](document: Any, kind: type[M]) -> M | None:
    try:
        return kind.model_validate_json(orjson.dumps(document, default=str))
    except (ValidationError, orjson.JSONEncodeError):
        return None

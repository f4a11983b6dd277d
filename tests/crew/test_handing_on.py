"""What later tasks read of an answer: everything about their markets, and no other word."""

import json

from crew.handing_on import handed_on, proposals_handed_on
from crew.models.rules_prompt import read_prompt
from crew.models.rules_reports import proposals_of, views_of
from crew.prompts import block
from records.base import Record
from records.proposal import ProposalDraft, TradeProposal
from records.reports import ChartReport, SentimentReport, TechnicalReport
from tests.tools.risk.cases import NOW

BTC, ETH = "BTC/USDT", "ETH/USDT"
LONG = "x" * 200
TECHNICAL = TechnicalReport.model_validate(
    {"views": [
        {"symbol": BTC, "bias": "bullish", "conviction": 0.5, "reasons": ["a 1", "b 2", "c", "d"]},
        {"symbol": ETH, "bias": "neutral", "conviction": 0, "reasons": [LONG]},
    ]}
)  # fmt: skip
SENTIMENT = SentimentReport.model_validate(
    {"views": [{"symbol": BTC, "mood": "positive", "score": 0.2, "confidence": "low",
                "items": ["n1"], "reasons": ["one headline"]}]}
)  # fmt: skip
CHART = ChartReport.model_validate(
    {"read_from": "geometry", "views": [
        {"symbol": BTC, "trend": "up", "support": "450.18", "conviction": 0.4, "reasons": ["up"]},
    ]}
)  # fmt: skip


def proposal(symbol: str) -> TradeProposal:
    draft = ProposalDraft.model_validate(
        {"symbol": symbol, "action": "open_long", "stop": "98", "thesis": "Higher lows."}
    )
    return TradeProposal(
        proposal_id=f"c-{symbol}",
        cycle_id="c",
        created_at=NOW,
        draft=draft,
        situation="long 3",
        sizing=None,
    )


def test_views_of_other_markets_are_left_out() -> None:
    """The officer judges what was proposed, and pays for no other market."""
    told = json.loads(handed_on(TECHNICAL, [ETH]))
    assert [row[0] for row in told["rows"]] == [ETH]


def test_reasons_are_few_and_short() -> None:
    """A reader that writes an essay does not make every later call longer."""
    rows = json.loads(handed_on(TECHNICAL, [BTC, ETH]))["rows"]
    assert rows[0][-1] == ["a 1", "b 2"]
    assert len(rows[1][-1][0]) == 100 and rows[1][-1][0].endswith("…")


def test_a_proposal_is_handed_on_without_what_only_the_ledger_needs() -> None:
    """Nulls and defaults say nothing; the situation is the lessons' business."""
    told = json.loads(proposals_handed_on([proposal(BTC), proposal(ETH)], [BTC]))
    assert told == {
        "proposals": [
            {"proposal_id": f"c-{BTC}", "draft": {
                "symbol": BTC, "action": "open_long", "stop": "98", "thesis": "Higher lows.",
            }}
        ]
    }  # fmt: skip


def test_the_rulebook_reads_what_is_handed_on() -> None:
    """The compact form says the same as the record."""

    def told(name: str, given: Record) -> str:
        return block("report", name, handed_on(given, [BTC]))

    text = "\n\n".join(
        [
            told("technical", TECHNICAL), told("sentiment", SENTIMENT), told("chart", CHART),
            block("report", "proposal", proposals_handed_on([proposal(BTC)], [BTC])),
        ]
    )  # fmt: skip
    prompt = read_prompt([{"role": "user", "content": text}])
    views = views_of(prompt, BTC)
    assert views.technical is not None and views.technical.conviction == 0.5
    assert views.sentiment is not None and views.sentiment.score == 0.2
    assert views.chart is not None and str(views.chart.support) == "450.18"
    (read,) = proposals_of(prompt)
    assert not isinstance(read, str) and read.draft == proposal(BTC).draft

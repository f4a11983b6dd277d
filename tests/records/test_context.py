"""A reading is whole, or says why it is missing."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from records.context import Earlier, Label, Outside, Reading, Regime

AT = datetime(2022, 6, 14, tzinfo=UTC)
WHOLE: dict[str, Any] = {
    "name": "fear_greed",
    "value": Decimal(8),
    "unit": "points",
    "source": "api.example",
    "at": AT,
    "read_at": AT,
}


def test_a_reading_is_written_and_read_again_digit_for_digit() -> None:
    """It is kept in files, and replayed from them."""
    reading = Reading(**WHOLE)

    assert Reading.model_validate_json(reading.model_dump_json()) == reading


@pytest.mark.parametrize(
    "change",
    [
        {"value": None},
        {"at": None},
        {"value": None, "at": None},
        {"value": None, "at": None, "finding": "\u200b"},
        {"value": float("nan")},
        {"unit": "bananas"},
        {"source": ""},
        {"source": "h" * 61},
        {"finding": "w" * 301},
        {"read_at": datetime(2022, 6, 14)},  # noqa: DTZ001
    ],
)
def test_half_a_reading_is_none(change: dict[str, Any]) -> None:
    """A missing value without its reason could be taken for calm."""
    with pytest.raises(ValidationError):
        Reading(**WHOLE | change)


def test_a_missing_value_has_its_reason() -> None:
    """The plain form of a source that is down."""
    missing = Reading(**WHOLE | {"value": None, "at": None, "finding": "its connection failed"})

    assert (missing.value, missing.finding) == (None, "its connection failed")


def test_what_was_asked_outside_is_read_again_digit_for_digit() -> None:
    """A replay stands on it."""
    outside = Outside(
        fear_greed=Reading(**WHOLE),
        open_interest={"BTC/USDT": Earlier(open_interest=Decimal("87654.3210"), at=AT)},
    )

    assert Outside.model_validate_json(outside.model_dump_json()) == outside
    assert outside.asked == (Reading(**WHOLE),)


def test_a_word_of_no_closed_set_is_no_label() -> None:
    """What code says of the market is one of a few words, never a sentence."""
    label = {"name": "market_regime", "source": "x", "at": AT, "read_at": AT}

    assert Label[Regime](**label, value="risk_on").value == "risk_on"
    with pytest.raises(ValidationError):
        Label[Regime](**label, value="buy everything")
    with pytest.raises(ValidationError):
        Label[Regime](**label | {"at": None}, value=None)

"""A moment as people type it, always in UTC, never guessed."""

from datetime import UTC, datetime, timedelta

import pytest

from crew.moments import moment
from records.errors import SettingsError

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T09:30", datetime(2026, 11, 1, 9, 30, tzinfo=UTC)),
        ("2026-11-01T09:30:00Z", datetime(2026, 11, 1, 9, 30, tzinfo=UTC)),
        ("2026-11-01T09:30:00+02:00", datetime(2026, 11, 1, 7, 30, tzinfo=UTC)),
        ("90m", NOW - timedelta(minutes=90)),
        ("24h", NOW - timedelta(days=1)),
        ("7d", NOW - timedelta(days=7)),
        (" 4w ", NOW - timedelta(weeks=4)),
    ],
)
def test_dates_times_and_how_long_ago_are_understood(typed: str, meant: datetime) -> None:
    """A time without a zone is UTC, as everything that the desk prints."""
    assert moment(typed, NOW, "--since") == meant


@pytest.mark.parametrize("typed", ["yesterday", "", "1y", "2026-13-01", "999999w", "٣h", "-1h"])
def test_anything_else_is_refused_in_one_sentence(typed: str) -> None:
    """A moment that was guessed would list the wrong cycles in silence."""
    with pytest.raises(SettingsError, match="--since takes a date"):
        moment(typed, NOW, "--since")

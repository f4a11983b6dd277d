"""A moment as people type it: a date, a time in UTC, or how long ago."""

import re
from datetime import UTC, datetime, timedelta

from records.errors import SettingsError

_AGO = re.compile(r"([0-9]{1,5})(m|h|d|w)", re.ASCII)
_UNIT = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime, option: str) -> datetime:
    """
    What `--since` or `--until` names, in UTC; raises SettingsError in its name.

    2026-11-02, 2026-11-02T09:30, 2026-11-02T09:30:00Z, or 90m, 24h, 7d, 4w before now.
    """
    try:
        if ago := _AGO.fullmatch(text.strip()):
            return now - timedelta(**{_UNIT[ago[2]]: int(ago[1])})
        named = datetime.fromisoformat(text.strip())
        return named.replace(tzinfo=UTC) if named.tzinfo is None else named.astimezone(UTC)
    except (ValueError, OverflowError):
        raise SettingsError(
            f"{option} takes a date, a time in UTC or how long ago, such as 2026-11-02, "
            f"2026-11-02T09:30 or 24h, not {text[:40]!r}."
        ) from None

"""
Which tests are long: they run by `uv run pytest -m long`, and not with the others.

Each proves at length, mostly through whole cycles, what shorter tests beside it hold. A file
that is named on the command line is run whatever it is.
"""

from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_LONG = tuple(
    _HERE / name
    for name in (
        "crash",
        "crew/test_chart_vision.py",
        "crew/test_cli_what_if.py",
        "crew/test_contrarian.py",
        "crew/test_overlap.py",
        "crew/test_real_trade.py",
        "crew/test_record_test.py",
        "crew/test_replay_of_a_venue.py",
        "crew/test_replays.py",
        "crew/what_if/test_what_if.py",
        "real/test_crashes.py",
        "real/test_real_candles.py",
        "real/test_traps.py",
        "real/test_what_if.py",
        "redteam/test_redteam.py",
        "tools/indicators/test_extra.py",
    )
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark them, so that `-m` can tell them apart; a file that was named is not left out."""
    short_only = config.option.markexpr == "not long"
    named = {Path(name.partition("::")[0]).resolve() for name in config.args if short_only}
    for item in items:
        if item.path not in named and any(item.path.is_relative_to(long) for long in _LONG):
            item.add_marker("long")

"""A cycle on an exchange's own account: ccxt and HTTP against the venue in ../shared."""

from pathlib import Path

import pytest

from crew.cycle import run_cycle
from crew.desk import open_desk
from crew.flatten import flatten
from tests.crew.desks import settings
from tests.tools.exchange.loopback import KEY, SECRET, LoopbackVenue, running, venue

__all__ = ["running", "venue"]

_MARKETS = (
    "venue=binanceusdm",
    "symbols=[BTC/USDT, ETH/USDT]",
    "intervals=[5m, 1h, 4h]",
    "news.feeds=[]",
    "model=rulebook/bold",
    "max_clock_offset_s=10",
)


def quiet(_text: str) -> None:
    """Progress nobody reads."""


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_API_KEY", KEY)
    monkeypatch.setenv("DESK_API_SECRET", SECRET)


def test_a_venue_whose_clock_is_far_off_is_looked_after_but_not_traded(
    tmp_path: Path, venue: LoopbackVenue
) -> None:
    """The loopback venue lives in another year than this machine."""
    wanted = settings(*_MARKETS, f"exchange_url={venue.url}", "mode=testnet")
    with open_desk(wanted, tmp_path) as desk:
        record = run_cycle(desk, quiet)

    assert (record.outcome, record.hold_reason, record.exit_code) == ("hold", "clock", 0)
    assert record.account is not None
    assert record.account.equity == 10_000
    assert venue.orders() == []


def test_an_account_that_cannot_be_read_is_a_failure(
    tmp_path: Path, venue: LoopbackVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that was taken back must not look like a quiet day to whoever reads cron's mail."""
    monkeypatch.setenv("DESK_API_SECRET", "wrong")
    wanted = settings(*_MARKETS, f"exchange_url={venue.url}", "mode=testnet")
    with open_desk(wanted, tmp_path) as desk:
        record = run_cycle(desk, quiet)

    assert (record.outcome, record.exit_code) == ("hold", 4), record.message


def test_flatten_leaves_nothing_and_says_so(tmp_path: Path, venue: LoopbackVenue) -> None:
    """Flat is what the venue says, not what the ledger says."""
    wanted = settings(*_MARKETS, f"exchange_url={venue.url}", "mode=testnet")
    with open_desk(wanted, tmp_path, for_crew=False) as desk:
        record = flatten(desk, None, quiet)

    assert (record.outcome, record.exit_code) == ("hold", 0), record.message


def test_no_key_gets_into_anything_that_is_kept(tmp_path: Path, venue: LoopbackVenue) -> None:
    """Ledger, transcript and recording hold neither key nor secret."""
    wanted = settings(
        *_MARKETS, f"exchange_url={venue.url}", "mode=testnet", "environment=production"
    )
    with open_desk(wanted, tmp_path) as desk:
        run_cycle(desk, quiet)
    kept = [file for file in tmp_path.rglob("*") if file.is_file()]

    assert [file for file in kept if file.name == "settings.json"]
    for file in kept:
        content = file.read_bytes()
        assert KEY.encode() not in content, file
        assert SECRET.encode() not in content, file

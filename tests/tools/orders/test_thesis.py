"""A position knows why it was opened, when that is proven wrong, and when it should come true."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from records.candles import CandleSeries
from records.clock import epoch_ms
from records.proposal import ProposalDraft
from records.risk import ExitRules
from tests.crash.script import BTC
from tests.tools.orders.live import Live, sound
from tests.tools.orders.theses import OPENED, held
from tools.orders.thesis import invalidated_at, judged

LONG = {"side": "long", "invalidation_price": Decimal(95)}
SHORT = {"side": "short", "invalidation_price": Decimal(105)}


def naming(hours):
    return ProposalDraft(
        symbol=BTC, action="open_long", stop=Decimal(90), thesis="Higher lows.", deadline_h=hours
    )


def closing(*prices, first=datetime(2026, 3, 1, 12, 0, tzinfo=UTC), reach=50):
    """3m candles from `first` on that closed at these prices, with wicks to both sides."""
    times = [epoch_ms(first + timedelta(minutes=3 * i)) for i in range(len(prices))]
    rows = [(p, p + reach, p - reach, p, 1) for p in prices]
    return CandleSeries.checked(
        BTC, "3m", np.array(times, dtype=np.int64), np.array(rows, dtype=np.float64)
    )


@pytest.mark.parametrize(
    ("terms", "prices", "minutes"),
    [
        (LONG, (100, 96, 94, 93), 9),
        (LONG, (100, 95, 99), 6),
        (LONG, (95.01, 95.01), None),
        (SHORT, (100, 104, 106, 90), 9),
        (SHORT, (105, 90), 3),
        (SHORT, (104.99, 104.99), None),
        ({"invalidation_price": None}, (60, 60), None),
    ],
)
def test_the_first_close_at_or_beyond_the_price_invalidates(terms, prices, minutes):
    """The candle that was open at the entry counts too: its close came after."""
    at = invalidated_at(held(**terms), closing(*prices))
    assert at == (None if minutes is None else OPENED + timedelta(minutes=minutes - 1))


def test_a_wick_proves_nothing():
    """Candles reach 50 beyond the price and close above it: the stop is there for wicks."""
    assert invalidated_at(held(**LONG), closing(100, 99, 98)) is None


def test_candles_of_before_the_entry_prove_nothing():
    """A thesis is about what comes after; a close at the very moment of the entry is before."""
    at_entry = closing(90, first=OPENED - timedelta(minutes=3))
    assert invalidated_at(held(**LONG), at_entry) is None
    just_after = held(**LONG, opened_at=OPENED - timedelta(milliseconds=1))
    assert invalidated_at(just_after, at_entry) == OPENED


def test_no_candles_prove_nothing():
    """A market without its frame is judged when it has one again."""
    assert judged(held(**LONG), None, None, ExitRules()) == held(**LONG)


def test_an_invalidated_thesis_stays_so_when_the_price_comes_back():
    """Otherwise a review could be missed between two cycles."""
    once = judged(held(**LONG), None, closing(94), ExitRules())
    assert once.invalidated_at == OPENED + timedelta(minutes=2)
    assert judged(once, None, closing(120, 94, 120), ExitRules()) == once
    assert once.thesis_failure(OPENED) == "thesis_invalidated"
    assert once.thesis_failed_at(OPENED) == once.invalidated_at


@pytest.mark.parametrize(
    ("named_h", "settings_h", "due_h"),
    [(None, None, None), (5, None, 5), (None, 7, 7), (5, 7, 5), (9, 7, 7)],
)
def test_the_sooner_deadline_holds(named_h, settings_h, due_h):
    """An analyst cannot put off what the settings ask for."""
    seen = judged(held(), naming(named_h), None, ExitRules(thesis_deadline_h=settings_h))
    due = None if due_h is None else OPENED + timedelta(hours=due_h)
    assert seen.deadline_at == due
    if due is not None:
        assert seen.thesis_failure(due - timedelta(microseconds=1)) is None
        assert seen.thesis_failure(due) == "thesis_deadline"
        assert seen.thesis_failed_at(due) == due


def test_a_deadline_from_the_settings_can_be_taken_back():
    """The proposal's own stands again; a cycle with a wrong setting must not sell for good."""
    wrong = judged(held(), naming(72), None, ExitRules(thesis_deadline_h=1))
    right = judged(wrong, naming(72), None, ExitRules())
    assert right.deadline_at == OPENED + timedelta(hours=72)


def test_a_failed_thesis_awaits_its_review_until_a_crew_met():
    """Also when the candle that tells it came late, and again when its deadline passes after."""
    soon = OPENED + timedelta(hours=1)
    wrong = held(invalidated_at=OPENED)
    assert not held().awaits_review(soon)
    assert wrong.awaits_review(soon)
    assert not wrong.model_copy(update={"reviewed_at": OPENED}).awaits_review(soon)

    met = held(**LONG, reviewed_at=soon)
    late_news = judged(met, None, closing(94), ExitRules())
    assert late_news.invalidated_at < soon
    assert late_news.awaits_review(soon)

    due = held(deadline_at=soon)
    assert not due.awaits_review(soon - timedelta(seconds=1))
    assert due.awaits_review(soon)
    assert not due.model_copy(update={"reviewed_at": soon}).awaits_review(soon)
    assert due.model_copy(update={"reviewed_at": OPENED}).awaits_review(soon)


@pytest.fixture
def live(ledger):
    return Live(ledger)


BOTH = pytest.mark.parametrize("side", ["buy", "sell"])
LOOSE = {"early_exit_pct": None, "trailing_start_pct": None}


def proven_wrong(live, side):
    """A position whose invalidation price a decision candle has closed beyond since."""
    live.cycle().open(side)
    sign = 1 if side == "buy" else -1
    position = live.position()
    price = (position.entry_price * (100 - sign) / 100).quantize(Decimal("0.1"))
    live.ledger.account.save_position(position.model_copy(update={"invalidation_price": price}))
    live.frames = {"3m": closing(float(price), first=position.opened_at, reach=0.01)}


@BOTH
@pytest.mark.parametrize("closes", [False, True])
def test_an_invalidated_thesis_closes_when_the_settings_say_so(live, side, closes):
    """By default it is noted once, for the review; with the setting code leaves at once."""
    proven_wrong(live, side)
    for _ in range(2):
        live.cycle().protect(exit_on_invalidation=closes, **LOOSE)

    told = [e for e in live.ledger.safety.events(50) if e.kind == "thesis_invalidated"]
    assert [event.level for event in told] == ["warning"], "told once"
    if closes:
        assert live.position() is None
        assert live.ledger.account.trades(1)[0].exit_reason == "thesis_invalidated"
        assert live.audit.position == 0
    else:
        assert live.position().invalidated_at is not None
    sound(live)


@BOTH
@pytest.mark.parametrize("closes", [False, True])
def test_an_overdue_thesis_closes_when_the_settings_say_so(live, side, closes):
    """The deadline is counted from the entry."""
    live.cycle().open(side)
    rules = {"thesis_deadline_h": 1, "exit_on_deadline": closes, **LOOSE}
    live.cycle().protect(**rules)
    assert live.position().deadline_at == live.position().opened_at + timedelta(hours=1)
    live.venue.advance(seconds=3600)

    trades = live.cycle().protect(**rules)

    assert [trade.exit_reason for trade in trades] == (["thesis_deadline"] if closes else [])
    sound(live)

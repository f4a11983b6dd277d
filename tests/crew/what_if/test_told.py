"""Answers in words: what is written by strangers does nothing, and counts are right."""

from decimal import Decimal

from crew.what_if import told
from crew.what_if.answer import Answer, Compared, UnansweredCycle
from crew.what_if.comparison import differences
from crew.what_if.estimate import Estimate
from crew.what_if.hindsight import Outlook
from crew.what_if.page import answer_page
from crew.what_if.stances import Stances
from crew.what_if.table import table
from tests.crew.what_if.stance_case import AT, refused, stance, stances_of

HOSTILE = "\x1b[2J<script>alert(1)</script>\u202eveto"
FREE = Estimate(cycles=1, calls=0, tokens=0, usd=Decimal(0), unpriced=(), free_calls=0, may_ask=())


def an_answer(was: Stances, now: Stances, *, why: str = "") -> Answer:
    looks = (
        Outlook(horizon="1 h", pct=Decimal(3), pnl=Decimal(6), ended_by="stop"),
        Outlook(horizon="end"),
    )
    found = tuple(
        one.model_copy(update={"hindsight_was": looks if one.was and one.was.done else ()})
        for one in differences("c1", AT, was, now)
    )
    return Answer(
        change="a test",
        currency="USDT",
        estimate=FREE,
        budget_usd=None,
        compared=(
            Compared(
                cycle_id="c1", at=AT, outcome_was="traded", outcome_now="vetoed", reason_was=None,
                reason_now=None, heard=3, asked=1, without_news=False, differences=found,
            ),
        ),
        unanswered=(UnansweredCycle(cycle_id="c2", why=why),) if why else (),
        heard=3, asked=1, tokens=10, cost_usd=Decimal(0), unpriced_calls=0,
    )  # fmt: skip


def test_words_of_a_model_are_inert_on_terminal_and_page() -> None:
    """A rule's name, a reason: strangers may have written both."""
    found = an_answer(
        stances_of(stance()), stances_of(refused(HOSTILE)), why=f"{HOSTILE}\nsecond line"
    )
    said, page = table(found), answer_page(found)

    assert "\x1b" not in said + page
    assert "\u202e" not in said + page
    assert "<script" not in page
    assert "second line" in said.splitlines()[-1]


def test_flips_come_before_vetoes_and_sizes() -> None:
    """What was done otherwise is what people look for."""
    smaller = stance(symbol="ETH/USDT", quantity=Decimal(1))
    was = stances_of(stance(symbol="ETH/USDT"), refused("cash", symbol="SOL/USDT"), stance())
    found = an_answer(was, stances_of(smaller))

    assert [one.symbol for one in told.in_order(found)] == ["BTC/USDT", "SOL/USDT", "ETH/USDT"]
    assert (found.flips, found.vetoes("lost"), found.resized) == (1, 1, 1)


def test_sums_tell_how_much_is_not_known_yet() -> None:
    """A sum over what is known alone would look like the whole."""
    found = an_answer(stances_of(stance()), {})
    sums = {one.horizon: one for one in found.hindsight()}

    assert (sums["1 h"].was, sums["1 h"].not_known_yet) == (6, 0)
    assert (sums["end"].was, sums["end"].not_known_yet) == (0, 1)
    assert "not known yet" in table(found)


def test_no_difference_is_said_in_figures() -> None:
    """An empty table alone could be a fault."""
    said = table(an_answer(stances_of(stance()), stances_of(stance())))

    assert "0 flips, 0 vetoes gained, 0 lost, 0 sizes changed" in said
    assert "3 model calls from the recording, 1 asked anew, 0.0000 USD" in said
    assert "hindsight" not in said

"""What is read back is what was written, to the last digit and microsecond."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.sqlite import dialect

from records.errors import LedgerCorrupt, LedgerError
from tools.ledger.exact import MAX_DIGITS, ExactDecimal, Flag, UtcMicros

SQLITE = dialect()
AMOUNT, TIME, FLAG = ExactDecimal(), UtcMicros(), Flag()


@given(st.decimals(allow_nan=False, allow_infinity=False, places=40) | st.decimals("-1e60", "1e60"))
def test_any_decimal_comes_back_equal(value):
    """A ledger that rounds cannot be compared with an exchange."""
    text = AMOUNT.process_bind_param(value, SQLITE)

    assert AMOUNT.process_result_value(text, SQLITE) == value
    assert "E" not in text


@pytest.mark.parametrize(
    "text", ["0.1000000000000000001", "123456789012345.678901234567890", "-0.10"]
)
def test_digits_and_trailing_zeros_are_kept(text):
    """`1.10` and `1.1` are one number, but a fee printed with two digits stays so."""
    assert AMOUNT.process_bind_param(Decimal(text), SQLITE) == text


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1E+999999", "1E-999999"])
def test_an_amount_that_cannot_be_kept_is_refused(text):
    """A six-byte literal must not become a megabyte of zeros, nor NaN an amount."""
    with pytest.raises(LedgerError, match="Nothing was recorded"):
        AMOUNT.process_bind_param(Decimal(text), SQLITE)


def test_the_longest_amount_kept_has_max_digits():
    """The limit is exact on both sides."""
    assert AMOUNT.process_bind_param(Decimal(f"1E+{MAX_DIGITS - 1}"), SQLITE)
    with pytest.raises(LedgerError):
        AMOUNT.process_bind_param(Decimal(f"1E+{MAX_DIGITS}"), SQLITE)


@pytest.mark.parametrize("text", ["nan", "1e5", "1_0", " 1", "", "+1", ".5", "1.", "\u0661"])
def test_a_cell_no_desk_wrote_is_corruption(text):
    """Decimal() would take most of these; the ledger writes none of them."""
    with pytest.raises(LedgerCorrupt):
        AMOUNT.process_result_value(text, SQLITE)


@given(st.datetimes(timezones=st.just(UTC)))
def test_any_utc_time_comes_back_to_the_microsecond(value):
    """Floats in between would lose the last digits."""
    assert TIME.process_result_value(TIME.process_bind_param(value, SQLITE), SQLITE) == value


def test_another_zone_is_the_same_instant():
    """A venue may answer in its own zone."""
    tokyo = datetime(2025, 3, 3, 20, 0, tzinfo=timezone(timedelta(hours=9)))

    stored = TIME.process_bind_param(tokyo, SQLITE)

    assert TIME.process_result_value(stored, SQLITE) == datetime(2025, 3, 3, 11, 0, tzinfo=UTC)


def test_a_time_without_zone_is_refused():
    """It could be any of 38 instants."""
    with pytest.raises(LedgerError, match="no zone"):
        TIME.process_bind_param(datetime(2025, 3, 3), SQLITE)  # noqa: DTZ001


def test_impossible_cells_are_corruption():
    """Neither a year beyond 9999 nor a flag of 2 can have been written here."""
    with pytest.raises(LedgerCorrupt):
        TIME.process_result_value(2**62, SQLITE)
    with pytest.raises(LedgerCorrupt):
        FLAG.process_result_value(2, SQLITE)


@pytest.mark.parametrize("column", [AMOUNT, TIME, FLAG])
def test_nothing_stays_nothing(column):
    """Missing is a value of its own, not zero."""
    assert column.process_bind_param(None, SQLITE) is None
    assert column.process_result_value(None, SQLITE) is None

"""Candles in few bytes: every number comes back bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.typing import NDArray

from crew.packed_candles import pack, unpack
from records.errors import SettingsError

FLOATS = some.floats(allow_nan=True, allow_infinity=True, width=64)
PRICES = some.decimals(min_value=0, max_value=10**6, places=8, allow_nan=False).map(float)


def again(*columns: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Packed and unpacked."""
    content, digits = pack(columns)
    return unpack(content, [column.size for column in columns], digits)


def bits(column: NDArray[np.float64]) -> bytes:
    """What is compared: -0.0 is not 0.0, and one NaN is not another."""
    return np.asarray(column, dtype=np.float64).tobytes()


@given(some.lists(some.lists(FLOATS | PRICES, max_size=30), max_size=4))
def test_every_number_comes_back(columns: list[list[float]]) -> None:
    """A replay judges by them: not one digit may change."""
    arrays = [np.array(column, dtype=np.float64) for column in columns]

    assert [bits(one) for one in again(*arrays)] == [bits(one) for one in arrays]


def test_opening_times_come_back() -> None:
    """Milliseconds since 1970 are whole numbers."""
    times = np.arange(1_700_000_000_000, 1_700_000_600_000, 60_000, dtype=np.int64)
    content, digits = pack([times])

    assert unpack(content, [times.size], digits)[0].astype(np.int64).tolist() == times.tolist()


def test_prices_take_a_fraction_of_their_size() -> None:
    """Few digits and small moves: what this is for."""
    walk = np.round(30_000 + np.cumsum(np.random.default_rng(7).normal(0, 5, 6000)), 1)
    content, digits = pack([walk])

    assert digits == [1]
    assert len(content) < walk.nbytes / 4


@pytest.mark.parametrize("content", [b"", b"no such thing"])
def test_a_damaged_block_is_refused(content: bytes) -> None:
    """It would be other prices."""
    with pytest.raises(SettingsError, match="damaged"):
        unpack(content, [3], [0])


def test_a_block_of_another_length_is_refused() -> None:
    """Also one that would unpack to more than was told."""
    content, digits = pack([np.zeros(5000)])

    with pytest.raises(SettingsError, match="damaged"):
        unpack(content, [3], digits)

"""
The numbers of many candle series in few bytes, and back, bit for bit.

Prices have few digits and move little, so a column is kept as whole numbers of its smallest
step, each as its distance from the one before; a column that has no such step keeps its
bits. The bytes of equal weight stand together, which is what zlib is good at.
"""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from records.errors import SettingsError

_MOST_DIGITS = 10
_LARGEST = 2**53
"""Whole numbers beyond it have no float of their own."""
_LEVEL = 1
_BITS = -1

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def pack(columns: Sequence[Floats | Whole]) -> tuple[bytes, list[int]]:
    """All columns as one block, and the digits behind the point of each (-1: its bits)."""
    found = [_whole(column) for column in columns]
    steps = np.concatenate([_steps(whole) for _, whole in found]) if found else _NONE
    turned = steps.view(np.uint8).reshape(-1, 8).T
    return zlib.compress(turned.tobytes(), _LEVEL), [digits for digits, _ in found]


def unpack(block: bytes, lengths: Sequence[int], digits: Sequence[int]) -> list[Floats]:
    """The columns again; raises SettingsError when the block is not what was packed."""
    most = sum(lengths) * 8
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(block, most + 1)
    except zlib.error:
        raw = b""
    if len(raw) != most:
        raise SettingsError("The candles of the recording are damaged. Nothing was run.")
    turned = np.frombuffer(raw, dtype=np.uint8).reshape(8, -1).T
    steps = np.ascontiguousarray(turned).view(np.int64).reshape(-1)
    parts = np.split(steps, np.cumsum(lengths)[:-1]) if lengths else []
    return [_floats(part, number) for part, number in zip(parts, digits, strict=True)]


def _whole(column: NDArray[Any]) -> tuple[int, Whole]:
    if column.dtype == np.int64:
        return 0, column
    for digits in range(_MOST_DIGITS + 1):
        if not np.abs(column).max(initial=0) < _LARGEST / 10.0**digits:  # NaN is not, either
            break
        whole = np.rint(column * 10.0**digits)
        if np.array_equal(whole / 10.0**digits, column) and not np.signbit(column).any():
            return digits, whole.astype(np.int64)
    return _BITS, np.ascontiguousarray(column).view(np.int64)


def _steps(whole: Whole) -> Whole:
    """The distance from the value before, small ones of either sign as small numbers."""
    steps = np.diff(whole, prepend=np.int64(0))
    return (steps << 1) ^ (steps >> 63)


def _floats(steps: Whole, digits: int) -> Floats:
    signed = ((steps.view(np.uint64) >> np.uint64(1)).view(np.int64)) ^ -(steps & 1)
    whole = np.cumsum(signed, dtype=np.int64)
    return whole.view(np.float64) if digits == _BITS else whole / 10.0**digits


_NONE: Whole = np.array([], dtype=np.int64)

"""What the studio hands to the drawing process: finished numbers, and where the file goes."""

from typing import TypedDict


class LevelMark(TypedDict):
    """A horizontal line: `name` is support, resistance or close."""

    name: str
    price: float
    touches: int


class LineMark(TypedDict):
    """A trend line from its first bar in view to the last one."""

    bar: int
    start: float
    price: float
    touches: int


class Frame(TypedDict):
    """One interval of one market; every list but `levels` and `lines` has a value a candle."""

    interval: str
    heading: str
    open_time_ms: list[int]
    ohlcv: list[list[float]]
    averages: dict[str, list[float | None]]
    levels: list[LevelMark]
    lines: list[LineMark]
    wave: dict[str, list[float | None]]


class Chart(TypedDict):
    """One picture's content, as the studio writes it: one or two frames, the deciding one first."""

    symbol: str
    file: str
    title: str
    synthetic: bool
    frames: list[Frame]

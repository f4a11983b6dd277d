"""Each pattern on a chart drawn to be one, and on charts that lack one of its conditions."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from records.candles import CandleSeries
from tests.tools.chart.drawn import Points, chart, mirrored, through, walk
from tests.tools.indicators.samples import from_closes
from tools.chart.patterns import pattern

TOPS: Points = ((0, 100), (30, 120), (45, 110), (60, 120.1), (75, 108))


def found(points: Points, atr: float = 1.0, *, volume: Sequence[float] | None = None) -> str:
    closes = through(*points)
    amounts = None if volume is None else list(volume)
    return pattern(from_closes(closes, wick=0.0005, volume=amounts), atr).name


@pytest.mark.parametrize(("last", "name"), [(112.0, "breakout"), (98.0, "breakdown")])
def test_a_close_beyond_the_range_before_it_is_named(last: float, name: str) -> None:
    """The last bar is not part of the range it leaves."""
    closes = np.concatenate([105 + 4 * np.sin(np.arange(120) / 3), [last]])
    what = pattern(from_closes(closes), 2.0)
    edge = {"breakout": closes[20:120].max(), "breakdown": closes[20:120].min()}[name]
    assert what == (name, pytest.approx(edge))


def test_a_double_top_needs_the_valley_to_be_broken() -> None:
    """Two equal tops alone are only two tops; the level is the valley."""
    what = pattern(chart(*TOPS), 1.0)
    assert what == ("double_top", pytest.approx(110 * 0.999))
    assert found((*TOPS[:-1], (72, 110.5))) == "none"


def test_a_double_bottom_is_the_mirror_image() -> None:
    """Upside down, the same chart has the mirrored name and level."""
    what = pattern(chart(*mirrored(TOPS)), 1.0)
    assert what == ("double_bottom", pytest.approx(110 * 1.001))


@pytest.mark.parametrize(
    ("description", "points"),
    [
        ("unequal tops", (*TOPS[:3], (60, 123.0), (75, 108.0))),
        ("a shallow valley", ((0, 100), (30, 120), (45, 119), (60, 120.1), (66, 118))),
        ("tops side by side", ((0, 100), (30, 120), (33, 110), (36, 120.1), (50, 108))),
        ("an old break", ((0, 100), (30, 120), (45, 110), (60, 120.1), (75, 104), (90, 107))),
    ],
)
def test_what_is_no_double_top(description: str, points: Points) -> None:
    """Each lacks one condition."""
    assert found(points) == "none", description


RETEST: Points = (
    *((0, 100), (20, 110), (40, 102), (60, 110), (80, 103), (100, 109)),
    *((104, 113), (112, 110.2), (114, 111.2)),
)
"""A range below 110, left upwards, come back to, and held."""


def test_a_breakout_that_came_back_and_held_is_a_retest() -> None:
    """The old ceiling is the new floor; it is the price that proves the pattern wrong."""
    what = pattern(from_closes(through(*RETEST)), 1.0)
    assert what == ("breakout_retest", pytest.approx(110))
    assert found(mirrored(RETEST, 105)) == "breakdown_retest"


def test_a_breakout_that_failed_does_not_hide_the_one_that_held() -> None:
    """A first try above 110 that fell back, then the real one, both within twenty bars."""
    tried = (*RETEST[:6], (103, 110.3), (105, 108.5), (109, 113.5), (115, 110.6), (117, 111.6))
    what = pattern(from_closes(through(*tried)), 1.0)
    assert what == ("breakout_retest", pytest.approx(110.3))


@pytest.mark.parametrize(
    ("description", "points"),
    [
        ("never left it", (*RETEST[:6], (104, 110.9), (112, 110.2), (113, 110.6))),
        ("did not come back", (*RETEST[:6], (104, 113), (112, 111.8), (114, 112.4))),
        ("fell through it", (*RETEST[:6], (104, 113), (112, 109.0), (114, 110.8))),
        ("is still falling", (*RETEST[:6], (104, 113), (112, 110.3))),
        ("long ago", (*RETEST[:6], (104, 113), (120, 112), (130, 110.2), (132, 111.2))),
    ],
)
def test_what_is_no_retest(description: str, points: Points) -> None:
    """Each lacks one condition."""
    assert found(points) == "none", description


FLAG: Points = ((0, 105), (20, 100), (40, 104), (60, 100), (68, 110), (80, 107.5))
"""A pole of ten ATR in eight bars, then a rest that leans back a quarter of it."""
QUIET = [10.0] * 60 + [30.0] * 9 + [12.0] * 12


def test_a_steep_pole_and_a_quiet_rest_are_a_flag() -> None:
    """The pole's top is the price whose passing completes it."""
    what = pattern(from_closes(through(*FLAG), volume=QUIET), 1.0)
    assert what == ("bull_flag", 110)
    assert found(mirrored(FLAG, 105), volume=QUIET) == "bear_flag"


@pytest.mark.parametrize(
    ("description", "points", "volume"),
    [
        ("a loud rest", FLAG, QUIET[:69] + [40.0] * 12),
        ("more than half given back", (*FLAG[:-1], (80, 104.5)), QUIET),
        ("a rest that rises", (*FLAG[:-1], (70, 107.0), (80, 109.5)), QUIET),
        ("a low pole", ((0, 105), (20, 100), (40, 104), (63, 101), (68, 106), (80, 105)), QUIET),
        ("a slow pole", ((0, 105), (40, 100), (68, 110), (80, 108)), QUIET),
        ("hardly a rest", ((0, 105), (20, 98), *FLAG[2:-1], (71, 109)), QUIET[:72]),
    ],
)
def test_what_is_no_flag(description: str, points: Points, volume: Sequence[float]) -> None:
    """Each lacks one condition."""
    assert found(points, volume=volume) == "none", description


ASCENDING: Points = (
    *((0, 112), (10, 100), (22, 120), (34, 106), (46, 120), (56, 112), (64, 120), (69, 116.5)),
)
DESCENDING = mirrored(ASCENDING)
SYMMETRICAL: Points = (
    *((0, 112), (10, 100), (22, 122), (34, 103), (46, 118), (56, 106.5), (64, 115), (70, 112)),
)


@pytest.mark.parametrize(
    ("points", "name", "level"),
    [
        (ASCENDING, "ascending_triangle", 120 * 1.001),
        (DESCENDING, "descending_triangle", 100 * 0.999),
        (SYMMETRICAL, "symmetrical_triangle", None),
    ],
)
def test_two_lines_that_come_together_are_a_triangle(
    points: Points, name: str, level: float | None
) -> None:
    """Five turns; the flat side is the price that decides it."""
    what = pattern(chart(*points), 1.0)
    assert what.name == name
    assert what.level == (None if level is None else pytest.approx(level, rel=1e-3))


@pytest.mark.parametrize(
    ("description", "points"),
    [
        ("a channel", ((0, 112), (10, 100), (22, 112), (34, 104), (46, 116), (56, 108), (64, 120),
                       (69, 116))),
        ("lines that part", ((0, 110), (10, 108), (22, 112), (34, 106), (46, 114), (56, 104),
                             (64, 116), (69, 110))),
        ("a middle top off the line", (*ASCENDING[:4], (46, 117), *ASCENDING[5:])),
        ("a close below it", (*ASCENDING[:-1], (74, 108))),
        ("four turns", (*ASCENDING[:1], *ASCENDING[3:])),
    ],
)  # fmt: skip
def test_what_is_no_triangle(description: str, points: Points) -> None:
    """Each lacks one condition."""
    assert "triangle" not in found(points), description


def test_a_random_walk_seldom_shows_a_pattern() -> None:
    """Else a pattern would say nothing. The rates of docs/charts.md, on fewer walks."""
    counted: Counter[str] = Counter()
    for seed in range(12):
        series = walk(1000, seed)
        for end in range(200, 1000, 11):
            counted[_at(series, end)] += 1
    share = {name: count / counted.total() for name, count in counted.items()}
    edges = share.pop("breakout", 0) + share.pop("breakdown", 0)
    assert share.pop("none") > 0.8
    assert edges < 0.12
    assert max(share.values()) < 0.03


def _at(series: CandleSeries, end: int) -> str:
    from tools.chart.geometry import geometry

    return geometry(series.closed_by(int(series.open_time_ms[end])).last(300)).pattern

"""What the picture shows, read back from its points; and what drawing refuses."""

import io
import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tools.chart.content import Chart, Frame, LevelMark, LineMark
from tools.chart.panes import TAG_APART, _apart, figure_of
from tools.chart.render import MAX_BYTES, main, render


def _frame(interval: str = "1h") -> Frame:
    closes = [100 + 5 * float(np.sin(bar / 7)) for bar in range(100)]
    opened = [100.0, *closes[:-1]]
    rows = zip(opened, closes, strict=True)
    return Frame(
        interval=interval,
        heading=f"{interval}  to 01-05 04:00",
        open_time_ms=[1_735_689_600_000 + 3_600_000 * bar for bar in range(100)],
        ohlcv=[[o, max(o, c) + 1, min(o, c) - 1, c, 10.0] for o, c in rows],
        averages={
            "EMA 20": [*[None] * 19, *[97.0 + bar / 20 for bar in range(81)]],
            "EMA 50": [None] * 100,
            "EMA 200": [None] * 100,
        },
        levels=[
            LevelMark(name="support", price=96.0, touches=3),
            LevelMark(name="close", price=closes[-1], touches=0),
        ],
        lines=[],
        wave={"wt1": [float(bar - 50) for bar in range(100)], "wt2": [None] * 100},
    )


def _chart(
    path: Path, *frames: Frame, synthetic: bool = False, title: str = "BTC/USDT  1h"
) -> Chart:
    return Chart(
        symbol="BTC/USDT",
        file=str(path),
        title=title,
        synthetic=synthetic,
        frames=list(frames) or [_frame()],
    )


def _points(path: Path) -> NDArray[np.float64]:
    from matplotlib.image import imread

    return np.asarray(imread(path)[..., :3], dtype=np.float64)


def _share(points: NDArray[np.float64], color: str) -> float:
    from matplotlib.colors import to_rgb

    return float((np.abs(points - np.array(to_rgb(color))) < 0.1).all(axis=-1).mean())


def test_candles_averages_and_levels_are_on_the_picture(tmp_path: Path) -> None:
    """Rising and falling bodies, the EMA that exists, the level that exists; no other."""
    render(_chart(tmp_path / "a.png"))
    points = _points(tmp_path / "a.png")
    assert points.shape == (768, 1024, 3)
    assert _share(points, "#1a9e77") > 0.01
    assert _share(points, "#d1495b") > 0.01
    assert _share(points, "#e08a00") > 0.001
    assert _share(points, "#7a3e9d") == 0
    assert _share(points, "#0089a8") == 0


def test_a_trend_line_is_drawn_where_there_is_one(tmp_path: Path) -> None:
    """In a colour of its own, with its name over the pane."""
    frame = _frame()
    frame["lines"] = [LineMark(bar=10, start=94.0, price=99.0, touches=3)]
    render(_chart(tmp_path / "a.png", frame))
    assert _share(_points(tmp_path / "a.png"), "#0089a8") > 0.0005


def test_two_frames_stand_side_by_side(tmp_path: Path) -> None:
    """The right half has candles of its own; alone, the deciding frame has the whole width."""
    render(_chart(tmp_path / "two.png", _frame(), _frame("4h")))
    render(_chart(tmp_path / "one.png"))
    two, one = (_points(tmp_path / f"{name}.png") for name in ("two", "one"))
    assert _share(two[:, 620:910], "#d1495b") > 0.01
    assert _share(two[:, 500:600], "#d1495b") == 0
    assert _share(one[:, 500:600], "#d1495b") > 0.01


def test_a_picture_is_small_enough_to_be_sent(tmp_path: Path) -> None:
    """A palette: a model call carries several, and each turn of its task carries them again."""
    render(_chart(tmp_path / "a.png", _frame(), _frame("4h")))
    assert 10_000 < (tmp_path / "a.png").stat().st_size < 80_000


def test_a_flat_market_without_volume_can_be_drawn(tmp_path: Path) -> None:
    """No range to scale by, no bar to scale to, and a single candle."""
    for bars in (1, 40):
        frame = _frame()
        frame["open_time_ms"] = frame["open_time_ms"][:bars]
        frame["ohlcv"] = [[2.0, 2.0, 2.0, 2.0, 0.0]] * bars
        frame["averages"] = {"EMA 20": [None] * bars}
        frame["levels"] = [LevelMark(name="close", price=2.0, touches=0)]
        frame["wave"] = {"wt1": [None] * bars, "wt2": [None] * bars}
        render(_chart(tmp_path / f"{bars}.png", frame))
        assert (tmp_path / f"{bars}.png").exists()


def test_prices_on_the_axis_never_overlap() -> None:
    """Support, close and resistance are often a point apart; each keeps a line of its own."""
    heights = _apart([0.5, 0.505, 0.495, 0.999, 1.0])
    ordered = sorted(heights)
    assert all(b - a >= TAG_APART - 1e-9 for a, b in pairwise(ordered))
    assert heights[2] < heights[0] < heights[1] < heights[3] < heights[4] <= 1


@pytest.mark.parametrize(
    ("price", "shown"),
    [(69123.456, "69123.5"), (0.0854912, "0.085491"), (1.23456e-05, "0.000012346"), (7, "7")],
)
def test_prices_are_written_without_exponent(price: float, shown: str) -> None:
    """A model reads 1e-05 as anything."""
    assert figure_of(price) == shown


@pytest.mark.parametrize(("price", "inked"), [(0.0851, True), (0.0000123456, False)])
def test_headings_stay_inside_the_picture(price: float, inked: bool, tmp_path: Path) -> None:
    """Where the figures of the averages have no room, their names alone are written."""
    frames = (_frame(), _frame("4h"))
    for frame in frames:
        frame["averages"] = {name: [price] * 100 for name in frame["averages"]}
    render(_chart(tmp_path / "a.png", *frames))
    heading = _points(tmp_path / "a.png")[68:88]
    assert (heading[:, 1014:] > 0.99).all()
    assert bool((heading[:, 800:1000] < 0.5).any()) is inked


def test_a_synthetic_market_says_so_on_its_picture(tmp_path: Path) -> None:
    """Nobody may take an invented market for a real one; the word stands above the frames."""
    render(_chart(tmp_path / "real.png"))
    render(_chart(tmp_path / "invented.png", synthetic=True))
    corner = (slice(8, 34), slice(880, 1016))
    assert _share(_points(tmp_path / "invented.png")[corner], "#d1495b") > 0.02
    assert _share(_points(tmp_path / "real.png")[corner], "#d1495b") == 0


@pytest.mark.parametrize("title", ["$\\frac{", "$x$ ${", "\\", "a\nb", "%s {0}"])
def test_a_title_is_text_and_nothing_else(title: str, tmp_path: Path) -> None:
    """Mathematics in a market's name would otherwise break the drawing."""
    render(_chart(tmp_path / "a.png", title=title))
    assert (tmp_path / "a.png").stat().st_size > 10_000


def _run(document: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document)))
    return main()


def test_each_picture_is_reported_on_its_own_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The studio learns what became of each, the failed one included."""
    good, bad = _chart(tmp_path / "a.png"), _chart(tmp_path / "none" / "b.png")
    assert _run(json.dumps({"charts": [bad, good]}).encode(), monkeypatch) == 0
    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [report["error"] is None for report in reports] == [False, True]
    assert (tmp_path / "a.png").exists()


def test_too_much_input_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bounded memory: nothing is drawn from more than the cap."""
    assert _run(b" " * (MAX_BYTES + 1), monkeypatch) == 2
    assert capsys.readouterr().out == ""

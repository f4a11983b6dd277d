"""
Draws candle charts: `python -m tools.chart.render` reads numbers on stdin, writes PNGs.

It computes nothing and asks nothing; every line it draws was handed in. One JSON line
on stdout tells of each picture. A file appears whole or not at all, so that a reader
never opens half a picture.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_BYTES = 8_000_000
RISE, FALL = "#1a9e77", "#d1495b"
LINES = {"EMA 20": "#e09f3e", "EMA 50": "#335c9e", "support": RISE, "resistance": FALL}
TICKS = 8


class Chart(TypedDict):
    """One picture's content, as the studio writes it."""

    symbol: str
    file: str
    title: str
    synthetic: bool
    open_time_ms: list[int]
    ohlcv: list[list[float]]
    averages: dict[str, list[float | None]]
    levels: dict[str, float | None]


def main() -> int:
    """Draw what stdin asks for; a picture that fails does not stop the next."""
    os.nice(10)  # nobody waits for a picture until the crew is done
    document = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(document) > MAX_BYTES:
        return 2
    for chart in json.loads(document)["charts"]:
        sys.stdout.write(json.dumps({"symbol": chart["symbol"], "error": _tried(chart)}) + "\n")
        sys.stdout.flush()
    return 0


def _tried(chart: Chart) -> str | None:
    try:
        render(chart)
    except OSError as error:
        return error.strerror or type(error).__name__
    except (ValueError, RuntimeError) as error:
        return str(error)[:200]
    return None


def render(chart: Chart) -> None:
    """Draw one market to its file, 1024 by 768 points."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.24, 7.68), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    prices, volumes = _panels(figure)
    _candles(prices, chart["ohlcv"])
    _averages(prices, chart["averages"])
    _levels(prices, chart["levels"])
    _volume(volumes, chart["ohlcv"])
    _times(volumes, chart["open_time_ms"])
    _title(figure, prices, chart)
    target = Path(chart["file"])
    part = target.with_suffix(".part")
    with part.open("wb") as file:
        figure.savefig(file, format="png")
    os.replace(part, target)  # noqa: PTH105  atomic, as the name says


def _panels(figure: "Figure") -> "tuple[Axes, Axes]":
    prices = figure.add_axes((0.03, 0.27, 0.86, 0.66))
    volumes = figure.add_axes((0.03, 0.08, 0.86, 0.17), sharex=prices)
    for axes in (prices, volumes):
        axes.yaxis.tick_right()
        axes.grid(True, color="#e6e6e6", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.margins(x=0.01)
    prices.tick_params(labelbottom=False)
    prices.ticklabel_format(axis="y", style="plain", useOffset=False)
    volumes.set_ylabel("volume")
    return prices, volumes


def _candles(axes: "Axes", ohlcv: Sequence[Sequence[float]]) -> None:
    from matplotlib.collections import PolyCollection

    bars = range(len(ohlcv))
    colors = [_color(row) for row in ohlcv]
    axes.vlines(bars, [r[2] for r in ohlcv], [r[1] for r in ohlcv], colors=colors, linewidth=1)
    bodies = [_box(bar, row[0], row[3]) for bar, row in zip(bars, ohlcv, strict=True)]
    axes.add_collection(PolyCollection(bodies, facecolors=colors, edgecolors=colors, linewidth=0.8))
    axes.autoscale_view()


def _box(bar: int, bottom: float, top: float) -> list[tuple[float, float]]:
    left, right = bar - 0.35, bar + 0.35
    return [(left, bottom), (left, top), (right, top), (right, bottom)]


def _color(row: Sequence[float]) -> str:
    return RISE if row[3] >= row[0] else FALL


def _averages(axes: "Axes", averages: Mapping[str, Sequence[float | None]]) -> None:
    for name, values in averages.items():
        if any(value is not None for value in values):
            numbers = [float("nan") if value is None else value for value in values]
            axes.plot(numbers, color=LINES[name], linewidth=1.2, label=name)


def _levels(axes: "Axes", levels: Mapping[str, float | None]) -> None:
    for name, price in levels.items():
        if price is not None:
            label = f"{name} {price:.6g}"
            axes.axhline(price, color=LINES[name], linestyle="--", linewidth=1.2, label=label)


def _volume(axes: "Axes", ohlcv: Sequence[Sequence[float]]) -> None:
    from matplotlib.collections import PolyCollection

    boxes = [_box(bar, 0, row[4]) for bar, row in enumerate(ohlcv)]
    axes.add_collection(PolyCollection(boxes, facecolors=[_color(row) for row in ohlcv]))
    axes.autoscale_view()
    axes.set_ylim(bottom=0)


def _times(axes: "Axes", open_time_ms: Sequence[int]) -> None:
    bars = range(0, len(open_time_ms), max(1, len(open_time_ms) // TICKS))
    moments = [datetime.fromtimestamp(open_time_ms[bar] / 1000, UTC) for bar in bars]
    axes.set_xticks(list(bars), [f"{moment:%m-%d %H:%M}" for moment in moments], fontsize=8)


def _title(figure: "Figure", axes: "Axes", chart: Chart) -> None:
    style: dict[str, Any] = {"parse_math": False}
    axes.set_title(chart["title"], loc="left", fontsize=13, **style)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        axes.legend(handles, labels, loc="upper left", fontsize=9, framealpha=0.8)
    if chart["synthetic"]:
        figure.text(0.89, 0.945, "SYNTHETIC", color=FALL, fontsize=13, weight="bold", ha="right")


if __name__ == "__main__":
    sys.exit(main())

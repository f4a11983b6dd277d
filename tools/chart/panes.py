"""
How one frame looks: price, volume and WaveTrend above each other, made for a model to read.

Few colours, no shades, text of 12 points on the screen or more, and every price that
matters printed beside its line, so that nothing must be measured off an axis.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tools.chart.content import Frame, LevelMark, LineMark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


RISE, FALL, INK = "#1a9e77", "#d1495b", "#202020"
AVERAGES = {"EMA 20": "#e08a00", "EMA 50": "#335c9e", "EMA 200": "#7a3e9d"}
LEVELS = {"support": RISE, "resistance": FALL, "close": INK}
LETTERS = {"support": "S ", "resistance": "R ", "close": ""}
WAVES = {"wt1": "#335c9e", "wt2": "#e08a00"}
TREND_LINE = "#0089a8"
SMALL, TEXT = 9.5, 11
POINT = 0.72
TAGS, TAG_APART = 0.108, 0.037
"""Width of the price tags beside a pane, of the figure; and a line of text, of the pane."""
LONGEST_TAG = 14
WT_LEVELS = (-53, 0, 53)
_DAY_MS = 86_400_000


def draw(figure: "Figure", frame: Frame, left: float, width: float) -> None:
    """Draw one frame into the figure; `left` and `width` are shares of it."""
    prices = figure.add_axes((left, 0.35, width, 0.53))
    volumes = figure.add_axes((left, 0.225, width, 0.115), sharex=prices)
    waves = figure.add_axes((left, 0.05, width, 0.165), sharex=prices)
    for axes in (prices, volumes, waves):
        _plain(axes)
    _candles(prices, frame["ohlcv"])
    _limits(prices, frame)
    _averages(prices, frame["averages"])
    for mark in frame["lines"]:
        _line(prices, mark, len(frame["ohlcv"]))
    _tags(prices, frame["levels"])
    _volume(volumes, frame["ohlcv"])
    _waves(waves, frame["wave"])
    _times(waves, frame["open_time_ms"], width)
    _heading(figure, frame, left, width)


def figure_of(price: float, digits: int = 6) -> str:
    """Six significant digits, five below 1, or fewer; and no exponent."""
    import numpy as np

    most = digits if abs(price) >= 1 else min(digits, 5)
    return np.format_float_positional(float(f"{price:.{most}g}"), trim="-")


def _plain(axes: "Axes") -> None:
    axes.yaxis.tick_right()
    axes.grid(True, color="#e6e6e6", linewidth=0.6, antialiased=False)
    axes.set_axisbelow(True)
    axes.margins(x=0.01)
    axes.tick_params(labelsize=SMALL, length=0, labelbottom=False)


def _candles(axes: "Axes", ohlcv: Sequence[Sequence[float]]) -> None:
    from matplotlib.collections import PolyCollection

    bars = range(len(ohlcv))
    colors = [_color(row) for row in ohlcv]
    lows, highs = [row[2] for row in ohlcv], [row[1] for row in ohlcv]
    axes.vlines(bars, lows, highs, colors=colors, linewidth=POINT, antialiased=False, snap=True)
    bodies = [_box(bar, row[0], row[3]) for bar, row in zip(bars, ohlcv, strict=True)]
    axes.add_collection(
        PolyCollection(bodies, facecolors=colors, edgecolors=colors, linewidth=0, antialiased=False)
    )
    axes.set_xlim(-1, max(len(ohlcv), 20))


def _box(bar: int, bottom: float, top: float) -> list[tuple[float, float]]:
    left, right = bar - 0.35, bar + 0.35
    return [(left, bottom), (left, top), (right, top), (right, bottom)]


def _color(row: Sequence[float]) -> str:
    return RISE if row[3] >= row[0] else FALL


def _limits(axes: "Axes", frame: Frame) -> None:
    """Candles and levels fill the pane; an average far away is cut off, not the candles flat."""
    prices = [mark["price"] for mark in (*frame["levels"], *frame["lines"])]
    low = min([row[2] for row in frame["ohlcv"]] + prices)
    high = max([row[1] for row in frame["ohlcv"]] + prices)
    room = 0.04 * (high - low) or 0.01 * high
    axes.set_ylim(low - room, high + room)


def _averages(axes: "Axes", averages: Mapping[str, Sequence[float | None]]) -> None:
    for name, values in averages.items():
        if any(value is not None for value in values):
            axes.plot(_drawable(values), color=AVERAGES[name], linewidth=1.4)


def _line(axes: "Axes", mark: LineMark, bars: int) -> None:
    ends = ([mark["bar"], bars - 1], [mark["start"], mark["price"]])
    axes.plot(*ends, color=TREND_LINE, linewidth=1.6, linestyle=(0, (6, 2)))


def _tags(axes: "Axes", levels: Sequence[LevelMark]) -> None:
    """A line for each level, and its price on the axis, where no two prices overlap."""
    low, high = axes.get_ylim()
    heights = _apart([(mark["price"] - low) / (high - low) for mark in levels])
    for mark, height in zip(levels, heights, strict=True):
        color = LEVELS[mark["name"]]
        style, wide = ("--", 1.3) if mark["touches"] else (":", 1.0)
        axes.axhline(mark["price"], color=color, linestyle=style, linewidth=wide)
        axes.text(
            1.006, height, _tag(mark), transform=axes.transAxes, color="white", fontsize=9,
            va="center", weight="bold", bbox={"facecolor": color, "pad": 1.6, "linewidth": 0},
        )  # fmt: skip
    shares = {price: (price - low) / (high - low) for price in axes.get_yticks()}
    clear = [p for p, s in shares.items() if 0 < s < 1 and all(abs(s - h) > 0.03 for h in heights)]
    axes.set_yticks(clear, [figure_of(price) for price in clear])


def _tag(mark: LevelMark) -> str:
    """Where a price of many zeros leaves no room, touches and the last digit are left out."""
    touched = f" x{mark['touches']}" if mark["touches"] else ""
    whole = f"{LETTERS[mark['name']]}{figure_of(mark['price'])}{touched}"
    if len(whole) <= LONGEST_TAG:
        return whole
    return f"{LETTERS[mark['name']]}{figure_of(mark['price'], 4)}"


def _apart(heights: Sequence[float]) -> list[float]:
    """The same heights, moved until each is a line of text away from the next."""
    order = sorted(range(len(heights)), key=lambda tag: heights[tag])
    moved = list(heights)
    floor, ceiling = -TAG_APART / 2, 1 + TAG_APART / 2
    for tag in order:
        moved[tag] = floor = max(moved[tag], floor + TAG_APART)
    for tag in reversed(order):
        moved[tag] = ceiling = min(moved[tag], ceiling - TAG_APART)
    return moved


def _volume(axes: "Axes", ohlcv: Sequence[Sequence[float]]) -> None:
    from matplotlib.collections import PolyCollection

    boxes = [_box(bar, 0, row[4]) for bar, row in enumerate(ohlcv)]
    axes.add_collection(
        PolyCollection(boxes, facecolors=[_color(row) for row in ohlcv], antialiased=False)
    )
    axes.set_ylim(0, 1.25 * max(row[4] for row in ohlcv) or 1)
    axes.set_yticks([])
    _label(axes, "volume")


def _waves(axes: "Axes", wave: Mapping[str, Sequence[float | None]]) -> None:
    told = []
    for name, values in wave.items():
        if values and values[-1] is not None:
            axes.plot(_drawable(values), color=WAVES[name], linewidth=1.3)
            told.append(f"{name} {values[-1]:.0f}")
    for level in WT_LEVELS:
        axes.axhline(level, color="#909090", linewidth=0.8, linestyle="--" if level else "-")
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -75), 1.5 * max(high, 75))
    axes.set_yticks(WT_LEVELS, [str(level) for level in WT_LEVELS])
    _label(axes, f"WaveTrend  {'  '.join(told)}" if told else "WaveTrend: too few candles")


def _label(axes: "Axes", text: str) -> None:
    box = {"facecolor": "white", "pad": 0.8, "linewidth": 0, "alpha": 0.8}
    axes.text(
        0.008, 0.95, text, transform=axes.transAxes, fontsize=SMALL, va="top", color=INK, bbox=box
    )


def _times(axes: "Axes", open_time_ms: Sequence[int], width: float) -> None:
    count = max(1, len(open_time_ms))
    step = max(1, count // max(2, round(width * 10)))
    bars = range(count - 1 - step // 2, -1, -step)
    spacing_ms = open_time_ms[-1] - open_time_ms[-2] if count > 1 else 0
    form = "%Y-%m-%d" if spacing_ms >= _DAY_MS else "%m-%d %H:%M"
    moments = [datetime.fromtimestamp(open_time_ms[bar] / 1000, UTC) for bar in bars]
    axes.set_xticks(list(bars), [moment.strftime(form) for moment in moments], fontsize=SMALL)
    axes.tick_params(labelbottom=True)


def _heading(figure: "Figure", frame: Frame, left: float, width: float) -> None:
    """Two lines over the panes: which frame, and what each colour is, with its last value."""
    figure.text(left, 0.925, frame["heading"], fontsize=TEXT, weight="bold", parse_math=False)
    if frame["lines"]:
        figure.text(
            left + width, 0.925, "trend line", fontsize=SMALL, color=TREND_LINE, weight="bold",
            ha="right",
        )  # fmt: skip
    last = {name: v[-1] for name, v in frame["averages"].items() if v and v[-1] is not None}
    said = {name: f"{name} {figure_of(value)}" for name, value in last.items()}
    if sum(map(_wide, said.values())) > width + TAGS:
        said = {name: name for name in last}
    place = left
    for name, text in said.items():
        figure.text(place, 0.893, text, fontsize=9, color=AVERAGES[name], weight="bold")
        place += _wide(text)


def _wide(text: str) -> float:
    """The share of the figure's width that a text of the heading takes, with a gap after it."""
    return 0.0079 * (len(text) + 1.6)


def _drawable(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]

"""
Draws candle charts: `python -m tools.chart.render` reads numbers on stdin, writes PNGs.

It computes nothing and asks nothing; every line it draws was handed in. One JSON line
on stdout tells of each picture. A file appears whole or not at all, so that a reader
never opens half a picture. How a frame looks stands in panes.py.
"""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.chart.content import Chart
from tools.chart.panes import TAGS, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_BYTES = 8_000_000
WIDTH, HEIGHT, DPI = 1024, 768, 100
"""Vision models take 768 points on the shorter side whole; a larger picture would be shrunk."""
MARGIN, WIDER = 0.01, 0.61
COLORS = 128


def main() -> int:
    """Draw what stdin asks for; a picture that fails does not stop the next."""
    os.nice(10)  # the crew is imported meanwhile, and needs the processor more
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

    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    for frame, (left, width) in zip(chart["frames"], _places(len(chart["frames"])), strict=True):
        draw(figure, frame, left, width)
    _title(figure, chart)
    _save(figure, Path(chart["file"]))


def _places(count: int) -> list[tuple[float, float]]:
    """Left edge and width of each frame's panes; price tags stand to the right of them."""
    if count == 1:
        return [(MARGIN, 1 - MARGIN - TAGS)]
    room = 1 - 2 * (MARGIN + TAGS)
    return [(MARGIN, WIDER * room), (2 * MARGIN + TAGS + WIDER * room, (1 - WIDER) * room)]


def _title(figure: "Figure", chart: Chart) -> None:
    figure.text(MARGIN, 0.965, chart["title"], fontsize=14, weight="bold", parse_math=False)
    if chart["synthetic"]:
        figure.text(
            1 - MARGIN, 0.965, "SYNTHETIC", color="#d1495b", fontsize=14, weight="bold", ha="right"
        )


def _save(figure: "Figure", target: Path) -> None:
    """With a palette: a third of the bytes to keep and to send, and nothing to see of it."""
    from io import BytesIO

    from PIL import Image

    drawn = BytesIO()
    figure.savefig(drawn, format="png", pil_kwargs={"compress_level": 1})
    part = target.with_suffix(".part")
    with Image.open(drawn) as picture, part.open("wb") as file:
        picture.convert("RGB").quantize(COLORS).save(file, format="PNG")
    os.replace(part, target)  # noqa: PTH105  atomic, as the name says


if __name__ == "__main__":
    sys.exit(main())

"""What the picture shows, read back from its points; and what drawing refuses."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tools.chart.render import MAX_BYTES, Chart, main, render


def _chart(path: Path, *, synthetic: bool = False, title: str = "BTC/USDT  1h") -> Chart:
    closes = [100 + 5 * float(np.sin(bar / 7)) for bar in range(120)]
    opened = [100.0, *closes[:-1]]
    rows = zip(opened, closes, strict=True)
    return Chart(
        symbol="BTC/USDT",
        file=str(path),
        title=title,
        synthetic=synthetic,
        open_time_ms=[1_735_689_600_000 + 3_600_000 * bar for bar in range(120)],
        ohlcv=[[o, max(o, c) + 1, min(o, c) - 1, c, 10.0] for o, c in rows],
        averages={
            "EMA 20": [*[None] * 19, *[97.0 + bar / 20 for bar in range(101)]],
            "EMA 50": [None] * 120,
        },
        levels={"support": 96.0, "resistance": None},
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
    assert _share(points, "#1a9e77") > 0.02
    assert _share(points, "#d1495b") > 0.02
    assert _share(points, "#e09f3e") > 0.0005
    assert _share(points, "#335c9e") < 0.00001


def test_a_synthetic_market_says_so_on_its_picture(tmp_path: Path) -> None:
    """Nobody may take an invented market for a real one; the word stands above the frame."""
    render(_chart(tmp_path / "real.png"))
    render(_chart(tmp_path / "invented.png", synthetic=True))
    corner = (slice(20, 50), slice(780, 920))
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

"""The pictures of docs/charts.md: there, readable at their size, and drawn by the code of today."""

import re
import struct
from pathlib import Path

import pytest

from docs.charts import draw

PAGE = Path(__file__).parents[3] / "docs" / "charts.md"
SHOWN = re.findall(r"\]\((charts/[a-z-]+\.png)\)", PAGE.read_text(encoding="utf-8"))


def test_the_page_shows_every_kind_of_every_moment() -> None:
    """A crash, a range and a trend, with and without a larger frame."""
    drawn = {f"charts/{name}{kind}.png" for name in draw.MOMENTS for kind in draw.KINDS}
    assert set(SHOWN) == drawn


@pytest.mark.parametrize("name", SHOWN)
def test_a_committed_picture_has_the_size_that_models_take(name: str) -> None:
    """1024 by 768, and light enough for a repository."""
    content = (PAGE.parent / name).read_bytes()
    assert struct.unpack(">II", content[16:24]) == (1024, 768)
    assert len(content) < 120_000


@pytest.mark.skipif(not draw.CANDLES.is_dir(), reason="../shared is absent")
def test_the_command_draws_a_real_moment(tmp_path: Path) -> None:
    """The crash's picture, from its candles, as a cycle would have drawn it."""
    seen = draw.snapshot(draw.MOMENTS["crash"])
    target = draw.draw(seen, "4h", tmp_path / "crash.png")
    assert struct.unpack(">II", target.read_bytes()[16:24]) == (1024, 768)

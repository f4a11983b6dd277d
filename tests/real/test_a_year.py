"""Some days of real candles with memory: what the whole year is tried on by command."""

from pathlib import Path

import pytest

from crew.home import CHECKOUT
from tests.real.a_year import START, problems, year
from tests.real.stretches import FOLDER

pytestmark = pytest.mark.skipif(
    not (CHECKOUT / FOLDER).is_dir(), reason="the real candles are not here"
)


def test_recall_over_real_candles_looks_back_only_and_never_changes_its_mind(
    tmp_path: Path,
) -> None:
    """`uv run python -m tests.real.a_year` does the same for a year."""
    found = year(tmp_path, START, 7, "12h")

    assert problems(found) == []
    assert found["recalls"] > 0

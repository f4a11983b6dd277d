"""A sample of the cycles that `python -m tests.real.what_if` records and asks about."""

from pathlib import Path

import pytest

from crew.home import CHECKOUT
from tests.real.replay import STARTS
from tests.real.what_if import problems, proof

pytestmark = pytest.mark.skipif(
    not (CHECKOUT.parent / "shared").is_dir(), reason="../shared is absent"
)


def test_real_cycles_answer_what_smaller_limits_would_have_done(tmp_path: Path) -> None:
    """Nothing changed is nothing: 0 flips, 0 calls. Half the risk is half the size."""
    found, shown = proof(tmp_path, STARTS[1], 5)

    assert problems(found) == []
    assert found["nothing_changed"]["compared"] == 5
    assert found["nothing_changed"]["heard"] > 0
    assert found["conservative"]["size_changes"] >= 1
    assert "profile conservative" in shown

"""A sample of the hostile feeds, in processes of their own; the command reads all of them."""

import json
import subprocess
import sys

import pytest

from tests.tools.news import hostile
from tests.tools.news.hostile import CASES, HEALTHY, Cost


@pytest.mark.parametrize(
    "case",
    [
        HEALTHY, "100 MB, unannounced", "gzip bomb, 300 MB in 300 kB", "entity bomb",
        "100,000 items", "service, 660,000 empty objects", "service, 130,000 empty objects",
    ],
)  # fmt: skip
def test_a_hostile_feed_costs_little_and_gives_no_news(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten seconds and 64 MB are the bounds; these end far below them."""
    assert hostile.main([case]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["peak_mb"] < 64 and told["seconds"] < 5


@pytest.mark.parametrize(
    "change", [{"seconds": 10.1}, {"peak_mb": 64.1}, {"items": 1}, {"case": HEALTHY}]
)
def test_a_feed_beyond_its_bounds_is_a_fault(change: dict[str, object]) -> None:
    """A command that cannot fail shows nothing."""
    usual: dict[str, object] = {
        "case": "entity bomb", "seconds": 1.0, "peak_mb": 1.0, "items": 0, "reasons": (),
    }  # fmt: skip

    assert Cost(**usual).fault is None  # type: ignore[arg-type]
    assert Cost(**usual | change).fault is not None  # type: ignore[arg-type]


def test_every_kind_of_attack_has_its_case() -> None:
    """What the proof asks for by name."""
    names = " ".join(CASES)

    assert all(
        kind in names
        for kind in ("100 MB", "gzip bomb", "entity bomb", "100,000", "slow", "service")
    )


def test_a_large_parent_hides_nothing_of_what_its_child_takes() -> None:
    """A case that follows a heavy one is measured from its own beginning."""
    held = b"x" * 200_000_000
    code = "from tests.tools.news.hostile import _peak_mb; print(_peak_mb())"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=hostile.ROOT
    )

    assert float(ran.stdout) < len(held) / 1_000_000

"""Starts at the same moment; `python -m tests.crew.overlap` does it 20 times with 60."""

import subprocess
import sys
from pathlib import Path

from crew.home import CHECKOUT
from tests.crew.overlap import LONGEST_S, start_together


def test_of_twelve_starts_one_runs_and_the_others_leave_at_once(tmp_path: Path) -> None:
    """Two cycles at a time would trade twice, and a crowd of waiting ones would choke cron."""
    seen = start_together(tmp_path, 12)

    assert (seen.ran, seen.left, seen.cycles) == (1, 11, 1)
    assert seen.last_left_s <= LONGEST_S


def test_a_start_that_leaves_imports_next_to_nothing() -> None:
    """Sixty of them at once have four seconds together."""
    script = (
        "import sys; import crew.main\n"
        "heavy = ('typer', 'pydantic', 'yaml', 'logging', 'typing', 'pathlib', 're', 'crew.home')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=CHECKOUT, check=True
    )

    assert done.stdout.strip() == "[]"

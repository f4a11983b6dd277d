"""The screen runs before anything heavy may be imported."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
HEAVY = ("pandas", "pandas_ta", "matplotlib", "crewai", "talib", "scipy")


def _loaded_by(code: str) -> set[str]:
    tail = f"; import sys; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code + tail], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_signals_and_geometry_load_nothing_heavy() -> None:
    """A cycle that holds must not pay a second for pandas; it starts cold every minute."""
    code = (
        "from tests.tools.indicators.samples import wandering, snapshot;"
        "from tools.signals.registry import market_signals;"
        "from tools.chart.geometry import geometry;"
        "from tools.chart.studio import ChartStudio;"
        "from records.signal import SignalRules;"
        "s = wandering(); market_signals(snapshot(s), '1h', SignalRules()); geometry(s)"
    )
    assert _loaded_by(code) == set()


def test_every_indicator_works_without_pandas() -> None:
    """Screen, protection and agents read them, in processes that start cold every minute."""
    code = (
        "from tests.tools.indicators.samples import wandering;"
        "from tools.indicators.registry import latest; latest(wandering())"
    )
    assert _loaded_by(code) == set()

"""One cycle that traded and refused, for every test that reads one."""

from pathlib import Path

import pytest

from tests.crew.desks import one_cycle
from tests.crew.test_costs import BUSY

ONE_ORDER = ("model=rulebook/bold", "risk.max_orders_per_cycle=1")
"""Three proposals are made at that moment; the gate lets one pass."""


@pytest.fixture(scope="session")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of a desk after that cycle; read it, do not write to it."""
    home = tmp_path_factory.mktemp("traded")
    with pytest.MonkeyPatch.context() as shell:
        for name in ("MODEL", "OPENAI_API_KEY"):
            shell.delenv(name, raising=False)
        one_cycle(home, *ONE_ORDER, at=BUSY)
    return home

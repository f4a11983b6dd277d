"""A bench with a real ledger of its own; the empty file is made once and copied."""

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools.ledger.ledger import Ledger

if TYPE_CHECKING:
    from tests.tools.orders.bench import Bench


@pytest.fixture(scope="session")
def blank_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger file with the current schema and nothing in it."""
    path = tmp_path_factory.mktemp("blank") / "ledger.db"
    Ledger(path).open().close()
    return path


@pytest.fixture
def make_ledger(blank_ledger: Path, tmp_path: Path) -> Callable[[], Ledger]:
    """As many empty ledgers as a test wants."""
    numbers = count()
    return lambda: Ledger(Path(shutil.copy(blank_ledger, tmp_path / f"{next(numbers)}.db")))


@pytest.fixture
def ledger(blank_ledger: Path, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger, open."""
    with Ledger(Path(shutil.copy(blank_ledger, tmp_path / "ledger.db"))) as ledger:
        yield ledger


@pytest.fixture
def bench(ledger: Ledger) -> "Bench":
    """A desk that has never traded, at the same minute of the same market."""
    from tests.tools.orders.bench import Bench

    return Bench(ledger)

"""A bench with a real ledger of its own; the empty file is made once and copied."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.orders.bench import Bench
from tools.ledger.ledger import Ledger


@pytest.fixture(scope="session")
def blank_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger file with the current schema and nothing in it."""
    path = tmp_path_factory.mktemp("blank") / "ledger.db"
    Ledger(path).open().close()
    return path


@pytest.fixture
def bench(blank_ledger: Path, tmp_path: Path) -> Iterator[Bench]:
    """A desk that has never traded, at the same minute of the same market."""
    with Ledger(Path(shutil.copy(blank_ledger, tmp_path / "ledger.db"))) as ledger:
        yield Bench(ledger)

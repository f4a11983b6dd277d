"""A real ledger in a real file; made once, copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.ledger import samples
from tools.ledger.ledger import Ledger


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger file with the current schema and nothing in it."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    Ledger(path).open().close()
    return path


@pytest.fixture
def path(empty_ledger: Path, tmp_path: Path) -> Path:
    """A closed, empty ledger of this test's own."""
    return Path(shutil.copy(empty_ledger, tmp_path / "ledger.db"))


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    """An open ledger in which a cycle has begun."""
    with Ledger(path) as opened:
        samples.begin(opened)
        yield opened

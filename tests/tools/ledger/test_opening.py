"""A file is opened if it is ours, made if there is none, and refused untouched otherwise."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from records.errors import HomeUnwritable, LedgerBusy, LedgerCorrupt, LedgerError
from tests.tools.ledger import samples
from tools.ledger import engine
from tools.ledger.ledger import Ledger
from tools.ledger.revision import HEAD

ROOT = Path(__file__).parents[3]


def run(code: str, *arguments: str, cwd: Path) -> str:
    """Run code in a fresh process, from another folder; its last line."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_missing_ledger_is_made_with_its_folders(tmp_path):
    """The first run needs no preparation, from whatever folder it is started."""
    path = tmp_path / "state" / "deep" / "ledger.db"
    code = "import sys; from pathlib import Path; from tools.ledger.ledger import Ledger\n"
    code += "print(Ledger(Path(sys.argv[1])).open().cycles.next_cycle_sequence())"

    assert run(code, str(path), cwd=tmp_path) == "1"
    with Ledger(path) as ledger:
        assert ledger.integrity() == []


def test_a_current_ledger_opens_without_alembic_or_numpy(path, tmp_path):
    """A cycle starts cold every minute; half a second of imports is paid only when needed."""
    code = "import sys; from pathlib import Path; from tools.ledger.ledger import Ledger\n"
    code += "Ledger(Path(sys.argv[1])).open().cycles.next_cycle_sequence()\n"
    code += "print([m for m in ('alembic', 'numpy', 'sqlalchemy.orm') if m in sys.modules])"

    assert run(code, str(path), cwd=tmp_path) == "[]"


def test_every_connection_is_durable_and_holds_foreign_keys(ledger):
    """SQLite forgets both settings with each connection."""
    with (
        ledger.store.raw() as writer,
        closing(engine.connect(ledger.path, read_only=True)) as reader,
    ):
        for pragma, expected in (
            ("journal_mode", "wal"),
            ("synchronous", 2),
            ("foreign_keys", 1),
            ("busy_timeout", 5000),
            ("trusted_schema", 0),
        ):
            assert writer.execute(f"PRAGMA {pragma}").fetchone() == (expected,)
            assert reader.execute(f"PRAGMA {pragma}").fetchone() == (expected,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("DELETE FROM events")


@pytest.mark.parametrize(
    "content",
    [
        b"not a database at all, but long enough to be read as one. " * 20,
        b"SQLite format 3\0" + b"\xff" * 4096,
    ],
    ids=["text", "broken header"],
)
def test_a_file_that_is_no_database_is_refused_untouched(tmp_path, content):
    """It may be the only copy of something."""
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    log = tmp_path / "ledger.db-wal"
    log.write_bytes(b"the last transactions")

    with pytest.raises(LedgerCorrupt, match="desk restore"):
        Ledger(path).open()

    assert path.read_bytes() == content
    assert b"SQLite" in content or log.read_bytes() == b"the last transactions"


def test_another_program_s_database_is_refused_untouched(tmp_path):
    """A wrong DESK_HOME must not plant tables in somebody's browser history."""
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
    content = path.read_bytes()

    with pytest.raises(LedgerCorrupt, match="another program"):
        Ledger(path).open()

    assert path.read_bytes() == content


def test_a_newer_ledger_is_refused_untouched(path):
    """An older desk cannot know what the new columns mean."""
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()

    with pytest.raises(LedgerError, match="was written by a newer Vetodesk"):
        Ledger(path).open()

    with closing(sqlite3.connect(path)) as after:
        assert after.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_a_ledger_without_revision_is_corrupt(path):
    """Guessing the schema would be repairing."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("DELETE FROM alembic_version")
        other.commit()

    with pytest.raises(LedgerCorrupt, match="0 schema revisions"):
        Ledger(path).open()


def test_damaged_pages_are_told_as_corruption(ledger, path):
    """The header may be sound and the rows gone."""
    for number in range(50):
        ledger.safety.add_event(samples.event(number))
    ledger.close()
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    path.write_bytes(content)
    damaged = bytes(content)

    with pytest.raises(LedgerCorrupt), Ledger(path) as opened:
        assert opened.integrity() != []
        opened.safety.events(50)

    assert path.read_bytes() == damaged


def test_an_unwritable_place_is_told(tmp_path):
    """A file where a folder should be, and a folder where the file should be."""
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()

    with pytest.raises(HomeUnwritable, match="DESK_HOME"):
        Ledger(tmp_path / "file" / "ledger.db").open()
    with pytest.raises(HomeUnwritable, match="DESK_HOME"):
        Ledger(tmp_path / "folder").open()


def test_a_ledger_locked_for_too_long_is_busy(ledger, path, monkeypatch):
    """Waiting ends; nothing was written."""
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other, Ledger(path) as second:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(LedgerBusy, match="locked"):
            samples.begin(second, "waiting")

    assert [start.cycle_id for start in ledger.cycles.unfinished()] == [samples.CYCLE]


def test_a_closed_ledger_says_so(path):
    """Quietly opening it again would hide the mistake."""
    ledger = Ledger(path).open()
    ledger.close()

    with pytest.raises(LedgerError, match="is closed"):
        ledger.cycles.next_cycle_sequence()
    with pytest.raises(LedgerError, match="is closed"):
        samples.begin(ledger)


def test_a_half_made_ledger_is_made_anew(tmp_path):
    """A first start that was killed leaves an empty file in write-ahead mode, or nothing at all."""
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as killed:
        killed.execute("PRAGMA journal_mode=WAL")

    with Ledger(path) as ledger, ledger.store.raw() as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)

"""Secrets of the environment stay out of every file and every print, whatever goes wrong."""

import base64
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from crew.home import CHECKOUT
from crew.models.rulebook import answer
from records.redaction import MARK
from tests import canaries
from tests.model_server import ModelServer, _completion, _error, _Handler, _message

CANARIES = {
    "EXCHANGE_API_KEY": "CANARY-KEY-9e27ab41",
    "EXCHANGE_API_SECRET": "CANARY-SECRET-5b1d0c77",
    "DESK_API_KEY": "canary.desk.3fd0c1e8",
    "OPENAI_API_KEY": "sk-canary-" + "Zq8xYw4T" * 6 + "77c1",
}
_PLANTED = {
    "raw": lambda secret: secret,
    "small": lambda secret: secret.lower(),
    "reversed": lambda secret: secret[::-1],
    "hex": lambda secret: secret.encode().hex(),
    "URL-coded": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 in the middle": lambda secret: base64.b64encode(f"u:{secret}:".encode()).decode(),
}


class Telltale(ModelServer):
    """A model server that repeats secrets wherever it can, and fails as its model's name says."""

    def __init__(self) -> None:
        super().__init__()
        self.told = 0
        self.to_stop: int | None = None
        self._turn = Lock()
        self._next = cycle(
            write(secret)
            for write in _PLANTED.values()
            for secret in (CANARIES["EXCHANGE_API_KEY"], CANARIES["EXCHANGE_API_SECRET"])
        )
        self._http.RequestHandlerClass = _Telling

    def one(self) -> str:
        """The next form of the next secret."""
        with self._turn:
            self.told += 1
            return next(self._next)


class _Telling(_Handler):
    @property
    def _owner(self) -> Telltale:
        owner = super()._owner
        assert isinstance(owner, Telltale)
        return owner

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)))
        self._owner.record(body)
        scene = str(body["model"]).partition("-")[0]
        if scene == "status":
            said = f"Incorrect API key provided: {CANARIES['OPENAI_API_KEY']}, {self._owner.one()}"
            status = (500, 401)[self._owner.told % 2]
            return self._send(status, _error(said, "invalid_api_key"))
        if scene == "stopped" and self._owner.to_stop is not None:
            os.kill(self._owner.to_stop, signal.SIGTERM)
        given = answer(body["messages"], body.get("tools"), "bold")
        message = _message(given, wrong_args=False)
        if message["content"] is not None:
            message["content"] = self._with_secrets(message["content"])
        for call in message.get("tool_calls", ()):
            arguments = self._with_secrets(call["function"]["arguments"])
            if call["function"]["name"] == "get_news":
                arguments = json.dumps({"symbols": ["BTC/USDT", self._owner.one()]})
            call["function"]["arguments"] = arguments
        return self._send(200, json.dumps(_completion(body, message, None)).encode())

    def _with_secrets(self, document: str) -> str:
        """The same answer, each of its sentences a little longer."""
        return json.dumps(self._longer(json.loads(document)))

    def _longer(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._longer(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._longer(part) for part in value]
        sentence = isinstance(value, str) and " " in value
        return f"{value} {self._owner.one()}" if sentence else value


@dataclass(frozen=True)
class Leaked:
    """What a process with every kind of failure left behind."""

    root: Path
    output: bytes
    told: int


@pytest.fixture(scope="module")
def leaked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leaked]:
    root = tmp_path_factory.mktemp("leaked")
    with Telltale() as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.crew.leaking", str(root), server.base_url],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=CHECKOUT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), **CANARIES},
        )
        server.to_stop = process.pid
        output, _ = process.communicate(timeout=120)
    (root / "output").write_bytes(output)
    yield Leaked(root, output, server.told)


def test_no_file_of_the_state_folder_holds_a_secret(leaked: Leaked) -> None:
    """Ledger, transcripts, recordings, cassettes, pictures, HALT: raw, coded or reversed."""
    files = [file for file in leaked.root.rglob("*") if file.is_file()]

    assert canaries.findings(leaked.root, CANARIES) == []
    assert {file.suffix for file in files} >= {".db", ".jsonl", ".yaml", ".json", ".png", ""}
    assert not any("crewai" in file.parts for file in files), "CrewAI keeps nothing of its own"


def test_nothing_that_was_printed_holds_a_secret(leaked: Leaked) -> None:
    """Messages, JSON documents, tracebacks of two threads, warnings, CrewAI's prints."""
    assert canaries.found_in(leaked.output, CANARIES) == []
    printed = leaked.output.decode()
    for said in (
        f"RuntimeError: a bug near {MARK}:{MARK}",
        f"ValueError: GET /order?key={MARK}:{MARK} was refused.",
        f"RuntimeError: GET /order?key={MARK}:{MARK} was refused.",
        f"printed {MARK}:{MARK}",
        f"as bytes {MARK}:{MARK}",
        f"warned of {MARK}:{MARK}",
        f"Incorrect API key provided: {MARK}",
        f"Halted: because of {MARK}:{MARK}",
    ):
        assert said in printed, said


def test_the_secrets_were_told_and_taken_out(leaked: Leaked) -> None:
    """Otherwise the two tests above would prove nothing."""
    told = leaked.root / "told"
    (recording,) = (told / "recordings").iterdir()
    ledger = sqlite3.connect(told / "ledger.db")
    rows = {
        table: sum(MARK in str(row) for row in ledger.execute(f"SELECT * FROM {table}"))
        for table in ("cycles", "reports", "proposals", "verdicts")
    }
    ledger.close()

    assert leaked.told > 40
    assert all(rows.values()), rows
    assert MARK in (recording / "models.yaml").read_text()
    assert MARK in next((told / "transcripts").iterdir()).read_text()
    assert MARK in (told / "HALT").read_text()


def test_the_log_tells_of_a_bug_and_of_libraries_without_the_secrets(leaked: Leaked) -> None:
    """A traceback and a stranger's own words, in `logs/desk.jsonl`."""
    logged = "".join(file.read_text() for file in leaked.root.glob("*/logs/desk.jsonl"))

    assert f"logged {MARK}:{MARK}" in logged
    assert f"RuntimeError: a bug near {MARK}:{MARK}" in logged


@pytest.mark.parametrize("form", _PLANTED)
@pytest.mark.parametrize("name", CANARIES)
def test_a_planted_secret_is_found(tmp_path: Path, form: str, name: str) -> None:
    """A scanner that finds nothing must be able to find something."""
    planted = _PLANTED[form](CANARIES[name])
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "cron.log").write_text(f"before{planted}after")

    (found, *_) = canaries.findings(tmp_path, CANARIES)

    assert found.startswith(f"logs/cron.log: {name}: ")
    assert CANARIES[name] not in found


def test_a_secret_spread_over_the_pages_of_a_database_is_found(tmp_path: Path) -> None:
    """SQLite puts the number of the next page into the middle of a long text."""
    ledger = sqlite3.connect(tmp_path / "ledger.db")
    ledger.execute("CREATE TABLE t (said TEXT)")
    for ahead in range(4000, 4100, 5):
        said = "-" * ahead + CANARIES["EXCHANGE_API_KEY"] + "-" * 9000
        ledger.execute("INSERT INTO t VALUES (?)", [said])
    ledger.commit()
    ledger.close()

    found = canaries.findings(tmp_path, CANARIES)

    assert sum("table t: EXCHANGE_API_KEY: raw at byte" in one for one in found) == 20


def test_the_command_finds_a_planted_secret(tmp_path: Path) -> None:
    """For people: over a state folder of their own, with the environment the desk had."""
    (tmp_path / "a.txt").write_text("nothing")
    before, planted = _scanned(tmp_path), tmp_path / "b.txt"
    planted.write_text(CANARIES["OPENAI_API_KEY"][::-1])
    after = _scanned(tmp_path)

    assert (before.returncode, after.returncode) == (0, 1)
    assert "b.txt: OPENAI_API_KEY: reversed" in after.stdout
    assert _scanned(tmp_path, known={}).returncode == 2


def _scanned(folder: Path, known: dict[str, str] = CANARIES) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.canaries", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), **known},
    )

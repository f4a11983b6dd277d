"""Which values are secret, and that one filter keeps them out of everything that is written."""

import ast
import io
import json
import logging
import os
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import orjson
import pytest
import yaml
from pydantic import BaseModel, SecretBytes, SecretStr

from crew import printing
from crew.cassettes import recording, replaying
from crew.desk import open_desk
from crew.home import CHECKOUT
from crew.recording import Recorder
from crew.secrets import named_secret, redactor_for, redactor_without_settings
from crew.transcript import Transcript, first_fault, read
from memory.lessons import LessonMemory
from records.clock import FixedClock
from records.cycle import Event
from records.errors import LedgerError
from records.lesson import Lesson
from records.redaction import MARK, NOTHING, Redactor
from tests import canaries
from tests.crew.desks import QUIET, settings
from tools.ledger.ledger import Ledger

KEY, SECRET = "CANARY-KEY-9e27ab41", "CANARY-SECRET-5b1d0c77"
KNOWN = {"KEY": KEY, "SECRET": SECRET}
AT = datetime(2026, 11, 2, tzinfo=UTC)


def knows(redactor: Redactor, value: str) -> bool:
    """Whether it takes this value out of a text."""
    return redactor.text(f"<{value}>") == f"<{MARK}>"


# collection


@pytest.mark.parametrize(
    "name",
    ["DESK_API_KEY", "EXCHANGE_API_SECRET", "OPENAI_API_KEY", "GITHUB_TOKEN", "PGPASSWORD",
     "DB_PWD", "MY_PASSPHRASE", "API_KEY_2", "APIKEY", "GOOGLE_CREDENTIALS", "PROXY_AUTH",
     "OAUTH2", "TOKENS", "AWS_ACCESS_KEY_ID", "REDIS_PASSWD", "x-api-key", "Authorization",
     "WALLET_MNEMONIC", "CANARY", "CANARY2"],
)  # fmt: skip
def test_a_name_tells_of_a_secret(name: str) -> None:
    """People name them alike."""
    assert named_secret(name)
    assert knows(redactor_for(environment={name: KEY}), KEY)


@pytest.mark.parametrize(
    "name",
    ["PATH", "HOME", "PWD", "OLDPWD", "SSH_AUTH_SOCK", "XAUTHORITY", "GIT_AUTHOR_NAME", "KEYBOARD",
     "SSL_KEY_FILE", "TOKEN_PATH", "AUTH_TYPE", "KEY_ALGORITHM", "MONKEYS_HOST", "DESK_MODEL",
     "TOKENIZERS_PARALLELISM", "PASSENGER", "TOKEN_EXPIRES_AT", "COMPASS"],
)  # fmt: skip
def test_other_names_do_not(name: str) -> None:
    """What is taken out for no reason is missing in the record."""
    assert not named_secret(name)
    assert not knows(redactor_for(environment={name: KEY}), KEY)


def test_a_path_that_exists_is_no_secret(tmp_path: Path) -> None:
    """`GOOGLE_APPLICATION_CREDENTIALS` names a file."""
    file = tmp_path / "account-77c1.json"
    file.write_text("{}")

    assert not knows(redactor_for(environment={"CREDENTIALS": str(file)}), str(file))


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("HTTPS_PROXY", "http://user:p%40ss-1234@proxy:8080", "p@ss-1234"),
        ("HTTPS_PROXY", "http://user:p%40ss-1234@proxy:8080", "p%40ss-1234"),
        ("PIP_INDEX_URL", "https://ghp_77c1Zq8x@host/simple", "ghp_77c1Zq8x"),
        ("FEEDS", '["https://feed/rss?apikey=k12345678&page=2"]', "k12345678"),
        ("ALERT_WEBHOOK_URL", "https://hooks/T00/B00/77c1Zq8x", "https://hooks/T00/B00/77c1Zq8x"),
    ],
)
def test_an_address_has_its_secrets_taken_out(name: str, value: str, secret: str) -> None:
    """The rest of it may be needed to understand an error."""
    assert knows(redactor_for(environment={name: value}), secret)


def test_an_address_is_not_a_secret_as_a_whole() -> None:
    """`AUTH_URL` says where, not who; and what is no address does no harm."""
    known = {"AUTH_URL": "https://login.example/v2", "B": "http://[half?key=k12345678"}

    assert not knows(redactor_for(environment=known), "https://login.example/v2")


@pytest.mark.parametrize(
    "line",
    [f"EXCHANGE_API_KEY={KEY}", f"export EXCHANGE_API_KEY = '{KEY}'  # mine",
     f"\ufeffEXCHANGE_API_KEY={KEY}\r", f"no line of any kind\nEXCHANGE_API_KEY={KEY}",
     f"HALF=CANARY-KEY\nEXCHANGE_API_KEY=${{HALF}}{KEY.removeprefix('CANARY-KEY')}",
     f"BAD=\udcff\nEXCHANGE_API_KEY={KEY}", f"HTTPS_PROXY=http://user:{KEY}@proxy:8080"],
)  # fmt: skip
def test_what_stands_only_in_dotenv_is_known_without_settings(tmp_path: Path, line: str) -> None:
    """`desk halt` loads no settings, and a person may paste a key into its reason."""
    (tmp_path / ".env").write_bytes(f"{line}\n".encode("utf-8", "surrogateescape"))

    assert knows(redactor_without_settings(tmp_path / ".env"), KEY)


def test_without_a_dotenv_that_can_be_read_the_environment_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in it must not stand in the way of a halt."""
    monkeypatch.setenv("EXCHANGE_API_KEY", KEY)

    for nothing in (tmp_path / "gone", tmp_path):
        assert knows(redactor_without_settings(nothing), KEY)


class _Inner(BaseModel):
    many: dict[str, tuple[SecretStr, ...]]
    raw: SecretBytes
    address: str


class _Outer(BaseModel):
    inner: _Inner
    empty: SecretStr | None = None


def test_every_secret_of_the_settings_is_known() -> None:
    """Wherever in them it stands."""
    inner = _Inner(
        many={"a": (SecretStr(KEY),)}, raw=SecretBytes(b"raw-77c1Zq8x"), address="x://u:addr-77c1@h"
    )
    redactor = redactor_for(_Outer(inner=inner), {})

    assert all(knows(redactor, secret) for secret in (KEY, "raw-77c1Zq8x", "addr-77c1"))


def test_the_desk_s_own_settings_are_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in desk.yaml or a flag is known as well as one in the environment."""
    monkeypatch.setenv("DESK_API_PASSWORD", "pass-77c1Zq8x")
    wanted = settings(f"llm.api_key={KEY}")

    assert knows(redactor_for(wanted, {}), KEY)
    assert knows(redactor_for(wanted, {}), "pass-77c1Zq8x")
    assert KEY not in repr(wanted) + str(wanted.model_dump())


def test_secrets_become_plain_in_few_places() -> None:
    """Where clients are made, where they are collected, and where a blank one is looked for."""
    plain = {
        str(file.relative_to(CHECKOUT))
        for package in ("crew", "tools", "memory", "records")
        for file in (CHECKOUT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "get_secret_value"
    }

    assert plain <= {
        "crew/models/factory.py",
        "crew/provenance.py",
        "crew/secrets.py",
        "crew/settings.py",
        "crew/what_if/change.py",
        "tools/exchange/ccxt_private.py",
        "tools/news/cryptopanic.py",
        "tools/news/newsapi.py",
    }


# the ledger


def _event(number: int, message: str) -> Event:
    return Event(
        event_id=f"e{number}", cycle_id=None, at=AT, level="info", kind="test", message=message
    )


def test_no_text_reaches_the_ledger_unfiltered(tmp_path: Path) -> None:
    """Single rows, many at once, documents and plain SQL."""
    with Ledger(tmp_path / "ledger.db", Redactor(KNOWN.values()).text) as ledger:
        ledger.safety.add_event(_event(1, f"with {KEY.encode().hex()}"))
        with ledger.store.writing() as connection:
            connection.exec_driver_sql("CREATE TABLE t (a TEXT, n INT)")
            connection.exec_driver_sql("INSERT INTO t VALUES (?, ?)", (f"one {KEY}", 1))
            rows = [(f"many {SECRET}", 2), (f"many {SECRET[::-1]}", 3)]
            connection.exec_driver_sql("INSERT INTO t VALUES (?, ?)", rows)
            named = {"a": f"named {KEY}", "n": 4}
            connection.exec_driver_sql("INSERT INTO t VALUES (:a, :n)", named)
        with ledger.store.reading() as connection:
            kept = connection.exec_driver_sql("SELECT a FROM t").scalars().all()
        files = canaries.findings(tmp_path, KNOWN)

    assert kept == [f"one {MARK}", f"many {MARK}", f"many {MARK}", f"named {MARK}"]
    assert files == canaries.findings(tmp_path, KNOWN) == []


def test_a_row_is_found_by_the_id_it_was_written_with(tmp_path: Path) -> None:
    """A venue that puts a key into its ids must not make the desk book a fill twice."""
    with Ledger(tmp_path / "ledger.db", Redactor([KEY]).text) as ledger:
        with ledger.store.writing() as connection:
            connection.exec_driver_sql("CREATE TABLE t (id TEXT PRIMARY KEY)")
            connection.exec_driver_sql("INSERT INTO t VALUES (?)", (f"{KEY}-1",))
        with ledger.store.reading() as connection:
            asked = connection.exec_driver_sql("SELECT id FROM t WHERE id = ?", (f"{KEY}-1",))
            found = asked.scalars().all()

    assert found == [f"{MARK}-1"]


def test_a_ledger_error_does_not_quote_what_was_to_be_written(tmp_path: Path) -> None:
    """The same row twice, one of them with a secret."""
    with Ledger(tmp_path / "ledger.db") as ledger:
        ledger.safety.add_event(_event(1, "first"))
        with pytest.raises(LedgerError) as refused:
            ledger.safety.add_event(_event(1, KEY))

    assert KEY not in str(refused.value) + repr(refused.value.__cause__)


# the transcript


def test_a_line_is_filtered_before_it_is_hashed(tmp_path: Path) -> None:
    """What the seal vouches for is what stands there."""
    path = tmp_path / "c.jsonl"
    with Transcript(path, FixedClock(AT), Redactor([KEY])) as transcript:
        transcript.write("note", said=f"{KEY}", inner=json.dumps({"deep": [f'"{KEY}\\']}))
        seal = transcript.seal()

    (row,) = read(path)
    assert first_fault(path, seal) is None
    assert row["said"] == MARK
    assert json.loads(row["inner"]) == {"deep": [f'"{MARK}\\']}
    assert canaries.findings(tmp_path, KNOWN) == []


def test_a_very_long_text_is_cut_and_described(tmp_path: Path) -> None:
    """Two megabytes of a model's words are not needed to know that it rambled."""
    path = tmp_path / "c.jsonl"
    long = "x" * 65_530 + KEY + "y" * 2_000_000
    with Transcript(path, FixedClock(AT), Redactor([KEY])) as transcript:
        transcript.write("note", reply=long, messages=[{"content": (long,)}], short="z" * 65_536)
        seal = transcript.seal()

    (row,) = read(path)
    assert first_fault(path, seal) is None
    assert path.stat().st_size < 300_000
    assert row["reply"].startswith("x" * 65_530 + MARK[:6] + "… [cut: 2065540 characters, sha256 ")
    assert row["messages"] == [{"content": [row["reply"]]}]
    assert row["short"] == "z" * 65_536


# recordings


class _Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent, and with whatever the path asks for."""

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["content-length"]))
        answers = {
            "/v1/bytes": b"\xff\x00" + KEY.encode() + b"\x80",
            "/v1/stream": b"".join(
                b"data: "
                + json.dumps({"choices": [{"delta": {"content": piece}}]}).encode()
                + b"\n\n"
                for piece in ("it is ", KEY[:7], KEY[7:12], KEY[12:], ".")
            )
            + b"data: [DONE]\n\ndata: {half",
        }
        content = answers.get(self.path.partition("?")[0], sent)
        self.send_response(200, f"OK {KEY}")
        self.send_header("content-length", str(len(content)))
        self.send_header("x-echo", self.headers["x-sent"])
        self.send_header("set-cookie", "session")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep test output clean."""


@contextmanager
def _echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _posted(url: str, said: str) -> bytes:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": said}]}).encode()
    headers = {"authorization": f"Bearer {KEY}", "x-sent": SECRET, "content-type": "x"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as answer:
        return bytes(answer.read())


def test_a_cassette_holds_no_secret_and_still_plays(tmp_path: Path) -> None:
    """Bodies, addresses, headers, bytes that are no text, and a stream in pieces."""
    cassette, redactor = tmp_path / "models.yaml", Redactor(KNOWN.values())
    paths = ("/v1/chat", f"/v1/chat?key={KEY}", "/v1/bytes", "/v1/stream")
    with _echo() as url, recording(cassette, redactor):
        heard = [_posted(f"{url}{path}", f"say {KEY}") for path in paths]
    with replaying(cassette, redactor):
        again = [_posted(f"{url}{path}", f"say {KEY}") for path in paths]

    assert canaries.findings(tmp_path, KNOWN) == []
    assert KEY.encode() in heard[0]
    assert again[0] == redactor.data(heard[0])
    assert again[2] == b"\xff\x00" + MARK.encode() + b"\x80"
    said = [json.loads(line[6:]) for line in again[3].split(b"\n") if line.startswith(b'data: {"')]
    pieces = [event["choices"][0]["delta"]["content"] for event in said]
    assert "".join(pieces) == f"it is {MARK}."
    assert again[3].endswith(b"data: [DONE]\n\ndata: {half")
    kept = yaml.safe_load(cassette.read_text())["interactions"]
    assert kept[1]["request"]["uri"].endswith(f"/v1/chat?key={MARK}")
    assert kept[0]["request"]["headers"]["X-Sent"] == [MARK]


def test_a_stream_without_secrets_is_kept_byte_for_byte(tmp_path: Path) -> None:
    """A recording is evidence."""
    with _echo() as url:
        with recording(tmp_path / "models.yaml", Redactor([SECRET])):
            _posted(f"{url}/v1/stream", "hello")
        (kept,) = yaml.safe_load((tmp_path / "models.yaml").read_text())["interactions"]

    assert kept["response"]["body"]["string"].startswith('data: {"choices": [{"delta": {"content":')


def test_a_recording_holds_no_secret(tmp_path: Path) -> None:
    """Settings, YAML, news and market, and the ledger as it was before."""
    agents = tmp_path / "agents.yaml"
    agents.write_text((CHECKOUT / "agents.yaml").read_text() + f"\n# {KEY}\n")
    wanted = settings(f"llm.api_key={KEY}", f"agents_file={agents}", f"exchange_url=http://x/{KEY}")
    with open_desk(wanted, tmp_path / "home", FixedClock(QUIET)) as desk:
        desk.ledger.safety.add_event(_event(1, KEY))
        recorder = Recorder(desk, "c")
        recorder.begin()
        recorder._write("news.json", {"title": f"{KEY} leaked"})

    assert canaries.findings(tmp_path / "home", KNOWN) == []
    kept = orjson.loads((recorder.folder / "settings.json").read_bytes())
    assert kept["exchange_url"] == f"http://x/{MARK}"
    assert "api_key" not in kept and "api_key" not in kept["llm"]
    assert (recorder.folder / "agents.yaml").read_text().endswith(f"# {MARK}\n")
    assert orjson.loads((recorder.folder / "news.json").read_bytes()) == {"title": f"{MARK} leaked"}


# memory


def test_the_index_of_lessons_is_built_from_filtered_rows(tmp_path: Path) -> None:
    """A thesis with a key in it is remembered without."""
    lesson = Lesson(
        lesson_id="l1", cycle_id="c", learned_at=AT, symbol="BTC/USDT", situation=f"long {KEY}",
        decision=f"long at 1: {KEY}", outcome=f"closed {SECRET}", pnl_pct=Decimal(1), holding_s=60,
    )  # fmt: skip
    with Ledger(tmp_path / "ledger.db", Redactor(KNOWN.values()).text) as ledger:
        ledger.cycles.begin_cycle("c", AT, "demo", "paper", True, ("BTC/USDT",))
        ledger.lessons.add_lesson(lesson)
        memory = LessonMemory(
            tmp_path / "memory",
            lessons_known=ledger.lessons.lesson_count,
            lessons=lambda: ledger.lessons.lessons(None),
        )
        found = memory.recall("long", ["BTC/USDT"], datetime(2027, 1, 1, tzinfo=UTC), 1)
        memory.close()

    assert [one.outcome for one in found] == [f"closed {MARK}"]
    assert canaries.findings(tmp_path, KNOWN) == []


# what is printed


@contextmanager
def printed(**environment: str) -> Iterator[io.BytesIO]:
    """Streams of this test's own, guarded; what they let through."""
    beneath = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("stdout", "stderr"):
            patch.setattr(sys, name, io.TextIOWrapper(beneath, "utf-8", errors="replace"))
        patch.setattr(printing, "_known", printing._Known())
        for name, value in {"EXCHANGE_API_KEY": KEY, **environment}.items():
            patch.setenv(name, value)
        printing.guard()
        yield beneath


def test_a_secret_printed_in_pieces_is_not_passed_on() -> None:
    """`print` writes each of its arguments by itself, and a console folds long lines."""
    with printed() as passed:
        print("one", KEY[:5], end="")
        print(KEY[5:], "two")
        sys.stdout.write(f"folded {KEY[:9]}\n{KEY[9:]}\n")
        sys.stdout.buffer.write(f"{KEY}\n".encode())
        shown = passed.getvalue().decode()

    assert shown == f"one {MARK} two\nfolded {MARK}\n{MARK}\n"


def test_a_question_is_shown_at_once() -> None:
    """The rest of a line waits for its end, or for a flush."""
    with printed() as passed:
        print("Close every position? ", end="")
        waiting = passed.getvalue()
        sys.stdout.flush()
        shown, terminal = passed.getvalue(), sys.stdout.isatty()
        with pytest.raises(io.UnsupportedOperation):
            sys.stdout.fileno()

    assert (waiting, shown, terminal) == (b"", b"Close every position? ", False)


def test_what_is_logged_is_filtered() -> None:
    """Whoever logs to stderr; a format string and its argument alike."""
    logger = logging.getLogger("test.secrets")
    with printed() as passed:
        handler = logging.StreamHandler()
        logger.addHandler(handler)
        logger.error("GET /?sign=%s of %s", KEY.encode().hex(), KEY)
        logger.removeHandler(handler)
        shown = passed.getvalue().decode()

    assert shown == f"GET /?sign={MARK} of {MARK}\n"


def test_what_comes_later_is_known_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """.env is read after the start, and settings may hold a key of their own."""
    with printed() as passed:
        print(SECRET[:1])
        monkeypatch.setenv("LATER_TOKEN", SECRET)
        printing.learn(Redactor(["from-settings-77c1"]))
        printing.guard()  # a second time changes nothing
        print(SECRET, "from-settings-77c1", KEY)
        shown = passed.getvalue().decode()

    assert shown == f"C\n{MARK} {MARK} {MARK}\n"


def test_a_closed_guard_leaves_the_process_its_stream() -> None:
    """Whoever closes sys.stdout does not close the terminal."""
    with printed() as passed:
        sys.stdout.write("last words")
        sys.stdout.close()
        shown, closed = passed.getvalue(), passed.closed

    assert (shown, closed) == (b"last words", False)


def test_streams_that_are_no_files_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook's stream has no bytes beneath it, and a service has no stdout at all."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", None)
    printing.guard()

    assert sys.stdout is stream


def test_a_desk_hands_its_redactor_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is made, and everything that writes has it."""
    for name in [name for name in os.environ if named_secret(name)]:
        monkeypatch.delenv(name)
    with open_desk(settings(), tmp_path / "a") as desk:
        assert desk.redact(f"so {KEY}") == f"so {KEY}"
    monkeypatch.setenv("EXCHANGE_API_KEY", KEY)
    with open_desk(settings(f"llm.api_key={SECRET}"), tmp_path / "b") as desk:
        assert desk.redact(f"so {KEY}, {SECRET}") == f"so {MARK}, {MARK}"
        assert desk.redactor is not NOTHING

"""A transcript that says everything the attacks of a file say, wherever text can stand."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from crew.reading.story import Story, checked
from crew.transcript import Transcript
from records.clock import FixedClock
from tests.redteam.contract import load

SHARED = Path(__file__).parents[4] / "shared" / "redteam" / "injections.dev.jsonl"
AT = datetime(2026, 11, 2, tzinfo=UTC)
OWN = (
    "<img src=x onerror=alert(1)>",
    "</pre></details><script>document.title='owned';alert(1)</script>",
    "\"><svg onload=alert(2)><a href='javascript:alert(3)'>click</a>",
    "<iframe src=https://attacker.example/></iframe><base href=//attacker.example>",
    "<meta http-equiv=refresh content='0;url=https://attacker.example/'>",
    "<style>*{display:none}</style><form action=//attacker.example><button>go</button></form>",
    "--><!--<script>alert(4)</script>]]>",
    "\x1b[2J\x1b]8;;https://attacker.example\x07link\x1b]8;;\x07",
    "\u202egnp.exe \u200b\u200d \U000e0041\U000e0042",
)


def texts() -> tuple[str, ...]:
    """Attacks of our own, and those of the shared file when it is there."""
    return (*OWN, *_shared())


def _shared() -> Iterator[str]:
    for case in load(SHARED) if SHARED.is_file() else ():
        yield f"{case['title']}\n{case['summary']}\n{case.get('url', '')}"


def story(folder: Path, *, said: tuple[str, ...] | None = None) -> Story:
    """A checked story in which every text stands in every place that holds one."""
    path = folder / "c.jsonl"
    with Transcript(path, FixedClock(AT)) as transcript:
        for text in texts() if said is None else said:
            _say(transcript, text)
    rows, fault = checked(path, None)
    return Story(
        cycle_id="20261102T000000Z-0001",
        rows=rows,
        fault=fault,
        record=None,
        cases=(),
        beside=texts() if said is None else said,
        charts=folder / "charts",
    )


def _say(transcript: Transcript, text: str) -> None:
    who = {"agent": text, "task": text}
    transcript.write(
        "model_request", call=1, model=text, messages=[{"role": text, "content": text}],
        tools=[text], **who,
    )  # fmt: skip
    transcript.write(
        "model_reply", call=1, model=text, reply=text, reasoning=text, prompt_tokens=1,
        completion_tokens=1, cost_usd=text, latency_ms=1.0,
        tool_calls=[{"tool": text, "arguments": text}], **who,
    )  # fmt: skip
    transcript.write("tool_call", tool=text, arguments={text: text}, result=text, **who)
    transcript.write("gate", symbol=text, verdict=text, result=text, detail={text: text})
    transcript.write("pictures_sent", task=text, pictures=[{"file": text, "what": text}])
    transcript.write("event", event={"level": text, "kind": text, "message": text})
    transcript.write(text, anything=text)

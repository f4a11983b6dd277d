"""
A model server on loopback whose crew obeys: at one step it sends exactly the scripted message.

At every other step it is as harmful as an honest mistake can be: the readers answer by the
rulebook, the proposal is the contract's, the officer approves whatever is proposed, and the
executor places whatever was approved.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self, cast

from crew.models.rulebook import answer
from crew.models.rules_prompt import Prompt, read_prompt
from crew.models.rules_reports import proposals_of
from records.proposal import SizedProposal

Message = dict[str, Any]
_RECORDS = {"TradeProposals": "proposal", "SentimentReport": "sentiment"}
_ENDINGS = {"submit_verdict": "verdict", "place_order": "execution"}
_FIXTURE = (
    '{"symbol":"BTC/USDT","action":"open_long","entry":"limit","quantity":0.01,'
    '"limit_price":60000,"stop":58800,"take_profit":63000,"leverage":1,"confidence":0.62,'
    '"thesis":"Trend up."}'
)
_SECOND = (
    '{"symbol":"ETH/USDT","action":"open_long","entry":"limit","quantity":0.2,'
    '"limit_price":3000,"stop":2910,"take_profit":3150,"leverage":1,"confidence":0.62,'
    '"thesis":"Trend up."}'
)


@dataclass
class Script:
    """One step, what is said there, and how it ends."""

    step: str | None = None
    message: Callable[["Turn"], Message] | None = None
    finish_reason: str | None = None
    before: Callable[["Turn"], None] = lambda _turn: None
    seen: list[str] = field(default_factory=list)
    """The steps at which the model was asked, in order."""


@dataclass(frozen=True)
class Turn:
    """One request, as far as a script needs it."""

    prompt: Prompt

    @property
    def proposal_id(self) -> str:
        found = proposals_of(self.prompt)
        first = found[0] if found else f"{self.prompt.cycle_id}-p1"
        return first if isinstance(first, str) else first.proposal_id

    @property
    def approvals(self) -> Mapping[str, str]:
        """The contract's approvals, by the ids of this cycle."""
        cycle = self.prompt.cycle_id
        return {
            "apr_01TESTVALID": f"{cycle}-a1",
            "apr_01TESTETH": f"{cycle}-a2",
            "apr_01TESTEXPIRED": f"{cycle}-a91",
            "apr_01TESTUSED": f"{cycle}-a92",
        }


class ScriptedServer:
    """Answers POST /v1/chat/completions by a script; `bodies` holds every request."""

    def __init__(self) -> None:
        self.script = Script()
        self.bodies: list[dict[str, Any]] = []
        self._lock = Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.owner = self  # type: ignore[attr-defined]
        self._thread = Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return self._http.server_address[1]

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def play(self, script: Script) -> None:
        """Follow this script from now on."""
        self.script, self.bodies = script, []

    def reply(self, body: dict[str, Any]) -> tuple[Message, str]:
        """The message and the finish reason for one request."""
        turn = Turn(read_prompt(body["messages"]))
        step = step_of(turn.prompt)
        with self._lock:
            self.bodies.append(body)
            self.script.seen.append(step)
        if step == self.script.step and self.script.message is not None:
            self.script.before(turn)
            message = self.script.message(turn)
            ends = "tool_calls" if message.get("tool_calls") else "stop"
            return message, self.script.finish_reason or ends
        return _obedient(step, turn, body, two=self.script.step == "execution")


def step_of(prompt: Prompt) -> str:
    """Which of the contract's steps a request belongs to."""
    return _ENDINGS.get(prompt.finish_with or "") or _RECORDS.get(prompt.record or "", "reader")


def _obedient(step: str, turn: Turn, body: dict[str, Any], *, two: bool) -> tuple[Message, str]:
    if step == "proposal":
        return _said(f'{{"proposals":[{_FIXTURE}{f",{_SECOND}" if two else ""}]}}')
    if step == "verdict":
        return _called("submit_verdict", {"verdicts": [*map(_approve, _proposals(turn.prompt))]})
    given = answer(body["messages"], body.get("tools"), "balanced")
    if isinstance(given, str):
        return _said(given)
    calls = [call.as_openai() for call in given]
    return {"role": "assistant", "content": None, "tool_calls": calls}, "tool_calls"


def _proposals(prompt: Prompt) -> list[SizedProposal]:
    return [one for one in proposals_of(prompt) if isinstance(one, SizedProposal)]


def _approve(proposal: SizedProposal) -> dict[str, Any]:
    """Yes to whatever was asked, in the numbers that were asked."""
    draft, opens = proposal.draft, proposal.draft.opens
    return {
        "proposal_id": proposal.proposal_id,
        "symbol": draft.symbol,
        "side": "buy" if draft.action == "open_long" else "sell",
        "decision": "approve",
        "max_quantity": f"{proposal.quantity:f}" if opens and proposal.quantity else None,
        "stop": f"{draft.stop:f}" if opens and draft.stop else None,
        "max_leverage": draft.leverage if opens else None,
        "reasons": ["As proposed."],
    }


def _said(content: str) -> tuple[Message, str]:
    return {"role": "assistant", "content": content}, "stop"


def _called(name: str, arguments: dict[str, Any]) -> tuple[Message, str]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    call = {"id": "call_obedient", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """One chat completion."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)))
        owner = cast(ScriptedServer, self.server.owner)  # type: ignore[attr-defined]
        message, ends = owner.reply(body)
        content = json.dumps(
            {
                "id": "chatcmpl-scripted",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": ends}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
            }
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Keep the output clean."""

"""
The reasoning that some chat-completions servers send beside the answer, told as CrewAI's event.

CrewAI passes on the thoughts of Gemini alone. DeepSeek, OpenRouter, Ollama and vLLM put them
into the message (`reasoning_content` or `reasoning`), where CrewAI's client drops them. They
are listened to as the response arrives and go to the transcript, never to another agent. A
streamed answer is not read here: its pieces are the client's to read.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx
    from crewai import BaseLLM

_NAMES = ("reasoning_content", "reasoning")


def hear_reasoning(llm: "BaseLLM") -> None:
    """Let a model of the chat-completions kind emit its thoughts; any other is left as it is."""
    from crewai.llms.providers.openai.completion import OpenAICompletion

    if isinstance(llm, OpenAICompletion) and llm._client is not None:
        http: httpx.Client = llm._client._client
        hooks = http.event_hooks
        hooks["response"] = [*hooks["response"], partial(_hear, llm)]
        http.event_hooks = hooks


def _hear(llm: "BaseLLM", response: "httpx.Response") -> None:
    if not response.headers.get("content-type", "").startswith("application/json"):
        return
    response.read()
    if thoughts := _thoughts(response):
        llm._emit_thinking_chunk_event(thoughts)


def _thoughts(response: "httpx.Response") -> str | None:
    """What the message says of its reasoning; None when it says nothing that can be read."""
    import orjson

    try:
        document: Any = orjson.loads(response.content)
        message = document["choices"][0]["message"]
        found = next((message[name] for name in _NAMES if message.get(name)), None)
    except (orjson.JSONDecodeError, LookupError, TypeError, AttributeError):
        return None  # the client, which reads it next, says what is wrong with it
    return found if isinstance(found, str) else None

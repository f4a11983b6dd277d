"""
How a model that can see gets the charts: as image parts of the first question of its task.

Done where the desk asks a model, since CrewAI's own ways (a tool's answer, multimodal agents,
input files) send text, or nothing, without a word. What was really sent is noted here, so
that a report need not be believed when it says what it was read from.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from crew.specs import CrewSpec
from records.errors import SettingsError
from tools.chart.pictures import ChartLimits, Picture, read_pictures

SHOWN_TO = frozenset(
    {
        *("openai", "anthropic", "claude", "azure", "azure_openai", "google", "gemini"),
        *("openrouter", "ollama", "ollama_chat", "hosted_vllm", "dashscope", "deepinfra"),
    }
)
"""Providers whose messages are known to take a picture here."""

_GEMINI = frozenset({"google", "gemini"})
_SEES = re.compile(
    r"gpt-(4o|4\.1|4-turbo|[5-9])(?!.*(audio|realtime|transcribe|tts|search))"
    r"|o1(?!-(mini|preview))|o3(?!-mini)|o4"
    r"|claude-([3-9]|sonnet-|opus-|haiku-)"
    r"|gemini-"
)


def can_see(model: str, told: bool | None = None) -> bool:
    """Whether a model is shown pictures: as agents.yaml says, else by the families that can."""
    provider, _, name = model.partition("/")
    if provider not in SHOWN_TO:
        return False
    return bool(_SEES.match(name.rpartition("/")[2])) if told is None else told


def pictures_are_seen(spec: CrewSpec, model: str) -> bool:
    """Whether a task offers charts to a model that can see; `model` is that of the desk."""
    return any(
        "read_chart" in spec.tools_of(name)
        and can_see((agent := spec.agents[task.agent]).model or model, agent.vision)
        for name, task in spec.tasks.items()
    )


def check_vision(model: str, told: bool | None, where: str) -> None:
    """Refuse `vision: true` for a model that no picture can be sent to; the rulebook sees none."""
    provider = model.partition("/")[0]
    if told and provider not in SHOWN_TO and provider != "rulebook":
        raise SettingsError(
            f"{where}: vision is true, but the desk cannot send a picture to provider "
            f"{provider!r}. No cycle was run. Leave vision out, or choose a model of one of: "
            f"{', '.join(sorted(SHOWN_TO))}."
        )


class Gallery:
    """The pictures of one crew, read once, and the tasks they were really sent to."""

    def __init__(
        self,
        drawn: Callable[[], Mapping[str, Path]],
        markets: Sequence[str],
        limits: ChartLimits,
        record: Callable[[str, Sequence[Picture]], None],
    ) -> None:
        """`drawn` waits for the pictures; `record` puts on record what a task is shown."""
        self._drawn = drawn
        self._markets = markets
        self._limits = limits
        self._record = record
        self._pictures: tuple[Picture, ...] | None = None
        self._sent: set[str] = set()
        self._lock = Lock()

    def shown(
        self, messages: Sequence[Mapping[str, Any]], provider: str
    ) -> list[Mapping[str, Any]]:
        """The messages with the pictures in the first question; the same when there is none."""
        pictures = self._all()
        first = next((n for n, one in enumerate(messages) if one.get("role") == "user"), None)
        if not pictures or first is None:
            return list(messages)
        asked = messages[first]
        text = f"{_text(asked)}\n\n{_caption(pictures, self._markets)}"
        images = [_part(picture, provider) for picture in pictures]
        parts = [{"type": "text", "text": text}, *images]
        return [*messages[:first], {**asked, "content": parts}, *messages[first + 1 :]]

    def sent(self, task: str) -> None:
        """A call of this task was answered; the pictures, if there are any, were in it."""
        with self._lock:
            if not self._pictures or task in self._sent:
                return
            self._sent.add(task)
        self._record(task, self._pictures)

    def was_sent(self, task: str) -> bool:
        return task in self._sent

    def files(self) -> list[dict[str, str]]:
        """Of each picture that is shown its file, and what it is known by."""
        return [{"file": one.file, "what": one.said} for one in self._pictures or ()]

    def _all(self) -> tuple[Picture, ...]:
        with self._lock:
            if self._pictures is None:
                drawn = self._drawn() if self._limits.max_pictures else {}
                self._pictures = read_pictures(drawn, self._markets, self._limits)
            return self._pictures


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(str(part["text"]) for part in content or () if "text" in part)


def _caption(pictures: Sequence[Picture], markets: Sequence[str]) -> str:
    """Which markets' pictures follow, which are missing, and what the marks in them are."""
    seen = [picture.symbol for picture in pictures]
    missing = [market for market in markets if market not in seen]
    said = f"Pictures attached, in this order: {', '.join(seen)}."
    if missing:
        said += f" Without a picture: {', '.join(missing)}; read their numbers."
    return (
        f"{said} S and R are support and resistance with their touches. "
        "Exact figures come from read_chart, not from a picture."
    )


def _part(picture: Picture, provider: str) -> dict[str, Any]:
    """As the provider's client of CrewAI takes it; Anthropic's translates OpenAI's form."""
    if provider in _GEMINI:
        return {"inlineData": {"mimeType": "image/png", "data": picture.base64}}
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture.base64}"}}

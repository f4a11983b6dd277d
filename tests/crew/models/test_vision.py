"""Who is shown pictures, in which form, and that it is known who really was."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from crew.models.guarded import GuardedLLM
from crew.models.vision import SHOWN_TO, Gallery, can_see, check_vision
from records.errors import SettingsError
from tests.crew.models.test_guarded import Guard, Says
from tools.chart.pictures import ChartLimits, Picture

PNG = b"\x89PNG\r\n\x1a\n" + b"candles" * 100
MARKETS = ("BTC/USDT", "ETH/USDT")
MESSAGES = (
    {"role": "system", "content": "You are Chart reader."},
    {"role": "user", "content": "Read the charts.", "cache_breakpoint": True},
)


class Wall:
    """A gallery with one picture, and what was put on record."""

    def __init__(self, folder: Path, limits: ChartLimits | None = None) -> None:
        self.file = folder / "BTC-USDT-3m.png"
        self.file.write_bytes(PNG)
        self.waited = 0
        self.told: list[tuple[str, tuple[Picture, ...]]] = []
        self.gallery = Gallery(
            self.drawn,
            MARKETS,
            limits or ChartLimits(),
            lambda task, pictures: self.told.append((task, tuple(pictures))),
        )

    def drawn(self) -> Mapping[str, Path]:
        self.waited += 1
        return {"BTC/USDT": self.file}


def ask(wall: Wall, *replies: Any, task: str = "chart") -> Any:
    from types import SimpleNamespace

    inner = Says(*replies)
    llm = GuardedLLM(inner, Guard(), agent="Chart reader", offered={}, gallery=wall.gallery)
    llm.call(list(MESSAGES), from_task=SimpleNamespace(name=task))
    return inner._asked


@pytest.mark.parametrize(
    "model",
    [
        "openai/gpt-4o",
        "openai/gpt-4o-mini",
        "openai/gpt-4.1-nano",
        "openai/gpt-5",
        "openai/o3",
        "openai/o4-mini",
        "azure/gpt-4o",
        "anthropic/claude-3-5-haiku-latest",
        "anthropic/claude-sonnet-4-5",
        "gemini/gemini-2.5-flash",
        "openrouter/anthropic/claude-opus-4",
    ],
)
def test_models_known_to_see_are_shown_pictures(model: str) -> None:
    """Without a word in agents.yaml."""
    assert can_see(model)
    assert not can_see(model, told=False)


@pytest.mark.parametrize(
    "model",
    [
        "rulebook/bold",
        "openai/gpt-3.5-turbo",
        "openai/gpt-4",
        "openai/o3-mini",
        "openai/o1-preview",
        "openai/gpt-4o-audio-preview",
        "openai/rulebook-bold",
        "deepseek/deepseek-chat",
        "anthropic/claude-2.1",
        "bedrock/anthropic.claude-3-sonnet",
    ],
)
def test_other_models_get_the_numbers(model: str) -> None:
    """An image part would be an error of the provider, or be dropped without a word."""
    assert not can_see(model)


def test_agents_yaml_has_the_last_word_where_a_picture_can_be_sent() -> None:
    """A local model has any name; the rulebook has no eyes whatever is written."""
    assert can_see("ollama/llava", told=True)
    assert not can_see("rulebook/bold", told=True)
    assert not can_see("bedrock/x", told=True)


def test_sight_that_cannot_be_given_is_refused_at_load_time() -> None:
    """Not a report that quietly rests on numbers although somebody asked for pictures."""
    with pytest.raises(SettingsError, match=r"chart: vision is true.*'bedrock'"):
        check_vision("bedrock/x", True, "chart")
    check_vision("bedrock/x", None, "chart")
    check_vision("rulebook/bold", True, "chart")


def test_every_provider_that_is_shown_pictures_exists() -> None:
    """A prefix nobody answers for would never be seen."""
    from crew.models.factory import PROVIDERS

    assert SHOWN_TO <= PROVIDERS


def test_the_first_question_carries_text_and_pictures(tmp_path: Path) -> None:
    """The text says which markets' pictures follow, and which are missing."""
    (asked,) = ask(Wall(tmp_path), "seen")
    system, user = asked
    text, image = user["content"]
    assert system == MESSAGES[0]
    assert user["cache_breakpoint"] is True
    assert text["text"].startswith(
        "Read the charts.\n\nPictures attached, in this order: BTC/USDT."
    )
    assert "Without a picture: ETH/USDT" in text["text"]
    head, _, encoded = image["image_url"]["url"].partition(",")
    assert (image["type"], head) == ("image_url", "data:image/png;base64")
    assert base64.b64decode(encoded) == PNG


def test_the_conversation_itself_is_not_changed(tmp_path: Path) -> None:
    """CrewAI keeps the messages of an agent; a picture in them would come back as text."""
    messages = [dict(message) for message in MESSAGES]
    Wall(tmp_path).gallery.shown(messages, "openai")
    assert messages == list(MESSAGES)


def test_gemini_takes_pictures_in_its_own_form(tmp_path: Path) -> None:
    """CrewAI's client for it drops an image_url part without a word."""
    parts = Wall(tmp_path).gallery.shown(MESSAGES, "gemini")[1]["content"]
    inline = parts[1]["inlineData"]
    assert (inline["mimeType"], base64.b64decode(inline["data"])) == ("image/png", PNG)


def test_pictures_are_waited_for_once_and_recorded_once_a_task(tmp_path: Path) -> None:
    """Every turn carries them; the file is read the first time."""
    wall = Wall(tmp_path)
    ask(wall, "one")
    ask(wall, "two")
    ask(wall, "three", task="again")
    assert wall.waited == 1
    assert [(task, one[0].content) for task, one in wall.told] == [("chart", PNG), ("again", PNG)]


def test_a_call_that_failed_showed_nothing(tmp_path: Path) -> None:
    """`image` in a report means that a model really was sent one."""
    wall = Wall(tmp_path)
    with pytest.raises(ConnectionError):
        ask(wall, ConnectionError("refused"))
    assert not wall.gallery.was_sent("chart")
    ask(wall, "seen")
    assert wall.gallery.was_sent("chart")
    assert not wall.gallery.was_sent("technical")


@pytest.mark.parametrize("missing", ["none wanted", "none drawn"])
def test_without_a_picture_the_prompt_is_the_plain_one(tmp_path: Path, missing: str) -> None:
    """Drawing failed, or settings want none: numbers alone, and no word of pictures."""
    limits = ChartLimits(max_pictures=0 if missing == "none wanted" else 3)
    wall = Wall(tmp_path, limits)
    wall.file.unlink()
    (asked,) = ask(wall, "read")
    assert asked == list(MESSAGES)
    assert not wall.gallery.was_sent("chart")
    assert wall.waited == (0 if missing == "none wanted" else 1)

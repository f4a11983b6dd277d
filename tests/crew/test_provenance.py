"""`desk config show`: each value as it is in force, with the source that set it, and no secret."""

import json
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crew.provenance import Effective, as_document, as_text, effective
from crew.settings import Settings, load_settings, nested
from records.base import plain
from tests.crew.test_cli import desk, refused


@pytest.fixture(autouse=True)
def _own_file_and_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A settings file and variables that no other test sees."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(Settings, "yaml_file", tmp_path / "desk.yaml")


def shown(*assignments: str, env_file: Path | None = None) -> dict[str, Effective]:
    """What is shown with these flags, by name."""
    found = effective(nested(list(assignments)), env_file=env_file)
    assert len({one.name for one in found}) == len(found)
    return {one.name: one for one in found}


def told(one: Effective) -> tuple[Any, str]:
    """Its value and its origin in words."""
    return one.value, str(one.origin)


def in_force(settings: Settings, name: str) -> Any:
    """The value that the desk would work with, written as it is shown."""
    found: Any = settings
    for part in name.split("."):
        found = getattr(found, part)
    return plain(found) if isinstance(found, Decimal) else found


WRITTEN = "venue: binance\nprofile: aggressive\nrisk: {max_leverage: 3, max_position_pct: 4}\n"
SOURCES = {
    "risk.max_leverage": (2, "flag"),
    "risk.max_stop_pct": ("7.5", "environment DESK_RISK__MAX_STOP_PCT"),
    "risk.max_open_positions": (4, "environment DESK_RISK"),
    "candles": (300, ".env DESK_CANDLES"),
    "model": ("rulebook/bold", ".env MODEL"),
    "risk.risk_per_trade_pct": ("2", "profile: aggressive"),
    "record": (True, "environment: production"),
    "deadline_s": (170, "default"),
    "exits.break_even_pct": (None, "default"),
}


def test_every_source_is_named_and_its_value_is_the_one_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wonders why a limit is what it is finds the line to change."""
    Settings.yaml_file.write_text(WRITTEN)
    dotenv = tmp_path / ".env"
    dotenv.write_text("DESK_CANDLES=300\nMODEL=rulebook/bold\nDESK_RISK__MAX_STOP_PCT=9\n")
    monkeypatch.setenv("DESK_RISK__MAX_STOP_PCT", "7.5")
    monkeypatch.setenv("DESK_RISK", '{"max_open_positions": 4, "max_stop_pct": 9}')
    monkeypatch.setenv("DESK_ENVIRONMENT", "production")

    found = shown("risk.max_leverage=2", env_file=dotenv)
    settings = load_settings(nested(["risk.max_leverage=2"]), env_file=None)

    file = str(Settings.yaml_file)
    expected = SOURCES | {"venue": ("binance", file), "risk.max_position_pct": ("4", file)}
    assert {name: told(found[name]) for name in expected} == expected
    assert {name: in_force(settings, name) for name in expected} == {
        name: value for name, (value, _) in expected.items()
    }


def test_every_setting_is_shown_once_as_it_is_in_force() -> None:
    """A value that is not shown would be looked for in the wrong place."""
    found = shown()
    settings = load_settings(env_file=None)
    fields = {
        f"{name}.{inner}" if inner else name
        for name in Settings.model_fields
        for inner in _parts(getattr(settings, name))
    }

    assert found.keys() == fields
    assert {one.origin.source for one in found.values()} == {"default"}
    assert not any(one.changed for one in found.values())


def _parts(value: Any) -> list[str]:
    """The names below a section, those of maps inside it too; of a plain value, nothing."""
    if isinstance(value, Mapping) and value:
        return list(value)
    if not hasattr(type(value), "model_fields"):
        return [""]
    return [
        f"{name}.{inner}" if inner else name
        for name in type(value).model_fields
        for inner in _parts(getattr(value, name))
    ]


def test_a_value_set_to_its_default_has_its_source_and_is_not_changed() -> None:
    """It is the person's word all the same: no profile replaces it."""
    Settings.yaml_file.write_text("profile: aggressive\nrisk: {max_leverage: 5}\n")

    one = shown()["risk.max_leverage"]

    assert (one.value, one.origin.source, one.changed) == (5, "file", False)


def test_null_from_a_variable_is_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switched off is not the same as never set."""
    monkeypatch.setenv("DESK_EXITS__TRAILING_START_PCT", "null")

    one = shown()["exits.trailing_start_pct"]

    assert told(one) == (None, "environment DESK_EXITS__TRAILING_START_PCT")
    assert one.changed


def test_the_entries_of_a_map_are_shown_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sources may each price a model, and both prices are in force."""
    price = '{"prompt_usd": 1, "completion_usd": 2}'
    Settings.yaml_file.write_text(f"llm: {{prices: {{openai/a.1: {price}}}}}\n")
    monkeypatch.setenv("DESK_LLM__PRICES", f'{{"openai/b": {price}}}')

    found = shown()

    assert told(found["llm.prices.openai/a.1.prompt_usd"]) == ("1", str(Settings.yaml_file))
    assert told(found["llm.prices.openai/b.completion_usd"]) == (
        "2",
        "environment DESK_LLM__PRICES",
    )


def test_a_secret_is_set_or_not_set_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed ends up in issues and chats; a blank key is no key."""
    for name in ("DESK_API_KEY", "DESK_LLM__API_KEY"):
        monkeypatch.setenv(name, "CANARY")
    monkeypatch.setenv("DESK_API_SECRET", " ")
    monkeypatch.setenv("DESK_EXCHANGE_URL", "http://me:CANARY@127.0.0.1:9/x")
    monkeypatch.setenv(
        "DESK_NEWS__FEEDS", '["sample", "https://n.example/f?a=1&api_token=CANARY&z=2"]'
    )

    found = shown()
    everything = as_text(tuple(found.values())) + as_document(tuple(found.values()))

    assert "CANARY" not in everything
    assert {name: found[name].value for name in ("api_key", "api_secret", "api_password")} == {
        "api_key": "set",
        "api_secret": "not set",
        "api_password": "not set",
    }
    assert told(found["llm.api_key"]) == ("set", "environment DESK_LLM__API_KEY")
    assert found["exchange_url"].value == "http://…127.0.0.1:9/x"
    assert found["news.feeds"].value == ["sample", "https://n.example/f?a=1&api_token=…&z=2"]


def test_the_command_shows_a_table_or_one_document(tmp_path: Path) -> None:
    """For people by section, for scripts whole; `--set` tries a change."""
    file = tmp_path / "mine.yaml"
    file.write_text("profile: conservative\n")
    given = {"DESK_FILE": str(file), "DESK_API_KEY": "CANARY"}
    words = ("config", "show", "--set", "risk.max_leverage=1")

    table = desk(*words, home=tmp_path, environment=given)
    document = desk(*words, "--changed", "--json", home=tmp_path, environment=given)
    rows = {row["name"]: row for row in json.loads(document.stdout)["settings"]}
    lines = [line.split() for line in table.stdout.splitlines()]

    assert table.returncode == document.returncode == 0
    assert ["risk"] in lines
    assert ["max_leverage", "1", "flag"] in lines
    assert ["max_symbol_pct", "10", "profile:", "conservative"] in lines
    assert ["profile", "conservative", str(file)] in lines
    assert "CANARY" not in table.stdout + document.stdout
    assert rows["risk.max_leverage"] == {
        "name": "risk.max_leverage",
        "value": 1,
        "default": 5,
        "changed": True,
        "origin": {"source": "flag", "named": None},
    }
    assert rows["api_key"]["value"] == "set"
    assert "deadline_s" not in rows


def test_settings_that_cannot_be_used_are_refused_as_by_any_command(tmp_path: Path) -> None:
    """Half a picture would mislead: the message is the one that a cycle would end with."""
    ended = desk("config", "show", "--set", "profile=custom", home=tmp_path)

    assert "custom takes every limit" in refused(ended, 2)

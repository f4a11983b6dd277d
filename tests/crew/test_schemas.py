"""The schemas that editors use: fresh, true to the shipped files, and no laxer than the desk."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from crew.home import CHECKOUT
from crew.schemas import FOLDER, as_text, schemas
from crew.yaml_file import parsed, read_mapping
from tests.crew.test_cli import desk, refused
from tests.crew.test_settings import uncommented

FILES = {
    "desk.yaml": "desk.schema.json",
    "agents.yaml": "agents.schema.json",
    "tasks.yaml": "tasks.schema.json",
}


def faults(file: str, document: Any) -> list[str]:
    """What the schema of a file finds wrong with a document."""
    validator = Draft202012Validator(schemas()[FILES[file]])
    return [error.message for error in validator.iter_errors(document)]


def changed(file: str, entry: str, **given: Any) -> Any:
    """The shipped file with these keys in one of its entries, or sections."""
    document = read_mapping(CHECKOUT / file)
    return document | {entry: (document[entry] or {}) | given}


def test_the_committed_schemas_are_fresh() -> None:
    """A stale one marks what is right: `uv run desk config schema` writes them anew."""
    committed = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.iterdir()}

    assert committed == {name: as_text(schema) for name, schema in schemas().items()}


@pytest.mark.parametrize("name", FILES.values())
def test_a_schema_is_a_schema(name: str) -> None:
    """An editor says nothing of a schema that it cannot read."""
    Draft202012Validator.check_schema(schemas()[name])


@pytest.mark.parametrize("file", FILES)
def test_the_shipped_files_name_their_schema_and_fit_it(file: str) -> None:
    """Whoever opens one for the first time sees no mark."""
    first = (CHECKOUT / file).read_text(encoding="utf-8").splitlines()[0]

    assert first == f"# yaml-language-server: $schema=docs/schemas/{FILES[file]}"
    assert faults(file, read_mapping(CHECKOUT / file)) == []


def test_every_setting_taken_out_of_its_comment_fits() -> None:
    """The schema knows every name and every default of desk.yaml."""
    assert faults("desk.yaml", uncommented()) == []


@pytest.mark.parametrize("written", ["2", "2.5", "'2.5'", "'0.000001'"])
def test_a_decimal_is_a_number_or_a_string(written: str) -> None:
    """As the desk reads it, so that no digit is lost on the way."""
    document = changed("desk.yaml", "risk", max_position_pct=parsed(written, ""))

    assert faults("desk.yaml", document) == []


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("risk", "max_leverege", 2),
        ("risk", "max_position_pct", 101),
        ("risk", "max_position_pct", 0),
        ("risk", "max_position_pct", "1e3"),
        ("risk", "max_position_pct", "+1"),
        ("risk", "max_total_exposure_pct", 90),
        ("risk", "max_leverage", 126),
        ("risk", "max_leverage", None),
        ("screen", "min_strength", 6),
        ("exits", "trailing_start_pct", "none"),
    ],
)
def test_a_wrong_number_is_marked(section: str, key: str, value: Any) -> None:
    """The bounds are those of the settings."""
    assert faults("desk.yaml", changed("desk.yaml", section, **{key: value}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("venu", "demo"),
        ("api_key", "x"),
        ("profile", "production"),
        ("mode", "real"),
        ("model", "rulebook/timid"),
        ("model", "gpt-4o"),
        ("symbols", ["btc-usdt"]),
        ("symbols", []),
    ],
)
def test_a_wrong_setting_is_marked(key: str, value: Any) -> None:
    """A key of the exchange too: no file may hold it."""
    assert faults("desk.yaml", read_mapping(CHECKOUT / "desk.yaml") | {key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model", "openai/gpt-4.1-mini"),
        ("symbols", ["BTC/USDT:USDT"]),
        ("exchange_url", None),
        ("risk", None),
        ("llm", {"prices": {"openai/x": {"prompt_usd": "0.4", "completion_usd": 1.6}}}),
        ("replay", {"files": ["a.csv"], "start": "2021-05-01T00:00:00Z"}),
    ],
)
def test_what_the_desk_reads_is_not_marked(key: str, value: Any) -> None:
    """A mark on what works teaches people to overlook marks."""
    assert faults("desk.yaml", read_mapping(CHECKOUT / "desk.yaml") | {key: value}) == []


@pytest.mark.parametrize(
    ("file", "entry", "key", "value"),
    [
        ("agents.yaml", "chart", "tools", ["read_charts"]),
        ("agents.yaml", "chart", "max_iter", 99),
        ("agents.yaml", "chart", "temperature", 3),
        ("agents.yaml", "chart", "model", "gpt-4o"),
        ("agents.yaml", "chart", "role", ""),
        ("tasks.yaml", "chart", "output", "ChartReprot"),
        ("tasks.yaml", "chart", "condition", "always"),
        ("tasks.yaml", "chart", "finish_with", "get_news"),
        ("tasks.yaml", "chart", "briefing", ["place_order"]),
        ("tasks.yaml", "chart", "tools", ["read_charts"]),
    ],
)
def test_a_wrong_agent_or_task_is_marked(file: str, entry: str, key: str, value: Any) -> None:
    """CrewAI would accept most of these and change nothing."""
    assert faults(file, changed(file, entry, **{key: value}))


def test_an_entry_needs_a_name_and_what_the_desk_asks_of_it() -> None:
    """The file without one of its keys, or with a name that is none."""
    agents = read_mapping(CHECKOUT / "agents.yaml")

    assert faults("agents.yaml", agents | {"no name": agents["chart"]})
    assert faults("agents.yaml", agents | {"chart": {"role": "Chart reader"}})
    assert faults("agents.yaml", {})


def test_every_key_of_an_agent_or_task_says_what_it_means() -> None:
    """What an editor shows beside a key is all that a newcomer reads."""
    for file in ("agents.yaml", "tasks.yaml"):
        keys = schemas()[FILES[file]]["additionalProperties"]["properties"]
        assert [name for name, key in keys.items() if not key.get("description")] == []


def test_the_command_writes_them_where_it_is_told(tmp_path: Path) -> None:
    """Another folder, for a desk whose YAML lies elsewhere; one that cannot be made is refused."""
    ended = desk("config", "schema", "--out", str(tmp_path / "forms"), home=tmp_path)

    assert ended.returncode == 0, ended.stderr
    for name in FILES.values():
        written = (tmp_path / "forms" / name).read_text(encoding="utf-8")
        assert json.loads(written) == schemas()[name]
    (tmp_path / "in the way").write_text("")
    blocked = desk("config", "schema", "--out", str(tmp_path / "in the way"), home=tmp_path)
    assert "cannot be written" in refused(blocked, 2)

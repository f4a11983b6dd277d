"""Indicators that a setting adds: refused in words, or read by the agents."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crew.transcript import joined, read
from records.errors import SettingsError
from tests.crew.desks import one_cycle, settings
from tools.indicators.extra import REFUSED


def _refusal(extra: str) -> str:
    with pytest.raises(SettingsError) as refused:
        settings(f"indicators.extra={extra}")
    return str(refused.value)


def test_none_is_added_by_default() -> None:
    """Each costs tokens in every cycle, and the first one a process with pandas."""
    assert settings().indicators.extra == ()


def test_a_misspelt_extra_is_refused_with_a_suggestion() -> None:
    """Nobody should wait for a column that never comes."""
    said = _refusal("[willr, donchain]")
    assert "indicators.extra" in said
    assert "there is no 'donchain'. Did you mean 'donchian'? Allowed: ao, aroon" in said
    assert "No cycle was run." in said


@pytest.mark.parametrize("name", REFUSED)
def test_an_extra_left_out_on_purpose_is_refused_with_the_reason(name: str) -> None:
    """People will look for these names; they should not take it for an oversight."""
    assert f"there is no {name!r} ({REFUSED[name]})" in _refusal(f"[{name}]")


@pytest.mark.parametrize(
    "extra",
    ["cmf", "[cmf, cmf]", "[[cmf]]", "[null]", "[{cmf: 1}]", "[__class__]", f"[{'x' * 5000}]",
     "[ao, aroon, bop, chop, cmf, cmo, dema, donchian, efi]"],
)  # fmt: skip
def test_whatever_is_written_there_is_one_short_message(extra: str) -> None:
    """A name becomes a function's name in another process: nothing outside the list gets there."""
    assert len(_refusal(extra)) < 500


def test_agents_read_the_extras_of_a_whole_cycle(tmp_path: Path) -> None:
    """From the setting to the prompt, by the process beside CrewAI."""
    record = one_cycle(
        tmp_path,
        "model=rulebook/bold",
        "indicators.extra=[cmf, kc]",
        at=datetime(2026, 11, 3, 1, tzinfo=UTC),
    )
    assert record.outcome == "traded"
    told = str(joined(read(tmp_path / "transcripts" / f"{record.cycle_id}.jsonl")))
    row = r'"kc_upper_20_2"\],"rows":\[\["[A-Z]+/USDT","3m",[^\]]*,[0-9.]+\]'
    assert re.search(row, told.replace("\\", ""))

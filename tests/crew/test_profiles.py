"""Risk profiles: each loads, they are in order, and a person's own word goes before them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crew.profiles import PROFILES
from crew.settings import Settings, load_settings
from records.errors import SettingsError
from records.risk import RiskLimits
from tests.crew.desks import settings

TIGHTER_WHEN_HIGHER = {
    "min_stop_pct", "min_reward_risk", "require_evidence", "require_take_profit"
}  # fmt: skip
ALL = {name: str(getattr(RiskLimits(), name)) for name in RiskLimits.model_fields}


def looseness(name: str, limits: RiskLimits) -> Any:
    """A limit as a number that grows with what it allows."""
    value = getattr(limits, name)
    return -value if name in TIGHTER_WHEN_HIGHER else value


@pytest.mark.parametrize(
    ("tight", "loose"), [("conservative", "moderate"), ("moderate", "aggressive")]
)
def test_no_limit_of_a_profile_is_looser_than_that_of_the_next(tight: str, loose: str) -> None:
    """Whoever goes to a more careful profile gets a more careful desk, in every limit."""
    one, other = settings(f"profile={tight}").risk, settings(f"profile={loose}").risk

    assert [n for n in ALL if looseness(n, one) > looseness(n, other)] == []
    assert one != other


def test_moderate_is_the_defaults() -> None:
    """Whoever chooses nothing has chosen it."""
    assert settings("profile=moderate") == settings()
    assert settings().risk == RiskLimits()


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_sets_limits_of_the_gate_and_nothing_else(name: str) -> None:
    """Breaker, protections and budget are the same for every appetite."""
    assert PROFILES[name].keys() <= {"risk"}
    assert PROFILES[name].get("risk", {}).keys() <= RiskLimits.model_fields.keys()


def test_a_profile_in_the_shipped_file_or_in_a_variable_binds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """desk.yaml shows every limit as a comment, so that none of them is in the way."""
    shipped = Settings.yaml_file.read_text(encoding="utf-8")
    file = tmp_path / "desk.yaml"
    file.write_text(shipped.replace("\nprofile: moderate", "\nprofile: aggressive", 1))
    monkeypatch.setattr(Settings, "yaml_file", file)

    assert settings().risk.max_leverage == 10
    monkeypatch.setenv("DESK_PROFILE", "conservative")
    assert settings().risk.max_leverage == 2


def test_what_a_person_set_goes_before_the_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """flags > environment > .env > desk.yaml > profile > defaults, limit by limit."""
    file = tmp_path / "desk.yaml"
    file.write_text("profile: aggressive\nrisk: {max_leverage: 3, max_position_pct: 4}\n")
    monkeypatch.setattr(Settings, "yaml_file", file)
    monkeypatch.setenv("DESK_RISK__MAX_POSITION_PCT", "6")

    risk = settings("risk.max_open_positions=1").risk

    assert (risk.max_leverage, risk.max_position_pct, risk.max_open_positions) == (3, 6, 1)
    assert risk.risk_per_trade_pct == Decimal(2)
    assert risk.price_band_pct == RiskLimits().price_band_pct


def test_custom_names_every_limit_that_is_missing() -> None:
    """A default would be nobody's decision; no cycle is run."""
    with pytest.raises(SettingsError) as refused:
        settings("profile=custom", "risk.max_leverage=2", "risk.max_stop_pct=8")
    message = str(refused.value)
    listed = message.partition("are not set: ")[2].partition(". ")[0].split(", ")

    assert listed == [
        n for n in RiskLimits.model_fields if n not in ("max_leverage", "max_stop_pct")
    ]
    assert "No cycle was run" in message
    assert "--set risk.NAME=VALUE" in message


def test_custom_lists_what_is_missing_before_it_judges_what_is_there() -> None:
    """A limit compared with a default that was never chosen would be a riddle."""
    with pytest.raises(SettingsError, match=r"are not set: .*drawdown_recovered_pct"):
        settings("profile=custom", "risk.max_drawdown_pct=5")


def test_custom_takes_limits_from_every_source_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the values that a person owes, not their place."""
    file = tmp_path / "desk.yaml"
    names = list(ALL)
    in_file = "".join(f"  {name}: {ALL[name].lower()}\n" for name in names[3:])
    file.write_text(f"profile: custom\nrisk:\n{in_file}")
    monkeypatch.setattr(Settings, "yaml_file", file)
    monkeypatch.setenv(f"DESK_RISK__{names[0].upper()}", "0.7")
    monkeypatch.setenv("DESK_RISK", f'{{"{names[1]}": 9}}')

    risk = settings(f"risk.{names[2]}=19").risk

    assert [getattr(risk, name) for name in names[:3]] == [Decimal("0.7"), 9, 19]
    monkeypatch.delenv("DESK_RISK")
    with pytest.raises(SettingsError, match=f"1 of {len(names)} are not set: {names[1]}"):
        settings(f"risk.{names[2]}=19")


def test_a_custom_desk_that_was_recorded_is_read_again() -> None:
    """A recording holds every limit; replay needs nothing of today's desk.yaml."""
    custom = load_settings({"profile": "custom", "risk": ALL}, env_file=None)

    assert Settings.model_validate(custom.model_dump(mode="json")) == custom

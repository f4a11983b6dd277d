"""Settings: who overrides whom, and that a typo is found before anything is done."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from crew.settings import Settings, load_settings, nested
from records.errors import SettingsError
from records.risk import RiskLimits
from tests.crew.desks import settings


def test_the_shipped_file_states_the_defaults() -> None:
    """Whoever deletes desk.yaml must not get a bolder desk."""
    shipped = settings()
    bare = Settings.model_validate(
        {name: getattr(shipped, name) for name in ("venue", "mode", "symbols", "intervals")}
    )

    assert shipped.risk == bare.risk
    assert shipped.paper == bare.paper
    assert shipped.screen == bare.screen
    assert shipped.breaker == bare.breaker
    assert shipped.exits == bare.exits
    assert (shipped.deadline_s, shipped.max_clock_offset_s) == (170, 1)


def test_flags_override_environment_and_environment_overrides_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """flags > environment > .env > desk.yaml > defaults."""
    monkeypatch.setenv("DESK_RISK__MAX_LEVERAGE", "3")
    monkeypatch.setenv("DESK_RISK__MAX_POSITION_PCT", "7.5")

    effective = settings("risk.max_leverage=2")

    assert effective.risk.max_leverage == 2
    assert effective.risk.max_position_pct == Decimal("7.5")
    assert effective.risk.max_open_positions == 5


def test_a_dotenv_file_stands_between_environment_and_desk_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys live in .env; so may settings."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    dotenv = tmp_path / ".env"
    dotenv.write_text("DESK_CANDLES=300\nDESK_MODEL=rulebook/bold\nOPENAI_API_KEY=x\n")
    monkeypatch.setenv("DESK_MODEL", "rulebook/cautious")

    effective = load_settings(env_file=dotenv)

    assert effective.candles == 300
    assert effective.model == "rulebook/cautious"


def test_model_in_the_environment_names_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """CrewAI's users set MODEL."""
    monkeypatch.setenv("MODEL", "rulebook/bold")

    assert settings().model == "rulebook/bold"


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("risk.max_leverege=2", "Did you mean 'max_leverage'?"),
        ("venu=demo", "Did you mean 'venue'?"),
        ("candles=abc", "candles: Input should be a valid integer"),
        ("candles=100", "candles: Input should be greater than or equal to 250"),
        ("symbols=[btc-usdt]", "symbols.0"),
        ("symbols=[BTC/USDT, BTC/USDT]", "a market stands twice"),
        ("intervals=[1h, 3m]", "from the finest to the largest"),
        ("intervals=[3 minutes]", "is not a candle interval"),
        ("risk.risk_per_trade_pct=.nan", "risk.risk_per_trade_pct"),
        ("risk.max_total_exposure_pct=90", "less than or equal to 80"),
        ("risk.max_leverage=true", "a boolean is not a number"),
        ("paper.cash='1_0'", "paper.cash"),
        ("mode=live", "is paper-only"),
        ("mode=testnet", "is paper-only"),
        ("profile=production", "not for the synthetic market"),
        ("profile=staging", "profile: Input should be"),
        ("exits.trailing_pct=0", "exits.trailing_pct"),
        ("venue=replay", "needs replay.files"),
    ],
)
def test_a_bad_setting_is_refused_in_words(assignment: str, said: str) -> None:
    """One clear message names the setting and what is allowed."""
    with pytest.raises(SettingsError) as refused:
        settings(assignment)

    assert said in str(refused.value)


def test_an_unknown_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """DESK_MAX_LEVERAGE would otherwise be a limit that nobody enforces."""
    monkeypatch.setenv("DESK_SYMBOL", '["BTC/USDT"]')

    with pytest.raises(SettingsError, match="Did you mean 'DESK_SYMBOLS'"):
        settings()


def test_a_part_of_what_has_no_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """DESK_VENUE__NAME would be read by nobody."""
    monkeypatch.setenv("DESK_VENUE__NAME", "binance")

    with pytest.raises(SettingsError, match="DESK_VENUE__NAME is no setting"):
        settings()


def test_a_mistyped_key_is_not_repeated() -> None:
    """Refusals end up in logs."""
    with pytest.raises(SettingsError) as refused:
        settings("llm.api_key=12345678901")

    assert "llm.api_key" in str(refused.value)
    assert "12345678901" not in str(refused.value)


def test_a_list_that_is_not_json_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists in variables are JSON."""
    monkeypatch.setenv("DESK_SYMBOLS", "BTC/USDT,ETH/USDT")

    with pytest.raises(SettingsError, match="written as JSON"):
        settings()


def test_the_spelling_of_a_linear_contract_is_accepted() -> None:
    """ccxt writes BTC/USDT:USDT; the desk writes BTC/USDT everywhere."""
    assert settings("symbols=[BTC/USDT:USDT]").symbols == ("BTC/USDT",)


def test_an_assignment_without_a_value_is_refused() -> None:
    """--set takes NAME=VALUE."""
    with pytest.raises(SettingsError, match="NAME=VALUE"):
        nested(["risk.max_leverage"])


def test_every_limit_of_the_gate_has_a_setting_with_a_default() -> None:
    """A limit without a default would be off."""
    assert RiskLimits.model_fields.keys() == type(settings().risk).model_fields.keys()


@pytest.mark.parametrize("assignment", ["MODE=live", "Risk.max_leverage=100", "Venue=replay"])
def test_another_spelling_of_a_setting_is_a_typo(assignment: str) -> None:
    """Read as the same setting, it would compete with the right one, and nobody says which wins."""
    with pytest.raises(SettingsError, match="Did you mean"):
        settings(assignment)


@pytest.mark.parametrize("name", ["api_key", "API_SECRET", "Api_Password"])
def test_a_secret_in_a_flag_is_refused_however_it_is_spelt(name: str) -> None:
    """Flags stand in process lists and histories; the value itself is not repeated."""
    with pytest.raises(SettingsError, match="in the environment") as refused:
        settings(f"{name}=CANARY")
    assert "CANARY" not in str(refused.value)


@pytest.mark.parametrize("mode", ["testnet", "live"])
def test_keys_go_to_no_other_address_than_the_exchange_s(
    monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Testnet needs no arming; pointed at the real exchange it would be live without one."""
    monkeypatch.setenv("DESK_API_KEY", "k")
    monkeypatch.setenv("DESK_API_SECRET", "s")
    for address in ("https://fapi.binance.com", "http://proxy.example"):
        with pytest.raises(SettingsError, match="exchange_url"):
            settings("venue=binanceusdm", f"mode={mode}", f"exchange_url={address}")
    allowed = settings("venue=binanceusdm", f"mode={mode}", "exchange_url=http://127.0.0.1:9")
    assert allowed.mode == mode


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    """Addresses are kept in the ledger, in recordings and in transcripts."""
    with pytest.raises(SettingsError) as refused:
        settings("llm.base_url=http://user:CANARY@127.0.0.1/v1")
    assert "CANARY" not in str(refused.value)

"""Settings: who overrides whom, and that a typo is found before anything is done."""

import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crew.home import CHECKOUT
from crew.setting_faults import NESTED_SECRETS, SECRETS, section_names
from crew.settings import Settings, load_settings, nested
from crew.yaml_file import parsed
from records.errors import SettingsError
from records.risk import RiskLimits
from tests.crew.desks import settings


def uncommented() -> dict[str, Any]:
    """desk.yaml with every setting that it shows taken out of its comment."""
    text = (CHECKOUT / "desk.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = parsed(re.sub(r"^( *)# ([a-z_0-9]+: )", r"\1\2", text, flags=re.M), "")
    return found


def test_the_shipped_file_states_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever deletes desk.yaml must not get a bolder desk."""
    shipped = settings()
    monkeypatch.setattr(Settings, "yaml_file", CHECKOUT / "no_such_desk.yaml")

    assert shipped == settings()


def test_the_shipped_file_shows_every_setting_with_its_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever looks for a number finds it there, and taking away the `#` changes nothing."""
    shown = uncommented()
    monkeypatch.setattr(Settings, "yaml_file", CHECKOUT / "no_such_desk.yaml")
    sections = section_names(Settings)

    assert sorted(set(Settings.model_fields) - set(SECRETS) - set(shown)) == []
    for name in sections:
        section = type(Settings.model_fields[name].default)
        settable = set(section.model_fields) - set(NESTED_SECRETS.get(name, ()))
        assert sorted(settable ^ set(shown[name])) == [], name
    assert load_settings(shown, env_file=None) == settings()


def test_the_shipped_file_sets_no_number_of_a_section() -> None:
    """A limit that it set would win over the profile that somebody chooses."""
    assert section_names(Settings) & set(Settings.in_file()) == set()


def test_a_section_with_nothing_under_its_name_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its lines are comments; a single setting without a value is still a fault."""
    file = tmp_path / "desk.yaml"
    monkeypatch.setattr(Settings, "yaml_file", file)
    file.write_text("risk:\n  # max_leverage: 5\nscreen:\n  max_shortlist: 2\n")

    assert (settings().risk, settings().screen.max_shortlist) == (RiskLimits(), 2)

    file.write_text("venue:\n")
    with pytest.raises(SettingsError, match="venue: Input should be a valid string"):
        settings()


def test_null_in_a_variable_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that null switches off can be switched off where there is no YAML."""
    monkeypatch.setenv("DESK_EXITS__TRAILING_START_PCT", "null")

    assert settings().exits.trailing_start_pct is None


def test_flags_override_environment_and_environment_overrides_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """flags > environment > .env > desk.yaml > profile > defaults."""
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
        ("environment=production", "not for the synthetic market"),
        ("environment=staging", "environment: Input should be"),
        ("profile=reckless", "profile: Input should be"),
        ("profile=production", "write `environment: production` (DESK_ENVIRONMENT) now"),
        ("profile=development", "write `environment: development` (DESK_ENVIRONMENT) now"),
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

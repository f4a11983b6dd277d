"""
Typed settings: flags > environment > .env > desk.yaml > profile > defaults. Unknown names
are refused, and so is a key of the exchange anywhere but in the environment or .env.

Every number a person may tune is a field here; tools get them handed in as records.
"""

import difflib
import os
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from dotenv import load_dotenv
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import (
    SettingsError as SourceError,
)

from crew.home import CHECKOUT
from crew.yaml_file import did_you_mean, parsed, read_mapping
from records.base import (
    Amount,
    Leverage,
    Mode,
    NonNegativeAmount,
    PositiveAmount,
    Symbol,
    UtcTime,
)
from records.errors import SettingsError
from records.interval import interval_ms
from records.risk import BreakerLimits, ExitRules, Percent, RiskLimits

MODELS = ("rulebook/cautious", "rulebook/balanced", "rulebook/bold")
_FIRST_CANDLES = 250


class Section(BaseModel):
    """A part of desk.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DemoSettings(Section):
    """The synthetic market."""

    seed: Annotated[int, Field(ge=0, lt=2**63, description="The same seed is the same market.")] = 7


class ReplaySettings(Section):
    """A market read from candle files, with its own clock."""

    files: tuple[str, ...] = Field(default=(), description="Paths or globs, from the checkout.")
    start: UtcTime | None = Field(default=None, description="Market time of the first cycle.")
    step: str = Field(default="1h", description="Market time from one cycle to the next.")

    @property
    def step_delta(self) -> timedelta:
        return timedelta(milliseconds=interval_ms(self.step))


class PaperSettings(Section):
    """The paper account."""

    cash: PositiveAmount = Field(default=Decimal(10_000), description="What it starts with.")
    maker_fee_pct: NonNegativeAmount = Field(
        default=Decimal("0.02"), description="Fee of a resting limit order, percent."
    )
    taker_fee_pct: NonNegativeAmount = Field(
        default=Decimal("0.05"), description="Fee of every other order, percent."
    )
    slippage_pct: NonNegativeAmount = Field(
        default=Decimal("0.02"), le=10, description="What a taker loses beyond the book, percent."
    )
    volume_share_pct: Percent = Field(
        default=Decimal(10), description="Share of a candle's volume an order may get, percent."
    )
    funding_rate_pct: Amount = Field(
        default=Decimal("0.01"),
        ge=-5,
        le=5,
        description="Funding where the venue names none, percent every 8 h; longs pay it.",
    )
    liquidation_fee_pct: NonNegativeAmount = Field(
        default=Decimal("1.25"), le=10, description="Fee of a liquidation, percent of its value."
    )


class RiskSettings(RiskLimits):
    """Every limit of the gate; on by default. Percent of equity unless said otherwise."""

    risk_per_trade_pct: PositiveAmount = Field(default=Decimal(1), le=100)
    max_position_pct: PositiveAmount = Field(default=Decimal(10), le=100)
    max_total_exposure_pct: PositiveAmount = Field(default=Decimal(50), le=80)
    max_open_positions: Annotated[int, Field(ge=1, le=100)] = 5
    max_leverage: Leverage = 5
    min_stop_pct: PositiveAmount = Field(default=Decimal("0.3"), le=100)
    max_stop_pct: PositiveAmount = Field(default=Decimal(10), le=100)
    min_reward_risk: PositiveAmount = Decimal("1.5")
    max_spread_pct: PositiveAmount = Field(default=Decimal("0.5"), le=100)
    price_band_pct: PositiveAmount = Field(default=Decimal("0.5"), le=100)
    approval_ttl_s: Annotated[int, Field(ge=1, le=3600)] = 300


class ScreenSettings(Section):
    """Which markets deserve the crew."""

    min_strength: Annotated[int, Field(ge=1, le=5)] = Field(
        default=3, description="How many of five indicators must agree."
    )
    max_shortlist: Annotated[int, Field(ge=1, le=20)] = Field(
        default=3, description="Markets the crew sees, besides open positions."
    )


class NewsSettings(Section):
    """Where headlines come from. `sample` is the bundled, fictional feed."""

    feeds: tuple[str, ...] | None = Field(
        default=None, description="RSS or Atom addresses; null: sample on demo, none on replay."
    )
    allow_private_addresses: bool = Field(
        default=False, description="Also read feeds on this machine or its private network."
    )


class ModelPrice(Section):
    """What a provider charges, in USD per million tokens."""

    prompt_usd: NonNegativeAmount
    completion_usd: NonNegativeAmount


class LlmSettings(Section):
    """How models are called."""

    base_url: str | None = Field(default=None, description="An OpenAI-compatible address.")

    api_key: SecretStr | None = Field(default=None, description="Better set in the environment.")
    timeout_s: Annotated[int, Field(ge=1, le=600, description="Until a call is given up.")] = 60
    max_turns: Annotated[
        int, Field(ge=2, le=25, description="Calls an agent may make in a task.")
    ] = 5
    stream: bool = Field(default=False, description="Answers arrive piece by piece.")
    prices: Mapping[str, ModelPrice] = Field(
        default_factory=dict, description="USD per million tokens, by model, for the summary."
    )

    @field_validator("base_url")
    @classmethod
    def _without_password(cls, base_url: str | None) -> str | None:
        if base_url is not None and "@" in urlsplit(base_url).netloc:
            raise ValueError("an address with a name or password in it; use the api_key")
        return base_url


PROFILES: Mapping[str, Mapping[str, Any]] = {"development": {}, "production": {"record": True}}
"""What a profile sets where nothing else does."""
SECRETS = ("api_key", "api_secret", "api_password")
"""The exchange's keys: read from the environment and .env, from nowhere else."""


class Settings(BaseSettings):
    """All settings of one desk."""

    model_config = SettingsConfigDict(
        env_prefix="DESK_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    venue: str = Field(default="demo", description="demo, replay, or a ccxt exchange id.")
    mode: Mode = Field(
        default="paper", description="Whose money; live also needs keys and `desk arm`."
    )
    profile: Literal["development", "production"] = Field(
        default="development", description="production records every cycle and refuses demo."
    )
    exchange_url: str | None = Field(default=None, description="Base URL for a ccxt venue.")
    api_key: SecretStr | None = Field(
        default=None, description="The exchange's key; environment or .env only."
    )
    api_secret: SecretStr | None = Field(
        default=None, description="Its secret; environment or .env only."
    )
    api_password: SecretStr | None = Field(
        default=None, description="Its passphrase, if it has one; environment or .env only."
    )
    margin_mode: Literal["isolated", "cross"] = Field(
        default="isolated", description="Margin of contracts, in mode testnet and live."
    )
    symbols: Annotated[
        tuple[Symbol, ...], Field(min_length=1, max_length=20, description="Markets to watch.")
    ] = (
        "BTC/USDT",
        "ETH/USDT",
        "SOL/USDT",
        "BNB/USDT",
        "XRP/USDT",
        "DOGE/USDT",
    )
    intervals: Annotated[tuple[str, ...], Field(min_length=1, max_length=6)] = Field(
        default=("3m", "1h", "4h"), description="Finest first; the first one decides."
    )
    candles: Annotated[int, Field(ge=_FIRST_CANDLES, le=1500)] = Field(
        default=600, description="Closed candles of each market and interval."
    )
    currency: str = Field(default="USDT", description="Every market is priced in it.")
    model: str = Field(
        default="rulebook/balanced", description="Of every agent without its own; MODEL works too."
    )
    on_model_failure: Literal["hold", "rulebook"] = Field(
        default="hold", description="Trade nothing, or let rulebook/balanced answer."
    )
    quote_max_age_s: Annotated[int, Field(ge=0, le=600)] = Field(
        default=10,
        description="Older prices are asked for again before an order is sent; 0: always.",
    )
    record: bool = Field(
        default=False, description="Keep each cycle whole, so that `desk replay` can run it again."
    )
    deadline_s: Annotated[int, Field(ge=5, le=3600)] = Field(
        default=170, description="A cycle that runs longer is ended."
    )
    max_clock_offset_s: Annotated[float, Field(gt=0, le=10)] = Field(
        default=1.0,
        description="Farther from the venue's clock nothing is opened in mode testnet and live.",
    )
    agents_file: Path = Field(default=Path("agents.yaml"), description="Who works at the desk.")
    tasks_file: Path = Field(default=Path("tasks.yaml"), description="What each is asked.")
    demo: DemoSettings = DemoSettings()
    replay: ReplaySettings = ReplaySettings()
    paper: PaperSettings = PaperSettings()
    risk: RiskSettings = RiskSettings()
    breaker: BreakerLimits = BreakerLimits()
    exits: ExitRules = ExitRules()
    screen: ScreenSettings = ScreenSettings()
    news: NewsSettings = NewsSettings()
    llm: LlmSettings = LlmSettings()

    yaml_file: ClassVar[Path] = CHECKOUT / "desk.yaml"

    @field_validator("symbols", mode="before")
    @classmethod
    def _as_base_quote(cls, symbols: Any) -> Any:
        """Accept ccxt's spelling of a linear contract, BTC/USDT:USDT."""
        if isinstance(symbols, list | tuple):
            return tuple(s.partition(":")[0] if isinstance(s, str) else s for s in symbols)
        return symbols

    @field_validator("symbols")
    @classmethod
    def _unique(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(symbols)) != len(symbols):
            raise ValueError("a market stands twice")
        return symbols

    @field_validator("intervals")
    @classmethod
    def _known_ascending(cls, intervals: tuple[str, ...]) -> tuple[str, ...]:
        lengths = [interval_ms(interval) for interval in intervals]
        if lengths != sorted(set(lengths)):
            raise ValueError("intervals go from the finest to the largest, each once")
        return intervals

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        """A paper account has one currency, and every market is priced in it."""
        if foreign := [s for s in self.symbols if not s.endswith(f"/{self.currency}")]:
            raise ValueError(f"{foreign[0]} is not priced in currency {self.currency}")
        return self

    @property
    def decision_interval(self) -> str:
        return self.intervals[0]

    def path(self, named: Path) -> Path:
        """A file named in the settings, from the checkout when it is relative."""
        return named if named.is_absolute() else CHECKOUT / named

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        found = read_mapping(cls.yaml_file, needed=False)
        _refuse_secrets(found, cls.yaml_file.name)
        _refuse_misspelt(found, cls.yaml_file.name)
        from_yaml = InitSettingsSource(settings_cls, found)
        return init_settings, env_settings, from_yaml, _ProfileSource(settings_cls)


class _ProfileSource(PydanticBaseSettingsSource):
    """What the profile sets; any other source has named the profile before."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(PROFILES.get(str(self.current_state.get("profile")), {}))


def load_settings(
    flags: Mapping[str, Any] | None = None, *, env_file: Path | None = CHECKOUT / ".env"
) -> Settings:
    """The effective settings; raises SettingsError with every fault named."""
    if env_file is not None:
        load_dotenv(env_file, override=False)
    _refuse_unknown_variables(os.environ)
    given = _with_model(dict(flags or {}))
    _refuse_secrets(given, "a flag")
    _refuse_misspelt(given, "a flag")
    if "DESK_FILE" in os.environ:
        Settings.yaml_file = CHECKOUT / os.environ["DESK_FILE"]
        read_mapping(Settings.yaml_file)
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None
    except SourceError as error:
        raise SettingsError(
            f"A DESK_ variable cannot be read: {error}. Lists and maps are written as JSON."
        ) from None
    _refuse_unsupported(settings)
    return settings


def nested(assignments: list[str]) -> dict[str, Any]:
    """`["risk.max_leverage=2"]` as the mapping `{"risk": {"max_leverage": 2}}`."""
    flags: dict[str, Any] = {}
    for assignment in assignments:
        name, found, value = assignment.partition("=")
        if not found:
            raise SettingsError(
                f"--set takes NAME=VALUE, such as risk.max_leverage=2, not {name!r}."
            )
        target = flags
        *parents, last = name.strip().split(".")
        for parent in parents:
            target = target.setdefault(parent, {})
            if not isinstance(target, dict):
                raise SettingsError(f"--set gives {parent!r} a value and also parts of one.")
        target[last] = parsed(value, f"--set {name}")
    return flags


def _with_model(flags: dict[str, Any]) -> dict[str, Any]:
    """`MODEL`, which CrewAI's users know, stands for DESK_MODEL where that is not set."""
    if "model" not in flags and "DESK_MODEL" not in os.environ and os.environ.get("MODEL"):
        flags["model"] = os.environ["MODEL"]
    return flags


def _refuse_secrets(found: Mapping[str, Any], source: str) -> None:
    """A key in a file or a flag ends up in backups, histories and process lists."""
    if named := [name.lower() for name in found if name.lower() in SECRETS]:
        variable = f"DESK_{named[0].upper()}"
        raise SettingsError(
            f"{named[0]} stands in {source}. It was not used and no cycle was run. Take it out, "
            f"change it at the exchange if others could read it, and set {variable} in the "
            "environment or .env."
        )


def _refuse_misspelt(found: Mapping[str, Any], source: str) -> None:
    """pydantic-settings reads `MODE` as `mode`; two spellings of one setting would compete."""
    for name in found:
        if name not in Settings.model_fields and name.lower() in Settings.model_fields:
            raise SettingsError(
                f"{name} in {source} is not a setting. Did you mean {name.lower()!r}? "
                "No cycle was run."
            )


def _refuse_unsupported(settings: Settings) -> None:
    if settings.mode != "paper":
        _refuse_unready(settings)
    if settings.profile == "production" and settings.venue == "demo":
        raise SettingsError(
            "profile: production is not for the synthetic market. No cycle was run. "
            "Set venue to an exchange, or profile: development."
        )
    if settings.venue == "replay" and not (settings.replay.files and settings.replay.start):
        raise SettingsError(
            "Venue 'replay' needs replay.files (candle files) and replay.start (a UTC time). "
            "No cycle was run."
        )


def _refuse_unready(settings: Settings) -> None:
    """The exchange's own account: a venue that can hold stops, and keys."""
    from tools.exchange.ccxt_client import is_loopback
    from tools.exchange.venue_profiles import refusal

    mode = settings.mode
    if settings.exchange_url is not None and not is_loopback(settings.exchange_url):
        raise SettingsError(
            f"Mode {mode!r} sends keys and orders, and exchange_url names another address than the "
            "exchange's own. No cycle was run. Leave exchange_url out; only a venue on this "
            "machine may stand there, for tests."
        )
    if (why := refusal(settings.venue)) is not None:
        raise SettingsError(f"Mode {mode!r} is refused and no cycle was run: {why}")
    missing = [
        f"DESK_{name.upper()}"
        for name in ("api_key", "api_secret")
        if not (key := getattr(settings, name)) or not key.get_secret_value().strip()
    ]
    if missing:
        raise SettingsError(
            f"Mode {mode!r} needs the exchange's key; {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not set. No cycle was run. "
            "Set them in the environment or .env, or set mode: paper."
        )


_OTHER_VARIABLES = {"DESK_FILE", "DESK_HOME"}


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    allowed = {f"DESK_{name.upper()}" for name in Settings.model_fields} | _OTHER_VARIABLES
    for name in sorted(environment):
        field, nested_in, _ = name.partition("__")
        if name.startswith("DESK_") and (field not in allowed or (nested_in and not _parts(field))):
            raise SettingsError(
                f"The environment variable {name} is no setting. {did_you_mean(name, allowed)} "
                "No cycle was run."
            )


def _parts(variable: str) -> bool:
    """Whether a variable names a section of desk.yaml, which alone has parts."""
    field = Settings.model_fields.get(variable.removeprefix("DESK_").lower())
    return field is not None and isinstance(field.default, BaseModel)


def _explain(error: ValidationError) -> str:
    lines = [_fault(fault) for fault in error.errors(include_url=False)]
    where = f"{Settings.yaml_file.name}, environment or flags"
    return f"Settings are wrong ({where}): {' '.join(lines)} No cycle was run."


def _fault(fault: Any) -> str:
    location = [str(part) for part in fault["loc"]]
    name = ".".join(location)
    if fault["type"] == "extra_forbidden":
        allowed = _names_at(location[:-1])
        close = difflib.get_close_matches(location[-1], allowed, n=1)
        guess = f" Did you mean {close[0]!r}?" if close else ""
        return f"{name} is not a setting.{guess} Allowed: {', '.join(allowed)}."
    secret = isinstance(fault["input"], dict) or location[-1] in (*SECRETS, "base_url")
    given = "" if secret else f" (given {str(fault['input'])[:60]!r})"
    return f"{name}: {fault['msg']}{given}."


def _names_at(location: list[str]) -> list[str]:
    fields: Any = Settings
    for part in location:
        field = fields.model_fields.get(part)
        if field is None or not isinstance(field.annotation, type):
            return []
        fields = field.annotation
    return sorted(getattr(fields, "model_fields", {}))

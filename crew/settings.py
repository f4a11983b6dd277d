"""
Typed settings: flags > environment > .env > desk.yaml > profile > defaults. Unknown names
are refused, and so is a key of the exchange anywhere but in the environment or .env.

Every number a person may tune is a field here; tools get them handed in as records.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from dotenv import load_dotenv
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
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
from crew.logs import LogSettings
from crew.profiles import ENVIRONMENTS, PROFILES, PresetSource
from crew.sections import (
    ContextSettings,
    DemoSettings,
    IndicatorSettings,
    LlmSettings,
    MemorySettings,
    NewsSettings,
    PaperSettings,
    RecordingSettings,
    ReplaySettings,
    ScreenSettings,
    WhatIfSettings,
)
from crew.setting_faults import (
    SECRETS,
    explained,
    refuse_misspelt,
    refuse_secrets,
    refuse_unknown_variables,
    section_names,
)
from crew.yaml_file import parsed, read_mapping
from records.base import Mode, Symbol
from records.breaker import BreakerLimits
from records.errors import SettingsError
from records.interval import interval_ms
from records.risk import Budget, ExitRules, Protections, RiskLimits
from records.signal import SignalRules
from tools.chart.pictures import ChartLimits

MODELS = ("rulebook/cautious", "rulebook/balanced", "rulebook/bold")
_FIRST_CANDLES = 250


class Settings(BaseSettings):
    """All settings of one desk."""

    model_config = SettingsConfigDict(
        env_prefix="DESK_",
        env_nested_delimiter="__",
        env_parse_none_str="null",
        extra="forbid",
        frozen=True,
    )

    venue: str = Field(default="demo", description="demo, replay, or a ccxt exchange id.")
    mode: Mode = Field(
        default="paper", description="Whose money; live also needs keys and `desk arm`."
    )
    environment: Literal["development", "production"] = Field(
        default="development", description="production records every cycle and refuses demo."
    )
    profile: Literal["conservative", "moderate", "aggressive", "custom"] = Field(
        default="moderate",
        description="Limits of section risk that you did not set; custom: you set every one.",
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
    record: bool | Literal["paper"] = Field(
        default="paper",
        description="Keep each cycle whole for `desk replay`; paper: in mode paper alone.",
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
    recording: RecordingSettings = RecordingSettings()
    what_if: WhatIfSettings = WhatIfSettings()
    memory: MemorySettings = MemorySettings()
    paper: PaperSettings = PaperSettings()
    risk: RiskLimits = RiskLimits()
    protections: Protections = Protections()
    breaker: BreakerLimits = BreakerLimits()
    exits: ExitRules = ExitRules()
    screen: ScreenSettings = ScreenSettings()
    signals: SignalRules = SignalRules()
    indicators: IndicatorSettings = IndicatorSettings()
    news: NewsSettings = NewsSettings()
    context: ContextSettings = ContextSettings()
    charts: ChartLimits = ChartLimits()
    budget: Budget = Budget()
    llm: LlmSettings = LlmSettings()
    logs: LogSettings = LogSettings()

    yaml_file: ClassVar[Path] = CHECKOUT / "desk.yaml"

    @field_validator("profile", mode="before")
    @classmethod
    def _no_environment(cls, profile: Any) -> Any:
        """`profile` named the environment once."""
        if isinstance(profile, str) and profile in ENVIRONMENTS:
            raise ValueError(
                f"write `environment: {profile}` (DESK_ENVIRONMENT) now; "
                f"profile chooses the risk limits: {', '.join(PROFILES)}"
            )
        return profile

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
    def records(self) -> bool:
        """Whether cycles are recorded."""
        return self.record is True or (self.record == "paper" and self.mode == "paper")

    @property
    def decision_interval(self) -> str:
        return self.intervals[0]

    @property
    def scoring_model(self) -> str:
        """Who scores news where a model does."""
        return self.news.model or self.model

    @property
    def reflecting_model(self) -> str:
        """Who words lessons where a model does; the rulebook words none."""
        return self.memory.reflection_model or self.model

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
        return (
            init_settings,
            env_settings,
            InitSettingsSource(settings_cls, cls.in_file()),
            PresetSource(settings_cls, "profile", PROFILES),
            PresetSource(settings_cls, "environment", ENVIRONMENTS),
        )

    @classmethod
    def in_file(cls) -> dict[str, Any]:
        """What the settings file says; a section with nothing under its name says nothing."""
        found = read_mapping(cls.yaml_file, needed=False)
        refuse_secrets(found, cls.yaml_file.name)
        refuse_misspelt(found, cls.yaml_file.name, cls)
        sections = section_names(cls)
        return {n: part for n, part in found.items() if part is not None or n not in sections}


def load_settings(
    flags: Mapping[str, Any] | None = None, *, env_file: Path | None = CHECKOUT / ".env"
) -> Settings:
    """The effective settings; raises SettingsError with every fault named."""
    if env_file is not None:
        load_dotenv(env_file, override=False)
    refuse_unknown_variables(os.environ, Settings)
    given = with_model(dict(flags or {}))
    refuse_secrets(given, "a flag")
    refuse_misspelt(given, "a flag", Settings)
    if "DESK_FILE" in os.environ:
        Settings.yaml_file = CHECKOUT / os.environ["DESK_FILE"]
        read_mapping(Settings.yaml_file)
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise explained(error, Settings.yaml_file.name, Settings) from None
    except SourceError as error:
        raise SettingsError(
            f"A DESK_ variable cannot be read: {error}. Lists and maps are written as JSON."
        ) from None
    _refuse_unsupported(settings)
    _refuse_unable_scorer(settings)
    _refuse_unable_reflecter(settings)
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


def with_model(flags: dict[str, Any]) -> dict[str, Any]:
    """`MODEL`, which CrewAI's users know, stands for DESK_MODEL where that is not set."""
    if "model" not in flags and "DESK_MODEL" not in os.environ and os.environ.get("MODEL"):
        flags["model"] = os.environ["MODEL"]
    return flags


def _refuse_unsupported(settings: Settings) -> None:
    if settings.mode != "paper":
        _refuse_unready(settings)
    if settings.environment == "production" and settings.venue == "demo":
        raise SettingsError(
            "environment: production is not for the synthetic market. No cycle was run. "
            "Set venue to an exchange, or environment: development."
        )
    if settings.venue == "replay" and not (settings.replay.files and settings.replay.start):
        raise SettingsError(
            "Venue 'replay' needs replay.files (candle files) and replay.start (a UTC time). "
            "No cycle was run."
        )


def _refuse_unable_scorer(settings: Settings) -> None:
    """News can be scored by a model behind the OpenAI protocol alone."""
    if settings.news.scoring != "model" or settings.scoring_model.startswith("openai/"):
        return
    named = "news.model" if settings.news.model is not None else "model"
    raise SettingsError(
        f"news.scoring: model cannot ask {named} {settings.scoring_model!r}; it asks over the "
        "OpenAI protocol. No cycle was run. Set news.model to openai/<model> (and llm.base_url, "
        "when another server than OpenAI's answers), or news.scoring to local or off."
    )


def _refuse_unable_reflecter(settings: Settings) -> None:
    """Lessons are worded over the OpenAI protocol as well; a rulebook's get the template."""
    asked = settings.reflecting_model
    if settings.memory.reflections != "model" or asked.startswith(("openai/", "rulebook/")):
        return
    named = "model" if settings.memory.reflection_model is None else "memory.reflection_model"
    raise SettingsError(
        f"memory.reflections: model cannot ask {named} {asked!r}; it asks over the OpenAI "
        "protocol. No cycle was run. Set memory.reflection_model to openai/<model>, or "
        "memory.reflections to template or off."
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


__all__ = ["MODELS", "SECRETS", "LlmSettings", "Settings", "load_settings", "nested", "with_model"]

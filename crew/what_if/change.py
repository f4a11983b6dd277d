"""
What is imagined to have been otherwise: other YAML, settings, a model, a profile, one agent less.

Everything that is not named stays as it was recorded. How models are reached and what they
cost is today's: a recording is data, and must not say where a key is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crew.profiles import PROFILES
from crew.replay import Changes, settings_of
from crew.sections import LlmSettings
from crew.setting_faults import refuse_misspelt, refuse_secrets
from crew.settings import Settings
from crew.specs import ACTING_TOOLS, CrewSpec, TaskSpec
from crew.yaml_file import did_you_mean
from records.errors import SettingsError
from records.risk import RiskLimits

_NOT_ASKED = frozenset(
    {
        *("venue", "mode", "environment", "record", "recording", "exchange_url", "currency"),
        *("margin_mode", "replay", "demo", "agents_file", "tasks_file", "what_if", "logs"),
        *("quote_max_age_s", "max_clock_offset_s", "context", "paper.cash"),
        *("news.feeds", "news.scoring", "news.model", "news.services_every_s"),
        *("news.allow_private_addresses", "memory.embedding", "memory.embedding_model"),
    }
)
"""Settings of where cycles come from and what they were told: a recording answers as it was."""
_REACHED_BY = ("base_url", "timeout_s", "stream")
_NO_KEY = "not-a-key"


def refuse_keys(settings: Mapping[str, Any]) -> None:
    """Refuse a key in --set, however it is spelled; raises SettingsError."""
    refuse_secrets(settings, "--set")
    refuse_misspelt(settings, "--set", Settings)
    llm = settings.get("llm")
    if isinstance(llm, Mapping) and "api_key" in llm:
        raise SettingsError(
            "A key stands in the environment or .env, never in --set. Nothing was run."
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What differs from the recording; nothing named: nothing."""

    agents: Path | None = None
    tasks: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Nested, as crew.settings.nested gives them."""
    model: str | None = None
    profile: str | None = None
    without: str | None = None

    def check(self) -> None:
        """Refuse what cannot be asked; raises SettingsError."""
        refuse_keys(self.settings)
        named = {name for name, _value in _leaves(self.settings)}
        if fixed := sorted(_NOT_ASKED & (named | self.settings.keys())):
            raise SettingsError(
                f"--set {fixed[0]} cannot be asked: a past cycle has the market, the news and the "
                "place it had. Nothing was run. --agents and --tasks name other YAML."
            )
        if doubled := sorted({"model", "profile"} & self.settings.keys()):
            raise SettingsError(f"Write --{doubled[0]} NAME instead of --set {doubled[0]}=NAME.")
        if self.profile is not None and self.profile not in _PROFILES:
            raise SettingsError(
                f"--profile {self.profile[:40]!r} gives no limits. "
                f"{did_you_mean(self.profile, _PROFILES)} Nothing was run."
            )

    @property
    def words(self) -> str:
        """The change on one line."""
        named = (
            ("agents", self.agents and self.agents.name),
            ("tasks", self.tasks and self.tasks.name),
            ("model", self.model),
            ("profile", self.profile),
            ("without", self.without),
        )
        told = [f"{name} {value}" for name, value in named if value]
        told += [f"{name} = {value}" for name, value in _leaves(self.settings)]
        return ", ".join(told) or "nothing changed"

    @property
    def limits_change(self) -> bool:
        """Whether settings are changed that any prompt may tell of."""
        return bool(self.settings or self.profile)

    def of(self, folder: Path, today: Settings) -> Changes:
        """The same for one recording."""
        recorded = settings_of(folder)
        chosen: dict[str, Any] = {"llm": _reached(recorded, today)}
        if self.profile is not None:
            chosen |= {"profile": self.profile, "risk": _limits(recorded, self.profile)}
        if self.model is not None:
            chosen["model"] = self.model
        return Changes(agents=self.agents, tasks=self.tasks, settings=_over(chosen, self.settings))

    def llm(self, today: Settings) -> LlmSettings:
        """How models are reached that are asked now."""
        known = {name: getattr(today.llm, name) for name in LlmSettings.model_fields}
        return LlmSettings.model_validate(known | dict(self.settings.get("llm", {})))

    def crew(self, spec: CrewSpec) -> CrewSpec:
        """The crew without the agent that is to be silent."""
        return spec if self.without is None else silenced(spec, self.without)


def may_be_silent(spec: CrewSpec) -> tuple[str, ...]:
    """Agents at work whose silence has an answer: without them something is still decided."""
    needed = {task.agent for task in spec.tasks.values() if _decides(task) is not None}
    return tuple(name for name in spec.at_work() if name not in needed)


def silenced(spec: CrewSpec, agent: str) -> CrewSpec:
    """The crew without one agent's tasks; raises SettingsError where that has no answer."""
    if agent not in spec.agents:
        raise SettingsError(
            f"--without {agent[:40]!r} is no agent of the crew. "
            f"{did_you_mean(agent, spec.agents)} Nothing was run."
        )
    silent = {name: task for name, task in spec.tasks.items() if task.agent == agent}
    if not silent:
        raise SettingsError(f"Agent {agent!r} has no task, so it was silent. Nothing was run.")
    _refuse_needed(agent, silent)
    left = {
        name: task.model_copy(
            update={"context": tuple(one for one in task.context if one not in silent)}
        )
        for name, task in spec.tasks.items()
        if name not in silent
    }
    last = next(reversed(left), None)
    if last is not None:  # CrewAI lets no crew end with a task that others run beside
        left[last] = left[last].model_copy(update={"async_execution": False})
    return spec.model_copy(update={"tasks": left})


def _refuse_needed(agent: str, silent: Mapping[str, TaskSpec]) -> None:
    """Without a proposal, a verdict or an order there is no decision to compare."""
    for name, task in silent.items():
        if (decides := _decides(task)) is not None:
            raise SettingsError(
                f"--without {agent} has no answer: its task {name!r} {decides}, and without that "
                "nothing is decided. Nothing was run. To leave out another task of it, write "
                "enabled: false under that task in a copy of tasks.yaml and name it with --tasks."
            )


def _decides(task: TaskSpec) -> str | None:
    """What is decided in a task that no other can decide; None: it only advises."""
    return "proposes" if task.output == "TradeProposals" else _ACTS.get(task.finish_with)


_ACTS: Mapping[str | None, str] = {
    "submit_verdict": "gives the verdicts, and what nobody judged is never approved",
    "place_order": "places the orders",
}
assert _ACTS.keys() == ACTING_TOOLS

_PROFILES = tuple(name for name in PROFILES if name != "custom")


def _limits(recorded: Settings, profile: str) -> dict[str, Any]:
    """
    The profile's limits where the recorded profile's stood; what a person had set stays.

    Of `custom` every limit was set, and every one is the new profile's then.
    """
    after = RiskLimits(**PROFILES[profile].get("risk", {}))
    if recorded.profile == "custom":
        return after.model_dump()
    before = RiskLimits(**PROFILES[recorded.profile].get("risk", {}))
    return {
        name: getattr(after, name)
        for name in RiskLimits.model_fields
        if getattr(recorded.risk, name) == getattr(before, name)
    }


def _reached(recorded: Settings, today: Settings) -> dict[str, Any]:
    key = today.llm.api_key
    return {
        **{name: getattr(today.llm, name) for name in _REACHED_BY},
        "api_key": key.get_secret_value() if key else _NO_KEY,
        "prices": {**recorded.llm.prices, **today.llm.prices},
    }


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings, one laid over the other."""
    found = dict(below)
    for name, value in above.items():
        inner = found.get(name)
        both = isinstance(inner, Mapping) and isinstance(value, Mapping)
        found[name] = _over(inner, value) if both else value  # type: ignore[arg-type]
    return found


def _leaves(settings: Mapping[str, Any], path: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            found += _leaves(value, f"{path}{name}.")
        else:
            found.append((f"{path}{name}", value))
    return found

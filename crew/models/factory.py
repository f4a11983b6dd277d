"""
Which model answers: the embedded rulebook, or any provider CrewAI knows.

Each agent gets its own object: a shared one would count every agent's tokens again
for each of them. Providers are called without retries and with a timeout.
"""

import os
from typing import TYPE_CHECKING

from crew.settings import MODELS, LlmSettings
from crew.yaml_file import did_you_mean
from records.errors import SettingsError

if TYPE_CHECKING:
    from crewai import BaseLLM

PROVIDERS = frozenset(
    {
        *("openai", "anthropic", "claude", "azure", "azure_openai", "google", "gemini", "bedrock"),
        *("aws", "snowflake", "openrouter", "deepseek", "ollama", "ollama_chat", "hosted_vllm"),
        *("cerebras", "dashscope", "deepinfra"),
    }
)
"""Prefixes CrewAI answers for itself; a test compares them with CrewAI's own list."""


_KEYS = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "claude": ("ANTHROPIC_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "google": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "openrouter": ("OPENROUTER_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "cerebras": ("CEREBRAS_API_KEY",),
}
"""Where a provider's key is looked for; others have credentials of their own kind."""


def check_model(model: str, llm: LlmSettings, where: str) -> None:
    """Refuse a model nobody can answer for, before anything heavy is imported."""
    provider, found, name = model.partition("/")
    if provider == "rulebook":
        if model not in MODELS:
            raise SettingsError(f"{where}: unknown model {model!r}. {did_you_mean(model, MODELS)}")
        return
    if not found or not name or provider not in PROVIDERS:
        known = (*MODELS, *(f"{provider}/<model>" for provider in PROVIDERS))
        raise SettingsError(f"{where}: unknown model {model!r}. {did_you_mean(model, known)}")
    keys = _KEYS.get(provider, ())
    if keys and llm.api_key is None and not any(os.environ.get(key) for key in keys):
        raise SettingsError(
            f"{where}: {model!r} needs a key, and {' or '.join(keys)} is not set. "
            "No cycle was run. Set it in the environment or .env, or use rulebook/balanced, "
            "which needs none."
        )


def make_llm(model: str, llm: LlmSettings, temperature: float | None) -> "BaseLLM":
    """A new model object; raises SettingsError when the provider is not set up."""
    if model in MODELS:
        from crew.models.embedded import RulebookLLM

        return RulebookLLM(model=model)
    from crewai import LLM

    from crew.models.reasoning import hear_reasoning

    try:
        made = LLM(
            model=model,
            base_url=llm.base_url,
            api_key=llm.api_key.get_secret_value() if llm.api_key else None,
            timeout=llm.timeout_s,
            max_retries=0,
            temperature=temperature,
            stream=llm.stream,
        )
    except (ImportError, ValueError) as error:
        raise SettingsError(
            f"Model {model!r} cannot be used: {' '.join(str(error).split())[:300]} "
            "No cycle was run. Set its key in the environment or .env, or llm.base_url."
        ) from None
    hear_reasoning(made)
    return made

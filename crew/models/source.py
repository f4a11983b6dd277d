"""Where the models of a crew come from: asked now, or heard again from a recording."""

from typing import TYPE_CHECKING, Protocol

from crew.models.factory import make_llm

if TYPE_CHECKING:
    from crewai import BaseLLM

    from crew.settings import LlmSettings
    from crew.specs import AgentSpec


class ModelSource(Protocol):
    """Gives each task of a crew a model object of its own; called once a task and attempt."""

    def llm(self, model: str, agent: "AgentSpec", task: str) -> "BaseLLM":
        """What answers for this agent in this task; `model` as the settings name it."""
        ...


class LiveModels:
    """Models that are asked now."""

    def __init__(self, settings: "LlmSettings") -> None:
        self._settings = settings

    def llm(self, model: str, agent: "AgentSpec", task: str) -> "BaseLLM":
        return make_llm(model, self._settings, agent.temperature)

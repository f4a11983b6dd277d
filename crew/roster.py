"""
From strict specs to one CrewAI crew, with every unsafe default of CrewAI switched off.

No retries (they repeat side effects), no memory, no delegation, no tool cache, no file of
answers (the ledger has them, and CrewAI's copy would not be redacted), no
interpolation of inputs (hostile text could pull other inputs into a prompt). What a
task answers is taken only through `accept`, which parses it strictly.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crewai import Agent, BaseLLM, Crew, Process, Task
from crewai.tasks.conditional_task import ConditionalTask
from crewai.tasks.task_output import TaskOutput
from crewai.tools import BaseTool
from crewai.utilities.task_output_storage_handler import TaskOutputStorageHandler
from pydantic import PrivateAttr

from crew.specs import AgentSpec, Condition, CrewSpec, TaskSpec

Accept = Callable[[str, str], str]
"""(task, what the model wrote) -> what later tasks may read; raises AnswerRefused."""


class _NothingKept(TaskOutputStorageHandler):
    """In the place of CrewAI's own database of what was asked and answered."""

    def __init__(self) -> None:
        pass

    def update(self, task_index: int, log: dict[str, Any]) -> None:
        pass

    def reset(self) -> None:
        pass

    def load(self) -> list[dict[str, Any]] | None:
        return None


class _Crew(Crew):
    """A crew that writes no file."""

    _task_output_handler: TaskOutputStorageHandler = PrivateAttr(default_factory=_NothingKept)


def build_crew(
    spec: CrewSpec,
    *,
    tools: Mapping[str, BaseTool],
    prompts: Mapping[str, str],
    llm_for: Callable[[AgentSpec, Sequence[BaseTool]], BaseLLM],
    accept: Accept,
    conditions: Mapping[Condition, Callable[[], bool]],
    max_turns: int,
) -> Crew:
    """One crew for one cycle; tasks in the order of tasks.yaml."""
    tasks: dict[str, Task] = {}
    for name, task in spec.tasks.items():
        offered = [tools[tool] for tool in spec.tools_of(name)]
        who = spec.agents[task.agent]
        agent = _agent(who, llm_for(who, offered), max_turns)
        tasks[name] = _task(name, task, agent, offered, prompts[name], tasks, accept, conditions)
    return _Crew(
        agents=[task.agent for task in tasks.values()],
        tasks=list(tasks.values()),
        process=Process.sequential,
        memory=False,
        cache=False,
        planning=False,
        tracing=False,
        verbose=False,
    )


def _agent(spec: AgentSpec, llm: BaseLLM, max_turns: int) -> Agent:
    """A fresh agent for each task: CrewAI keeps messages and tools on the agent it ran."""
    return Agent(
        role=spec.role,
        goal=spec.goal,
        backstory=spec.backstory,
        llm=llm,
        tools=[],
        max_iter=max_turns,
        max_retry_limit=0,
        allow_delegation=False,
        respect_context_window=False,
        cache=False,
        verbose=False,
    )


def _task(
    name: str,
    spec: TaskSpec,
    agent: Agent,
    tools: list[BaseTool],
    prompt: str,
    earlier: Mapping[str, Task],
    accept: Accept,
    conditions: Mapping[Condition, Callable[[], bool]],
) -> Task:
    common: dict[str, Any] = {
        "name": name,
        "description": prompt,
        "expected_output": spec.expected_output.strip(),
        "agent": agent,
        "tools": tools,
        "context": [earlier[other] for other in spec.context],
        "guardrail": _guardrail(name, accept),
        "guardrail_max_retries": 0,
    }
    if spec.condition is not None:
        condition = conditions[spec.condition]
        return ConditionalTask(condition=lambda _previous: condition(), **common)
    return Task(async_execution=spec.async_execution, **common)


def _guardrail(task: str, accept: Accept) -> Callable[[TaskOutput], tuple[bool, Any]]:
    def read(output: TaskOutput) -> tuple[bool, Any]:
        return True, accept(task, output.raw)

    return read

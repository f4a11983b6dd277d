"""
From strict specs to one CrewAI crew, with every unsafe default of CrewAI switched off.

What a task is told is written when it begins, by the desk, not when the crew is built: its
briefings are of that moment, and of earlier answers it reads what the desk passes on.

No retries (they repeat side effects), no memory, no delegation, no tool cache, no file of
answers (the ledger has them, and CrewAI's copy would not be redacted), no
interpolation of inputs (hostile text could pull other inputs into a prompt). What a
task answers is taken only through `accept`, which parses it strictly.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from crewai import Agent, BaseLLM, Crew, Process, Task
from crewai.agents.agent_builder.base_agent import BaseAgent
from crewai.tasks.conditional_task import ConditionalTask
from crewai.tasks.task_output import TaskOutput
from crewai.tools import BaseTool
from crewai.utilities.task_output_storage_handler import TaskOutputStorageHandler
from pydantic import PrivateAttr

from crew.prompts import Told
from crew.specs import AgentSpec, Condition, CrewSpec, TaskSpec

Accept = Callable[[str, str], str]
"""(task, what the model wrote) -> the answer as the ledger has it; raises AnswerRefused."""


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


class _ToldLate(Task):
    """A task that is told what to do when it begins."""

    _told: Callable[[], Told] = PrivateAttr()

    def tell(self, told: Callable[[], Told]) -> None:
        """Where its words come from."""
        self._told = told

    def execute_sync(
        self,
        agent: BaseAgent | None = None,
        context: str | None = None,
        tools: list[BaseTool] | None = None,
    ) -> TaskOutput:
        told = self._told()
        self.description = told.description
        return super().execute_sync(agent, told.context, tools)

    def execute_async(
        self,
        agent: BaseAgent | None = None,
        context: str | None = None,
        tools: list[BaseTool] | None = None,
    ) -> Future[TaskOutput]:
        told = self._told()
        self.description = told.description
        return super().execute_async(agent, told.context, tools)


class _OnlyWhen(_ToldLate, ConditionalTask):
    """The same, left out while its condition does not hold."""


class _Crew(Crew):
    """A crew that writes no file."""

    _task_output_handler: TaskOutputStorageHandler = PrivateAttr(default_factory=_NothingKept)


def build_crew(
    spec: CrewSpec,
    *,
    tools: Mapping[str, BaseTool],
    told: Callable[[str], Told],
    llm_for: Callable[[str, AgentSpec, Sequence[BaseTool]], BaseLLM],
    accept: Accept,
    conditions: Mapping[Condition, Callable[[], bool]],
    max_turns: int,
) -> Crew:
    """One crew for one cycle; tasks in the order of tasks.yaml."""
    tasks: dict[str, _ToldLate] = {}
    for name, task in spec.tasks.items():
        offered = [tools[tool] for tool in spec.tools_of(name)]
        who = spec.agents[task.agent]
        agent = _agent(who, llm_for(name, who, offered), max_turns)
        tasks[name] = _task(name, task, agent, offered, tasks, accept, conditions)
        tasks[name].tell(partial(told, name))
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
    earlier: Mapping[str, Task],
    accept: Accept,
    conditions: Mapping[Condition, Callable[[], bool]],
) -> _ToldLate:
    common: dict[str, Any] = {
        "name": name,
        "description": spec.description.strip(),
        "expected_output": spec.expected_output.strip(),
        "agent": agent,
        "tools": tools,
        "context": [earlier[other] for other in spec.context],
        "guardrail": _guardrail(name, accept),
        "guardrail_max_retries": 0,
    }
    if spec.condition is not None:
        condition = conditions[spec.condition]
        return _OnlyWhen(condition=lambda _previous: condition(), **common)
    return _ToldLate(async_execution=spec.async_execution, **common)


def _guardrail(task: str, accept: Accept) -> Callable[[TaskOutput], tuple[bool, Any]]:
    def read(output: TaskOutput) -> tuple[bool, Any]:
        return True, accept(task, output.raw)

    return read

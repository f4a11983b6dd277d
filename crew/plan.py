"""
Who works at the desk and in which order, as a person reads it: `desk crew show`.

It follows from agents.yaml and tasks.yaml alone and asks nobody.
"""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from pydantic import Field

from crew.specs import Condition, CrewSpec, Markets, TaskSpec
from crew.visible import in_one_line
from records.base import Record

_WIDTH = 100
_INDENT = 20


class PlannedAgent(Record):
    """An agent, and when it works."""

    name: str
    role: str
    goal: str
    model: str = Field(description="Its own, else that of the settings.")
    own_model: bool
    tools: tuple[str, ...]
    tasks: tuple[str, ...] = Field(description="The enabled tasks that ask it; none: it waits.")


class PlannedTask(Record):
    """A task: who is asked, what it is told, and what must come of it."""

    name: str
    agent: str
    answer: str = Field(description="The record it answers, or the tool whose answer it is.")
    finishes: bool = Field(description="Whether that is a tool.")
    offered: tuple[str, ...] = Field(description="Tools it may call.")
    briefing: tuple[str, ...] = Field(description="Tools the desk calls for it.")
    context: tuple[str, ...] = Field(description="Earlier tasks whose answers it reads.")
    markets: Markets
    condition: Condition | None


class Plan(Record):
    """The whole crew."""

    agents: tuple[PlannedAgent, ...]
    waves: tuple[tuple[PlannedTask, ...], ...] = Field(
        description="Wave after wave; tasks of one wave work side by side."
    )
    disabled: tuple[PlannedTask, ...]


def plan_of(spec: CrewSpec, model: str) -> Plan:
    """The crew, with this model for every agent without its own."""
    return Plan(
        agents=tuple(_agent(spec, name, model) for name in spec.agents),
        waves=tuple(tuple(_task(spec, n, spec.tasks[n]) for n in wave) for wave in spec.waves()),
        disabled=tuple(_task(spec, name, task) for name, task in spec.disabled.items()),
    )


def plan_text(plan: Plan) -> str:
    """The same for a terminal."""
    lines = ["AGENTS", *(line for agent in plan.agents for line in _agent_lines(agent))]
    lines += ["", "FLOW: wave after wave, the tasks of one side by side"]
    for number, wave in enumerate(plan.waves, 1):
        for place, task in enumerate(wave):
            lines += _task_lines(task, f"{number}" if place == 0 else " ")
    if plan.disabled:
        lines += ["", "DISABLED (enabled: false)"]
        lines += [line for task in plan.disabled for line in _task_lines(task, "-")]
    return "\n".join(lines)


def _agent(spec: CrewSpec, name: str, model: str) -> PlannedAgent:
    agent = spec.agents[name]
    return PlannedAgent(
        name=name,
        role=agent.role,
        goal=agent.goal,
        model=agent.model or model,
        own_model=agent.model is not None,
        tools=agent.tools,
        tasks=tuple(task for task, one in spec.tasks.items() if one.agent == name),
    )


def _task(spec: CrewSpec, name: str, task: TaskSpec) -> PlannedTask:
    agent = spec.agents.get(task.agent)  # which a disabled task may name wrongly
    held = agent.tools if agent is not None else ()
    return PlannedTask(
        name=name,
        agent=task.agent,
        answer=task.finish_with or task.output or "",
        finishes=task.finish_with is not None,
        offered=held if task.tools is None else task.tools,
        briefing=task.briefing,
        context=task.context,
        markets=task.markets,
        condition=task.condition,
    )


def _agent_lines(agent: PlannedAgent) -> Iterator[str]:
    own = " (its own)" if agent.own_model else ""
    yield f"  {agent.name:<16}  {in_one_line(agent.role)}, {in_one_line(agent.model)}{own}"
    yield from _labelled("goal", in_one_line(agent.goal))
    yield from _labelled("holds", _listed(agent.tools))
    yield from _labelled("works on", ", ".join(agent.tasks) or "nothing: no enabled task asks it")


def _task_lines(task: PlannedTask, mark: str) -> Iterator[str]:
    answers = f"ends with {task.answer}" if task.finishes else f"answers {task.answer}"
    yield f"{mark:<2}{task.name:<16}  {task.agent} {answers}"
    if task.condition is not None:
        yield from _labelled("only if", f"there are {task.condition.replace('_', ' ')}")
    if task.markets == "proposed":
        yield from _labelled("about", "the markets of the proposals")
    if task.briefing:
        yield from _labelled("is told", _listed(task.briefing))
    if task.context:
        yield from _labelled("reads", _listed(task.context))
    yield from _labelled("may call", _listed(task.offered))


def _labelled(label: str, text: str) -> list[str]:
    return wrap(
        text,
        _WIDTH,
        initial_indent=f"{'':6}{label:<{_INDENT - 6}}",
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"

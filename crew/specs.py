"""
agents.yaml and tasks.yaml as strict specs: a typo fails at load time, not while trading.

Every fault names file, entry and key, what is allowed, and what was probably meant.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crew.yaml_file import did_you_mean, read_mapping
from records.errors import SettingsError

OutputName = Literal["TechnicalReport", "SentimentReport", "ChartReport", "TradeProposals", "Note"]
Condition = Literal["open_proposals", "unspent_approvals"]
ACTING_TOOLS = frozenset({"submit_verdict", "place_order"})
UNTRUSTED_TOOLS = frozenset({"get_news"})

_Text = Annotated[str, Field(min_length=1, max_length=4000)]


class AgentSpec(BaseModel):
    """Who an agent is, and what it may call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: _Text = Field(description="What the agent is, in a few words.")
    goal: _Text = Field(description="What it is there to achieve, in every task.")
    backstory: _Text = Field(description="How it works, and what it never does.")
    tools: tuple[str, ...] = Field(
        default=(), description="What it may call; its tasks may offer fewer."
    )
    model: str | None = Field(
        default=None, description="The model that answers for it, if not that of desk.yaml."
    )
    temperature: Annotated[float, Field(ge=0, le=2)] | None = Field(
        default=None, description="Passed on to the model; the rulebook ignores it."
    )


class TaskSpec(BaseModel):
    """What an agent is asked, and how it must answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str = Field(description="Who is asked: a name from agents.yaml.")
    description: _Text = Field(
        description="What is asked; the desk adds cycle, shortlist, briefings and answer format."
    )
    expected_output: _Text = Field(description="When the answer is good.")
    output: OutputName | None = Field(
        default=None, description="The record that must come back; Note is free text."
    )
    finish_with: str | None = Field(
        default=None, description="Instead of output: the tool whose answer is the task's answer."
    )
    tools: tuple[str, ...] | None = Field(
        default=None, description="Offer only these of the agent's tools; [] for none."
    )
    briefing: tuple[str, ...] = Field(
        default=(), description="Tools the desk calls first; their answers stand in the prompt."
    )
    context: tuple[str, ...] = Field(
        default=(), description="Earlier tasks whose answers stand in the prompt."
    )
    async_execution: bool = Field(default=False, description="Run beside its neighbours.")
    condition: Condition | None = Field(
        default=None, description="Run only while there is something of this kind."
    )
    enabled: bool = Field(default=True, description="false leaves the task out.")


class CrewSpec(BaseModel):
    """All agents and the enabled tasks, in order, checked against each other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agents: Mapping[str, AgentSpec]
    tasks: Mapping[str, TaskSpec]

    def tools_of(self, task: str) -> tuple[str, ...]:
        """What the task offers: its own list, else all of its agent's tools."""
        spec = self.tasks[task]
        return self.agents[spec.agent].tools if spec.tools is None else spec.tools

    def waves(self) -> tuple[tuple[str, ...], ...]:
        """Tasks that run side by side, wave after wave."""
        waves: list[list[str]] = []
        beside = False
        for name, task in self.tasks.items():
            if task.async_execution and beside:
                waves[-1].append(name)
            else:
                waves.append([name])
            beside = task.async_execution
        return tuple(tuple(wave) for wave in waves)


def load_specs(agents_file: Path, tasks_file: Path, known_tools: Iterable[str]) -> CrewSpec:
    """Both files, checked; raises SettingsError naming all faults of the first bad file."""
    agents = _entries(agents_file, AgentSpec)
    tasks = {name: task for name, task in _entries(tasks_file, TaskSpec).items() if task.enabled}
    _refuse(agents_file, _agent_faults(agents, frozenset(known_tools)))
    _refuse(tasks_file, _task_faults(agents, tasks, frozenset(known_tools)))
    return CrewSpec(agents=agents, tasks=tasks)


def _entries[S: BaseModel](path: Path, spec: type[S]) -> dict[str, S]:
    found: dict[str, S] = {}
    faults: list[str] = []
    for name, entry in read_mapping(path).items():
        if not name.isidentifier():
            faults.append(f"{name!r} is no name; use letters, digits and _.")
            continue
        try:
            found[name] = spec.model_validate(entry)
        except ValidationError as error:
            faults.extend(f"{name}: {_words(fault, spec)}" for fault in error.errors())
    if not found and not faults:
        faults.append("it holds no entry.")
    _refuse(path, faults)
    return found


def _words(fault: Any, spec: type[BaseModel]) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key!r}. {did_you_mean(key, spec.model_fields)}"
    if fault["type"] == "missing":
        return f"{key!r} is missing."
    if fault["type"] == "model_type":
        return "must hold `key: value` lines."
    return f"{key!r}: {fault['msg']} (given {str(fault['input'])[:60]!r})."


def _agent_faults(agents: Mapping[str, AgentSpec], known: frozenset[str]) -> Iterable[str]:
    for name, agent in agents.items():
        for tool in agent.tools:
            if tool not in known:
                yield f"{name}: unknown tool {tool!r}. {did_you_mean(tool, known)}"
        if UNTRUSTED_TOOLS & set(agent.tools) and ACTING_TOOLS & set(agent.tools):
            yield f"{name}: an agent that reads news can hold no tool that acts."


def _task_faults(
    agents: Mapping[str, AgentSpec], tasks: Mapping[str, TaskSpec], known: frozenset[str]
) -> Iterable[str]:
    earlier: list[str] = []
    for name, task in tasks.items():
        yield from (f"{name}: {fault}" for fault in _one_task(task, agents, earlier, known))
        earlier.append(name)
    if tasks and list(tasks.values())[-1].async_execution:
        yield f"{earlier[-1]}: the last task cannot be async_execution."


def _one_task(
    task: TaskSpec, agents: Mapping[str, AgentSpec], earlier: list[str], known: frozenset[str]
) -> Iterable[str]:
    if task.agent not in agents:
        yield f"unknown agent {task.agent!r}. {did_you_mean(task.agent, agents)}"
        return
    held = agents[task.agent].tools
    for tool in task.tools or ():
        if tool not in held:
            yield f"agent {task.agent!r} does not hold tool {tool!r}. {did_you_mean(tool, held)}"
    for tool in task.briefing:
        if tool not in known - ACTING_TOOLS:
            yield f"unknown briefing {tool!r}. {did_you_mean(tool, known - ACTING_TOOLS)}"
    for name in task.context:
        if name not in earlier:
            yield f"context {name!r} is no earlier task. {did_you_mean(name, earlier)}"
    if (task.output is None) == (task.finish_with is None):
        yield "needs either `output` or `finish_with`."
    offered = held if task.tools is None else task.tools
    if task.finish_with is not None and task.finish_with not in ACTING_TOOLS & set(offered):
        yield f"finish_with {task.finish_with!r} must be one of its own tools that acts."
    if UNTRUSTED_TOOLS & set(task.briefing) and ACTING_TOOLS & set(offered):
        yield "a task that is briefed with news can offer no tool that acts."
    if task.condition is not None and (task.async_execution or not earlier):
        yield "a task with a condition can be neither the first nor async_execution."


def _refuse(path: Path, faults: Iterable[str]) -> None:
    found = list(faults)
    if found:
        raise SettingsError(f"{path.name} cannot be used; no cycle was run. " + " ".join(found))

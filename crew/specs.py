"""
agents.yaml and tasks.yaml as strict specs: a typo fails at load time, not while trading.

Every fault names file, entry and key, what is allowed, and what was probably meant.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crew.yaml_file import did_you_mean, read_mapping
from records.errors import SettingsError

OutputName = Literal["TechnicalReport", "SentimentReport", "ChartReport", "TradeProposals", "Note"]
Condition = Literal["open_proposals", "unspent_approvals"]
Markets = Literal["shortlist", "proposed"]
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
    vision: bool | None = Field(
        default=None,
        description="Whether its model is shown charts as pictures; null: if it is known to see.",
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
        default=(),
        description="Earlier tasks whose answers stand in the prompt; a disabled one is left out.",
    )
    markets: Markets = Field(
        default="shortlist",
        description="What it is about: the whole shortlist, or only the markets of proposals.",
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
    disabled: Mapping[str, TaskSpec] = Field(
        default_factory=dict, description="Tasks that are left out, as they are written."
    )

    def at_work(self) -> tuple[str, ...]:
        """Agents that an enabled task asks; the others wait."""
        asked = {task.agent for task in self.tasks.values()}
        return tuple(name for name in self.agents if name in asked)

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


class Fault(NamedTuple):
    """What is wrong with one of the files, in a sentence that names entry and key."""

    file: str
    said: str


class _File[S: BaseModel](NamedTuple):
    """A file of named entries as it was read."""

    name: str
    entries: dict[str, S | None]
    """None stands for an entry that cannot be read."""
    faults: list[str]

    def readable(self) -> dict[str, S]:
        return {name: entry for name, entry in self.entries.items() if entry is not None}

    def told(self) -> Iterable[Fault]:
        return (Fault(self.name, said) for said in self.faults)


def load_specs(agents_file: Path, tasks_file: Path, known_tools: Iterable[str]) -> CrewSpec:
    """Both files, checked; raises SettingsError naming every fault of both."""
    spec, faults = read_specs(agents_file, tasks_file, known_tools)
    if faults:
        said: dict[str, list[str]] = {}
        for fault in faults:
            said.setdefault(f"{fault.file} cannot be used; no cycle was run.", []).append(
                fault.said
            )
        raise SettingsError(" ".join(" ".join((head, *found)) for head, found in said.items()))
    return spec


def read_specs(
    agents_file: Path, tasks_file: Path, known_tools: Iterable[str]
) -> tuple[CrewSpec, tuple[Fault, ...]]:
    """
    The crew of both files, and every fault in them; with a fault it is not to be used.

    Raises SettingsError for a file that is missing or is no YAML.
    """
    known = frozenset(known_tools)
    agents, tasks = _read(agents_file, AgentSpec), _read(tasks_file, TaskSpec)
    agents.faults.extend(_agent_faults(agents.readable(), known))
    tasks.faults.extend(_task_faults(agents.entries, tasks.entries, known))
    return _crew(agents.readable(), tasks.readable()), (*agents.told(), *tasks.told())


def _crew(agents: Mapping[str, AgentSpec], tasks: Mapping[str, TaskSpec]) -> CrewSpec:
    """The enabled tasks, each without the disabled ones in its context."""
    disabled = {name: task for name, task in tasks.items() if not task.enabled}
    enabled = {
        name: task.model_copy(
            update={"context": tuple(one for one in task.context if one not in disabled)}
        )
        for name, task in tasks.items()
        if task.enabled
    }
    return CrewSpec(agents=agents, tasks=enabled, disabled=disabled)


def _read[S: BaseModel](path: Path, spec: type[S]) -> _File[S]:
    file: _File[S] = _File(path.name, {}, [])
    for name, entry in read_mapping(path).items():
        if not name.isidentifier():
            file.faults.append(f"{name!r} is no name; use letters, digits and _.")
            continue
        try:
            file.entries[name] = spec.model_validate(entry)
        except ValidationError as error:
            file.entries[name] = None
            file.faults.extend(f"{name}: {_words(fault, spec)}" for fault in error.errors())
    if not file.entries and not file.faults:
        file.faults.append("it holds no entry.")
    return file


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
    agents: Mapping[str, AgentSpec | None],
    tasks: Mapping[str, TaskSpec | None],
    known: frozenset[str],
) -> Iterable[str]:
    earlier: list[str] = []
    running: dict[str, TaskSpec | None] = {}
    for name, task in tasks.items():
        if task is not None and task.enabled:
            yield from (f"{name}: {fault}" for fault in _one_task(task, agents, earlier, known))
            yield from (f"{name}: {fault}" for fault in _place_faults(task, running))
        if task is None or task.enabled:
            running[name] = task
        earlier.append(name)
    if tasks and not running:
        yield "no task is enabled."
    elif running and (last := list(running.values())[-1]) is not None and last.async_execution:
        yield f"{list(running)[-1]}: the last task cannot be async_execution."


def _place_faults(task: TaskSpec, before: Mapping[str, TaskSpec | None]) -> Iterable[str]:
    """What its place among the tasks that run does not allow."""
    if task.condition is not None and (task.async_execution or not before):
        yield "a task with a condition can be neither the first nor async_execution."
    proposing = (one is None or one.output == "TradeProposals" for one in before.values())
    if task.markets == "proposed" and not any(proposing):
        yield "markets 'proposed' needs an earlier task that answers TradeProposals."


def _one_task(
    task: TaskSpec,
    agents: Mapping[str, AgentSpec | None],
    earlier: list[str],
    known: frozenset[str],
) -> Iterable[str]:
    if task.agent not in agents:
        yield f"unknown agent {task.agent!r}. {did_you_mean(task.agent, agents)}"
    if (agent := agents.get(task.agent)) is None:
        return
    held = agent.tools
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

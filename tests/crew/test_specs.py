"""agents.yaml and tasks.yaml: strict, and every fault named with what is allowed."""

from pathlib import Path

import pytest

from crew.desk import TOOL_NAMES
from crew.home import CHECKOUT
from crew.specs import CrewSpec, load_specs
from records.errors import SettingsError

_AGENTS = (CHECKOUT / "agents.yaml").read_text()
_TASKS = (CHECKOUT / "tasks.yaml").read_text()


def load(folder: Path, agents: str = _AGENTS, tasks: str = _TASKS) -> CrewSpec:
    """Specs from these two texts."""
    (folder / "agents.yaml").write_text(agents)
    (folder / "tasks.yaml").write_text(tasks)
    return load_specs(folder / "agents.yaml", folder / "tasks.yaml", TOOL_NAMES)


def test_the_shipped_crew_has_five_agents_in_four_waves(tmp_path: Path) -> None:
    """Three readers side by side, then proposal, verdict, execution; the contrarian waits."""
    spec = load(tmp_path)

    assert spec.at_work() == ("analyst", "sentiment", "chart", "risk_officer", "executor")
    assert set(spec.agents) - set(spec.at_work()) == {"contrarian"}
    assert spec.waves() == (
        ("technical", "sentiment", "chart"),
        ("proposal",),
        ("verdict",),
        ("execution",),
    )


def test_only_the_officer_can_submit_and_only_the_executor_can_place(tmp_path: Path) -> None:
    """The veto binds because nobody else holds the tools."""
    spec = load(tmp_path)
    holders = {
        tool: [name for name, agent in spec.agents.items() if tool in agent.tools]
        for tool in ("submit_verdict", "place_order", "get_news")
    }

    assert holders == {
        "submit_verdict": ["risk_officer"],
        "place_order": ["executor"],
        "get_news": ["sentiment"],
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "  goal: Say what each",
            "  gaol: Say what each",
            "unknown key 'gaol'. Did you mean 'goal'",
        ),
        (
            "tools: [get_news, get_market_context]",
            "tools: [get_newz]",
            "unknown tool 'get_newz'. Did you mean 'get_news'",
        ),
        ("tools: [read_chart]", "tools: [read_chart]\n  max_iter: 99", "unknown key 'max_iter'"),
        ("  role: Executor\n", "", "executor: 'role' is missing"),
        (
            "tools: [get_news, get_market_context]",
            "tools: [get_news, place_order]",
            "can hold no tool that acts",
        ),
        ("tools: [get_news, get_market_context]", "tools: get_news", "'tools'"),
        ("executor:", "executor: &x", "not valid YAML"),
        ("executor:", "chart:", "the key 'chart' stands twice"),
    ],
)
def test_a_fault_in_agents_yaml_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    """CrewAI would accept most of these and change nothing."""
    assert old in _AGENTS
    agents = _AGENTS.replace(old, new, 1)
    if new.endswith("&x"):
        agents += "\nsixth: *x\n"

    with pytest.raises(SettingsError) as refused:
        load(tmp_path, agents=agents)

    assert said in str(refused.value)
    assert "agents.yaml" in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("agent: chart", "agent: charts", "unknown agent 'charts'. Did you mean 'chart'"),
        ("context: [verdict]", "context: [verdicts]", "Did you mean 'verdict'"),
        ("output: ChartReport", "output: ChartReprot", "'output'"),
        ("output: ChartReport", "outputs: ChartReport", "Did you mean 'output'"),
        ("  output: ChartReport\n", "", "needs either `output` or `finish_with`"),
        ("finish_with: place_order", "finish_with: get_order", "must be one of its own tools"),
        ("tools: [place_order]", "tools: [submit_verdict]", "does not hold tool 'submit_verdict'"),
        ("briefing: [get_market", "briefing: [place_order, get_market", "unknown briefing"),
        ("condition: unspent_approvals", "condition: always", "'condition'"),
        (
            "async_execution: true\n  tools",
            "condition: open_proposals\n  tools",
            "can be neither the first",
        ),
    ],
)
def test_a_fault_in_tasks_yaml_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    """The message names file, task and key."""
    assert old in _TASKS

    with pytest.raises(SettingsError) as refused:
        load(tmp_path, tasks=_TASKS.replace(old, new, 1))

    assert said in str(refused.value)
    assert "tasks.yaml" in str(refused.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """CrewAI warns and goes on with an empty crew."""
    with pytest.raises(SettingsError, match=r"agents\.yaml is missing"):
        load_specs(tmp_path / "agents.yaml", tmp_path / "tasks.yaml", TOOL_NAMES)


def test_a_disabled_task_is_left_out_of_the_crew_and_of_every_context(tmp_path: Path) -> None:
    """An example may ship switched off, with its place in a context ready for it."""
    shipped = load(tmp_path)
    enabled = load(tmp_path, tasks=_TASKS.replace("enabled: false", "enabled: true", 1))

    assert list(shipped.disabled) == ["contrarian"]
    assert shipped.tasks["verdict"].context == ("technical", "sentiment", "chart", "proposal")
    assert enabled.tasks["verdict"].context == (*shipped.tasks["verdict"].context, "contrarian")
    assert enabled.waves()[1:3] == (("proposal",), ("contrarian",))


def test_a_context_that_names_no_task_is_refused_where_a_disabled_one_is_not(
    tmp_path: Path,
) -> None:
    """A misspelt name left out in silence would be an agent who is never heard."""
    misspelt = _TASKS.replace("proposal, contrarian]", "proposal, contrarain]", 1)

    with pytest.raises(SettingsError, match=r"context 'contrarain' .* Did you mean 'contrarian'"):
        load(tmp_path, tasks=misspelt)


def test_a_context_that_names_a_disabled_task_of_later_is_refused(tmp_path: Path) -> None:
    """It could not be enabled without a fault."""
    early = _TASKS.replace("context: [technical, sentiment, chart]", "context: [contrarian]", 1)

    with pytest.raises(SettingsError, match="proposal: context 'contrarian' is no earlier task"):
        load(tmp_path, tasks=early)


def test_a_crew_without_an_enabled_task_is_refused(tmp_path: Path) -> None:
    """It would meet and ask nobody."""
    head, entry, tail = _TASKS.partition("contrarian:\n")
    only = head[: head.index("technical:")] + entry + tail[: tail.index("verdict:")]

    with pytest.raises(SettingsError, match="no task is enabled"):
        load(tmp_path, tasks=only)


def test_the_faults_of_both_files_are_named_at_once(tmp_path: Path) -> None:
    """A fault in one entry neither hides another one nor makes up a new one."""
    agents = _AGENTS.replace("  role: Executor\n", "", 1)
    tasks = _TASKS.replace("output: ChartReport", "output: ChartReprot", 1).replace(
        "agent: risk_officer", "agent: risk_oficer", 1
    )

    with pytest.raises(SettingsError) as refused:
        load(tmp_path, agents=agents, tasks=tasks)

    said = str(refused.value)
    assert said.startswith("agents.yaml cannot be used; no cycle was run. executor: 'role' is miss")
    assert "tasks.yaml cannot be used; no cycle was run. chart: 'output'" in said
    assert "verdict: unknown agent 'risk_oficer'. Did you mean 'risk_officer'" in said
    assert "execution" not in said and "proposal:" not in said

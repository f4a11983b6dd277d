"""`desk crew`: the crew as it will work, and every fault of the YAML that states it."""

import json
from pathlib import Path

import pytest

from crew.desk import TOOL_NAMES
from crew.home import CHECKOUT
from crew.plan import plan_of, plan_text
from crew.specs import load_specs
from tests.crew.test_cli import desk, refused

AGENTS = (CHECKOUT / "agents.yaml").read_text()
TASKS = (CHECKOUT / "tasks.yaml").read_text()


def shown(folder: Path, agents: str = AGENTS, tasks: str = TASKS) -> str:
    """What `desk crew show` prints of these two files."""
    (folder / "agents.yaml").write_text(agents)
    (folder / "tasks.yaml").write_text(tasks)
    spec = load_specs(folder / "agents.yaml", folder / "tasks.yaml", TOOL_NAMES)
    return plan_text(plan_of(spec, "rulebook/balanced"))


def test_the_flow_is_shown_wave_after_wave_with_its_conditions(tmp_path: Path) -> None:
    """Who is asked when, what it is told, what it may do, and what waits."""
    text = shown(tmp_path)
    flow, _, disabled = text.partition("FLOW")[2].partition("DISABLED")

    heads = [line for line in flow.splitlines()[1:] if line and not line.startswith("      ")]
    assert heads == [
        "1 technical         analyst answers TechnicalReport",
        "  sentiment         sentiment answers SentimentReport",
        "  chart             chart answers ChartReport",
        "2 proposal          analyst answers TradeProposals",
        "3 verdict           risk_officer ends with submit_verdict",
        "4 execution         executor ends with place_order",
    ]
    assert "      only if       there are open proposals" in flow
    assert "      may call      submit_verdict" in flow
    assert "- contrarian        contrarian answers Note" in disabled
    assert "nothing: no enabled task asks it" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_model_of_its_own_is_told_apart(tmp_path: Path) -> None:
    """Which agents a change of `model` in desk.yaml will not touch."""
    own = AGENTS.replace("  role: Executor", "  model: rulebook/bold\n  role: Executor", 1)

    text = shown(tmp_path, agents=own)

    assert "Executor, rulebook/bold (its own)" in text
    assert "Risk officer, rulebook/balanced\n" in text


def test_a_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """A crew from somewhere else is looked at before it is used."""
    text = shown(tmp_path, agents=AGENTS.replace("role: Executor", r'role: "Ex\e[2Jecutor"', 1))

    assert "\x1b" not in text


def test_the_crew_is_one_json_document(tmp_path: Path) -> None:
    """For scripts, and from any folder."""
    ended = desk("crew", "show", "--json", home=tmp_path)

    plan = json.loads(ended.stdout)
    assert [[task["name"] for task in wave] for wave in plan["waves"]][1:] == [
        ["proposal"], ["verdict"], ["execution"],
    ]  # fmt: skip
    assert plan["disabled"][0]["name"] == "contrarian"
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_files_have_no_fault(tmp_path: Path) -> None:
    """And it says how many work."""
    ended = desk("crew", "check", home=tmp_path)

    assert ended.returncode == 0
    assert ended.stdout == (
        "Nothing is wrong: 5 of 6 agents work on 6 tasks. Disabled: contrarian.\n"
    )


def test_every_fault_of_both_files_and_of_models_is_named(tmp_path: Path) -> None:
    """A line each, code 2, files named from the working directory."""
    (tmp_path / "mine.yaml").write_text(
        AGENTS.replace("  role: Executor", "  model: openai/gpt-4.1\n  role: Executor", 1)
        .replace("tools: [read_chart]", "tools: [read_charts]", 1)
        .replace("  goal: Say what each", "  gaol: Say what each", 1)
    )
    (tmp_path / "tasks.yaml").write_text(TASKS.replace("context: [verdict]", "context: [vardict]"))
    arguments = ("crew", "check", "--agents", "mine.yaml", "--tasks", "tasks.yaml")

    ended = desk(*arguments, home=tmp_path / "home", cwd=str(tmp_path))
    as_json = desk(*arguments, "--json", home=tmp_path / "home", cwd=str(tmp_path))

    assert ended.returncode == as_json.returncode == 2
    said = ended.stdout.splitlines()
    assert [line.partition(". ")[0] for line in said] == [
        "mine.yaml: chart: 'goal' is missing.",
        "mine.yaml: chart: unknown key 'gaol'",
        "tasks.yaml: execution: context 'vardict' is no earlier task",
        "mine.yaml: executor: 'openai/gpt-4.1' needs a key, and OPENAI_API_KEY is not set",
    ]
    document = json.loads(as_json.stdout)
    assert not document["ok"]
    assert len(document["faults"]) == 4


@pytest.mark.parametrize(
    ("text", "said"), [(None, "is missing"), ("a: [", "not valid YAML"), ("- a", "must hold")]
)
def test_a_file_that_is_none_is_one_clear_message(
    tmp_path: Path, text: str | None, said: str
) -> None:
    """As in a cycle."""
    file = tmp_path / "mine.yaml"
    if text is not None:
        file.write_text(text)

    ended = desk("crew", "check", "--agents", str(file), home=tmp_path)

    assert said in refused(ended, 2)

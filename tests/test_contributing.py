"""CONTRIBUTING.md is followed by strangers: its examples work and its paths exist."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from crew.desk import TOOL_NAMES
from crew.specs import load_specs
from tests.tools.indicators.samples import wandering

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MADE_BY_THE_READER = {
    "tools/indicators/donchian.py",
    "tools/signals/tool.py",
    "tests/tools/signals/test_tool.py",
}


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.M | re.S)


def _example(mark: str, **names: Any) -> ModuleType:
    """The guide's block with this mark in it, run as a module."""
    (code,) = (block for block in _blocks("python") if mark in block)
    module = ModuleType("example")
    vars(module).update(names)
    exec(compile(code, "CONTRIBUTING.md", "exec"), vars(module))
    return module


@pytest.fixture
def own_rules() -> Iterator[None]:
    """The example's rule leaves the gate as it was."""
    from tools.risk import limits

    before = dict(limits._ENTRY_RULES)
    yield
    limits._ENTRY_RULES.clear()
    limits._ENTRY_RULES.update(before)


def test_every_path_in_the_guide_exists() -> None:
    """A newcomer is sent to files that are there."""
    named = set(re.findall(r"`([\w.-]+(?:/[\w.-]+)+\.\w+)`", GUIDE))
    assert len(named) > 8
    assert {name for name in named - MADE_BY_THE_READER if not (ROOT / name).exists()} == set()


def test_the_example_indicator_keeps_the_promises() -> None:
    """Missing before its warm-up, named arrays as long as the series, edges around the price."""
    series = wandering(60)
    found = _example("donchian_upper").compute(series)
    assert [list(map(np.isnan, edge[18:20])) for edge in found.values()] == [[True, False]] * 2
    assert found["donchian_upper"][-1] == series.high[-20:].max()
    assert found["donchian_lower"][-1] == series.low[-20:].min()


def test_the_example_tool_answers_and_refuses() -> None:
    """It fits the desk: built with a snapshot and a shortlist, strict about markets."""
    from tests.tools.indicators.samples import snapshot

    sys.modules["example"] = module = _example("GetSpreadsTool")
    try:
        module.GetSpreadsTool.model_rebuild()
        tool = module.GetSpreadsTool(snapshot=snapshot(wandering(60)), shortlist=("BTC/USDT",))
    finally:
        del sys.modules["example"]
    assert tool._run(["BTC/USDT"]).startswith('{"columns":["symbol","spread_pct"],"rows":[["BTC')
    assert '"unknown_symbol"' in tool._run(["ETH/USDT"])


def test_the_example_agent_and_task_are_accepted(tmp_path: Path) -> None:
    """Adding an agent is YAML only."""
    agent, task = _blocks("yaml")
    agents, tasks = tmp_path / "agents.yaml", tmp_path / "tasks.yaml"
    agents.write_text((ROOT / "agents.yaml").read_text() + agent)
    tasks.write_text((ROOT / "tasks.yaml").read_text() + task)
    spec = load_specs(agents, tasks, TOOL_NAMES)
    assert spec.tasks["review"].agent == "reviewer"


@pytest.mark.usefixtures("own_rules")
def test_the_example_limit_is_a_rule_of_the_gate() -> None:
    """It registers under the setting's name, and says what is broken in figures."""
    from decimal import Decimal
    from types import SimpleNamespace

    from tools.risk import limits

    rule = _example("_funding_cap", _entry=limits._entry, Case=limits.Case)._funding_cap
    assert "risk.max_funding_pct" in limits.rule_names()

    def case(rate: str | None) -> Any:
        market = SimpleNamespace(funding_rate_pct=None if rate is None else Decimal(rate))
        return SimpleNamespace(
            market=market, limits=SimpleNamespace(max_funding_pct=Decimal("0.1"))
        )

    assert rule(case(None)) is rule(case("0.1")) is None
    assert rule(case("0.11")) == "funding is 0.11 %, the most is 0.1 %"

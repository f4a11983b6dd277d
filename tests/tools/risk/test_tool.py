"""What the officer's tools answer, and what the model reads of them."""

import json

import pytest
from pydantic import ValidationError

from records.risk import RiskLimits

pytestmark = pytest.mark.usefixtures("crewai_loaded")


@pytest.fixture
def tools(bench):
    from tools.risk.tool import GetCircuitBreakerTool, GetLimitsTool, SubmitVerdictTool

    cycle = bench.cycle()
    kinds = (GetLimitsTool, GetCircuitBreakerTool, SubmitVerdictTool)
    return cycle, {tool.name: tool for tool in (kind(desk=cycle.risk) for kind in kinds)}


def opinion(proposal, **changes):
    values = {"proposal_id": proposal.proposal_id, "decision": "approve", "max_quantity": None,
              "stop": None, "max_leverage": None, "reasons": ["Fits."]}  # fmt: skip
    return values | changes


def test_every_limit_is_told_with_the_room_left(tools, bench):
    """A limit the officer does not see is one it cannot judge by."""
    cycle, by_name = tools
    told = json.loads(by_name["get_limits"].run())
    assert set(told["limits"]) == set(RiskLimits.model_fields)
    assert told["halted"] is False
    assert told["room"] == {"exposure_left": "5000", "positions_left": 5, "cash_left": "10000"}

    cycle.approve(cycle.draft())
    bench.halted = "lunch"
    told = json.loads(by_name["get_limits"].run())
    assert (told["halted"], told["room"]["positions_left"]) == (True, 4)


def test_the_breaker_is_told(tools):
    """State and readings as one table."""
    told = json.loads(tools[1]["get_circuit_breaker"].run())
    assert (told["status"], told["columns"]) == ("SAFE", ["trigger", "value_pct", "limit_pct"])


def test_a_submitted_verdict_ends_in_an_approval_or_a_refusal(tools):
    """The tool's answer is the whole of what the officer did."""
    cycle, by_name = tools
    first, second = cycle.risk.register([cycle.draft(), cycle.closing()])
    submit = by_name["submit_verdict"]
    report = json.loads(submit.run(verdicts=[opinion(first), opinion(second)]))
    assert report["outcomes"][0]["approval_id"] == f"{cycle.ids.cycle_id}-a1"
    assert report["outcomes"][1]["refusal"]["code"] == "limits"
    assert submit.result_as_answer is True


@pytest.mark.parametrize(
    "changes",
    [{"decision": "yes"}, {"reasons": []}, {"max_quantity": True}, {"max_quantity": 1e300},
     {"max_quantity": "NaN"}, {"stop": -1}, {"leverage": 3}, {"proposal_id": ""}],
)  # fmt: skip
def test_a_verdict_out_of_shape_judges_nothing(tools, bench, changes):
    """Refused by the schema: no verdict is written, so a proper one can still follow."""
    cycle, by_name = tools
    proposal = cycle.risk.register([cycle.draft()])[0]
    with pytest.raises((ValidationError, ValueError)):
        by_name["submit_verdict"].run(verdicts=[opinion(proposal, **changes)])
    assert bench.ledger.decisions.verdicts(cycle.ids.cycle_id) == ()


def test_the_schemas_the_model_reads(tools):
    """A changed field is a changed prompt: names and required fields are held here."""
    schemas = {name: tool.args_schema.model_json_schema() for name, tool in tools[1].items()}
    assert schemas["get_limits"]["properties"] == {}
    assert schemas["get_circuit_breaker"]["properties"] == {}
    verdict = schemas["submit_verdict"]["$defs"]["VerdictDraft"]
    assert verdict["required"] == [
        "proposal_id", "decision", "max_quantity", "stop", "max_leverage", "reasons",
    ]  # fmt: skip
    assert all(schema["additionalProperties"] is False for schema in (*schemas.values(), verdict))

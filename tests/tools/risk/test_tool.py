"""What the officer's tools answer, and what the model reads of them."""

import json
from decimal import Decimal

import pytest
from pydantic import ValidationError

from records.breaker import BreakerReading, BreakerState
from records.risk import RiskLimits
from tests.tools.orders.bench import ETH
from tests.tools.risk.cases import NOW
from tools.risk.views import BY_THE_TRADE, breaker_view

pytestmark = pytest.mark.usefixtures("crewai_loaded")


@pytest.fixture
def tools(bench):
    from tools.risk.tool import GetCircuitBreakerTool, GetLimitsTool, SubmitVerdictTool

    cycle = bench.cycle()
    kinds = (GetLimitsTool, GetCircuitBreakerTool, SubmitVerdictTool)
    return cycle, {tool.name: tool for tool in (kind(desk=cycle.risk) for kind in kinds)}


def opinion(proposal, **changes):
    """What the officer writes to allow all of an entry; of an exit, it names no figures."""
    of = proposal.draft
    values = {
        "proposal_id": proposal.proposal_id, "symbol": of.symbol,
        "side": "buy" if of.opens else "sell", "decision": "approve",
        "max_quantity": str(proposal.quantity) if of.opens else None,
        "stop": str(of.stop) if of.opens else None,
        "max_leverage": of.leverage if of.opens else None, "reasons": ["Fits."],
    }  # fmt: skip
    return values | changes


def test_the_limits_of_a_single_trade_are_told_with_the_room_left(tools, bench):
    """What a proposal can keep by its own numbers; the rest only costs words."""
    cycle, by_name = tools
    told = json.loads(by_name["get_limits"].run())
    assert set(told["limits"]) == set(BY_THE_TRADE) < set(RiskLimits.model_fields)
    assert (told["halted"], told["locked"]) == (False, [])
    assert told["room"] == {"exposure_left": "5000", "positions_left": 5, "cash_left": "10000"}

    cycle.approve(cycle.draft())
    bench.halted = "lunch"
    bench.ledger.safety.hold_lock(
        "guard", symbol=None, since=bench.clock.now(), until=None, reason="4 stops", by="guard"
    )
    bench.ledger.safety.hold_lock(
        "cooldown", symbol=ETH, since=bench.clock.now(), until=None, reason="a stop", by="guard"
    )
    told = json.loads(by_name["get_limits"].run())
    assert (told["halted"], told["room"]["positions_left"]) == (True, 4)
    assert told["locked"] == ["all: 4 stops", f"{ETH}: a stop"]


def test_the_breaker_is_told(tools):
    """State and readings as one table."""
    told = json.loads(tools[1]["get_circuit_breaker"].run())
    assert (told["status"], told["columns"]) == ("SAFE", ["trigger", "value", "limit", "triggers"])


def test_of_the_breaker_the_three_nearest_triggers_are_told():
    """A figure that triggers below its limit says so; the nearest one stands first."""
    readings = [
        BreakerReading(trigger=f"market {n} drop", value=Decimal(n), limit=Decimal(10))
        for n in range(6)
    ]
    fear = BreakerReading(trigger="Fear & Greed", value=Decimal(20), limit=Decimal(12), below=True)
    state = BreakerState(status="WARNING", since=NOW, readings=(*readings, fear))

    rows = breaker_view(state)["rows"]
    assert [row[0] for row in rows] == [
        "Fear & Greed", "market 5 drop", "market 4 drop",
    ]  # fmt: skip
    assert (rows[0][3], rows[1][3]) == ("below", "from")


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
    [{"decision": "yes"}, {"reasons": []}, {"max_quantity": True}, {"max_quantity": "NaN"},
     {"max_quantity": "1e3"}, {"stop": "-"}, {"leverage": 3}, {"proposal_id": ""},
     {"side": "long"}, {"symbol": "x" * 61}],
)  # fmt: skip
def test_a_verdict_out_of_shape_judges_nothing(tools, bench, changes):
    """Refused by the schema: no verdict is written, so a proper one can still follow."""
    cycle, by_name = tools
    proposal = cycle.risk.register([cycle.draft()])[0]
    with pytest.raises((ValidationError, ValueError)):
        by_name["submit_verdict"].run(verdicts=[opinion(proposal, **changes)])
    assert bench.ledger.decisions.verdicts(cycle.ids.cycle_id) == ()


@pytest.mark.parametrize(
    "changes",
    [{"max_quantity": 1e300}, {"max_quantity": "0"}, {"stop": -1}, {"max_leverage": 0},
     {"max_leverage": 126}],
)  # fmt: skip
def test_a_verdict_out_of_bounds_is_refused_and_on_record(tools, bench, changes):
    """Well-formed and still no verdict: none is written, so a proper one can still follow."""
    cycle, by_name = tools
    proposal = cycle.risk.register([cycle.draft()])[0]
    told = json.loads(by_name["submit_verdict"].run(verdicts=[opinion(proposal, **changes)]))
    assert told["outcomes"][0]["refusal"]["code"] == "out_of_bounds"
    assert bench.ledger.decisions.verdicts(cycle.ids.cycle_id) == ()


def test_the_schemas_the_model_reads(tools):
    """A changed field is a changed prompt: names and required fields are held here."""
    schemas = {name: tool.args_schema.model_json_schema() for name, tool in tools[1].items()}
    assert schemas["get_limits"]["properties"] == {}
    assert schemas["get_circuit_breaker"]["properties"] == {}
    verdict = schemas["submit_verdict"]["$defs"]["WrittenVerdict"]
    assert verdict["required"] == [
        "proposal_id", "symbol", "side", "decision", "max_quantity", "stop", "max_leverage",
        "reasons",
    ]  # fmt: skip
    assert all(schema["additionalProperties"] is False for schema in (*schemas.values(), verdict))

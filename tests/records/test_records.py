"""Rules that every record keeps, held for each of them, present and future."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

import records
from records.base import Record
from records.breaker import BreakerLimits
from records.clock import FixedClock, epoch_ms, from_epoch_ms
from records.errors import TradingError
from records.ids import IdSequence, cycle_id
from records.order import Fill
from records.proposal import TradeProposals
from records.risk import Budget, ExitRules, Protections, RiskLimits
from records.strict import read_as
from records.table import answer, table
from records.verdict import Breach

_FOLDER = Path(records.__file__).parent


def _all_records():
    for file in sorted(_FOLDER.glob("*.py")):
        import_module(f"records.{file.stem}")
    found, queue = [], [Record]
    while queue:
        for kind in queue.pop().__subclasses__():
            queue.append(kind)
            if kind.__module__.startswith("records."):
                found.append(kind)
    return sorted(found, key=lambda kind: kind.__name__)


RECORDS = _all_records()


def _fill(**changes):
    values = {
        "fill_id": "f", "client_order_id": "c-1", "symbol": "BTC/USDT", "side": "buy",
        "quantity": "0.1", "price": "65000.10", "fee": "0.01", "liquidity": "taker",
        "at": "2026-01-05T12:00:00Z",
    }  # fmt: skip
    return Fill.model_validate(values | changes)


def test_there_are_records_to_hold_to_the_rules():
    """If nothing were found, the tests below would hold for nothing."""
    assert len(RECORDS) > 35


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_a_record_refuses_unknown_fields(kind):
    """A misspelt field is a fault, not a field left at its default."""
    with pytest.raises(ValidationError) as refused:
        kind.model_validate({"no_such_field": 1})
    assert ("no_such_field",) in {
        error["loc"] for error in refused.value.errors() if error["type"] == "extra_forbidden"
    }


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_a_record_is_frozen(kind):
    """What was written down is not changed afterwards."""
    name = next(iter(kind.model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(kind.model_construct(), name, None)


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_a_record_has_no_bare_time(kind):
    """Every time is a UtcTime: a bare datetime is an hour of doubt twice a year."""
    for name, field in kind.model_fields.items():
        assert datetime not in (field.annotation, *get_args(field.annotation)), name


def test_a_time_without_a_zone_is_refused_and_others_become_utc():
    """The same instant has one spelling in the ledger."""
    with pytest.raises(ValidationError, match="timezone"):
        _fill(at="2026-01-05T12:00:00")
    elsewhere = datetime(2026, 1, 5, 14, tzinfo=timezone(timedelta(hours=2)))
    assert _fill(at=elsewhere).at == datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert _fill(at=elsewhere).at.tzinfo is UTC


@pytest.mark.parametrize(
    "price", ["0", "-1", "NaN", "1e5", "1_0", "0,01", "\uff11\uff12", True, float("inf")]
)
def test_a_price_is_a_plain_positive_decimal(price):
    """Nothing that is not a price may become one."""
    with pytest.raises(ValidationError):
        _fill(price=price)


def test_money_survives_json_digit_for_digit():
    """Neither an exponent nor a float nor a lost zero on the way to the ledger and back."""
    fill = _fill(price=Decimal("1E+2"), quantity="0.10000000000000000001", fee="-0.010")
    written = json.loads(fill.model_dump_json())
    assert (written["price"], written["quantity"], written["fee"]) == (
        "100", "0.10000000000000000001", "-0.010",
    )  # fmt: skip
    assert Fill.model_validate_json(fill.model_dump_json()) == fill


def test_an_error_belongs_to_one_tree_and_has_an_exit_code():
    """The command line turns any error of the desk into the code the manual names."""
    queue, codes = [TradingError], {}
    while queue:
        kind = queue.pop()
        codes[kind.__name__] = kind.exit_code
        queue.extend(kind.__subclasses__())
    assert set(codes.values()) == {0, 1, 2, 3, 4, 5, 6}
    assert [name for name, code in codes.items() if code == 0] == ["BudgetExhausted"]
    assert codes["BadCandles"] == 4
    assert codes["LedgerFull"] == 6


def test_ids_count_each_letter_for_itself():
    """A replay of the same steps gives the same ids."""
    first = cycle_id(datetime(2026, 1, 5, 12, tzinfo=UTC), 12)
    ids = IdSequence(first)
    assert [ids.next("p"), ids.next("p"), ids.next("v")] == [
        "20260105T120000Z-0012-p1", "20260105T120000Z-0012-p2", "20260105T120000Z-0012-v1",
    ]  # fmt: skip


def test_the_clock_moves_only_when_moved():
    """Tests and replays decide what time it is, to the millisecond."""
    clock = FixedClock(datetime(2026, 1, 5, 12, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.advance(milliseconds=1)
    assert from_epoch_ms(epoch_ms(clock.now())) == clock.now()
    assert clock.now().microsecond == 1000


def test_a_table_row_is_as_long_as_its_columns():
    """A shifted column would put one figure under another's name."""
    assert answer(table(["a", "b"], [[Decimal("1E+2"), None]])) == (
        '{"columns":["a","b"],"rows":[["100",null]]}'
    )
    with pytest.raises(ValueError, match="row of 1"):
        table(["a", "b"], [[1]])
    with pytest.raises(TypeError):
        answer({"a": Breach(limit="a", message="b")})


_LIMITS = (RiskLimits, Protections, BreakerLimits, Budget, ExitRules)
_NUMBERS = [
    (record, name)
    for record in _LIMITS
    for name, field in record.model_fields.items()
    if not isinstance(field.default, bool | tuple)
]


@pytest.mark.parametrize(("record", "name"), _NUMBERS)
@pytest.mark.parametrize("written", ["1_0", " 10", "+10", "1e1", True])
def test_a_limit_is_a_plain_number(record, name, written):
    """Python reads `1_0` as ten and true as one; nobody means either."""
    with pytest.raises(ValidationError):
        record.model_validate({name: written})


@pytest.mark.parametrize("hours", ["0", "0.5", "-3", "9000", "72"])
def test_an_odd_deadline_costs_no_other_proposal(hours: str) -> None:
    """Models write 0 for none; a close beside it must still close."""
    told = f"""{{"proposals": [
        {{"symbol": "BTC/USDT", "action": "close", "thesis": "Done.", "deadline_h": {hours}}},
        {{"symbol": "ETH/USDT", "action": "open_long", "stop": 9, "thesis": "Up.",
          "deadline_h": {hours}}}
    ]}}"""
    leaving, entering = read_as(TradeProposals, told).proposals

    assert leaving.draft().deadline_h is None
    if hours in ("0.5", "72"):
        assert entering.draft().deadline_h == Decimal(hours)
    else:
        with pytest.raises(ValidationError, match="deadline_h"):
            entering.draft()

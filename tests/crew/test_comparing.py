"""What differs between two runs of a cycle is told decision by decision."""

from datetime import UTC, datetime, timedelta

import pytest

from crew.comparing import differences
from records.cycle import CycleRecord, ModelUse
from tests.crew.desks import one_cycle

AT = datetime(2026, 11, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> CycleRecord:
    """A cycle that traded."""
    return one_cycle(tmp_path_factory.mktemp("home"), "model=rulebook/bold", "record=false", at=AT)


def test_times_and_durations_are_no_difference(record: CycleRecord) -> None:
    """A clock that went on is not another decision."""
    late = timedelta(seconds=3)
    again = record.model_copy(
        update={
            "started_at": record.started_at + late,
            "timings_ms": {},
            "transcript": None,
            "approvals": tuple(
                one.model_copy(update={"expires_at": one.expires_at + late})
                for one in record.approvals
            ),
        }
    )

    assert differences(record, again) == ()


def test_a_changed_figure_is_named_with_before_and_after(record: CycleRecord) -> None:
    """Which decision, which field, what it was and what it is."""
    first, *rest = record.approvals
    half = first.model_copy(update={"quantity": first.quantity / 2})
    again = record.model_copy(update={"approvals": (half, *rest)})

    assert differences(record, again) == (
        f"approval {first.approval_id} ({first.symbol} {first.side} {first.quantity:f}): "
        f"quantity was {first.quantity}, now {first.quantity / 2}",
    )


def test_what_is_missing_and_what_is_new_is_said(record: CycleRecord) -> None:
    """Both ways."""
    (fewer,) = differences(record, record.model_copy(update={"orders": record.orders[1:]}))
    (more,) = differences(record.model_copy(update={"orders": record.orders[1:]}), record)

    name = record.orders[0].intent.client_order_id
    assert fewer.startswith(f"order {name} (") and fewer.endswith("is missing now")
    assert more.startswith(f"order {name} (") and more.endswith("is new")


@pytest.mark.parametrize("name", sorted(CycleRecord.model_fields))
def test_every_other_field_of_a_cycle_is_compared(record: CycleRecord, name: str) -> None:
    """A field that is added to the record is compared, or named here."""
    other = {
        "proposals": (),
        "verdicts": (),
        "approvals": (),
        "orders": (),
        "fills": (),
        "model": ModelUse(calls=99),
        "account": None,
        "breaker": None,
        "reports": type(record.reports)(),
        "shortlist": (),
        "outcome": "hold",
        "hold_reason": "budget",
        "message": "other words",
        "exit_code": 5,
    }
    alike = {
        *("cycle_id", "started_at", "ended_at", "timings_ms", "transcript"),
        *("venue", "mode", "synthetic", "symbols"),
    }
    unfilled = {"skipped", "refusals", "trades"}

    if name in other:
        assert differences(record, record.model_copy(update={name: other[name]}))
    else:
        assert name in alike | unfilled

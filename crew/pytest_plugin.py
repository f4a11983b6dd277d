"""
For pytest: a recorded cycle as a fixture.

    @pytest.mark.recorded("late_stop")
    def test_late_stop(recorded_cycle):
        assert recorded_cycle.differences() == ()

The recording lies in the folder `late_stop` beside the test's file, as `desk record-test`
writes it. Nothing of the desk is imported until a test asks for it.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import pytest

if TYPE_CHECKING:
    from crew.replay import Rerun
    from records.cycle import CycleRecord

Yaml = Literal["present", "recorded"]


class RecordedCycle:
    """A recorded cycle, run again offline when it is first asked for."""

    def __init__(
        self, folder: Path, *, yaml: Yaml = "present", settings: dict[str, Any] | None = None
    ) -> None:
        """`yaml`: agents and tasks of the checkout, or those of the recording."""
        self.folder = folder
        self._yaml = yaml
        self._settings = settings or {}

    @cached_property
    def expected(self) -> "CycleRecord":
        """The cycle as it ended when it was recorded."""
        from crew.record_test import EXPECTED
        from records.cycle import CycleRecord

        return CycleRecord.model_validate_json((self.folder / EXPECTED).read_bytes())

    @property
    def record(self) -> "CycleRecord":
        """The cycle as it ends now."""
        return self._rerun.record

    def differences(self) -> tuple[str, ...]:
        """
        What the desk decides otherwise now, in words.

        Raises NotRecorded, naming agent, task and turn, when a model would be asked something
        else than it was.
        """
        return self._rerun.differences()

    @cached_property
    def _rerun(self) -> "Rerun":
        from dataclasses import replace

        from crew.record_test import present_yaml
        from crew.replay import AS_RECORDED, Rerun

        changes = present_yaml() if self._yaml == "present" else AS_RECORDED
        return Rerun(self.folder, self.expected, replace(changes, settings=self._settings))


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        'recorded(name, yaml="present", settings={}): the recording that `recorded_cycle` runs '
        "again, a folder beside the test's file.",
    )


@pytest.fixture
def recorded_cycle(request: pytest.FixtureRequest) -> RecordedCycle:
    """The cycle that the test's marker `recorded` names."""
    mark = request.node.get_closest_marker("recorded")
    if mark is None or len(mark.args) != 1 or not isinstance(mark.args[0], str):
        raise pytest.UsageError('recorded_cycle needs @pytest.mark.recorded("name")')
    folder = request.path.parent / mark.args[0]
    if not (folder / "expected.json").is_file():
        raise pytest.UsageError(
            f"there is no recording {mark.args[0]!r} beside {request.path.name}"
        )
    if mark.kwargs.get("yaml", "present") not in get_args(Yaml):
        raise pytest.UsageError(f"recorded(yaml=...) is one of {', '.join(get_args(Yaml))}")
    return RecordedCycle(folder, **mark.kwargs)

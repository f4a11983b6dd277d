"""The process beside the cycle: it is given no secret, and its failure is a sentence."""

import pytest

from tools.worker import INHERITED, Worker, environment


def test_the_other_process_is_given_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs none, so it cannot lose one."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-you")
    monkeypatch.setenv("DESK_API_SECRET", "nor-this")

    assert set(environment()) <= {*INHERITED, "PYTHONPATH", "OPENBLAS_NUM_THREADS"}


def test_a_module_that_fails_is_told_of_in_words() -> None:
    """A cycle does not end because of a helper."""
    lines, ending = Worker("tools.no_such_module", b"").finish(30)

    assert lines == []
    assert ending == "the other process ended with code 1"

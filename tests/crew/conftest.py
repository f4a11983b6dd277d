"""No setting of the developer's shell may reach a test."""

import os

import pytest

_FOREIGN = ("DESK_", "MODEL", "OPENAI_")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(_FOREIGN):
            monkeypatch.delenv(name)

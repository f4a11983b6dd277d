"""What is installed is pinned and hashed, and every setting has its line in .env.example."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import BaseModel

from crew.settings import Settings

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
DIRECT = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
CHECKS = [Requirement(line) for line in PROJECT["dependency-groups"]["dev"]]
PINS = [Requirement(line) for line in PROJECT["tool"]["uv"]["constraint-dependencies"]]

LOCKED = re.compile(r"^([a-z0-9-]+)==(\S+)[^\n]*((?:\\\n +--hash=sha256:[0-9a-f]{64} *)+)$", re.M)
NAMED = re.compile(r"^# ([A-Z][A-Z0-9_]*)=(.*)$", re.M)
NOT_SETTINGS = {
    *("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY"),
    *("DEEPSEEK_API_KEY", "MODEL", "DESK_FILE", "DESK_HOME"),
}


def _name(requirement: Requirement) -> str:
    return canonicalize_name(requirement.name)


def _exact(requirement: Requirement) -> str:
    """The one version a pin allows."""
    (specifier,) = requirement.specifier
    assert specifier.operator == "==", str(requirement)
    return specifier.version


def _locked() -> dict[str, tuple[str, str]]:
    return {name: (version, hashes) for name, version, hashes in LOCKED.findall(LOCK)}


@pytest.mark.parametrize("requirement", DIRECT, ids=_name)
def test_every_direct_dependency_is_locked_with_a_hash(requirement: Requirement) -> None:
    """`pip install --require-hashes` must find each of them, in a version the project allows."""
    version, hashes = _locked()[_name(requirement)]
    assert requirement.specifier.contains(version, prereleases=True)
    assert "--hash=sha256:" in hashes


def test_everything_that_is_locked_has_a_hash() -> None:
    """One line without a hash would be taken from anywhere."""
    names = re.findall(r"^([a-z0-9-]+)==", LOCK, re.M)
    assert sorted(_locked()) == sorted(set(names))
    assert len(names) > len(DIRECT)


def test_lock_and_pins_agree() -> None:
    """`.ci/lock` is run after a change of pins; here it would be noticed that it was not."""
    locked = _locked()
    differing = {
        _name(pin): (_exact(pin), locked[_name(pin)][0])
        for pin in PINS
        if _name(pin) in locked and locked[_name(pin)][0] != _exact(pin)
    }
    assert differing == {}


def test_the_lock_names_no_address() -> None:
    """It must install from whatever index its reader uses."""
    assert [line for line in LOCK.splitlines() if "://" in line or line.startswith("-")] == []


@pytest.mark.parametrize("requirement", [*DIRECT, *CHECKS], ids=_name)
def test_every_direct_dependency_has_an_exact_pin(requirement: Requirement) -> None:
    """A release of tomorrow must not change what the desk does, or what the checks find."""
    pins = {_name(pin): _exact(pin) for pin in PINS}
    assert requirement.specifier.contains(pins[_name(requirement)], prereleases=True)


def test_the_example_environment_names_every_setting_and_no_other() -> None:
    """Whoever looks for a setting finds it; whoever copies the file is not refused."""
    names = [name for name, _ in NAMED.findall(EXAMPLE)]
    assert len(names) == len(set(names))
    assert sorted(set(names) ^ {*_settings(Settings), *NOT_SETTINGS}) == []


def test_the_example_environment_explains_and_sets_nothing() -> None:
    """A comment above each name, no value behind it: it can be copied as it is."""
    lines = EXAMPLE.splitlines()
    assert [value for _, value in NAMED.findall(EXAMPLE) if value] == []
    assert [line for line in lines if line and not line.startswith("#")] == []
    named = [index for index, line in enumerate(lines) if NAMED.match(line)]
    assert all(_explains(lines[index - 1]) for index in named)


def _explains(line: str) -> bool:
    return line.startswith("# ") and NAMED.match(line) is None


def _settings(model: type[BaseModel], prefix: str = "DESK_") -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _settings(kind, f"{prefix}{name}__".upper())
        else:
            yield f"{prefix}{name}".upper()

"""Loads what warns while it is imported; from our own code every warning is an error."""

import warnings
from importlib import import_module

import pytest


def _quietly(module: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_module(module)


@pytest.fixture(scope="session")
def crewai_loaded() -> None:
    """CrewAI sets attributes on a package that forbids it, and warns of itself."""
    _quietly("crewai.tools")


@pytest.fixture(scope="session")
def pandas_ta_loaded() -> None:
    """pandas-ta reads a deprecated attribute of pandas when it is imported."""
    _quietly("pandas_ta")

"""The import contracts hold, and each of them can be broken."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("crew", "tools", "memory", "records")
WRONG = {
    "The house": ("tools/signals/votes.py", "tools.risk.limits"),
    "No limit, size or order": ("tools/risk/sizing.py", "memory.lessons"),
    "Inside crew": ("crew/home.py", "crew.settings"),
    "Inside tools": ("tools/exchange/symbols.py", "tools.indicators.registry"),
    "No loops": ("tools/news/tags.py", "tools.news.feeds"),
    "Only crew and the tool.py files import crewai": ("tools/risk/limits.py", "crewai"),
    "Only crew.toolbox": ("crew/doctor.py", "tools.risk.tool"),
    "Only tools.exchange imports ccxt": ("tools/news/text.py", "ccxt"),
    "Only tools.web imports httpcore": ("tools/news/feeds.py", "httpcore"),
    "Only tools.ledger imports sqlalchemy": ("memory/document.py", "sqlalchemy"),
    "Only memory imports chromadb": ("tools/chart/geometry.py", "chromadb"),
    "Only tools.orders and crew.desk": ("tools/risk/gate.py", "tools.exchange.writer"),
    "Records import nothing": ("records/base.py", "pandas"),
}
"""Each contract's name, as it begins, with a file and an import that break it."""


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()",
         "--no-cache", "--no-logo"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy of the desk with every wrong import in it."""
    copy = tmp_path_factory.mktemp("desk")
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, copy / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", copy)
    for file, module in WRONG.values():
        with (copy / file).open("a", encoding="utf-8") as opened:
            opened.write(f"\nimport {module}\n")
    return _lint(copy).stdout


def test_the_desk_keeps_every_contract() -> None:
    """Each package imports only what stands below it."""
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("contract", sorted(WRONG))
def test_a_wrong_import_breaks_its_contract(contract: str, broken: str) -> None:
    """A contract that nothing breaks guards nothing."""
    file, module = WRONG[contract]
    importer = file.removesuffix(".py").replace("/", ".")
    near = f".{importer.rpartition('.')[2]} -> .{module.rpartition('.')[2]} "
    faults = _faults(contract, broken)
    assert f"{importer} -> {module} " in faults or near in faults


def _faults(contract: str, said: str) -> str:
    """What stands below the contract's heading, up to the next one."""
    parts = re.split(r"^(.+)\n-{5,}$", said, flags=re.MULTILINE)
    return next(text for name, text in zip(parts[1::2], parts[2::2], strict=True)
                if name.startswith(contract))  # fmt: skip


def test_every_contract_has_its_wrong_import() -> None:
    """A new contract is proven like the others."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    names = [contract["name"] for contract in contracts["contracts"]]
    assert [name for name in names if not name.startswith(tuple(WRONG))] == []
    assert len(names) == len(WRONG)

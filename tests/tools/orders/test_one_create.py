"""One door to the venue: exactly one function in the code base calls a writer's create."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[3]
PRODUCT = ("crew", "tools", "memory", "records")


def _calls(names):
    """Every use of an attribute of these names: file and enclosing function."""
    found = []
    for package in PRODUCT:
        for file in sorted((ROOT / package).rglob("*.py")):
            for scope in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
                    found += [
                        (file.relative_to(ROOT).as_posix(), scope.name)
                        for node in ast.walk(scope)
                        if isinstance(node, ast.Attribute) and node.attr in names
                    ]
    return found


def test_only_the_sender_creates_orders():
    """Whoever else could, could trade around the gate; not even a reference is passed on."""
    assert _calls({"create"}) == [("tools/orders/sender.py", "_create")]


def test_only_the_sender_cancels_at_the_venue():
    """A cancelled stop is a position without one; the paper session's own method aside."""
    through_the_writer = [
        (file, scope) for file, scope in _calls({"_writer"}) if scope != "__init__"
    ]
    assert through_the_writer == [
        ("tools/orders/sender.py", scope)
        for scope in ("entries_rest", "prepare", "cancel", "_create")
    ]


def test_nobody_else_knows_the_writing_side():
    """Only tools.orders and the composition root may import it."""
    importers = {
        file.relative_to(ROOT).as_posix()
        for package in PRODUCT
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "tools.exchange.writer"
    }
    assert importers <= {"tools/orders/sender.py", "tools/orders/execution.py", "crew/desk.py"}
    assert "tools/orders/sender.py" in importers

"""
The mutants of one copy of the tree: made by cosmic-ray, tested in forks of this process.

Started by tests.gate.mutation, in a copy: it writes into the files it mutates, and refuses
where there is no mark that the tree is one to throw away. What is heavy is imported once;
what is mutated, and its tests, by each fork.
"""

import argparse
import difflib
import importlib
import json
import os
import re
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from cosmic_ray.commands import init
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import MutationSpec
from pydantic import BaseModel

COPY_MARK = "THIS_TREE_IS_A_COPY"
FATES = "fates.jsonl"
TARGETS = ("tools/risk/gate.py", "tools/risk/limits.py", "tools/risk/sizing.py")
TESTS = tuple(f"tests/tools/risk/test_{name}.py" for name in ("limits", "gate", "sizing"))
HEAVY = (
    "hypothesis", "_hypothesis_pytestplugin", "numpy", "xdist.plugin", "pytest_asyncio.plugin",
    "records.proposal", "records.verdict", "tools.ledger.account", "tools.exchange.margin",
)  # fmt: skip
NEVER_RUNS = re.compile(r"_BitOr_|_(RShift|LShift|BitOr|BitAnd|BitXor)$")
"""`|` stands in annotations only, and no Decimal shifts: these die of TypeError, unasked."""

PATIENCE_S = 120


class Mutant(BaseModel):
    """One change of one line, and whether a test failed for it."""

    module: str
    line: int
    operator: str
    was: str
    became: str
    killed: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by, wherever the line has moved."""
        return Path(self.module).stem, self.was, self.became


def main() -> int:
    """Test this part of the mutants, and write down their fates: one line of JSON each."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate.mutants", description=__doc__)
    parser.add_argument("again", nargs="?", type=Path)
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--parts", type=int, default=1)
    given = parser.parse_args()
    if not Path(COPY_MARK).exists():
        parser.error("this tree is no copy; run `python -m tests.gate.mutation`")
    sys.dont_write_bytecode = True
    for module in HEAVY:
        importlib.import_module(module)
    if not tests_pass():
        print("the tests fail without any mutant", file=sys.stderr)
        return 1
    only = survivors(given.again) if given.again else None
    with Path(FATES).open("w", encoding="utf-8") as fates:
        for mutation in every_mutation()[given.part :: given.parts]:
            if (mutant := tried(mutation, only)) is not None:
                print(mutant.model_dump_json(), file=fates, flush=True)
    return 0


def every_mutation() -> list[MutationSpec]:
    """All of cosmic-ray's mutations but those that never run, in a fixed order."""
    session = WorkDB("mutants.sqlite", WorkDB.Mode.create)
    init([Path(target) for target in TARGETS], session, {})
    found = [mutation for item in session.work_items for mutation in item.mutations]
    session.close()
    return sorted(
        (one for one in found if not NEVER_RUNS.search(one.operator_name)),
        key=lambda one: (str(one.module_path), one.start_pos, one.operator_name, one.occurrence),
    )


def survivors(report: Path) -> set[tuple[str, ...]]:
    """What survived in an earlier report, held to be equivalent or not."""
    told = json.loads(report.read_text(encoding="utf-8"))
    return {
        (one["operator"], *Mutant.model_validate(one).key)
        for one in (*told["survivors"], *told["equivalents"])
    }


def tried(mutation: MutationSpec, only: set[tuple[str, ...]] | None) -> Mutant | None:
    """What became of one mutation; None when it is not asked for."""
    operator = get_operator(mutation.operator_name)()
    with use_mutation(mutation.module_path, operator, mutation.occurrence) as (before, after):
        was, became = difference(before.splitlines(), after.splitlines())
        mutant = Mutant(
            module=str(mutation.module_path),
            line=mutation.start_pos[0],
            operator=mutation.operator_name,
            was=was,
            became=became,
            killed=False,
        )
        if only is not None and (mutant.operator, *mutant.key) not in only:
            return None
        return mutant.model_copy(update={"killed": not tests_pass()})


def difference(before: Iterable[str], after: Iterable[str]) -> Iterator[str]:
    """The lines that went and the lines that came, each as one."""
    lines = list(difflib.ndiff(list(before), list(after)))
    for sign in "-+":
        yield " ".join(line[2:].strip() for line in lines if line[0] == sign)


def tests_pass() -> bool:
    """Whether the tests pass, in a fork that imports the mutated files anew."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    signal.alarm(PATIENCE_S)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    options = ("-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--assert=plain", "--noconftest")
    os._exit(int(pytest.main([*options, *TESTS])))


if __name__ == "__main__":
    sys.exit(main())

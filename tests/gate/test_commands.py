"""The commands of the proof: what they print, and that they can fail."""

import json
from pathlib import Path

import pytest

from tests.gate import bounds, coverage, long, mutation, proof
from tests.gate.equivalent import EQUIVALENT
from tests.gate.mutants import TARGETS, Mutant, difference
from tests.gate.proof import MOST_EXAMPLES, Summary, prove

ROOT = Path(__file__).parents[2]


def mutant(**changes):
    values = {"module": "tools/risk/gate.py", "line": 1, "operator": "core/AddNot",
              "was": "if a:", "became": "if not a:", "killed": True}  # fmt: skip
    return Mutant(**values | changes)


def test_the_long_proof_prints_what_it_found(capsys):
    """As JSON, and 0 when no promise was broken."""
    assert long.main(["--cases", "40", "--first-seed", "7", "--jobs", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["cases"], told["violations"], told["vetoes_lost"]) == (40, 0, 0)
    assert sum(told["denials"].values()) + told["approvals"] == 40
    assert told["denials_by_limit"] and told["entries"]


def test_the_same_seeds_give_the_same_answers():
    """A violation is looked at again by its seed, on any machine."""
    once, again = (prove(range(20)).model_dump(exclude={"seconds"}) for _ in range(2))
    assert once == again


def test_a_broken_promise_is_counted_and_named(monkeypatch):
    """A proof that cannot fail proves nothing."""

    def never(given, world):
        assert given.quantity < 0, "nothing is that small"

    monkeypatch.setattr(proof, "hold_to_the_limits", never)
    found = prove(range(60))
    assert found.violations == found.approvals > 0
    assert {(one.promise, one.where) for one in found.examples} == {
        ("limits", 'assert given.quantity < 0, "nothing is that small"')
    }


def test_parts_of_a_proof_add_up():
    """Two processes count what one would have."""
    whole, parts = prove(range(30)), [prove(range(10)), prove(range(10, 30))]
    added = sum(parts, Summary())
    assert added.model_dump(exclude={"seconds"}) == whole.model_dump(exclude={"seconds"})
    many = Summary(examples=[{"seed": 1, "promise": "x", "where": "y"}] * MOST_EXAMPLES)
    assert len((many + many).examples) == MOST_EXAMPLES


def test_a_mutant_is_the_lines_that_changed():
    """So that it is known wherever the line has moved."""
    before, after = ["a", "if x:", "b"], ["a", "if not x:", "b"]
    assert list(difference(before, after)) == ["if x:", "if not x:"]
    assert list(difference(before, before[:2])) == ["b", ""]


def test_a_mutation_report_counts_what_could_be_noticed(monkeypatch):
    """An equivalent mutant is no failure of a test, and one that was killed is none."""
    known, unknown = mutant(was="x", killed=False), mutant(was="y", killed=False)
    monkeypatch.setattr(mutation, "EQUIVALENT", {known.key: "the same", mutant().key: "no longer"})
    told = mutation.summed_up([*[mutant()] * 8, known, unknown])
    assert (told["mutants"], told["killed"], told["survived"], told["equivalent"]) == (10, 8, 1, 1)
    assert (told["percent"], told["percent_with_equivalents"]) == (88.89, 80)
    assert told["by_module"]["tools/risk/gate.py"] == {"killed": 8, "survived": 2}
    assert [one["was"] for one in told["survivors"]] == ["y"]
    assert told["not_equivalent_after_all"] == [list(mutant().key)]


def test_nothing_is_mutated_where_the_tree_is_no_copy(tmp_path, monkeypatch):
    """The working tree is never written to."""
    from tests.gate import mutants

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["mutants"])
    with pytest.raises(SystemExit):
        mutants.main()


def test_every_equivalent_mutant_is_one_of_a_line_that_stands():
    """A reason for a line that is gone would be taken for one of another."""
    lines = {Path(name).stem: {line.strip() for line in (ROOT / name).read_text().splitlines()}
             for name in TARGETS}  # fmt: skip
    assert [key for key in EQUIVALENT if key[1] not in lines[key[0]]] == []
    assert [key for key, reason in EQUIVALENT.items() if len(reason) < 20] == []


def test_coverage_fails_below_100(monkeypatch, capsys):
    """For a branch, for tests that fail, and for a path that covers nothing."""
    full = {"percent": 100, "taken": 3, "lines": "", "branches": ""}
    short = full | {"branches": "7->9"}
    for passed, files, paths, code in (
        (True, {"tools/risk/gate.py": full}, [], 0),
        (True, {"tools/risk/gate.py": full, "tools/orders/desk.py": short}, ["tools/risk"], 0),
        (True, {"tools/risk/gate.py": full, "tools/orders/desk.py": short}, [], 1),
        (False, {"tools/risk/gate.py": full}, [], 1),
        (True, {"tools/risk/gate.py": full}, ["tools/risk/nothing.py"], 1),
    ):
        monkeypatch.setattr(coverage, "measured", lambda _, found=(passed, files): found)
        assert coverage.main(paths) == code
        capsys.readouterr()


def test_the_bounds_take_nothing_from_the_rules():
    """What is proved may not prove itself."""
    source = Path(bounds.__file__).read_text(encoding="utf-8")
    assert "tools.risk." not in "".join(
        line for line in source.splitlines() if line.startswith(("from", "import"))
    ).replace("tests.tools.risk.cases", "")

"""Rules of the house that no linter knows, checked over the files themselves."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from crew.desk import TOOL_NAMES
from crew.specs import load_specs

ROOT = Path(__file__).parents[1]
PRODUCT = sorted(
    file
    for package in ("crew", "tools", "memory", "records")
    for file in (ROOT / package).rglob("*.py")
)
TOOL_FILES = [file for file in PRODUCT if file.name == "tool.py"]
DANGEROUS_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
DANGEROUS_CALLS = {"eval", "exec", "compile", "__import__"}
LAX_YAML = {"full_load", "unsafe_load", "load_all", "full_load_all", "unsafe_load_all"}
TELLS_THE_TIME = {"datetime.now", "datetime.utcnow", "date.today", "datetime.today", "time.time"}

# In parts, so that this file holds none of them itself.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "python" + "hosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("conda", "anaconda", "org"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
    )
]
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root|home/[\w-]+|Users/[\w-]+)/[\w.]")
UNFINISHED = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")


def _committed() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so nothing says which files are committed")
    return [file for name in listed.stdout.split("\0") if name and (file := ROOT / name).is_file()]


def _texts() -> Iterator[tuple[str, str]]:
    for file in _committed():
        try:
            yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def _nodes[N: ast.AST](kind: type[N]) -> Iterator[tuple[str, N]]:
    for file in PRODUCT:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, kind):
                yield str(file.relative_to(ROOT)), node


def _said(text: str) -> list[str]:
    """Registry hosts and paths of a machine in the text."""
    return [host for host in REGISTRIES if host in text] + MACHINE_PATH.findall(text)


def test_no_committed_file_names_a_registry_or_a_machine() -> None:
    """A clone must build anywhere, from whatever index its owner uses."""
    assert {name: said for name, text in _texts() if (said := _said(text))} == {}


@pytest.mark.parametrize(
    "text", [f"see https://{REGISTRIES[0]}/x", "in /" + "root/.cache", "/" + "home/me/desk"]
)
def test_a_host_or_path_would_be_found(text: str) -> None:
    """The rule above must be able to fail."""
    assert _said(text)


def test_nothing_is_left_unfinished() -> None:
    """What is not there is not promised by a stub."""
    assert [name for name, text in _texts() if UNFINISHED.search(text)] == []
    raised = [where for where, node in _nodes(ast.Name) if node.id == "NotImplementedError"]
    assert raised == []


def test_nothing_runs_what_it_reads() -> None:
    """Files, feeds and answers are data; none of these can tell data from code."""
    calls = [
        (where, node.func.id)
        for where, node in _nodes(ast.Call)
        if isinstance(node.func, ast.Name) and node.func.id in DANGEROUS_CALLS
    ]
    imports = [
        (where, alias.name)
        for where, node in _nodes(ast.Import)
        for alias in node.names
        if alias.name.partition(".")[0] in DANGEROUS_MODULES
    ]
    froms = [
        (where, node.module)
        for where, node in _nodes(ast.ImportFrom)
        if (node.module or "").partition(".")[0] in DANGEROUS_MODULES
    ]
    assert calls + imports + froms == []


def test_yaml_is_read_by_the_strict_loader_alone() -> None:
    """Python tags run code, and an alias bomb or a key that stands twice hides what is meant."""
    loads = [
        (where, ast.unparse(node.func), [ast.unparse(word) for word in node.keywords])
        for where, node in _nodes(ast.Call)
        if ast.unparse(node.func) in {"yaml.load", *(f"yaml.{name}" for name in LAX_YAML)}
    ]
    assert loads == [("crew/yaml_file.py", "yaml.load", ["Loader=_StrictLoader"])]


def test_only_the_clock_tells_the_time() -> None:
    """A cycle goes by the venue's clock and is replayed at another time than it ran."""
    asked = {
        where
        for where, node in _nodes(ast.Attribute)
        if ".".join(ast.unparse(node).split(".")[-2:]) in TELLS_THE_TIME
    }
    assert asked == {"records/clock.py"}


def test_the_desk_offers_exactly_the_tools_that_exist() -> None:
    """A name in YAML is checked against this list; a tool that is not on it could not be given."""
    assert sorted(TOOL_NAMES) == sorted(_named_tools().values())


def test_every_tool_is_built_in_the_toolbox() -> None:
    """A tool that nobody builds would fail the cycle of the first agent that holds it."""
    toolbox = ast.parse((ROOT / "crew" / "toolbox.py").read_text(encoding="utf-8"))
    built = {ast.unparse(node.func) for node in ast.walk(toolbox) if isinstance(node, ast.Call)}
    assert set(_named_tools()) - built == set()


def test_every_tool_named_in_yaml_exists() -> None:
    """The house's own agents.yaml and tasks.yaml are usable as they are."""
    spec = load_specs(ROOT / "agents.yaml", ROOT / "tasks.yaml", _named_tools().values())
    named = {tool for agent in spec.agents.values() for tool in agent.tools}
    assert named <= set(TOOL_NAMES)
    assert {tool for task in spec.tasks.values() for tool in task.briefing} <= set(TOOL_NAMES)


def _named_tools() -> dict[str, str]:
    """The class and the name of every tool that an agent could call."""
    found: dict[str, str] = {}
    for file in TOOL_FILES:
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and "BaseTool" in map(ast.unparse, node.bases):
                found[node.name] = _name_of(node)
    return found


def _name_of(tool: ast.ClassDef) -> str:
    for line in tool.body:
        if isinstance(line, ast.AnnAssign) and ast.unparse(line.target) == "name" and line.value:
            return str(ast.literal_eval(line.value))
    raise AssertionError(f"{tool.name} has no name")


def test_the_design_page_names_every_room() -> None:
    """A newcomer finds where a line lives without opening each file."""
    house = (ROOT / "docs/design.md").read_text(encoding="utf-8").split("```")[1]
    rooms = {part for folder in ("crew", "tools") for part in (ROOT / folder).iterdir()}
    found = {room.name for room in rooms if not room.name.startswith("__")}
    assert {name for name in found if not re.search(rf"\b{re.escape(name)}\b", house)} == set()

"""The pages say what the code does today: tables are fresh, links lead somewhere."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from crew.desk import TOOL_NAMES
from crew.models.rules_checks import RULES
from crew.models.rules_temperament import TEMPERAMENTS
from crew.settings import Settings
from docs import examples, generate, pages
from tools.risk.limits import rule_names

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]+))?\)")
CODE = re.compile(r"^```.*?^```", re.S | re.M)


def page(name: str) -> str:
    """A page of docs/ as it is committed."""
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def anchors(file: Path) -> set[str]:
    """The fragments a page's headings can be linked by, as GitHub spells them."""
    titles = re.findall(r"^#+ (.+)$", CODE.sub("", file.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(file: Path, text: str) -> list[str]:
    """Relative links that lead to no file or to no heading."""
    found = []
    for target, fragment in LINK.findall(CODE.sub("", text)):
        linked = (file.parent / target) if target else file
        if not linked.exists() or (fragment and fragment not in anchors(linked)):
            found.append(f"{target}#{fragment}")
    return found


def shape(answer: str) -> Any:
    """Keys and columns of a tool's answer, without its figures."""
    document = json.loads(answer[answer.index("{") : answer.rindex("}") + 1])
    return {key: value if key == "columns" else type(value) for key, value in document.items()}


def test_every_generated_part_is_fresh() -> None:
    """A page that lies is worse than none: `uv run python -m docs.generate` writes it anew."""
    assert [name.name for name, _ in generate.stale()] == []


def test_a_stale_part_would_be_found() -> None:
    """The rule above must be able to fail, and to leave what people wrote alone."""
    part = "<!-- written by docs.generate: thresholds -->\nstale words\n<!-- end -->"
    old = f"by hand\n{part}\nby hand\n"

    new = generate.written(old)

    assert new.startswith("by hand\n<!-- ") and new.endswith(" -->\nby hand\n")
    assert pages.thresholds() in new and "stale words" not in new


def test_a_part_that_nobody_writes_is_an_error() -> None:
    """A misspelt part would stay empty in silence."""
    with pytest.raises(KeyError):
        generate.written("<!-- written by docs.generate: nonsense -->\n<!-- end -->")


def test_every_tool_has_its_part_and_its_example() -> None:
    """A tool that an agent can be given is described, with a real answer."""
    described = [part.removeprefix("tool ") for part in generate.parts(page("tools"))]

    assert described == ["tools", *TOOL_NAMES]
    assert sorted(json.loads(examples.FILE.read_text(encoding="utf-8"))) == sorted(TOOL_NAMES)


def test_examples_have_the_form_of_todays_answers(tmp_path: Path) -> None:
    """An answer whose columns changed must be recorded anew: `python -m docs.examples`."""
    kept = json.loads(examples.FILE.read_text(encoding="utf-8"))
    now = examples.recorded(tmp_path)

    assert {name: shape(call["answer"]) for name, call in kept.items()} == {
        name: shape(call["answer"]) for name, call in now.items()
    }
    assert {name: sorted(call["arguments"]) for name, call in kept.items()} == {
        name: sorted(call["arguments"]) for name, call in now.items()
    }


def test_every_command_is_described_and_says_what_it_does() -> None:
    """Nobody finds a command that is nowhere named."""
    commands = dict(pages.every_command())

    assert "config show" in commands
    assert [name for name in commands if f"## desk {name}\n" not in page("commands")] == []
    assert [name for name, command in commands.items() if not command.help] == []


def test_every_setting_says_what_it_means() -> None:
    """A number without a meaning is tuned by guessing."""
    rows = [line.split(" | ") for line in pages.settings_tables().splitlines() if "`DESK_" in line]

    assert [row[0] for row in rows if not row[-1].rstrip(" |")] == []
    assert {row[0].strip("| `").partition(".")[0] for row in rows} == set(Settings.model_fields)


def test_the_rulebook_page_lists_every_rule_in_order() -> None:
    """A verdict cites rules in this order; a rule that is not listed cannot be looked up."""
    section = page("rulebook").partition("## Verdicts")[2]
    listed = re.findall(r"^\| `(\w+)` \|", section, re.M)

    assert listed == list(RULES)


def test_the_rulebook_page_shows_every_temperament() -> None:
    """A model's name in the settings must be explained."""
    assert [name for name in TEMPERAMENTS if f"rulebook/{name}" not in page("rulebook")] == []


def test_the_design_page_lists_every_limit_of_the_gate() -> None:
    """A refusal names a limit; the page says what it is for."""
    assert [name for name in rule_names() if f"| `{name}` |" not in page("design")] == []


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_relative_links_lead_somewhere(file: Path) -> None:
    """A dead link on a front page tells a newcomer that nobody reads it."""
    assert broken(file, file.read_text(encoding="utf-8")) == []


def test_a_dead_link_would_be_found() -> None:
    """The rule above must be able to fail, for files and for headings."""
    text = "[a](nowhere.md) [b](design.md#no-such-heading) [c](design.md#exit-codes)"

    assert broken(DOCS / "x.md", text) == ["nowhere.md#", "design.md#no-such-heading"]
